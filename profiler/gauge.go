package profiler

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/irene-onnx/irene/energy"
)

// How the counter is held against the integral of power, and what is made of it.
const (
	checkWarn   = 0.05 // from there on, a warning
	checkRefuse = 0.20 // from there on, the counter is not used

	findPoll = 200 * time.Microsecond // while the period is found out
	findTime = 5 * time.Second        // how long that may take
	findGaps = 12                     // updates that are enough
	samples  = 25 * time.Millisecond  // between two samples of power
)

// CounterCheck is what a session found out about its meter's energy counter.
type CounterCheck struct {
	Method  energy.Method // how energy is read: the counter, or power where that is no good
	Period  energy.Seconds
	Quantum energy.Joules // every reading is a multiple of it; 0 where the period was known and nobody looked

	// Energy by the counter over energy by the integral of power, over some seconds under load and idle; nil where
	// the meter lacks one of the two. A counter that does not move at all is at 0.
	Load, Idle *float64
}

// worst is the ratio that is farther from 1.
func (c *CounterCheck) worst() float64 {
	off := 0.
	for _, ratio := range []*float64{c.Load, c.Idle} {
		if ratio != nil {
			off = max(off, math.Abs(*ratio-1))
		}
	}
	return off
}

// gauge is how energy is read: by the meter, or as the integral of its power where its counter is no good.
type gauge struct {
	env       *Environment
	clock     Clock
	meter     Meter         // nil: only time is measured
	method    energy.Method // of the records
	period    time.Duration // between two updates; 0 as long as nobody knows
	limit     *energy.Watts
	check     CounterCheck
	known     bool // learn is done
	idleKnown bool // measureIdle is done

	idle, idleIntegrated *energy.Watts // by the meter, and by the integral of power
}

func newGauge(env *Environment) *gauge {
	g := &gauge{env: env, clock: env.clock(), meter: env.Meter, method: energy.MethodTime, idle: env.Idle}
	if g.meter == nil {
		return g
	}
	d := g.meter.Describe()
	g.method, g.period, g.limit = d.Method, d.Period, d.Device.PowerLimit
	return g
}

// finePoll is the pause between two readings while an update is waited for.
func (g *gauge) finePoll() time.Duration {
	if g.period == 0 {
		return time.Millisecond
	}
	return min(5*time.Millisecond, max(findPoll, g.period/50))
}

// coarsePoll is the pause between two readings within a window. It is short enough to see every update of a slow
// counter, and for meters that integrate as they are read.
func (g *gauge) coarsePoll() time.Duration {
	switch {
	case g.meter == nil:
		return timePoll
	case g.method == energy.MethodCounter:
		return max(g.period/2, slowestPoll)
	}
	return samples
}

// patience is how long to wait for an update before the meter counts as stuck.
func (g *gauge) patience() time.Duration { return max(20*g.period, leastPatience) }

// leastUpdates is how many updates a window has to hold.
func (g *gauge) leastUpdates(o Options) int {
	if g.period <= 0 {
		return 1
	}
	return max(1, min(o.MinUpdates, int(o.Window/max(g.period, 1))))
}

// counts reports whether there is a counter that power can be held against.
func (g *gauge) counts() bool { return g.meter != nil && g.method == energy.MethodCounter }

// learn finds out about the counter under a load: its period, and whether it agrees with the power.
func (g *gauge) learn(ctx context.Context, load Load, opts Options) error {
	if g.known || g.meter == nil {
		g.known = true
		return nil
	}
	if g.period == 0 {
		if err := g.findPeriod(ctx); err != nil {
			return err
		}
	}
	if g.counts() {
		opts.Window = opts.Idle
		w, err := g.takeWithIntegral(ctx, load, opts)
		if err != nil {
			return err
		}
		g.check.Load = w.ratio()
	}
	g.known = true
	g.decide()
	return nil
}

// takeWithIntegral takes a window of the counter, and of the integral of power beside it where the meter can read power.
func (g *gauge) takeWithIntegral(ctx context.Context, load Load, opts Options) (window, error) {
	opts.MaxWindow, opts.MinRuns = opts.Window, 1
	t := &taker{gauge: g, opts: opts, load: load}
	if g.counts() {
		t.integrator = newIntegrator(g.meter, g.clock)
	}
	return t.take(ctx)
}

// ratio is energy by the counter over the integral of power; nil where there is none.
func (w *window) ratio() *float64 {
	if w.integrated <= 0 {
		return nil
	}
	return new(float64(w.energy / w.integrated))
}

// decide says what the ratios mean, and drops a counter that is no good.
func (g *gauge) decide() {
	if off := g.check.worst(); off > checkWarn {
		g.env.logf("the energy counter and the integral of power disagree: counter/integral is %s under load, %s idle", ratioText(g.check.Load), ratioText(g.check.Idle))
		if off > checkRefuse {
			g.env.logf("the energy counter is not used; energies are integrals of power")
			g.meter, g.method, g.period = newIntegrator(g.meter, g.clock), energy.MethodIntegral, samples
			if g.idleIntegrated != nil {
				g.idle = g.idleIntegrated
			}
		}
	}
	g.check.Method, g.check.Period = g.method, energy.Seconds(g.period.Seconds())
}

// findPeriod reads the meter as fast as it can be read until it has been updated some times.
func (g *gauge) findPeriod(ctx context.Context) error {
	var gaps []time.Duration
	var steps []energy.Joules
	last, err := g.meter.Energy()
	if err != nil {
		return err
	}
	from := g.clock.Now()
	var changed *time.Duration
	for now := from; now-from < findTime && len(gaps) < findGaps; {
		if err := g.clock.Sleep(ctx, findPoll); err != nil {
			return err
		}
		e, err := g.meter.Energy()
		if err != nil {
			return err
		}
		now = g.clock.Now()
		if e == last {
			continue
		}
		if changed != nil {
			gaps = append(gaps, now-*changed)
		}
		steps = append(steps, e-last)
		last, changed = e, &now
	}
	g.check.Quantum = quantum(steps)
	if len(gaps) > 0 {
		slices.Sort(gaps)
		g.period = gaps[len(gaps)/2] // not the shortest: that is the one after a reading that came late
	}
	return nil
}

// quantum is the largest number of whole microjoules that divides all steps; 0 of none.
func quantum(steps []energy.Joules) energy.Joules {
	common := int64(0)
	for _, s := range steps {
		for a := int64(math.Round(math.Abs(float64(s)) * 1e6)); a != 0; {
			common, a = a, common%a
		}
	}
	return energy.Joules(common) / 1e6
}
