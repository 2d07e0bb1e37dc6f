package kernel

import (
	"github.com/irene-onnx/irene/graph"
)

// rmsNorm: x/√(mean(x²) + ε)·γ, with the casts around it and the residual addition that makes x.
func rmsNorm(gr *grouping, mean *graph.Node) []*graph.Node {
	if mean.Op != "ReduceMean" || mean.Domain != "" {
		return nil
	}
	square := producer(mean, 0, "Pow", "Mul")
	if square == nil || (square.Op == "Mul" && square.Input(0) != square.Input(1)) || elementReader(square) != mean {
		return nil
	}
	x := square.Input(0)
	eps := elementReader(mean)
	root := elementReader(eps)
	if x == nil || eps == nil || eps.Op != "Add" || root == nil || root.Op != "Sqrt" {
		return nil
	}
	members := []*graph.Node{mean, square, eps, root}
	last := elementReader(root)
	if last != nil && (last.Op == "Reciprocal" || (last.Op == "Div" && gr.isConstant(last.Input(0)))) {
		members = append(members, last)
		last = elementReader(last)
	}
	if last == nil || (last.Op != "Mul" && last.Op != "Div") || (last.Input(0) != x && last.Input(1) != x) {
		return nil
	}
	members = append(members, last)
	for next := elementReader(last); next != nil && (next.Op == "Cast" || (next.Op == "Mul" && constantSide(gr, next, last.Outputs[0]))); next = elementReader(last) {
		members = append(members, next)
		last = next
	}
	if n := x.Producer; n != nil && n.Op == "Cast" && readOnlyBy(x, members) {
		members = append(members, n)
		x = n.Input(0)
	}
	return gr.residual(members, x)
}

// finishRMSNorm says whether a residual is added, which is the last member then.
func finishRMSNorm(gr *grouping, k *Kernel) {
	typed(gr, k)
	k.Cost.Row = "rmsnorm"
	if last := k.Members[len(k.Members)-1]; last.Op == "Add" {
		k.Cost.Row = "add_rmsnorm"
	}
}

// finishAddNorm: only norms by the root of the mean square have a kernel of their own for the sum.
func finishAddNorm(_ *grouping, k *Kernel) {
	if k.Cost.Row == "rmsnorm" {
		k.Cost.Row = "add_rmsnorm"
	}
}

// residual adds the addition that makes a norm's input.
func (gr *grouping) residual(members []*graph.Node, x *graph.Value) []*graph.Node {
	if x == nil || x.Producer == nil {
		return members
	}
	n := x.Producer
	if n.Op != "Add" || n.Domain != "" || gr.taken[n.ID] || n.Body != members[0].Body || gr.isConstant(n.Input(0)) || gr.isConstant(n.Input(1)) {
		return members
	}
	return append(members, n)
}

// addNorm: a norm that is one node, and the residual addition before it.
func addNorm(gr *grouping, n *graph.Node) []*graph.Node {
	switch n.Op {
	case "RMSNormalization", "SimplifiedLayerNormalization", "LayerNormalization":
	default:
		return nil
	}
	if members := gr.residual([]*graph.Node{n}, n.Input(0)); len(members) > 1 {
		return members
	}
	return nil
}
