//go:build cgo && linux

package nvml

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/NVIDIA/go-nvml/pkg/nvml"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
)

func read(t *testing.T, m *Meter) float64 {
	t.Helper()
	e, err := m.Energy()
	if err != nil {
		t.Fatal(err)
	}
	return float64(e)
}

// TestIdleEnergy reads a device that takes 1000 W and does nothing for 150 ms. The counter's last update is at 140 ms;
// the integral goes to the end.
func TestIdleEnergy(t *testing.T) {
	for _, tt := range []struct {
		name, counter string
		without       []string
		method        energy.Method
		want          float64
	}{
		{"counter", "", nil, energy.MethodCounter, 140},
		{"counter at half the rate", "half", nil, energy.MethodCounter, 70},
		{"not supported", "none", nil, energy.MethodIntegral, 150},
		{"no function", "", []string{"ENERGY"}, energy.MethodIntegral, 150},
		{"stands at zero", "zero", nil, energy.MethodIntegral, 150},
	} {
		t.Run(tt.name, func(t *testing.T) {
			knobs(t, "IDLE_W=1000", "PERIOD_MS=20", "COUNTER="+tt.counter)
			inBubble(t, func(t *testing.T, device worker) {
				m := device.open(t, tt.without...)
				if got := m.Describe().Method; got != tt.method {
					t.Errorf("method %q, want %q", got, tt.method)
				}
				before := read(t, m)
				device.pass(150 * time.Millisecond)
				is(t, "energy", read(t, m)-before, tt.want)
			})
		})
	}
}

// TestWorkEnergy does work worth 50 J on a device that takes 1 W. The fake spreads it over the time between two readings,
// of which the counter's last update has seen four fifths at the first.
func TestWorkEnergy(t *testing.T) {
	knobs(t, "IDLE_W=1", "PERIOD_MS=20")
	inBubble(t, func(t *testing.T, device worker) {
		m := device.open(t)
		before := read(t, m)
		device.energy.Add(50e6)
		device.pass(50 * time.Millisecond)
		is(t, "energy at 50 ms", read(t, m)-before, 40+0.04)
		device.pass(50 * time.Millisecond)
		is(t, "energy at 100 ms", read(t, m)-before, 50+0.1)
	})
}

// TestCounterGoesBack has the counter start anew at 100 ms, while the meter is open: what the device took in the 10 ms
// before, nobody knows.
func TestCounterGoesBack(t *testing.T) {
	knobs(t, "IDLE_W=1000", "RESET_MS=100", "PERIOD_MS=10")
	inBubble(t, func(t *testing.T, device worker) {
		m := device.open(t)
		first := read(t, m)
		last := first
		for range 20 {
			device.pass(10 * time.Millisecond)
			now := read(t, m)
			if now < last {
				t.Fatalf("energy fell from %g to %g J", last, now)
			}
			last = now
		}
		is(t, "energy of 200 ms", last-first, 190)
		want := "went back 1 times, as when the driver is loaded anew: what was spent meanwhile is lost"
		if got := capability(t, m, "energy counter"); got.Note != want || !got.Have {
			t.Errorf("got %+v, want note %q", got, want)
		}
	})
}

// TestNothingToMeasureWith is a device without counter and without power.
func TestNothingToMeasureWith(t *testing.T) {
	knobs(t, "COUNTER=none", "POWER=none")
	want := "nvml: GPU 0 (NVIDIA H200, GPU-0000abcd-0000-0000-0000-000000000000) tells neither its energy nor its power: nothing to measure with"
	if got := openFails(t, ""); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestLost has the device fall off the bus.
func TestLost(t *testing.T) {
	for _, counter := range []string{"", "none"} {
		knobs(t, "LOST_MS=200", "COUNTER="+counter)
		inBubble(t, func(t *testing.T, device worker) {
			m := device.open(t)
			device.pass(250 * time.Millisecond)
			_, err := m.Energy()
			if !errors.Is(err, profiler.ErrDevice) || !strings.Contains(err.Error(), "GPU is lost") {
				t.Errorf("Energy: %v, want the device to be gone", err)
			}
			if _, err := m.State(); !errors.Is(err, profiler.ErrDevice) {
				t.Errorf("State: %v, want the device to be gone", err)
			}
		})
	}
}

// TestFailingCounter is an error of the counter that says nothing about the device.
func TestFailingCounter(t *testing.T) {
	knobs(t, "COUNTER=failing")
	m := openFake(t, "")
	for range 10 {
		e, err := m.Energy()
		if err == nil {
			continue
		}
		if want := "nvml: energy counter: Unknown Error"; err.Error() != want || e != 0 || errors.Is(err, profiler.ErrDevice) {
			t.Errorf("got %v, %v, want %s", e, err, want)
		}
		return
	}
	t.Error("the counter did not fail")
}

// TestIntegral sums readings up by hand: 1 s from 100 to 200 W is 150 J, then 2 s from 200 to 100 W are 300 J.
func TestIntegral(t *testing.T) {
	p := &integral{power: 100}
	p.add(time.Second, 200)
	p.add(3*time.Second, 100)
	if p.sum != 450 {
		t.Errorf("got %v, want 450 J", p.sum)
	}
}

// TestIntegralOutlivesFailures has a sensor answer every third time only.
func TestIntegralOutlivesFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		clock := profiler.SystemClock()
		p, err := newIntegral(func() (energy.Watts, error) {
			if calls++; calls%3 != 0 {
				return 0, errors.New("not now")
			}
			return 500, nil
		}, clock)
		if err != nil {
			t.Fatal(err)
		}
		defer p.stop()
		began := clock.Now()
		time.Sleep(95 * time.Millisecond) // between two polls, so that they and the retries take turns
		e, err := p.energy()
		if err != nil {
			t.Fatal(err)
		}
		is(t, "energy", float64(e), 500*(clock.Now()-began).Seconds())
	})
}

// TestPower reads the power of a device at 70 W in every way that a driver may offer.
func TestPower(t *testing.T) {
	const usage = "nvmlDeviceGetPowerUsage (from Ampere on, A100 aside, an average over a second)"
	for _, tt := range []struct {
		name, power, counter string
		without              []string
		want                 float64 // 0: none
		boundary             energy.Boundary
		note                 string
	}{
		{"field", "", "", nil, 70, energy.BoundaryBoard, "field 186 (instant)"},
		{"no fields", "", "", []string{"FIELDS"}, 70, energy.BoundaryBoard, usage},
		{"field not supported", "usage", "", nil, 70, energy.BoundaryBoard, usage},
		{"error of the field alone", "garbage", "", nil, 70, energy.BoundaryBoard, usage},
		{"module beside a counter of the board", "module", "", nil, 0, energy.BoundaryBoard, "the device tells none"},
		{"module", "module", "none", nil, 170, energy.BoundaryModule, "field 186 (instant) of the module, CPU included: energies cover the whole module"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fakeDevice(t)
			knobs(t, "POWER="+tt.power, "COUNTER="+tt.counter)
			m := openFake(t, "", tt.without...)
			s, err := m.State()
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case tt.want == 0:
				if s.Power != nil {
					t.Errorf("power %v, want none", *s.Power)
				}
			case s.Power == nil:
				t.Errorf("no power, want %g W", tt.want)
			default:
				is(t, "power", float64(*s.Power), tt.want)
			}
			if got := m.Describe().Boundary; got != tt.boundary {
				t.Errorf("scope %q, want %q", got, tt.boundary)
			}
			if got := capability(t, m, "power").Note; got != tt.note {
				t.Errorf("note %q, want %q", got, tt.note)
			}
		})
	}
}

// TestDecode reads values beside which the rest of the union holds something else.
func TestDecode(t *testing.T) {
	for _, tt := range []struct {
		kind nvml.ValueType
		raw  [8]byte
		want float64
	}{
		{nvml.VALUE_TYPE_DOUBLE, [8]byte{0, 0, 0, 0, 0, 0, 0xf8, 0x3f}, 1.5},
		{nvml.VALUE_TYPE_UNSIGNED_INT, [8]byte{1, 2, 0, 0, 0xff, 0xff, 0xff, 0xff}, 513},
		{nvml.VALUE_TYPE_UNSIGNED_LONG, [8]byte{0, 0, 0, 0, 1}, 1 << 32},
		{nvml.VALUE_TYPE_UNSIGNED_LONG_LONG, [8]byte{7}, 7},
		{nvml.VALUE_TYPE_SIGNED_LONG_LONG, [8]byte{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, -2},
		{nvml.VALUE_TYPE_SIGNED_INT, [8]byte{0xfe, 0xff, 0xff, 0xff, 1, 1, 1, 1}, -2},
		{nvml.VALUE_TYPE_UNSIGNED_SHORT, [8]byte{3, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 259},
	} {
		got, err := decode(nvml.FieldValue{ValueType: uint32(tt.kind), Value: tt.raw})
		if err != nil || got != tt.want {
			t.Errorf("type %d: got %g, %v, want %g", tt.kind, got, err, tt.want)
		}
	}
	if _, err := decode(nvml.FieldValue{FieldId: 186, ValueType: 99}); err == nil || err.Error() != "nvml: field 186: value of unknown type 99" {
		t.Errorf("type 99: %v", err)
	}
}
