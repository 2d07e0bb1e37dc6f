package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/plots"
	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/sweep"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

func sweepCommand() command {
	return command{
		name:    "sweep",
		summary: "energy, time and memory over a grid of sizes, devices, power limits and types, as a table or a plot",
		args:    "MODEL",
		min:     1,
		max:     1,
		details: sweepDetails,
		flags:   sweepFlags,
		run:     runSweep,
	}
}

const sweepDetails = `Sizes are lists and ranges: batch=1,2,4,8 sequence=32:512:32 batch=1:256:x2 (LOW:HIGH:STEP; x multiplies), as are power
   limits and clocks. Every combination is a row for each device, with what irene analyze gives there. The point that takes
   the least energy per token (or per member of the batch) among those that fit the device's memory is named for each device
   and type; --deadline and --assert say which points may be. With -o x.svg or x.png, energy, energy per token and time are
   drawn; over power limits or clocks, energy against time.

     irene sweep bert.onnx --dim batch=1:128:x2 --dim sequence=128,512 --device t4,a100-pcie-40gb --assert 'time_s<=0.05'
     irene sweep bert.onnx --dim batch=1:32:x2 --power-limit 300:700:50 --as bfloat16,fp8 --deadline 20ms
     irene sweep bert.onnx --dim sequence=32:512:32 -o sweep.svg`

func sweepFlags() []cli.Flag {
	return slices.Concat(
		bindingFlags("sizes of a dim, `NAME=SIZES` (repeatable)", ""),
		[]cli.Flag{precisionsFlag()},
		basisFlags(devicesFlag("predict for these GPUs, `ID,…` (irene devices lists them)")), settingFlags(true),
		[]cli.Flag{
			conventionFlag(),
			limitFlag("deadline", "recommend only what runs within this `TIME`"),
			&cli.StringSliceFlag{Name: "assert", Usage: "recommend only where `EXPR` holds, and fail with status 3 where it nowhere does (repeatable)"},
			junitFlag("assert"),
			&cli.StringFlag{Name: "x", DefaultText: "the dim of most sizes; over power limits and clocks, time", Usage: "of a plot: the dim `NAME` along the axis"},
		},
		tariffFlags(),
		outputFlags(render.FormatNames(report.SweepFormats()), ", "+strings.Join(plots.Formats(), " and ")+" draw"),
		[]cli.Flag{colorFlag()},
	)
}

// sweepRequest is what the flags of sweep ask for.
type sweepRequest struct {
	modelRequest
	axes       []axis
	devices    []predictionRequest
	precisions []string // a single "" for that of the file
	limits     []float64
	clocks     []float64
	deadline   energy.Seconds // 0 for none
	assertions []condition
	junit      string                // file of the assertions; "" for none
	holds      func(*sweep.Row) bool // whether assertions do
	x          string
	format     render.Format[*report.Sweep]
	plot       string // extension; "" for a table
}

// settings is the number of rows of a point on one device.
func (q *sweepRequest) settings() int { return len(q.precisions) * len(q.limits) * len(q.clocks) }

// trades reports whether energy is set against time, so that points are marked: over power limits and clocks, and with a
// deadline.
func (q *sweepRequest) trades() bool { return len(q.limits)*len(q.clocks) > 1 || q.deadline > 0 }

// runSweep reads the model, compiles its closed forms, and evaluates the grid.
func runSweep(env *environment, ctx *cli.Context) error {
	want, err := parseSweep(ctx)
	if err != nil {
		return err
	}
	g, err := decodeModel(env, ctx.Args().First())
	if err != nil {
		return err
	}
	if err := checkInputs(g, want.options.Values); err != nil {
		return err
	}
	s, axes, err := want.prepare(env, g)
	if err != nil {
		return err
	}
	s.View.Screen = env.screen
	s.Rows = func(emit func(*sweep.Row) error) error { return want.evaluate(env, s, axes, emit) }
	if want.plot != "" {
		err = want.draw(env, s, axes)
	} else {
		err = streamOutput(env, want.output, func(w io.Writer) error { return want.format.Write(w, s) })
	}
	if err != nil {
		return dimError(err, true)
	}
	if want.format.Name != "text" && want.output != "-" {
		fmt.Fprint(env.stderr, s.Answer())
	}
	checks := want.judge(s)
	if err := writeJUnit(env, want.junit, suitesOf(checks)); err != nil {
		return err
	}
	return verdict("assertion", checks)
}

// prepare compiles the grids. They have an open dim for each axis.
func (q *sweepRequest) prepare(env *environment, g *graph.Graph) (*report.Sweep, [][]int64, error) {
	s := &report.Sweep{Deadline: q.deadline, Front: q.trades()}
	var names []string
	var axes [][]int64
	for _, a := range q.axes {
		symbol, size, err := analysis.Resolve(g, a.name)
		if err != nil {
			return nil, nil, dimError(err, true)
		}
		if slices.Contains(names, symbol) {
			return nil, nil, usagef("--dim %s: %s fixes %s, which has sizes already", a.flag, a.name, symbol)
		}
		values := make([]int64, len(a.values))
		for i, n := range a.values {
			if values[i], err = size(n); err != nil {
				return nil, nil, dimError(err, true)
			}
			if values[i] == 0 {
				return nil, nil, usagef("--dim %s: a sweep has sizes of at least 1", a.flag)
			}
		}
		names, axes = append(names, symbol), append(axes, values)
		s.Names = append(s.Names, a.name)
		s.Axes = append(s.Axes, report.SweepAxis{Name: a.name, Sizes: a.values, Values: values})
	}
	targets, refused, err := q.targets(env)
	if err != nil {
		return nil, nil, err
	}
	s.Refused = refused
	if s.Sweep, err = sweep.New(g, q.options, q.precisions, names, corners(axes), targets, q.convention); err != nil {
		return nil, nil, dimError(err, true)
	}
	s.Report = q.build(s.Grids[0].Open.Example, nil)
	s.As = strings.Join(q.precisions, ", ")
	s.Points = sweep.Points(axes, maxPoints)
	for _, grid := range s.Grids {
		if most := 2000 / len(s.Grids); grid.Direct != "" && s.Points > most {
			return nil, nil, fmt.Errorf("%s: %d points are too many (at most %d) where each is analyzed of its own: %s", g.File, s.Points, most, grid.Direct)
		}
	}
	q.largest(g, s, axes)
	q.holds, err = q.holding(s)
	return s, axes, err
}

// corners are the points at which closed forms are checked: the smallest sizes, the largest, and one between.
func corners(axes [][]int64) [][]int64 {
	low, high, mid := make([]int64, len(axes)), make([]int64, len(axes)), make([]int64, len(axes))
	for i, a := range axes {
		low[i], high[i], mid[i] = slices.Min(a), slices.Max(a), a[len(a)/2]
	}
	return slices.CompactFunc([][]int64{low, mid, high}, slices.Equal)
}

// largest finds the largest batch that fits, at the largest sizes of the other dims.
func (q *sweepRequest) largest(g *graph.Graph, s *report.Sweep, axes [][]int64) {
	batch := slices.IndexFunc(s.Grids[0].Open.Names, func(name string) bool { return analysis.IsBatch(g, name) })
	if batch < 0 {
		return
	}
	at := make([]int64, len(axes))
	var rest []string
	for i, a := range axes {
		at[i] = slices.Max(a)
		if i != batch {
			rest = append(rest, s.Names[i]+"="+strconv.FormatInt(s.Axes[i].Size(at[i]), 10))
		}
	}
	for group := range s.Groups {
		on := s.Group(group)
		if n, ok := s.Sweep.Largest(at, batch, on); ok {
			s.Largest = append(s.Largest, report.LargestBatch{
				Device: on.Device.ID, As: on.As, Name: s.Names[batch], Size: n, At: strings.Join(rest, " "), Memory: on.Device.MemoryBytes,
			})
		}
	}
}

// evaluate computes the rows, hands them to emit in their order, and keeps what was found. Its progress is shown up to where
// emit may write to the same terminal.
func (q *sweepRequest) evaluate(env *environment, s *report.Sweep, axes [][]int64, emit func(*sweep.Row) error) (err error) {
	p := startProgress(env, "sweep", s.Points*len(s.Settings))
	defer p.stop()
	counted := func(r *sweep.Row) bool {
		p.add(1)
		return q.holds(r)
	}
	s.Found, err = s.Run(sweep.Request{Axes: axes, Holds: counted, Deadline: q.deadline, Front: s.Front}, func(r *sweep.Row) error {
		if isStdout(q.output) {
			p.stop()
		}
		return emit(r)
	})
	return err
}

// draw evaluates the grid, draws it, and prints what is recommended.
func (q *sweepRequest) draw(env *environment, s *report.Sweep, axes [][]int64) error {
	p, err := plots.NewSweep(s, plots.Settings{PowerLimits: len(q.limits), Clocks: len(q.clocks)}, q.x)
	if err != nil {
		return usagef("%v", err)
	}
	err = q.evaluate(env, s, axes, func(r *sweep.Row) error {
		p.Add(r)
		return nil
	})
	if err != nil {
		return err
	}
	data, err := p.Draw(q.plot)
	if err != nil {
		return err
	}
	if err := writeOutput(env, q.output, data); err != nil {
		return err
	}
	fmt.Fprint(env.stdout, s.Head())
	return nil
}

func parseSweep(ctx *cli.Context) (*sweepRequest, error) {
	axes, err := parseAxes(ctx.StringSlice("dim"))
	if err != nil {
		return nil, err
	}
	q := &sweepRequest{
		axes: axes, x: ctx.String("x"), limits: quantitiesOf(ctx, "power-limit"), clocks: quantitiesOf(ctx, "clock"),
		deadline: energy.Seconds(quantityOf(ctx, "deadline")),
	}
	if q.modelRequest, err = parseUnsized(ctx); err != nil {
		return nil, err
	}
	if q.precisions, err = parsePrecisions(ctx); err != nil {
		return nil, err
	}
	if len(axes) == 0 && q.settings() == 1 {
		return nil, usagef("sweep needs --dim NAME=SIZES, as in --dim batch=1,2,4,8, or several of --power-limit, --clock or --as")
	}
	if err := q.parseDevices(ctx); err != nil {
		return nil, err
	}
	if err := q.bound(); err != nil {
		return nil, err
	}
	if q.x != "" && !slices.ContainsFunc(axes, func(a axis) bool { return a.name == q.x }) {
		return nil, usagef("--x %s: not swept; --dim %s=… gives it sizes", q.x, q.x)
	}
	if q.assertions, err = pointAssertions().parse(ctx.StringSlice("assert")); err != nil {
		return nil, err
	}
	if q.junit, err = parseJUnit(ctx, "assert"); err != nil {
		return nil, err
	}
	return q, q.parseFormat(ctx)
}

// bound refuses grids of too many rows.
func (q *sweepRequest) bound() error {
	sizes := make([][]int64, len(q.axes))
	for i, a := range q.axes {
		sizes[i] = a.values
	}
	most, why := maxPoints, ""
	if q.trades() {
		most, why = maxKept, ", where energy is set against time"
	}
	each := len(q.devices) * q.settings()
	if n := sweep.Points(sizes, most); n > most/each {
		return usagef("the grid has more than %d rows%s; take fewer sizes, or steps by factors (1:512:x2)", most, why)
	}
	if most := 2000; each > most {
		return usagef("%d combinations of devices, power limits, clocks and types are too many (at most %d)", each, most)
	}
	return nil
}

// parseDevices reads the devices, and what goes with them.
func (q *sweepRequest) parseDevices(ctx *cli.Context) (err error) {
	if q.devices, err = parseDevices(ctx); err != nil {
		return err
	}
	if q.prediction = q.devices[0]; q.prediction.none {
		return refuseNone(ctx)
	}
	return nil
}

func (q *sweepRequest) parseFormat(ctx *cli.Context) error {
	ext := strings.ToLower(filepath.Ext(q.output))
	name := ctx.String("format")
	if slices.Contains(plots.Formats(), ext) {
		if name != "" {
			return usagef("--format %s: %s is a plot", name, q.output)
		}
		q.plot = ext
	}
	if q.x != "" && q.plot == "" {
		return usagef("--x %s is for plots: -o FILE%s", q.x, plots.Formats()[0])
	}
	if q.plot != "" {
		q.format = report.SweepFormats()[0] // of what is said beside the plot
		return nil
	}
	var err error
	q.format, err = chooseFormat(report.SweepFormats(), name, q.output)
	return err
}
