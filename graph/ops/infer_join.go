package ops

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// join is what holds of a value that is either a or b: of the branches of an If, the iterations of a Loop, the elements
// of a sequence. Where their dims differ, open says what stands for the dim of that axis, of lengthAxis for how many elements.
func (s *state) join(a, b *Fact, open func(axis int) graph.Dim) Fact {
	out := Fact{Kind: a.Kind, DType: a.DType}
	if out.Kind == graph.KindUnknown {
		out.Kind = b.Kind
	}
	if out.DType == graph.Undefined {
		out.DType = b.DType
	}
	if (b.Kind != graph.KindUnknown && out.Kind != b.Kind) || (b.DType != graph.Undefined && out.DType != b.DType) {
		return Fact{}
	}
	out.Shape = joinShapes(a.Shape, b.Shape, open)
	out.Items = joinItems(a.Items, b.Items, open)
	switch {
	case a.Elem == nil || a.Items.empty():
		out.Elem = b.Elem
	case b.Elem == nil || b.Items.empty():
		out.Elem = a.Elem
	default:
		e := s.join(a.Elem, b.Elem, unknownDim)
		out.Elem = &e
	}
	if a.Tensor != nil && a.Tensor == b.Tensor {
		out.Tensor = a.Tensor
		return out
	}
	out.Data = s.joinData(a, b, out.Shape)
	if len(a.Reals) > 0 && slices.Equal(a.Reals, b.Reals) {
		out.Reals = a.Reals
	}
	return out
}

// unknownDim leaves a dim on which two shapes differ unknown.
func unknownDim(int) graph.Dim { return graph.Dim{} }

func joinShapes(a, b graph.Shape, open func(axis int) graph.Dim) graph.Shape {
	if a == nil || b == nil || len(a) != len(b) {
		return nil
	}
	out := make(graph.Shape, len(a))
	for i := range a {
		out[i] = a[i]
		if !sameDim(a[i], b[i]) {
			out[i] = open(i)
		}
	}
	return out
}

// sameDim reports whether two dims are the same, both unknown included.
func sameDim(a, b graph.Dim) bool { return a.Equal(b) || (a.IsUnknown() && b.IsUnknown()) }

func sameDims(a, b []graph.Dim) bool { return slices.EqualFunc(a, b, sameDim) }

// joinData keeps the elements in which small values agree.
func (s *state) joinData(a, b *Fact, shape graph.Shape) []graph.Dim {
	n, ok := small(shape)
	if !ok || !shape.Resolved() {
		return nil
	}
	x, okA := s.data(a)
	y, okB := s.data(b)
	if !okA || !okB || len(x) != n || len(y) != n {
		return nil
	}
	out, known := make([]graph.Dim, n), false
	for i := range out {
		if x[i].Equal(y[i]) {
			out[i], known = x[i], true
		}
	}
	if !known {
		return nil
	}
	return out
}

// sameFact reports whether two facts say the same.
func sameFact(a, b *Fact) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Kind == b.Kind && a.DType == b.DType && a.Tensor == b.Tensor &&
		(a.Shape == nil) == (b.Shape == nil) && sameDims(a.Shape, b.Shape) &&
		sameDims(a.Data, b.Data) && slices.Equal(a.Reals, b.Reals) && sameNumbers(a.Numbers, b.Numbers) &&
		sameFact(a.Elem, b.Elem) && a.Items.same(b.Items)
}

// typeOnly is what holds of a value whose shape and elements may be anything.
func (f *Fact) typeOnly() Fact {
	out := Fact{Kind: f.Kind, DType: f.DType}
	if f.Elem != nil {
		e := f.Elem.typeOnly()
		out.Elem = &e
	}
	return out
}
