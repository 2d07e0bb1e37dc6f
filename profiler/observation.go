package profiler

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/irene-onnx/irene/energy"
)

// observation sums up what a meter says beside energy over a stretch of time.
type observation struct {
	meter Meter // nil: nothing is seen
	clock Clock

	first, last State
	at          time.Duration // of the last

	sm, memory mean
	busy       mean
	shares     map[string]mean // of Utilisation
	limits     []string        // without repetition, in the order of appearance
	foreign    int             // most processes at once
}

// mean is a weighted one.
type mean struct{ sum, weight float64 }

func (m *mean) add(value, weight float64) {
	m.sum += value * weight
	m.weight += weight
}

// value is nil of nothing.
func (m mean) value() *float64 {
	if m.weight == 0 {
		return nil
	}
	return new(m.sum / m.weight)
}

// begin forgets what was seen and looks for the first time. Shares since before that are left out.
func (w *observation) begin() error {
	*w = observation{meter: w.meter, clock: w.clock}
	if err := w.look(); err != nil {
		return err
	}
	w.first, w.busy, w.shares = w.last, mean{}, nil
	return nil
}

// look adds the state of this moment.
func (w *observation) look() error {
	if w.meter == nil {
		return nil
	}
	s, err := w.meter.State()
	switch {
	case errors.Is(err, ErrDevice):
		return err
	case err != nil:
		return fmt.Errorf("%w: %w", ErrDevice, err)
	}
	w.add(s, w.clock.Now())
	return nil
}

// add counts a state in that was read now.
func (w *observation) add(s State, now time.Duration) {
	since := (now - w.at).Seconds()
	w.last, w.at = s, now
	if s.SMClock != nil {
		w.sm.add(float64(*s.SMClock), 1)
	}
	if s.MemoryClock != nil {
		w.memory.add(float64(*s.MemoryClock), 1)
	}
	if s.Busy != nil {
		w.busy.add(*s.Busy, since)
	}
	for name, share := range s.Utilisation {
		if w.shares == nil {
			w.shares = map[string]mean{}
		}
		m := w.shares[name]
		m.add(share, since)
		w.shares[name] = m
	}
	for _, limit := range s.Limits {
		if !slices.Contains(w.limits, limit) {
			w.limits = append(w.limits, limit)
		}
	}
	if s.Foreign != nil {
		w.foreign = max(w.foreign, *s.Foreign)
	}
}

// meanOf averages a share over windows; nil where no window has it.
func meanOf(windows []window, share func(*window) *float64) *float64 {
	var m mean
	for i := range windows {
		if v := share(&windows[i]); v != nil {
			m.add(*v, float64(windows[i].elapsed))
		}
	}
	return m.value()
}

// meanUtilisation averages each share over windows.
func meanUtilisation(windows []window) map[string]float64 {
	names := map[string]bool{}
	for i := range windows {
		for name := range windows[i].observed.shares {
			names[name] = true
		}
	}
	if len(names) == 0 {
		return nil
	}
	out := map[string]float64{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		out[name] = *meanOf(windows, func(w *window) *float64 { return w.observed.shares[name].value() })
	}
	return out
}

// clocksOf is what the device ran at before the first window and after the last; nil where the meter cannot tell.
func clocksOf(windows []window, locked bool) *energy.Clocks {
	before, after := windows[0].observed.first, windows[len(windows)-1].observed.last
	c := energy.Clocks{
		SMBefore: before.SMClock, SMAfter: after.SMClock, MemoryBefore: before.MemoryClock, MemoryAfter: after.MemoryClock,
		Locked: locked, TempBefore: before.Temperature, TempAfter: after.Temperature,
	}
	if c == (energy.Clocks{}) {
		return nil
	}
	return &c
}
