package validate

import (
	"math"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
)

// TestRoofline: the longer of arithmetic and memory, kernel by kernel, as often as each runs.
func TestRoofline(t *testing.T) {
	d := energy.Device{ID: "x", Bandwidth: 100, TDP: 7, Peaks: []energy.Peak{{DType: "float32", Rate: 1000}}}
	w := &fit.Work{Kernels: []fit.Kernel{
		{Kernel: law.Kernel{Class: "gemm", DType: graph.Float32, MACs: 1000, Bytes: 100}, Count: 2}, // 2 s of arithmetic, 1 s of memory
		{Kernel: law.Kernel{Class: "norm", DType: graph.Float32, Bytes: 50}, Count: 3},              // 0.5 s of memory
	}}
	if s, ok := roofline(w, d); !ok || math.Abs(float64(s)-5.5) > 1e-12 {
		t.Errorf("%v (%v), want 5.5 s", s, ok)
	}
	if _, ok := roofline(w, energy.Device{Bandwidth: 100}); ok {
		t.Error("no peak is known, and there is a roofline")
	}
}
