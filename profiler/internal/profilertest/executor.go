package profilertest

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
)

// ExecutorCase is a kind of executor.
type ExecutorCase struct {
	Open     func(*testing.T) profiler.Executor // a new executor, without a Cleanup: the suite closes it
	Clock    profiler.Clock                     // by which time passes for the executor
	Workload profiler.Workload                  // one that runs
	Refused  *profiler.Workload                 // one that does not; nil: none is known

	// Scale is by how much a burst of ten times the runs may be off ten times the time, as a factor: 1.01 in virtual
	// time, 5 on a shared machine; 0: nobody looks.
	Scale float64
}

// TestExecutor holds an executor to the contracts of profiler.Executor, Run and Load.
func TestExecutor(t *testing.T, c ExecutorCase) {
	t.Run("Describe", c.describe)
	t.Run("Burst", c.burst)
	t.Run("Load", c.load)
	t.Run("Stop", c.stop)
	t.Run("Cancel", c.cancel)
	t.Run("Refused", c.refused)
	t.Run("Close", c.close)
}

func (c ExecutorCase) describe(t *testing.T) {
	e := c.Open(t)
	defer closeAll(t, e)
	d := e.Describe()
	if d.Runtime.Name == "" {
		t.Error("the runtime has no name")
	}
	checkDevice(t, d.Device)
}

// prepare opens an executor and prepares the workload.
func (c ExecutorCase) prepare(t *testing.T) (profiler.Executor, profiler.Run) {
	t.Helper()
	e := c.Open(t)
	run, err := e.Prepare(t.Context(), c.Workload)
	if err != nil {
		closeAll(t, e)
		t.Fatalf("Prepare: %v", err)
	}
	return e, run
}

// burst holds that bursts take time, and the more the longer they are.
func (c ExecutorCase) burst(t *testing.T) {
	e, run := c.prepare(t)
	defer closeAll(t, run, e)
	few := bursts(t, run, 10)
	if c.Scale == 0 {
		return
	}
	ratio := float64(bursts(t, run, 100) / few)
	if ratio < 10/c.Scale || ratio > 10*c.Scale {
		t.Errorf("100 runs take %.3g times as long as 10", ratio)
	}
}

// bursts is the shortest of some bursts of n runs: others were disturbed.
func bursts(t *testing.T, run profiler.Run, n int) energy.Seconds {
	t.Helper()
	least := energy.Seconds(0)
	for i := range 5 {
		took, err := run.Burst(t.Context(), n)
		if err != nil {
			t.Fatalf("Burst(%d): %v", n, err)
		}
		if !(took > 0) {
			t.Fatalf("Burst(%d) took %v s", n, float64(took))
		}
		if i == 0 || took < least {
			least = took
		}
	}
	return least
}

// load holds that a load gets on, that its runs end in order, and that it counts the runs that it has made: runs and
// time agree with a burst.
func (c ExecutorCase) load(t *testing.T) {
	e, run := c.prepare(t)
	defer closeAll(t, run, e)
	load, err := run.Start(t.Context())
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	first := c.await(t, load, 1)
	last, inLoad := first, math.Inf(1) // inLoad is of the quickest of some stretches: other programs slow a load down, too
	for range 5 {
		next := c.await(t, load, last.Runs+5)
		if next.At <= last.At {
			t.Fatalf("run %d ended at %v s, run %d at %v s", last.Runs, float64(last.At), next.Runs, float64(next.At))
		}
		inLoad = min(inLoad, float64(next.At-last.At)/float64(next.Runs-last.Runs))
		last = next
	}
	final, err := load.Stop()
	if err != nil {
		t.Fatalf("Stop: %v", err)
	}
	if final.Runs < last.Runs || final.At < last.At {
		t.Errorf("stopped after %d runs at %v s, though %d had ended at %v s", final.Runs, float64(final.At), last.Runs, float64(last.At))
	}
	if c.Scale > 0 {
		inBurst := float64(bursts(t, run, 100)) / 100
		if ratio := inLoad / inBurst; ratio < 1/c.Scale || ratio > c.Scale {
			t.Errorf("a run takes %v s in a load and %v s in a burst", inLoad, inBurst)
		}
	}
}

// await waits until so many runs have ended.
func (c ExecutorCase) await(t *testing.T, load profiler.Load, runs int64) profiler.Progress {
	t.Helper()
	last := profiler.Progress{}
	for from := c.Clock.Now(); c.Clock.Now()-from < 30*time.Second; sleep(t, c.Clock, 100*time.Microsecond) {
		p, err := load.Progress()
		if err != nil {
			t.Fatalf("Progress: %v", err)
		}
		if p.Runs < last.Runs || p.At < last.At && last.Runs > 0 {
			t.Fatalf("progress went from %+v to %+v", last, p)
		}
		if p.Runs == last.Runs && last.Runs > 0 && p.At != last.At {
			t.Fatalf("the end of run %d moved from %v s to %v s", p.Runs, float64(last.At), float64(p.At))
		}
		if last = p; p.Runs >= runs {
			return p
		}
	}
	t.Fatalf("no %d runs within half a minute", runs)
	return last
}

// stop holds that a stopped load is over, and that its run can be used again.
func (c ExecutorCase) stop(t *testing.T) {
	e, run := c.prepare(t)
	defer closeAll(t, run, e)
	for range 2 {
		load, err := run.Start(t.Context())
		if err != nil {
			t.Fatalf("Start: %v", err)
		}
		c.await(t, load, 1)
		if _, err := load.Stop(); err != nil {
			t.Fatalf("Stop: %v", err)
		}
		if p, err := load.Progress(); err == nil {
			t.Errorf("a stopped load is at %+v", p)
		}
		if p, err := load.Stop(); err == nil {
			t.Errorf("a stopped load stops again, at %+v", p)
		}
	}
	bursts(t, run, 1)
	load, err := run.Start(t.Context())
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	if _, err := load.Stop(); err != nil {
		t.Errorf("Stop right after Start: %v", err)
	}
}

// cancel holds that nothing begins under a context that has ended, and that the executor can be used afterwards.
func (c ExecutorCase) cancel(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	e, run := c.prepare(t)
	defer closeAll(t, run, e)
	if another, err := e.Prepare(ended, c.Workload); err == nil {
		t.Error("Prepare succeeds under a context that has ended")
		closeAll(t, another)
	}
	if _, err := run.Burst(ended, 1); err == nil {
		t.Error("Burst succeeds under a context that has ended")
	}
	if load, err := run.Start(ended); err == nil {
		t.Error("Start succeeds under a context that has ended")
		_, _ = load.Stop()
	}
	bursts(t, run, 1)
}

// refused holds that a workload that cannot run is an error of its own, not of the executor.
func (c ExecutorCase) refused(t *testing.T) {
	if c.Refused == nil {
		t.Skip("no workload is known that is refused")
	}
	e := c.Open(t)
	defer closeAll(t, e)
	if run, err := e.Prepare(t.Context(), *c.Refused); err == nil {
		closeAll(t, run)
		t.Error("it can be prepared")
	}
	run, err := e.Prepare(t.Context(), c.Workload)
	if err != nil {
		t.Fatalf("the next workload: %v", err)
	}
	bursts(t, run, 1)
	closeAll(t, run)
}

// close holds that a closed executor prepares nothing.
func (c ExecutorCase) close(t *testing.T) {
	e, run := c.prepare(t)
	closeAll(t, run, e)
	if run, err := e.Prepare(t.Context(), c.Workload); err == nil {
		t.Error("a closed executor prepares a workload")
		closeAll(t, run)
	}
}

// closeAll closes runs and executors, in that order.
func closeAll(t *testing.T, list ...interface{ Close() error }) {
	t.Helper()
	for _, c := range list {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
}
