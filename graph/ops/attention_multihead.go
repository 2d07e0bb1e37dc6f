package ops

import "github.com/irene-onnx/irene/graph"

// projectingSlots says where an attention that projects its own queries, keys and values has its inputs; -1 where it
// has none.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.Attention
type projectingSlots struct{ mask, past, bias, pastLength int }

func (c *Context) projectingSlots() projectingSlots {
	if c.Node.Op == "QAttention" {
		return projectingSlots{mask: 5, past: 8, bias: -1, pastLength: -1}
	}
	return projectingSlots{mask: 3, past: 4, bias: 5, pastLength: 6}
}

// projectedWidths are the widths of queries, keys and values: an attribute names them, else each is a third of the
// weight's columns.
func (c *Context) projectedWidths(columns graph.Dim) (q, k, v graph.Dim) {
	if w, ok := c.Node.Ints("qkv_hidden_sizes"); ok && len(w) == 3 {
		return graph.Const(w[0]), graph.Const(w[1]), graph.Const(w[2])
	}
	third := split(columns, graph.Const(3))
	return third, third, third
}

// sharesBuffer reports whether past and present are one buffer that is updated in place.
func (c *Context) sharesBuffer() bool { return c.isSet("past_present_share_buffer") }

// scalar is the only element of input i; unknown where it is not known.
func (c *Context) scalar(i int) graph.Dim {
	if d, ok := c.Data(i); ok && len(d) == 1 {
		return d[0]
	}
	return graph.Dim{}
}

// projectingGeometry: input (batch, positions, width), weights (width, q + k + v), past (2, batch, heads, positions, size).
func (c *Context) projectingGeometry() attention {
	s, x := c.projectingSlots(), c.Shape(0)
	q, _, v := c.projectedWidths(dimOf(c.Shape(1), 1))
	heads := c.attr("num_heads")
	a := attention{
		batch: dimOf(x, 0), heads: heads, kvHeads: heads, queries: dimOf(x, 1),
		size: split(q, heads), vsize: split(v, heads), past: graph.Const(0), causal: c.isSet("unidirectional"),
	}
	if c.Has(s.past) {
		a.past, a.cache = dimOf(c.Shape(s.past), 3), c.DType(s.past)
		if c.sharesBuffer() {
			a.past = c.scalar(s.pastLength)
		}
	}
	a.keys = a.past.Add(a.queries)
	return a
}

// projectingAttention: outputs are the attention (batch, positions, v) and the keys and values so far.
func projectingAttention(c *Context) error {
	s := c.projectingSlots()
	if x, w := c.Shape(0), c.Shape(1); len(x) == 3 && len(w) == 2 {
		if _, err := c.Unify(x[2], w[0]); err != nil {
			return err
		}
	}
	a := c.projectingGeometry()
	t := c.DType(0)
	if c.Node.Op == "QAttention" {
		t = c.DType(3)
	}
	c.Set(0, t, graph.Shape{a.batch, a.queries, a.heads.Mul(a.vsize)})
	if c.Has(s.past) && c.sharesBuffer() {
		c.Set(1, c.DType(s.past), c.Shape(s.past))
		return nil
	}
	c.Set(1, t, graph.Shape{graph.Const(2), a.batch, a.heads, a.keys, a.size})
	return nil
}

func projectingAttentionCost(c *Context) graph.Cost {
	s, a := c.projectingSlots(), c.projectingGeometry()
	tokens := a.batch.Mul(a.queries)
	p := c.projection(tokens, 1)
	each := c.countHas(2)
	if c.Node.Op == "QAttention" {
		each++ // the scaling of the integer products
	}
	more := tokens.Mul(p.N).MulInt(each)
	if c.isSet("do_rotary") {
		more = more.Add(tokens.Mul(a.heads).Mul(a.size).MulInt(2 * rotaryWork))
	}
	cost := c.attentionCost(&a, c.scoreWork(c.masks(a.causal, s.mask, s.bias)), more, p)
	if c.Node.Op == "QAttention" {
		cost.DType = c.DType(0)
	}
	if c.Has(s.past) && c.sharesBuffer() {
		c.updateInPlace(&cost, s.past, 1, c.bytesOf(s.past, 3, a.past), c.bytesOf(s.past, 3, a.queries))
	}
	return cost
}

// updateInPlace corrects the bytes of a cache that is both input and output: of its positions it reads those that are
// attended, and writes the new ones.
func (c *Context) updateInPlace(cost *graph.Cost, past, present int, read, written graph.Dim) {
	cost.Read = cost.Read.Sub(c.bytesIn(past)).Add(read)
	if c.Node.Output(present) != nil {
		cost.Written = cost.Written.Sub(c.Out(present).Bytes())
	}
	cost.Written = cost.Written.Add(written)
}

// updateCaches is updateInPlace for the keys (batch, heads, positions, size) in a slot and output 1, and the values in the
// next slot and output 2.
func (c *Context) updateCaches(cost *graph.Cost, keys int, attended, fresh graph.Dim) {
	for i := range 2 {
		c.updateInPlace(cost, keys+i, 1+i, c.bytesOf(keys+i, 2, attended), c.bytesOf(keys+i, 2, fresh))
	}
}

// bytesOf is the size of input i with n places on an axis.
func (c *Context) bytesOf(i, axis int, n graph.Dim) graph.Dim {
	s := c.Shape(i)
	if axis >= len(s) {
		return graph.Dim{}
	}
	return Bytes(c.DType(i), with(s, axis, n).Elements())
}

// multiHeadSlots says where a multi-head attention without projections has its inputs.
type multiHeadSlots struct{ bias, mask, attentionBias, past, pastLength int }

func (c *Context) multiHeadSlots() multiHeadSlots {
	if c.Node.Op == "DecoderMaskedMultiHeadAttention" {
		return multiHeadSlots{bias: 10, mask: 3, attentionBias: 4, past: 5, pastLength: 7}
	}
	return multiHeadSlots{bias: 3, mask: 4, attentionBias: 5, past: 6, pastLength: 8}
}

// multiHeadGeometry reads the layouts: separate queries, keys and values (batch, positions, width), one packed tensor
// (batch, positions, heads, 3, size) or (batch, positions, q + k + v), keys with values (batch, positions, heads, 2, size),
// or keys and values (batch, heads, positions, size).
func (c *Context) multiHeadGeometry() (a attention, fresh graph.Dim) {
	s, q, k, v := c.multiHeadSlots(), c.Shape(0), c.Shape(1), c.Shape(2)
	a = attention{batch: dimOf(q, 0), queries: dimOf(q, 1), heads: c.attr("num_heads"), past: graph.Const(0), causal: c.isSet("unidirectional")}
	a.kvHeads = a.heads
	switch {
	case len(q) == 5:
		a.size, a.vsize, fresh = q[4], q[4], a.queries
	case !c.Has(1):
		third := split(dimOf(q, 2), graph.Const(3))
		a.size = split(third, a.heads)
		a.vsize, fresh = a.size, a.queries
	case len(k) == 5:
		a.size, a.vsize, fresh = k[4], k[4], k[1]
	default:
		_, _, fresh, a.size = packedHeads(k, a.heads)
		_, _, _, a.vsize = packedHeads(v, a.heads)
		if d := split(dimOf(q, 2), a.heads); a.size.IsUnknown() && len(q) == 3 {
			a.size = d
		}
	}
	if c.Has(s.past) {
		a.past, a.cache = dimOf(c.Shape(s.past), 2), c.DType(s.past)
		if c.inPlace(s) {
			a.past = c.scalar(s.pastLength)
		}
	}
	a.keys = a.past.Add(fresh)
	return a, fresh
}

// inPlace reports whether the cache is a buffer with room for more positions than it holds.
func (c *Context) inPlace(s multiHeadSlots) bool {
	return c.Has(s.past) && (c.sharesBuffer() || c.Has(s.pastLength))
}

// multiHeadAttention: outputs are the attention (batch, positions, v), the keys and the values so far, and the scores.
func multiHeadAttention(c *Context) error {
	q, s := c.Shape(0), c.multiHeadSlots()
	batch := dimOf(q, 0)
	if err := c.unifyAll([2]graph.Dim{batch, dimOf(c.Shape(1), 0)}, [2]graph.Dim{batch, dimOf(c.Shape(s.past), 0)}); err != nil {
		return err
	}
	a, _ := c.multiHeadGeometry()
	c.Set(0, c.DType(0), graph.Shape{a.batch, a.queries, a.heads.Mul(a.vsize)})
	if c.inPlace(s) {
		c.Set(1, c.DType(s.past), c.Shape(s.past))
		c.Set(2, c.DType(s.past+1), c.Shape(s.past+1))
	} else {
		c.Set(1, c.DType(0), graph.Shape{a.batch, a.heads, a.keys, a.size})
		c.Set(2, c.DType(0), graph.Shape{a.batch, a.heads, a.keys, a.vsize})
	}
	c.Set(3, c.DType(0), graph.Shape{a.batch, a.heads, a.queries, a.keys})
	return nil
}

func multiHeadAttentionCost(c *Context) graph.Cost {
	s := c.multiHeadSlots()
	a, fresh := c.multiHeadGeometry()
	perHead := a.queries.Mul(a.size).Add(fresh.Mul(a.size.Add(a.vsize)))
	more := a.batch.Mul(a.heads).Mul(perHead).MulInt(c.countHas(s.bias))
	cost := c.attentionCost(&a, c.scoreWork(c.masks(a.causal, s.mask, s.attentionBias)), more)
	if c.inPlace(s) {
		c.updateCaches(&cost, s.past, a.past, fresh)
	}
	return cost
}
