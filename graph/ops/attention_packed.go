package ops

import "github.com/irene-onnx/irene/graph"

// packedGeometry reads an attention over sequences that are packed without padding: tokens in input 0, and the offsets
// (batch, longest sequence) of input 3 or 4. Each token is counted against the longest sequence: the lengths are data.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.PackedAttention
func (c *Context) packedGeometry() attention {
	x := c.Shape(0)
	a := attention{batch: graph.Const(1), heads: c.attr("num_heads"), queries: dimOf(x, 0), past: graph.Const(0)}
	a.kvHeads = a.heads
	if c.Node.Op == "PackedAttention" {
		q, _, v := c.projectedWidths(dimOf(c.Shape(1), 1))
		a.size, a.vsize, a.sequences, a.keys = split(q, a.heads), split(v, a.heads), dimOf(c.Shape(3), 0), dimOf(c.Shape(3), 1)
		return a
	}
	a.sequences, a.keys = dimOf(c.Shape(4), 0), dimOf(c.Shape(4), 1)
	if len(x) == 4 {
		a.size, a.vsize = x[3], x[3]
		return a
	}
	a.size = split(dimOf(x, 1), a.heads)
	a.vsize = either(split(dimOf(c.Shape(2), 1), a.heads), a.size)
	return a
}

// packedAttention: the output has a row per token.
func packedAttention(c *Context) error {
	a := c.packedGeometry()
	c.Set(0, c.DType(0), graph.Shape{a.queries, a.heads.Mul(a.vsize)})
	return nil
}

func packedAttentionCost(c *Context) graph.Cost {
	a := c.packedGeometry()
	if c.Node.Op == "PackedAttention" {
		p := c.projection(a.queries, 1)
		return c.attentionCost(&a, c.scoreWork(c.countHas(5)), a.queries.Mul(p.N), p)
	}
	biases := a.queries.Mul(a.heads).Mul(a.size.MulInt(2).Add(a.vsize)).MulInt(c.countHas(3))
	return c.attentionCost(&a, c.scoreWork(c.countHas(6)), biases)
}

// longformerCost counts the projections of all tokens and a window of keys on both sides of each. Of the global
// attention it counts the keys and values of all tokens; which tokens attend globally is data.
// Beltagy et al., Longformer: https://arxiv.org/abs/2004.05150
func longformerCost(c *Context) graph.Cost {
	weight, global := 1, 4
	if c.Node.Op == "QOrderedLongformerAttention" {
		weight, global = 2, 8
	}
	x, heads := c.Shape(0), c.attr("num_heads")
	width := dimOf(x, 2)
	a := attention{
		batch: dimOf(x, 0), heads: heads, kvHeads: heads, queries: dimOf(x, 1), keys: dimOf(x, 1),
		size: split(width, heads), vsize: split(width, heads),
	}
	a.window = c.attr("window").MulInt(2).AddInt(1)
	tokens, one := a.batch.Mul(a.queries), graph.Const(1)
	local := graph.Product{Batch: one, M: tokens, N: width.MulInt(3), K: width, Weight: c.constant(weight)}
	all := graph.Product{Batch: one, M: tokens, N: width.MulInt(2), K: width, Weight: c.constant(global)}
	cost := c.attentionCost(&a, c.scoreWork(1), tokens.Mul(width).MulInt(5), local, all)
	cost.DType = c.DType(0)
	return cost
}

// qorderedGeometry reads input (batch, positions, width) and the weights of queries, keys and values in inputs 5 to 7.
func (c *Context) qorderedGeometry() attention {
	x, heads := c.Shape(0), c.attr("num_heads")
	return attention{
		batch: dimOf(x, 0), heads: heads, kvHeads: heads, queries: dimOf(x, 1), keys: dimOf(x, 1),
		size: split(dimOf(c.Shape(5), 1), heads), vsize: split(dimOf(c.Shape(7), 1), heads),
	}
}

func qorderedAttention(c *Context) error {
	a := c.qorderedGeometry()
	c.Set(0, graph.Int8, graph.Shape{a.batch, a.queries, a.heads.Mul(a.vsize)})
	return nil
}

func qorderedAttentionCost(c *Context) graph.Cost {
	a := c.qorderedGeometry()
	tokens := a.batch.Mul(a.queries)
	var ps []graph.Product
	more := graph.Const(0)
	for i := 5; i <= 7; i++ {
		p := c.projection(tokens, i)
		ps = append(ps, p)
		more = more.Add(tokens.Mul(p.N).MulInt(1 + requantize)) // bias, then back to 8 bits
	}
	cost := c.attentionCost(&a, c.scoreWork(c.countHas(17, 19)), more, ps...)
	cost.DType = graph.Int8
	return cost
}

// decoderGeometry reads query (positions, batch, width) and key (positions, batch, width); the caches hold (batch,
// heads, positions, size). Whether keys and values are projected anew, taken from the cache or both, booleans decide;
// while they are not known, neither are the keys.
func (c *Context) decoderGeometry() (a attention, projected graph.Dim) {
	q, heads := c.Shape(0), c.attr("num_heads")
	a = attention{batch: dimOf(q, 1), heads: heads, kvHeads: heads, queries: dimOf(q, 0), size: split(dimOf(q, 2), heads)}
	a.vsize = a.size
	static, useCache := c.scalar(8), c.scalar(9)
	cached := dimOf(c.Shape(6), 2)
	switch {
	case static.Is(1) && useCache.Is(1):
		a.keys, projected = cached, graph.Const(0)
	case static.Is(1) && useCache.Is(0):
		a.keys, projected = dimOf(c.Shape(1), 0), dimOf(c.Shape(1), 0)
	case static.Is(0) && useCache.Is(1):
		a.keys, projected = cached.Add(a.queries), a.queries
	case static.Is(0) && useCache.Is(0):
		a.keys, projected = a.queries, a.queries
	}
	return a, projected
}

// decoderAttention: outputs are like the query, and the caches of keys and values.
func decoderAttention(c *Context) error {
	a, _ := c.decoderGeometry()
	c.Set(0, c.DType(0), c.Shape(0))
	for i := 1; i <= 2; i++ {
		c.Set(i, c.DType(0), graph.Shape{a.batch, a.heads, a.keys, a.size})
	}
	return nil
}

func decoderAttentionCost(c *Context) graph.Cost {
	a, projected := c.decoderGeometry()
	q, kv := c.projection(a.batch.Mul(a.queries), 2), c.projection(a.batch.Mul(projected), 3)
	bias := q.M.Mul(q.N).Add(kv.M.Mul(kv.N))
	return c.attentionCost(&a, c.scoreWork(c.countHas(5)), bias, q, kv)
}
