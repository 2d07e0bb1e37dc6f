package ops

import "github.com/irene-onnx/irene/graph"

// nonZero: the indices of the elements that are not zero, a column each; their number is decided by the data unless the
// data is known, or a fill of one value (NonZero).
func nonZero(c *Context) error {
	in := c.Shape(0)
	rank := graph.Dim{}
	if len(in) > 0 {
		rank = graph.Const(int64(len(in)))
	}
	count := nonZeros(c, 0, c.Fresh(0, 1), -1)
	if n := in.Elements(); !n.IsUnknown() && filled(c.Node.Input(0)) {
		count = n
	} else if n, ok := c.s.routed(c.Node.Input(0)); ok && count.DependsOnData() {
		count = n
	}
	c.Set(0, graph.Int64, graph.Shape{rank, count})
	return nil
}

// filled reports whether a value is a ConstantOfShape of something else than zero, as exporters spell "all indices".
func filled(v *graph.Value) bool {
	if v == nil || v.Producer == nil || v.Producer.Kind() != "ConstantOfShape" {
		return false
	}
	a, ok := v.Producer.Attr("value")
	return ok && a.Tensor != nil && notZero(a.Tensor)
}

// nonZeros counts the elements of input i that are not zero, among the first limit unless that is negative; open where
// not all are known.
func nonZeros(c *Context, i int, open graph.Dim, limit int) graph.Dim {
	n := int64(0)
	if r, ok := c.Reals(i); ok {
		for k, x := range r {
			if x != 0 && (limit < 0 || k < limit) {
				n++
			}
		}
		return graph.Const(n)
	}
	data, ok := c.Data(i)
	if !ok {
		return open
	}
	for k, d := range data {
		switch {
		case limit >= 0 && k >= limit || d.Is(0):
		case d.NotEqual(graph.Const(0)):
			n++
		default:
			return open
		}
	}
	return graph.Const(n)
}

// notZero reports whether a tensor of one element holds something else than zero.
func notZero(t *graph.Tensor) bool {
	if r, err := t.Reals(1); err == nil {
		return len(r) == 1 && r[0] != 0
	}
	v, err := t.Elements(1)
	return err == nil && len(v) == 1 && v[0] != 0
}

// compress takes the slices along an axis, or without one the elements, whose condition in input 1 holds (Compress).
func compress(c *Context) error {
	in := c.Shape(0)
	a, given := c.Node.Attr("axis")
	if !given {
		c.Set(0, c.DType(0), graph.Shape{c.chosen(0, in.Elements())})
		return nil
	}
	return shaped(func(c *Context, in graph.Shape) (graph.Shape, error) {
		axis, err := c.Axis(a.Int, len(in))
		if err != nil {
			return nil, err
		}
		return with(in, axis, c.chosen(axis, in[axis])), nil
	})(c)
}

// chosen is how many of some places the condition in input 1 holds for; a new size of an axis where nobody knows.
func (c *Context) chosen(axis int, of graph.Dim) graph.Dim {
	limit := -1
	if n, ok := of.Const(); ok {
		limit = int(n)
	}
	return nonZeros(c, 1, c.Fresh(0, axis), limit)
}

// unique: the different elements, or the different slices along an axis, with their first places, the place of each
// element among them, and their counts (Unique).
func unique(c *Context) error {
	in := c.Shape(0)
	a, given := c.Node.Attr("axis")
	if !given {
		n := c.Fresh(0, 0)
		if k, ok := c.distinct(); ok {
			n = graph.Const(int64(k))
		}
		c.setUnique(graph.Shape{n}, n, in.Elements())
		return nil
	}
	if in == nil {
		c.setUnique(nil, graph.Dim{}, graph.Dim{})
		return nil
	}
	axis, err := c.Axis(a.Int, len(in))
	if err != nil {
		return err
	}
	n := c.Fresh(0, axis)
	c.setUnique(with(in, axis, n), n, in[axis])
	return nil
}

// setUnique sets the different elements, and the indices of them among all.
func (c *Context) setUnique(s graph.Shape, unique, all graph.Dim) {
	c.Set(0, c.DType(0), s)
	for i, n := range []graph.Dim{unique, all, unique} {
		c.Set(1+i, graph.Int64, graph.Shape{n})
	}
}

// distinct counts the different elements of input 0 where all are known numbers.
func (c *Context) distinct() (int, bool) {
	r, ok := c.Reals(0)
	if !ok {
		return 0, false
	}
	seen := make(map[float64]bool, len(r))
	for _, x := range r {
		if x != x {
			return 0, false
		}
		seen[x] = true
	}
	return len(seen), true
}

// unfoldTensor: windows of size elements along a dimension, every step elements; the window is the last axis
// (com.microsoft UnfoldTensor).
func unfoldTensor(c *Context, in graph.Shape) (graph.Shape, error) {
	axis, err := c.Axis(c.Node.Int("dim", -1), len(in))
	if err != nil {
		return nil, err
	}
	size := c.Node.Int("size", 0)
	n := c.window(in[axis], size, c.Node.Int("step", 1), 1, 0, 0, "", false)
	if size < 1 || n.Negative() {
		return nil, c.Errorf("a window of %d does not fit axis %d of size %s", size, axis, in[axis])
	}
	return append(with(in, axis, n), graph.Const(size)), nil
}

// dynamicTimeWarping: the path through a cost matrix, as pairs of indices (com.microsoft DynamicTimeWarping).
func dynamicTimeWarping(c *Context) error {
	c.Set(0, graph.Int32, graph.Shape{graph.Const(2), c.Fresh(0, 1)})
	return nil
}
