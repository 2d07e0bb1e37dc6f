package profiler

import (
	"context"
	"strconv"
	"time"

	"github.com/irene-onnx/irene/energy"
)

// settleTime is how long a device is left alone before its idle power is measured: preparing kept it busy.
const settleTime = time.Second

// measureIdle measures the power of a device that has a workload ready and runs nothing, once. A meter that does not
// move leaves the idle power unknown.
func (g *gauge) measureIdle(ctx context.Context, opts Options) error {
	if g.meter == nil || g.idle != nil || g.idleKnown {
		return nil
	}
	if err := g.clock.Sleep(ctx, settleTime); err != nil {
		return err
	}
	opts.Window = opts.Idle
	w, err := g.takeWithIntegral(ctx, nil, opts)
	if err != nil {
		return err
	}
	g.idleKnown = true
	if g.counts() {
		g.check.Idle = w.ratio()
	}
	if w.energy > 0 {
		g.idle = new(w.power())
	}
	if w.integrated > 0 {
		g.idleIntegrated = new(w.integrated.Over(w.elapsed))
	}
	if w.observed.foreign > 0 {
		g.env.logf("another process uses the device while its idle power is measured")
	}
	return nil
}

// ratioText prints a ratio, or that it is unknown.
func ratioText(r *float64) string {
	if r == nil {
		return "unknown"
	}
	return strconv.FormatFloat(*r, 'f', 3, 64)
}

// netEnergy is an energy without what the device would have spent idling for that time; nil where the idle power is unknown.
func netEnergy(gross energy.Joules, idle *energy.Watts, t energy.Seconds) *energy.Joules {
	if idle == nil {
		return nil
	}
	return new(max(0, gross-idle.Times(t)))
}
