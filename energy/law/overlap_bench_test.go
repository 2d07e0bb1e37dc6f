package law

import (
	"fmt"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/graph"
)

// shipped is the law of the constants that come with the program.
func shipped(t testing.TB, d energy.Device) *Overlap {
	t.Helper()
	c, err := coefficients.OfDevice(energytest.Device(t, "h100-sxm"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := NewOverlap(c.Overlap, d)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A product is to cost 10 µs at most, all else 2 µs.
func BenchmarkOverlap(b *testing.B) {
	l := shipped(b, energytest.Device(b, "h100-sxm"))
	kernels := []Kernel{
		{Class: "norm", Op: "rmsnorm", DType: graph.BFloat16, Known: true, Bytes: 1 << 24, Elements: 1 << 22},
		{Class: "attention", DType: graph.BFloat16, Known: true, Attention: &Attention{Batch: 8, Heads: 32, KVHeads: 8, HeadDim: 128, Query: 1, Context: 4096, CacheBytes: 2}},
		{Class: "attention", DType: graph.BFloat16, Known: true, Attention: &Attention{Batch: 8, Heads: 32, KVHeads: 8, HeadDim: 128, Query: 1024, Context: 1024, Causal: true, CacheBytes: 2}},
		{Class: "moe", DType: graph.BFloat16, Known: true, Experts: &Experts{Tokens: 64, Hidden: 4096, Inter: 14336, TopK: 2, Experts: 8, TP: 1, EP: 1, Gated: true}},
	}
	for _, q := range []Product{{1, 1, 4096, 4096}, {1, 128, 4096, 14336}, {1, 4096, 4096, 4096}, {1, 37, 65536, 65536}, {64, 128, 128, 2048}} {
		for _, quant := range []string{"", "fp8"} {
			kernels = append(kernels, Kernel{Class: "gemm", DType: graph.BFloat16, Known: true, Products: []Product{q}, Quant: quant})
		}
		kernels = append(kernels, Kernel{Class: "gemm", DType: graph.Float32, Known: true, Products: []Product{q}})
	}
	for i := range kernels {
		k := &kernels[i]
		b.Run(fmt.Sprint(k.Class, k.Op, " ", k.DType, k.Quant, k.Products), func(b *testing.B) {
			for b.Loop() {
				l.Kernel(k)
			}
		})
	}
}
