package ops

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// splitToSequence: parts of input 0 along an axis: single elements where no sizes are given, else parts of one size (the
// last may be shorter) or of the listed sizes.
func splitToSequence(c *Context) error {
	in := c.In(0)
	elem := Fact{Kind: graph.KindTensor, DType: in.DType}
	out := Fact{Kind: graph.KindSequence, Elem: &elem}
	if in.Shape == nil {
		c.SetFact(0, out)
		return nil
	}
	a, err := c.Axis(c.Node.Int("axis", 0), len(in.Shape))
	if err != nil {
		return err
	}
	part := func(size graph.Dim) Fact {
		return Fact{Kind: graph.KindTensor, DType: in.DType, Shape: with(in.Shape, a, size)}
	}
	sizes, known := c.Data(1)
	whole := in.Shape[a]
	switch {
	case !c.Has(1):
		elem = part(graph.Const(1))
		if c.Node.Int("keepdims", 1) == 0 {
			elem.Shape = slices.Delete(elem.Shape, a, a+1)
		}
		out.Items = repeated(elem, whole)
	case known && len(sizes) == 1 && c.Shape(1) != nil && len(c.Shape(1)) == 0:
		if sizes[0].Negative() || sizes[0].Is(0) {
			return c.Errorf("parts of size %v", sizes[0])
		}
		out.Items, elem = chunks(whole, sizes[0], part)
	case known && len(c.Shape(1)) == 1:
		sum, list := graph.Const(0), make([]Fact, len(sizes))
		for i, size := range sizes {
			if size.Negative() {
				return c.Errorf("a part of size %v", size)
			}
			sum, list[i] = sum.Add(size), part(size)
		}
		if _, err := c.Unify(sum, whole); err != nil {
			return err
		}
		out = c.sequenceOf(list)
	default:
		elem = part(graph.Dim{})
		if s := c.Shape(1); len(s) == 1 {
			out.Items = &Items{Len: s[0]}
		}
	}
	c.SetFact(0, out)
	return nil
}

// repeated is a list of n equal elements.
func repeated(elem Fact, n graph.Dim) *Items {
	count, ok := n.Const()
	if !ok || count < 0 || count > maxItems {
		return &Items{Len: n}
	}
	list := make([]Fact, count)
	for i := range list {
		list[i] = elem
	}
	return items(list)
}

// chunks cuts a whole into parts of one size, the last of which may be shorter; elem holds of each part.
func chunks(whole, size graph.Dim, part func(graph.Dim) Fact) (list *Items, elem Fact) {
	if n, ok := whole.DivideExactly(size); ok {
		elem = part(size)
		return repeated(elem, n), elem
	}
	list, elem = repeated(part(size), whole.CeilDiv(size)), part(graph.Dim{})
	if n := len(list.List); n > 0 {
		list.List[n-1] = part(whole.Mod(size))
		if n == 1 {
			elem = list.List[0]
		}
	}
	return list, elem
}

// concatFromSequence: the elements one behind the other along an axis, or stacked along a new one.
func concatFromSequence(c *Context) error {
	seq := c.In(0)
	if seq.Elem == nil {
		return nil
	}
	stack := c.isSet("new_axis")
	shape, err := c.joined(seq, stack)
	if err != nil || shape == nil {
		c.Set(0, seq.Elem.DType, nil)
		return err
	}
	rank := len(shape)
	if stack {
		rank++
	}
	a, err := c.Axis(c.Node.Int("axis", 0), rank)
	if err != nil {
		return err
	}
	n := graph.Dim{}
	if seq.Items != nil {
		n = seq.Items.Len
	}
	out := slices.Clone(shape)
	if stack {
		out = slices.Insert(out, a, n)
	} else {
		out[a] = sumOfDims(seq, a, n)
	}
	if out[a].IsUnknown() {
		out[a] = c.Fresh(0, a)
	}
	c.Set(0, seq.Elem.DType, out)
	return nil
}

// joined is the shape that the elements of a sequence have in common.
func (c *Context) joined(seq *Fact, stack bool) (graph.Shape, error) {
	if !seq.Items.listed() || seq.Items.empty() {
		return seq.Elem.Shape, nil
	}
	var out graph.Shape
	for _, e := range seq.Items.List {
		switch {
		case e.Shape == nil:
			continue
		case out == nil:
			out = append(graph.Shape{}, e.Shape...)
			continue
		case len(e.Shape) != len(out):
			return nil, c.Errorf("elements of rank %d and %d", len(out), len(e.Shape))
		}
		for i, d := range e.Shape {
			var err error
			if !stack && c.concatAxis(i, len(out)) {
				continue
			}
			if out[i], err = c.Unify(out[i], d); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// concatAxis reports whether axis i of rank r is the one to join along.
func (c *Context) concatAxis(i, r int) bool {
	a := c.Node.Int("axis", 0)
	return a == int64(i) || a == int64(i-r)
}

// sumOfDims is the sum of dim a over the elements.
func sumOfDims(seq *Fact, a int, n graph.Dim) graph.Dim {
	if !seq.Items.listed() || seq.Items.empty() {
		return dimOf(seq.Elem.Shape, a).Mul(n)
	}
	sum := graph.Const(0)
	for _, e := range seq.Items.List {
		sum = sum.Add(dimOf(e.Shape, a))
	}
	return sum
}

// splitCost: input 0 is read and its parts are written.
func splitCost(c *Context) graph.Cost {
	out := c.cost(graph.Const(0))
	out.Written = c.bytesIn(0)
	return out
}

// concatCost: the elements are read and the output is written.
func concatCost(c *Context) graph.Cost {
	out := c.cost(graph.Const(0))
	out.Read, out.DType = out.Written, c.Out(0).DType
	return out
}

// foldSplitToSequence: the parts of a vector, one behind the other.
func foldSplitToSequence(c *Context) {
	in, ok := c.array(0)
	f := *c.Out(0)
	if !ok || len(in.dims) != 1 || f.Items == nil {
		return
	}
	if n, isConst := f.Items.Len.Const(); isConst && n == int64(len(in.data)) && f.Items.List == nil && f.Elem != nil && n <= maxItems {
		f.Items = items(slices.Repeat([]Fact{*f.Elem}, int(n)))
	}
	list := slices.Clone(f.Items.List)
	from := 0
	for i := range list {
		n, isConst := list[i].Shape.Elements().Const()
		if !isConst || from+int(n) > len(in.data) {
			return
		}
		list[i].Data = in.data[from : from+int(n)]
		from += int(n)
	}
	if len(list) > 0 {
		c.SetFact(0, c.sequenceOf(list))
	}
}
