package kernel

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// geometry reads the geometry off the shapes of the scores, of queries and of keys. Members tell what the kernel reads keys
// through: a cast of the cache is among them.
func (gr *grouping) geometry(s *spelled, members []*graph.Node) *graph.Attention {
	scores, q, k := gr.shape(s.scores.Output(0)), gr.shape(s.scores.Input(0)), gr.shape(s.scores.Input(1))
	n := len(scores)
	if n < 2 || len(q) < 2 || len(k) < 2 {
		return nil
	}
	a := &graph.Attention{
		Batch: graph.Const(1), Heads: graph.Const(1), HeadDim: q[len(q)-1], Query: scores[n-2], Context: scores[n-1],
		DType: gr.inf.Facts[s.scores.Input(0).ID].DType,
	}
	if n > 2 {
		a.Batch = scores[0]
	}
	if n > 3 {
		a.Heads = scores[1 : n-2].Elements()
	}
	a.KVHeads = a.Heads
	if n > 3 && len(k) == n {
		a.KVHeads = k[1 : n-2].Elements() // fewer where products are broadcast
	}
	if batch, heads, ok := gr.unfolded(s.scores.Input(0), a); n == 3 && ok {
		a.Batch, a.Heads, a.KVHeads = batch, heads, heads
	}
	times, stored := gr.repeats(s.scores.Input(1), members)
	if own, ok := a.KVHeads.DivideExactly(times); ok {
		a.KVHeads = own
	}
	a.Cache = gr.inf.Facts[stored.ID].DType
	for _, v := range gr.masks(s) {
		if m := gr.mask(v, a.Query); len(gr.shape(v)) > 1 {
			a.Causal = a.Causal || m.causal
			if m.window > 0 {
				a.Window = graph.Const(m.window)
			}
		}
	}
	return a
}

func (gr *grouping) shape(v *graph.Value) graph.Shape {
	if v == nil {
		return nil
	}
	return gr.inf.Facts[v.ID].Shape
}

// unfolded finds batch and heads of queries whose products are of three dimensions, where a view folds them into one.
func (gr *grouping) unfolded(q *graph.Value, a *graph.Attention) (batch, heads graph.Dim, ok bool) {
	for range 4 {
		if s := gr.shape(q); len(s) == 4 && s[2].Equal(a.Query) && s[3].Equal(a.HeadDim) {
			return s[0], s[1], true
		}
		switch n := q.Producer; {
		case n == nil || n.Input(0) == nil:
			return batch, heads, false
		case isView(n):
			q = n.Input(0)
		case scaledInput(gr, n) != nil && isScaling(gr, n):
			q = scaledInput(gr, n)
		default:
			return batch, heads, false
		}
	}
	return batch, heads, false
}

// repeats is how many heads of queries share one of keys, as expansions on the way to the keys say, and the keys as the
// kernel reads them.
func (gr *grouping) repeats(k *graph.Value, members []*graph.Node) (times graph.Dim, stored *graph.Value) {
	times, stored = graph.Const(1), k
	for inside := true; k.Producer != nil; {
		n := k.Producer
		if inside = inside && slices.Contains(members, n); inside {
			stored = n.Input(0)
		}
		next := n.Input(0)
		switch {
		case next == nil || n.Domain != "":
			return times, stored
		case n.Op == "Expand" || n.Op == "Tile":
			times = times.Mul(gr.expansion(n))
		case isView(n):
		case isScaling(gr, n):
			if next = scaledInput(gr, n); next == nil {
				return times, stored
			}
			if inside {
				stored = next
			}
		default:
			return times, stored
		}
		k = next
	}
	return times, stored
}

// expansion is how often a node repeats what it reads, batch and elements of a head aside.
func (gr *grouping) expansion(n *graph.Node) graph.Dim {
	in, out, times := gr.shape(n.Input(0)), gr.shape(n.Output(0)), graph.Const(1)
	for i := 1; i < len(out)-1; i++ {
		from := graph.Const(1)
		if at := i - (len(out) - len(in)); at >= 0 {
			from = in[at]
		}
		if by, ok := out[i].DivideExactly(from); ok {
			times = times.Mul(by)
		}
	}
	return times
}
