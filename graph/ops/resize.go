package ops

import (
	"math"
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// upsample multiplies each axis by a scale and rounds down: height_scale and width_scale (Upsample 1), the attribute
// scales (Upsample 7) or input 1 (Upsample 9, Resize 10).
func upsample(c *Context, in graph.Shape) (graph.Shape, error) {
	if c.Op.Since == 1 && c.Op.Name == "Upsample" {
		if len(in) != 4 {
			return nil, c.Errorf("rank %d, want 4", len(in))
		}
		h, w := ofReal(graph.Float32, c.Node.Float("height_scale", 0)), ofReal(graph.Float32, c.Node.Float("width_scale", 0))
		return graph.Shape{in[0], in[1], scaled(in[2], h), scaled(in[3], w)}, nil
	}
	scales, given := c.scales(1)
	if !given {
		return nil, c.Errorf("no scales")
	}
	return c.rescale(in, scales, firstAxes(len(in)))
}

// scales returns the factors in the attribute scales or in input slot; nil where their values are not known. given is
// false where there are none, or an empty list of them.
func (c *Context) scales(slot int) (s []number, given bool) {
	if a, ok := c.Node.Attr("scales"); ok && len(a.Floats) > 0 {
		s = make([]number, len(a.Floats))
		for i, x := range a.Floats[:min(len(a.Floats), maxData)] {
			s[i] = ofReal(graph.Float32, float64(x))
		}
		return s, true
	}
	if !c.Has(slot) || c.Shape(slot).Elements().Is(0) {
		return nil, false
	}
	if _, ok := small(c.Shape(slot)); !ok {
		return nil, true
	}
	s, _ = c.numbers(slot, graph.Float32)
	return s, true
}

// scaled is ⌊d · s⌋, multiplied in single precision, as runtimes do.
func scaled(d graph.Dim, s number) graph.Dim {
	n, ok := d.Const()
	if !ok || !s.fixed {
		return floatArithmetic["Mul"].apply(graph.Float32, ofDim(graph.Float32, d), s).truncated()
	}
	factor := s.at(nil)
	p := math.Floor(float64(float32(n) * float32(factor)))
	if !(factor > 0) || factor > 1<<30 || p >= 1<<62 {
		return graph.Dim{}
	}
	return graph.Const(int64(p))
}

// rescale is a shape with the given axes multiplied by scales, nil where unknown.
func (c *Context) rescale(in graph.Shape, scales []number, axes []int) (graph.Shape, error) {
	n := len(axes)
	if scales != nil && len(scales) != n {
		return nil, c.Errorf("%d scales for %d axes", len(scales), n)
	}
	crop := c.crop(n)
	out := slices.Clone(in)
	for k, a := range axes {
		if scales == nil {
			out[a] = graph.Dim{}
			continue
		}
		s := scales[k]
		if s.fixed && s.at(nil) < 0 {
			return nil, c.Errorf("scale %d is negative", k)
		}
		if crop != nil && s.fixed {
			s = ofReal(graph.Float32, s.at(nil)*crop[k])
		} else if crop != nil {
			s = number{}
		}
		out[a] = scaled(in[a], s)
	}
	return out, nil
}

// crop is the share of each axis that the region of interest of tf_crop_and_resize keeps; nil in other modes. Shares
// nobody knows are NaN.
func (c *Context) crop(n int) []float64 {
	if c.Node.Str("coordinate_transformation_mode", "") != "tf_crop_and_resize" || !c.Has(1) {
		return nil
	}
	out := make([]float64, n)
	r, ok := c.Reals(1)
	for i := range out {
		out[i] = math.NaN()
		if ok && len(r) == 2*n {
			out[i] = r[n+i] - r[i]
		}
	}
	return out
}

// resize makes the named axes, all by default, as long as sizes says or multiplies them by scales (Resize).
func resize(c *Context, in graph.Shape) (graph.Shape, error) {
	axes, err := c.axesOrAll(-1, len(in))
	if err != nil {
		return nil, err
	}
	if scales, given := c.scales(2); given {
		return c.rescale(in, scales, axes)
	}
	if !c.Has(3) {
		return nil, c.Errorf("neither scales nor sizes")
	}
	out, err := c.resized(in, axes, 3)
	if err != nil {
		return nil, err
	}
	if policy := c.Node.Str("keep_aspect_ratio_policy", "stretch"); policy != "stretch" {
		keepAspect(in, out, axes, policy == "not_larger")
	}
	return out, nil
}

// keepAspect applies one scale to all axes: the smallest or the largest of size/input among them.
func keepAspect(in, out graph.Shape, axes []int, smallest bool) {
	best := math.NaN()
	for _, a := range axes {
		x, ok := in[a].Const()
		y, ok2 := out[a].Const()
		if !ok || !ok2 || x == 0 {
			best = math.NaN()
			break
		}
		r := float64(y) / float64(x)
		if math.IsNaN(best) || (r < best) == smallest {
			best = r
		}
	}
	for _, a := range axes {
		x, _ := in[a].Const()
		out[a] = graph.Dim{}
		if !math.IsNaN(best) {
			out[a] = graph.Const(int64(math.Floor(best*float64(x) + 0.5)))
		}
	}
}

// resizeCost counts the weighted sum behind each output element: 2 points an axis for linear interpolation, 4 for cubic;
// nearest computes nothing. The axes are those that are named, else all but batch and channels.
// https://onnx.ai/onnx/operators/onnx__Resize.html
func resizeCost(c *Context) graph.Cost {
	rank := len(c.Shape(0))
	axes := rank
	if rank > 2 {
		axes = rank - 2
	}
	if named, ok := c.Node.Ints("axes"); ok {
		axes = min(rank, len(named))
	}
	return c.cost(c.Out(0).Shape.Elements().Mul(interpolation(c.Node.Str("mode", "nearest"), axes)))
}

// interpolation is the number of operations of one weighted sum over the points around a place in a grid.
func interpolation(mode string, axes int) graph.Dim {
	points := graph.Const(1)
	switch mode {
	case "linear", "bilinear":
		points = graph.Const(2).Pow(int64(axes))
	case "cubic", "bicubic":
		points = graph.Const(4).Pow(int64(axes))
	}
	if points.Is(1) {
		return graph.Const(0)
	}
	return points.MulInt(2).AddInt(-1)
}

// gridSample: a value of input 0 for each place that input 1, of shape (batch, …, axes), names (GridSample).
func gridSample(c *Context) error {
	in, grid := c.Shape(0), c.Shape(1)
	if grid == nil && in != nil {
		grid = make(graph.Shape, len(in))
	}
	if grid == nil {
		c.Set(0, c.DType(0), nil)
		return nil
	}
	if len(grid) < 3 || (in != nil && len(in) != len(grid)) {
		return c.Errorf("grid of rank %d for a tensor of rank %d", len(grid), len(in))
	}
	out := make(graph.Shape, len(grid))
	out[0] = grid[0]
	copy(out[2:], grid[1:len(grid)-1])
	if in != nil {
		out[1] = in[1]
		var err error
		if out[0], err = c.Unify(in[0], grid[0]); err != nil {
			return err
		}
	}
	c.Set(0, c.DType(0), out)
	return nil
}

// gridSampleCost interpolates each output element among all spatial axes.
// https://onnx.ai/onnx/operators/onnx__GridSample.html
func gridSampleCost(c *Context) graph.Cost {
	out := c.Out(0).Shape
	return c.cost(out.Elements().Mul(interpolation(c.Node.Str("mode", "linear"), max(len(out)-2, 0))))
}

// affineGrid: a place for each pixel of an image of the size in input 1, (batch, channels, …) (AffineGrid).
func affineGrid(c *Context) error {
	theta := c.Shape(0)
	size, n, _ := c.list("", 1)
	if n >= 0 && n != 4 && n != 5 {
		return c.Errorf("size has %d numbers, want 4 or 5", n)
	}
	if n < 0 {
		c.Set(0, c.DType(0), nil)
		return nil
	}
	out := make(graph.Shape, n)
	for i := 1; i < n-1; i++ {
		out[i] = elem(size, i+1)
	}
	out[0], out[n-1] = elem(size, 0), graph.Const(int64(n-2))
	if len(theta) > 0 {
		var err error
		if out[0], err = c.Unify(theta[0], out[0]); err != nil {
			return err
		}
	}
	c.Set(0, c.DType(0), out)
	return nil
}

// affineGridCost: each coordinate is the product of a row of the matrix with the place before.
func affineGridCost(c *Context) graph.Cost {
	out := c.Out(0).Shape
	return c.cost(out.Elements().MulInt(2 * max(int64(len(out)-2), 0)))
}
