package ops

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// pool slides a window over the spatial axes of (batch, channels, …); MaxPool also gives the places of the maxima
// (MaxPool, AveragePool, LpPool, QLinearAveragePool, and with the channels last NhwcMaxPool).
func pool(c *Context) error {
	in, l := c.Shape(0), c.imageLayout()
	kernel, given := c.Node.Ints("kernel_shape")
	if !given || len(kernel) == 0 {
		return c.Errorf("no kernel_shape")
	}
	out := in
	if in == nil && len(kernel) < maxRank {
		out = make(graph.Shape, 2+len(kernel))
	} else if in != nil {
		if len(in) < 3 {
			return c.Errorf("rank %d, want 3 or more", len(in))
		}
		batch, channels, spatial := l.image(in)
		windows, err := c.windows(spatial, kernel)
		if err != nil {
			return err
		}
		out = l.join(batch, channels, windows)
	}
	c.Set(0, c.DType(0), out)
	c.Set(1, graph.Int64, out)
	return nil
}

// imageLayout is the layout of a pooled image.
func (c *Context) imageLayout() convLayout {
	return convLayout{channelsLast: c.Node.Op == "NhwcMaxPool" || c.isSet("channels_last")}
}

// poolCost counts k operations for each element a window covers; AveragePool's last division is left out.
func poolCost(k int64) CostRule {
	return func(c *Context) graph.Cost { return c.cost(c.Out(0).Shape.Elements().Mul(c.windowSize().MulInt(k))) }
}

// windowSize is the number of elements under a window. One that may reach past the image covers no more than that.
func (c *Context) windowSize() graph.Dim {
	kernel, _ := c.Node.Ints("kernel_shape")
	size := graph.Consts(kernel...)
	if in := c.In(0).Shape; c.isSet("ceil_mode") && len(in) == 2+len(kernel) {
		_, _, spatial := c.imageLayout().image(in)
		for i, d := range spatial {
			size[i] = size[i].Min(d)
		}
	}
	return size.Elements()
}

// globalPool leaves one element of the spatial axes of each channel (GlobalMaxPool, GlobalAveragePool, GlobalLpPool).
func globalPool(c *Context, in graph.Shape) (graph.Shape, error) {
	if len(in) < 2 {
		return nil, c.Errorf("rank %d, want 2 or more", len(in))
	}
	l := c.imageLayout()
	batch, channels, spatial := l.image(in)
	return l.join(batch, channels, ones(len(spatial))), nil
}

// ones is a shape of n dimensions of 1.
func ones(n int) graph.Shape {
	s := make(graph.Shape, n)
	for i := range s {
		s[i] = graph.Const(1)
	}
	return s
}

// maxUnpool undoes a MaxPool: the spatial axes get the sizes that input 2 gives, else those the window would have come
// from, (size - 1)·stride + kernel - pads (MaxUnpool).
func maxUnpool(c *Context, in graph.Shape) (graph.Shape, error) {
	kernel, _ := c.Node.Ints("kernel_shape")
	n := len(in) - 2
	if n < 1 || len(kernel) != n {
		return nil, c.Errorf("kernel of %d axes for a tensor of rank %d", len(kernel), len(in))
	}
	if c.Has(2) {
		shape, k, _ := c.list("", 2)
		if k >= 0 && k != len(in) {
			return nil, c.Errorf("output_shape has %d numbers for a tensor of rank %d", k, len(in))
		}
		out := make(graph.Shape, len(in))
		copy(out, shape)
		return out, nil
	}
	g, err := c.windowAttrs(n)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(in)
	for i := range n {
		out[2+i] = in[2+i].AddInt(-1).MulInt(at(g.strides, i, 1)).AddInt(kernel[i] - g.padding(i))
		if out[2+i].Negative() {
			return nil, c.Errorf("spatial axis %d becomes %s", i, out[2+i])
		}
	}
	return out, nil
}

// regions is the shape of one pooled image of height × width per region of interest.
func (c *Context) regions(height, width graph.Dim) error {
	in, rois := c.Shape(0), c.Shape(1)
	switch {
	case in != nil && len(in) != 4:
		return c.Errorf("rank %d, want 4", len(in))
	case rois != nil && len(rois) != 2:
		return c.Errorf("regions of rank %d, want 2", len(rois))
	}
	c.Set(0, c.DType(0), graph.Shape{dimOf(rois, 0), dimOf(in, 1), height, width})
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
	n := c.attr("sampling_ratio")
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
