package profiler

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/irene-onnx/irene/energy"
)

// script is a meter and a clock that tell what is written.
type script struct {
	Meter
	now   time.Duration
	state State
}

func (s *script) Now() time.Duration { return s.now }

func (s *script) Sleep(context.Context, time.Duration) error { return nil }

func (s *script) State() (State, error) { return s.state, nil }

// TestIntegrator holds the integral against areas under a hand-drawn line.
func TestIntegrator(t *testing.T) {
	s := &script{}
	i := newIntegrator(s, s)
	for _, c := range []struct {
		at    time.Duration
		power float64 // -1: not told
		want  float64
	}{
		{1, -1, 0},    // nothing known
		{2, 100, 200}, // 100 W from the beginning on
		{4, 200, 500}, // and a trapezoid of 300 J
		{5, -1, 700},  // 200 W go on
		{6, 0, 700},   // 500 J and a triangle of 200 J: less would be known now, but it was shown
		{7, 100, 750},
		{8, 100, 850}, // equal samples count
	} {
		s.now = c.at * time.Second
		if s.state.Power = nil; c.power >= 0 {
			s.state.Power = new(energy.Watts(c.power))
		}
		if got, err := i.Energy(); err != nil || math.Abs(float64(got)-c.want) > 1e-9 {
			t.Errorf("after %d s: %v J, %v; want %v", c.at, float64(got), err, c.want)
		}
	}
}

// TestIntegratorNeverDecreases holds that power that fell while nobody knew takes nothing back.
func TestIntegratorNeverDecreases(t *testing.T) {
	s := &script{state: State{Power: new(energy.Watts(300))}}
	i := newIntegrator(s, s)
	last := energy.Joules(0)
	for n := range 20 {
		s.now += time.Second
		switch n % 4 {
		case 1, 2:
			s.state.Power = nil
		case 3:
			s.state.Power = new(energy.Watts(1))
		default:
			s.state.Power = new(energy.Watts(300))
		}
		got, err := i.Energy()
		if err != nil || got < last {
			t.Fatalf("after %s: %v J, %v; it was %v J", s.now, float64(got), err, float64(last))
		}
		last = got
	}
}

// TestWatchWeighs holds that shares count by the time that they cover, also through an integrator, and that what was
// before the beginning does not count.
func TestWatchWeighs(t *testing.T) {
	for name, through := range map[string]bool{"meter": false, "integrator": true} {
		s := &script{}
		w := observation{meter: s, clock: s}
		if through {
			w.meter = newIntegrator(s, s)
		}
		see := func(at time.Duration, busy float64) {
			s.now = at * time.Second
			s.state = State{Busy: &busy, Utilisation: map[string]float64{"sm": 100 * busy}}
		}
		see(10, 0)
		if err := w.begin(); err != nil {
			t.Fatal(err)
		}
		see(11, 1)
		if err := w.look(); err != nil {
			t.Fatal(err)
		}
		see(15, 0.5)
		if err := w.look(); err != nil {
			t.Fatal(err)
		}
		want := (1*1 + 4*0.5) / 5
		if b := w.busy.value(); b == nil || math.Abs(*b-want) > 1e-12 {
			t.Errorf("%s: busy %v, want %g", name, b, want)
		}
		if u := w.shares["sm"].value(); u == nil || math.Abs(*u-100*want) > 1e-9 {
			t.Errorf("%s: sm %v, want %g", name, u, 100*want)
		}
	}
}
