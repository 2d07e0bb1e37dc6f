package ops

import (
	"cmp"
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// attentionOps are attention and what surrounds it. A causal mask halves nothing: every query is counted against every
// key. Only an attribute that bounds the keys a query sees (a window) lowers the count.
// https://onnx.ai/onnx/operators/onnx__Attention.html
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MultiHeadAttention
func attentionOps() []Op {
	rows := []Op{
		row("Attention", 23, "attention", attend, attendCost),
		contrib("Attention", "attention", ofRank("input", projectingAttention, 3), projectingAttentionCost, 1, 2),
		contrib("QAttention", "attention", ofRank("input", projectingAttention, 3), projectingAttentionCost, 1, 2),
		contrib("DecoderMaskedSelfAttention", "attention", ofRank("input", projectingAttention, 3), projectingAttentionCost, 1, 2),
		contrib("MultiHeadAttention", "attention", ofRank("query", multiHeadAttention, 3, 5), multiHeadAttentionCost, 3),
		contrib("DecoderMaskedMultiHeadAttention", "attention", ofRank("query", multiHeadAttention, 3, 5), multiHeadAttentionCost, 10),
		contrib("GroupQueryAttention", "attention", ofRank("query", groupQueryAttention, 3), groupQueryAttentionCost, 11, 14, 15),
		contrib("SparseAttention", "attention", ofRank("query", groupQueryAttention, 3), groupQueryAttentionCost),
		contrib("PagedAttention", "attention", ofRank("query", pagedAttention, 2), pagedAttentionCost, 11, 12, 13),
		contrib("PackedAttention", "attention", ofRank("input", packedAttention, 2, 4), packedAttentionCost, 1, 2),
		contrib("PackedMultiHeadAttention", "attention", ofRank("input", packedAttention, 2, 4), packedAttentionCost, 3),
		contrib("LongformerAttention", "attention", sameAsFirst, longformerCost, 1, 2, 4, 5),
		contrib("QOrderedLongformerAttention", "attention", sameAsFirst, longformerCost, 2, 4, 8, 10),
		contrib("QOrderedAttention", "attention", qorderedAttention, qorderedAttentionCost, 5, 6, 7, 11, 12, 13),
		contrib("DecoderAttention", "attention", ofRank("query", decoderAttention, 3), decoderAttentionCost, 2, 3, 4),
		contrib("GatedRelativePositionBias", "attention", gatedPositionBias, gatedPositionBiasCost, 1, 3, 4, 5),
	}
	preview := ofDomain("ai.onnx.preview", row("FlexAttention", 1, "attention", attend, attendCost))
	return slices.Concat(rows, preview, rotaryOps(), transformerOps(), engramOps())
}

// attention is the geometry of one scaled dot product attention.
type attention struct {
	batch          graph.Dim
	heads, kvHeads graph.Dim
	queries        graph.Dim // positions
	keys           graph.Dim // positions, those from a cache included
	past           graph.Dim // keys that come from a cache
	size, vsize    graph.Dim // width of a head of the queries and keys, of the values
	window         graph.Dim // keys that a query sees at most; unknown where nothing bounds them
	causal         bool      // queries see the keys before them
	cache          graph.DType
	// sequences are those that queries of one batch are packed of; unknown where each has its own place in the batch.
	sequences graph.Dim
}

// fused is the geometry as energy models ask for it, with queries of an element type.
func (a *attention) fused(t graph.DType) *graph.Attention {
	out := &graph.Attention{
		Batch: a.batch, Heads: a.heads, KVHeads: either(a.kvHeads, a.heads), HeadDim: a.size, Query: a.queries, Context: a.keys,
		Window: a.window, Causal: a.causal, DType: t, Cache: cmp.Or(a.cache, t),
	}
	if !a.sequences.IsUnknown() {
		out.Batch, out.Query = a.sequences, a.queries.CeilDiv(a.sequences)
	}
	return out
}

// keysPerQuery is the number of keys a query is counted against.
func (a *attention) keysPerQuery() graph.Dim {
	if a.window.IsUnknown() {
		return a.keys
	}
	return a.keys.Min(a.window)
}

// scores is the number of products of a query with a key.
func (a *attention) scores() graph.Dim {
	return a.batch.Mul(a.heads).Mul(a.queries).Mul(a.keysPerQuery())
}

// products are queries by keys, and probabilities by values.
// softmax(Q·Kᵀ/√d)·V of Vaswani et al., Attention Is All You Need: https://arxiv.org/abs/1706.03762
func (a *attention) products() []graph.Product {
	batch, perQuery := a.batch.Mul(a.heads), a.keysPerQuery()
	return []graph.Product{
		{Batch: batch, M: a.queries, N: perQuery, K: a.size, TransB: true},
		{Batch: batch, M: a.queries, N: a.vsize, K: perQuery},
	}
}

// Work per score.
const (
	softmaxWork = 5 // maximum, subtract, exponential, sum, divide
	scaleWork   = 1
	maskWork    = 1
	softcapWork = 3 // divide, hyperbolic tangent, multiply
)

// scoreWork is the work per score that the attributes ask for, with a number of masks and biases that are added.
func (c *Context) scoreWork(masks int64) int64 {
	n := softmaxWork + scaleWork + masks*maskWork
	if c.Node.Float("softcap", 0) != 0 {
		n += softcapWork
	}
	return n
}

// attentionCost counts an attention, its projections and other elementwise work.
func (c *Context) attentionCost(a *attention, perScore int64, more graph.Dim, projections ...graph.Product) graph.Cost {
	cost := c.products(a.scores().MulInt(perScore).Add(more), append(projections, a.products()...)...)
	cost.Attention = a.fused(c.Out(0).DType)
	return cost
}

// countHas is the number of given slots that hold an input.
func (c *Context) countHas(is ...int) int64 {
	n := int64(0)
	for _, i := range is {
		if c.Has(i) {
			n++
		}
	}
	return n
}

// split divides a width among heads; unknown where it does not divide.
func split(width, heads graph.Dim) graph.Dim {
	if q, ok := width.DivideExactly(heads); ok {
		return q
	}
	return graph.Dim{}
}

// attr is an integer attribute as a Dim; unknown where it is absent or not positive.
func (c *Context) attr(name string) graph.Dim {
	if n := c.Node.Int(name, 0); n > 0 {
		return graph.Const(n)
	}
	return graph.Dim{}
}

// masks is the number of masks and biases in some slots, at least 1 for an attention that is causal.
func (c *Context) masks(causal bool, slots ...int) int64 {
	n := c.countHas(slots...)
	if n == 0 && causal {
		return 1
	}
	return n
}

// projection is the product of rows by the weight in a slot.
func (c *Context) projection(rows graph.Dim, slot int) graph.Product {
	w := c.Shape(slot)
	return graph.Product{Batch: graph.Const(1), M: rows, N: dimOf(w, 1), K: dimOf(w, 0), Weight: c.constant(slot)}
}

// packedHeads reads a tensor of heads: (batch, heads, positions, size), or (batch, positions, heads·size).
func packedHeads(s graph.Shape, heads graph.Dim) (batch, h, positions, size graph.Dim) {
	switch len(s) {
	case 4:
		return s[0], s[1], s[2], s[3]
	case 3:
		return s[0], heads, s[1], split(s[2], heads)
	}
	return graph.Dim{}, heads, graph.Dim{}, graph.Dim{}
}

// attendGeometry reads the geometry of the standard operator: Q, K, V, mask, past keys, past values.
func (c *Context) attendGeometry() attention {
	var a attention
	a.batch, a.heads, a.queries, a.size = packedHeads(c.Shape(0), c.attr("q_num_heads"))
	var keys graph.Dim
	_, a.kvHeads, keys, _ = packedHeads(c.Shape(1), c.attr("kv_num_heads"))
	_, _, _, a.vsize = packedHeads(c.Shape(2), c.attr("kv_num_heads"))
	a.past, a.causal, a.cache = graph.Const(0), c.isSet("is_causal"), c.DType(1)
	if c.Has(4) && c.Node.Op == "Attention" {
		a.past, a.cache = dimOf(c.Shape(4), 2), c.DType(4)
	}
	a.keys = a.past.Add(keys)
	left, right := c.Node.Int("left_window_size", -1), c.Node.Int("right_window_size", -1)
	if a.causal {
		right = 0
	}
	if left >= 0 && right >= 0 {
		a.window = graph.Const(left).AddInt(right + 1)
	}
	return a
}

// attend is the standard attention: output 0 has the rank of Q, the others are the cache and the scores.
func attend(c *Context) error {
	for i := range 3 {
		if s := c.Shape(i); s != nil && len(s) != 3 && len(s) != 4 {
			return c.Errorf("input %d has rank %d, want 3 or 4", i, len(s))
		}
	}
	if err := c.unifyAttention(); err != nil {
		return err
	}
	a := c.attendGeometry()
	var y graph.Shape
	switch len(c.Shape(0)) {
	case 3:
		y = graph.Shape{a.batch, a.queries, a.heads.Mul(a.vsize)}
	case 4:
		y = graph.Shape{a.batch, a.heads, a.queries, a.vsize}
	}
	c.Set(0, c.DType(0), y)
	c.Set(1, c.DType(1), graph.Shape{a.batch, a.kvHeads, a.keys, a.size})
	c.Set(2, c.DType(2), graph.Shape{a.batch, a.kvHeads, a.keys, a.vsize})
	c.Set(3, c.DType(0), graph.Shape{a.batch, a.heads, a.queries, a.keys})
	return nil
}

// unifyAttention states what the shapes of the standard operator have in common.
func (c *Context) unifyAttention() error {
	qb, _, _, qs := packedHeads(c.Shape(0), c.attr("q_num_heads"))
	kb, kh, kp, ks := packedHeads(c.Shape(1), c.attr("kv_num_heads"))
	vb, vh, vp, _ := packedHeads(c.Shape(2), c.attr("kv_num_heads"))
	pairs := [][2]graph.Dim{{qb, kb}, {kb, vb}, {qs, ks}, {kh, vh}, {kp, vp}}
	total := kp
	if past := c.Shape(4); c.Node.Op == "Attention" && len(past) == 4 {
		pairs = append(pairs, [2]graph.Dim{qb, past[0]}, [2]graph.Dim{kh, past[1]}, [2]graph.Dim{past[2], dimOf(c.Shape(5), 2)})
		total = total.Add(past[2])
	}
	mask := dimOf(c.Shape(3), -1)
	if c.Node.Op == "Attention" && len(mask.Symbols()) > 0 { // a constant one may be 1, or shorter than what it masks
		pairs = append(pairs, [2]graph.Dim{mask, total})
	}
	return c.unifyAll(pairs...)
}

func attendCost(c *Context) graph.Cost {
	a := c.attendGeometry()
	if c.Node.Op == "FlexAttention" {
		work := c.scoreWork(0)
		for range c.Node.Bodies() {
			work++ // the least a modifier does; its body is not descended into
		}
		return c.attentionCost(&a, work, graph.Const(0))
	}
	masks := c.masks(a.causal || !a.window.IsUnknown(), 3)
	return c.attentionCost(&a, c.scoreWork(masks), graph.Const(0))
}
