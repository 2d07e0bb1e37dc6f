package main

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

func formulaCommand() command {
	return command{
		name:    "formula",
		summary: "energy, time, FLOPs and bytes of each module as closed forms in the dims",
		args:    "MODEL",
		min:     1,
		max:     1,
		details: formulaDetails,
		flags:   formulaFlags,
		run:     runFormula,
	}
}

const formulaDetails = `The formulas are sums of expressions in the dims that the model leaves open, each with one coefficient: equal
   layers add up to one term. At any sizes of at least 1 they give what irene analyze gives. Text is Python; JSON has
   every term with all digits. x//y is a quotient rounded down.

     irene formula bert.onnx --at batch=8 --metric energy,time
     irene formula bert.onnx --module 'encoder.layer.0.*' --format latex`

func formulaFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "at", Aliases: []string{"dim"}, Usage: "bind a dim, `NAME=N`; the others stay symbols (repeatable)"},
		&cli.StringFlag{Name: "metric", Value: "energy,time,flops,bytes", Usage: "the closed forms to write: `LIST` of " + strings.Join(report.FormulaMetrics(), ", ")},
		&cli.StringFlag{Name: "device", Usage: "predict for this GPU, by `ID` (irene devices lists them); none predicts nothing"},
		&cli.StringFlag{Name: "coefficients", Usage: "predict with the coefficients in `FILE` (irene train writes them)"},
		&cli.StringFlag{Name: "runtime", DefaultText: "that of the coefficients", Usage: "which nodes run as one kernel, by `PROFILE`: " + strings.Join(runtimes(), ", ")},
		&cli.Float64Flag{Name: "host-watts", DefaultText: "that of the host measured", Usage: "power of the host without the board, `W`, where a device was not measured"},
		&cli.StringFlag{Name: "flops", Value: string(graph.TwoMACPlusElementwise), Usage: "what counts as FLOPs: " + strings.Join(conventions(), ", ")},
		&cli.StringSliceFlag{Name: "module", Usage: "only the modules that match `GLOB` (repeatable)"},
		&cli.IntFlag{Name: "depth", Value: -1, DefaultText: "1, with --module 0; all in JSON", Usage: "show `N` levels of modules"},
		&cli.StringFlag{Name: "format", DefaultText: "text", Usage: strings.Join(formulaFormats(), ", ")},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`, whole or not at all; its extension may tell the format"},
	}
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
	a, err := analysis.Run(g, analysis.Options{Dims: want.dims, Symbolic: true})
	if err != nil {
		return dimError(err, len(want.dims) > 0)
	}
	fs, err := symbolicEnergy(env, a, want)
	if err != nil {
		return err
	}
	r := report.Build(a, nil, report.Options{Version: version(), Mode: "spec", Convention: want.convention})
	for _, pattern := range want.modules {
		found, err := findModules(r, "--module "+pattern, pattern)
		if err != nil {
			return err
		}
		want.show.Selected = append(want.show.Selected, found...)
	}
	var b bytes.Buffer
	if err := want.format.Write(&b, report.BuildFormulas(r, a, fs, want.show)); err != nil {
		return err
	}
	return writeOutput(env, want.output, b.Bytes())
}

// formulaRequest is what the flags of formula ask for.
type formulaRequest struct {
	dims       map[string]int64
	prediction predictionRequest
	convention graph.Convention
	modules    []string
	show       report.FormulaOptions
	format     report.FormulaFormat
	output     string
}

func parseFormula(ctx *cli.Context) (*formulaRequest, error) {
	dims, err := parseDims(ctx.StringSlice("at"))
	if err != nil {
		return nil, atError(err)
	}
	metrics, err := parseMetrics(ctx.String("metric"))
	if err != nil {
		return nil, err
	}
	if err := oneOf("flops", ctx.String("flops"), conventions()); err != nil {
		return nil, err
	}
	if ctx.IsSet("depth") && ctx.Int("depth") < 0 {
		return nil, usagef("--depth %d: cannot be negative", ctx.Int("depth"))
	}
	prediction, err := parsePrediction(ctx)
	if err != nil {
		return nil, err
	}
	format, err := chooseFormulaFormat(ctx.String("format"), ctx.String("output"))
	if err != nil {
		return nil, err
	}
	q := &formulaRequest{
		dims: dims, prediction: prediction, convention: graph.Convention(ctx.String("flops")), modules: ctx.StringSlice("module"),
		format: format, output: ctx.String("output"), show: report.FormulaOptions{
			Metrics: metrics, Depth: ctx.Int("depth"), DefaultDevice: prediction.device == nil && prediction.coefficients == "",
		},
	}
	if q.show.Depth < 0 && format.Name != "json" {
		q.show.Depth = 1
		if len(q.modules) > 0 {
			q.show.Depth = 0
		}
	}
	return q, nil
}

// parseMetrics reads --metric: names separated by commas.
func parseMetrics(list string) ([]string, error) {
	var out []string
	for _, name := range strings.Split(list, ",") {
		name = strings.TrimSpace(name)
		if err := oneOf("metric", name, report.FormulaMetrics()); err != nil {
			return nil, err
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out, nil
}

// atError spells messages about dims with the flag of this command.
func atError(err error) error {
	if err == nil {
		return nil
	}
	var usage *usageError
	if !errors.As(err, &usage) {
		return err
	}
	return usagef("%s", strings.ReplaceAll(usage.msg, "--dim ", "--at "))
}

// symbolicEnergy is predictEnergy in open dims; nil where nothing is to be predicted.
func symbolicEnergy(env *environment, a *analysis.Analysis, want *formulaRequest) (*predict.Formulas, error) {
	needed := slices.Contains(want.show.Metrics, "energy") || slices.Contains(want.show.Metrics, "time")
	if want.prediction.none || !needed {
		return nil, nil
	}
	p, err := bindModel(env, a, want.prediction)
	if err != nil {
		return nil, err
	}
	return p.Formulas()
}

// bindModel binds an analyzed model to the coefficients and the device asked for.
func bindModel(env *environment, a *analysis.Analysis, q predictionRequest) (*predict.Program, error) {
	c, device, err := chooseDevice(env, q)
	if err != nil {
		return nil, err
	}
	return predict.Bind(a, c, device, predict.Options{Profile: q.runtime, HostWatts: q.host})
}

// chooseDevice finds the coefficients, and the device to predict for.
func chooseDevice(env *environment, q predictionRequest) (*coefficients.Coefficients, energy.Device, error) {
	c, err := chooseCoefficients(env, q)
	if err != nil {
		return nil, energy.Device{}, err
	}
	if q.device != nil {
		return c, *q.device, nil
	}
	d, err := c.Row()
	return c, d, err
}

func chooseFormulaFormat(name, output string) (report.FormulaFormat, error) {
	if name == "" {
		switch {
		case strings.HasSuffix(strings.ToLower(output), ".json"):
			name = "json"
		case strings.HasSuffix(strings.ToLower(output), ".tex"):
			name = "latex"
		default:
			name = "text"
		}
	}
	if err := oneOf("format", name, formulaFormats()); err != nil {
		return report.FormulaFormat{}, err
	}
	i := slices.Index(formulaFormats(), name)
	return report.FormulaFormats()[i], nil
}

func formulaFormats() []string {
	var names []string
	for _, f := range report.FormulaFormats() {
		names = append(names, f.Name)
	}
	return names
}
