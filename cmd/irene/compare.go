package main

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/compare"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// mostCompared is how many models compare takes: one per letter.
const mostCompared = 26

func compareCommand() command {
	return command{
		name:    "compare",
		summary: "models side by side, module by module, with ratios and where the difference lies",
		args:    "A B [C …]",
		min:     2,
		max:     mostCompared,
		details: compareDetails,
		flags:   compareFlags,
		run:     runCompareModels,
	}
}

const compareDetails = `Every model is compared with the first, A. Modules answer to each other by path, else by canonical path, else by role:
   lists of layers, what modules do, names and order. What one model alone has is shown with its weight.

   A dim goes to every model that has it; one that counts the batch, or is the sequence, also to a model that has a
   single one under another name. --dim 2:NAME=N is for the second model alone. Several values (--dim sequence=128,512)
   compare at each, and say where the cheaper model changes in between.

     irene compare bert.onnx distilbert.onnx --dim batch=8 --dim sequence=128,512
     irene compare before.onnx after.onnx --format markdown --fail-if 'energy_j>1.05x'
     irene compare decode.onnx decode.onnx --dim 1:past_sequence=128 --dim 2:past_sequence=1024`

func compareFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "dim", Usage: "bind a dim, `[MODEL:]NAME=N[,N…]` (repeatable)"},
		&cli.StringSliceFlag{Name: "value", Usage: "elements of a small graph input of the models that have it, `NAME=1,2` (repeatable)"},
		&cli.StringFlag{Name: "device", Usage: "predict for this GPU, by `ID` (irene devices lists them); none predicts nothing"},
		&cli.StringFlag{Name: "coefficients", Usage: "predict with the coefficients in `FILE` (irene train writes them)"},
		&cli.StringFlag{Name: "runtime", DefaultText: "that of the coefficients", Usage: "which nodes run as one kernel, by `PROFILE`: " + strings.Join(runtimes(), ", ")},
		&cli.Float64Flag{Name: "host-watts", DefaultText: "that of the host measured", Usage: "power of the host without the board, `W`, where a device was not measured"},
		&cli.StringFlag{Name: "flops", Value: string(graph.TwoMACPlusElementwise), Usage: "what counts as FLOPs: " + strings.Join(conventions(), ", ")},
		&cli.StringFlag{Name: "metric", DefaultText: "energy; flops without a prediction", Usage: "the columns of the tree, `LIST` of " + strings.Join(compare.Metrics(), ", ") + "; the first decides"},
		&cli.IntFlag{Name: "depth", Value: -1, DefaultText: "about a screen", Usage: "show `N` levels of modules"},
		&cli.IntFlag{Name: "top", Value: -1, DefaultText: "10", Usage: "list the `N` biggest differences"},
		&cli.StringSliceFlag{Name: "module", Usage: "show the modules of any model that match `GLOB` (repeatable)"},
		&cli.StringFlag{Name: "sort", Value: "order", Usage: "order siblings by `KEY`: order, diff (biggest differences first)"},
		&cli.BoolFlag{Name: "expand", Usage: "show each of equal layers"},
		&cli.StringFlag{Name: "format", DefaultText: "text", Usage: strings.Join(compareFormats(), ", ")},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`, whole or not at all; its extension may tell the format"},
		&cli.StringSliceFlag{Name: "fail-if", Usage: "fail with status 3 where `EXPR` holds of a model beside the first, as 'energy_j>1.05x' (repeatable)"},
		&cli.BoolFlag{Name: "strict", Usage: "fail where an operator's cost is not known"},
		&cli.BoolFlag{Name: "no-color", Usage: "no colours, as with NO_COLOR in the environment"},
	}
}

// runCompareModels reads the models, derives everything at each point, aligns, renders, and judges.
func runCompareModels(env *environment, ctx *cli.Context) error {
	want, err := parseCompare(ctx)
	if err != nil {
		return err
	}
	models, err := decodeAll(env, ctx.Args().Slice())
	if err != nil {
		return err
	}
	plan, err := planPoints(models, want)
	if err != nil {
		return err
	}
	points, err := runPoints(env, models, plan, want)
	if err != nil {
		return err
	}
	c := compare.Build(points, plan.labels())
	c.Notes = plan.notes
	x := &crossings{env: env, models: models, want: want, plan: plan, points: points}
	if c.Crossings, err = x.find(); err != nil {
		return err
	}
	if err := want.view(c); err != nil {
		return err
	}
	c.View.Color = want.output == "" && useColor(env.stdout, ctx.Bool("no-color"))
	verdict, err := judgeComparison(env.stderr, c, want.limits)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := want.format.Write(&b, c); err != nil {
		return err
	}
	if err := writeOutput(env, want.output, b.Bytes()); err != nil {
		return err
	}
	if ctx.Bool("strict") {
		for _, m := range points[0] {
			if len(m.Report.Unknown) > 0 {
				return unknownError(m.Report)
			}
		}
	}
	return verdict
}

// compareRequest is what the flags of compare ask for, checked as far as the models are not needed.
type compareRequest struct {
	dims       []dimFlag
	values     map[string][]float64
	prediction predictionRequest
	convention graph.Convention
	format     compare.Format
	output     string
	modules    []string
	limits     []limit
	shown      compare.View
}

func parseCompare(ctx *cli.Context) (*compareRequest, error) {
	dims, err := parseDimLists(ctx.StringSlice("dim"), ctx.NArg())
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
	if err := oneOf("sort", ctx.String("sort"), []string{"order", "diff"}); err != nil {
		return nil, err
	}
	for _, name := range []string{"depth", "top"} {
		if ctx.IsSet(name) && ctx.Int(name) < 0 {
			return nil, usagef("--%s %d: cannot be negative", name, ctx.Int(name))
		}
	}
	metrics, err := parseCompareMetrics(ctx.String("metric"))
	if err != nil {
		return nil, err
	}
	prediction, err := parsePrediction(ctx)
	if err != nil {
		return nil, err
	}
	if prediction.coefficients == "-" {
		return nil, usagef("--coefficients -: compare reads them for each model; give a file")
	}
	limits, err := parseLimits(ctx.StringSlice("fail-if"))
	if err != nil {
		return nil, err
	}
	format, err := chooseCompareFormat(ctx.String("format"), ctx.String("output"))
	if err != nil {
		return nil, err
	}
	if n := countDashes(ctx.Args().Slice()); n > 1 {
		return nil, usagef("standard input (-) can be one model only, got %d", n)
	}
	return &compareRequest{
		dims: dims, values: values, prediction: prediction, convention: graph.Convention(ctx.String("flops")),
		format: format, output: ctx.String("output"), modules: ctx.StringSlice("module"), limits: limits,
		shown: compare.View{
			Metrics: metrics, Depth: ctx.Int("depth"), Top: ctx.Int("top"), ByDiff: ctx.String("sort") == "diff", Expand: ctx.Bool("expand"),
		},
	}, nil
}

func countDashes(args []string) int {
	n := 0
	for _, a := range args {
		if a == "-" {
			n++
		}
	}
	return n
}

// parseCompareMetrics reads --metric: names separated by commas.
func parseCompareMetrics(list string) ([]string, error) {
	if list == "" {
		return []string{"energy"}, nil
	}
	var out []string
	for _, name := range strings.Split(list, ",") {
		name = strings.TrimSpace(name)
		if err := oneOf("metric", name, compare.Metrics()); err != nil {
			return nil, err
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out, nil
}

// view selects what the comparison shows.
func (q *compareRequest) view(c *compare.Comparison) error {
	c.View = q.shown
	for _, pattern := range q.modules {
		found, err := findRows(c, "--module "+pattern, pattern)
		if err != nil {
			return err
		}
		for _, r := range found {
			if !slices.Contains(c.View.Modules, r) {
				c.View.Modules = append(c.View.Modules, r)
			}
		}
	}
	return nil
}

// findRows is a usage error where no module of any model matches.
func findRows(c *compare.Comparison, flag, pattern string) ([]*compare.Row, error) {
	if found := c.Find(pattern); len(found) > 0 {
		return found, nil
	}
	hint := meant(pattern, c.Paths())
	if hint == "" {
		hint = "; --depth shows more levels of them"
	}
	return nil, usagef("%s: no module of any model matches%s", flag, hint)
}

// decodeAll reads every model.
func decodeAll(env *environment, paths []string) ([]*graph.Graph, error) {
	var out []*graph.Graph
	for _, p := range paths {
		g, err := decodeModel(env, p)
		if err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, nil
}

// runPoints analyzes and predicts every model at every point.
func runPoints(env *environment, models []*graph.Graph, plan *pointPlan, want *compareRequest) ([][]compare.Compared, error) {
	var out [][]compare.Compared
	for _, p := range plan.points {
		var row []compare.Compared
		for k, g := range models {
			m, err := runModel(env, g, p.dims[k], want)
			if err != nil {
				return nil, err
			}
			row = append(row, m)
		}
		out = append(out, row)
	}
	return out, nil
}

func runModel(env *environment, g *graph.Graph, dims map[string]int64, want *compareRequest) (compare.Compared, error) {
	a, err := analysis.Run(g, analysis.Options{Dims: dims, Values: valuesOf(g, want.values)})
	if err != nil {
		return compare.Compared{}, inFile(g, dimError(err, len(dims) > 0))
	}
	result, err := predictEnergy(env, a, want.prediction)
	if err != nil {
		return compare.Compared{}, err
	}
	r := report.Build(a, result, report.Options{
		Version: version(), Mode: string(want.prediction.mode), Convention: want.convention,
		DefaultDevice: want.prediction.device == nil && want.prediction.coefficients == "",
	})
	return compare.Compared{Analysis: a, Report: r}, nil
}

// inFile puts the model before what is wrong with it.
func inFile(g *graph.Graph, err error) error {
	var usage *usageError
	if errors.As(err, &usage) {
		return usagef("%s: %s", g.File, usage.msg)
	}
	return err
}

// valuesOf are the values whose input a model has.
func valuesOf(g *graph.Graph, values map[string][]float64) map[string][]float64 {
	out := map[string][]float64{}
	for _, v := range g.Main.Inputs {
		if x, ok := values[v.Name]; ok {
			out[v.Name] = x
		}
	}
	return out
}

func chooseCompareFormat(name, output string) (compare.Format, error) {
	if name == "" {
		switch strings.ToLower(filepath.Ext(output)) {
		case ".json":
			name = "json"
		case ".csv":
			name = "csv"
		case ".md", ".markdown":
			name = "markdown"
		default:
			name = "text"
		}
	}
	if err := oneOf("format", name, compareFormats()); err != nil {
		return compare.Format{}, err
	}
	return compare.Formats()[slices.Index(compareFormats(), name)], nil
}

func compareFormats() []string {
	var names []string
	for _, f := range compare.Formats() {
		names = append(names, f.Name)
	}
	return names
}
