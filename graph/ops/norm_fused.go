package ops

import "github.com/irene-onnx/irene/graph"

// skipLayerNorm: output 0 is the normalized sum of the inputs, 1 and 2 hold one number per row, 3 is the sum.
func skipLayerNorm(c *Context) error {
	x, rows := c.Shape(0), graph.Shape(nil)
	if last := len(x) - 1; last >= 0 {
		rows = with(x, last, graph.Const(1))
		if gamma := c.Shape(2); len(gamma) == 1 {
			if _, err := c.Unify(x[last], gamma[0]); err != nil {
				return err
			}
		}
	}
	c.Set(0, c.DType(0), x)
	c.Set(1, graph.Float32, rows)
	c.Set(2, graph.Float32, rows)
	c.Set(3, c.DType(0), x)
	return nil
}

// skipLayerNormCost adds the skip connection, and the bias where there is one.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.SkipLayerNormalization
func skipLayerNormCost(c *Context) graph.Cost {
	each := layerNorm + 1 + c.countHas(3, 4)
	if c.Node.Op == "SkipSimplifiedLayerNormalization" {
		each = rmsNorm + 1 + c.countHas(3)
	}
	return c.cost(c.Out(0).Shape.Elements().MulInt(each))
}

// embedLayerNorm: output 0 holds a normalized vector per token, 1 the length of each sequence, 2 the sums of embeddings.
func embedLayerNorm(c *Context) error {
	var out, lengths graph.Shape
	if ids := c.Shape(0); ids != nil {
		if len(ids) != 2 {
			return c.Errorf("token ids of rank %d, want 2", len(ids))
		}
		hidden := either(dimOf(c.Shape(2), 1), dimOf(c.Shape(5), 0))
		out, lengths = graph.Shape{ids[0], ids[1], hidden}, graph.Shape{ids[0]}
	}
	t := c.DType(2)
	if c.Node.Op == "QEmbedLayerNormalization" {
		t = c.DType(8)
	}
	c.Set(0, t, out)
	c.Set(1, graph.Int32, lengths)
	c.Set(2, t, out)
	return nil
}

// embedLayerNormCost counts the sums of two or three embeddings and the normalization. Of each table it reads the rows
// it takes.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.EmbedLayerNormalization
func embedLayerNormCost(c *Context) graph.Cost {
	y := c.Out(0).Shape
	tables, positions := 2+c.countHas(4), dimOf(y, 1)
	each := layerNorm + 1 + tables - 1
	if c.Node.Op == "QEmbedLayerNormalization" {
		each += tables * dequantize
	} else if c.Has(8) {
		positions = c.Shape(8).Elements()
	}
	cost := c.cost(y.Elements().MulInt(each))
	tokens := y[:max(len(y)-1, 0)].Elements()
	read := c.rowBytes(2, tokens).Add(c.rowBytes(3, positions)).Add(c.rowBytes(4, tokens))
	for i := range c.Node.Inputs {
		if i < 2 || i > 4 {
			read = read.Add(c.bytesIn(i))
		}
	}
	cost.Read = read
	return cost
}

// rowBytes is the size of n rows of a table, at most that of the table; 0 where it is absent.
func (c *Context) rowBytes(i int, n graph.Dim) graph.Dim {
	if !c.Has(i) {
		return graph.Const(0)
	}
	s := c.Shape(i)
	if len(s) == 0 {
		return graph.Dim{}
	}
	return Bytes(c.DType(i), n.Min(s[0]).Mul(s[1:].Elements()))
}

// groupNormCost adds the skip connection with its bias and the fused SiLU.
func groupNormCost(c *Context) graph.Cost {
	each := layerNorm + 1 + c.countHas(3, 4)
	if c.isSet("activation") {
		each += activationFLOPs("silu")
	}
	return c.cost(c.Out(0).Shape.Elements().MulInt(each))
}
