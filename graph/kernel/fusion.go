package kernel

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// biasAdd: a product with a weight, and the addition of a stored vector that alone reads it.
func biasAdd(gr *grouping, n *graph.Node) []*graph.Node {
	if n.Op != "MatMul" || n.Domain != "" || gr.costs[n.ID].Class != "gemm" {
		return nil
	}
	add := soleReader(n, "Add")
	if add == nil || gr.taken[add.ID] {
		return nil
	}
	b, out := otherInput(add, n.Outputs[0]), gr.inf.Facts[n.Outputs[0].ID].Shape
	if b == nil || gr.static[b.ID] != constant {
		return nil
	}
	bias := gr.inf.Facts[b.ID].Shape
	if len(bias) != 1 || (len(out) > 0 && bias[0].NotEqual(out[len(out)-1])) {
		return nil
	}
	return []*graph.Node{n, add}
}

// scaledProduct: a product of two values that depend on the data, and the scalar that alone it is multiplied or divided
// by.
func scaledProduct(gr *grouping, n *graph.Node) []*graph.Node {
	if n.Op != "MatMul" || n.Domain != "" || gr.costs[n.ID].Class != "bmm" {
		return nil
	}
	scale := soleReader(n)
	if scale == nil || scale.Domain != "" || gr.taken[scale.ID] {
		return nil
	}
	by := otherInput(scale, n.Outputs[0])
	if by == nil || gr.static[by.ID] != constant || scale.Op != "Mul" && (scale.Op != "Div" || scale.Input(0) != n.Outputs[0]) {
		return nil
	}
	if count, ok := gr.inf.Facts[by.ID].Shape.Elements().Const(); !ok || count != 1 {
		return nil
	}
	return []*graph.Node{n, scale}
}

// gelu: x·½·(1 + erf(x/√2)), the five nodes in any of the orders exporters write them.
func gelu(gr *grouping, erf *graph.Node) []*graph.Node {
	if erf.Op != "Erf" {
		return nil
	}
	scale := producer(erf, 0, "Div", "Mul")
	if scale == nil || soleReader(scale) != erf {
		return nil
	}
	x := scale.Input(0)
	if x != nil && gr.static[x.ID] == constant {
		x = scale.Input(1)
	}
	if x == nil {
		return nil
	}
	add := soleReader(erf, "Add")
	mul := soleReader(add, "Mul")
	if mul == nil {
		return nil
	}
	members := []*graph.Node{erf, scale, add, mul}
	side := otherInput(mul, add.Outputs[0])
	switch {
	case side == nil:
		return nil
	case gr.static[side.ID] == constant: // (½·(1 + erf))·x
		last := soleReader(mul, "Mul")
		if last == nil || otherInput(last, mul.Outputs[0]) != x {
			return nil
		}
		return append(members, last)
	case side == x: // (x·(1 + erf))·½
		if last := soleReader(mul, "Mul"); last != nil && constantSide(gr, last, mul.Outputs[0]) {
			return append(members, last)
		}
		return members
	}
	half := side.Producer // (½·x)·(1 + erf)
	if soleReader(half) != mul || half.Op != "Mul" || (half.Input(0) != x && half.Input(1) != x) {
		return nil
	}
	return append(members, half)
}

// transposes: transpositions of a transposition move the elements once.
func transposes(gr *grouping, last *graph.Node) []*graph.Node {
	if last.Op != "Transpose" || last.Domain != "" || last.Input(0) == nil {
		return nil
	}
	members := []*graph.Node{last}
	for n := last.Input(0).Producer; n != nil && n.Op == "Transpose" && soleReader(n) == members[len(members)-1]; n = n.Input(0).Producer {
		members = append(members, n)
		if n.Input(0) == nil {
			break
		}
	}
	if next := soleReader(last); len(members) < 2 || (next != nil && next.Op == "Transpose") {
		return nil
	}
	return members
}

func constantSide(gr *grouping, n *graph.Node, v *graph.Value) bool {
	o := otherInput(n, v)
	return o != nil && gr.static[o.ID] == constant
}

// layerNorm: (x - mean)/√(var + ε)·γ + β, as exports below opset 17 spell it.
func layerNorm(gr *grouping, div *graph.Node) []*graph.Node {
	if div.Op != "Div" {
		return nil
	}
	sub, sqrt := producer(div, 0, "Sub"), producer(div, 1, "Sqrt")
	eps := producer(sqrt, 0, "Add")
	variance := producer(eps, 0, "ReduceMean")
	square := producer(variance, 0, "Pow", "Mul")
	mean := producer(sub, 1, "ReduceMean")
	if square == nil || mean == nil || square.Input(0) != div.Input(0) {
		return nil
	}
	members := []*graph.Node{div, mean, sub, square, variance, eps, sqrt}
	scale := soleReader(div, "Mul")
	if scale == nil || !constantSide(gr, scale, div.Outputs[0]) {
		return members
	}
	members = append(members, scale)
	if shift := soleReader(scale, "Add"); shift != nil && constantSide(gr, shift, scale.Outputs[0]) {
		members = append(members, shift)
	}
	return members
}

// producer returns the node that makes input i of n if it is one of the given operators.
func producer(n *graph.Node, i int, kinds ...string) *graph.Node {
	if n == nil || n.Input(i) == nil {
		return nil
	}
	if p := n.Input(i).Producer; p != nil && slices.Contains(kinds, p.Op) {
		return p
	}
	return nil
}

// soleReader returns the only reader of a node's only output, in the same body, if it is one of the given operators, of any
// where none is given.
func soleReader(n *graph.Node, kinds ...string) *graph.Node {
	if n == nil || len(n.Outputs) != 1 || n.Outputs[0] == nil || n.Outputs[0].IsOutput || len(n.Outputs[0].Consumers) != 1 {
		return nil
	}
	c := n.Outputs[0].Consumers[0].Node
	if c.Body != n.Body || len(kinds) > 0 && !slices.Contains(kinds, c.Op) {
		return nil
	}
	return c
}

// otherInput returns the other input of a node of two inputs; nil where v is not one of them.
func otherInput(n *graph.Node, v *graph.Value) *graph.Value {
	switch {
	case len(n.Inputs) != 2:
	case n.Inputs[0] == v:
		return n.Inputs[1]
	case n.Inputs[1] == v:
		return n.Inputs[0]
	}
	return nil
}
