package coefficients

import (
	"math"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

// Boards of little power run float32 well below their boost clock, others at it.
func TestSustained(t *testing.T) {
	for id, want := range map[string][2]float64{
		"gtx-1070": {1, 1}, "v100-pcie-32gb": {0.95, 1}, "p100-pcie-16gb": {1, 1}, "h100-sxm": {1, 1},
		"a100-pcie-40gb": {0.85, 1}, "p4": {0.8, 0.95}, "t4": {0.5, 0.65}, "l4": {0.4, 0.55},
	} {
		if s := sustained(device(t, id)); s < want[0] || s > want[1] {
			t.Errorf("%s: %.3f of the boost clock, want %v", id, s, want)
		}
	}
	// By hand: (70 W - 27 W) / (16 pJ · 1590/1500 · 8.1 TFLOP/s) = 0.313, its root 0.559.
	if s := sustained(device(t, "t4")); math.Abs(s-0.559) > 0.001 {
		t.Errorf("t4: %g", s)
	}
	for _, d := range energy.Devices() {
		if s := sustained(d); !(s > 0.2 && s <= 1) {
			t.Errorf("%s: %g", d.ID, s)
		}
		if m := MemoryShare(d); !(m > 0.7 && m < 1) {
			t.Errorf("%s: memory %g", d.ID, m)
		}
	}
	if rate, ok := SustainedPeak(device(t, "t4"), graph.Float16); !ok || rate != 65e12 {
		t.Errorf("products on tensor cores: %v, %v", rate, ok)
	}
}

func TestRereads(t *testing.T) {
	for _, c := range []struct {
		device, class string
		row           int64
		low, high     float64
	}{
		{"p4", "softmax", 1024, 0, 0},
		{"p4", "softmax", 16384, 1, 1},
		{"a100-pcie-40gb", "softmax", 4096, 0, 0.1},
		{"a100-pcie-40gb", "norm", 768, 0, 0},
		{"a100-pcie-40gb", "norm", 16384, 1, 1},
		{"p4", "elementwise", 16384, 0, 0},
	} {
		if got := Rereads(device(t, c.device), c.class, c.row, graph.Float32); got < c.low || got > c.high {
			t.Errorf("%s, %s of %d: %g, want %g … %g", c.device, c.class, c.row, got, c.low, c.high)
		}
	}
}

func device(t *testing.T, id string) energy.Device {
	t.Helper()
	d, err := energy.LookupDevice(id)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
