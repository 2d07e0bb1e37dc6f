package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/energy/irene/model"
)

func baselineCommand() command {
	return command{
		name:    "baseline",
		summary: "IrEne's own model: train it on published trees, predict trees with it",
		args:    "[TREES.jsonl]",
		max:     1,
		details: `The model of the ACL 2021 paper, in its files' format. It needs every node's measured time, utilisation and board
   energy, also of the models it predicts; irene analyze needs none of them.

     irene baseline --data device_1.jsonl.gz --exclude gpt2 -o model.json
     irene baseline device_1.jsonl.gz --with model.json -o predictions.jsonl`,
		flags: func() []cli.Flag {
			return []cli.Flag{
				&cli.StringSliceFlag{Name: "data", TakesFile: true, Usage: "train on the trees in `FILE` (repeatable; - is standard input)"},
				&cli.StringSliceFlag{Name: "exclude", Usage: "leave out the model `NAME` in training (repeatable)"},
				oneOfFlag(cli.StringFlag{Name: "strategy", Value: string(model.EndToEnd), Usage: "from leaves to nodes, by `STRATEGY`: WORDS"}, spelled(model.Strategies())),
				&cli.Uint64Flag{Name: "seed", Usage: "of the weights before training: `N`"},
				&cli.StringFlag{Name: "with", TakesFile: true, Usage: "predict the trees of the argument with the trained model in `FILE`"},
				&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the model, or the predictions, to `FILE` (- is standard output)"},
			}
		},
		run: runBaseline,
	}
}

// runBaseline trains where data is given, and predicts where a trained model is.
func runBaseline(env *environment, ctx *cli.Context) error {
	data, with, output := ctx.StringSlice("data"), ctx.String("with"), ctx.String("output")
	switch {
	case output == "":
		return usagef("baseline needs --output FILE (- is standard output)")
	case (len(data) > 0) == (with != ""):
		return usagef("baseline needs either --data FILE, to train, or TREES.jsonl and --with MODEL, to predict")
	case (with != "") != (ctx.Args().Len() == 1):
		return usagef("--with MODEL predicts the trees of one file: irene baseline TREES.jsonl --with MODEL")
	}
	var b bytes.Buffer
	var err error
	if with != "" {
		err = predictTrees(env, ctx.Args().First(), with, &b)
	} else {
		err = trainBaseline(env, ctx, data, &b)
	}
	if err != nil {
		return err
	}
	return writeOutput(env, output, b.Bytes())
}

func trainBaseline(env *environment, ctx *cli.Context, data []string, to *bytes.Buffer) error {
	trees, err := readTrees(env, data)
	if err != nil {
		return err
	}
	exclude := ctx.StringSlice("exclude")
	if err := checkExcluded(exclude, modelNames(trees)); err != nil {
		return err
	}
	trees = slices.DeleteFunc(trees, func(t *irene.Tree) bool { return slices.Contains(exclude, t.Model) })
	if len(trees) == 0 {
		return errors.New("every model is excluded: nothing is left to train on")
	}
	p := startProgress(env, "baseline", 0)
	m, err := model.Train(trees, model.Options{Strategy: model.Strategy(ctx.String("strategy")), Seed: ctx.Uint64("seed")})
	p.stop()
	if err != nil {
		return err
	}
	return m.Write(to)
}

// predictTrees writes every tree with predicted_energy on its nodes.
func predictTrees(env *environment, path, with string, to *bytes.Buffer) error {
	m, err := readInput(env, with, model.Read, ofBaseline)
	if err != nil {
		return err
	}
	trees, err := readTrees(env, []string{path})
	if err != nil {
		return err
	}
	for _, t := range trees {
		p, err := m.Predict(t)
		if err != nil {
			return fmt.Errorf("%s:%d: %w", t.File, t.Line, err)
		}
		if err := model.WritePredictions(to, t, p); err != nil {
			return err
		}
	}
	return nil
}
