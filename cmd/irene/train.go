package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/kernel"
)

func trainCommand() command {
	return command{
		name:    "train",
		summary: "fit the coefficients of a device to measurements",
		details: `Data are records, as irene profile writes them, or IrEne's published trees, one a line, compressed with gzip or
   not. Records hold the kernels of what they measured, and say on which device and under which runtime profile; where
   they are of several, --device, --runtime and --scope say which are meant. Every model measured in trees is named with
   its file, or excluded:

     irene train --data records.jsonl -o c.json
     irene train --data device_1.jsonl.gz --model bert-base-uncased=bert-base.onnx --exclude gpt2 -o c.json`,
		flags: func() []cli.Flag {
			return append([]cli.Flag{
				&cli.StringSliceFlag{Name: "data", Usage: "measurements in `FILE` (repeatable; - is standard input)"},
				&cli.StringSliceFlag{Name: "model", Usage: "the file of a measured model, `NAME=FILE` (repeatable)"},
				&cli.StringSliceFlag{Name: "exclude", Usage: "leave out the measurements of the model `NAME` (repeatable)"},
				&cli.StringFlag{Name: "device", Value: coefficients.DefaultDevice, Usage: "the GPU that was measured, by `ID`"},
				&cli.StringFlag{Name: "runtime", Value: defaultRuntime(), Usage: "runtime `PROFILE` of the measurements: " + strings.Join(runtimes(), ", ")},
				scopeFlag(),
				&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the coefficients to `FILE`, whole or not at all (- is standard output)"},
			}, operatorFlags()...)
		},
		run: runTrain,
	}
}

// runTrain reads data and models, fits, and writes the coefficients; how well they fit goes to standard error.
func runTrain(env *environment, ctx *cli.Context) error {
	records, env, err := holdRecords(env, ctx.StringSlice("data"))
	switch {
	case err != nil:
		return err
	case records:
		return runTrainRecords(env, ctx)
	case ctx.IsSet("scope"):
		return usagef("--scope is of records; IrEne's trees are of the plug")
	}
	files, err := parseModels(ctx.StringSlice("model"))
	if err != nil {
		return err
	}
	in, err := trainInput(ctx)
	if err != nil {
		return err
	}
	if len(in.Data) == 0 {
		return trainOperators(env, ctx, in)
	}
	if in.Trees, err = readTrees(env, in.Data); err != nil {
		return err
	}
	if in.Operators, err = readOperators(env, ctx.StringSlice("operators")); err != nil {
		return err
	}
	in.Data = slices.Concat(in.Data, ctx.StringSlice("operators"))
	if err := checkNames(in.Trees, files, in.Exclude); err != nil {
		return err
	}
	if in.Models, err = decodeModels(env, in, files); err != nil {
		return err
	}
	p := startProgress(env, "train", 0)
	c, report, err := fit.Train(in)
	p.stop()
	if err != nil {
		return err
	}
	return writeCoefficients(env, ctx, c, report)
}

// writeCoefficients writes what a fit gave to the file asked for, and how well it went to standard error.
func writeCoefficients(env *environment, ctx *cli.Context, c *coefficients.Coefficients, report fmt.Stringer) error {
	var b bytes.Buffer
	if err := c.Write(&b); err != nil {
		return err
	}
	fmt.Fprint(env.stderr, report)
	return writeOutput(env, ctx.String("output"), b.Bytes())
}

func trainInput(ctx *cli.Context) (fit.TrainInput, error) {
	in := fit.TrainInput{Data: ctx.StringSlice("data"), Exclude: ctx.StringSlice("exclude"), Profile: ctx.String("runtime")}
	operators := len(ctx.StringSlice("operators")) > 0
	switch from := ctx.String("from"); {
	case len(in.Data) == 0 && !operators:
		return in, usagef("train needs --data FILE or --operators ROWS")
	case from != "" && (len(in.Data) > 0 || !operators):
		return in, usagef("--from %s: adapting takes --operators ROWS, and no --data", from)
	}
	if ctx.String("output") == "" {
		return in, usagef("train needs --output FILE (- is standard output)")
	}
	if err := oneOf("runtime", in.Profile, runtimes()); err != nil {
		return in, err
	}
	var err error
	if in.Device, err = energy.LookupDevice(ctx.String("device")); err != nil {
		return in, usagef("%v", err)
	}
	return in, nil
}

// parseModels reads --model flags: "bert-base-uncased=bert.onnx".
func parseModels(flags []string) (map[string]string, error) {
	files := map[string]string{}
	for _, f := range flags {
		name, file, ok := strings.Cut(f, "=")
		if !ok || name == "" || file == "" {
			return nil, usagef("--model %s: want NAME=FILE", f)
		}
		if _, twice := files[name]; twice {
			return nil, usagef("--model %s: given twice", name)
		}
		files[name] = file
	}
	return files, nil
}

func readTrees(env *environment, data []string) ([]*irene.Tree, error) {
	var trees []*irene.Tree
	for _, path := range data {
		in, err := openInput(env, path)
		if err != nil {
			return nil, err
		}
		more, err := irene.Read(in, path)
		if err := errors.Join(err, in.Close()); err != nil {
			return nil, err
		}
		if len(more) == 0 {
			return nil, fmt.Errorf("%s: no measurements", path)
		}
		trees = append(trees, more...)
	}
	return trees, nil
}

// checkNames is a usage error where a name given by a flag is none of the data's.
func checkNames(trees []*irene.Tree, files map[string]string, exclude []string) error {
	var names []string
	for _, t := range trees {
		if !slices.Contains(names, t.Model) {
			names = append(names, t.Model)
		}
	}
	for _, name := range exclude {
		if !slices.Contains(names, name) {
			if _, given := files[name]; !given {
				return usagef("--exclude %s: no such model in the data%s (models: %s)", name, meant(name, names), listing(names))
			}
		}
	}
	return nil
}

// decodeModels reads the files of the models that the data speaks of and that are not excluded.
func decodeModels(env *environment, in fit.TrainInput, files map[string]string) (map[string]*graph.Graph, error) {
	models := map[string]*graph.Graph{}
	for _, t := range in.Trees {
		file, given := files[t.Model]
		if !given || models[t.Model] != nil || slices.Contains(in.Exclude, t.Model) {
			continue
		}
		g, err := decodeModel(env, file)
		if err != nil {
			return nil, err
		}
		models[t.Model] = g
	}
	return models, nil
}

// runtimes lists the runtime profiles, the default first.
func runtimes() []string {
	names, _ := kernel.Profiles()
	return names
}

func defaultRuntime() string { return runtimes()[0] }
