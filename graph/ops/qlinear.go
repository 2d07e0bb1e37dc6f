package ops

import "github.com/irene-onnx/irene/graph"

// requantized is the work per element of an operator on narrow numbers that does k operations on wide ones: each of n
// inputs is dequantized, the result quantized.
func requantized(n, k int64) CostRule {
	each := n*dequantize + k + quantize
	return func(c *Context) graph.Cost { return integerCost(c, c.Out(0).Shape.Elements().MulInt(each)) }
}

// integerCost is a cost whose arithmetic is that of the output, where that is an integer.
func integerCost(c *Context, work graph.Dim) graph.Cost {
	cost := c.cost(work)
	if t := c.Out(0).DType; t.IsInt() {
		cost.DType = t
	}
	return cost
}

// qlinearOps are operators on quantized tensors, each tensor followed by its scale and zero point.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearAdd
func qlinearOps() []Op {
	return []Op{
		contrib("QLinearAdd", "elementwise", broadcast(typeOf(0), 0, 3), requantized(2, 1)),
		contrib("QLinearMul", "elementwise", broadcast(typeOf(0), 0, 3), requantized(2, 1)),
		contrib("QLinearSigmoid", "activation", sameAsFirst, requantized(1, 1)),
		contrib("QLinearLeakyRelu", "activation", sameAsFirst, requantized(1, 3)),
		contrib("QLinearSoftmax", "softmax", sameAsFirst, requantized(1, softmaxWork)),
		contrib("QLinearConcat", "move", qlinearConcat, requantized(1, 0)),
		contrib("QLinearWhere", "elementwise", broadcast(typeOf(1), 0, 1, 4), requantized(1, 1)),
		contrib("QLinearAveragePool", "pool", pool, qlinearPoolCost),
		contrib("QLinearGlobalAveragePool", "pool", shaped(globalPool), qlinearReduceCost),
		contrib("QLinearReduceMean", "reduce", reduce, qlinearReduceCost),
		contrib("ReduceSumInteger", "reduce", reduceSumInteger, perInput(1)),
		contrib("MulInteger", "elementwise", broadcast(always(graph.Int32), 0, 2), pointwise(3)),
		contrib("QuantizeWithOrder", "elementwise", typed(always(graph.Int8)), pointwise(quantize-1)),
		contrib("DequantizeWithOrder", "elementwise", typed(typeAttr("to")), pointwise(dequantize-1)),
		contrib("QOrderedGelu", "activation", sameAsFirst, requantized(1, 5)),
		contrib("QuantizeBFP", "elementwise", quantizeBFP, perInput(quantize)),
		contrib("DequantizeBFP", "elementwise", dequantizeBFP, pointwise(dequantize)),
		contrib("QOrderedMatMul", "gemm", matMul(0, 2, always(graph.Int8)), qorderedMatMulCost, 2, 5),
	}
}

// qlinearConcat: from input 2 on, every third is a tensor.
func qlinearConcat(c *Context) error {
	axis := c.Node.Int("axis", 0)
	var tensors []int
	for i := 2; i < c.NumIn(); i += 3 {
		tensors = append(tensors, i)
	}
	out, _, err := c.concatShapes(axis, tensors)
	return c.result(c.DType(1), out, err)
}

// qlinearPoolCost sums the dequantized elements of every window.
func qlinearPoolCost(c *Context) graph.Cost {
	perWindow := c.windowSize().MulInt(1 + dequantize).AddInt(1 + quantize)
	return integerCost(c, c.Out(0).Shape.Elements().Mul(perWindow))
}

// qlinearReduceCost sums the dequantized inputs and quantizes the quotients.
func qlinearReduceCost(c *Context) graph.Cost {
	return integerCost(c, c.Shape(0).Elements().MulInt(1+dequantize).Add(c.Out(0).Shape.Elements().MulInt(1+quantize)))
}

// reduceSumInteger: a sum in 32 bits.
func reduceSumInteger(c *Context) error {
	if err := reduce(c); err != nil {
		return err
	}
	t := graph.Int32
	if c.DType(0) == graph.Uint8 {
		t = graph.Uint32
	}
	c.Set(0, t, c.Out(0).Shape)
	return nil
}

// quantizeBFP: outputs are bytes whose number the format decides, and the shape and strides of the input.
func quantizeBFP(c *Context) error {
	var rank graph.Dim
	if x := c.Shape(0); x != nil {
		rank = graph.Const(int64(len(x)))
	}
	c.Set(0, graph.Uint8, graph.Shape{{}})
	c.Set(1, graph.Int64, graph.Shape{rank})
	c.SetData(1, c.Shape(0))
	c.Set(2, graph.Int64, graph.Shape{rank})
	return nil
}

// dequantizeBFP: input 1 holds the shape of the output.
func dequantizeBFP(c *Context) error {
	shape, _ := c.Data(1)
	c.Set(0, c.attrType("dtype", graph.Float32), shape)
	return nil
}

// qorderedMatMulCost, of inputs 0 and 2, adds bias, addend and requantization.
func qorderedMatMulCost(c *Context) graph.Cost {
	cost := c.productCost(0, 2, c.Out(0).Shape.Elements().MulInt(requantize+c.countHas(5, 6)))
	cost.DType = graph.Int8
	return cost
}
