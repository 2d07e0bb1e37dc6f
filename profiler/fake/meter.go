package fake

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
)

// readTime is how long a reading takes. Whoever only polls gets on, too.
const readTime = 5 * time.Microsecond

var errClosed = errors.New("fake device: closed")

// Meter opens a meter of the device. It can lock clocks.
func (d *Device) Meter() profiler.Meter { return &meter{m: d.m} }

type meter struct {
	m      *machine
	closed bool
	busy   float64 // of the device, at the State before
	at     time.Duration
}

// Describe tells the method that the options leave.
func (r *meter) Describe() profiler.MeterDescription {
	o := r.m.opts
	d := profiler.MeterDescription{
		Name: "fake", Method: energy.MethodCounter, Boundary: energy.BoundaryBoard, Device: r.m.device(), Driver: "fake 1",
		Period: o.CounterPeriod,
		Capabilities: []profiler.Capability{
			{Name: "energy counter", Have: !o.NoCounter}, {Name: "instant power", Have: !o.NoPower}, {Name: "busy time", Have: !o.NoBusy},
		},
	}
	if o.NoCounter {
		d.Method = energy.MethodIntegral
	}
	if o.HidePeriod {
		d.Period = 0
	}
	return d
}

// Energy is what the counter says, or the integral of power where there is no counter.
func (r *meter) Energy() (energy.Joules, error) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	if err := r.ready(); err != nil {
		return 0, err
	}
	if r.m.opts.NoCounter {
		return energy.Joules(r.m.spent), nil
	}
	return energy.Joules(r.m.published), nil
}

// State reads the device at this moment.
func (r *meter) State() (profiler.State, error) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	if err := r.ready(); err != nil {
		return profiler.State{}, err
	}
	m := r.m
	power, _ := m.state()
	foreign := 0
	if m.opts.Foreign.contains(m.now) {
		foreign = 1
	}
	s := profiler.State{
		SMClock: new(energy.Hertz(math.Round(smClock * m.clock()))), MemoryClock: new(energy.Hertz(memoryClock)),
		Temperature: new(energy.Celsius(40 + 35*m.warmth())), Foreign: &foreign,
	}
	if !m.opts.NoPower {
		s.Power = new(energy.Watts(power))
	}
	if m.opts.Throttled.contains(m.now) {
		s.Limits = append(s.Limits, energy.FlagThrottled)
	}
	if m.job != nil && m.job.cost.capped {
		s.Limits = append(s.Limits, energy.FlagPowerCap)
	}
	if since := (m.now - r.at).Seconds(); since > 0 && !m.opts.NoBusy {
		share := min(1, max(0, (m.busy-r.busy)/since))
		s.Busy, s.Utilisation = &share, map[string]float64{"sm": 100 * share}
	}
	r.busy, r.at = m.busy, m.now
	return s, nil
}

// ready takes the time of a reading.
func (r *meter) ready() error {
	if r.closed {
		return errClosed
	}
	r.m.advance(readTime)
	return r.m.alive()
}

// LockClocks lowers the clock of the multiprocessors; that of the memory has to be what it is.
func (r *meter) LockClocks(sm, memory energy.Hertz) (func() error, error) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	switch {
	case sm <= 0 || sm > smClock:
		return nil, fmt.Errorf("fake device: SM clock %s: want up to %s", sm, energy.Hertz(smClock))
	case memory != 0 && memory != memoryClock:
		return nil, fmt.Errorf("fake device: memory clock %s: want %s", memory, energy.Hertz(memoryClock))
	}
	r.m.locked = float64(sm) / smClock
	return func() error {
		r.m.mu.Lock()
		defer r.m.mu.Unlock()
		r.m.locked = 0
		return nil
	}, nil
}

func (r *meter) Close() error {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	r.closed = true
	return nil
}
