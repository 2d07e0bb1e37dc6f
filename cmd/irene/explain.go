package main

import (
	"bytes"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/graph"
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
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "dim", Usage: "bind a dim, `NAME=N` (repeatable)"},
		&cli.StringSliceFlag{Name: "value", Usage: "elements of a small graph input, `NAME=1,2` (repeatable)"},
		&cli.StringFlag{Name: "device", Usage: "predict for this GPU, by `ID` (irene devices lists them)"},
		&cli.StringFlag{Name: "coefficients", Usage: "predict with the coefficients in `FILE` (irene train writes them)"},
		&cli.StringFlag{Name: "runtime", DefaultText: "that of the coefficients", Usage: "which nodes run as one kernel, by `PROFILE`: " + strings.Join(runtimes(), ", ")},
		&cli.Float64Flag{Name: "host-watts", DefaultText: "that of the host measured", Usage: "power of the host without the board, `W`, where a device was not measured"},
		&cli.StringFlag{Name: "flops", Value: string(graph.TwoMACPlusElementwise), Usage: "what counts as FLOPs: " + strings.Join(conventions(), ", ")},
		&cli.IntFlag{Name: "top", Value: -1, DefaultText: "10, all in JSON", Usage: "list the `N` most expensive operators"},
		&cli.StringFlag{Name: "format", DefaultText: "text", Usage: strings.Join(explainFormats(), ", ")},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`, whole or not at all; its extension may tell the format"},
		&cli.BoolFlag{Name: "no-color", Usage: "no colours, as with NO_COLOR in the environment"},
	}
}

// runExplain predicts as analyze does, splits the predictions, and renders.
func runExplain(env *environment, ctx *cli.Context) error {
	want, err := parseExplain(ctx)
	if err != nil {
		return err
	}
	g, err := decodeModel(env, ctx.Args().First())
	if err != nil {
		return err
	}
	a, err := derive(g, want.options)
	if err != nil {
		return err
	}
	open, err := analysis.Run(g, analysis.Options{Symbolic: true, Values: want.options.Values})
	if err != nil {
		return err
	}
	p, err := bindModel(env, a, want.prediction)
	if err != nil {
		return err
	}
	result := p.At(a.Eval)
	r := report.Build(a, result, report.Options{
		Version: version(), Mode: string(want.prediction.mode), Convention: want.convention, DefaultDevice: want.prediction.device == nil && want.prediction.coefficients == "",
	})
	modules := []*report.Module{r.Tree}
	if pattern := ctx.Args().Get(1); pattern != "" {
		if modules, err = findModules(r, "explain "+pattern, pattern); err != nil {
			return err
		}
	}
	e := report.BuildExplanation(r, result, open, modules)
	e.Top = ctx.Int("top")
	r.View.Color = want.output == "" && useColor(env.stdout, ctx.Bool("no-color"))
	var b bytes.Buffer
	if err := want.format.Write(&b, e); err != nil {
		return err
	}
	return writeOutput(env, want.output, b.Bytes())
}

// explainRequest is what the flags of explain ask for.
type explainRequest struct {
	options    analysis.Options
	prediction predictionRequest
	convention graph.Convention
	format     report.ExplainFormat
	output     string
}

func parseExplain(ctx *cli.Context) (*explainRequest, error) {
	dims, err := parseDims(ctx.StringSlice("dim"))
	if err != nil {
		return nil, err
	}
	values, err := parseValues(ctx.StringSlice("value"))
	if err != nil {
		return nil, err
	}
	if err := oneOf("flops", ctx.String("flops"), conventions()); err != nil {
		return nil, err
	}
	if ctx.IsSet("top") && ctx.Int("top") < 0 {
		return nil, usagef("--top %d: cannot be negative", ctx.Int("top"))
	}
	prediction, err := parsePrediction(ctx)
	if err != nil {
		return nil, err
	}
	if prediction.none {
		return nil, usagef("--device none: explain speaks of predictions; irene devices lists devices")
	}
	format := ctx.String("format")
	if format == "" {
		format = "text"
		if strings.HasSuffix(strings.ToLower(ctx.String("output")), ".json") {
			format = "json"
		}
	}
	if err := oneOf("format", format, explainFormats()); err != nil {
		return nil, err
	}
	return &explainRequest{
		options:    analysis.Options{Dims: dims, Values: values},
		prediction: prediction,
		convention: graph.Convention(ctx.String("flops")),
		format:     report.ExplainFormats()[slices.Index(explainFormats(), format)],
		output:     ctx.String("output"),
	}, nil
}

func explainFormats() []string {
	var names []string
	for _, f := range report.ExplainFormats() {
		names = append(names, f.Name)
	}
	return names
}
