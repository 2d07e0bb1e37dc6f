package ops

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// Work per element of the normalizations, as their function bodies spell it out. What is done once per row is left out.
const (
	layerNorm = 6 // mean, subtract, square, mean, divide, scale; the bias is one more
	rmsNorm   = 4 // square, mean, divide, scale
)

// normOps are normalizations over channels, groups or the last axes.
// https://onnx.ai/onnx/operators/onnx__LayerNormalization.html
// https://onnx.ai/onnx/operators/onnx__RMSNormalization.html
func normOps() []Op {
	rows := []Op{
		{Name: "LayerNormalization", Since: 1, Shape: layerNormalization, Cost: layerNormCost, Weights: slots(1, 2)},
		{Name: "SimplifiedLayerNormalization", Since: 1, Shape: simplifiedLayerNorm, Cost: pointwise(rmsNorm), Weights: slots(1)},
		{Name: "RMSNormalization", Since: 23, Shape: rmsNormalization, Cost: pointwise(rmsNorm), Weights: slots(1)},
		{Name: "BatchNormalization", Since: 1, Shape: batchNorm, Cost: batchNormCost, Weights: slots(1, 2)},
		{Name: "InstanceNormalization", Since: 1, Shape: sameAsFirst, Cost: pointwise(layerNorm + 1), Weights: slots(1, 2)},
		{Name: "GroupNormalization", Since: 18, Shape: sameAsFirst, Cost: pointwise(layerNorm + 1), Weights: slots(1, 2)},
		{Name: "LRN", Since: 1, Shape: sameAsFirst, Cost: lrnCost},
		{Name: "LpNormalization", Since: 1, Shape: sameAsFirst, Cost: pointwise(3)},           // power, sum, divide
		{Name: "MeanVarianceNormalization", Since: 9, Shape: sameAsFirst, Cost: pointwise(5)}, // two means, square, subtract, divide
	}
	ms := func(name string, shape ShapeRule, cost CostRule, weights Slots) {
		rows = append(rows, Op{Domain: "com.microsoft", Name: name, Since: 1, Shape: shape, Cost: cost, Weights: weights})
	}
	ms("SimplifiedLayerNormalization", simplifiedLayerNorm, pointwise(rmsNorm), slots(1))
	ms("SkipLayerNormalization", skipLayerNorm, skipLayerNormCost, slots(2, 3, 4))
	ms("SkipSimplifiedLayerNormalization", skipLayerNorm, skipLayerNormCost, slots(2, 3))
	ms("EmbedLayerNormalization", embedLayerNorm, embedLayerNormCost, slots(2, 3, 4, 5, 6))
	ms("QEmbedLayerNormalization", embedLayerNorm, embedLayerNormCost, slots(2, 3, 4, 5, 6))
	ms("GroupNorm", sameAsFirst, groupNormCost, slots(1, 2))
	ms("SkipGroupNorm", like(0, 0), groupNormCost, slots(1, 2, 4))  // output 1 is the sum of the inputs
	ms("GatedRMSNorm", sameAsFirst, pointwise(rmsNorm+3), slots(1)) // sigmoid of the gate, two products
	ms("QOrderedLayerNormalization", sameAsFirst, pointwise(dequantize+layerNorm+1+quantize), slots(2, 3))
	for i := range rows {
		rows[i].Class = "norm"
	}
	return rows
}

// layerNormalization: output 0 is like the input, outputs 1 and 2 hold one number per row.
func layerNormalization(c *Context) error {
	rows, err := c.normRows()
	if err != nil {
		return err
	}
	stash := c.attrType("stash_type", graph.Float32)
	c.Set(0, c.DType(0), c.Shape(0))
	c.Set(1, stash, rows)
	c.Set(2, stash, rows)
	return nil
}

// normRows is the shape of the input with its last axes, from the axis attribute on, shrunk to 1.
func (c *Context) normRows() (graph.Shape, error) {
	x := c.Shape(0)
	if x == nil {
		return nil, nil
	}
	axis, err := c.Axis(c.Node.Int("axis", -1), len(x))
	if err != nil {
		return nil, err
	}
	rows := slices.Concat(x[:axis], ones(len(x)-axis))
	if s := c.Shape(1); len(s) == 1 && axis == len(x)-1 && !s[0].Is(1) {
		if _, err := c.Unify(x[axis], s[0]); err != nil {
			return nil, c.Errorf("a scale of %v elements on an axis of %v", s[0], x[axis])
		}
	}
	return rows, nil
}

// simplifiedLayerNorm: output 0 has the type of the scale, output 1 holds one number per row.
func simplifiedLayerNorm(c *Context) error {
	rows, err := c.normRows()
	if err != nil {
		return err
	}
	c.Set(0, c.firstType(1, 0), c.Shape(0))
	c.Set(1, c.attrType("stash_type", graph.Float32), rows)
	return nil
}

// rmsNormalization: output 0 has the shape of the input and the type of the scale.
func rmsNormalization(c *Context) error {
	_, err := c.normRows()
	return c.result(c.firstType(1, 0), c.Shape(0), err)
}

func layerNormCost(c *Context) graph.Cost {
	return c.cost(c.Out(0).Shape.Elements().MulInt(layerNorm + c.countHas(2)))
}

// batchNorm: output 0 is like the input; the others hold one number per channel, like the running mean and variance
// they are made from.
func batchNorm(c *Context) error {
	c.Set(0, c.DType(0), c.Shape(0))
	channels := c.Shape(3)
	if x := c.Shape(0); channels == nil && len(x) > 1 {
		channels = graph.Shape{x[1]}
	}
	for i := 1; i < c.NumOut(); i++ {
		c.Set(i, c.DType(3), channels)
	}
	return nil
}

// batchNormCost counts subtract, divide, scale and shift; training adds the mean (one operation per element) and the
// variance (three).
// https://onnx.ai/onnx/operators/onnx__BatchNormalization.html
func batchNormCost(c *Context) graph.Cost {
	each := int64(4)
	if c.Node.Output(1) != nil {
		each += 4
	}
	return c.cost(c.Out(0).Shape.Elements().MulInt(each))
}

// lrnCost counts the squares summed over a window of channels, then scale, bias, power and division.
// https://onnx.ai/onnx/operators/onnx__LRN.html
func lrnCost(c *Context) graph.Cost {
	return c.cost(c.Out(0).Shape.Elements().MulInt(max(c.Node.Int("size", 1), 1) + 4))
}
