package main

import (
	"math"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

func analyzeCommand() command {
	return command{
		name:    "analyze",
		summary: "energy, time, FLOPs, bytes and parameters of a model, module by module",
		args:    "MODEL …",
		max:     math.MaxInt,
		details: analyzeDetails,
		flags:   analyzeFlags,
		run:     runAnalyze,
	}
}

const analyzeDetails = `MODEL is an .onnx file, compressed with gzip or not; - is standard input. Of several models, or of a folder that an exporter
   filled with the parts of one, each gets a line; so do those of --files-from, and even a single one with --jobs.

   Dims that are not given are assumed (batches 1, sequences 128 …) and said, unless --symbolic.
   Module patterns: * stands for any part of one name, ** for any number of names.
   Assertions compare a metric (energy_j, time_s, flops, macs, params, bytes, bytes_read, bytes_written, operators,
   unknown, share, memory_bytes …) of the model or of modules with a number:

     irene analyze bert.onnx --dim batch=8 --assert 'energy_j<=5' --assert 'module:encoder.layer.*:share<=0.1'
     irene analyze *.onnx --device l4 --format csv -o costs.csv
     find models -name '*.onnx' | irene analyze --files-from - --format json`

func analyzeFlags() []cli.Flag {
	return slices.Concat(
		predictedFlags(),
		[]cli.Flag{
			depthFlag(),
			topFlag("10", "list the `N` most expensive operators"),
			&cli.StringSliceFlag{Name: "module", Usage: "show the modules that match `GLOB` (repeatable)"},
			oneOfFlag(cli.StringFlag{Name: "sort", Value: report.ByOrder, Usage: "order by `KEY`: WORDS"}, report.Keys()),
			&cli.BoolFlag{Name: "values", Usage: "type and shape of every value, in text and JSON"},
			expandFlag(),
			verboseFlag(doubtsToo),
		},
		tariffFlags(),
		outputFlags(render.FormatNames(report.Formats()), ""),
		[]cli.Flag{
			&cli.StringSliceFlag{Name: "assert", Usage: "fail with status 3 unless `EXPR` holds (repeatable)"},
			junitFlag("assert"),
			strictFlag(),
			colorFlag(),
		},
		manyFlags(),
	)
}

// predictedFlags are modelFlags of the commands that take whatever a prediction may rest on.
func predictedFlags() []cli.Flag {
	return slices.Insert(modelFlags(bindingFlags("bind a dim, `NAME=N` (repeatable)", ""), predictionFlags(deviceFlag(orNone), measuredFlags()...)), 1, symbolicFlag())
}

// runAnalyze reads the model, derives everything, predicts, renders, and judges.
func runAnalyze(env *environment, ctx *cli.Context) error {
	if isMany(ctx) {
		return runAnalyzeMany(env, ctx)
	}
	want, err := parseAnalyze(ctx)
	if err != nil {
		return err
	}
	g, err := decodeModel(env, ctx.Args().First())
	if err != nil {
		return err
	}
	_, r, err := want.report(env, g)
	if err != nil {
		return err
	}
	if err := want.view(r); err != nil {
		return err
	}
	r.View.Screen = env.screen
	checks, err := judge(r, want.assertions)
	if err != nil {
		return err
	}
	if err := writeFormat(env, want.output, want.format.Write, r); err != nil {
		return err
	}
	if err := writeJUnit(env, want.junit, suitesOf(checks)); err != nil {
		return err
	}
	if ctx.Bool("strict") && len(r.Unknown) > 0 {
		return unknownError(r)
	}
	return verdict("assertion", checks)
}

// analyzeRequest is what the flags of analyze ask for, checked as far as the model is not needed.
type analyzeRequest struct {
	modelRequest
	format     report.Format
	modules    []string
	assertions []condition
	junit      string // file of the assertions; "" for none
	shown      report.View
}

func parseAnalyze(ctx *cli.Context) (*analyzeRequest, error) {
	q := &analyzeRequest{modules: ctx.StringSlice("module"), shown: report.View{
		Depth: ctx.Int("depth"), Top: ctx.Int("top"), Sort: ctx.String("sort"), Expand: ctx.Bool("expand"), Verbose: ctx.Bool("verbose"),
	}}
	var err error
	if q.modelRequest, err = parseModel(ctx); err != nil {
		return nil, err
	}
	q.alone = true
	if err := notNegative(ctx, "depth", "top"); err != nil {
		return nil, err
	}
	if q.assertions, err = assertions().parse(ctx.StringSlice("assert")); err != nil {
		return nil, err
	}
	if q.junit, err = parseJUnit(ctx, "assert"); err != nil {
		return nil, err
	}
	if q.format, err = chooseFormat(report.Formats(), ctx.String("format"), q.output); err != nil {
		return nil, err
	}
	if q.values = ctx.Bool("values"); q.values && q.format.Name != "text" && q.format.Name != "json" {
		return nil, usagef("--values: %s has no place for them; text and json have", q.format.Name)
	}
	return q, nil
}

// view selects and sorts what the report shows.
func (q *analyzeRequest) view(r *report.Report) (err error) {
	r.View = q.shown
	r.View.Selected, err = selectModules(r, q.modules)
	r.SortModules()
	return err
}
