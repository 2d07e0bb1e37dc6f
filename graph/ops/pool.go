package ops

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// pool slides a window over the spatial axes of (batch, channels, …); MaxPool also gives the places of the maxima
// (MaxPool, AveragePool, LpPool).
func pool(c *Context) error {
	kernel, in := c.kernel(), c.Shape(0)
	if len(kernel) == 0 {
		return c.Errorf("no kernel_shape")
	}
	if in == nil {
		if n := len(kernel); n < maxRank {
			in = make(graph.Shape, 2+n)
		}
		return c.setPool(in)
	}
	if len(in) < 3 {
		return c.Errorf("rank %d, want 3 or more", len(in))
	}
	spatial, err := c.windows(in[2:], kernel)
	if err != nil {
		return err
	}
	out := slices.Clone(in)
	copy(out[2:], spatial)
	return c.setPool(out)
}

// kernel is the size of the window along each spatial axis.
func (c *Context) kernel() []int64 {
	k, _ := c.Node.Ints("kernel_shape")
	return k
}

func (c *Context) setPool(s graph.Shape) error {
	c.Set(0, c.DType(0), s)
	c.Set(1, graph.Int64, s)
	return nil
}

// nhwcMaxPool is MaxPool with the channels last (com.microsoft NhwcMaxPool).
func nhwcMaxPool(c *Context) error {
	kernel, in := c.kernel(), c.Shape(0)
	if in == nil {
		c.Set(0, c.DType(0), nil)
		return nil
	}
	if len(in) < 3 {
		return c.Errorf("rank %d, want 3 or more", len(in))
	}
	spatial, err := c.windows(in[1:len(in)-1], kernel)
	if err != nil {
		return err
	}
	out := slices.Clone(in)
	copy(out[1:], spatial)
	c.Set(0, c.DType(0), out)
	return nil
}

// poolCost counts k operations for each element a window covers; AveragePool's last division is left out.
func poolCost(k int64) CostRule {
	return func(c *Context) graph.Cost {
		size := graph.Const(k)
		for _, n := range c.kernel() {
			size = size.MulInt(n)
		}
		return c.cost(c.Out(0).Shape.Elements().Mul(size))
	}
}

// globalPool leaves one element of the spatial axes of each channel (GlobalMaxPool, GlobalAveragePool, GlobalLpPool).
func globalPool(c *Context) error {
	in := c.Shape(0)
	if in == nil {
		c.Set(0, c.DType(0), nil)
		return nil
	}
	if len(in) < 2 {
		return c.Errorf("rank %d, want 2 or more", len(in))
	}
	out := slices.Clone(in)
	for i := 2; i < len(out); i++ {
		out[i] = graph.Const(1)
	}
	c.Set(0, c.DType(0), out)
	return nil
}

// maxUnpool undoes a MaxPool: the spatial axes get the sizes that input 2 gives, else those the window would have come
// from, (size - 1)·stride + kernel - pads (MaxUnpool).
func maxUnpool(c *Context) error {
	in, kernel := c.Shape(0), c.kernel()
	if in == nil {
		c.Set(0, c.DType(0), nil)
		return nil
	}
	n := len(in) - 2
	if n < 1 || len(kernel) != n {
		return c.Errorf("kernel of %d axes for a tensor of rank %d", len(kernel), len(in))
	}
	if c.Has(2) {
		shape, k, _ := c.list("", 2)
		if k >= 0 && k != len(in) {
			return c.Errorf("output_shape has %d numbers for a tensor of rank %d", k, len(in))
		}
		out := make(graph.Shape, len(in))
		copy(out, shape)
		c.Set(0, c.DType(0), out)
		return nil
	}
	strides, err := c.perAxis("strides", n)
	if err != nil {
		return err
	}
	pads, err := c.perAxis("pads", 2*n)
	if err != nil {
		return err
	}
	out := slices.Clone(in)
	for i := range n {
		d := in[2+i].AddInt(-1).MulInt(at(strides, i, 1)).AddInt(kernel[i])
		out[2+i] = d.Sub(graph.Const(at(pads, i, 0))).Sub(graph.Const(at(pads, n+i, 0)))
		if out[2+i].Negative() {
			return c.Errorf("spatial axis %d becomes %s", i, out[2+i])
		}
	}
	c.Set(0, c.DType(0), out)
	return nil
}

// regions is the shape of one pooled image of height × width per region of interest.
func (c *Context) regions(height, width graph.Dim) error {
	in, rois := c.Shape(0), c.Shape(1)
	out := graph.Shape{{}, {}, height, width}
	if in != nil {
		if len(in) != 4 {
			return c.Errorf("rank %d, want 4", len(in))
		}
		out[1] = in[1]
	}
	if rois != nil {
		if len(rois) != 2 {
			return c.Errorf("regions of rank %d, want 2", len(rois))
		}
		out[0] = rois[0]
	}
	c.Set(0, c.DType(0), out)
	return nil
}

// maxRoiPool: the maxima of pooled_shape parts of every region (MaxRoiPool).
func maxRoiPool(c *Context) error {
	size, _ := c.Node.Ints("pooled_shape")
	if len(size) != 2 {
		return c.Errorf("pooled_shape has %d numbers, want 2", len(size))
	}
	return c.regions(graph.Const(size[0]), graph.Const(size[1]))
}

// roiAlign: output_height × output_width averages or maxima of every region (RoiAlign).
func roiAlign(c *Context) error {
	return c.regions(graph.Const(c.Node.Int("output_height", 1)), graph.Const(c.Node.Int("output_width", 1)))
}

// roiAlignCost: each output element pools sampling_ratio² bilinear samples, of 7 operations each and one to pool it; with
// a ratio of 0 the regions decide how many.
// https://onnx.ai/onnx/operators/onnx__RoiAlign.html
func roiAlignCost(c *Context) graph.Cost {
	n := graph.Const(c.Node.Int("sampling_ratio", 0))
	if n.Is(0) {
		n = graph.Dim{}
	}
	return c.cost(c.Out(0).Shape.Elements().Mul(n.Mul(n)).MulInt(8))
}

// cropAndResize: input 3 is the height and width that every region is resized to (com.microsoft CropAndResize).
func cropAndResize(c *Context) error {
	size, n, _ := c.list("", 3)
	if n >= 0 && n != 2 {
		return c.Errorf("crop_size has %d numbers, want 2", n)
	}
	return c.regions(elem(size, 0), elem(size, 1))
}

// cropAndResizeCost: one bilinear sample for each output element, none where the mode is nearest.
func cropAndResizeCost(c *Context) graph.Cost {
	k := int64(7)
	if c.Node.Str("mode", "bilinear") == "nearest" {
		k = 0
	}
	return c.cost(c.Out(0).Shape.Elements().MulInt(k))
}
