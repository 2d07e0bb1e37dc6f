package ops

import "github.com/irene-onnx/irene/graph"

// convTranspose: the weight has shape (input channels, output channels / groups, kernel …).
func convTranspose(c *Context) error {
	l, x := c.convLayout(), c.Shape(0)
	w := c.Shape(l.weight)
	if x == nil {
		c.Set(0, c.DType(0), nil)
		return nil
	}
	if len(x) < 3 || w != nil && len(w) != len(x) {
		return c.Errorf("data %v does not go with a weight %v", x, w)
	}
	if w != nil {
		if _, err := c.Unify(x[1], w[0]); err != nil {
			return c.Errorf("data has %v channels, the weight %v", x[1], w[0])
		}
	}
	out, err := c.transposedWindows(x[2:], w)
	if err != nil {
		return err
	}
	c.Set(0, c.DType(0), l.join(x[0], dimOf(w, 1).MulInt(c.group()), out))
	return nil
}

// transposedWindows is the size of the spatial axes that windows over would give the given ones.
func (c *Context) transposedWindows(spatial, weight graph.Shape) (graph.Shape, error) {
	n := len(spatial)
	out := make(graph.Shape, n)
	if s, ok := c.Node.Ints("output_shape"); ok && len(s) >= n {
		for i := range out {
			out[i] = graph.Const(s[len(s)-n+i])
		}
		return out, nil
	}
	g, known, err := c.transposedAttrs(n)
	if err != nil {
		return nil, err
	}
	extra, err := c.perAxis("output_padding", n)
	if err != nil {
		return nil, err
	}
	auto := c.Node.Str("auto_pad", "NOTSET")
	kernel, ok := c.kernelSizes(weight, n)
	for i, d := range spatial {
		stride := at(g.strides, i, 1)
		scaled := d.MulInt(stride)
		switch {
		case auto == "SAME_UPPER" || auto == "SAME_LOWER":
			out[i] = scaled
		case ok && known:
			reach := (kernel[i]-1)*at(g.dilations, i, 1) + 1 + at(extra, i, 0)
			if auto != "VALID" {
				reach -= g.padding(i)
			}
			out[i] = scaled.AddInt(reach - stride)
		}
	}
	return out, nil
}

// transposedAttrs reads the attributes of a window, of ConvTransposeWithDynamicPads the padding from input 2, whose values
// may not be known.
func (c *Context) transposedAttrs(n int) (g windowAttrs, known bool, err error) {
	if g, err = c.windowAttrs(n); err != nil || c.Node.Op != "ConvTransposeWithDynamicPads" || !c.Has(2) {
		return g, true, err
	}
	g.pads, known = c.Ints(2)
	if known && len(g.pads) != 2*n {
		return g, false, c.Errorf("pads has %d numbers, want %d", len(g.pads), 2*n)
	}
	return g, known, nil
}

// convTransposeCost describes the product that spreads each input position over the outputs under the kernel.
// https://onnx.ai/onnx/operators/onnx__ConvTranspose.html
func convTransposeCost(c *Context) graph.Cost {
	l := c.convLayout()
	x, w := c.Shape(0), c.Shape(l.weight)
	work := c.Out(0).Shape.Elements().MulInt(c.countHas(l.bias))
	if len(x) < 3 || len(w) < 3 {
		return c.products(work, graph.Product{})
	}
	batch, channels, spatial := l.image(x)
	g := c.group()
	cost := c.products(work, graph.Product{
		Batch: graph.Const(g), M: batch.Mul(spatial.Elements()), N: w[1:].Elements(), K: channels.FloorDiv(graph.Const(g)),
		Weight: c.constant(l.weight),
	})
	cost.Row = c.depthwise(w)
	return cost
}
