package fit

import (
	"math"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
)

// TestHeldSpread: a group that is 20 % slow on one device and 20 % fast on another, with kernels 10 % about that on both,
// in logarithms; a group without rows has none.
func TestHeldSpread(t *testing.T) {
	var held []Held
	for device, mean := range map[string]float64{"a": 0.2, "b": -0.2} {
		for _, off := range []float64{0.1, -0.1} {
			s := &Shape{Group: "row", Device: energy.Device{ID: device}, Time: math.Exp(mean + off)}
			h := Held{Shape: s}
			h.Law = law.Prediction{Outcome: law.Outcome{Estimate: law.Estimate{Time: 1, Energy: 1}}}
			held = append(held, h)
		}
	}
	s := heldSpreads(held, "row")
	if s == nil || math.Abs(s.Time.Group-0.2) > 1e-12 || math.Abs(s.Time.Kernel-0.1) > 1e-12 || s.Energy != s.Time {
		t.Errorf("%+v", s)
	}
	if l := leftOut(held, "row"); len(l) != 2 || math.Abs(l[0].Bias-0.2) > 1e-12 || math.Abs(l[1].Bias+0.2) > 1e-12 {
		t.Errorf("%+v", l)
	}
	if heldSpreads(held, "decode") != nil {
		t.Error("a group without rows has a spread")
	}
}
