package main

import (
	"cmp"
	"errors"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/compare"
	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/graph"
)

// mostCompared is how many models compare takes: one per letter.
const mostCompared = 26

func compareCommand() command {
	return command{
		name:    "compare",
		summary: "models side by side, module by module; several in their order; or one on several devices",
		args:    "A [B …]",
		min:     1,
		max:     mostCompared,
		details: compareDetails,
		flags:   compareFlags,
		run:     runCompareModels,
	}
}

const compareDetails = `Two models stand side by side, with the ratio of B to A and where the difference lies. Modules answer to each other by path,
   else by canonical path, else by role: lists of layers, what modules do, names and order. Three models and more are
   ranked, and held against the best. --per token or item compares models that run at other sizes.

   One model on several devices: which takes the least. With --deadline (of a run) or --itl (of a decode step), each
   runs the largest batch that keeps it and fits its memory, unless --dim gives the batch.

   A dim goes to every model that has it; one that counts the batch, or is the sequence, also to a model that has a
   single one under another name. --dim 2:NAME=N is for the second model alone. Several values (--dim sequence=128,512)
   compare at each, and say where the cheaper model changes in between.

     irene compare bert.onnx distilbert.onnx --dim batch=8 --dim sequence=128,512
     irene compare before.onnx after.onnx --format markdown --fail-if 'energy_j>1.05x'
     irene compare small.onnx base.onnx large.onnx --per token --price 0.30EUR/kWh
     irene compare llama.onnx --device l4,l40s,h100-sxm,b200-sxm --as bfloat16 --itl 20ms --dim past_sequence=1024`

func compareFlags() []cli.Flag {
	devices := devicesFlag("predict for this GPU, by `ID` (irene devices lists them), auto for the machine's own" + orNone + "; one model on several, ID,ID…")
	return slices.Concat(
		modelFlags(bindingFlags("bind a dim, `[MODEL:]NAME=N[,N…]` (repeatable)", " of the models that have it"), predictionFlags(devices)),
		[]cli.Flag{
			limitFlag("deadline", "of several devices: the largest batch whose run takes no longer than this `TIME`"),
			limitFlag("itl", "of several devices: the largest batch of a decode step that takes no longer than this `TIME`"),
			oneOfFlag(cli.StringFlag{Name: "per", DefaultText: "run; of several devices token, else item", Usage: "compare the energy and time of a `SHARE`: WORDS"}, report.Shares()),
			suggestFlag(cli.StringFlag{Name: "metric", DefaultText: "energy; flops without a prediction", Usage: "the columns of the tree, `LIST` of WORDS; the first decides"}, compare.Metrics()),
			depthFlag(),
			topFlag("10, of several models 3", "list the `N` biggest differences"),
			&cli.StringSliceFlag{Name: "module", Usage: "show the modules of any model that match `GLOB` (repeatable)"},
			oneOfFlag(cli.StringFlag{Name: "sort", Value: "order", Usage: "order siblings by `KEY`: WORDS (biggest differences first)"}, []string{"order", "diff"}),
			expandFlag(),
			verboseFlag("name every doubt with its reason"),
		},
		tariffFlags(),
		outputFlags(render.FormatNames(compare.Formats()), ""),
		[]cli.Flag{
			&cli.StringSliceFlag{Name: "fail-if", Usage: "fail with status 3 where `EXPR` holds of a model beside the first, as 'energy_j>1.05x' (repeatable)"},
			junitFlag("fail-if"),
			strictFlag(),
			colorFlag(),
		},
	)
}

// runCompareModels reads the models, derives everything at each point, aligns, renders, and judges.
func runCompareModels(env *environment, ctx *cli.Context) error {
	want, err := parseCompare(ctx)
	if err != nil {
		return err
	}
	if len(want.devices) > 1 {
		return runCompareDevices(env, ctx, want)
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
	c, err := compare.Build(points, plan.labels(), want.per)
	if err != nil {
		return usagef("--per %s: %v", want.per, err)
	}
	c.Notes = plan.notes
	if err := want.view(c); err != nil {
		return err
	}
	x := &crossings{env: env, models: models, want: want, plan: plan, points: points, base: c.Base()}
	if c.Crossings, err = x.find(); err != nil {
		return err
	}
	c.View.Screen = env.screen
	checks, err := judgeComparison(c, want.limits)
	if err != nil {
		return err
	}
	if err := writeFormat(env, want.output, want.format.Write, c); err != nil {
		return err
	}
	if err := writeJUnit(env, want.junit, suitesOf(checks)); err != nil {
		return err
	}
	if ctx.Bool("strict") {
		for _, m := range points[0] {
			if len(m.Report.Unknown) > 0 {
				return unknownError(m.Report)
			}
		}
	}
	return verdict("comparison", checks)
}

// compareRequest is what the flags of compare ask for, checked as far as the models are not needed.
type compareRequest struct {
	modelRequest
	dims    []dimFlag
	format  compare.Format
	modules []string
	limits  []condition
	junit   string // file of the limits; "" for none
	shown   compare.View
	per     report.Per
	devices []predictionRequest // one, but where a model is compared on several
	within  deviceLimit
}

func parseCompare(ctx *cli.Context) (*compareRequest, error) {
	q := &compareRequest{per: report.PerRun, modules: ctx.StringSlice("module"), shown: compare.View{
		Depth: ctx.Int("depth"), Top: ctx.Int("top"), ByDiff: ctx.String("sort") == "diff", Expand: ctx.Bool("expand"), Verbose: ctx.Bool("verbose"),
	}}
	var err error
	if q.dims, err = parseDimLists(ctx.StringSlice("dim"), ctx.NArg()); err != nil {
		return nil, err
	}
	if q.modelRequest, err = parseUnsized(ctx); err != nil {
		return nil, err
	}
	if err := q.parseDevices(ctx); err != nil {
		return nil, err
	}
	if per := ctx.String("per"); per != "" {
		q.per = report.Per(per)
	}
	if err := notNegative(ctx, "depth", "top"); err != nil {
		return nil, err
	}
	if q.shown.Metrics, err = parseMetrics(cmp.Or(ctx.String("metric"), "energy"), compare.Metrics()); err != nil {
		return nil, err
	}
	if q.prediction.coefficients == "-" {
		return nil, usagef("--coefficients -: compare reads them for each model; give a file")
	}
	if q.limits, err = limits().parse(ctx.StringSlice("fail-if")); err != nil {
		return nil, err
	}
	if q.junit, err = parseJUnit(ctx, "fail-if"); err != nil {
		return nil, err
	}
	if n := countDashes(ctx.Args().Slice()); n > 1 {
		return nil, usagef("standard input (-) can be one model only, got %d", n)
	}
	if q.format, err = chooseFormat(compare.Formats(), ctx.String("format"), q.output); err != nil {
		return nil, err
	}
	return q, nil
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
	q := want.modelRequest
	q.options.Dims, q.options.Values = dims, valuesOf(g, want.options.Values)
	a, r, err := q.report(env, g)
	return compare.Compared{Analysis: a, Report: r}, inFile(g, err)
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
