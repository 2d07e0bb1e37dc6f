package profilertest

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
)

// MeterCase is a kind of meter.
type MeterCase struct {
	Open  func(*testing.T) profiler.Meter // a new meter, without a Cleanup: the suite closes it
	Clock profiler.Clock                  // by which time passes for the meter
	Moves time.Duration                   // after which the energy is sure to have grown; 0 where it does not grow by itself
}

// TestMeter holds a meter to the contract of profiler.Meter.
func TestMeter(t *testing.T, c MeterCase) {
	t.Run("Describe", c.describe)
	t.Run("Energy", c.energy)
	t.Run("State", c.state)
	t.Run("Close", c.close)
}

func (c MeterCase) describe(t *testing.T) {
	m := c.Open(t)
	defer closeMeter(t, m)
	d := m.Describe()
	if d.Name == "" {
		t.Error("no name")
	}
	if !slices.Contains([]energy.Method{energy.MethodCounter, energy.MethodIntegral, energy.MethodPowerTime}, d.Method) {
		t.Errorf("method %q", d.Method)
	}
	if !slices.Contains([]energy.Boundary{energy.BoundaryBoard, energy.BoundaryModule, energy.BoundaryPackage, energy.BoundaryWall}, d.Boundary) {
		t.Errorf("scope %q", d.Boundary)
	}
	if d.Period < 0 {
		t.Errorf("period %s", d.Period)
	}
	checkDevice(t, d.Device)
	for _, capability := range d.Capabilities {
		if capability.Name == "" {
			t.Errorf("a capability without a name: %+v", capability)
		}
	}
	if again := m.Describe(); !reflect.DeepEqual(again, d) {
		t.Errorf("describes itself as\n%+v\nand then as\n%+v", d, again)
	}
}

// energy holds that readings never decrease, and grow with time.
func (c MeterCase) energy(t *testing.T) {
	m := c.Open(t)
	defer closeMeter(t, m)
	first := reading(t, m)
	last := first
	const steps = 20
	for range steps {
		sleep(t, c.Clock, c.Moves/steps)
		next := reading(t, m)
		if next < last {
			t.Fatalf("the energy decreased from %v J to %v J", float64(last), float64(next))
		}
		last = next
	}
	if c.Moves > 0 && last <= first {
		t.Errorf("the energy stayed at %v J for %s", float64(first), c.Moves)
	}
}

func reading(t *testing.T, m profiler.Meter) energy.Joules {
	t.Helper()
	e, err := m.Energy()
	if err != nil {
		t.Fatal(err)
	}
	if !(e >= 0) {
		t.Fatalf("energy %v J", float64(e))
	}
	return e
}

func (c MeterCase) state(t *testing.T) {
	m := c.Open(t)
	defer closeMeter(t, m)
	for range 3 {
		s, err := m.State()
		if err != nil {
			t.Fatal(err)
		}
		checkState(t, s)
		sleep(t, c.Clock, c.Moves/4+time.Millisecond)
	}
}

// checkState holds a state to its bounds and words.
func checkState(t *testing.T, s profiler.State) {
	t.Helper()
	if s.Power != nil && !(*s.Power >= 0) {
		t.Errorf("power %v W", float64(*s.Power))
	}
	for name, f := range map[string]*energy.Hertz{"SM clock": s.SMClock, "memory clock": s.MemoryClock} {
		if f != nil && !(*f >= 0) {
			t.Errorf("%s %v Hz", name, float64(*f))
		}
	}
	if s.Temperature != nil && !(*s.Temperature > -50 && *s.Temperature < 150) {
		t.Errorf("temperature %s", *s.Temperature)
	}
	for _, limit := range s.Limits {
		if limit != energy.FlagPowerCap && limit != energy.FlagThrottled {
			t.Errorf("limit %q", limit)
		}
	}
	if s.Busy != nil {
		checkShare(t, "busy", *s.Busy, 1)
	}
	for name, share := range s.Utilisation {
		checkShare(t, "utilisation "+name, share, 100)
	}
	if s.Foreign != nil && *s.Foreign < 0 {
		t.Errorf("%d other processes", *s.Foreign)
	}
}

// close holds that a closed meter reads nothing, and that meters are independent of each other.
func (c MeterCase) close(t *testing.T) {
	m, other := c.Open(t), c.Open(t)
	closeMeter(t, m)
	if e, err := m.Energy(); err == nil {
		t.Errorf("a closed meter reads %v J", float64(e))
	}
	reading(t, other)
	closeMeter(t, other)
}

func closeMeter(t *testing.T, m profiler.Meter) {
	t.Helper()
	if err := m.Close(); err != nil {
		t.Errorf("closing the meter: %v", err)
	}
}
