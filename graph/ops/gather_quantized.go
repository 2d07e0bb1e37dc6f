package ops

import "github.com/irene-onnx/irene/graph"

// packing is how many elements of a quantized table share one of storage, along its last axis.
func packing(n *graph.Node, t graph.DType) int64 {
	bits := n.Int("bits", 4)
	if t != graph.Uint8 || bits < 1 || bits > 8 {
		return 1
	}
	return 8 / bits
}

// gatherBlockQuantized: slices of a quantized table, dequantized to the type of the scales.
func gatherBlockQuantized(c *Context) error {
	data, indices := c.Shape(0), c.Shape(1)
	if data == nil || indices == nil {
		c.Set(0, c.DType(2), nil)
		return nil
	}
	axis, err := c.Axis(c.Node.Int("gather_axis", 0), len(data))
	if err != nil {
		return err
	}
	last := len(data) - 1
	table := with(data, last, data[last].MulInt(packing(c.Node, c.DType(0))))
	c.Set(0, c.DType(2), chain(table[:axis], indices, table[axis+1:]))
	return nil
}

// gatherBlockQuantizedCost reads what belongs to the slices it takes: their share of the table, its scales and its zero
// points.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.GatherBlockQuantized
func gatherBlockQuantizedCost(c *Context) graph.Cost {
	y, data := c.Out(0).Shape.Elements(), c.Shape(0)
	cost := c.cost(y.MulInt(dequantize))
	axis, err := c.Axis(c.Node.Int("gather_axis", 0), len(data))
	if err != nil {
		cost.Read = graph.Dim{}
		return cost
	}
	taken := c.Shape(1).Elements().Min(data[axis])
	read := c.bytesIn(1)
	for _, i := range []int{0, 2, 3} {
		s := c.Shape(i)
		switch {
		case !c.Has(i):
		case axis >= len(s) || s[axis].Is(1):
			read = read.Add(c.bytesIn(i))
		default:
			read = read.Add(c.bytesOf(i, axis, taken))
		}
	}
	cost.Read = read
	return cost
}

// gatherBlockQuantizedParams counts the elements of the table, not those of its storage.
func gatherBlockQuantizedParams(n *graph.Node, slot int, elements int64) int64 {
	v := n.Input(0)
	for v != nil && v.Init == nil && v.Producer != nil && v.Producer.Op == "Reshape" {
		v = v.Producer.Input(0)
	}
	if slot == 0 && v != nil && v.Init != nil {
		return elements * packing(n, v.Init.DType)
	}
	return elements
}
