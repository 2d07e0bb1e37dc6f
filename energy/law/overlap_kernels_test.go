package law

import (
	"math"
	"testing"

	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/graph"
)

// Expectations below are worked out from the formulas with a calculator; each says its steps.

func TestPrefillTime(t *testing.T) {
	l := onDevice(t, energytest.Device(t, "a100-sxm-80gb"))
	c := &l.constants.Attention
	*c = AttentionConstants{
		Tensor: 0.54, Exp: 1.4, Tail: 1.7, Block: 3.3e-6, Stream: 0.72, L2: [numMemoryKinds]float64{1.2, 4},
		Prepare: 1.2, Floor: 11e-6, Encoder: 8.4e-6, GDDR: 0.64,
	}
	// A score takes ((4·128/(0.54·312e12/108))⁴ + (1.4/(16·1.41e9))⁴)^¼ = (328.2⁴ + 62.06⁴)^¼ ps = 328.3 ps. 2 sequences of
	// 1024 tokens and 32 heads have 64·1024·1152/2 = 37.75e6 scores; on 108 multiprocessors 114.7 µs. The longest block has
	// 128·1024 of them, 43.0 µs; with exponent 1.7 both are 127.0 µs; 64·8 blocks at 3.3 µs add 15.6: 142.7 µs.
	// q is 2·2·1024·32·128 B = 16.78 MB, kv 4·2·1024·8·128 = 8.39 MB: 2q + kv = 41.94 MB, which L2 (41.94 MB) holds by half:
	// 41.94e6·(0.5/(0.72·2039e9) + 0.5/(1.2·2039e9)) = 22.86 µs, little beside 142.7 with exponent 3: 142.9 µs.
	// Before it 1.2·(q + kv) = 30.2 MB, held by 1/(1+0.72²) = 0.6586: 30.2e6·(0.3414/1468e9 + 0.6586/2447e9) = 15.15 µs.
	a := &Attention{Batch: 2, Heads: 32, KVHeads: 8, HeadDim: 128, Query: 1024, Context: 1024, Causal: true, CacheBytes: 2}
	x, _ := l.attention(a, graph.BFloat16, true)
	near(t, "causal", 1e6*x.time(1), 11+15.15+142.9, 1e-3)

	// Not causal: 64·1024² = 67.1e6 scores are 204.0 µs, with the longest block's 43.0 (204.0^1.7 + 43.0^1.7)^(1/1.7) = 212.4;
	// + 15.6 = 228.0; with the memory's 22.86 at exponent 3 still 228.1. No preparation, another floor.
	a.Causal = false
	x, _ = l.attention(a, graph.BFloat16, true)
	near(t, "encoder", 1e6*x.time(1), 8.4+228.1, 1e-3)
}

func TestDecodeTime(t *testing.T) {
	l := onDevice(t, energytest.Device(t, "h100-sxm"))
	c := &l.constants.Attention
	*c = AttentionConstants{
		Cache: 0.89, Units: 0.9, Part: 530, KVHead: 5.9, Head: 0.11, Single: 0.53, Tensor10: 0.5,
		CacheL2: [numMemoryKinds]float64{1.2, 4.5}, Start: [numMemoryKinds]float64{9.6e-6, 5.4e-6}, Combine: 4.6e-6, Convert: 9.3,
	}
	// 16 sequences of 4096 tokens in 8 heads of 128: 2·16·8·4096·128 = 134.2e6 elements, 268.4 MB and 0.26 of the query and
	// the result: beyond L2, 268.7e6/(0.89·3352e9) = 90.07 µs. Units are 16·8·(1 + 4096/530) =
	// 1117.2: times 1 + (132/1117.2)^0.9 = 1.1463: 103.24 µs. Blocks 16·(5.9·8 + 0.11·32)·1000/(132·1.98e9) = 3.105 µs.
	a := &Attention{Batch: 16, Heads: 32, KVHeads: 8, HeadDim: 128, Query: 1, Context: 4096, Causal: true, CacheBytes: 2}
	x, _ := l.attention(a, graph.BFloat16, true)
	near(t, "16 bit", 1e6*x.time(1), 9.6+math.Hypot(103.24, 3.105), 1e-3)

	// In 8 bit half of it, and 134.2e6/(9.3·132·1.98e9) = 55.2 µs of turning elements into 16.
	a.CacheBytes = 1
	x, _ = l.attention(a, graph.BFloat16, true)
	near(t, "8 bit", 1e6*x.time(1), 9.6+math.Sqrt(51.67*51.67+3.105*3.105+55.2*55.2), 1e-3)
}

func TestRowTime(t *testing.T) {
	dev := energytest.Device(t, "a100-pcie-80gb")
	l := onDevice(t, dev)
	r := &l.constants.Row
	r.Stream, r.L2, r.Size, r.Steep = 0.91, [numMemoryKinds]float64{1.65, 4}, 0.91, 1.95
	*r.Op["rmsnorm"] = RowOpConstants{Floor: 3.3e-6, Work: 0.79}
	// 8192 rows of 4096 halves, read and written: 134.2 MB, of which L2 (0.91·41.94e6) holds 1/(1+3.517^1.95) = 7.93 %:
	// 134.2e6·(0.9207/(0.91·1935e9) + 0.0793/(1.65·1935e9)) = 73.50 µs; 0.79·33.55e6/(108·1.41e9) = 174.06 µs; exponent 3:
	// 178.3 µs, and a floor of 3.3·1.8/1.41 = 4.21 µs.
	k := &Kernel{Class: "norm", Op: "rmsnorm", DType: graph.Float16, Known: true, Bytes: 4 * 8192 * 4096, Elements: 8192 * 4096}
	near(t, "rmsnorm", 1e6*l.Time(k), 182.5, 1e-3)
}

func TestExpertsTime(t *testing.T) {
	l := onDevice(t, energytest.Device(t, "h100-sxm"))
	*l.constants.Experts["bfloat16"] = ExpertConstants{
		Tensor: 0.52, Stream: 0.91, Overlap: 2.1, Pad: 45, Moved: 2.3, Floor: 13.7e-6, PerExpert: 0.04e-6, PerWidth: 3.8e-9, Meet: 0.82,
	}
	// 64 tokens through 2 of 8 experts, 4096 × 14336: 128 pairs, all 8 experts. 2·(128 + 45·8)·3·4096·14336 = 171.9e9 FLOP at
	// 0.52·989.4e12: 334.2 µs; weights 8·3·4096·14336·2 B = 2818.6 MB at 0.91·3352e9: 924.0 µs; exponent 2.1: 974.5 µs.
	// Activations 128·2·(8192 + 4·14336) + 4·64·4096 = 17.83 MB, 2.3 times at 0.91 of the bandwidth: 13.44 µs. Floors 13.7 +
	// 0.32 + 3.8e-3·18432·2/1.98 = 70.75: 84.77 µs.
	e := &Experts{Tokens: 64, Hidden: 4096, Inter: 14336, TopK: 2, Experts: 8, TP: 1, EP: 1, Distribution: "balanced", Gated: true}
	plain := &expertType{name: "bfloat16", weight: 2, peak: 989.4e12, joules: 1}
	x := l.experts(e, plain, true)
	near(t, "balanced", 1e6*x.time(1), 84.77+13.44+974.5, 1e-3)

	// Spread over 4 devices, uneven: 64·2/4·4^0.44 = 58.89 pairs on the busiest, 2·(1 − exp(−0.82·58.89/2)) = 2 of its 2 experts:
	// 2·(58.89 + 90)·3·4096·14336 = 52.46e9 FLOP, 101.96 µs; weights 704.6 MB, 231.0 µs; exponent 2.1: 249.9 µs. Activations
	// 58.89·2·65536 + 1048576 = 8.767 MB: 6.61 µs. Floors 13.7 + 0.08 + 70.75.
	e.EP, e.Distribution = 4, "power_law_1.01"
	x = l.experts(e, plain, true)
	near(t, "uneven", 1e6*x.time(1), 84.53+6.61+249.9, 1e-3)
}

// TestKernelsOfTwoKinds: projections run before the attention that they feed, as a product of their own does; a depthwise
// convolution is no product.
func TestKernelsOfTwoKinds(t *testing.T) {
	l := shipped(t, energytest.Device(t, "a100-sxm-80gb"))
	projection := Product{Batch: 1, M: 2048, N: 6144, K: 2048}
	own := []Product{{Batch: 32, M: 1024, N: 1024, K: 128}, {Batch: 32, M: 1024, N: 128, K: 1024}}
	a := &Attention{Batch: 2, Heads: 16, KVHeads: 16, HeadDim: 128, Query: 1024, Context: 1024, CacheBytes: 2}
	alone := l.Time(&Kernel{Class: "attention", DType: graph.Float16, Known: true, Products: own, Attention: a})
	bare := l.Time(&Kernel{Class: "attention", DType: graph.Float16, Known: true, Attention: a})
	if alone != bare {
		t.Errorf("%g s with its own products listed, %g s without", alone, bare)
	}
	product := l.Time(&Kernel{Class: "gemm", DType: graph.Float16, Known: true, Products: []Product{projection}})
	both := l.Time(&Kernel{Class: "attention", DType: graph.Float16, Known: true, Products: append([]Product{projection}, own...), Attention: a})
	if both < max(alone, product) || both > 1.02*(alone+product) {
		t.Errorf("%g s for projections of %g s and attention of %g s", both, product, alone)
	}
	conv := Kernel{Class: "conv", DType: graph.Float16, Known: true, Bytes: 4e8, Products: []Product{{Batch: 512, M: 3136, N: 1, K: 9}}, Op: "depthwise"}
	if _, group, why := l.waits(&conv); group != GroupRow || why == "" {
		t.Errorf("depthwise by the constants of %s (%s)", group, why)
	}
}

// TestIdleKernel: an expert that no token goes through launches nothing.
func TestIdleKernel(t *testing.T) {
	l := shipped(t, energytest.Device(t, "a100-sxm-80gb"))
	p := l.Kernel(&Kernel{Class: "gemm", DType: graph.BFloat16, Known: true, Products: []Product{{Batch: 1, M: 0, N: 4096, K: 4096}}})
	if !p.Known || p.Time != 0 || p.Energy != 0 {
		t.Errorf("%+v", p.Outcome)
	}
	if p = l.Kernel(&Kernel{Class: "gemm", DType: graph.BFloat16, Known: true, Products: []Product{{Batch: 1, M: 1, N: 4096, K: 4096}}}); p.Time == 0 {
		t.Error("one row takes no time")
	}
}
