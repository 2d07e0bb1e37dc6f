package ops

import (
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// linearState is the geometry of an attention whose keys and values are summed up in one matrix per head, so that its
// cost is linear in the positions.
// Katharopoulos et al., Transformers are RNNs: https://arxiv.org/abs/2006.16236
type linearState struct {
	tokens        graph.Dim // positions of all sequences
	heads, states graph.Dim // heads that are read, heads that have a state
	size, vsize   graph.Dim // of keys, of values
}

// linearCost counts per position: the product of key and value that enters the state, the reading by the query, what
// the delta rule reads with the key beforehand, and what the gate multiplies.
// https://onnx.ai/onnx/operators/onnx__LinearAttention.html
func (c *Context) linearCost(l linearState, more graph.Dim) graph.Cost {
	rule := c.Node.Str("update_rule", "gated_delta")
	one, entries := graph.Const(1), l.tokens.Mul(l.states)
	ps := []graph.Product{{Batch: entries, M: l.size, N: l.vsize, K: one}}
	work := l.tokens.Mul(l.heads).Mul(l.vsize) // scale
	if strings.HasSuffix(rule, "delta") {
		ps = append(ps, graph.Product{Batch: entries, M: one, N: l.vsize, K: l.size})
		work = work.Add(entries.Mul(l.vsize).MulInt(2)) // difference, update rate
	}
	if strings.HasPrefix(rule, "gated") {
		work = work.Add(entries.Mul(l.size).Mul(l.vsize))
	}
	ps = append(ps, graph.Product{Batch: l.tokens.Mul(l.heads), M: one, N: l.vsize, K: l.size})
	return c.products(work.Add(more), ps...)
}

// linearGeometry reads query, key and value as (batch, positions, heads·size).
func (c *Context) linearGeometry() linearState {
	q, kv := c.attr("q_num_heads"), c.attr("kv_num_heads")
	x := c.Shape(0)
	l := linearState{tokens: dimOf(x, 0).Mul(dimOf(x, 1)), states: kv, heads: q}
	if c.Node.Domain != "" { // more states than queries: one output per state
		l.heads = q.Max(kv)
	}
	l.size, l.vsize = split(dimOf(x, 2), q), split(dimOf(c.Shape(2), 2), kv)
	return l
}

// linearAttention: outputs are (batch, positions, heads·size) and the state (batch, heads, key size, value size), with a
// leading axis where several trailing states are kept.
func linearAttention(c *Context) error {
	x, l := c.Shape(0), c.linearGeometry()
	c.Set(0, c.DType(0), graph.Shape{dimOf(x, 0), dimOf(x, 1), l.heads.Mul(l.vsize)})
	state := graph.Shape{dimOf(x, 0), l.states, l.size, l.vsize}
	if n := c.Node.Int("state_window", 0); n > 0 {
		state = append(graph.Shape{graph.Const(n)}, state...)
	}
	t := 0
	if c.Has(3) {
		t = 3
	}
	c.Set(1, c.DType(t), state)
	return nil
}

func linearAttentionCost(c *Context) graph.Cost {
	decay := c.Shape(4).Elements().MulInt(c.countHas(4)) // its exponential
	return c.linearCost(c.linearGeometry(), decay)
}

// deltaGeometry reads query, key and value as (positions …, heads, size).
func (c *Context) deltaGeometry() linearState {
	q, v := c.Shape(0), c.Shape(2)
	l := linearState{states: dimOf(v, -2), size: dimOf(q, -1), vsize: dimOf(v, -1)}
	if len(q) > 2 {
		l.tokens = q[:len(q)-2].Elements()
	}
	l.heads = dimOf(q, -2).Max(l.states)
	return l
}

// gatedDeltaNet: outputs are (positions …, heads, value size), the state (batch, heads, value size, key size), and what
// replays the first transitions.
func gatedDeltaNet(c *Context) error {
	q, l := c.Shape(0), c.deltaGeometry()
	var out graph.Shape
	if q != nil {
		out = append(append(out, q[:len(q)-2]...), l.heads, l.vsize)
	}
	batch := either(dimOf(c.Shape(6), 0), dimOf(c.Shape(3), 0).AddInt(-1))
	captured := l.states.Add(dimOf(c.Shape(1), -2).Mul(l.size)).Add(l.states.Mul(l.vsize))
	c.Set(0, c.DType(0), out)
	c.Set(1, graph.Float32, graph.Shape{batch, l.states, l.vsize, l.size})
	c.Set(2, graph.Float32, graph.Shape{batch, captured.MulInt(c.Node.Int("state_update_capacity", 0))})
	return nil
}

// gatedDeltaNetCost adds the activations of gates and rates and the normalization of queries and keys that the
// attributes ask for.
// Yang et al., Gated Delta Networks: https://arxiv.org/abs/2412.06464
func gatedDeltaNetCost(c *Context) graph.Cost {
	more := graph.Const(0)
	if c.Has(4) {
		each := int64(1) // exponential
		if c.Node.Str("gate_activation", "none") != "none" {
			each += 5 // bias, softplus, factor
		}
		more = more.Add(c.Shape(4).Elements().MulInt(each))
	}
	if c.Has(5) && c.Node.Str("beta_activation", "none") != "none" {
		more = more.Add(c.Shape(5).Elements())
	}
	if c.isSet("qk_l2_norm") {
		more = more.Add(c.Shape(0).Elements().Add(c.Shape(1).Elements()).MulInt(3))
	}
	return c.linearCost(c.deltaGeometry(), more)
}

// linearAttentionGateCost is that of the projections in inputs 0 and 3 that are turned into gates. It counts bias, softplus and factor of the decay, and the sigmoid of the rate.
func linearAttentionGateCost(c *Context) graph.Cost {
	return c.cost(c.Shape(0).Elements().MulInt(5).Add(c.Shape(3).Elements().MulInt(c.countHas(3))))
}
