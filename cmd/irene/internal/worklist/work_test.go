package worklist

import (
	"reflect"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

// A record holds all that the costs of fused kernels say, at the sizes they ran at; a kernel with a size that nobody knows
// is in none.
func TestWorkOf(t *testing.T) {
	b := graph.Symbol("b")
	eval := func(d graph.Dim) (int64, bool) {
		return d.Eval(func(name string) (int64, bool) { return 3, name == "b" })
	}
	one := graph.Const(1)
	attention := graph.Cost{
		Known: true, Class: "attention", DType: graph.Float16, MACs: b.MulInt(10), Read: b.MulInt(20), Written: one,
		Attention: &graph.Attention{Batch: b, Heads: graph.Const(8), KVHeads: graph.Const(2), HeadDim: graph.Const(64), Query: one, Context: b.MulInt(100), Causal: true, DType: graph.BFloat16, Cache: graph.Int8},
	}
	windowed := attention
	geometry := *attention.Attention
	geometry.Window, geometry.Cache = graph.Const(50), graph.Undefined
	windowed.Attention = &geometry
	for name, c := range map[string]struct {
		cost graph.Cost
		want energy.Work
	}{
		"attention": {attention, energy.Work{
			Class: "attention", DType: "float16", Count: 1, MACs: 30, Read: 60, Written: 1,
			Attention: &energy.WorkAttention{Batch: 3, Heads: 8, KVHeads: 2, HeadDim: 64, Query: 1, Context: 300, Causal: true, DType: "bfloat16", Cache: "int8"},
		}},
		"attention with a window": {windowed, energy.Work{
			Class: "attention", DType: "float16", Count: 1, MACs: 30, Read: 60, Written: 1,
			Attention: &energy.WorkAttention{Batch: 3, Heads: 8, KVHeads: 2, HeadDim: 64, Query: 1, Context: 300, Window: 50, Causal: true, DType: "bfloat16"},
		}},
		"experts": {
			graph.Cost{
				Known: true, Class: "moe", DType: graph.Float16, MACs: b, Read: b, Written: b, Quant: "int4_wo",
				Experts: &graph.Experts{Tokens: b, Hidden: graph.Const(64), Inter: graph.Const(128), TopK: graph.Const(2), Experts: graph.Const(8), Gated: true},
			},
			energy.Work{
				Class: "moe", DType: "float16", Count: 1, MACs: 3, Read: 3, Written: 3, Quant: "int4_wo",
				Experts: &energy.WorkExperts{Tokens: 3, Hidden: 64, Inter: 128, TopK: 2, Experts: 8, Gated: true},
			},
		},
		"rows": {
			graph.Cost{Known: true, Class: "norm", DType: graph.Float32, MACs: graph.Const(0), Read: b, Written: b, Row: "rmsnorm", Elements: b.MulInt(7)},
			energy.Work{Class: "norm", DType: "float32", Count: 1, Read: 3, Written: 3, Row: "rmsnorm", Elements: 21},
		},
	} {
		if got, ok := workOf(&c.cost, eval); !ok || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	geometry.Context = graph.Symbol("of nobody")
	if got, ok := workOf(&windowed, eval); ok {
		t.Errorf("a context that nobody knows: %+v", got)
	}
}
