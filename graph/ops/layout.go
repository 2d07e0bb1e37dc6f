package ops

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// Domains in which ONNX Runtime saves a graph that it has optimized for a machine: images in blocks of channels on
// processors, with the channels last on accelerators.
const (
	nchwcDomain = "com.microsoft.nchwc"
	nhwcDomain  = "com.ms.internal.nhwc"
)

// layoutOps are the operators of those domains.
func layoutOps() []Op { return append(nchwcOps(), nhwcOps()...) }

// nchwcOps are operators on images whose channels are stored in blocks of 8 or 16. Shapes are those before blocking, with
// as many channels as fill the blocks; weights are stored as long, and so much is computed.
func nchwcOps() []Op {
	return ofDomain(nchwcDomain,
		row("Conv", 1, "conv", conv, convCost, 1, 2),
		row("MaxPool", 1, "pool", pool, poolCost(1)),
		row("AveragePool", 1, "pool", pool, poolCost(1)),
		row("GlobalMaxPool", 1, "pool", shaped(globalPool), perInput(1)),
		row("GlobalAveragePool", 1, "pool", shaped(globalPool), perInput(1)),
		row("Upsample", 1, "resize", shaped(blockedUpsample), resizeCost),
		row("ReorderInput", 1, "move", shaped(reorderInput), movesCost),
		row("ReorderOutput", 1, "move", shaped(reorderOutput), movesCost),
	)
}

// reorderInput blocks the channels of an image. A block is as long as the machine has it: the weight that is laid over the
// image says how many channels there are, where it is not a multiple of every block anyway (ReorderInput).
func reorderInput(c *Context, in graph.Shape) (graph.Shape, error) {
	const longest = 16
	if len(in) < 3 {
		return nil, c.Errorf("rank %d, want 3 or more", len(in))
	}
	batch, channels, spatial := c.imageLayout().image(in)
	if n, ok := channels.Const(); !ok || n%longest != 0 {
		channels = c.blockedChannels(channels)
	}
	return convLayout{}.join(batch, channels, spatial), nil
}

// blockedChannels is how many channels the convolutions that read output 0 have stored weights for, at least as many as
// given; unknown where none does.
func (c *Context) blockedChannels(given graph.Dim) graph.Dim {
	for u := range c.Node.Readers() {
		if u.Node.Op != "Conv" || u.Slot != 0 {
			continue
		}
		w := c.s.facts[u.Node.Input(1).ID].Shape
		n := dimOf(w, 1).MulInt(max(u.Node.Int("group", 1), 1))
		if !n.IsUnknown() && !n.Sub(given).Negative() {
			return n
		}
	}
	return graph.Dim{}
}

// reorderOutput undoes the blocks of an image: the attribute channels says how many there are (ReorderOutput).
func reorderOutput(c *Context, in graph.Shape) (graph.Shape, error) {
	channels := c.Node.Int("channels", 0)
	if len(in) < 3 || channels < 1 {
		return nil, c.Errorf("%d channels for a tensor of rank %d", channels, len(in))
	}
	l := convLayout{channelsLast: c.isSet("channels_last")}
	return l.join(in[0], graph.Const(channels), in[2:]), nil
}

// blockedUpsample multiplies each axis by an integer of the attribute scales (Upsample).
func blockedUpsample(c *Context, in graph.Shape) (graph.Shape, error) {
	scales, ok := c.Node.Ints("scales")
	if ok && len(scales) != len(in) {
		return nil, c.Errorf("%d scales for a tensor of rank %d", len(scales), len(in))
	}
	out := make(graph.Shape, len(in))
	for i, k := range scales {
		if k < 1 {
			return nil, c.Errorf("scale %d is %d", i, k)
		}
		out[i] = in[i].MulInt(k)
	}
	return out, nil
}

// nhwcOps are ONNX's operators on images with the channels of input 0 and output 0 last; some may end in an activation.
// Resize alone names its axes itself.
func nhwcOps() []Op {
	names := []string{
		"AveragePool", "BatchNormalization", "Conv", "ConvTranspose", "DepthToSpace", "GlobalAveragePool", "GlobalLpPool",
		"GlobalMaxPool", "GridSample", "InstanceNormalization", "LRN", "LpPool", "MaxPool", "MaxUnpool", "QLinearAveragePool",
		"QLinearConv", "Resize", "SpaceToDepth",
	}
	var rows []Op
	for _, op := range slices.Concat(convOps(), imageOps(), normOps(), dataOps(), qlinearOps()) {
		of := op.Domain == "" || op.Name == "QLinearAveragePool"
		if !of || !slices.Contains(names, op.Name) {
			continue
		}
		op.Domain = nhwcDomain
		if op.Name != "Resize" {
			op.Shape, op.Cost = channelsLast(op.Shape), channelsLastCost(op.Cost)
		}
		rows = append(rows, op)
	}
	return rows
}

// channelsLast makes a rule for images with channels last of one for channels first.
func channelsLast(rule ShapeRule) ShapeRule {
	return func(c *Context) error {
		in := c.Shape(0)
		c.turn(c.Node.Input(0), toFirst(in))
		err := rule(c)
		c.turn(c.Node.Input(0), in)
		if err == nil {
			c.turn(c.Node.Output(0), toLast(c.Out(0).Shape))
		}
		return err
	}
}

// channelsLastCost is channelsLast for a cost.
func channelsLastCost(rule CostRule) CostRule {
	return func(c *Context) graph.Cost {
		in, out := c.Shape(0), c.Out(0).Shape
		c.turn(c.Node.Input(0), toFirst(in))
		c.turn(c.Node.Output(0), toFirst(out))
		cost := rule(c)
		c.turn(c.Node.Input(0), in)
		c.turn(c.Node.Output(0), out)
		return cost
	}
}

// turn gives a value another shape.
func (c *Context) turn(v *graph.Value, s graph.Shape) {
	if v != nil {
		c.s.facts[v.ID].Shape = s
	}
}

// toFirst moves the last axis behind the first.
func toFirst(s graph.Shape) graph.Shape {
	if len(s) < 3 {
		return s
	}
	n := len(s) - 1
	return chain(s[:1], s[n:], s[1:n])
}

// toLast moves the second axis to the end.
func toLast(s graph.Shape) graph.Shape {
	if len(s) < 3 {
		return s
	}
	return chain(s[:1], s[2:], s[1:2])
}
