package ops

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// reduceOps are the operators that fold a tensor along axes (reductions, softmax) or run along one (cumulative
// operations, selection).
// https://onnx.ai/onnx/operators/onnx__ReduceSum.html
// https://onnx.ai/onnx/operators/onnx__Softmax.html
func reduceOps() []Op {
	var rows []Op
	// Axes are an attribute up to opset 17 (ReduceSum: 12) and an input from then on; one rule reads either.
	for _, r := range reductions {
		rows = append(rows, row(r.name, 1, "reduce", reduce, r.cost))
	}
	return append(
		rows,
		row("ArgMax", 1, "reduce", argReduce, perInput(1)),
		row("ArgMin", 1, "reduce", argReduce, perInput(1)),
		// Maximum, difference, exponential, sum, quotient (LogSoftmax: difference to the logarithm of the sum).
		row("Softmax", 1, "softmax", alongAxis(1), perInput(5)),
		row("Softmax", 13, "softmax", alongAxis(-1), perInput(5)),
		row("LogSoftmax", 1, "softmax", alongAxis(1), perInput(5)),
		row("LogSoftmax", 13, "softmax", alongAxis(-1), perInput(5)),
		row("Hardmax", 1, "softmax", alongAxis(1), perInput(2)),
		row("Hardmax", 13, "softmax", alongAxis(-1), perInput(2)),
		contrib("BiasSoftmax", "softmax", alongAxis(1), perInput(6)),
		row("CumSum", 11, "reduce", cumulative(0, graph.Dim.Add), perInput(1)),
		row("CumProd", 26, "reduce", cumulative(1, graph.Dim.Mul), perInput(1)),
		row("TopK", 1, "reduce", topK, perInput(1)),
	)
}

// reductions are the Reduce operators. Costs spell out their function bodies: operations per element read, and those
// on each result.
var reductions = []struct {
	name string
	cost CostRule
}{
	{"ReduceSum", perInput(1)},
	{"ReduceMax", perInput(1)},
	{"ReduceMin", perInput(1)},
	{"ReduceProd", perInput(1)},
	{"ReduceMean", perInputAndOutput(1, 1)},      // sum, quotient
	{"ReduceL1", perInput(2)},                    // magnitude, sum
	{"ReduceL2", perInputAndOutput(2, 1)},        // square, sum; square root
	{"ReduceLogSum", perInputAndOutput(1, 1)},    // sum; logarithm
	{"ReduceLogSumExp", perInputAndOutput(2, 1)}, // exponential, sum; logarithm
	{"ReduceSumSquare", perInput(2)},             // square, sum
}

// perInputAndOutput is the rule of operators that do k operations per element of input 0 and m per element of output 0.
func perInputAndOutput(k, m int64) CostRule {
	return func(c *Context) graph.Cost {
		return c.cost(c.Shape(0).Elements().MulInt(k).Add(c.Out(0).Shape.Elements().MulInt(m)))
	}
}

// reduce: output 0 is input 0 without the axes, or with 1 in their place (keepdims, the default). No axes at all means
// every axis, or none where noop_with_empty_axes says so.
func reduce(c *Context) error {
	in, keepDims := c.Shape(0), c.Node.Int("keepdims", 1) != 0
	vals, present, known := c.AttrOrInput("axes", 1)
	all := !present || len(vals) == 0
	switch {
	case !known:
		c.Set(0, c.DType(0), c.reducedSomewhere(in, keepDims))
		return nil
	case all && c.isSet("noop_with_empty_axes"):
		c.Set(0, c.DType(0), in)
		return nil
	case in == nil && all && !keepDims:
		c.Set(0, c.DType(0), graph.Shape{})
		return nil
	case in == nil:
		c.Set(0, c.DType(0), nil)
		return nil
	}
	gone := make([]bool, len(in))
	for i := range gone {
		gone[i] = all
	}
	for _, v := range vals {
		a, err := c.Axis(v, len(in))
		if err != nil {
			return err
		}
		gone[a] = true
	}
	out := without(in, gone, keepDims)
	c.Set(0, c.DType(0), out)
	c.fold(in, gone, out)
	return nil
}

// without drops the marked axes of a shape, or makes them 1.
func without(in graph.Shape, gone []bool, keepDims bool) graph.Shape {
	out := make(graph.Shape, 0, len(in))
	for i, d := range in {
		switch {
		case !gone[i]:
			out = append(out, d)
		case keepDims:
			out = append(out, graph.Const(1))
		}
	}
	return out
}

// reducedSomewhere is the shape of a reduction whose axes are not known.
func (c *Context) reducedSomewhere(in graph.Shape, keepDims bool) graph.Shape {
	if in == nil {
		return nil
	}
	if keepDims {
		return joinShapes(in, ones(len(in)), unknownDim)
	}
	n, ok := c.Shape(1).Elements().Const()
	if !ok || n < 1 || n > int64(len(in)) {
		return nil
	}
	return make(graph.Shape, int64(len(in))-n)
}

// foldings are the reductions whose values may shape something: what an empty one gives, unknown where there is nothing, and
// how two elements become one.
var foldings = map[string]struct {
	start graph.Dim
	f     func(a, b graph.Dim) graph.Dim
}{
	"ReduceSum":  {graph.Const(0), graph.Dim.Add},
	"ReduceProd": {graph.Const(1), graph.Dim.Mul},
	"ReduceMin":  {graph.Dim{}, graph.Dim.Min},
	"ReduceMax":  {graph.Dim{}, graph.Dim.Max},
}

// fold computes the elements of a small sum, product, minimum or maximum.
func (c *Context) fold(in graph.Shape, gone []bool, out graph.Shape) {
	by, folds := foldings[c.Node.Op]
	n, ok := small(in)
	m, okOut := small(out)
	if !folds || !ok || !okOut {
		return
	}
	data, known := c.Data(0)
	if !known || len(data) != n {
		return
	}
	acc, seen := slices.Repeat([]graph.Dim{by.start}, m), make([]bool, m)
	for i, d := range data {
		at, stride, rest := 0, 1, i
		for k := len(in) - 1; k >= 0; k-- {
			size, _ := in[k].Const()
			if !gone[k] {
				at += rest % int(size) * stride
				stride *= int(size)
			}
			rest /= int(size)
		}
		if !seen[at] {
			acc[at], seen[at] = d, true
			continue
		}
		acc[at] = by.f(acc[at], d)
	}
	c.SetData(0, acc)
}

// argReduce: like reduce along one axis, with indices for elements.
func argReduce(c *Context) error {
	in, axis := c.Shape(0), c.Node.Int("axis", 0)
	if in == nil {
		c.Set(0, graph.Int64, nil)
		return nil
	}
	if len(in) == 0 && (axis == 0 || axis == -1) {
		c.Set(0, graph.Int64, graph.Shape{})
		return nil
	}
	a, err := c.Axis(axis, len(in))
	if err != nil {
		return err
	}
	gone := make([]bool, len(in))
	gone[a] = true
	c.Set(0, graph.Int64, without(in, gone, c.Node.Int("keepdims", 1) != 0))
	return nil
}

// alongAxis: output 0 is like input 0; the axis attribute must lie in its rank. Versions whose default is 1 take the
// rank itself too, as they flatten the input at the axis.
func alongAxis(def int64) ShapeRule {
	return func(c *Context) error {
		in, axis := c.Shape(0), c.Node.Int("axis", def)
		if len(in) > 0 && (def < 0 || axis != int64(len(in))) {
			if _, err := c.Axis(axis, len(in)); err != nil {
				return err
			}
		}
		c.Set(0, c.DType(0), in)
		return nil
	}
}

// cumulative: output 0 is like input 0; a small vector is computed with f from its neutral element on.
func cumulative(neutral int64, f func(a, b graph.Dim) graph.Dim) ShapeRule {
	return func(c *Context) error {
		in := c.Shape(0)
		c.Set(0, c.DType(0), in)
		if axis, ok := c.Int(1); ok && len(in) > 0 {
			if _, err := c.Axis(axis, len(in)); err != nil {
				return err
			}
		}
		data, ok := c.Data(0)
		if n, isSmall := small(in); !ok || !isSmall || n != len(data) || len(in) != 1 {
			return nil
		}
		out, acc := make([]graph.Dim, len(data)), graph.Const(neutral)
		for i := range data {
			k := i
			if c.isSet("reverse") {
				k = len(data) - 1 - i
			}
			next := f(acc, data[k])
			if out[k] = next; c.isSet("exclusive") {
				out[k] = acc
			}
			acc = next
		}
		c.SetData(0, out)
		return nil
	}
}

// topK: values and indices are input 0 with k elements along the axis; k is an attribute before opset 10, an input
// from then on.
func topK(c *Context) error {
	in := c.Shape(0)
	if in == nil {
		c.Set(0, c.DType(0), nil)
		c.Set(1, graph.Int64, nil)
		return nil
	}
	a, err := c.Axis(c.Node.Int("axis", -1), len(in))
	if err != nil {
		return err
	}
	k := c.scalar(1)
	if attr, ok := c.Node.Attr("k"); ok && !c.Has(1) {
		k = graph.Const(attr.Int)
	}
	switch {
	case k.Negative() || in[a].Sub(k).Negative():
		return c.Errorf("the top %v of %v elements", k, in[a])
	case k.IsUnknown():
		k = c.Fresh(0, a)
	}
	c.Set(0, c.DType(0), with(in, a, k))
	c.Set(1, graph.Int64, with(in, a, k))
	return nil
}
