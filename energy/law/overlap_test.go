package law

import (
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/graph"
)

// The law of overlap has no closed forms, and says so to whoever asks through the interface.
func TestOverlapHasNoForms(t *testing.T) {
	dev := energytest.Device(t, "h100-sxm")
	var l Law = shipped(t, dev)
	if _, err := l.Form(&graph.Cost{}); err == nil || !strings.Contains(err.Error(), "polynomial") {
		t.Errorf("form: error %v", err)
	}
	if _, err := l.CallForm(graph.Dim{}); err == nil {
		t.Error("call: no error")
	}
	if d := l.Describe(nil); d != nil {
		t.Errorf("described as %v", d)
	}
	if p := l.Call(1e6); !p.Known || p.Time != 0 || p.Energy != 0 {
		t.Errorf("a call without a kernel takes %v, %v", p.Time, p.Energy)
	}
	if l.Idle() <= 0 || l.Idle() >= dev.TDP {
		t.Errorf("idle at %v", l.Idle())
	}
}

func TestCovers(t *testing.T) {
	product := []Product{{1, 2, 3, 4}}
	for _, x := range []struct {
		k    Kernel
		want bool
	}{
		{Kernel{Class: "gemm", DType: graph.BFloat16, Products: product}, true},
		{Kernel{Class: "gemm", DType: graph.Float32, Products: product}, true},
		{Kernel{Class: "gemm", DType: graph.Float64, Products: product}, false},
		{Kernel{Class: "gemm", DType: graph.Int8, Products: product}, false},
		{Kernel{Class: "gemm", DType: graph.Int8, Products: product, Quant: "sq"}, true},
		{Kernel{Class: "norm", DType: graph.Float16}, true},
		{Kernel{Class: "norm", DType: graph.Float32}, false},
		{Kernel{Class: "attention", DType: graph.Float32, Attention: &Attention{}}, true},
		{Kernel{Class: "moe", DType: graph.BFloat16, Experts: &Experts{}}, true},
	} {
		if got := Covers(&x.k); got != x.want {
			t.Errorf("%s in %v: %v", x.k.Class, x.k.DType, got)
		}
	}
}

// What stands in says so, and why in words that name it; what was measured says neither.
func TestStandInsSaySo(t *testing.T) {
	product := []Product{{1, 128, 4096, 4096}}
	for _, x := range []struct {
		device string
		k      Kernel
		origin Origin
		why    string
	}{
		{"h100-sxm", Kernel{Class: "gemm", DType: graph.BFloat16, Products: product}, OriginFitted, ""},
		{"h200-sxm", Kernel{Class: "gemm", DType: graph.BFloat16, Products: product}, OriginEstimated, ""},
		{"h100-sxm", Kernel{Class: "gemm", DType: graph.BFloat16, Quant: "sq", Products: product}, OriginStandIn, "9.0"},
		{"a100-sxm-80gb", Kernel{Class: "gemm", DType: graph.BFloat16, Quant: "fp8", Products: product}, OriginStandIn, "arithmetic in fp8"},
		{"rtx-5090", Kernel{Class: "gemm", DType: graph.BFloat16, Quant: "nvfp4", Products: product}, OriginStandIn, "12.0"},
		{"h100-sxm", Kernel{Class: "gemm", DType: graph.Float4E2M1, Products: product}, OriginStandIn, "arithmetic in nvfp4"},
		{"h100-sxm", Kernel{Class: "softmax", DType: graph.Float16, Bytes: 1e6, Elements: 2.5e5}, OriginStandIn, "softmax"},
	} {
		x.k.Known = true
		p := shipped(t, energytest.Device(t, x.device)).Kernel(&x.k)
		if p.Origin != x.origin || p.StandIn != (x.origin == OriginStandIn) || (p.Why == "") != (x.why == "") || !strings.Contains(p.Why, x.why) {
			t.Errorf("%s: %s (%v), %q; want %s, %q", describe(&x.k, &energy.Device{ID: x.device}), p.Origin, p.StandIn, p.Why, x.origin, x.why)
		}
	}
}

// A file that lacks constants predicts nothing of what needs them, and says of what.
func TestLackingConstantsSaySo(t *testing.T) {
	l, err := NewOverlap(&coefficients.Overlap{}, energytest.Device(t, "h100-sxm"))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kernelsOf(128, 1024, 1024) {
		p := l.Kernel(&k)
		if p.Known || p.Time != 0 || p.Energy != 0 || !strings.Contains(p.Why, "no constants of the group ") {
			t.Errorf("%s: %v, %v, %q", describe(&k, &energy.Device{}), p.Time, p.Energy, p.Why)
		}
	}
	if _, err := NewOverlap(&coefficients.Overlap{Constants: []coefficients.Constant{{Name: "product.wings", Value: 2}}}, energytest.Device(t, "h100-sxm")); err == nil || !strings.Contains(err.Error(), "product.wings") {
		t.Errorf("unknown constant: error %v", err)
	}
}
