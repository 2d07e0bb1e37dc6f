package worklist

import (
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

// workOf is a kernel as records hold it, at bound dims; false where its cost is not known.
func workOf(c *graph.Cost, eval func(graph.Dim) (int64, bool)) (w energy.Work, ok bool) {
	n := numbers{eval: eval, known: c.Known}
	w = energy.Work{
		Class: c.Class, DType: c.DType.String(), Count: 1, MACs: n.of(c.MACs), Read: n.of(c.Read), Written: n.of(c.Written),
		Row: c.Row, Quant: c.Quant, Attention: n.attention(c.Attention), Experts: n.experts(c.Experts),
	}
	for _, q := range c.Products {
		w.Products = append(w.Products, energy.Product{Batch: n.of(q.Batch), M: n.of(q.M), N: n.of(q.N), K: n.of(q.K), Weight: q.Weight})
	}
	w.Elements, _ = eval(c.Elements)
	return w, n.known && w.Class != ""
}

// numbers evaluates dims, and notes whether all of them were known.
type numbers struct {
	eval  func(graph.Dim) (int64, bool)
	known bool
}

func (n *numbers) of(d graph.Dim) int64 {
	v, ok := n.eval(d)
	n.known = n.known && ok
	return v
}

func (n *numbers) attention(a *graph.Attention) *energy.WorkAttention {
	if a == nil {
		return nil
	}
	out := &energy.WorkAttention{
		Batch: n.of(a.Batch), Heads: n.of(a.Heads), KVHeads: n.of(a.KVHeads), HeadDim: n.of(a.HeadDim),
		Query: n.of(a.Query), Context: n.of(a.Context), Causal: a.Causal, DType: typeName(a.DType), Cache: typeName(a.Cache),
	}
	out.Window, _ = n.eval(a.Window)
	return out
}

func (n *numbers) experts(e *graph.Experts) *energy.WorkExperts {
	if e == nil {
		return nil
	}
	return &energy.WorkExperts{
		Tokens: n.of(e.Tokens), Hidden: n.of(e.Hidden), Inter: n.of(e.Inter), TopK: n.of(e.TopK), Experts: n.of(e.Experts), Gated: e.Gated,
	}
}

// typeName is "" for a type that nobody knows.
func typeName(t graph.DType) string {
	if t == graph.Undefined {
		return ""
	}
	return t.String()
}
