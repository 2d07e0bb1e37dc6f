package law

import (
	"math"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/graph"
)

// overlapOn is the law that comes with the program, on a device.
func overlapOn(t testing.TB, dev energy.Device) *Overlap {
	t.Helper()
	c, err := coefficients.OfDevice(energytest.Device(t, "h100-sxm"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := NewOverlap(c.Overlap, dev)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// shapes are kernels of every kind that the law covers.
func shapes() map[string]Kernel {
	product := func(m, n, k float64, t graph.DType, quant string) Kernel {
		return Kernel{Class: "gemm", Known: true, DType: t, Quant: quant, Replayed: true, Products: []Product{{Batch: 1, M: m, N: n, K: k}}}
	}
	out := map[string]Kernel{
		"square": product(8192, 8192, 8192, graph.BFloat16, ""), "thin": product(1, 4096, 4096, graph.BFloat16, ""),
		"float32": product(512, 512, 512, graph.Float32, ""), "float8": product(512, 512, 512, graph.Float8E4M3FN, ""),
		"row":     {Class: "norm", Op: "rmsnorm", Known: true, DType: graph.BFloat16, Bytes: 1 << 24, Elements: 1 << 22},
		"prefill": {Class: "attention", Known: true, DType: graph.BFloat16, Attention: &Attention{Batch: 2, Heads: 32, KVHeads: 8, HeadDim: 128, Query: 2048, Context: 2048, Causal: true, CacheBytes: 1, Float8: true}},
		"decode":  {Class: "attention", Known: true, DType: graph.BFloat16, Attention: &Attention{Batch: 64, Heads: 32, KVHeads: 8, HeadDim: 128, Query: 1, Context: 2048, CacheBytes: 1}},
	}
	for _, q := range Quantisations() {
		out[q.Name] = product(256, 4096, 4096, graph.BFloat16, q.Name)
		out["experts "+q.Name] = Kernel{Class: "moe", Known: true, DType: graph.BFloat16, Quant: q.Name, Experts: &Experts{Tokens: 256, Hidden: 2048, Inter: 768, TopK: 8, Experts: 128, TP: 1, EP: 1, Gated: true}}
	}
	return out
}

// TestPowerLimit: a lower limit costs time, the more the more of it is arithmetic, and holds.
func TestPowerLimit(t *testing.T) {
	for name, k := range shapes() {
		before := overlapOn(t, energytest.Device(t, "b200-sxm")).Kernel(&k)
		for _, limit := range []energy.Watts{800, 600, 450, 300} {
			l := overlapOn(t, energytest.Device(t, "b200-sxm"))
			if err := l.Limit(limit); err != nil {
				t.Fatal(err)
			}
			p := l.Kernel(&k)
			if p.Time < before.Time || p.Energy.Over(p.Time) > limit {
				t.Errorf("%s at %v: %v at %v; at the limit before %v", name, limit, p.Time, p.Energy.Over(p.Time), before.Time)
			}
			if name == "square" && p.Time < 1.02*before.Time {
				t.Errorf("at %v the product takes %v, before %v", limit, p.Time, before.Time)
			}
			before = p
		}
	}
	l := overlapOn(t, energytest.Device(t, "b300-sxm"))
	for _, bad := range []energy.Watts{183, 100, 0, -1, 1100.5, energy.Watts(math.NaN()), energy.Watts(math.Inf(1))} {
		if err := l.Limit(bad); err == nil {
			t.Errorf("a limit of %v is taken", bad)
		}
	}
}

// TestTypesWithoutPath: a device without an instruction for a type is said to compute in 16 bit, which takes longer than on
// a device that has one, for the same peak of 16 bit.
func TestTypesWithoutPath(t *testing.T) {
	for _, c := range []struct{ device, kernel, want string }{
		{"a100-sxm-80gb", "fp8", "a100-sxm-80gb has no arithmetic in fp8: assumed are weights stored in it and arithmetic in 16 bit"},
		{"a100-sxm-80gb", "float8", "no arithmetic in fp8"},
		{"a100-sxm-80gb", "prefill", "no arithmetic in float8: assumed is arithmetic in 16 bit"},
		{"h100-sxm", "nvfp4", "no arithmetic in nvfp4"},
		{"h100-sxm", "experts nvfp4", "no arithmetic in nvfp4"},
		{"v100-sxm2-16gb", "square", "no faster in bfloat16 than in float32"},
		{"p100-pcie-16gb", "sq", "no arithmetic in sq"},
	} {
		k := shapes()[c.kernel]
		p := overlapOn(t, energytest.Device(t, c.device)).Kernel(&k)
		if !strings.Contains(p.Why, c.want) || p.Origin != OriginStandIn {
			t.Errorf("%s on %s: %q, %s; want %q", c.kernel, c.device, p.Why, p.Origin, c.want)
		}
	}
	k, wide := shapes()["nvfp4"], shapes()["int4_wo"]
	h := overlapOn(t, energytest.Device(t, "h100-sxm"))
	if narrow, plain := h.Kernel(&k), h.Kernel(&wide); narrow.Time < plain.Time || narrow.Time > 1.2*plain.Time {
		t.Errorf("nvfp4 on H100 takes %v, int4 weights %v", narrow.Time, plain.Time)
	}
}

// TestImpossibleDevices: rows that no device has are refused with the number that is wrong.
func TestImpossibleDevices(t *testing.T) {
	c, err := coefficients.OfDevice(energytest.Device(t, "h100-sxm"))
	if err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*energy.Device){
		"bandwidth is 0":                    func(d *energy.Device) { d.Bandwidth = 0 },
		"boost clock is 0":                  func(d *energy.Device) { d.BoostClock = 0 },
		"number of multiprocessors is -1":   func(d *energy.Device) { d.SMs = -1 },
		"number of cores is 0":              func(d *energy.Device) { d.CoresPerSM = 0 },
		"power limit is +Inf":               func(d *energy.Device) { d.TDP = energy.Watts(math.Inf(1)) },
		"L2 cache is 0":                     func(d *energy.Device) { d.L2Bytes = 0 },
		"float32 peak is 0":                 func(d *energy.Device) { d.Peaks = nil },
		"it draws 120 W with its clocks up": func(d *energy.Device) { d.TDP = 110 },
	} {
		dev := energytest.Device(t, "h100-sxm")
		change(&dev)
		if _, err := NewOverlap(c.Overlap, dev); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	lacking := *c.Overlap
	lacking.Constants = nil
	l, err := NewOverlap(&lacking, energytest.Device(t, "h100-sxm"))
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range shapes() {
		if p := l.Kernel(&k); p.Known || p.Time != 0 || !strings.HasPrefix(p.Why, "the coefficients hold no constants of ") {
			t.Errorf("%s without constants: %+v", name, p)
		}
	}
}
