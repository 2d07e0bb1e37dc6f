package ops

import "github.com/irene-onnx/irene/graph"

// engramOps look n-grams up by hash and gate what they find into the hidden states.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.EngramGate
func engramOps() []Op {
	return []Op{
		contrib("EngramGate", "norm", like(0, 0), engramGateCost, 3, 4, 5),
		contrib("GatedAdd", "elementwise", sameAsFirst, pointwise(2)),
		contrib("NGramHashMapping", "elementwise", ngramHash, ngramHashCost),
		contrib("VarlenNGramHashMapping", "elementwise", ngramHash, ngramHashCost),
	}
}

// engramGateCost counts two normalizations, their products and the sums of these, the gated value, and its normalization
// where it is an output.
func engramGateCost(c *Context) graph.Cost {
	each := int64(2*rmsNorm + 3)
	if c.Node.Output(1) != nil {
		each += rmsNorm
	}
	return c.cost(c.Shape(0).Elements().MulInt(each))
}

// ngramHash: output 0 has the hashes of every head in a new last axis, output 1 the ids (and output 2 their segments)
// that the next call needs.
func ngramHash(c *Context) error {
	ids := c.Shape(0)
	history := c.attr("max_ngram_size").AddInt(-1)
	var hashes graph.Shape
	if ids != nil {
		hashes = append(append(hashes, ids...), history.Mul(c.attr("n_head_per_ngram")))
	}
	batch := dimOf(ids, 0)
	if c.Node.Op == "VarlenNGramHashMapping" {
		batch = dimOf(c.Shape(3), 0).AddInt(-1)
	}
	c.Set(0, c.DType(0), hashes)
	c.Set(1, c.DType(0), graph.Shape{batch, history})
	c.Set(2, graph.Int32, graph.Shape{batch, history})
	return nil
}

// ngramHashCost counts a product and an exclusive or per shifted id, and a remainder per hash.
func ngramHashCost(c *Context) graph.Cost {
	return c.cost(c.Shape(0).Elements().Mul(c.attr("max_ngram_size")).MulInt(2).Add(c.Out(0).Shape.Elements()))
}
