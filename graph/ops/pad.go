package ops

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// pad adds elements before and after each axis, or removes them where the number is negative (Pad). The numbers are
// called paddings in version 1, are an attribute up to 10, and belong to the axes of input 3 from 18 on.
func pad(c *Context) error {
	name := "pads"
	if c.Op.Since == 1 && c.Op.Domain == "" {
		name = "paddings"
	}
	pads, n, given := c.list(name, 1)
	in := c.Shape(0)
	switch {
	case !given:
		return c.Errorf("no %s", name)
	case in == nil:
		c.Set(0, c.DType(0), nil)
		return nil
	}
	axes, err := c.axesOrAll(3, len(in))
	if err != nil {
		return err
	}
	if axes == nil {
		c.Set(0, c.DType(0), make(graph.Shape, len(in)))
		return nil
	}
	if n >= 0 && n != 2*len(axes) {
		return c.Errorf("%d pads for %d axes", n, len(axes))
	}
	out := slices.Clone(in)
	for k, a := range axes {
		out[a] = out[a].Add(elem(pads, k)).Add(elem(pads, k+len(axes)))
		if out[a].Negative() {
			return c.Errorf("axis %d of size %s becomes %s", a, in[a], out[a])
		}
	}
	c.Set(0, c.DType(0), out)
	return nil
}

// axesOrAll lists the axes an attribute "axes" or an input names, all of them where neither is given; nil where they
// are not known.
func (c *Context) axesOrAll(slot, rank int) ([]int, error) {
	named, _, given := c.list("axes", slot)
	if !given {
		return firstAxes(rank), nil
	}
	return c.constAxes(named, rank)
}

// firstAxes are the first n axes.
func firstAxes(n int) []int {
	axes := make([]int, n)
	for i := range axes {
		axes[i] = i
	}
	return axes
}

// constAxes are axes of a tensor of the given rank, counted from the front; nil where they are not known.
func (c *Context) constAxes(named []graph.Dim, rank int) ([]int, error) {
	if named == nil {
		return nil, nil
	}
	axes := make([]int, len(named))
	for i, d := range named {
		v, ok := d.Const()
		if !ok {
			return nil, nil
		}
		var err error
		if axes[i], err = c.Axis(v, rank); err != nil {
			return nil, err
		}
	}
	return axes, nil
}

// centerCropPad crops or pads the axes it names to the sizes of input 1 (CenterCropPad).
func centerCropPad(c *Context, in graph.Shape) (graph.Shape, error) {
	axes, err := c.axesOrAll(-1, len(in))
	if err != nil {
		return nil, err
	}
	return c.resized(in, axes, 1)
}

// resized is a shape whose axes have the sizes that an input spells.
func (c *Context) resized(in graph.Shape, axes []int, slot int) (graph.Shape, error) {
	sizes, n, _ := c.list("", slot)
	if n >= 0 && n != len(axes) {
		return nil, c.Errorf("%d sizes for %d axes", n, len(axes))
	}
	out := slices.Clone(in)
	for k, a := range axes {
		if out[a] = elem(sizes, k); out[a].Negative() {
			return nil, c.Errorf("size %d is %s", k, out[a])
		}
	}
	return out, nil
}

// depthToSpace moves blocks of channels into the two spatial axes (DepthToSpace).
func depthToSpace(c *Context) error {
	in, b, err := c.blocks()
	if err != nil || in == nil {
		return err
	}
	channels, err := c.quotient(in[1], b*b)
	if err != nil {
		return err
	}
	c.Set(0, c.DType(0), graph.Shape{in[0], channels, in[2].MulInt(b), in[3].MulInt(b)})
	return nil
}

// spaceToDepth moves blocks of the two spatial axes into channels (SpaceToDepth).
func spaceToDepth(c *Context) error {
	in, b, err := c.blocks()
	if err != nil || in == nil {
		return err
	}
	out := graph.Shape{in[0], in[1].MulInt(b * b), in[2], in[3]}
	for k := 2; k < 4; k++ {
		if out[k], err = c.quotient(in[k], b); err != nil {
			return err
		}
	}
	c.Set(0, c.DType(0), out)
	return nil
}

// blocks returns the shape of an image batch, of rank 4, and the size of its blocks; a nil shape where its rank is not
// known, for which output 0 is set.
func (c *Context) blocks() (graph.Shape, int64, error) {
	in, b := c.Shape(0), c.Node.Int("blocksize", 0)
	switch {
	case b < 1 || b > 1<<20:
		return nil, 0, c.Errorf("blocksize %d", b)
	case in == nil:
		c.Set(0, c.DType(0), make(graph.Shape, 4))
		return nil, b, nil
	case len(in) != 4:
		return nil, 0, c.Errorf("rank %d, want 4", len(in))
	}
	return in, b, nil
}

// quotient is d / n, which has to leave no remainder.
func (c *Context) quotient(d graph.Dim, n int64) (graph.Dim, error) {
	if v, ok := d.Const(); ok && n != 0 && v%n != 0 {
		return graph.Dim{}, c.Errorf("%d does not divide by %d", v, n)
	}
	return d.FloorDiv(graph.Const(n)), nil
}
