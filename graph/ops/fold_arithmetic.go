package ops

import "github.com/irene-onnx/irene/graph"

// foldMean: the mean of all elements.
func foldMean(c *Context) {
	x, ok := c.ranks(0)
	out, okOut := c.folded()
	if !ok || !okOut || len(out.data) != 1 || len(x) == 0 {
		return
	}
	sum := 0.0
	for _, y := range x {
		sum += y
	}
	mean := sum / float64(len(x))
	if !c.DType(0).IsFloat() {
		mean = float64(int64(mean))
	}
	c.setNumbers([]float64{mean})
}

// foldEach computes every element by itself.
func foldEach(f func(graph.Dim) graph.Dim) FoldRule {
	return func(c *Context) {
		in, ok := c.array(0)
		out, okOut := c.folded()
		if !ok || !okOut || len(in.data) != len(out.data) {
			return
		}
		for i, d := range in.data {
			out.data[i] = f(d)
		}
		c.SetData(0, out.data)
	}
}

func sign(d graph.Dim) graph.Dim {
	switch {
	case d.Is(0):
		return d
	case d.Positive():
		return graph.Const(1)
	case d.Negative():
		return graph.Const(-1)
	}
	return graph.Dim{}
}

func foldClip(c *Context) {
	low, high := graph.Dim{}, graph.Dim{}
	if c.Op.Since < 11 && c.Node.Opset < 11 {
		return // limits are floats in attributes
	}
	if c.Has(1) {
		if low = c.scalar(1); low.IsUnknown() {
			return
		}
	}
	if c.Has(2) {
		if high = c.scalar(2); high.IsUnknown() {
			return
		}
	}
	foldEach(func(d graph.Dim) graph.Dim {
		if !low.IsUnknown() {
			d = d.Max(low)
		}
		if !high.IsUnknown() {
			d = d.Min(high)
		}
		return d
	})(c)
}

// foldBits: shifts and bitwise operations of numbers.
func foldBits(c *Context) {
	a, okA := c.Ints(0)
	b, okB := c.Ints(1)
	out, ok := c.folded()
	if !okA || !okB || !ok {
		return
	}
	if a, b = spread(a, c.Shape(0), c.Out(0).Shape, len(out.data)), spread(b, c.Shape(1), c.Out(0).Shape, len(out.data)); a == nil || b == nil {
		return
	}
	for i := range out.data {
		x, y := a[i], b[i]
		if c.Node.Op == "BitShift" && (x < 0 || y < 0 || y > 62 || x>>(62-y) != 0 && c.Node.Str("direction", "") == "LEFT") {
			return
		}
		switch {
		case c.Node.Op == "BitwiseAnd":
			x &= y
		case c.Node.Op == "BitwiseOr":
			x |= y
		case c.Node.Op == "BitwiseXor":
			x ^= y
		case c.Node.Str("direction", "") == "LEFT":
			x <<= y
		default:
			x >>= y
		}
		out.data[i] = graph.Const(x)
	}
	c.SetData(0, out.data)
}
