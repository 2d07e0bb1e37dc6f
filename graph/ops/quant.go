package ops

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// Work per element of changing between narrow and wide numbers.
const (
	quantize   = 4 // divide, round, add the zero point, saturate
	dequantize = 2 // subtract the zero point, scale
)

// quantOps are quantization, dequantization and products with packed weights.
// https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html
// https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html
func quantOps() []Op {
	gather := contrib("GatherBlockQuantized", "gather", gatherBlockQuantized, gatherBlockQuantizedCost, 0)
	gather.Params = gatherBlockQuantizedParams
	rows := []Op{
		row("QuantizeLinear", 10, "elementwise", typed(quantizeLinear), unshifted(quantize), 0),
		row("DequantizeLinear", 10, "elementwise", typed(dequantizeLinear), unshifted(dequantize), 0),
		row("DynamicQuantizeLinear", 11, "elementwise", dynamicQuantizeLinear, pointwise(dynamicQuantize)),
		contrib("QuantizeLinear", "elementwise", typed(quantizeLinear), unshifted(quantize), 0),
		contrib("DequantizeLinear", "elementwise", typed(dequantizeLinear), unshifted(dequantize), 0),
		gather,
	}
	return slices.Concat(rows, packedProductOps(), qlinearOps())
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
