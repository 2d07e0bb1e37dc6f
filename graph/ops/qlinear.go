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
	var rows []Op
	row := func(name, class string, shape ShapeRule, cost CostRule) {
		rows = append(rows, Op{Domain: "com.microsoft", Name: name, Since: 1, Class: class, Shape: shape, Cost: cost})
	}
	row("QLinearAdd", "elementwise", qlinearBinary, requantized(2, 1))
	row("QLinearMul", "elementwise", qlinearBinary, requantized(2, 1))
	row("QLinearSigmoid", "activation", sameAsFirst, requantized(1, 1))
	row("QLinearLeakyRelu", "activation", sameAsFirst, requantized(1, 3))
	row("QLinearSoftmax", "softmax", sameAsFirst, requantized(1, softmaxWork))
	row("QLinearConcat", "move", qlinearConcat, requantized(1, 0))
	row("QLinearWhere", "elementwise", qlinearWhere, requantized(1, 1))
	row("QLinearAveragePool", "pool", qlinearPool, qlinearPoolCost)
	row("QLinearGlobalAveragePool", "pool", qlinearGlobalPool, qlinearReduceCost)
	row("QLinearReduceMean", "reduce", reduce, qlinearReduceCost)
	row("ReduceSumInteger", "reduce", reduceSumInteger, perInput(1))
	row("MulInteger", "elementwise", mulInteger, pointwise(3))
	row("QuantizeWithOrder", "elementwise", quantizeWithOrder, pointwise(quantize-1))
	row("DequantizeWithOrder", "elementwise", dequantizeWithOrder, pointwise(dequantize-1))
	row("QOrderedGelu", "activation", sameAsFirst, requantized(1, 5))
	row("QuantizeBFP", "elementwise", quantizeBFP, perInput(quantize))
	row("DequantizeBFP", "elementwise", dequantizeBFP, pointwise(dequantize))
	rows = append(rows, Op{
		Domain: "com.microsoft", Name: "QOrderedMatMul", Since: 1, Class: "gemm",
		Shape: qorderedMatMul, Cost: qorderedMatMulCost, Weights: slots(2, 5),
	})
	return rows
}

// qlinearBinary: the broadcast of inputs 0 and 3.
func qlinearBinary(c *Context) error {
	s, err := c.Broadcast(c.Shape(0), c.Shape(3))
	if err != nil {
		return err
	}
	c.Set(0, c.DType(0), s)
	return nil
}

// mulInteger: the broadcast of inputs 0 and 2, in 32 bits.
func mulInteger(c *Context) error {
	s, err := c.Broadcast(c.Shape(0), c.Shape(2))
	if err != nil {
		return err
	}
	c.Set(0, graph.Int32, s)
	return nil
}

// qlinearWhere: the broadcast of the condition and the two tensors in inputs 1 and 4.
func qlinearWhere(c *Context) error {
	s, err := c.Broadcast(c.Shape(0), c.Shape(1), c.Shape(4))
	if err != nil {
		return err
	}
	c.Set(0, c.DType(1), s)
	return nil
}

// qlinearConcat: from input 2 on, every third is a tensor.
func qlinearConcat(c *Context) error {
	t, first := c.DType(1), c.Shape(2)
	if first == nil {
		c.Set(0, t, nil)
		return nil
	}
	axis, err := c.Axis(c.Node.Int("axis", 0), len(first))
	if err != nil {
		return err
	}
	out := append(graph.Shape(nil), first...)
	for i := 5; i < c.NumIn(); i += 3 {
		s := c.Shape(i)
		if s == nil {
			out[axis] = graph.Dim{}
			continue
		}
		if len(s) != len(out) {
			return c.Errorf("tensors of ranks %d and %d", len(out), len(s))
		}
		for k := range out {
			if k == axis {
				out[k] = out[k].Add(s[k])
			} else if out[k], err = c.Unify(out[k], s[k]); err != nil {
				return err
			}
		}
	}
	c.Set(0, t, out)
	return nil
}

// imageLayout is the layout of a pooled image.
func (c *Context) imageLayout() convLayout {
	return convLayout{channelsLast: c.Node.Int("channels_last", 0) != 0}
}

// qlinearPool slides windows over the spatial axes.
func qlinearPool(c *Context) error {
	x := c.Shape(0)
	if len(x) < 3 {
		c.Set(0, c.DType(0), nil)
		return nil
	}
	l := c.imageLayout()
	batch, channels, spatial := l.image(x)
	kernel, _ := c.Node.Ints("kernel_shape")
	out, err := c.windows(spatial, kernel)
	if err != nil {
		return err
	}
	c.Set(0, c.DType(0), l.join(batch, channels, out))
	return nil
}

// qlinearPoolCost sums the dequantized elements of every window.
func qlinearPoolCost(c *Context) graph.Cost {
	window := graph.Const(1)
	kernel, _ := c.Node.Ints("kernel_shape")
	for _, k := range kernel {
		window = window.MulInt(k)
	}
	return integerCost(c, c.Out(0).Shape.Elements().Mul(window.MulInt(1+dequantize).AddInt(1+quantize)))
}

// qlinearGlobalPool shrinks the spatial axes to 1.
func qlinearGlobalPool(c *Context) error {
	x := c.Shape(0)
	if len(x) < 3 {
		c.Set(0, c.DType(0), nil)
		return nil
	}
	l := c.imageLayout()
	batch, channels, spatial := l.image(x)
	ones := make(graph.Shape, len(spatial))
	for i := range ones {
		ones[i] = graph.Const(1)
	}
	c.Set(0, c.DType(0), l.join(batch, channels, ones))
	return nil
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

func quantizeWithOrder(c *Context) error {
	c.Set(0, graph.Int8, c.Shape(0))
	return nil
}

func dequantizeWithOrder(c *Context) error {
	c.Set(0, graph.DType(c.Node.Int("to", int64(graph.Float32))), c.Shape(0))
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
	var shape graph.Shape
	if d, ok := c.Data(1); ok {
		shape = append(graph.Shape{}, d...)
	}
	c.Set(0, graph.DType(c.Node.Int("dtype", int64(graph.Float32))), shape)
	return nil
}

// qorderedMatMul: the product of inputs 0 and 2.
func qorderedMatMul(c *Context) error {
	s, err := c.matMulShape(0, 2)
	if err != nil {
		return err
	}
	c.Set(0, graph.Int8, s)
	return nil
}

// qorderedMatMulCost adds bias, addend and requantization.
func qorderedMatMulCost(c *Context) graph.Cost {
	p := c.matMulProduct(0, 2)
	cost := c.products(c.Out(0).Shape.Elements().MulInt(requantize+c.countHas(5, 6)), p)
	cost.Class, cost.DType = productClass(p), graph.Int8
	return cost
}
