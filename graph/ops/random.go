package ops

import "github.com/irene-onnx/irene/graph"

// randomOps are the generators of random numbers: one operation draws an element, two scale and shift it.
// https://onnx.ai/onnx/operators/onnx__RandomNormal.html
func randomOps() []Op {
	return []Op{
		row("RandomNormal", 1, "random", random, draws),
		row("RandomUniform", 1, "random", random, draws),
		row("RandomNormalLike", 1, "random", sameShapeAsFirst, draws),
		row("RandomUniformLike", 1, "random", sameShapeAsFirst, draws),
		row("Bernoulli", 15, "random", sameShapeAsFirst, pointwise(4)), // a uniform number and a comparison
		row("Multinomial", 7, "random", ofRank("input", multinomial, 2), perInputAndOutput(2, 3)),
	}
}

// attrType is the element type that an attribute names by its number; def where it is absent or names none.
func (c *Context) attrType(name string, def graph.DType) graph.DType {
	n := c.Node.Int(name, int64(def))
	if n < 0 || n > 255 || !graph.DType(n).Valid() {
		return def
	}
	return graph.DType(n)
}

// random: the shape is an attribute.
func random(c *Context) error {
	dims, ok := c.Node.Ints("shape")
	if !ok {
		c.Set(0, c.attrType("dtype", graph.Float32), nil)
		return nil
	}
	for _, d := range dims {
		if d < 0 {
			return c.Errorf("a shape with the dimension %d", d)
		}
	}
	c.Set(0, c.attrType("dtype", graph.Float32), graph.Consts(dims...))
	return nil
}

// sameShapeAsFirst: output 0 has the shape of input 0, and its type unless the attribute names another.
func sameShapeAsFirst(c *Context) error {
	c.Set(0, c.attrType("dtype", c.DType(0)), c.Shape(0))
	return nil
}

// multinomial: samples from each row of input 0.
func multinomial(c *Context) error {
	samples := c.Node.Int("sample_size", 1)
	if samples < 0 {
		return c.Errorf("%d samples", samples)
	}
	c.Set(0, c.attrType("dtype", graph.Int32), graph.Shape{dimOf(c.Shape(0), 0), graph.Const(samples)})
	return nil
}

// draws writes random numbers and reads nothing: an input gives its shape alone.
func draws(c *Context) graph.Cost {
	out := c.cost(c.Out(0).Shape.Elements().MulInt(3))
	out.Read, out.DType = graph.Const(0), c.Out(0).DType
	return out
}
