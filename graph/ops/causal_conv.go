package ops

import "github.com/irene-onnx/irene/graph"

// causalConv: output 0 is like the input, output 1 holds the positions that the next call's kernels still reach.
func causalConv(c *Context) error {
	x, w := c.Shape(0), c.Shape(1)
	c.Set(0, c.DType(0), x)
	if c.Has(3) && c.Shape(3) != nil {
		c.Set(1, c.DType(3), c.Shape(3))
		return nil
	}
	if len(x) < 3 || len(w) < 3 {
		c.Set(1, c.DType(0), nil)
		return nil
	}
	state := append(graph.Shape(nil), x...)
	reach := dimOf(w, -1).AddInt(-1).MulInt(max(c.Node.Int("dilation", 1), 1))
	if c.isSet("channels_last") {
		state[1] = reach
	} else {
		if _, err := c.Unify(x[1], w[0]); err != nil {
			return err
		}
		state[len(state)-1] = reach
	}
	if n := c.Node.Int("state_window", 0); n > 0 {
		state = append(graph.Shape{graph.Const(n)}, state...)
	}
	c.Set(1, c.DType(0), state)
	return nil
}

// varlenCausalConv: sequences of several lengths are packed in the first axis of (tokens, channels); outputs are one of
// the same shape, the states after the last tokens, and some of the tokens.
func varlenCausalConv(c *Context) error {
	x, state := c.Shape(0), c.Shape(4)
	c.Set(0, c.DType(0), x)
	c.Set(1, c.DType(4), state)
	c.Set(2, c.DType(0), graph.Shape{dimOf(state, 0), graph.Const(c.Node.Int("state_update_capacity", 0)), dimOf(x, 1)})
	return nil
}

// causalConvCost describes one product per channel: every position over the values under the kernel.
// https://onnx.ai/onnx/operators/onnx__CausalConvWithState.html
func causalConvCost(c *Context) graph.Cost {
	y, w := c.Out(0).Shape, c.Shape(1)
	if len(y) == 0 || len(w) < 2 {
		return c.products(graph.Dim{}, graph.Product{})
	}
	channels := w[0]
	positions := y.Elements().FloorDiv(channels)
	bias := 2
	if c.Node.Op == "VarlenCausalConvWithState" {
		bias = 3
	}
	each := activationFLOPs(c.Node.Str("activation", "none")) + c.countHas(bias)
	cost := c.products(y.Elements().MulInt(each), graph.Product{
		Batch: channels, M: positions, N: graph.Const(1), K: w[1:].Elements(), Weight: c.constant(1), TransB: true,
	})
	cost.Row = depthwise
	return cost
}
