package profiler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/irene-onnx/irene/energy"
)

// Summary is what became of a list of tasks. Anchors count as tasks once.
type Summary struct {
	Measured  int // tasks with a record
	Unusable  int // of them, with a flag that keeps the record out of a fit
	Failed    int // tasks that could not be measured
	Elsewhere int // tasks that other sessions measured meanwhile
	Remaining int // tasks whose turn did not come: no time left, the context or the device ended

	Idle    *energy.Watts
	Counter CounterCheck
	Anchors []AnchorDrift
	Elapsed time.Duration
}

// RunTasks measures tasks one after the other and hands each record to the sink as soon as there is one; an anchor gives
// one in every round. The order is that of [Order]; tasks that other sessions have claimed come last. Anchors are measured at the beginning, now and then, and at the end.
// Under a budget, a task that would not end in time any more is left for another session.
//
// A task that cannot be measured costs a line of a message. An error says that the session ended early: the context
// did (its own error), the device is gone ([ErrDevice]), or the sink or the share failed. The summary holds in any case.
func RunTasks(ctx context.Context, tasks []Task, env Environment, opts Options, sink func(energy.Record) error) (Summary, error) {
	if err := env.check(); err != nil {
		return Summary{Remaining: len(tasks)}, err
	}
	opts = opts.withDefaults()
	env.Clock = env.clock()
	s := &session{env: &env, opts: opts, clock: env.Clock, gauge: newGauge(&env), sink: sink, share: env.Share}
	if s.share == nil {
		s.share = alone{}
	}
	s.begin = s.clock.Now()
	for _, t := range Order(tasks, opts.Seed, opts.Budget > 0) {
		if t.Anchor {
			s.anchors = append(s.anchors, &anchor{task: t})
		} else {
			s.tasks = append(s.tasks, t)
		}
	}
	err := s.run(ctx)
	s.reportDrift()
	sum := &s.summary
	sum.Remaining = len(tasks) - sum.Measured - sum.Failed - sum.Elsewhere
	sum.Idle, sum.Counter, sum.Elapsed = s.gauge.idle, s.gauge.check, s.clock.Now()-s.begin
	return *sum, err
}

// session is one run through a list of tasks.
type session struct {
	env   *Environment
	opts  Options
	clock Clock
	gauge *gauge
	sink  func(energy.Record) error
	share Share

	tasks   []Task
	anchors []*anchor
	summary Summary

	begin     time.Duration
	stale     bool          // tasks were measured since the last round of anchors
	waited    bool          // for other sessions
	rounds    int           // of anchors
	lastRound time.Duration // when it ended
	spent     time.Duration // on tasks, beyond what they were thought to cost
	counted   int           // those tasks
}

// run measures everything.
func (s *session) run(ctx context.Context) error {
	if !s.fits(s.lookCost() + s.anchorCost(s.opts)) {
		s.env.logf("the budget of %s is too short for the anchors", s.opts.Budget)
		return nil
	}
	if err := s.anchorRound(ctx); err != nil {
		return err
	}
	theirs, err := s.pass(ctx, s.tasks)
	for err == nil && len(theirs) > 0 {
		if err = s.waitForOthers(ctx); err == nil {
			theirs, err = s.pass(ctx, theirs)
		}
	}
	if err != nil || !s.stale {
		return err
	}
	return s.anchorRound(ctx)
}

// measureAndRecord measures a task and hands its record on. The record is nil where the task failed; an error ends the session.
func (s *session) measureAndRecord(ctx context.Context, t Task, opts Options) (*energy.Record, error) {
	from, estimate := s.clock.Now(), s.estimate(t, opts)+s.lookCost()
	r, err := s.measure(ctx, t, opts)
	first := !t.Anchor || s.rounds == 0
	switch {
	case err != nil && ctx.Err() != nil:
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			s.env.logf("%s: the time was up before it was measured", t.name())
		}
		return nil, ctx.Err()
	case errors.Is(err, ErrDevice):
		return nil, fmt.Errorf("%s: %w", t.name(), err)
	case err != nil:
		s.spent += max(0, s.clock.Now()-from-estimate)
		s.env.logf("%s: %v", t.name(), err)
		if first {
			s.summary.Failed++
			if s.env.Failed != nil {
				s.env.Failed(t, err)
			}
		}
		return nil, nil
	}
	if err := s.sink(r); err != nil {
		return nil, err
	}
	if first {
		s.summary.Measured++
		if !r.Usable() {
			s.summary.Unusable++
		}
	}
	s.spent += s.clock.Now() - from - estimate
	s.counted++
	return &r, nil
}

// measure prepares, measures and fills in the record of a task.
func (s *session) measure(ctx context.Context, t Task, opts Options) (energy.Record, error) {
	var m Measurement
	var err error
	if t.Base != nil {
		m, err = s.difference(ctx, t, opts)
	} else {
		m, err = s.buildAndMeasure(ctx, t, t.Workload, opts)
	}
	if err != nil {
		return energy.Record{}, err
	}
	r := s.env.Fill(t.Record)
	m.writeTo(&r, s.gauge.idle)
	r.Anchor, r.Counter = t.Anchor, s.gauge.check.Load
	return r, r.Check()
}

// buildAndMeasure builds a workload of a task and measures it, and its time without the host where the task asks for that.
func (s *session) buildAndMeasure(ctx context.Context, t Task, build func() (Workload, error), opts Options) (Measurement, error) {
	w, err := build()
	if err != nil {
		return Measurement{}, err
	}
	if w.Release != nil {
		defer w.Release()
	}
	w.Name = cmp.Or(w.Name, t.name())
	m, err := s.measurePrepared(ctx, w, opts)
	if err != nil || !t.GraphToo || m.KernelTime != nil {
		return m, err
	}
	if m.KernelTime, err = kernelTime(ctx, s.env.Executor, w); err != nil {
		if errors.Is(err, ErrDevice) || ctx.Err() != nil {
			return Measurement{}, err
		}
		s.env.logf("%s: no time without the host: %v", t.name(), err)
	}
	m.busyByKernels()
	return m, nil
}

// measurePrepared measures a workload between its Prepare and its Close. Before the first load of the session the device is
// idle with a context open, which is when idle power is measured.
func (s *session) measurePrepared(ctx context.Context, w Workload, opts Options) (m Measurement, err error) {
	run, err := s.env.Executor.Prepare(ctx, w)
	if err != nil {
		return Measurement{}, err
	}
	defer func() { err = errors.Join(err, run.Close()) }()
	if err := s.gauge.measureIdle(ctx, opts); err != nil {
		return Measurement{}, fmt.Errorf("idle power: %w", err)
	}
	return s.gauge.measure(ctx, run, w, opts)
}

// busyByKernels takes the share of time in which the device worked from the time without the host, where the meter does
// not tell.
func (m *Measurement) busyByKernels() {
	if m.KernelTime == nil || m.Busy != nil || m.Time <= 0 {
		return
	}
	m.Busy = new(min(1, float64(*m.KernelTime/m.Time)))
	if *m.Busy < leastBusy && !slices.Contains(m.Flags, energy.FlagHostBound) {
		m.Flags = append(m.Flags, energy.FlagHostBound)
	}
}

// fits reports whether there is time left for something that takes so long, and for the last round of anchors.
func (s *session) fits(d time.Duration) bool {
	return s.opts.Budget <= 0 || s.clock.Now()-s.begin+d+s.anchorCost(s.opts.forAnchor()) <= s.opts.Budget
}

// estimate is how long measuring a task takes by the rules alone.
func (s *session) estimate(t Task, opts Options) time.Duration {
	window := max(opts.Window, min(opts.MaxWindow, time.Duration(float64(opts.MinRuns)*float64(t.Expected)*float64(time.Second))))
	d := opts.WarmUp + time.Duration(opts.Windows)*(window+2*s.gauge.period)
	if t.GraphToo {
		d += graphTime
	}
	if t.Base != nil {
		d *= 2
	}
	return d
}

// lookCost is how long the look at meter and idle power takes that a session begins with; 0 once it is taken.
func (s *session) lookCost() time.Duration {
	if s.gauge.known || s.gauge.meter == nil {
		return 0
	}
	return settleTime + 2*s.opts.Idle
}

// cost is how long measuring a task will take, by the rules and by how far they were off so far.
func (s *session) cost(t Task, opts Options) time.Duration {
	d := s.estimate(t, opts)
	if s.counted > 0 {
		d += max(0, s.spent/time.Duration(s.counted))
	}
	return d
}

// name is what messages call a task.
func (t *Task) name() string {
	r := &t.Record
	name := cmp.Or(r.Path, r.Op, r.Class, r.Model, string(r.Level))
	if r.Path != "" && r.Op != "" {
		name += " (" + r.Op + ")"
	}
	return name
}
