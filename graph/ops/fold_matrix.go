package ops

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// foldTrilu: what lies on one side of diagonal k.
func foldTrilu(c *Context) {
	in, ok := c.array(0)
	out, okOut := c.folded()
	k := int64(0)
	if c.Has(1) {
		var known bool
		if k, known = c.Int(1); !known {
			return
		}
	}
	if !ok || !okOut || len(in.data) != len(out.data) || len(in.dims) < 2 {
		return
	}
	upper := c.Node.Int("upper", 1) != 0
	for i := range out.data {
		at := in.index(i)
		d := int64(at[len(at)-1] - at[len(at)-2])
		out.data[i] = graph.Const(0)
		if upper && d >= k || !upper && d <= k {
			out.data[i] = in.data[i]
		}
	}
	c.SetData(0, out.data)
}

func foldEyeLike(c *Context) {
	out, ok := c.folded()
	if !ok || len(out.dims) != 2 {
		return
	}
	k := c.Node.Int("k", 0)
	for i := range out.data {
		at := out.index(i)
		out.data[i] = graph.Const(0)
		if int64(at[1]-at[0]) == k {
			out.data[i] = graph.Const(1)
		}
	}
	c.SetData(0, out.data)
}

// foldPad: a constant around the elements.
func foldPad(c *Context) {
	in, ok := c.array(0)
	out, okOut := c.folded()
	pads, given, known := c.AttrOrInput("pads", 1)
	axes, err := c.axesOrAll(3, len(in.dims))
	if !ok || !okOut || !given || !known || err != nil || len(pads) != 2*len(axes) || c.Node.Str("mode", "constant") != "constant" {
		return
	}
	fill := graph.Const(0)
	if c.Has(2) {
		fill = c.scalar(2)
	} else if x := c.Node.Float("value", 0); x != 0 {
		fill = elem(integers([]float64{x}), 0)
	}
	for k := range out.data {
		at := out.index(k)
		for i, a := range axes {
			at[a] -= int(max(min(pads[i], maxData), -maxData))
		}
		out.data[k] = fill
		if place, inside := in.place(at); inside {
			out.data[k] = in.data[place]
		}
	}
	c.SetData(0, out.data)
}

// foldMatMul: products of small matrices and vectors of integers.
func foldMatMul(c *Context) {
	a, okA := c.array(0)
	b, okB := c.array(1)
	out, okOut := c.folded()
	if !okA || !okB || !okOut || len(a.dims) == 0 || len(b.dims) == 0 || len(a.dims) > 2 || len(b.dims) > 2 {
		return
	}
	depth := a.dims[len(a.dims)-1]
	for k := range out.data {
		at := out.index(k)
		row, col := at[:len(a.dims)-1], at[len(a.dims)-1:]
		sum := graph.Const(0)
		for i := range depth {
			sum = sum.Add(a.at(append(slices.Clone(row), i)).Mul(b.at(append([]int{i}, col...))))
		}
		out.data[k] = sum
	}
	c.SetData(0, out.data)
}
