package profiler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/stats"
)

// graphTime is about how long kernelTime takes.
const graphTime = 4 * time.Second

// kernelTime measures a workload with launches replayed, in three bursts of about a second; nil where the executor
// cannot record launches.
func kernelTime(ctx context.Context, e Executor, w Workload) (*energy.Seconds, error) {
	w.Graph = true
	run, err := e.Prepare(ctx, w)
	if err != nil {
		return nil, err
	}
	t, err := burstTime(ctx, run)
	if t != nil {
		*t /= energy.Seconds(max(1, w.Copies))
	}
	return t, errors.Join(err, run.Close())
}

// burstTime is how long one run takes; nil where launches are not replayed.
func burstTime(ctx context.Context, run Run) (*energy.Seconds, error) {
	const bursts, first, length = 3, 10, 1. // s
	if !run.Graph() {
		return nil, nil
	}
	t, err := run.Burst(ctx, first)
	if err != nil {
		return nil, err
	}
	if t <= 0 {
		return nil, fmt.Errorf("%d runs took %s", first, t)
	}
	n := max(1, int(length*first/float64(t)))
	var times []float64
	for range bursts {
		if t, err = run.Burst(ctx, n); err != nil {
			return nil, err
		}
		times = append(times, float64(t)/float64(n))
	}
	return new(energy.Seconds(stats.Median(times))), nil
}
