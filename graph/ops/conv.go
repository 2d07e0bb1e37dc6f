package ops

import "github.com/irene-onnx/irene/graph"

// convOps are convolutions.
// https://onnx.ai/onnx/operators/onnx__Conv.html
func convOps() []Op {
	return []Op{
		row("Conv", 1, "conv", conv, convCost, 1, 2),
		row("ConvInteger", 10, "conv", conv, convCost, 1),
		row("QLinearConv", 10, "conv", conv, convCost, 3, 8),
		row("ConvTranspose", 1, "conv", convTranspose, convTransposeCost, 1, 2),
		row("DeformConv", 19, "conv", conv, deformConvCost, 1, 3),
		row("CausalConvWithState", 27, "conv", causalConv, causalConvCost, 1, 2),
		contrib("FusedConv", "conv", conv, convCost, 1, 2),
		contrib("NhwcConv", "conv", conv, convCost, 1, 2), // see kernelFirst
		contrib("NhwcFusedConv", "conv", conv, convCost, 1, 2),
		contrib("QLinearConv", "conv", conv, convCost, 3, 8),
		contrib("ConvTransposeWithDynamicPads", "conv", convTranspose, convTransposeCost, 1, 3),
		contrib("CausalConvWithState", "conv", causalConv, causalConvCost, 1, 2),
		contrib("VarlenCausalConvWithState", "conv", ofRank("input", varlenCausalConv, 2), causalConvCost, 1, 3),
	}
}

// convLayout says where a convolution has what.
type convLayout struct {
	weight, bias int  // input slots; bias is -1 where the operator has none
	channelsLast bool // the channels of the data are its last axis
	kernelFirst  bool // the weight is (output channels, kernel …, input channels / groups)
}

func (c *Context) convLayout() convLayout {
	l := convLayout{weight: 1, bias: 2}
	switch c.Node.Op {
	case "ConvInteger":
		l.bias = -1
	case "QLinearConv":
		l.weight, l.bias = 3, 8
		l.channelsLast = c.isSet("channels_last")
	case "DeformConv", "ConvTransposeWithDynamicPads":
		l.bias = 3
	case "NhwcConv", "NhwcFusedConv":
		l.channelsLast = true
	}
	l.kernelFirst = l.channelsLast && c.kernelFirst(c.Shape(0), c.Shape(l.weight))
	return l
}

// kernelFirst reports whether the weight of a convolution over channels last has them last as well. NhwcConv takes it so,
// the others as Conv does, whatever its page says; files that were fused without moving the weight show it by their sizes.
// https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/python/tools/transformers/fusion_nhwc_conv.py
func (c *Context) kernelFirst(x, w graph.Shape) bool {
	first := c.Node.Op == "NhwcConv"
	if len(w) < 3 || len(w) != len(x) {
		return first
	}
	n := len(w) - 2
	kernel, given := c.Node.Ints("kernel_shape")
	fits := func(channels graph.Dim, spatial graph.Shape) bool {
		if differ(x[n+1], channels.MulInt(c.group())) {
			return false
		}
		for i, d := range spatial {
			if given && len(kernel) == n && differ(d, graph.Const(kernel[i])) {
				return false
			}
		}
		return true
	}
	last, second := fits(w[n+1], w[1:n+1]), fits(w[1], w[2:])
	return last && (first || !second) || first && !second
}

// differ reports whether two dims are constants that differ.
func differ(a, b graph.Dim) bool {
	x, ok := a.Const()
	y, ok2 := b.Const()
	return ok && ok2 && x != y
}

// weightShape is the shape of the weight as Conv takes it: (output channels, input channels / groups, kernel …).
func (c *Context) weightShape(l convLayout) graph.Shape {
	w := c.Shape(l.weight)
	if !l.kernelFirst || len(w) < 3 {
		return w
	}
	n := len(w) - 1
	return chain(w[:1], w[n:], w[1:n])
}

// image splits a data shape into batch, channels and spatial axes.
func (l convLayout) image(s graph.Shape) (batch, channels graph.Dim, spatial graph.Shape) {
	if l.channelsLast {
		return s[0], s[len(s)-1], s[1 : len(s)-1]
	}
	return s[0], s[1], s[2:]
}

// join is the inverse of image.
func (l convLayout) join(batch, channels graph.Dim, spatial graph.Shape) graph.Shape {
	out := graph.Shape{batch}
	if l.channelsLast {
		return append(append(out, spatial...), channels)
	}
	return append(append(out, channels), spatial...)
}

// group is the number of groups; at least 1.
func (c *Context) group() int64 { return max(c.Node.Int("group", 1), 1) }

// kernelSizes is the kernel of a weight whose spatial axes are the last n; false where a size is unknown.
func (c *Context) kernelSizes(weight graph.Shape, n int) ([]int64, bool) {
	if k, ok := c.Node.Ints("kernel_shape"); ok && len(k) == n {
		return k, true
	}
	if len(weight) != n+2 {
		return nil, false
	}
	k := make([]int64, n)
	for i := range k {
		var ok bool
		if k[i], ok = weight[i+2].Const(); !ok {
			return nil, false
		}
	}
	return k, true
}

// convType is the element type of a convolution's output.
func (c *Context) convType() graph.DType {
	switch c.Node.Op {
	case "ConvInteger":
		return graph.Int32
	case "QLinearConv":
		return c.firstType(7, 0)
	}
	return c.DType(0)
}

// conv: the weight has shape (output channels, input channels / groups, kernel …).
func conv(c *Context) error {
	l, x := c.convLayout(), c.Shape(0)
	w, t := c.weightShape(l), c.convType()
	if x == nil {
		c.Set(0, t, nil)
		return nil
	}
	if len(x) < 3 || w != nil && len(w) != len(x) {
		return c.Errorf("data %v does not go with a weight %v", x, w)
	}
	batch, channels, spatial := l.image(x)
	if w != nil {
		if _, err := c.Unify(channels, w[1].MulInt(c.group())); err != nil {
			return c.Errorf("data has %v channels, the weight %v times %d groups", channels, w[1], c.group())
		}
	}
	out := make(graph.Shape, len(spatial))
	if k, ok := c.kernelSizes(w, len(spatial)); ok {
		var err error
		if out, err = c.windows(spatial, k); err != nil {
			return err
		}
	}
	c.Set(0, t, l.join(batch, dimOf(w, 0), out))
	return nil
}

// convCost describes a convolution as a matrix product per group: output positions by channels, over the input values
// under one kernel.
func convCost(c *Context) graph.Cost {
	l := c.convLayout()
	y, w := c.Out(0).Shape, c.weightShape(l)
	each := c.countHas(l.bias) + activationFLOPs(c.Node.Str("activation", ""))
	switch c.Node.Op {
	case "QLinearConv":
		each += requantize
	case "Conv", "FusedConv", "NhwcFusedConv": // ONNX Runtime's add input 3 to the output
		each += c.countHas(3)
	}
	cost := c.products(y.Elements().MulInt(each), c.convProduct(l, y, w))
	cost.Row = c.depthwise(w)
	if t := c.DType(0); !t.IsFloat() {
		cost.DType = t
	}
	return cost
}

// depthwise names the row operator that a convolution is whose groups have one channel each: no kernel makes products of
// those. "" for others.
func (c *Context) depthwise(w graph.Shape) string {
	if c.group() > 1 && dimOf(w, 1).Is(1) {
		return depthwise
	}
	return ""
}

const depthwise = "depthwise"

func (c *Context) convProduct(l convLayout, y, w graph.Shape) graph.Product {
	if len(y) < 3 || len(w) < 3 {
		return graph.Product{}
	}
	batch, channels, spatial := l.image(y)
	g := c.group()
	return graph.Product{
		Batch: graph.Const(g), M: batch.Mul(spatial.Elements()), N: channels.FloorDiv(graph.Const(g)), K: w[1:].Elements(),
		Weight: c.constant(l.weight), TransB: true,
	}
}

// deformConvCost adds the bilinear sampling of every input value under the kernel: its offset, four weighted
// neighbours and the mask.
// Zhu et al., Deformable ConvNets v2: https://arxiv.org/abs/1811.11168
func deformConvCost(c *Context) graph.Cost {
	const sample = 8
	l := c.convLayout()
	y, w := c.Out(0).Shape, c.weightShape(l)
	if len(y) < 3 || len(w) < 3 {
		return c.products(graph.Dim{}, graph.Product{})
	}
	batch, _, spatial := l.image(y)
	work := batch.Mul(spatial.Elements()).Mul(dimOf(c.Shape(0), 1)).Mul(w[2:].Elements()).MulInt(sample + c.countHas(4))
	work = work.Add(y.Elements().MulInt(c.countHas(l.bias)))
	return c.products(work, c.convProduct(l, y, w))
}
