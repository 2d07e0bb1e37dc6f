package ops

import "github.com/irene-onnx/irene/graph"

// groupSlots says where an attention with grouped key/value heads has its inputs; -1 where it has none.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.GroupQueryAttention
// Ainslie et al., GQA: https://arxiv.org/abs/2305.13245
type groupSlots struct{ total, cos, positions, bias, queryNorm int }

func (c *Context) groupSlots() groupSlots {
	if c.Node.Op == "SparseAttention" {
		return groupSlots{total: 7, cos: 9, positions: -1, bias: -1, queryNorm: -1}
	}
	return groupSlots{total: 6, cos: 7, positions: 9, bias: 10, queryNorm: 14}
}

// groupGeometry reads query, key and value (batch, positions, width), or all three packed in the query, and the cache
// (batch, key heads, positions, size). inPlace says that the cache is a buffer with room for more positions than it holds.
func (c *Context) groupGeometry() (a attention, fresh graph.Dim, inPlace bool) {
	q := c.Shape(0)
	a = attention{
		batch: dimOf(q, 0), queries: dimOf(q, 1), heads: c.attr("num_heads"), kvHeads: c.attr("kv_num_heads"),
		past: graph.Const(0), window: c.attr("local_window_size"), causal: c.Node.Int("causal", 1) != 0,
	}
	if fresh = a.queries; c.Has(1) {
		a.size = either(split(dimOf(q, 2), a.heads), split(dimOf(c.Shape(1), 2), a.kvHeads))
		fresh = either(dimOf(c.Shape(1), 1), a.queries)
	} else {
		a.size = split(dimOf(q, 2), a.heads.Add(a.kvHeads.MulInt(2)))
	}
	a.vsize = a.size
	if c.Has(3) {
		a.past, a.cache = dimOf(c.Shape(3), 2), c.DType(3)
		if dimOf(c.Shape(3), 3).MulInt(2).Equal(a.size) { // two elements in one
			a.cache = graph.Int4
		}
	}
	a.keys = a.past.Add(fresh)
	if inPlace = c.Has(3) && c.sharedCache(a.past); inPlace {
		a.keys = c.scalar(c.groupSlots().total)
		a.past = a.keys.Sub(fresh)
	}
	return a, fresh, inPlace
}

// sharedCache reports whether past and present keys are one buffer: the operator says so, the file declares both with
// the same length, or the total length is at most that of the past keys.
func (c *Context) sharedCache(past graph.Dim) bool {
	if c.Node.Op == "SparseAttention" || c.isSet("sliding_window_cache") {
		return true
	}
	if v := c.Node.Output(1); v != nil {
		in := c.Node.Input(3)
		if d := dimOf(v.Type.Shape, 2); !d.IsUnknown() && d.Equal(dimOf(in.Type.Shape, 2)) {
			return true
		}
	}
	total, totalKnown := c.scalar(c.groupSlots().total).Const()
	length, known := past.Const()
	return totalKnown && known && total <= length
}

// groupQueryAttention: outputs are the attention (batch, positions, heads·size), the keys and the values so far, and the
// scores.
func groupQueryAttention(c *Context) error {
	a, fresh, inPlace := c.groupGeometry()
	total := c.scalar(c.groupSlots().total)
	if !inPlace && c.Has(3) {
		var err error
		if a.keys, err = c.Unify(total, a.past.Add(fresh)); err != nil {
			return err
		}
	}
	if past := c.Shape(3); len(past) == 4 {
		pairs := [][2]graph.Dim{{past[0], a.batch}, {past[1], a.kvHeads}}
		if c.DType(3) == c.DType(0) { // narrower types may hold two elements in one
			pairs = append(pairs, [2]graph.Dim{past[3], a.size})
		}
		if err := c.unifyAll(pairs...); err != nil {
			return err
		}
	}
	c.Set(0, c.DType(0), graph.Shape{a.batch, a.queries, a.heads.Mul(a.size)})
	for i := 1; i <= 2; i++ {
		t, s := c.DType(0), graph.Shape{a.batch, a.kvHeads, a.keys, a.size}
		if past := c.Shape(i + 2); c.Has(i + 2) {
			t = c.DType(i + 2)
			if inPlace {
				s = past
			} else {
				s[3] = dimOf(past, 3) // narrower than a head where two elements share a byte
			}
		}
		c.Set(i, t, s)
	}
	c.Set(3, c.DType(0), graph.Shape{a.batch, a.heads, a.queries, a.keys})
	return nil
}

func groupQueryAttentionCost(c *Context) graph.Cost {
	s := c.groupSlots()
	a, fresh, inPlace := c.groupGeometry()
	turned := a.batch.Mul(a.queries.Mul(a.heads).Add(fresh.Mul(a.kvHeads))) // heads of queries and new keys
	masks := c.masks(a.causal, s.bias)
	cost := c.attentionCost(&a, c.scoreWork(masks), c.turningWork(turned.Mul(a.size), s.queryNorm))
	if c.Has(s.cos) {
		rows := a.queries
		if c.Has(s.positions) {
			rows = c.Shape(s.positions).Elements()
		}
		c.readRows(&cost, s.cos, rows)
	}
	if inPlace {
		attended := a.past
		if !a.window.IsUnknown() {
			attended = attended.Min(a.window)
		}
		c.updateCaches(&cost, 3, attended, fresh)
	}
	return cost
}

// turningWork is the work on elements of queries and keys before they meet: rotating them, and the normalization whose
// scale is in a slot.
func (c *Context) turningWork(elements graph.Dim, queryNorm int) graph.Dim {
	each := int64(0)
	if c.isSet("do_rotary") {
		each = rotaryWork
	}
	return elements.MulInt(each + c.countHas(queryNorm)*rmsNorm)
}

// readRows corrects the bytes of the cosines in a slot and the sines in the next: only some rows are read.
func (c *Context) readRows(cost *graph.Cost, cos int, rows graph.Dim) {
	for i := cos; i <= cos+1; i++ {
		cost.Read = cost.Read.Sub(c.bytesIn(i)).Add(c.rowBytes(i, rows))
	}
}

// pagedGeometry reads query (tokens, width) and the cache (blocks, block size, key heads, size). How many keys a query
// sees is data; the blocks allotted to a sequence bound it, since blocks are allotted as they fill.
func (c *Context) pagedGeometry() attention {
	q, cache := c.Shape(0), c.Shape(3)
	a := attention{
		batch: graph.Const(1), queries: dimOf(q, 0), heads: c.attr("num_heads"), kvHeads: c.attr("kv_num_heads"),
		window: c.attr("local_window_size"), causal: c.Node.Int("is_causal", 1) > 0, cache: c.DType(3), sequences: dimOf(c.Shape(6), 0),
	}
	packed := a.heads
	if latent := c.Node.Str("kv_cache_layout", "SEPARATE") == "LATENT"; !c.Has(1) && !latent { // values lead the keys
		packed = packed.Add(a.kvHeads.MulInt(2))
	}
	a.size = split(dimOf(q, 1), packed)
	a.vsize = either(c.attr("v_head_size"), a.size)
	a.keys = dimOf(c.Shape(7), 1).Mul(dimOf(cache, 1))
	if past, ok := c.Int(6); ok {
		a.keys = a.queries.AddInt(past)
	}
	a.past = a.keys
	return a
}

// pagedAttention: outputs are the attention (tokens, heads·size) and the caches, which are updated in place.
func pagedAttention(c *Context) error {
	a := c.pagedGeometry()
	c.Set(0, c.DType(0), graph.Shape{a.queries, a.heads.Mul(a.vsize)})
	c.Set(1, c.DType(3), c.Shape(3))
	c.Set(2, c.DType(4), c.Shape(4))
	return nil
}

// pagedAttentionCost reads of the caches the attended positions of every sequence, and writes those of the new tokens.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.PagedAttention
func pagedAttentionCost(c *Context) graph.Cost {
	a := c.pagedGeometry()
	masks := c.Node.Int("is_causal", 1)
	turned := a.queries.Mul(a.heads.Add(a.kvHeads)).Mul(a.size)
	cost := c.attentionCost(&a, c.scoreWork(min(max(masks, 0), 1)), c.turningWork(turned, 12))
	c.readRows(&cost, 8, a.queries)
	attended := a.keysPerQuery().Mul(dimOf(c.Shape(6), 0))
	for i := 3; i <= 4; i++ {
		if c.Has(i) {
			c.updateInPlace(&cost, i, i-2, c.positionBytes(i, attended), c.positionBytes(i, a.queries))
		}
	}
	return cost
}

// positionBytes is the size of n positions of a paged cache.
func (c *Context) positionBytes(i int, n graph.Dim) graph.Dim {
	s := c.Shape(i)
	if len(s) != 4 {
		return graph.Dim{}
	}
	return Bytes(c.DType(i), n.Mul(s[2]).Mul(s[3]))
}
