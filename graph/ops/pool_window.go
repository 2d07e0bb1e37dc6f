package ops

import "github.com/irene-onnx/irene/graph"

// window is the output size of a window that slides over one spatial axis, as Conv and the pooling operators define it.
// An empty autoPad or "NOTSET" takes the explicit padding; "SAME_UPPER" and "SAME_LOWER" divide the input by the
// stride; "VALID" pads nothing. With ceil, a last window that reaches past the padded input counts as long as it starts
// inside the input or the padding before it. Sizes that make no sense give an unknown Dim.
// The formulas are those of https://onnx.ai/onnx/operators/onnx__MaxPool.html
func (c *Context) window(in graph.Dim, kernel, stride, dilation, padBegin, padEnd int64, autoPad string, ceil bool) graph.Dim {
	if stride < 1 || kernel < 1 || dilation < 1 {
		return graph.Dim{}
	}
	step := graph.Const(stride)
	extent := graph.Const(kernel - 1).MulInt(dilation).AddInt(1)
	switch autoPad {
	case "SAME_UPPER", "SAME_LOWER":
		return in.CeilDiv(step)
	case "VALID":
		return in.Sub(extent).FloorDiv(step).AddInt(1)
	}
	room := in.AddInt(padBegin).AddInt(padEnd).Sub(extent)
	if !ceil {
		return room.FloorDiv(step).AddInt(1)
	}
	out := room.CeilDiv(step).AddInt(1)
	if stride == 1 && padEnd < kernel {
		return out
	}
	return out.Min(in.AddInt(padBegin).CeilDiv(step))
}

// windows applies [Context.window] to all spatial axes with the node's strides, dilations, pads, auto_pad and ceil_mode.
// It fails where an attribute does not have a number per axis, and where a window provably does not fit.
func (c *Context) windows(spatial graph.Shape, kernel []int64) (graph.Shape, error) {
	n := len(spatial)
	if len(kernel) != n {
		return nil, c.Errorf("kernel of %d axes on %d spatial axes", len(kernel), n)
	}
	g, err := c.windowAttrs(n)
	if err != nil {
		return nil, err
	}
	auto, ceil := c.Node.Str("auto_pad", "NOTSET"), c.isSet("ceil_mode")
	out := make(graph.Shape, n)
	for i, d := range spatial {
		stride, dilation := at(g.strides, i, 1), at(g.dilations, i, 1)
		if kernel[i] < 1 || stride < 1 || dilation < 1 {
			return nil, c.Errorf("spatial axis %d: kernel, stride and dilation have to be positive", i)
		}
		begin, end := at(g.pads, i, 0), at(g.pads, n+i, 0)
		if auto == "VALID" {
			begin, end = 0, 0
		}
		out[i] = c.window(d, kernel[i], stride, dilation, begin, end, auto, ceil)
		reach := graph.Const(kernel[i] - 1).MulInt(dilation).AddInt(1)
		explicit := auto != "SAME_UPPER" && auto != "SAME_LOWER"
		if out[i].Negative() || out[i].Is(0) && ceil || explicit && !ceil && d.AddInt(begin).AddInt(end).Sub(reach).Negative() {
			return nil, c.Errorf("a window of %d does not fit spatial axis %d of size %s", kernel[i], i, d)
		}
	}
	return out, nil
}

// windowAttrs are the attributes of a window; nil where they are absent.
type windowAttrs struct{ strides, dilations, pads []int64 }

// windowAttrs reads the attributes of a window over n axes. It fails where one has not a number per axis.
func (c *Context) windowAttrs(n int) (g windowAttrs, err error) {
	if g.strides, err = c.perAxis("strides", n); err != nil {
		return g, err
	}
	if g.dilations, err = c.perAxis("dilations", n); err != nil {
		return g, err
	}
	g.pads, err = c.perAxis("pads", 2*n)
	return g, err
}

// padding is how much longer the padding makes axis i.
func (g windowAttrs) padding(i int) int64 { return at(g.pads, i, 0) + at(g.pads, len(g.pads)/2+i, 0) }

// perAxis returns an integer-list attribute of want numbers; nil where it is absent.
func (c *Context) perAxis(name string, want int) ([]int64, error) {
	v, ok := c.Node.Ints(name)
	if !ok || len(v) == 0 {
		return nil, nil
	}
	if len(v) != want {
		return nil, c.Errorf("%s has %d numbers, want %d", name, len(v), want)
	}
	return v, nil
}

// at is v[i], or def where there is no such element.
func at(v []int64, i int, def int64) int64 {
	if i < 0 || i >= len(v) {
		return def
	}
	return v[i]
}
