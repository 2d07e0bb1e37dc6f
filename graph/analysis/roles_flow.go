package analysis

import "github.com/irene-onnx/irene/graph"

// reach bounds how many operators are looked through to see where a value comes from or what becomes of it.
const reach = 24

// origin is the kind of operator that a value comes from, elementwise operators and views looked through.
type origin int

const (
	elsewhere origin = iota
	weighted         // a product with a parameter
	quantized        // one of integers, whose result is yet to be scaled
	bare             // a product without a parameter, such as the scores of attention
)

// source is where a value comes from.
func (r *roles) source(v *graph.Value) origin {
	next, seen := []*graph.Value{v}, map[*graph.Node]bool{}
	for len(next) > 0 && len(seen) < reach {
		n := next[0].Producer
		next = next[1:]
		if n == nil || seen[n] {
			continue
		}
		seen[n] = true
		class := r.op(n).Class
		switch {
		case isProduct(n):
			switch {
			case n.Op == "MatMulInteger" || n.Op == "ConvInteger":
				return quantized
			case len(r.slots[n.ID]) > 0:
				return weighted
			case r.readsComposed(n):
				return weighted
			}
			return bare
		case class != "elementwise" && !passesThrough(n):
			continue
		}
		for _, in := range n.Inputs {
			if in != nil && r.learned[in.ID] {
				next = append(next, in)
			}
		}
	}
	return elsewhere
}

// isProduct reports whether an operator multiplies matrices.
func isProduct(n *graph.Node) bool {
	switch n.Op {
	case "MatMul", "Gemm", "Einsum", "FusedMatMul", "MatMulInteger", "ConvInteger", "QLinearMatMul":
		return true
	}
	return false
}

// readsComposed reports whether an operand of a product is made of parameters alone.
func (r *roles) readsComposed(n *graph.Node) bool {
	for _, v := range n.Inputs {
		if v != nil && r.fixed(v) {
			return true
		}
	}
	return false
}

// fixed reports whether a value is made of stored tensors alone.
func (r *roles) fixed(v *graph.Value) bool {
	next, seen := []*graph.Value{v}, map[*graph.Node]bool{}
	for len(next) > 0 {
		v := next[0]
		next = next[1:]
		switch {
		case v == nil || v.Init != nil:
			continue
		case v.Producer == nil || len(seen) == reach:
			return false
		case seen[v.Producer]:
			continue
		}
		seen[v.Producer] = true
		next = append(next, v.Producer.Inputs...)
	}
	return true
}

// goal is an operator that a value may run into.
type goal int

const (
	angle  goal = iota // a sine or cosine
	scores             // a softmax
)

// towards reports whether an output runs into an operator, with views and elementwise operators alone on the way.
func (r *roles) towards(n *graph.Node, to goal) bool {
	next, seen, looks := []*graph.Node{n}, map[*graph.Node]bool{n: true}, 0
	for len(next) > 0 && len(seen) < reach {
		m := next[0]
		next = next[1:]
		for u := range m.Readers() {
			if looks++; looks > reach*reach {
				return false
			}
			class := r.op(u.Node).Class
			switch {
			case to == angle && (u.Node.Op == "Sin" || u.Node.Op == "Cos"), to == scores && class == "softmax":
				return true
			case seen[u.Node] || class != "elementwise" && class != "move" && !passesThrough(u.Node):
				continue
			}
			seen[u.Node] = true
			next = append(next, u.Node)
		}
	}
	return false
}

// composes reports whether an operator makes of a stored tensor a part, a sum, a product or an arrangement of it that may
// still be a parameter: projections split or concatenated, W + B·A, (q - zero) · scale. Of numbers that are dequantized
// by hand only those of the larger tensor are parameters.
func (r *roles) composes(n *graph.Node, slot int) bool {
	switch n.Op {
	case "Split", "Slice", "Expand", "Tile", "Pad":
		return slot == 0
	case "Concat":
		return true
	case "Add", "Sub", "Mul", "Div":
		other, _ := otherOperand(n, slot)
		if other == nil || !r.fixed(other) {
			return false
		}
		mine, theirs := r.integers(n.Input(slot)), r.integers(other)
		if mine == theirs && !mine {
			return true
		}
		return mine && !r.shape(n.Input(slot)).Elements().Sub(r.shape(other).Elements()).Negative()
	}
	return false
}

// integers reports whether a value that is made of stored tensors is that of integers, cast or dequantized.
func (r *roles) integers(v *graph.Value) bool {
	next := []*graph.Value{v}
	for step := 0; len(next) > 0 && step < reach; step++ {
		v := next[0]
		next = next[1:]
		if w, ok := storedSource(v); ok {
			if !w.tensor.DType.IsFloat() {
				return true
			}
			continue
		}
		if v == nil || v.Producer == nil {
			continue
		}
		switch n := v.Producer; n.Op {
		case "Sub", "Add", "Mul", "Div":
			next = append(next, n.Inputs...)
		default:
			if passesThrough(n) || n.Op == "Slice" || n.Op == "Split" {
				next = append(next, n.Input(0))
			}
		}
	}
	return false
}

// becomesWeight reports whether an output of an operator on stored tensors ends where parameters do.
func (r *roles) becomesWeight(n *graph.Node) bool {
	if known, ok := r.becomes[n]; ok {
		return known
	}
	r.becomes[n] = false // of a walk that is under way
	for u := range n.Readers() {
		op := r.op(u.Node)
		if op.Weights.Has(u.Slot) && op.Class != "gather" || r.role(u.Node, u.Slot) ||
			(passesThrough(u.Node) || r.composes(u.Node, u.Slot)) && r.becomesWeight(u.Node) {
			r.becomes[n] = true
			break
		}
	}
	return r.becomes[n]
}

// folded reports whether a stored tensor without a name is what constant folding left of a parameter: a matrix that a
// function is applied to, rates of decay, a table that is interpolated or that indices pick from.
func (r *roles) folded(n *graph.Node, class string, slot int, w weight) bool {
	if w.inNode() || n.Domain != "" {
		return false
	}
	switch n.Op {
	case "Resize", "GatherND", "GatherElements":
		return slot == 0 && wideAxes(w.tensor) > 1
	case "Sin", "Cos":
		return false
	}
	return len(n.Inputs) == 1 && (class == "elementwise" || class == "activation") && wideAxes(w.tensor) > 1 || decays(n)
}

// decays reports whether a node is the Exp of -exp(x), by which state-space layers keep what they multiply by negative.
func decays(n *graph.Node) bool {
	out := n.Output(0)
	return n.Op == "Exp" && out != nil && len(out.Consumers) == 1 && out.Consumers[0].Node.Op == "Neg"
}

// normalizes reports whether a tensor of some shape goes with a value of a normalization that is spelled out: elementwise
// operators and views alone stand between input k and a normalization, or a mean over the axis that the tensor spans.
func (r *roles) normalizes(n *graph.Node, k int, shape graph.Shape) bool {
	out := r.shape(n.Output(0))
	axis := -1
	for i, d := range shape {
		if d.Is(1) {
			continue
		}
		if axis >= 0 {
			return false
		}
		axis = i - len(shape) // from the end
	}
	if axis == 0 || axis < -len(out) || !out[len(out)+axis].Equal(shape[len(shape)+axis]) {
		return false
	}
	length := shape[len(shape)+axis]
	next, seen := []*graph.Value{n.Input(k)}, map[*graph.Node]bool{}
	for len(next) > 0 && len(seen) < reach {
		m := next[0].Producer
		next = next[1:]
		if m == nil || seen[m] {
			continue
		}
		seen[m] = true
		class := r.op(m).Class
		switch {
		case class == "norm":
			return true
		case m.Op == "ReduceMean":
			of := r.shape(m.Input(0))
			if axis >= -len(of) && of[len(of)+axis].Equal(length) {
				return true
			}
			continue
		case class != "elementwise" && !passesThrough(m):
			continue
		}
		for _, in := range m.Inputs {
			if in != nil {
				next = append(next, in)
			}
		}
	}
	return false
}

// wideAxes is the number of axes of a tensor longer than 1.
func wideAxes(t *graph.Tensor) int { return wideDims(graph.Consts(t.Dims...)) }

// wideDims is the number of axes that are longer than 1, or may be.
func wideDims(s graph.Shape) int {
	n := 0
	for _, d := range s {
		if !d.Is(1) {
			n++
		}
	}
	return n
}
