package ops

import "github.com/irene-onnx/irene/graph"

// Work per element of the normalizations, as their function bodies spell it out. What is done once per row is left out.
const (
	layerNorm = 6 // mean, subtract, square, mean, divide, scale; the bias is one more
	rmsNorm   = 4 // square, mean, divide, scale
)

// normOps are normalizations over channels, groups or the last axes.
// https://onnx.ai/onnx/operators/onnx__LayerNormalization.html
// https://onnx.ai/onnx/operators/onnx__RMSNormalization.html
func normOps() []Op {
	return []Op{
		row("LayerNormalization", 1, "norm", layerNormalization, layerNormCost, 1, 2),
		row("SimplifiedLayerNormalization", 1, "norm", simplifiedLayerNorm, named("rmsnorm", pointwise(rmsNorm)), 1),
		row("RMSNormalization", 23, "norm", rmsNormalization, named("rmsnorm", pointwise(rmsNorm)), 1),
		row("BatchNormalization", 1, "norm", batchNorm, batchNormCost, 1, 2),
		row("InstanceNormalization", 1, "norm", sameAsFirst, pointwise(layerNorm+1), 1, 2),
		row("GroupNormalization", 18, "norm", sameAsFirst, pointwise(layerNorm+1), 1, 2),
		row("LRN", 1, "norm", sameAsFirst, lrnCost),
		row("LpNormalization", 1, "norm", sameAsFirst, pointwise(3)),           // power, sum, divide
		row("MeanVarianceNormalization", 9, "norm", sameAsFirst, pointwise(5)), // two means, square, subtract, divide
		contrib("SimplifiedLayerNormalization", "norm", simplifiedLayerNorm, named("rmsnorm", pointwise(rmsNorm)), 1),
		contrib("SkipLayerNormalization", "norm", skipLayerNorm, skipLayerNormCost, 2, 3, 4),
		contrib("SkipSimplifiedLayerNormalization", "norm", skipLayerNorm, named("add_rmsnorm", skipLayerNormCost), 2, 3),
		contrib("EmbedLayerNormalization", "norm", embedLayerNorm, embedLayerNormCost, 2, 3, 4, 5, 6),
		contrib("QEmbedLayerNormalization", "norm", embedLayerNorm, embedLayerNormCost, 2, 3, 4, 5, 6),
		contrib("GroupNorm", "norm", sameAsFirst, groupNormCost, 1, 2),
		contrib("SkipGroupNorm", "norm", like(0, 0), groupNormCost, 1, 2, 4),                    // output 1 is the sum of the inputs
		contrib("GatedRMSNorm", "norm", sameAsFirst, named("rmsnorm", pointwise(rmsNorm+3)), 1), // sigmoid of the gate, two products
		contrib("QOrderedLayerNormalization", "norm", sameAsFirst, pointwise(dequantize+layerNorm+1+quantize), 2, 3),
	}
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
	rows := chain(x[:axis], ones(len(x)-axis))
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
