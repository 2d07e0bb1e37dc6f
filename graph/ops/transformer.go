package ops

import "github.com/irene-onnx/irene/graph"

// transformerOps are the operators of transformers beside attention: position biases, removal of padding, gated activations.
func transformerOps() []Op {
	return []Op{
		contrib("RelativePositionBias", "gather", positionBias, positionBiasCost, 0),
		contrib("RemovePadding", "move", ofRank("input", removePadding, 3), takesCost),
		contrib("RestorePadding", "move", restorePadding, movesCost),
		contrib("BiasDropout", "elementwise", biasDropout(false), biasDropoutCost, 1),
		contrib("BitmaskBiasDropout", "elementwise", biasDropout(true), biasDropoutCost, 1),
		contrib("BitmaskDropout", "view", biasDropout(true), freeCost),
		contrib("IsAllFinite", "elementwise", allFinite, allFiniteCost),
		contrib("TorchEmbedding", "gather", shaped(torchEmbedding), takesCost, 0),
		contrib("BiasSplitGelu", "activation", shaped(biasSplitGelu), pointwise(8), 1), // two biases, GELU, product
	}
}

// biasDropout: the output has the shape of input 0 and at inference it is input 0 with the bias and the residual added; the
// mask holds a boolean for each element, or a bit, 32 to a word.
func biasDropout(bits bool) ShapeRule {
	return func(c *Context) error {
		c.Set(0, c.DType(0), c.Shape(0))
		if bits {
			c.Set(1, graph.Uint32, graph.Shape{c.Shape(0).Elements().CeilDiv(graph.Const(32))})
			return nil
		}
		c.Set(1, graph.Bool, c.Shape(0))
		return nil
	}
}

// biasDropoutCost is one addition for the bias and one for the residual, where they are given.
func biasDropoutCost(c *Context) graph.Cost {
	return c.cost(c.Shape(0).Elements().MulInt(c.countHas(1, 2)))
}

// torchEmbedding: the rows of the table in input 0 that the indices in input 1 name.
func torchEmbedding(c *Context, table graph.Shape) (graph.Shape, error) {
	if len(table) == 0 {
		return nil, c.Errorf("table of rank 0")
	}
	idx := c.Shape(1)
	if idx == nil {
		return nil, nil
	}
	return chain(idx, table[1:]), nil
}

// allFinite: one boolean for all inputs.
func allFinite(c *Context) error {
	c.Set(0, graph.Bool, graph.Shape{})
	return nil
}

// allFiniteCost looks at each element of each input.
func allFiniteCost(c *Context) graph.Cost {
	work := graph.Const(0)
	for i := range c.NumIn() {
		if c.Has(i) {
			work = work.Add(c.Shape(i).Elements())
		}
	}
	return c.cost(work)
}

// positionBias: the output has the shape (1, heads, queries, keys).
func positionBias(c *Context) error {
	c.Set(0, c.DType(0), graph.Shape{graph.Const(1), dimOf(c.Shape(0), 1), c.scalar(1), c.scalar(2)})
	return nil
}

// positionBiasCost finds the bucket of each distance (subtract, magnitude, compare, logarithm, scale, minimum) and reads
// at most the whole table.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.RelativePositionBias
func positionBiasCost(c *Context) graph.Cost {
	const bucket = 6
	y := c.Out(0).Shape
	return c.cost(dimOf(y, 2).Mul(dimOf(y, 3)).MulInt(bucket))
}

// removePadding: outputs are (tokens, width), the offsets of tokens and padding, where sequences start, the longest length.
func removePadding(c *Context) error {
	x := c.Shape(0)
	c.Set(0, c.DType(0), graph.Shape{c.Fresh(0, 0), dimOf(x, 2)})
	c.Set(1, graph.Int32, graph.Shape{dimOf(x, 0), dimOf(x, 1)})
	c.Set(2, graph.Int32, graph.Shape{dimOf(x, 0).AddInt(1)})
	c.Set(3, graph.Int32, graph.Consts(1))
	return nil
}

// restorePadding: the output is (batch, positions, width) as the offsets in input 1 are (batch, positions).
func restorePadding(c *Context) error {
	s := c.Shape(1)
	c.Set(0, c.DType(0), graph.Shape{dimOf(s, 0), dimOf(s, 1), dimOf(c.Shape(0), 1)})
	return nil
}

// biasSplitGelu: the last axis is halved.
func biasSplitGelu(c *Context, x graph.Shape) (graph.Shape, error) {
	if len(x) == 0 {
		return nil, nil
	}
	return with(x, len(x)-1, split(x[len(x)-1], graph.Const(2))), nil
}

// gatedPositionBias: the output has the shape (batch, heads, queries, keys).
func gatedPositionBias(c *Context) error {
	q, rel := c.Shape(0), c.Shape(2)
	batch := dimOf(q, 0)
	if len(q) == 2 {
		batch = dimOf(c.Shape(6), 0)
	}
	c.Set(0, c.DType(0), graph.Shape{batch, c.attr("num_heads"), dimOf(rel, 2), dimOf(rel, 3)})
	return nil
}

// gatedPositionBiasCost counts the gates, a product of each head of the biased query with a small matrix, and their
// products with the position bias.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.GatedRelativePositionBias
func gatedPositionBiasCost(c *Context) graph.Cost {
	q := c.Shape(0).Elements()
	p := c.projection(split(q, dimOf(c.Shape(3), 0)), 3)
	const gate = 2*1 + 3 // two sigmoids, then the gate's own formula
	work := q.Add(p.M.Mul(p.N).MulInt(2)).Add(p.M.MulInt(gate)).Add(c.Out(0).Shape.Elements())
	return c.products(work, p)
}
