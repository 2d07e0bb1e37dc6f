package ops

import (
	"math"

	"github.com/irene-onnx/irene/graph"
)

// mapUnary: output 0 is like input 0, and small values are computed.
func mapUnary(c *Context) error {
	c.Set(0, c.DType(0), c.Shape(0))
	n, ok := small(c.Shape(0))
	if !ok {
		return nil
	}
	if f := realFunctions[c.Node.Op]; f != nil && c.DType(0).IsFloat() {
		if r, ok := c.Reals(0); ok && len(r) == n {
			out := make([]float64, n)
			for i, x := range r {
				out[i] = f(x)
			}
			c.setNumbers(out)
			return nil
		}
	}
	if f := integerOf(c.Node.Op); f != nil {
		c.mapped(f)
	}
	return nil
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

// realFunctions are the unary operators on numbers whose values may shape something.
var realFunctions = map[string]func(float64) float64{
	"Abs": math.Abs, "Ceil": math.Ceil, "Exp": math.Exp, "Floor": math.Floor, "Log": math.Log, "Round": math.RoundToEven, "Sqrt": math.Sqrt,
	"Neg":        func(x float64) float64 { return -x },
	"Reciprocal": func(x float64) float64 { return 1 / x },
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
	if r, ok := c.Reals(0); ok && c.DType(0).IsFloat() {
		if t.IsFloat() {
			c.SetReals(0, r)
			return nil
		}
		out := make([]graph.Dim, len(r))
		for i, x := range r {
			switch {
			case t == graph.Bool && x != 0:
				out[i] = graph.Const(1)
			case math.Abs(x) < 1<<62:
				out[i] = graph.Const(int64(x))
			}
		}
		c.SetData(0, out)
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
