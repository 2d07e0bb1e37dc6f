package profiler

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/stats"
)

// What makes a measurement doubtful.
const (
	leastBusy      = 0.95 // below it the device waited for the host
	clockTolerance = 0.02 // of mean clocks between windows
	powerMargin    = 0.1  // below idle and above the limit
)

// attempt is a set of windows under one load.
type attempt struct {
	windows []window
	cv      float64 // of energy or time, whichever is larger; 0 where there is one window
	flags   []string
	end     time.Time
}

// attempt takes the windows, with pauses between them that leave the phase of the meter to chance.
func (g *gauge) attempt(ctx context.Context, load Load, opts Options, pauses *rand.Rand) (attempt, error) {
	var a attempt
	t := &taker{gauge: g, opts: opts, load: load}
	for range opts.Windows {
		if g.period > 0 {
			if err := g.clock.Sleep(ctx, time.Duration(pauses.Int64N(int64(g.period)))); err != nil {
				return attempt{}, err
			}
		}
		w, err := t.take(ctx)
		if err != nil {
			return attempt{}, err
		}
		a.windows = append(a.windows, w)
	}
	if g.env.Now != nil {
		a.end = g.env.Now()
	}
	a.judge(g, opts)
	return a, nil
}

// judge finds what is doubtful about the windows.
func (a *attempt) judge(g *gauge, opts Options) {
	say := func(flag string, yes bool) {
		if yes && !slices.Contains(a.flags, flag) {
			a.flags = append(a.flags, flag)
		}
	}
	if len(a.windows) > 1 {
		a.cv = stats.CV(perWindow(a.windows, func(w *window) float64 { return float64(w.perRun) }))
		if joules := perWindow(a.windows, runEnergy); len(joules) > 1 {
			a.cv = max(a.cv, stats.CV(joules))
		}
	}
	say(energy.FlagCV, a.cv > opts.MaxCV)
	for i := range a.windows {
		w := &a.windows[i]
		for _, limit := range []string{energy.FlagThrottled, energy.FlagPowerCap} {
			say(limit, slices.Contains(w.observed.limits, limit))
		}
		say(energy.FlagForeign, w.observed.foreign > 0)
		say(energy.FlagShort, w.short)
		say(energy.FlagPower, w.energy > 0 && g.implausible(w.power()))
	}
	say(energy.FlagClock, a.clocksChanged() && !slices.Contains(a.flags, energy.FlagPowerCap))
	busy := meanOf(a.windows, func(w *window) *float64 { return w.observed.busy.value() })
	say(energy.FlagHostBound, busy != nil && *busy < leastBusy)
}

// implausible reports whether no working device can have that power.
func (g *gauge) implausible(p energy.Watts) bool {
	switch {
	case g.idle != nil && p < *g.idle*(1-powerMargin):
		g.env.logf("mean power %s is below the idle power %s", p, *g.idle)
	case g.limit != nil && p > *g.limit*(1+powerMargin):
		g.env.logf("mean power %s is above the power limit %s", p, *g.limit)
	default:
		return false
	}
	return true
}

// clocksChanged reports whether the windows ran at different clocks. At the power limit they always do.
func (a *attempt) clocksChanged() bool {
	differ := func(clock func(*window) *float64) bool {
		low, high := 0., 0.
		for i := range a.windows {
			if c := clock(&a.windows[i]); c != nil {
				if low == 0 || *c < low {
					low = *c
				}
				high = max(high, *c)
			}
		}
		return high-low > clockTolerance*high
	}
	return differ(func(w *window) *float64 { return w.observed.sm.value() }) || differ(func(w *window) *float64 { return w.observed.memory.value() })
}

// worthRepeating reports whether other windows may turn out better: those that did not agree, and those of a device that
// was slowed down. Other users and a meter that is too slow do not go away.
func (a *attempt) worthRepeating() bool {
	return slices.ContainsFunc([]string{energy.FlagCV, energy.FlagThrottled, energy.FlagClock}, func(f string) bool { return slices.Contains(a.flags, f) })
}

// better reports whether a has fewer flags that spoil it than b, or else agrees better.
func (a *attempt) better(b *attempt) bool {
	spoiled := func(a *attempt) (n int) {
		for _, f := range energy.Unusable() {
			if slices.Contains(a.flags, f) {
				n++
			}
		}
		return n
	}
	if x, y := spoiled(a), spoiled(b); x != y {
		return x < y
	}
	return a.cv < b.cv
}

// runEnergy is the energy of one run of a window; 0 where the meter did not move.
func runEnergy(w *window) float64 {
	if w.energy <= 0 {
		return 0
	}
	return float64(w.power().Times(w.perRun))
}

// perWindow lists a number of each window that has it.
func perWindow(windows []window, number func(*window) float64) []float64 {
	var out []float64
	for i := range windows {
		if v := number(&windows[i]); v > 0 {
			out = append(out, v)
		}
	}
	return out
}
