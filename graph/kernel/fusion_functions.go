package kernel

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// The functions of an eager framework that a file spells out, and that run as one kernel nevertheless.

// sdpa: torch.nn.functional.scaled_dot_product_attention, as both exporters of PyTorch spell it below opset 23: queries and
// keys are multiplied by the root of the scale, so that the scores are not; keys are transposed between the views that fold
// them into three dimensions, or at once. An attention that a model writes itself scales its scores, and runs node by node.
// https://github.com/microsoft/onnxscript/blob/main/onnxscript/function_libs/torch_lib/ops/nn.py
func sdpa(gr *grouping, softmax *graph.Node) []*graph.Node {
	s := gr.spelled(softmax)
	if s == nil || len(s.before) > 2 || len(s.before) == 2 && s.before[1].Op != "Add" {
		return nil
	}
	for _, n := range s.after {
		if n.Op != "IsNaN" && n.Op != "Where" && n.Op != "Dropout" && n.Op != "Identity" {
			return nil
		}
	}
	q, k := gr.scaling(s.scores, 0), gr.scaling(s.scores, 1)
	turned, folded := gr.turned(s, k)
	if (q == nil) != (k == nil) || q == nil && !folded {
		return nil // a scale of 1 is left out
	}
	members := append(s.members(), turned...)
	for _, n := range []*graph.Node{q, k} {
		if n != nil {
			members = append(members, n)
		}
	}
	return members
}

// scaling is the multiplication by a number that makes an input of the scores and serves nothing else.
func (gr *grouping) scaling(scores *graph.Node, i int) *graph.Node {
	n := producer(scores, i, "Mul", "Div")
	if n == nil || !isScaling(gr, n) || scaledInput(gr, n) == nil || elementReader(n) != scores || gr.taken[n.ID] {
		return nil
	}
	return n
}

// turned are the nodes that transpose keys before they are scaled, and whether they fold them into three dimensions for it.
func (gr *grouping) turned(s *spelled, scaling *graph.Node) (nodes []*graph.Node, folded bool) {
	v, reader := s.scores.Input(1), s.scores
	if scaling != nil {
		v, reader = scaledInput(gr, scaling), scaling
	}
	above := func() *graph.Node {
		if v == nil || v.Producer == nil || v.Producer.Domain != "" || elementReader(v.Producer) != reader || gr.taken[v.Producer.ID] {
			return nil
		}
		return v.Producer
	}
	for n := above(); n != nil && len(nodes) < 3; n = above() {
		if n.Op != [...]string{"Reshape", "Transpose", "Reshape"}[len(nodes)] {
			break
		}
		nodes, reader, v = append(nodes, n), n, n.Input(0)
	}
	if n := above(); len(nodes) == 0 && n != nil && n.Op == "Transpose" {
		return []*graph.Node{n}, false
	}
	if len(nodes) < 3 {
		return nil, false
	}
	return nodes, true
}

// finishSDPA says what the kernel is and reads. A causal kernel knows which places are hidden without a mask.
func finishSDPA(gr *grouping, k *Kernel) {
	s := gr.spelled(k.Node)
	k.Cost.Attention = gr.geometry(s, k.Members)
	if a := k.Cost.Attention; a != nil && a.Causal {
		k.Unread = gr.masks(s)
	}
	gr.recount(k)
}

// silu: x·σ(x).
func silu(gr *grouping, sigmoid *graph.Node) []*graph.Node {
	if sigmoid.Op != "Sigmoid" || sigmoid.Domain != "" {
		return nil
	}
	mul := soleReader(sigmoid, "Mul")
	if mul == nil || otherInput(mul, sigmoid.Outputs[0]) != sigmoid.Input(0) || gr.taken[mul.ID] {
		return nil
	}
	return []*graph.Node{sigmoid, mul}
}

// rsqrt: 1/√x.
func rsqrt(gr *grouping, root *graph.Node) []*graph.Node {
	if root.Op != "Sqrt" || root.Domain != "" {
		return nil
	}
	inverse := soleReader(root, "Reciprocal", "Div")
	if inverse == nil || gr.taken[inverse.ID] || inverse.Op == "Div" && (!gr.isConstant(inverse.Input(0)) || !gr.isNumber(inverse.Input(0))) {
		return nil
	}
	return []*graph.Node{root, inverse}
}

// seeThrough finds the transpositions that launch nothing: they only say how memory is laid out, which element-wise
// kernels, joins, reductions and fused attention take as it is. Fused attention writes what its own transposition shows in
// order.
func (gr *grouping) seeThrough(g *graph.Graph, kernels map[*graph.Node]Kernel) {
	attends := map[*graph.Node]bool{}
	for _, k := range kernels {
		if k.Cost.Class == "attention" {
			for _, m := range k.Members {
				attends[m] = true
			}
		}
	}
	for _, n := range g.Nodes {
		if n.Op != "Transpose" || n.Domain != "" || gr.taken[n.ID] || gr.dead[n.ID] {
			continue
		}
		in := n.Input(0)
		if in != nil && in.Producer != nil && attends[in.Producer] || gr.laidOut(n, attends, 4) {
			gr.seen[n.ID], gr.taken[n.ID] = true, true
		}
	}
}

// allAttend reports whether fused attention alone reads a node.
func allAttend(n *graph.Node, attends map[*graph.Node]bool) bool {
	for u := range n.Readers() {
		if !attends[u.Node] && !readsShape(u.Node) {
			return false
		}
	}
	out := n.Output(0)
	return out != nil && !out.IsOutput && len(out.Consumers) > 0
}

// laidOut reports whether all that read a node take its result in any layout.
func (gr *grouping) laidOut(n *graph.Node, attends map[*graph.Node]bool, depth int) bool {
	if depth == 0 || len(n.Outputs) == 0 {
		return false
	}
	for _, v := range n.Outputs {
		if v == nil {
			continue
		}
		if v.IsOutput || len(v.Consumers) == 0 {
			return false
		}
		for _, u := range v.Consumers {
			m := u.Node
			switch {
			case attends[m] || gr.pointwise(m) || gr.costs[m.ID].Class == "reduce":
			case m.Domain == "" && slices.Contains([]string{"Shape", "Concat"}, m.Op):
			case m.Op == "Reshape" && n.Op == "Expand" && allAttend(m, attends): // heads that it shares are not copied for it
			case m.Domain == "" && slices.Contains([]string{"Slice", "Split", "Unsqueeze", "Squeeze", "Expand", "Identity"}, m.Op) && gr.laidOut(m, attends, depth-1):
			default:
				return false
			}
		}
	}
	return true
}
