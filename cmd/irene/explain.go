package main

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/graph/analysis"
)

func explainCommand() command {
	return command{
		name:    "explain",
		summary: "what the energy and time of a module are made of, what bounds it, and what would help",
		args:    "MODEL [MODULE]",
		min:     1,
		max:     2,
		details: explainDetails,
		flags:   explainFlags,
		run:     runExplain,
	}
}

const explainDetails = `MODULE is a path or a pattern (* stands for any part of one name, ** for any number of names); the whole model where
   it is not given. The parts add up to what irene analyze gives. An operator is bound by what takes most of its time:
   compute (with the rounding to whole tiles), memory, or launches. The ridge is the FLOPs per byte from which on the
   device's arithmetic is slower than its memory; tiles says how full the tiles of a product are.

     irene explain bert.onnx 'encoder.layer.0.attention' --dim batch=8`

func explainFlags() []cli.Flag {
	return slices.Concat(
		modelFlags(bindingFlags("bind a dim, `NAME=N` (repeatable)", ""), predictionFlags(deviceFlag(""))),
		[]cli.Flag{topFlag("10, all in JSON", "list the `N` most expensive operators"), verboseFlag(doubtsToo)},
		outputFlags(render.FormatNames(report.ExplainFormats()), ""),
		[]cli.Flag{colorFlag()},
	)
}

// runExplain predicts as analyze does, splits the predictions, and renders.
func runExplain(env *environment, ctx *cli.Context) error {
	want, err := parseExplain(ctx)
	if err != nil {
		return err
	}
	if first, second := ctx.Args().First(), ctx.Args().Get(1); !isInput(first) && first != "-" && isInput(second) {
		return usagef("explain %s %s: the model comes first; did you mean irene explain %s %s?", first, second, second, first)
	}
	g, err := decodeModel(env, ctx.Args().First())
	if err != nil {
		return err
	}
	a, err := derive(g, want.options)
	if err != nil {
		return err
	}
	open, err := analysis.Run(a.Graph, want.open())
	if err != nil {
		return err
	}
	t, err := want.prediction.target(env)
	if err != nil {
		return err
	}
	p, err := t.Bind(a)
	if err != nil {
		return err
	}
	result := p.At(a.Eval)
	r := want.build(a, result)
	modules := []*report.Module{r.Tree}
	if pattern := ctx.Args().Get(1); pattern != "" {
		if modules, err = findModules(r, "explain "+pattern, pattern); err != nil {
			return err
		}
	}
	e := report.BuildExplanation(r, result, open, modules)
	e.Top = ctx.Int("top")
	r.View.Screen, r.View.Verbose = env.screen, ctx.Bool("verbose")
	return writeFormat(env, want.output, want.format.Write, e)
}

// explainRequest is what the flags of explain ask for.
type explainRequest struct {
	modelRequest
	format render.Format[*report.Explanation]
}

func parseExplain(ctx *cli.Context) (*explainRequest, error) {
	q := &explainRequest{}
	var err error
	if q.modelRequest, err = parseModel(ctx); err != nil {
		return nil, err
	}
	if q.prediction.none {
		return nil, refuseNone(ctx)
	}
	if err := notNegative(ctx, "top"); err != nil {
		return nil, err
	}
	if q.format, err = chooseFormat(report.ExplainFormats(), ctx.String("format"), q.output); err != nil {
		return nil, err
	}
	return q, nil
}
