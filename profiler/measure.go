package profiler

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/stats"
)

// Measurement is what one execution of a workload takes: medians over windows.
type Measurement struct {
	Method energy.Method
	Time   energy.Seconds
	Energy *energy.Joules // gross; nil where the meter did not move, or there is none
	Power  *energy.Watts  // mean

	KernelTime  *energy.Seconds // where launches were replayed
	Busy        *float64
	Utilisation map[string]float64
	Clocks      *energy.Clocks
	Spread      energy.Spread
	Flags       []string
	End         time.Time // when the last window ended; zero where nobody knows the time of day
}

// Measure measures a workload that is ready to run, in windows under a steady load. The counter is looked into first:
// see [CounterCheck]. An error says that the load failed or that the meter could not be read; it is [ErrDevice] where
// nothing more can be measured.
func Measure(ctx context.Context, run Run, w Workload, env Environment, opts Options) (Measurement, error) {
	return newGauge(&env).measure(ctx, run, w, opts.withDefaults())
}

// measure starts the load, and stops it whatever happens.
func (g *gauge) measure(ctx context.Context, run Run, w Workload, opts Options) (Measurement, error) {
	load, err := run.Start(ctx)
	if err != nil {
		return Measurement{}, err
	}
	a, err := g.underLoad(ctx, load, opts)
	if _, stopErr := load.Stop(); err == nil {
		err = stopErr
	}
	if err != nil {
		return Measurement{}, err
	}
	m, err := a.measurement(g, max(1, w.Copies))
	if err != nil {
		return Measurement{}, err
	}
	if w.Graph && run.Graph() {
		m.KernelTime = new(m.Time)
	}
	return m, nil
}

// underLoad warms up and takes windows until they are good, or there were enough tries. It returns the best try.
func (g *gauge) underLoad(ctx context.Context, load Load, opts Options) (attempt, error) {
	if err := g.warmUp(ctx, load, opts); err != nil {
		return attempt{}, err
	}
	if err := g.learn(ctx, load, opts); err != nil {
		return attempt{}, err
	}
	pauses := rand.New(rand.NewPCG(opts.Seed, 2))
	var best attempt
	for try := 0; try <= opts.Retries; try++ {
		a, err := g.attempt(ctx, load, opts, pauses)
		if err != nil {
			return attempt{}, err
		}
		if try == 0 || a.better(&best) {
			best = a
		}
		if !a.worthRepeating() {
			break
		}
	}
	return best, nil
}

// warmUp lets the load run until the device is warm and nothing of a beginning is left.
func (g *gauge) warmUp(ctx context.Context, load Load, opts Options) error {
	from := g.clock.Now()
	var s stall
	for {
		p, err := load.Progress()
		if err != nil {
			return err
		}
		now := g.clock.Now()
		left := opts.WarmUp - (now - from)
		if left <= 0 && p.Runs >= int64(opts.WarmUpRuns) {
			return nil
		}
		if err := s.check(p.Runs, now); err != nil {
			return err
		}
		if err := g.clock.Sleep(ctx, max(time.Millisecond, min(timePoll, left))); err != nil {
			return err
		}
	}
}

// measurement sums the attempt up, per execution of one of so many copies.
func (a *attempt) measurement(g *gauge, copies int) (Measurement, error) {
	n := float64(copies)
	m := Measurement{
		Method:      g.method,
		Busy:        meanOf(a.windows, func(w *window) *float64 { return w.observed.busy.value() }),
		Utilisation: meanUtilisation(a.windows),
		Clocks:      clocksOf(a.windows, g.env.Locked),
		Flags:       a.flags,
		End:         a.end,
	}
	times := perWindow(a.windows, func(w *window) float64 { return float64(w.perRun) / n })
	joules := perWindow(a.windows, func(w *window) float64 { return runEnergy(w) / n })
	if len(times) == 0 {
		return Measurement{}, errors.New("the clock of the executor stands still")
	}
	m.Time = energy.Seconds(stats.Median(times))
	for _, t := range times {
		m.Spread.Times = append(m.Spread.Times, energy.Seconds(t))
	}
	for _, j := range joules {
		m.Spread.Windows = append(m.Spread.Windows, energy.Joules(j))
	}
	if len(joules) > 0 {
		m.Energy = new(energy.Joules(stats.Median(joules)))
		m.Power = new(energy.Watts(stats.Median(perWindow(a.windows, func(w *window) float64 {
			if w.energy <= 0 {
				return 0
			}
			return float64(w.power())
		}))))
	}
	if len(a.windows) > 1 {
		m.Spread.CV = new(a.cv)
	}
	m.Spread.Window = new(energy.Seconds(stats.Median(perWindow(a.windows, func(w *window) float64 { return float64(w.elapsed) }))))
	m.Spread.Iterations = int64(stats.Median(perWindow(a.windows, func(w *window) float64 { return float64(w.runs) * n })))
	if g.meter != nil && g.period > 0 {
		m.Spread.CounterPeriod = new(energy.Seconds(g.period.Seconds()))
	}
	return m, nil
}
