package main

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph/analysis"
)

func formulaCommand() command {
	return command{
		name:    "formula",
		summary: "energy, time, FLOPs and bytes of each module as formulas in the dims",
		args:    "MODEL",
		min:     1,
		max:     1,
		details: formulaDetails,
		flags:   formulaFlags,
		run:     runFormula,
	}
}

const formulaDetails = `At any sizes of at least 1 the formulas give what irene analyze gives. FLOPs and bytes are polynomials in the dims
   that the model leaves open. Energy and time are, too, on devices of additive coefficients; on others the law of each
   class of kernels is a function, the model's distinct kernels are calls of them, and modules sums of the calls. Text is
   Python; JSON has all digits. x//y is a quotient rounded down.

     irene formula bert.onnx --at batch=8 --metric energy,time
     irene formula bert.onnx --module 'encoder.layer.0.*' --format latex`

func formulaFlags() []cli.Flag {
	return slices.Concat(
		[]cli.Flag{
			&cli.StringSliceFlag{Name: "at", Aliases: []string{"dim"}, Usage: "bind a dim, `NAME=N`; the others stay symbols (repeatable)"},
			suggestFlag(cli.StringFlag{Name: "metric", Value: "energy,time,flops,bytes", Usage: "the formulas to write: `LIST` of WORDS"}, report.FormulaMetrics()),
		},
		predictionFlags(deviceFlag(orNone)),
		[]cli.Flag{
			precisionFlag(),
			conventionFlag(),
			&cli.StringSliceFlag{Name: "module", Usage: "only the modules that match `GLOB` (repeatable)"},
			&cli.IntFlag{Name: "depth", Value: -1, DefaultText: "1, with --module 0; all in JSON", Usage: "show `N` levels of modules"},
		},
		outputFlags(render.FormatNames(report.FormulaFormats()), ""),
	)
}

// runFormula derives everything in open dims, collects the terms, and renders.
func runFormula(env *environment, ctx *cli.Context) error {
	want, err := parseFormula(ctx)
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
	fs, err := want.predict(env, a)
	if err != nil {
		return err
	}
	r := want.build(a, nil)
	if want.show.Selected, err = selectModules(r, want.modules); err != nil {
		return err
	}
	r.View.Screen = env.screen
	return writeFormat(env, want.output, want.format.Write, report.BuildFormulas(r, a, fs, want.show))
}

// formulaRequest is what the flags of formula ask for.
type formulaRequest struct {
	modelRequest
	modules []string
	show    report.FormulaOptions
	format  render.Format[*report.Formulas]
}

func parseFormula(ctx *cli.Context) (*formulaRequest, error) {
	q := &formulaRequest{modules: ctx.StringSlice("module")}
	var err error
	if q.modelRequest, err = parseUnsized(ctx); err != nil {
		return nil, err
	}
	q.options.Symbolic = true
	if q.options.Dims, err = parseDims("at", ctx.StringSlice("at")); err != nil {
		return nil, err
	}
	if q.prediction, err = parsePrediction(ctx); err != nil {
		return nil, err
	}
	if err := notNegative(ctx, "depth"); err != nil {
		return nil, err
	}
	q.show = report.FormulaOptions{Depth: ctx.Int("depth"), DefaultDevice: q.prediction.byDefault()}
	if q.show.Metrics, err = parseMetrics(ctx.String("metric"), report.FormulaMetrics()); err != nil {
		return nil, err
	}
	if q.format, err = chooseFormat(report.FormulaFormats(), ctx.String("format"), q.output); err != nil {
		return nil, err
	}
	if q.show.Depth < 0 && q.format.Name != "json" {
		q.show.Depth = 1
		if len(q.modules) > 0 {
			q.show.Depth = 0
		}
	}
	return q, nil
}

// predict gives energy and time in open dims; nil where neither is to be predicted.
func (q *formulaRequest) predict(env *environment, a *analysis.Analysis) (*predict.Formulas, error) {
	needed := slices.Contains(q.show.Metrics, "energy") || slices.Contains(q.show.Metrics, "time")
	if q.prediction.none || !needed {
		return nil, nil
	}
	t, err := q.prediction.target(env)
	if err != nil {
		return nil, err
	}
	p, err := t.Bind(a)
	if err != nil {
		return nil, err
	}
	return p.Formulas()
}
