package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
	"github.com/irene-onnx/irene/profiler/wallmeter"
)

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
