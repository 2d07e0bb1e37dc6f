package ops

import (
	"math"
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// mapUnary: output 0 is like input 0, and small values are computed.
func mapUnary(c *Context) error {
	c.Set(0, c.DType(0), c.Shape(0))
	n, ok := small(c.Shape(0))
	if !ok {
		return nil
	}
	if f := floatFunctions[c.Node.Op]; f.real != nil && c.DType(0).IsFloat() {
		if c.mapFloats(f, n) {
			return nil
		}
	}
	if f := integerOf(c.Node.Op); f != nil {
		c.mapped(f)
	}
	return nil
}

// mapFloats computes the n elements of a float output, in its type.
func (c *Context) mapFloats(f floatFunction, n int) bool {
	t := c.DType(0)
	if r, ok := c.Reals(0); ok && len(r) == n {
		out := make([]float64, n)
		for i, x := range r {
			out[i] = f.of(t, x)
		}
		c.setNumbers(out)
		return true
	}
	x, ok := c.numbers(0, t)
	if !ok || len(x) != n || f.exact == nil {
		return false
	}
	out := make([]number, n)
	for i := range out {
		out[i] = f.apply(t, x[i])
	}
	c.setFloats(0, out)
	return true
}

// clip: output 0 is like input 0; a few floats are held between the limits, inputs since opset 11 and attributes before.
func clip(c *Context) error {
	c.Set(0, c.DType(0), c.Shape(0))
	t := c.DType(0)
	n, ok := small(c.Shape(0))
	x, known := c.numbers(0, t)
	if !ok || !known || !t.IsFloat() || len(x) != n {
		return nil
	}
	x = slices.Clone(x)
	c.limited(x, 1, "min", "Max")
	c.limited(x, 2, "max", "Min")
	c.setFloats(0, x)
	return nil
}

// limited holds numbers on one side of the limit in an input, or before opset 11 in an attribute: an operator picks what
// is on that side. Where the limit is not known they are not either.
func (c *Context) limited(x []number, slot int, attr, pick string) {
	t := c.DType(0)
	var limit number
	if a, ok := c.Node.Attr(attr); c.Node.Opset < 11 && ok {
		limit = ofReal(t, float64(a.Float))
	} else if c.Node.Opset < 11 || !c.Has(slot) {
		return
	}
	if given, ok := c.numbers(slot, t); ok && len(given) == 1 {
		limit = given[0]
	}
	for i := range x {
		x[i] = floatArithmetic[pick].apply(t, x[i], limit)
	}
}

// mapped gives output 0, whose type is set, the elements of a small input 0 as f maps them.
func (c *Context) mapped(f func(graph.Dim) graph.Dim) {
	data, ok := c.Data(0)
	if n, few := small(c.Shape(0)); !ok || !few || n != len(data) {
		return
	}
	out := make([]graph.Dim, len(data))
	for i, d := range data {
		out[i] = f(d)
	}
	c.SetData(0, out)
}

// integerOf is a unary operator on an integer that may be symbolic; nil where it does not stay an integer.
func integerOf(op string) func(graph.Dim) graph.Dim {
	switch op {
	case "Ceil", "Floor", "Round":
		return func(d graph.Dim) graph.Dim { return d }
	case "Neg":
		return func(d graph.Dim) graph.Dim { return graph.Const(0).Sub(d) }
	case "Abs", "Relu":
		return func(d graph.Dim) graph.Dim {
			if d.NonNegative() {
				return d
			}
			if op == "Abs" {
				return d.Max(graph.Const(0).Sub(d))
			}
			return d.Max(graph.Const(0))
		}
	}
	return nil
}

// toBool: output 0 has the shape of input 0 and holds booleans.
func toBool(c *Context) error {
	c.Set(0, graph.Bool, c.Shape(0))
	if c.Node.Op == "Not" {
		c.mapped(func(d graph.Dim) graph.Dim { return known(d.Is(0), d.Is(1)) })
	}
	return nil
}

// cast: output 0 has the shape of input 0 and the type the attribute names (Cast, BitCast) or input 1 has (CastLike).
// Integers keep their values; a float becomes an integer by truncation.
func cast(c *Context) error {
	t := c.attrType("to", graph.Undefined)
	if c.Node.Op == "CastLike" {
		t = c.DType(1)
	}
	c.Set(0, t, c.Shape(0))
	if _, ok := small(c.Shape(0)); !ok || c.Node.Op == "BitCast" {
		return nil
	}
	if c.castFloats(t) {
		return nil
	}
	c.mapped(func(d graph.Dim) graph.Dim {
		if t == graph.Bool {
			return known(d.NotEqual(graph.Const(0)), d.Is(0))
		}
		return d
	})
	return nil
}

// castFloats casts what is a float or becomes one. A float becomes another by rounding and an integer by truncation.
func (c *Context) castFloats(t graph.DType) bool {
	from := c.DType(0)
	switch r, ok := c.Reals(0); {
	case ok && t.IsFloat():
		out := make([]float64, len(r))
		for i, x := range r {
			out[i] = rounded(t, x)
		}
		c.setNumbers(out)
		return true
	case ok && from.IsFloat():
		out := make([]graph.Dim, len(r))
		for i, x := range r {
			switch {
			case t == graph.Bool:
				out[i] = known(x != 0, x == 0)
			case math.Abs(x) < 1<<62:
				out[i] = graph.Const(int64(x))
			}
		}
		c.SetData(0, out)
		return true
	case !c.symbolic(0) || t == graph.Bool:
		return false
	}
	x := c.In(0).Numbers
	if t.IsFloat() {
		c.setFloats(0, x)
		c.hold(0)
		return true
	}
	out := make([]graph.Dim, len(x))
	for i := range x {
		out[i] = x[i].truncated()
	}
	c.SetData(0, out)
	return true
}

// where: the broadcast of condition, X and Y, with the type of X; small integers are selected.
func where(c *Context) error {
	shape, err := c.broadcastInputs()
	if err != nil {
		return err
	}
	t := c.DType(1)
	if t == graph.Undefined {
		t = c.DType(2)
	}
	c.Set(0, t, shape)
	n, ok := small(shape)
	if !ok {
		return nil
	}
	if t.IsFloat() && c.whereFloats(t, shape, n) {
		return nil
	}
	var in [3][]graph.Dim
	for i := range in {
		data, ok := c.Data(i)
		if !ok {
			if i == 0 {
				return nil
			}
			data = make([]graph.Dim, n)
			in[i] = data
			continue
		}
		if in[i] = spread(data, c.Shape(i), shape, n); in[i] == nil {
			return nil
		}
	}
	out := make([]graph.Dim, n)
	for i := range out {
		switch {
		case in[0][i].Is(1):
			out[i] = in[1][i]
		case in[0][i].Is(0):
			out[i] = in[2][i]
		case in[1][i].Equal(in[2][i]):
			out[i] = in[1][i]
		}
	}
	c.SetData(0, out)
	return nil
}

// whereFloats selects among floats; an element whose condition nobody knows is unknown.
func (c *Context) whereFloats(t graph.DType, shape graph.Shape, n int) bool {
	cond, ok := c.Data(0)
	x, okX := c.numbers(1, t)
	y, okY := c.numbers(2, t)
	if !ok || !okX || !okY {
		return false
	}
	cond, x, y = spread(cond, c.Shape(0), shape, n), spread(x, c.Shape(1), shape, n), spread(y, c.Shape(2), shape, n)
	if cond == nil || x == nil || y == nil {
		return false
	}
	out := make([]number, n)
	for i := range out {
		switch {
		case cond[i].Is(1):
			out[i] = x[i]
		case cond[i].Is(0):
			out[i] = y[i]
		}
	}
	c.setFloats(0, out)
	return true
}
