package ort

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
)

// run is a session in a child.
type run struct {
	child  *child
	id     int
	name   string
	graph  bool
	took   time.Duration // to prepare, the first run included
	load   *running      // that was started and not stopped
	closed bool
}

func (r *run) Graph() bool { return r.graph }

// usable says what keeps a run from beginning.
func (r *run) usable() error {
	switch {
	case r.closed:
		return fmt.Errorf("onnxruntime: %s: the run is closed", r.name)
	case r.load != nil:
		return fmt.Errorf("onnxruntime: %s: a load is running", r.name)
	}
	return nil
}

func (r *run) Burst(ctx context.Context, n int) (energy.Seconds, error) {
	if err := r.usable(); err != nil {
		return 0, err
	}
	if n < 1 {
		return 0, fmt.Errorf("onnxruntime: %s: %d runs, want 1 or more", r.name, n)
	}
	answer, err := r.child.call(ctx, request{Verb: verbBurst, Run: r.id, N: int64(n)}, r.name)
	if err != nil {
		return 0, err
	}
	return seconds(answer.Nanos), nil
}

func (r *run) Start(ctx context.Context) (profiler.Load, error) {
	if err := r.usable(); err != nil {
		return nil, err
	}
	if _, err := r.child.call(ctx, request{Verb: verbStart, Run: r.id}, r.name); err != nil {
		return nil, err
	}
	l := &running{run: r, ctx: ctx}
	l.unwatch = context.AfterFunc(ctx, func() { r.child.send(request{Verb: verbInterrupt}) })
	r.load = l
	return l, nil
}

func (r *run) Close() error {
	if r.closed {
		return nil
	}
	if r.load != nil {
		if _, err := r.load.Stop(); err != nil {
			r.closed = true
			return err
		}
	}
	r.closed = true
	if !r.child.usable() {
		return nil // the session went with its process, or will
	}
	_, err := r.child.within(r.child.grace, request{Verb: verbClose, Run: r.id}, r.name)
	return err
}

// running is a load in a child.
type running struct {
	run     *run
	ctx     context.Context // that the load was started with: it ends with it
	unwatch func() bool
	stopped bool
}

var errStopped = errors.New("the load is stopped")

func (l *running) Progress() (profiler.Progress, error) {
	if l.stopped {
		return profiler.Progress{}, fmt.Errorf("onnxruntime: %s: %w", l.run.name, errStopped)
	}
	if l.ctx.Err() != nil {
		return profiler.Progress{}, fmt.Errorf("onnxruntime: %s: %w", l.run.name, context.Cause(l.ctx))
	}
	return l.ask(verbProgress, l.run.child.grace)
}

func (l *running) Stop() (profiler.Progress, error) {
	if l.stopped {
		return profiler.Progress{}, fmt.Errorf("onnxruntime: %s: %w", l.run.name, errStopped)
	}
	l.unwatch()
	l.stopped, l.run.load = true, nil
	limit := l.run.child.grace + 2*l.run.took // the run that is under way has to end first
	if l.ctx.Err() != nil {
		limit = min(limit, lateGrace)
	}
	return l.ask(verbStop, limit)
}

func (l *running) ask(v verb, limit time.Duration) (profiler.Progress, error) {
	answer, err := l.run.child.within(limit, request{Verb: v, Run: l.run.id}, l.run.name)
	if err != nil {
		return profiler.Progress{}, err
	}
	return profiler.Progress{Runs: answer.Runs, At: seconds(answer.Nanos)}, nil
}

func seconds(nanos int64) energy.Seconds { return energy.Seconds(float64(nanos) / 1e9) }
