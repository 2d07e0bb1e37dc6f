package main

import (
	"errors"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/compare"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/energy/sweep"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// deviceLimit is the time that a run may take on a device.
type deviceLimit struct {
	time energy.Seconds // 0 for none
	step bool           // the run is a decode step
}

// parseDevices reads --device, and what is only of several of them.
func (q *compareRequest) parseDevices(ctx *cli.Context) (err error) {
	if q.devices, err = parseDevices(ctx); err != nil {
		return err
	}
	q.prediction = q.devices[0]
	deadline, step := energy.Seconds(quantityOf(ctx, "deadline")), energy.Seconds(quantityOf(ctx, "itl"))
	several := len(q.devices) > 1
	switch {
	case several && ctx.NArg() > 1:
		return usagef("--device %s, %s …: several devices are compared by one model, got %d", q.devices[0].device.ID, q.devices[1].device.ID, ctx.NArg())
	case !several && ctx.NArg() < 2:
		return usagef("compare needs two models (A B), or one on several devices (--device ID,ID…)")
	case deadline > 0 && step > 0:
		return usagef("--deadline and --itl: one of them says how long a run may take")
	case !several && deadline+step > 0:
		return usagef("--deadline and --itl are of one model on several devices (--device ID,ID…); irene sweep has a deadline for one")
	case !several:
		return nil
	}
	for _, flag := range []string{"module", "depth", "top", "sort", "expand", "verbose", "fail-if"} {
		if ctx.IsSet(flag) {
			return usagef("--%s is of two models and more; of several devices the model is compared as a whole", flag)
		}
	}
	q.within = deviceLimit{max(deadline, step), step > 0}
	return nil
}

// runCompareDevices puts one model on every device, at the largest batch that keeps the limit where there is one, and renders
// their order.
func runCompareDevices(env *environment, ctx *cli.Context, want *compareRequest) error {
	g, err := decodeModel(env, ctx.Args().First())
	if err != nil {
		return err
	}
	d := &compare.Devices{Version: report.Version(), Deadline: want.within.time, Step: want.within.step, Metrics: want.shown.Metrics, Screen: env.screen}
	x := &deviceComparison{want: want, graph: g, analyses: map[int64]*analysis.Analysis{}}
	if err := x.bind(d); err != nil {
		return dimError(err, len(want.dims) > 0)
	}
	if err := x.choices(env, d); err != nil {
		return dimError(err, len(want.dims) > 0)
	}
	if d.Per, err = x.per(ctx.IsSet("per"), d); err != nil {
		return err
	}
	d.Rank()
	format, err := chooseFormat(compare.DeviceFormats(), ctx.String("format"), want.output)
	if err != nil {
		return err
	}
	if err := writeFormat(env, want.output, format.Write, d); err != nil {
		return err
	}
	for _, c := range d.Choices {
		if ctx.Bool("strict") && c.Report != nil && len(c.Report.Unknown) > 0 {
			return unknownError(c.Report)
		}
	}
	return nil
}

// deviceComparison is a model, the dims it is bound to, and its analyses by the size of the batch.
type deviceComparison struct {
	want     *compareRequest
	graph    *graph.Graph
	options  analysis.Options
	batch    []string // dim of the batch where it is open; none where it is given, or the file fixes it
	grid     *sweep.Grid
	analyses map[int64]*analysis.Analysis
}

// bind gives dims and inputs what the flags say, and finds the batch: its dims are one where there are several, but for those that
// follow from it.
func (x *deviceComparison) bind(d *compare.Devices) error {
	if err := checkInputs(x.graph, x.want.options.Values); err != nil {
		return err
	}
	x.options = x.want.options
	x.options.Dims, x.options.Ties = map[string]int64{}, map[string]graph.Dim{}
	var given []string
	for _, f := range x.want.dims {
		if len(f.values) > 1 {
			return usagef("--dim %s: several devices are compared at one size; irene sweep takes several", f.text)
		}
		symbol, size, err := analysis.Resolve(x.graph, f.name)
		if err != nil {
			return err
		}
		n, err := size(f.values[0])
		if err != nil {
			return err
		}
		x.options.Dims[symbol], given = n, append(given, symbol)
	}
	if x.want.within.step {
		if err := x.bindStep(); err != nil {
			return err
		}
	}
	var solved map[string]graph.Dim
	if len(analysis.Batches(x.graph)) > 1 {
		open, err := derive(x.graph, analysis.Options{Symbolic: true, Values: x.options.Values})
		if err != nil {
			return err
		}
		solved = open.Inference.Solved
	}
	for _, name := range analysis.Declared(x.graph) {
		_, tied := x.options.Ties[name]
		_, follows := solved[name]
		switch {
		case tied || follows || !analysis.IsBatch(x.graph, name):
		case slices.Contains(given, name):
			x.batch = nil
			return nil
		case x.batch == nil:
			x.batch = []string{name}
		default:
			x.options.Ties[name] = graph.Symbol(x.batch[0])
		}
	}
	switch {
	case x.want.within.time == 0:
		x.batch = nil
	case x.batch == nil:
		d.Notes = append(d.Notes, "the file fixes the batch: every device runs the same")
	default:
		d.Batch = x.batch[0]
	}
	return nil
}

// bindStep makes a run a decode step of one token.
func (x *deviceComparison) bindStep() error {
	step, err := analysis.FindDecoder(x.graph, analysis.DecoderNames{})
	if no := (*analysis.NoCacheError)(nil); errors.As(err, &no) {
		return usagef("--itl is of a decode step; --deadline is of any run: %v", err)
	}
	if err != nil {
		return err
	}
	if n, given := x.options.Dims[step.Sequence]; given && n != 1 || step.Sequence == "" && step.New > 1 {
		return usagef("--itl is of a decode step of one token, this run is of %d; --deadline is of any run", max(n, step.New))
	}
	if step.Sequence != "" {
		x.options.Dims[step.Sequence] = 1
	}
	x.options.Values = step.Values(x.options.Values, true)
	for name, tie := range step.Ties {
		if _, given := x.options.Dims[name]; !given {
			x.options.Ties[name] = tie
		}
	}
	return nil
}

// choices puts the model on every device that takes the settings.
func (x *deviceComparison) choices(env *environment, d *compare.Devices) error {
	targets, err := basesOf(env, x.want.devices)
	if err != nil {
		return err
	}
	var asked []predict.Target
	for i, t := range targets {
		settings := x.want.devices[i].settings
		t.Options.PowerLimit, t.Options.Clock = settings.PowerLimit, settings.Clock
		c := compare.Choice{Device: t.Device.ID}
		if _, err := t.Law(); err == nil {
			asked = append(asked, t)
		} else if refused := (*law.SettingError)(nil); errors.As(err, &refused) {
			c.Refused = err.Error()
		} else {
			return err
		}
		d.Choices = append(d.Choices, c)
	}
	if len(asked) == 0 {
		return usagef("no device takes such settings: %s", d.Choices[0].Refused)
	}
	if err := x.compile(asked); err != nil {
		return err
	}
	sizes, err := x.sizes(len(asked))
	if err != nil {
		return err
	}
	for i, k := 0, 0; i < len(d.Choices); i++ {
		if d.Choices[i].Refused != "" {
			continue
		}
		if err := x.predict(&d.Choices[i], asked[k], sizes[k]); err != nil {
			return err
		}
		k++
	}
	return nil
}

// compile makes the closed forms in the batch.
func (x *deviceComparison) compile(targets []predict.Target) (err error) {
	points := [][]int64{{}}
	if x.batch != nil {
		points = [][]int64{{1}, {2}}
	}
	x.grid, err = sweep.NewGrid(x.graph, x.options, x.batch, points, targets, x.want.convention)
	return err
}

// sizes are the largest batches, by target, that keep the limit and fit the memory: 1 where not even that does, 0 where all
// run the same. The closed forms that found them are held against the analysis there.
func (x *deviceComparison) sizes(targets int) ([]int64, error) {
	out := make([]int64, targets)
	if x.batch == nil {
		return out, nil
	}
	line := x.grid.Along([]int64{1}, 0)
	for i := 0; i < targets; i++ {
		out[i] = max(1, line.Within(i, x.want.within.time))
		held, err := line.Check(out[i])
		if err != nil {
			return nil, err
		}
		if !held {
			i = -1 // by analyses from now on
		}
	}
	return out, nil
}

// predict makes the report of a choice.
func (x *deviceComparison) predict(c *compare.Choice, t predict.Target, size int64) error {
	a, err := x.at(size)
	if err != nil {
		return err
	}
	result, err := t.Run(a)
	if err != nil {
		return err
	}
	c.Report = x.want.build(a, result)
	if c.Size = size; size == 0 {
		c.Size = c.Report.Work.Items
	}
	return nil
}

// at analyzes the model at a batch, once.
func (x *deviceComparison) at(size int64) (*analysis.Analysis, error) {
	if a := x.analyses[size]; a != nil {
		return a, nil
	}
	var at []int64
	if x.batch != nil {
		at = []int64{size}
	}
	a, err := x.grid.Bound(at)
	if err != nil {
		return nil, err
	}
	a.Assumed = x.grid.Open.Example.Assumed // the grid gave it what was assumed
	x.analyses[size] = a
	return a, nil
}

// per is what of a run devices are ranked by: what was asked for, else tokens or members of the batch.
func (x *deviceComparison) per(asked bool, d *compare.Devices) (report.Per, error) {
	for i := range d.Choices {
		r := d.Choices[i].Report
		switch {
		case r == nil:
		case !asked:
			return r.Work.Finest(), nil
		default:
			if _, ok := r.Work.Count(x.want.per); !ok {
				return "", usagef("--per %s: %v", x.want.per, &compare.ShareError{File: r.Model.File, Per: x.want.per})
			}
		}
	}
	return x.want.per, nil
}
