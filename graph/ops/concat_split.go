package ops

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// concat joins its inputs along an axis; their other dimensions are equal (Concat).
func concat(c *Context) error {
	all := make([]int, c.NumIn())
	for i := range all {
		all[i] = i
	}
	t := c.firstType(all...)
	along := int64(1)
	if a, ok := c.Node.Attr("axis"); ok {
		along = a.Int
	} else if c.Op.Since >= 4 {
		return c.Errorf("no axis")
	}
	out, axis, err := c.concatShapes(along, all)
	if err != nil {
		return err
	}
	c.Set(0, t, out)
	if out != nil {
		c.concatElements(out, axis)
	}
	return nil
}

// concatShapes is the shape of the inputs in some slots one behind the other, and the axis counted from the front; nil
// where no rank is known.
func (c *Context) concatShapes(along int64, slots []int) (out graph.Shape, axis int, err error) {
	for _, i := range slots {
		if s := c.Shape(i); s != nil {
			out = slices.Clone(s)
			break
		}
	}
	if out == nil {
		return nil, 0, nil
	}
	if axis, err = c.Axis(along, len(out)); err != nil {
		return nil, 0, err
	}
	out[axis] = graph.Const(0)
	for _, i := range slots {
		s := c.Shape(i)
		if s == nil {
			out[axis] = graph.Dim{}
			continue
		}
		if len(s) != len(out) {
			return nil, 0, c.Errorf("input %d: rank %d, want %d", i, len(s), len(out))
		}
		for k, d := range s {
			if k == axis {
				out[k] = out[k].Add(d)
			} else if out[k], err = c.Unify(out[k], d); err != nil {
				return nil, 0, err
			}
		}
	}
	return out, axis, nil
}

// concatElements joins the elements of small inputs; those of an input nobody knows are unknown.
func (c *Context) concatElements(out graph.Shape, axis int) {
	n, ok := small(out)
	if !ok || n == 0 {
		return
	}
	outer, _ := small(out[:axis])
	chunks := make([]int, c.NumIn())
	for i := range chunks {
		if chunks[i], ok = small(c.Shape(i)[axis:]); !ok {
			return
		}
	}
	if c.Out(0).DType.IsFloat() {
		defer c.hold(0)
		if r, ok := join(c, n, outer, chunks, c.Reals); ok {
			c.setNumbers(r)
			return
		}
		t := c.Out(0).DType
		if x, ok := join(c, n, outer, chunks, func(i int) ([]number, bool) { return c.numbers(i, t) }); ok {
			c.setFloats(0, x)
			return
		}
	}
	known := false
	data, _ := join(c, n, outer, chunks, func(i int) ([]graph.Dim, bool) {
		d, ok := c.Data(i)
		known = known || ok
		return d, ok
	})
	if known {
		c.SetData(0, data)
	}
}

// join interleaves the elements of all inputs; whole is false where those of one are not known.
func join[T any](c *Context, n, outer int, chunks []int, elements func(int) ([]T, bool)) (out []T, whole bool) {
	out, whole = make([]T, n), true
	row := n / max(outer, 1)
	from := 0
	for i, chunk := range chunks {
		part, ok := elements(i)
		if !ok || len(part) != outer*chunk {
			whole = false
			from += chunk
			continue
		}
		for o := range outer {
			copy(out[o*row+from:o*row+from+chunk], part[o*chunk:])
		}
		from += chunk
	}
	return out, whole
}

// splitParts cuts input 0 along an axis: into the sizes that an attribute or input 1 gives, else into equal parts (Split).
func splitParts(c *Context) error {
	t, in := c.DType(0), c.Shape(0)
	if in == nil {
		for i := range c.Node.Outputs {
			c.Set(i, t, nil)
		}
		return nil
	}
	axis, err := c.Axis(c.Node.Int("axis", 0), len(in))
	if err != nil {
		return err
	}
	sizes, err := c.splitSizes(in[axis])
	if err != nil {
		return err
	}
	at := graph.Const(0)
	for i, size := range sizes {
		out := slices.Clone(in)
		out[axis] = size
		c.Set(i, t, out)
		c.splitElements(i, len(in), at, size)
		at = at.Add(size)
	}
	return nil
}

// splitElements gives output i its part of the elements of a vector.
func (c *Context) splitElements(i, rank int, at, size graph.Dim) {
	from, ok := at.Const()
	n, ok2 := size.Const()
	if !ok || !ok2 || rank != 1 || n > maxData {
		return
	}
	if t := c.DType(0); t.IsFloat() {
		x, ok := c.numbers(0, t)
		if x, ok = part(x, ok, from, n); ok {
			c.setFloats(i, x)
			c.hold(i)
		}
		return
	}
	data, ok := c.Data(0)
	if data, ok = part(data, ok, from, n); ok {
		c.SetData(i, data)
	}
}

// part is n elements of a list from a place on, if the list is known and has them.
func part[T any](list []T, known bool, from, n int64) ([]T, bool) {
	if !known || from < 0 || n < 0 || from > int64(len(list)) || n > int64(len(list))-from {
		return nil, false
	}
	return list[from : from+n], true
}

// splitSizes is the size of each output along the axis that is split.
func (c *Context) splitSizes(whole graph.Dim) ([]graph.Dim, error) {
	sizes, n, given := c.list("split", 1)
	parts := int64(c.NumOut())
	if given {
		if n >= 0 && n != c.NumOut() {
			return nil, c.Errorf("%d sizes for %d outputs", n, parts)
		}
		if sizes == nil {
			return make([]graph.Dim, parts), nil
		}
		return c.completeSizes(whole, sizes)
	}
	sizes = make([]graph.Dim, parts)
	if parts == 0 {
		return sizes, nil
	}
	if w, ok := whole.Const(); ok && c.Op.Since < 18 && w%parts != 0 {
		return nil, c.Errorf("%d does not divide into %d equal parts", w, parts)
	}
	if k := c.Node.Int("num_outputs", parts); k != parts {
		return nil, c.Errorf("num_outputs is %d, there are %d outputs", k, parts)
	}
	chunk := whole.FloorDiv(graph.Const(parts))
	if c.Op.Since >= 18 {
		chunk = whole.CeilDiv(graph.Const(parts))
	}
	rest := whole
	for i := range sizes {
		sizes[i] = chunk
		if c.Op.Since >= 18 && i == len(sizes)-1 {
			sizes[i] = rest.Max(graph.Const(0))
		}
		rest = rest.Sub(chunk)
	}
	return sizes, nil
}

// completeSizes finds a single unknown size from the whole, or holds the sum to be the whole.
func (c *Context) completeSizes(whole graph.Dim, sizes []graph.Dim) ([]graph.Dim, error) {
	sum, open, opens := graph.Const(0), 0, 0
	for i, d := range sizes {
		switch {
		case d.IsUnknown():
			open = i
			opens++
		case d.Negative():
			return nil, c.Errorf("size %d is %s", i, d)
		default:
			sum = sum.Add(d)
		}
	}
	switch opens {
	case 0:
		_, err := c.Unify(whole, sum)
		return sizes, err
	case 1:
		sizes = slices.Clone(sizes)
		sizes[open] = whole.Sub(sum)
		if sizes[open].Negative() {
			return nil, c.Errorf("the sizes exceed %s", whole)
		}
	}
	return sizes, nil
}
