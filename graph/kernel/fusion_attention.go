package kernel

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// spelled is an attention as a graph spells it: softmax of scaled and masked products, times values.
type spelled struct {
	scores, softmax, values *graph.Node
	before                  []*graph.Node // element-wise, from the scores, which are the first, to the softmax
	after                   []*graph.Node // from the softmax to the values
}

// spelled reads an attention around its softmax; nil where there is none.
func (gr *grouping) spelled(softmax *graph.Node) *spelled {
	if softmax.Op != "Softmax" || softmax.Domain != "" {
		return nil
	}
	s := &spelled{softmax: softmax}
	for last := softmax; s.values == nil; {
		next := elementReader(last)
		if next == nil {
			if next = nanGuard(last); next == nil {
				return nil
			}
			s.after = append(s.after, next.Input(0).Producer)
		}
		switch {
		case next.Op == "MatMul" && next.Input(0) == last.Outputs[0]:
			s.values = next
		case (isView(next) || next.Op == "Where" || next.Op == "Mul") && len(s.after) < 6:
			s.after = append(s.after, next)
		default:
			return nil
		}
		last = next
	}
	if s.scores, s.before = productAbove(gr, softmax.Input(0), 8); s.scores == nil || s.scores.Body != softmax.Body {
		return nil
	}
	return s
}

// members lists the nodes, that of the values first: its element type is the kernel's.
func (s *spelled) members() []*graph.Node {
	return slices.Concat([]*graph.Node{s.values, s.softmax}, s.after, s.before)
}

// masks are the values that the scores meet on their way to the softmax; numbers are none.
func (gr *grouping) masks(s *spelled) []*graph.Value {
	var out []*graph.Value
	for _, n := range s.before[1:] {
		for _, v := range n.Inputs {
			if v == nil || v.Producer != nil && slices.Contains(s.before, v.Producer) || isView(n) || gr.isNumber(v) {
				continue
			}
			out = append(out, v)
		}
	}
	return out
}

// isNumber reports whether a value has one element.
func (gr *grouping) isNumber(v *graph.Value) bool {
	f := &gr.inf.Facts[v.ID]
	return f.Shape != nil && f.Shape.Elements().Is(1)
}

// attention: the kernel reads queries once and keys and values once for each of their own heads, whatever the graph expands;
// it writes no scores. New keys and values go to the cache where they belong.
func attention(gr *grouping, softmax *graph.Node) []*graph.Node {
	s := gr.spelled(softmax)
	if s == nil {
		return nil
	}
	members := s.members()
	for _, v := range []*graph.Value{s.scores.Input(0), s.scores.Input(1), s.values.Input(1)} {
		members = fuseUpstream(gr, members, v)
	}
	return members
}

// nanGuard is the Where after a softmax that puts zeros for rows without a number.
func nanGuard(n *graph.Node) *graph.Node {
	if len(n.Outputs) != 1 || n.Outputs[0] == nil || n.Outputs[0].IsOutput {
		return nil
	}
	for _, u := range n.Outputs[0].Consumers {
		if w := u.Node; w.Op == "Where" && w.Input(0) != nil && w.Input(0).Producer != nil {
			if guard := w.Input(0).Producer; guard.Op == "IsNaN" && guard.Input(0) == n.Outputs[0] && elementReader(guard) == w {
				return w
			}
		}
	}
	return nil
}

// productAbove looks for the product of two computed matrices that a value comes from by element-wise operators, and
// lists it and these.
func productAbove(gr *grouping, v *graph.Value, depth int) (*graph.Node, []*graph.Node) {
	if v == nil || v.Producer == nil || depth == 0 {
		return nil, nil
	}
	n := v.Producer
	if n.Op == "MatMul" && n.Domain == "" && gr.costs[n.ID].Class == "bmm" {
		return n, []*graph.Node{n}
	}
	if !isView(n) && !gr.pointwise(n) {
		return nil, nil
	}
	if !v.IsOutput && elementReader(n) == nil && len(v.Consumers) > 1 {
		return nil, nil
	}
	for _, in := range n.Inputs {
		if in == nil || gr.static[in.ID] != dynamic {
			continue
		}
		if p, list := productAbove(gr, in, depth-1); p != nil {
			return p, append(list, n)
		}
	}
	return nil, nil
}

// fuseUpstream adds the views, scalings and the join with the cache that alone lead to a value that members read.
func fuseUpstream(gr *grouping, members []*graph.Node, v *graph.Value) []*graph.Node {
	for range 12 {
		if v == nil || v.Producer == nil {
			return members
		}
		n := v.Producer
		scaling := isScaling(gr, n)
		join := n.Op == "Concat" && n.Domain == "" && joinsCache(n)
		if (!isView(n) && !scaling && !join) || gr.taken[n.ID] || n.Body != members[0].Body || n.Op == "Slice" || !readOnlyBy(v, members) || (v.IsOutput && !join) {
			return members
		}
		members = append(members, n)
		if join {
			return members
		}
		next := n.Input(0)
		if scaling && next != nil && len(gr.inf.Facts[next.ID].Shape) == 0 {
			next = n.Input(1)
		}
		v = next
	}
	return members
}

// joinsCache reports whether a Concat appends to an input of the graph, perhaps seen through views.
func joinsCache(n *graph.Node) bool {
	if len(n.Inputs) != 2 {
		return false
	}
	v := n.Input(0)
	for range 4 {
		if v == nil || v.Producer == nil || !isView(v.Producer) {
			break
		}
		v = v.Producer.Input(0)
	}
	return v != nil && v.IsInput && len(v.Type.Shape) > 2
}

// isScaling reports whether a node multiplies or divides by a number.
func isScaling(gr *grouping, n *graph.Node) bool {
	return (n.Op == "Mul" || n.Op == "Div") && n.Domain == "" && slices.ContainsFunc(n.Inputs, func(x *graph.Value) bool { return x != nil && len(gr.inf.Facts[x.ID].Shape) == 0 })
}

// scaledInput is the input of a scaling that is no number.
func scaledInput(gr *grouping, n *graph.Node) *graph.Value {
	scalar := func(v *graph.Value) bool { return v != nil && len(gr.inf.Facts[v.ID].Shape) == 0 }
	x, y := n.Input(0), n.Input(1)
	switch {
	case len(n.Inputs) != 2:
	case x != nil && !scalar(x) && scalar(y):
		return x
	case y != nil && scalar(x):
		return y
	}
	return nil
}

// finishAttention counts what the kernel reads and writes: of the inputs, masks and scalars are left out; of a cache that
// is an output, only what is new is written.
func finishAttention(gr *grouping, k *Kernel) {
	isJoin := func(n *graph.Node) bool { return n.Op == "Concat" && joinsCache(n) }
	var sides []*graph.Value
	for _, n := range k.Members {
		if n.Op == "MatMul" || isJoin(n) {
			continue
		}
		for _, v := range n.Inputs {
			if v == nil || v.Producer != nil && slices.Contains(k.Members, v.Producer) {
				continue
			}
			// what views and scalings of queries, keys and values read is their data; all else is a mask or a number
			if isView(n) && v == n.Input(0) || (n.Op == "Mul" || n.Op == "Div") && len(gr.inf.Facts[v.ID].Shape) > 2 && v == scaledInput(gr, n) {
				continue
			}
			sides = append(sides, v)
		}
	}
	k.Unread = sides
	gr.recount(k)
	k.Cost.Attention = gr.geometry(gr.spelled(k.Node), k.Members)
	for _, n := range k.Members {
		if out := n.Output(0); isJoin(n) && out != nil && out.IsOutput {
			k.Cost.Written = k.Cost.Written.Sub(gr.inf.Facts[out.ID].Bytes()).Add(gr.inf.Facts[n.Input(1).ID].Bytes())
		}
	}
}
