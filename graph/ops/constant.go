package ops

import (
	"math"

	"github.com/irene-onnx/irene/graph"
)

// constantValue: the value an attribute holds (Constant).
func constantValue(c *Context) error {
	for i := range c.Node.Attrs {
		a := &c.Node.Attrs[i]
		switch a.Name {
		case "value", "sparse_value":
			if a.Tensor == nil {
				continue
			}
			for _, d := range a.Tensor.Dims {
				if d < 0 {
					return c.Errorf("a dimension of the value is %d", d)
				}
			}
			c.SetFact(0, stored(a.Tensor))
		case "value_int":
			c.Set(0, graph.Int64, graph.Shape{})
			c.SetData(0, []graph.Dim{graph.Const(a.Int)})
		case "value_ints":
			c.Set(0, graph.Int64, graph.Consts(int64(len(a.Ints))))
			c.SetData(0, graph.Consts(a.Ints...))
		case "value_float":
			c.setReals(graph.Float32, graph.Shape{}, []float64{float64(a.Float)})
		case "value_floats":
			r := make([]float64, len(a.Floats))
			for k, x := range a.Floats {
				r[k] = float64(x)
			}
			c.setReals(graph.Float32, graph.Consts(int64(len(r))), r)
		case "value_string":
			c.Set(0, graph.String, graph.Shape{})
		case "value_strings":
			c.Set(0, graph.String, graph.Consts(int64(len(a.Strs))))
		}
	}
	return nil
}

// setReals gives output 0 a type, a shape and the values of its elements.
func (c *Context) setReals(t graph.DType, s graph.Shape, r []float64) {
	c.Set(0, t, s)
	c.setNumbers(r)
}

// setNumbers gives output 0, whose type is set, the values of its elements, as Dims too where all are integers.
func (c *Context) setNumbers(r []float64) {
	c.SetReals(0, r)
	c.SetData(0, integers(r))
}

// constantOfShape: a tensor of the shape that input 0 spells, filled with the one element of value (ConstantOfShape).
func constantOfShape(c *Context) error {
	t, value := graph.Float32, []float64{0}
	if a, ok := c.Node.Attr("value"); ok && a.Tensor != nil {
		t, value = a.Tensor.DType, nil
		if r, err := a.Tensor.Reals(1); err == nil && len(r) == 1 {
			value = r
		} else if v, err := a.Tensor.Elements(1); err == nil && len(v) == 1 && v[0] == int64(float64(v[0])) {
			value = []float64{float64(v[0])}
		}
	}
	shape, n, _ := c.list("", 0)
	if shape == nil {
		c.Set(0, t, unknownOf(n))
		return nil
	}
	for i, d := range shape {
		if d.Negative() {
			return c.Errorf("dimension %d is %s", i, d)
		}
	}
	c.Set(0, t, graph.Shape(shape))
	k, ok := small(shape)
	if !ok || value == nil {
		return nil
	}
	filled := make([]float64, k)
	for i := range filled {
		filled[i] = value[0]
	}
	if t.IsFloat() {
		c.SetReals(0, filled)
	}
	c.SetData(0, integers(filled))
	return nil
}

// rangeOf: the numbers from start on in steps of delta, as long as limit is not reached: max(⌈(limit - start)/delta⌉, 0)
// of them (Range). Without a third input the step is 1, as com.microsoft has it.
func rangeOf(c *Context) error {
	start, limit, delta := c.scalar(0), c.scalar(1), graph.Const(1)
	if c.Has(2) {
		delta = c.scalar(2)
	}
	if delta.Is(0) {
		return c.Errorf("delta is 0")
	}
	count := steps(start, limit, delta)
	t := c.firstType(0, 1)
	if x, ok := c.rangeReals(); ok && t.IsFloat() {
		c.realRange(t, x)
		return nil
	}
	if t.IsFloat() && count.IsUnknown() {
		count = c.rangeLength(t)
	}
	c.Set(0, t, graph.Shape{count})
	n, ok := count.Const()
	if !ok || n > maxData || start.IsUnknown() || delta.IsUnknown() {
		return nil
	}
	data := make([]graph.Dim, n)
	for i := range data {
		data[i] = start.Add(delta.MulInt(int64(i)))
	}
	c.SetData(0, data)
	return nil
}

// steps is max(⌈(limit - start)/delta⌉, 0) where the sign of delta is known.
func steps(start, limit, delta graph.Dim) graph.Dim {
	zero := graph.Const(0)
	switch {
	case delta.Is(1):
		return limit.Sub(start).Max(zero)
	case delta.Positive():
		return limit.Sub(start).CeilDiv(delta).Max(zero)
	case delta.Negative():
		return start.Sub(limit).CeilDiv(zero.Sub(delta)).Max(zero)
	}
	return graph.Dim{}
}

// rangeReals are start, limit and delta of a Range where they are known numbers.
func (c *Context) rangeReals() (x [3]float64, ok bool) {
	x[2] = 1
	for i := range x {
		if i == 2 && !c.Has(2) {
			break
		}
		r, ok := c.Reals(i)
		if !ok || len(r) != 1 {
			return x, false
		}
		x[i] = r[0]
	}
	return x, true
}

// rangeLength is the length of a Range of floats that depend on dims, computed as realRange does.
func (c *Context) rangeLength(t graph.DType) graph.Dim {
	x := [3]number{2: ofReal(t, 1)}
	for i := range x {
		if i == 2 && !c.Has(2) {
			break
		}
		given, ok := c.numbers(i, t)
		if !ok || len(given) != 1 {
			return graph.Dim{}
		}
		x[i] = given[0]
	}
	length := floatArithmetic["Div"].apply(graph.Float64, floatArithmetic["Sub"].apply(t, x[1], x[0]), x[2])
	return floatFunctions["Ceil"].apply(graph.Float64, length).truncated().Max(graph.Const(0))
}

// realRange is a Range of floats. ONNX Runtime takes limit - start in their type and divides in float64; it adds delta
// to one element for the next.
// https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/core/providers/cpu/generator/range.cc
func (c *Context) realRange(t graph.DType, x [3]float64) {
	n := max(math.Ceil(rounded(t, x[1]-x[0])/x[2]), 0)
	if math.IsNaN(n) || n > 1<<53 {
		c.Set(0, t, graph.Shape{graph.Dim{}})
		return
	}
	c.Set(0, t, graph.Consts(int64(n)))
	if n > maxData {
		return
	}
	out := make([]float64, int(n))
	for i, v := 0, x[0]; i < len(out); i++ {
		out[i], v = v, rounded(t, v+x[2])
	}
	c.setNumbers(out)
}
