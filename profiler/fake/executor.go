package fake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
)

// prepareTime is how long it takes to load a workload.
const prepareTime = 80 * time.Millisecond

// Executor opens an executor on the device.
func (d *Device) Executor() profiler.Executor { return &executor{m: d.m} }

type executor struct {
	m        *machine
	prepared int
	closed   bool
}

// Describe names the fake.
func (e *executor) Describe() profiler.Description {
	return profiler.Description{Runtime: energy.Runtime{Name: "fake", Version: "1"}, Device: e.m.device()}
}

// Prepare takes what to pretend from the workload's kernels; it does not look at the model.
func (e *executor) Prepare(ctx context.Context, w profiler.Workload) (profiler.Run, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e.m.mu.Lock()
	defer e.m.mu.Unlock()
	if e.closed {
		return nil, errClosed
	}
	e.prepared++
	e.m.advance(prepareTime)
	if err := e.m.alive(); err != nil {
		return nil, err
	}
	if e.prepared == e.m.opts.CrashOn {
		return nil, fmt.Errorf("fake device: %s: the executor crashed", w.Name)
	}
	copies := max(1, w.Copies)
	if err := e.m.refuse(w, copies); err != nil {
		return nil, err
	}
	graph := w.Graph && !e.m.opts.NoGraph
	c := runCost(w.Work, conditions{hot: copies == 1, graph: graph, noise: e.m.opts.Noise, seed: e.m.opts.Seed})
	c.time *= float64(copies)
	return &run{m: e.m, cost: c, graph: graph}, nil
}

// refuse says why a workload cannot be run. It needs the memory of its largest kernel, in every copy.
func (m *machine) refuse(w profiler.Workload, copies int) error {
	if len(w.Work) == 0 {
		return fmt.Errorf("fake device: %s: no kernels to pretend: %w", w.Name, profiler.ErrUnsupported)
	}
	var bytes int64
	for _, k := range w.Work {
		if slices.Contains(m.opts.Unsupported, k.Class) {
			return fmt.Errorf("fake device: %s: no kernel for %s: %w", w.Name, k.Class, profiler.ErrUnsupported)
		}
		bytes = max(bytes, int64(copies)*(k.Read+k.Written))
	}
	if bytes > m.opts.MemoryBytes {
		return fmt.Errorf("fake device: %s: out of memory: %s of %s: %w", w.Name,
			energy.FormatBinaryBytes(float64(bytes)), energy.FormatBinaryBytes(float64(m.opts.MemoryBytes)), profiler.ErrUnsupported)
	}
	return nil
}

func (e *executor) Close() error {
	e.m.mu.Lock()
	defer e.m.mu.Unlock()
	e.closed = true
	return nil
}

// run is a workload that is ready.
type run struct {
	m      *machine
	cost   cost
	graph  bool
	closed bool
}

var errBusy = errors.New("fake device: a load is running")

// Burst takes as long as n runs do.
func (r *run) Burst(ctx context.Context, n int) (energy.Seconds, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	if err := r.begin(); err != nil {
		return 0, err
	}
	j := r.m.job
	for from := r.m.now; j.done < int64(n); {
		_, slower := r.m.state()
		left := max(1, time.Duration((float64(n)-j.runs)*j.cost.time*slower*1e9))
		r.m.advance(min(left, longestStep))
		if err := r.m.alive(); err != nil {
			r.m.job = nil
			return 0, err
		}
		if j.done >= int64(n) {
			r.m.job = nil
			return j.end - energy.Seconds(from.Seconds()), nil
		}
	}
	r.m.job = nil
	return 0, nil
}

// Start begins a load.
func (r *run) Start(ctx context.Context) (profiler.Load, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	if err := r.begin(); err != nil {
		return nil, err
	}
	return &load{m: r.m, job: r.m.job}, nil
}

// begin puts the run on the device.
func (r *run) begin() error {
	switch {
	case r.closed:
		return errClosed
	case r.m.job != nil:
		return errBusy
	}
	if err := r.m.alive(); err != nil {
		return err
	}
	r.m.job = &job{cost: r.cost.perturbed(r.m.random, r.m.opts.Jitter), end: energy.Seconds(r.m.now.Seconds())}
	return nil
}

func (r *run) Graph() bool { return r.graph }

func (r *run) Close() error {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	r.closed = true
	return nil
}

// load is a job that runs until it is stopped.
type load struct {
	m   *machine
	job *job // nil once stopped
}

func (l *load) Progress() (profiler.Progress, error) {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	if l.job == nil {
		return profiler.Progress{}, errors.New("fake device: the load was stopped")
	}
	l.m.advance(time.Microsecond)
	return profiler.Progress{Runs: l.job.done, At: l.job.end}, l.m.alive()
}

// Stop waits for the run that has begun.
func (l *load) Stop() (profiler.Progress, error) {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	if l.job == nil {
		return profiler.Progress{}, errors.New("fake device: the load was stopped")
	}
	_, slower := l.m.state()
	if left := float64(l.job.done) + 1 - l.job.runs; left < 1 {
		l.m.advance(time.Duration(left*l.job.cost.time*slower*1e9) + 1)
	}
	p := profiler.Progress{Runs: l.job.done, At: l.job.end}
	l.job, l.m.job = nil, nil
	return p, l.m.alive()
}
