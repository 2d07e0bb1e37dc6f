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
	a = attention{batch: dimOf(q, 0), queries: dimOf(q, 1), heads: c.attr("num_heads"), kvHeads: c.attr("kv_num_heads")}
	a.past, fresh = graph.Const(0), a.queries
	switch {
	case !c.Has(1):
		a.size = split(dimOf(q, 2), a.heads.Add(a.kvHeads.MulInt(2)))
	default:
		a.size = either(split(dimOf(q, 2), a.heads), split(dimOf(c.Shape(1), 2), a.kvHeads))
		fresh = either(dimOf(c.Shape(1), 1), a.queries)
	}
	a.vsize = a.size
	if c.Has(3) {
		a.past = dimOf(c.Shape(3), 2)
	}
	a.keys = a.past.Add(fresh)
	if inPlace = c.Has(3) && c.sharedCache(a.past); inPlace {
		a.keys = c.scalar(c.groupSlots().total)
		a.past = a.keys.Sub(fresh)
	}
	if w := c.attr("local_window_size"); !w.IsUnknown() {
		a.window = w
	}
	return a, fresh, inPlace
}

// sharedCache reports whether past and present keys are one buffer: the operator says so, the file declares both with
// the same length, or the total length is at most that of the past keys.
func (c *Context) sharedCache(past graph.Dim) bool {
	if c.Node.Op == "SparseAttention" || c.Node.Int("sliding_window_cache", 0) != 0 {
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
	if q := c.Shape(0); q != nil && len(q) != 3 {
		return c.Errorf("query of rank %d, want 3", len(q))
	}
	a, fresh, inPlace := c.groupGeometry()
	total := c.scalar(c.groupSlots().total)
	if !inPlace && c.Has(3) {
		sum, err := c.Unify(total, a.past.Add(fresh))
		if err != nil {
			return err
		}
		a.keys = sum
	}
	if past := c.Shape(3); len(past) == 4 {
		if _, err := c.Unify(past[0], a.batch); err != nil {
			return err
		}
		if _, err := c.Unify(past[1], a.kvHeads); err != nil {
			return err
		}
		if c.DType(3) == c.DType(0) { // narrower types may hold two elements in one
			if _, err := c.Unify(past[3], a.size); err != nil {
				return err
			}
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
	masks := c.countHas(s.bias)
	if masks == 0 && c.Node.Int("causal", 1) != 0 {
		masks = 1
	}
	turned := a.batch.Mul(a.queries.Mul(a.heads).Add(fresh.Mul(a.kvHeads))).Mul(a.size) // elements of queries and new keys
	more := graph.Const(0)
	if c.Node.Int("do_rotary", 0) != 0 {
		more = more.Add(turned.MulInt(rotaryWork))
	}
	if c.Has(s.queryNorm) {
		more = more.Add(turned.MulInt(rmsNorm))
	}
	cost := c.attentionCost(&a, c.scoreWork(masks), more)
	if c.Has(s.cos) {
		rows := a.queries
		if c.Has(s.positions) {
			rows = c.Shape(s.positions).Elements()
		}
		for i := s.cos; i <= s.cos+1; i++ {
			cost.Read = cost.Read.Sub(c.bytesIn(i)).Add(c.rowBytes(i, rows))
		}
	}
	if inPlace {
		attended := a.past
		if !a.window.IsUnknown() {
			attended = attended.Min(a.window)
		}
		c.updateInPlace(&cost, 3, 1, 2, attended, fresh)
		c.updateInPlace(&cost, 4, 2, 2, attended, fresh)
	}
	return cost
}

// pagedGeometry reads query (tokens, width) and the cache (blocks, block size, key heads, size). How many keys a query
// sees is data; the blocks allotted to a sequence bound it, since blocks are allotted as they fill.
func (c *Context) pagedGeometry() attention {
	q, cache := c.Shape(0), c.Shape(3)
	a := attention{batch: graph.Const(1), queries: dimOf(q, 0), heads: c.attr("num_heads"), kvHeads: c.attr("kv_num_heads")}
	if c.Has(1) || c.latent() {
		a.size = split(dimOf(q, 1), a.heads)
	} else {
		a.size = split(dimOf(q, 1), a.heads.Add(a.kvHeads.MulInt(2)))
	}
	a.vsize = either(c.attr("v_head_size"), a.size)
	a.keys = dimOf(c.Shape(7), 1).Mul(dimOf(cache, 1))
	if past, ok := c.Ints(6); ok && len(past) == 1 {
		a.keys = a.queries.AddInt(past[0])
	}
	a.past = a.keys
	if w := c.attr("local_window_size"); !w.IsUnknown() {
		a.window = w
	}
	return a
}

// latent reports whether values are the leading channels of the keys.
func (c *Context) latent() bool { return c.Node.Str("kv_cache_layout", "SEPARATE") == "LATENT" }

// pagedAttention: outputs are the attention (tokens, heads·size) and the caches, which are updated in place.
func pagedAttention(c *Context) error {
	if q := c.Shape(0); q != nil && len(q) != 2 {
		return c.Errorf("query of rank %d, want 2", len(q))
	}
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
	more := graph.Const(0)
	if c.Node.Int("do_rotary", 0) != 0 {
		more = more.Add(turned.MulInt(rotaryWork))
	}
	if c.Has(12) {
		more = more.Add(turned.MulInt(rmsNorm))
	}
	cost := c.attentionCost(&a, c.scoreWork(min(max(masks, 0), 1)), more)
	for i := 8; i <= 9; i++ {
		cost.Read = cost.Read.Sub(c.bytesIn(i)).Add(c.rowBytes(i, a.queries))
	}
	attended := a.keysPerQuery().Mul(dimOf(c.Shape(6), 0))
	for i := 3; i <= 4; i++ {
		if !c.Has(i) {
			continue
		}
		cost.Read = cost.Read.Sub(c.bytesIn(i)).Add(c.positionBytes(i, attended))
		if c.Node.Output(i-2) != nil {
			cost.Written = cost.Written.Sub(c.Out(i - 2).Bytes())
		}
		cost.Written = cost.Written.Add(c.positionBytes(i, a.queries))
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
