package ops

import "github.com/irene-onnx/irene/graph"

// Work per element of changing between narrow and wide numbers.
const (
	quantize   = 4 // divide, round, add the zero point, saturate
	dequantize = 2 // subtract the zero point, scale
)

// quantOps are quantization, dequantization and products with packed weights.
// https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html
// https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html
func quantOps() []Op {
	rows := []Op{
		{Name: "QuantizeLinear", Since: 10, Class: "elementwise", Shape: typed(quantizeLinear), Cost: unshifted(quantize), Weights: slots(0)},
		{Name: "DequantizeLinear", Since: 10, Class: "elementwise", Shape: typed(dequantizeLinear), Cost: unshifted(dequantize), Weights: slots(0)},
		{Name: "DynamicQuantizeLinear", Since: 11, Class: "elementwise", Shape: dynamicQuantizeLinear, Cost: pointwise(dynamicQuantize)},
	}
	ms := "com.microsoft"
	rows = append(
		rows,
		Op{Domain: ms, Name: "QuantizeLinear", Since: 1, Class: "elementwise", Shape: typed(quantizeLinear), Cost: unshifted(quantize), Weights: slots(0)},
		Op{Domain: ms, Name: "DequantizeLinear", Since: 1, Class: "elementwise", Shape: typed(dequantizeLinear), Cost: unshifted(dequantize), Weights: slots(0)},
		Op{
			Domain: ms, Name: "GatherBlockQuantized", Since: 1, Class: "gather", Shape: gatherBlockQuantized,
			Cost: gatherBlockQuantizedCost, Weights: slots(0), Params: gatherBlockQuantizedParams,
		},
	)
	return append(append(rows, packedProductOps()...), qlinearOps()...)
}

// quantizeLinear: the zero point has the type of the output; without one an attribute names it, else it is uint8.
func quantizeLinear(c *Context) graph.DType {
	if c.Has(2) {
		return c.DType(2)
	}
	return c.attrType("output_dtype", graph.Uint8)
}

// dequantizeLinear: the output has the type an attribute names, else that of the scale.
func dequantizeLinear(c *Context) graph.DType { return c.attrType("output_dtype", c.DType(1)) }

// unshifted is the rule of operators that do k operations per element, one of which adds the zero point in input 2.
func unshifted(k int64) CostRule {
	return func(c *Context) graph.Cost { return c.cost(c.Out(0).Shape.Elements().MulInt(k - 1 + c.countHas(2))) }
}

// dynamicQuantizeLinear: outputs are the quantized tensor, its scale and its zero point.
func dynamicQuantizeLinear(c *Context) error {
	c.Set(0, graph.Uint8, c.Shape(0))
	c.Set(1, graph.Float32, graph.Shape{})
	c.Set(2, graph.Uint8, graph.Shape{})
	return nil
}
