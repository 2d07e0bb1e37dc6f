package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/onnx"
)

func analyzeCommand() command {
	return command{
		name:    "analyze",
		summary: "energy, time, FLOPs, bytes and parameters of a model, module by module",
		args:    "MODEL",
		min:     1,
		max:     1,
		details: analyzeDetails,
		flags:   analyzeFlags,
		run:     runAnalyze,
	}
}

const analyzeDetails = `MODEL is an .onnx file, compressed with gzip or not; - is standard input.

   Dims that are not given are assumed (batches 1, sequences 128 …) and said, unless --symbolic.
   Module patterns: * stands for any part of one name, ** for any number of names.
   Assertions compare a metric (energy_j, time_s, flops, macs, params, bytes, bytes_read, bytes_written, operators,
   unknown, share, memory_bytes …) of the model or of modules with a number:

     irene analyze bert.onnx --dim batch=8 --assert 'energy_j<=5' --assert 'module:encoder.layer.*:share<=0.1'`

func analyzeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "dim", Usage: "bind a dim, `NAME=N` (repeatable)"},
		&cli.BoolFlag{Name: "symbolic", Usage: "assume nothing: metrics are expressions in the dims left open"},
		&cli.StringSliceFlag{Name: "value", Usage: "elements of a small graph input, `NAME=1,2` (repeatable)"},
		&cli.StringFlag{Name: "device", Usage: "predict for this GPU, by `ID` (irene devices lists them); none predicts nothing"},
		&cli.StringFlag{Name: "coefficients", Usage: "predict with the coefficients in `FILE` (irene train writes them)"},
		&cli.StringFlag{Name: "runtime", DefaultText: "that of the coefficients", Usage: "which nodes run as one kernel, by `PROFILE`: " + strings.Join(runtimes(), ", ")},
		&cli.StringFlag{Name: "measured", Usage: "measurements of this model on the device in `FILE`: records, IrEne's trees, or a trace of ONNX Runtime, trtexec or torch.profiler"},
		&cli.StringFlag{Name: "mode", DefaultText: "spec; runtime with --measured", Usage: "what numbers rest on: " + strings.Join(modeNames(), ", ")},
		&cli.Float64Flag{Name: "host-watts", DefaultText: "that of the host measured", Usage: "power of the host without the board, `W`, where a device was not measured"},
		&cli.StringFlag{Name: "flops", Value: string(graph.TwoMACPlusElementwise), Usage: "what counts as FLOPs: " + strings.Join(conventions(), ", ")},
		&cli.IntFlag{Name: "depth", Value: -1, DefaultText: "about a screen", Usage: "show `N` levels of modules"},
		&cli.IntFlag{Name: "top", Value: -1, DefaultText: "10", Usage: "list the `N` most expensive operators"},
		&cli.StringSliceFlag{Name: "module", Usage: "show the modules that match `GLOB` (repeatable)"},
		&cli.StringFlag{Name: "sort", Value: report.ByOrder, Usage: "order by `KEY`: " + strings.Join(report.Keys(), ", ")},
		&cli.BoolFlag{Name: "values", Usage: "type and shape of every value, in text and JSON"},
		&cli.BoolFlag{Name: "expand", Usage: "show each of equal layers"},
		&cli.StringFlag{Name: "format", DefaultText: "text", Usage: strings.Join(formatNames(), ", ")},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`, whole or not at all; its extension may tell the format"},
		&cli.StringSliceFlag{Name: "assert", Usage: "fail with status 3 unless `EXPR` holds (repeatable)"},
		&cli.BoolFlag{Name: "strict", Usage: "fail where an operator's cost is not known"},
		&cli.BoolFlag{Name: "no-color", Usage: "no colours, as with NO_COLOR in the environment"},
	}
}

// runAnalyze reads the model, derives everything, predicts, renders, and judges.
func runAnalyze(env *environment, ctx *cli.Context) error {
	want, err := parseAnalyze(ctx)
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
	result, err := predictEnergy(env, a, want.prediction)
	if err != nil {
		return err
	}
	r := report.Build(a, result, report.Options{
		Version: version(), Mode: string(want.prediction.mode), Convention: want.convention, Values: want.values,
		DefaultDevice: want.prediction.device == nil && want.prediction.coefficients == "",
	})
	if err := want.view(r); err != nil {
		return err
	}
	r.View.Color = want.output == "" && useColor(env.stdout, ctx.Bool("no-color"))
	verdict, err := judge(env.stderr, r, want.assertions)
	if err != nil {
		return err
	}
	if err := writeReport(env, want, r); err != nil {
		return err
	}
	if ctx.Bool("strict") && len(r.Unknown) > 0 {
		return unknownError(r)
	}
	return verdict
}

// analyzeRequest is what the flags of analyze ask for, checked as far as the model is not needed.
type analyzeRequest struct {
	options    analysis.Options
	prediction predictionRequest
	convention graph.Convention
	format     report.Format
	output     string
	modules    []string
	values     bool
	assertions []assertion
	shown      report.View
}

func parseAnalyze(ctx *cli.Context) (*analyzeRequest, error) {
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
	if err := oneOf("sort", ctx.String("sort"), report.Keys()); err != nil {
		return nil, err
	}
	for _, name := range []string{"depth", "top"} {
		if ctx.IsSet(name) && ctx.Int(name) < 0 {
			return nil, usagef("--%s %d: cannot be negative", name, ctx.Int(name))
		}
	}
	prediction, err := parsePrediction(ctx)
	if err != nil {
		return nil, err
	}
	asserts, err := parseAssertions(ctx.StringSlice("assert"))
	if err != nil {
		return nil, err
	}
	format, err := chooseFormat(ctx.String("format"), ctx.String("output"))
	if err != nil {
		return nil, err
	}
	if ctx.Bool("values") && format.Name != "text" && format.Name != "json" {
		return nil, usagef("--values: %s has no place for them; text and json have", format.Name)
	}
	return &analyzeRequest{
		options:    analysis.Options{Dims: dims, Values: values, Symbolic: ctx.Bool("symbolic")},
		prediction: prediction,
		convention: graph.Convention(ctx.String("flops")),
		format:     format,
		output:     ctx.String("output"),
		modules:    ctx.StringSlice("module"),
		values:     ctx.Bool("values"),
		assertions: asserts,
		shown: report.View{
			Depth: ctx.Int("depth"), Top: ctx.Int("top"), Sort: ctx.String("sort"), Expand: ctx.Bool("expand"),
		},
	}, nil
}

// view selects and sorts what the report shows.
func (q *analyzeRequest) view(r *report.Report) error {
	r.View = q.shown
	for _, pattern := range q.modules {
		found, err := findModules(r, "--module "+pattern, pattern)
		if err != nil {
			return err
		}
		r.View.Selected = append(r.View.Selected, found...)
	}
	r.SortModules()
	return nil
}

// findModules is a usage error where no module matches.
func findModules(r *report.Report, flag, pattern string) ([]*report.Module, error) {
	found := r.Find(pattern)
	if len(found) > 0 {
		return found, nil
	}
	var paths []string
	r.Tree.Walk(func(m *report.Module) {
		if m.Path != "" {
			paths = append(paths, m.Path)
		}
	})
	hint := meant(pattern, paths)
	if hint == "" {
		hint = "; --depth shows more levels of them"
	}
	return nil, usagef("%s: no module matches%s", flag, hint)
}

// writeReport writes the report in its format, to the output file or standard output.
func writeReport(env *environment, want *analyzeRequest, r *report.Report) error {
	var b bytes.Buffer
	if err := want.format.Write(&b, r); err != nil {
		return err
	}
	return writeOutput(env, want.output, b.Bytes())
}

// unknownError says what --strict found.
func unknownError(r *report.Report) error {
	var list []string
	total := 0
	for _, k := range r.Unknown {
		list = append(list, fmt.Sprintf("%s ×%d (%s)", k.Op, k.Count, k.Why))
		total += k.Count
	}
	return fmt.Errorf("%s: the cost of %s is not known: %s", r.Model.File, plural(total, "operator"), listing(list))
}

// derive analyzes a graph; what is wrong with the flags that bind its dims and inputs is a usage error.
func derive(g *graph.Graph, options analysis.Options) (*analysis.Analysis, error) {
	if err := checkInputs(g, options.Values); err != nil {
		return nil, err
	}
	a, err := analysis.Run(g, options)
	if err != nil {
		return nil, dimError(err, len(options.Dims) > 0)
	}
	return a, nil
}

// decodeModel reads a model file, or standard input.
func decodeModel(env *environment, path string) (*graph.Graph, error) {
	var g *graph.Graph
	var err error
	if path == "-" {
		g, err = onnx.DecodeReader(env.stdin, "standard input", onnx.Options{})
	} else {
		g, err = onnx.Decode(path, onnx.Options{})
	}
	if err != nil {
		return nil, err
	}
	return g, graph.CheckValid(g)
}

// chooseFormat finds the format by its name, else by the extension of the output file, else the default.
func chooseFormat(name, output string) (report.Format, error) {
	if name == "" {
		name = "text"
		if f, ok := report.FormatOf(report.Formats(), output); ok {
			name = f.Name
		}
	}
	if err := oneOf("format", name, formatNames()); err != nil {
		return report.Format{}, err
	}
	for _, f := range report.Formats() {
		if f.Name == name {
			return f, nil
		}
	}
	return report.Format{}, usagef("--format %s: unknown", name)
}

func formatNames() []string {
	var names []string
	for _, f := range report.Formats() {
		names = append(names, f.Name)
	}
	return names
}

func conventions() []string {
	var names []string
	for _, c := range graph.Conventions() {
		names = append(names, string(c))
	}
	return names
}
