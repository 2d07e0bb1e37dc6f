package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/worklist"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/profiler"
	"github.com/irene-onnx/irene/profiler/wallmeter"
)

func profileCommand() command {
	return command{
		name:    "profile",
		summary: "measure operators, modules and models on this machine's device",
		args:    "MODEL|NAME=MODEL …",
		min:     1,
		max:     1000,
		details: `Each distinct operator of the models, each distinct module and each whole model is run on the device, at every size
   given, and its time and energy are appended to a file of records, from which irene train makes coefficients:

     irene profile bert.onnx --dim batch=1,8 --dim sequence=128,256,512 -o records.jsonl --budget 10m
     irene train --data records.jsonl -o mine.json
     irene analyze bert.onnx --dim batch=4 --coefficients mine.json

   A run that was interrupted goes on where it was when it is called again. docs/measure.md is the tutorial.`,
		flags: profileFlags,
		run:   runProfile,
	}
}

// runProfile reads the models, plans, and measures.
func runProfile(env *environment, ctx *cli.Context) error {
	q, err := parseProfile(ctx)
	if err != nil {
		return err
	}
	life, stop := untilStopped()
	defer stop()
	err = q.withinBudget(life, func() error { return q.carryOut(life, env) })
	if err != nil && life.Err() != nil && !errors.As(err, new(*stoppedError)) {
		return errors.New("stopped before anything was measured")
	}
	return err
}

// carryOut is the run, as long as its context says.
func (q *profileRequest) carryOut(life context.Context, env *environment) error {
	loading, loaded := q.limit(life, 0)
	defer loaded()
	models, err := q.decode(env)
	if err != nil {
		return err
	}
	m, err := openMachine(loading, env, q)
	if err != nil {
		return err
	}
	return errors.Join(q.measure(life, loading, env, m, models), m.close())
}

// stoppedError is a run that was stopped, which says itself what is left.
type stoppedError struct{ left int }

// Error says how to go on.
func (e *stoppedError) Error() string {
	return fmt.Sprintf("stopped with %s left; the same command goes on from here", render.Plural(e.left, "task"))
}

// decode reads the models.
func (q *profileRequest) decode(env *environment) ([]*worklist.Model, error) {
	var out []*worklist.Model
	for _, f := range q.models {
		g, err := decodeModel(env, f.path)
		if err != nil {
			return nil, err
		}
		if err := checkInputs(g, q.values); err != nil {
			return nil, err
		}
		out = append(out, &worklist.Model{Name: f.name, Graph: g})
	}
	return out, q.checkAxes(out)
}

// measure plans the tasks, while one context lasts, and runs them, or says what it would do.
func (q *profileRequest) measure(ctx, planning context.Context, env *environment, m *machine, models []*worklist.Model) error {
	dir, err := tempFolder()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, note := range m.notes {
		m.tell("%s", note)
	}
	tasks, err := q.plan(planning, env, m, models, dir)
	if err != nil {
		return err
	}
	total := len(tasks)
	if tasks, err = profiler.Shard(tasks, q.shard, q.shards); err != nil {
		return err
	}
	if q.dryRun {
		return q.describe(env, m, tasks, total)
	}
	out, _, note, err := energy.OpenAppender(q.output)
	if err != nil {
		return err
	}
	if note != "" {
		fmt.Fprintf(env.stderr, "irene: %s\n", note)
	}
	err = q.run(ctx, env, m, tasks, out)
	return errors.Join(err, out.Close())
}

// plan makes the tasks of all models at all sizes.
func (q *profileRequest) plan(ctx context.Context, env *environment, m *machine, models []*worklist.Model, dir string) ([]profiler.Task, error) {
	rt := worklist.Runtime{Profile: q.profile, Dir: dir, Cache: q.cache, Executor: executorName(m.executor.Describe().Runtime)}
	if o, ok := m.executor.(profiler.Optimizer); ok && q.optimization() != "" {
		rt.Optimize = func(ctx context.Context, model, result string) error {
			return o.Optimize(ctx, model, result, q.optimization())
		}
	}
	p := startProgress(env, "profile: planning", 0)
	defer p.stop()
	var points []*worklist.Point
	for _, model := range models {
		sizes := q.sizes(model.Graph)
		for i, at := range sizes {
			p.set(i, len(sizes))
			point, err := worklist.NewPoint(ctx, model, q.options(at), rt)
			if err != nil {
				return nil, dimError(err, len(q.axes) > 0)
			}
			points = append(points, point)
		}
	}
	return worklist.Tasks(points, worklist.Options{
		Levels: q.levels, InContext: q.inContext, Device: m.device(), Dir: dir, Seed: q.seed,
		Graph: q.provider == "cuda" || q.executor == pretending, Pretend: q.executor == pretending,
	}), nil
}

// executorName is what of an executor decides how it optimizes a model.
func executorName(r energy.Runtime) string {
	return fmt.Sprint(r.Name, " ", r.Version, " ", r.Options["provider"], " ", r.Options["commit"])
}

// sizes are the dims to bind, one map for each point of the grid. A model takes the axes that it has; one that none of
// the models has is refused by checkAxes.
func (q *profileRequest) sizes(g *graph.Graph) []map[string]int64 {
	var names []string
	var values [][]int64
	for _, a := range q.axes {
		if _, _, err := analysis.Resolve(g, a.name); err == nil {
			names, values = append(names, a.name), append(values, a.values)
		}
	}
	return worklist.Grid(names, values)
}

// checkAxes refuses an axis that no model has.
func (q *profileRequest) checkAxes(models []*worklist.Model) error {
	for _, a := range q.axes {
		var last error
		for _, m := range models {
			if _, _, last = analysis.Resolve(m.Graph, a.name); last == nil {
				break
			}
		}
		if last != nil {
			return dimError(last, true)
		}
	}
	return nil
}

// device is what is known of the device beforehand: the row of the table, or what executor and meter say.
func (m *machine) device() energy.Device {
	for _, d := range m.descriptions() {
		for _, name := range []string{d.ID, d.Name} {
			if row, err := energy.LookupDevice(name); name != "" && err == nil {
				return row
			}
		}
	}
	var out energy.Device
	for _, d := range m.descriptions() {
		out.SMs, out.L2Bytes, out.MemoryBytes = max(out.SMs, d.Units), max(out.L2Bytes, d.CacheBytes), max(out.MemoryBytes, d.MemoryBytes)
	}
	return out
}

// descriptions are what meter and executor say of the device.
func (m *machine) descriptions() []energy.RecordDevice {
	out := []energy.RecordDevice{m.executor.Describe().Device}
	if m.meter != nil {
		out = append([]energy.RecordDevice{m.meter.Describe().Device}, out...)
	}
	return out
}

// run measures what the file does not have yet.
func (q *profileRequest) run(ctx context.Context, env *environment, m *machine, tasks []profiler.Task, out *energy.Appender) (err error) {
	on, unlock, err := q.environment(m)
	if err != nil {
		return err
	}
	defer unlock()
	for i := range tasks { // other clocks are other measurements
		tasks[i].Record.Runtime.Options = q.lockedOptions(on)
	}
	shared, err := q.joinShare(on, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shared.leave()) }()
	open := q.unmeasured(env, on, tasks, shared)
	if len(open) == 0 {
		return nil
	}
	sink, end, err := q.sink(env, shared.put)
	if err != nil {
		return err
	}
	on.Share = shared
	on.Failed = func(t profiler.Task, err error) {
		if errors.Is(err, profiler.ErrUnsupported) {
			on.Logf("%s", shared.fail(t, err))
		}
	}
	p := startProgress(env, "profile", len(open))
	ctx, stop := q.limit(ctx, overtime)
	defer stop()
	seen := map[string]bool{}
	summary, err := profiler.RunTasks(ctx, open, on, q.protocol(m), func(r energy.Record) error {
		err := sink(r)
		if key := r.Key(); err == nil && !seen[key] {
			seen[key] = true
			p.add(1)
		}
		return err
	})
	p.stop()
	end()
	return q.report(env, summary, err)
}

// lockedOptions are the clocks that are held, as options of a record's runtime.
func (q *profileRequest) lockedOptions(on profiler.Environment) map[string]string {
	if !on.Locked {
		return nil
	}
	return map[string]string{"locked_mhz": q.clocks}
}

// environment is what measurements run on, with the clocks held where that is asked for and allowed.
func (q *profileRequest) environment(m *machine) (on profiler.Environment, unlock func(), err error) {
	on = profiler.Environment{Executor: m.executor, Meter: m.meter, Clock: m.clock, Now: time.Now, Logf: m.tell}
	if m.fake != nil {
		on.Now = m.fake.Now
	}
	var id [4]byte
	if _, err := rand.Read(id[:]); err != nil {
		return on, nil, err
	}
	on.Session = fmt.Sprintf("%s-%x", on.Now().UTC().Format("20060102T150405Z"), id)
	unlock = func() {}
	if q.smClock == 0 {
		return on, unlock, nil
	}
	locker, ok := m.meter.(profiler.ClockLocker)
	if !ok {
		return on, unlock, usagef("--lock-clocks: the meter cannot hold clocks")
	}
	release, err := locker.LockClocks(q.smClock, q.memoryClock)
	if err != nil { // they are recorded instead
		on.Logf("--lock-clocks: %v; clocks are recorded, not held", err)
		return on, unlock, nil
	}
	on.Locked = true
	return on, func() {
		if err := release(); err != nil {
			on.Logf("the clocks are still held: %v", err)
		}
	}, nil
}

// longIdle is how long idle power is measured, and the counter looked into; tests with short windows take less.
const longIdle = 5 * time.Second

// protocol is how carefully to measure. The budget began with the command: planning takes some of it.
func (q *profileRequest) protocol(m *machine) profiler.Options {
	o := profiler.Options{
		Windows: q.windows, Window: q.window, WarmUp: max(q.warmup, 1), MaxCV: q.maxCV, Seed: q.seed, Budget: q.budget, Idle: longIdle,
	}
	if q.window < time.Second {
		o.Idle = 2 * q.window
	}
	if q.budget > 0 && m.fake == nil {
		o.Budget = max(1, q.budget-time.Since(q.begun))
	}
	return o
}

// sink is where records go, and what is to be called when there are no more.
func (q *profileRequest) sink(env *environment, next func(energy.Record) error) (put func(energy.Record) error, end func(), err error) {
	if q.wallLog == "" {
		return next, func() {}, nil
	}
	log, err := wallmeter.Open(q.wallLog)
	if err != nil {
		return nil, nil, fmt.Errorf("--wall-log: %w", err)
	}
	w := &wallSink{log: log, next: next}
	return w.put, func() { w.report(env.stderr) }, nil
}

// maxTries is how often a task is measured that stays flagged: a device that cannot hold its clocks for an operator does
// not learn it.
const maxTries = 3

// unmeasured are the tasks without a usable record on this device under this runtime, but for those that were tried often
// enough, or cannot be run. Anchors are measured anew with whatever else there is to measure.
func (q *profileRequest) unmeasured(env *environment, on profiler.Environment, tasks []profiler.Task, shared *share) []profiler.Task {
	var open []profiler.Task
	var done, hopeless, failed, left int
	for _, t := range tasks {
		r := on.Fill(t.Record)
		key := shared.keyOf(&r)
		switch {
		case shared.usable[key]:
			done++
		case shared.tries[key] >= maxTries:
			hopeless++
		case shared.failures.has(key):
			failed++
			continue
		default:
			left++
			open = append(open, t)
			continue
		}
		if t.Anchor {
			open = append(open, t)
		}
	}
	for _, x := range []struct {
		n    int
		what string
	}{
		{done, "measured already"},
		{hopeless, fmt.Sprintf("flagged in %d measurements each: not tried again", maxTries)},
		{failed, "that could not be run before: not tried again; " + shared.failures.path + " says why, and can be removed"},
	} {
		if x.n > 0 {
			fmt.Fprintf(env.stderr, "irene: %d of %s %s\n", x.n, render.Plural(len(tasks), "task"), x.what)
		}
	}
	if left == 0 {
		return nil
	}
	return open
}

// report sums a run up, and makes an error of what was not measured.
func (q *profileRequest) report(env *environment, s profiler.Summary, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil // the budget is spent
	}
	if s.Measured+s.Failed+s.Elsewhere == 0 && err != nil && !errors.Is(err, context.Canceled) {
		return err // there is nothing to sum up
	}
	fmt.Fprintf(env.stderr, "irene: %s measured in %v", render.Plural(s.Measured, "task"), s.Elapsed.Round(time.Second))
	if s.Unusable > 0 {
		fmt.Fprintf(env.stderr, ", %d of them flagged as no good", s.Unusable)
	}
	if s.Elsewhere > 0 {
		fmt.Fprintf(env.stderr, ", %d more by other runs", s.Elsewhere)
	}
	if s.Idle != nil {
		fmt.Fprintf(env.stderr, "; idle at %v", *s.Idle)
	}
	fmt.Fprintln(env.stderr)
	if c := s.Counter; c.Period > 0 {
		fmt.Fprintf(env.stderr, "irene: energy by %s, updated every %v%s\n", c.Method, c.Period, agreement(c))
	}
	if s.Remaining > 0 && s.Measured+s.Failed+s.Elsewhere > 0 {
		switch {
		case err == nil:
			fmt.Fprintf(env.stderr, "irene: %s left when the budget was spent; the same command goes on from here\n", render.Plural(s.Remaining, "task"))
		case !errors.Is(err, context.Canceled):
			fmt.Fprintf(env.stderr, "irene: %s left\n", render.Plural(s.Remaining, "task"))
		}
	}
	switch {
	case errors.Is(err, context.Canceled):
		return &stoppedError{s.Remaining}
	case err != nil:
		return err
	case s.Remaining > 0 && s.Measured+s.Failed+s.Elsewhere == 0:
		return fmt.Errorf("--budget %v: too short to measure anything", q.budget)
	case s.Failed > 0:
		return fmt.Errorf("%s could not be measured", render.Plural(s.Failed, "task"))
	}
	return nil
}

// agreement says how the energy counter compares with the integral of power, where both can be read.
func agreement(c profiler.CounterCheck) string {
	text := ""
	if c.Load != nil {
		text += fmt.Sprintf("; counter over integral of power: %.3f under load", *c.Load)
	}
	if c.Idle != nil {
		text += fmt.Sprintf(", %.3f idle", *c.Idle)
	}
	return text
}
