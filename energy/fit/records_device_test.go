package fit

import (
	"math"
	"testing"

	"github.com/irene-onnx/irene/energy"
)

// TestRoofline: the longer of arithmetic and memory, kernel by kernel, as often as each runs.
func TestRoofline(t *testing.T) {
	d := energy.Device{ID: "x", Bandwidth: 100, TDP: 7, Peaks: []energy.Peak{{DType: "float32", Rate: 1000}}}
	r := &energy.Record{Work: []energy.Work{
		{Class: "gemm", DType: "float32", Count: 2, MACs: 1000, Read: 50, Written: 50}, // 2 s of arithmetic, 1 s of memory
		{Class: "norm", DType: "float32", Count: 3, Read: 30, Written: 20},             // 0.5 s of memory
	}}
	j, s, ok := Roofline(r, d)
	if !ok || math.Abs(float64(s)-5.5) > 1e-12 || math.Abs(float64(j)-38.5) > 1e-12 {
		t.Errorf("%v in %v (%v), want 38.5 J in 5.5 s", j, s, ok)
	}
	if _, _, ok := Roofline(r, energy.Device{Bandwidth: 100}); ok {
		t.Error("no peak is known, and there is a roofline")
	}
}
