package profiler

import (
	"time"

	"github.com/irene-onnx/irene/energy"
)

// integrator reads energy as the integral of another meter's power. It samples the power whenever it is asked for the
// energy, so whoever uses it asks often. Between two samples power follows a straight line, whether they differ or not;
// before the first and after the last it is theirs. Without any sample the energy stays zero.
type integrator struct {
	Meter
	clock Clock

	total energy.Joules // up to the last sample
	last  *energy.Watts
	at    time.Duration // of the last sample; of the beginning, where there is none
	shown energy.Joules // highest that Energy has returned

	observed *observation // since the State before
}

func newIntegrator(m Meter, c Clock) *integrator {
	now := c.Now()
	return &integrator{Meter: m, clock: c, at: now, observed: &observation{at: now}}
}

// Energy adds a sample and returns the integral so far.
func (i *integrator) Energy() (energy.Joules, error) {
	if _, err := i.sample(); err != nil {
		return 0, err
	}
	now := i.total
	if i.last != nil {
		now += i.last.Times(energy.Seconds((i.clock.Now() - i.at).Seconds()))
	}
	i.shown = max(i.shown, now)
	return i.shown, nil
}

// State is that of the meter, with shares since the State before, whatever samples were taken in between.
func (i *integrator) State() (State, error) {
	s, err := i.sample()
	if err != nil {
		return State{}, err
	}
	s.Busy, s.Utilisation, s.Limits = i.observed.busy.value(), nil, i.observed.limits
	for name, m := range i.observed.shares {
		if v := m.value(); v != nil {
			if s.Utilisation == nil {
				s.Utilisation = map[string]float64{}
			}
			s.Utilisation[name] = *v
		}
	}
	i.observed = &observation{at: i.observed.at}
	return s, nil
}

// sample reads the meter's state and adds it to the integral, by the trapezoidal rule.
func (i *integrator) sample() (State, error) {
	s, err := i.Meter.State()
	if err != nil {
		return State{}, err
	}
	now := i.clock.Now()
	i.observed.add(s, now)
	if s.Power == nil {
		return s, nil
	}
	if i.last == nil {
		i.last = s.Power
	}
	i.total += ((*i.last + *s.Power) / 2).Times(energy.Seconds((now - i.at).Seconds()))
	i.last, i.at = s.Power, now
	return s, nil
}
