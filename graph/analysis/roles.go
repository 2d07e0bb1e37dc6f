package analysis

import (
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
)

// weightSlot is an input slot that reads a parameter of n elements.
type weightSlot struct {
	weight
	slot int
	n    int64
}

// roles says of stored tensors whether they are parameters, by what is done with them: names say so only where an
// exporter kept those of a state_dict.
type roles struct {
	a       *Analysis
	slots   [][]weightSlot // by Node.ID
	learned []bool         // by Value.ID: a parameter went into it
	becomes map[*graph.Node]bool
}

// findWeights lists the slots of every node that read parameters.
func findWeights(a *Analysis) [][]weightSlot {
	r := &roles{
		a: a, slots: make([][]weightSlot, len(a.Graph.Nodes)), learned: make([]bool, len(a.Graph.Values)),
		becomes: map[*graph.Node]bool{},
	}
	r.body(a.Graph.Main)
	return r.slots
}

// body goes through a body in the order in which its nodes run.
func (r *roles) body(b *graph.Body) {
	for _, n := range b.Nodes {
		for _, inner := range n.Bodies() {
			for _, v := range inner.Inputs {
				if v != nil {
					r.learned[v.ID] = true // what is carried into it comes from anywhere
				}
			}
			r.body(inner)
		}
		r.node(n)
	}
}

func (r *roles) node(n *graph.Node) {
	learned := len(n.Bodies()) > 0
	for i, v := range n.Inputs {
		learned = learned || v != nil && r.learned[v.ID]
		if w, ok := storedSource(v); ok && r.reads(n, i, w) {
			r.slots[n.ID] = append(r.slots[n.ID], weightSlot{weight: w, slot: i, n: r.elements(n, i, w)})
			learned = true
		}
	}
	for _, v := range n.Outputs {
		if v != nil {
			t := r.a.Inference.Facts[v.ID].DType
			r.learned[v.ID] = learned && t != graph.Int64 && t != graph.Bool // those are indices, sizes and masks
		}
	}
}

// op is the row of a node; an empty one where it has none.
func (r *roles) op(n *graph.Node) *ops.Op {
	if op := r.a.Inference.Rows[n.ID]; op != nil {
		return op
	}
	return &ops.Op{}
}

func (r *roles) shape(v *graph.Value) graph.Shape {
	if v == nil {
		return nil
	}
	return r.a.Inference.Facts[v.ID].Shape
}

// elements is the number of parameters in a slot: those of the tensor, once where folding repeated it for every item of
// a batch.
func (r *roles) elements(n *graph.Node, slot int, w weight) int64 {
	dims := w.tensor.Dims
	out := r.shape(n.Output(0))
	switch {
	case len(dims) < 3 || dims[0] < 2 || len(out) != len(dims) || w.named() == isParameter || r.op(n).Weights.Has(slot):
	case n.Op == "Add" && out[0].Is(dims[0]), n.Op == "Concat" && n.Int("axis", 0) != 0:
		return w.tensor.Len() / dims[0]
	}
	return w.tensor.Len()
}

// reads reports whether an input slot reads parameters: a weight slot, one where the stored tensor has the name of a
// parameter, or one whose operator does with the tensor what is done with parameters alone.
func (r *roles) reads(n *graph.Node, slot int, w weight) bool {
	t, op := w.tensor, r.op(n)
	if t.Len() <= 0 {
		return false
	}
	if op.Weights.Has(slot) {
		return r.trained(n, op, w)
	}
	if passesThrough(n) || n.Op == "Shape" || n.Op == "Size" || t.Len() == 1 && !t.DType.IsFloat() {
		return false
	}
	said := w.named()
	if t.Len() == 1 && said != isParameter {
		return false
	}
	switch {
	case said == isNone || isComputed(w, said):
		return false
	case !t.DType.IsFloat():
		narrow := t.DType.Bits() > 0 && t.DType.Bits() <= 8
		return narrow && (w.scaled || quantizedSum(n)) && (r.role(n, slot) || r.composes(n, slot) && r.becomesWeight(n)) ||
			t.DType == graph.Int32 && w.scaled && n.Op == "Add" && r.role(n, slot)
	case said == isParameter:
		return true
	}
	return r.role(n, slot) || r.folded(n, op.Class, slot, w) || r.composes(n, slot) && r.becomesWeight(n)
}

// trained reports whether what a weight slot reads can be a parameter. Indices are none, nor are the tables that
// positions look up, nor the ones and zeros in a graph that stand for a normalization without parameters.
func (r *roles) trained(n *graph.Node, op *ops.Op, w weight) bool {
	t := w.tensor
	switch {
	case isMade(w.stored.Local), op.Class == "gather" && (isTable(w.stored) || sinusoids(w) || rotates(n) || w.inNode() && wideAxes(t) < 2):
		return false
	case n.Op == "InstanceNormalization" && scaledAfter(n), op.Class == "norm" && w.inNode() && (plain(n) || shiftless(n, w)):
		return false
	case t.DType.IsFloat():
		return true
	case t.DType == graph.Bool || len(t.Dims) == 0:
		return false
	case t.DType == graph.Int32:
		return op.Class != "gather"
	}
	return t.DType.Bits() > 0 && t.DType.Bits() <= 8
}

// plain reports whether constants of ones and zeros stand where a normalization has its scale and shift.
func plain(n *graph.Node) bool {
	return n.Op != "BatchNormalization" && constantOf(n.Input(1), 1) && (n.Input(2) == nil || constantOf(n.Input(2), 0))
}

// shiftless reports whether a Constant of zeros stands where a normalization whose scale is an initializer has its shift:
// exporters whose operator wants one write it down for layers that have none.
func shiftless(n *graph.Node, w weight) bool {
	scale, ok := storedSource(n.Input(1))
	return ok && !scale.inNode() && w.stored != scale.stored && constantOf(n.Input(2), 0) && w.inNode()
}

// constantOf reports whether a value is a Constant of equal elements.
func constantOf(v *graph.Value, x float64) bool {
	w, ok := storedSource(v)
	return ok && w.inNode() && allAre(w.tensor, x)
}

// scaledAfter reports whether a stored tensor scales the output of a normalization once more: exporters spell group
// normalization so, and the scale and shift of the normalization itself are ones and zeros.
func scaledAfter(n *graph.Node) bool {
	for v := n.Output(0); v != nil && len(v.Consumers) > 0; {
		use := v.Consumers[0]
		if use.Node.Op == "Mul" && use.Slot < 2 {
			_, stored := storedSource(use.Node.Input(1 - use.Slot))
			return stored
		}
		if use.Slot != 0 || !passesThrough(use.Node) {
			return false
		}
		v = use.Node.Output(0)
	}
	return false
}

// role reports whether an operator does with a stored tensor in a slot what is done with parameters alone: it is an
// operand of a product, a bias or a table of positions that is added, the scale of a channel, a token in front of others.
func (r *roles) role(n *graph.Node, slot int) bool {
	if slot >= len(n.Inputs) || r.towards(n, angle) {
		return false
	}
	shape := r.shape(n.Inputs[slot])
	wide := wideDims(shape)
	switch n.Op {
	case "Einsum", "MatMul", "Gemm", "FusedMatMul":
		return wide > 1
	case "Add", "QLinearAdd":
		return wide > 0 && r.added(n, slot, shape)
	case "Mul", "QLinearMul":
		return wide == 1 && r.scales(n, slot, shape) || wide > 0 && r.decays(n, slot)
	case "Sub":
		return slot == 0 && wide == 1 && r.normalizes(n, 1, shape)
	case "Concat":
		return wide > 0 && r.prepended(n, slot, shape)
	}
	return false
}

// quantizedSum reports whether an operator adds or multiplies integers that stand for numbers.
func quantizedSum(n *graph.Node) bool { return n.Op == "QLinearAdd" || n.Op == "QLinearMul" }

// activation is the other operand of an operator on a stored tensor where that is not stored itself; nil where it is.
func (r *roles) activation(n *graph.Node, slot int) (*graph.Value, int) {
	other, k := otherOperand(n, slot)
	if other == nil || r.fixed(other) {
		return nil, -1
	}
	return other, k
}

// otherOperand is the operand beside the one in a slot of Add, Mul and their like; nil where there is none.
func otherOperand(n *graph.Node, slot int) (*graph.Value, int) {
	other := 1 - slot
	if quantizedSum(n) { // a, scale, zero point, b, scale, zero point …
		other = 3 - slot
	}
	if slot != 0 && other != 0 {
		return nil, -1
	}
	return n.Input(other), other
}

// added reports whether what is added is a bias or a table of positions, and no mask over scores.
func (r *roles) added(n *graph.Node, slot int, shape graph.Shape) bool {
	other, k := r.activation(n, slot)
	if other == nil || r.paired(n) || !r.covers(shape, other) {
		return false
	}
	if wideDims(shape) == 1 {
		return r.normalizes(n, k, shape) || r.learned[other.ID] && r.source(other) != bare
	}
	batched := len(r.shape(n.Output(0))) > 2 // batch, positions and features
	return batched && (r.isInput(other) || r.learned[other.ID] && r.source(other) != bare) && !r.towards(n, scores)
}

// isInput reports whether a value is a floating-point input of the model.
func (r *roles) isInput(v *graph.Value) bool {
	return v.IsInput && v.Body == r.a.Graph.Main && r.a.Inference.Facts[v.ID].DType.IsFloat()
}

// scales reports whether what is multiplied is a scale for each channel: of a normalization or of a layer, and neither the
// table of a rotation nor the scale of quantized products.
func (r *roles) scales(n *graph.Node, slot int, shape graph.Shape) bool {
	other, k := r.activation(n, slot)
	if other == nil || r.paired(n) {
		return false
	}
	if r.normalizes(n, k, shape) {
		return true
	}
	if !r.learned[other.ID] || !r.covers(shape, other) {
		return false
	}
	s := r.source(other)
	return s != bare && s != quantized
}

// decays reports whether what is multiplied is how fast each state of a state-space layer fades: the product is an exponent.
func (r *roles) decays(n *graph.Node, slot int) bool {
	other, _ := r.activation(n, slot)
	if other == nil || !r.learned[other.ID] {
		return false
	}
	for u := range n.Readers() {
		if u.Node.Op != "Exp" {
			return false
		}
	}
	return len(n.Output(0).Consumers) > 0
}

// covers reports whether a tensor is as long as a value on every axis that it is longer than 1 on.
func (r *roles) covers(shape graph.Shape, v *graph.Value) bool {
	of := r.shape(v)
	from := len(of) - len(shape)
	for i, d := range shape {
		if !d.Is(1) && (from+i < 0 || of[from+i].Is(1) || constantsDiffer(of[from+i], d)) {
			return false
		}
	}
	return true
}

func constantsDiffer(a, b graph.Dim) bool {
	x, ok := a.Const()
	y, ok2 := b.Const()
	return ok && ok2 && x != y
}

// prepended reports whether a tensor is put in front of or behind learned ones: a class token. It is as wide as they are.
func (r *roles) prepended(n *graph.Node, slot int, shape graph.Shape) bool {
	axis, rank := n.Int("axis", 0), int64(len(shape))
	if axis < 0 {
		axis += rank
	}
	if w, ok := storedSource(n.Inputs[slot]); axis < 0 || axis >= rank-1 || ok && isInitialState(w.tensor) {
		return false
	}
	for i, v := range n.Inputs {
		if i != slot && v != nil && r.learned[v.ID] {
			return true
		}
		if i != slot && v != nil && r.isInput(v) && rank > 2 {
			return true
		}
	}
	return false
}

// paired reports whether an operator is a half of x·cos + y·sin.
func (r *roles) paired(n *graph.Node) bool {
	half := func(m *graph.Node) bool {
		if m == nil || m.Op != "Mul" {
			return false
		}
		for i := range m.Inputs {
			if _, stored := storedSource(m.Input(i)); stored && wideDims(r.shape(m.Input(i))) > 0 {
				return true
			}
		}
		return false
	}
	if !half(n) {
		return false
	}
	for u := range n.Readers() {
		if u.Node.Op != "Add" && u.Node.Op != "Sub" {
			continue
		}
		if v, _ := otherOperand(u.Node, u.Slot); v != nil && v.Producer != n && half(v.Producer) {
			return true
		}
	}
	return false
}

// rotates reports whether rows that an operator looks up only multiply what is added to another such product: the angles
// of a rotation.
func rotates(n *graph.Node) bool {
	next, seen, rotated := []*graph.Node{n}, 0, false
	for ; len(next) > 0 && seen < reach; seen++ {
		m := next[0]
		next = next[1:]
		for u := range m.Readers() {
			switch {
			case passesThrough(u.Node):
				next = append(next, u.Node)
			case u.Node.Op == "Mul" && addsProducts(u.Node):
				rotated = true
			default:
				return false
			}
		}
	}
	return rotated
}

// addsProducts reports whether a product is added to a product of two values that are not stored.
func addsProducts(n *graph.Node) bool {
	for u := range n.Readers() {
		v, _ := otherOperand(u.Node, u.Slot)
		if (u.Node.Op != "Add" && u.Node.Op != "Sub") || v == nil || v.Producer == nil || v.Producer.Op != "Mul" {
			continue
		}
		_, first := storedSource(v.Producer.Input(0))
		_, second := storedSource(v.Producer.Input(1))
		if !first && !second {
			return true
		}
	}
	return false
}
