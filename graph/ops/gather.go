package ops

import "github.com/irene-onnx/irene/graph"

// indexOps are the operators that pick or replace elements by indices.
// https://onnx.ai/onnx/operators/onnx__Gather.html
// https://onnx.ai/onnx/operators/onnx__ScatterND.html
func indexOps() []Op {
	return []Op{
		row("Gather", 1, "gather", gather, takesCost, 0),
		row("GatherElements", 11, "gather", gatherElements, takesCost),
		row("GatherND", 11, "gather", gatherND, takesCost), // batch_dims from 12 on
		contrib("GatherND", "gather", gatherND, takesCost),
		row("Scatter", 9, "move", sameAsFirst, movesCost),
		row("ScatterElements", 11, "move", sameAsFirst, movesCost),
		row("ScatterElements", 16, "move", sameAsFirst, scatterCost), // with a reduction
		row("ScatterND", 11, "move", sameAsFirst, movesCost),
		row("ScatterND", 16, "move", sameAsFirst, scatterCost), // with a reduction
		row("TensorScatter", 24, "move", sameAsFirst, updateCost),
	}
}

// gather takes slices of input 0 along an axis, at the indices of input 1 (Gather).
func gather(c *Context) error {
	data, idx := c.Shape(0), c.Shape(1)
	if data == nil {
		c.Set(0, c.DType(0), nil)
		return nil
	}
	axis, err := c.Axis(c.Node.Int("axis", 0), len(data))
	if err != nil || idx == nil {
		return c.result(c.DType(0), nil, err)
	}
	out := chain(data[:axis], idx, data[axis+1:])
	c.Set(0, c.DType(0), out)
	if _, ok := small(out); !ok {
		return nil
	}
	if c.hasElements() {
		return c.gathered(data, axis)
	}
	if len(data) == 1 {
		if p, ok := c.progression(c.Node.Input(0)); ok {
			c.gatheredFrom(p)
		}
	}
	return nil
}

// gathered passes on the elements of a small Gather.
func (c *Context) gathered(data graph.Shape, axis int) error {
	strides, ok := rowMajor(data)
	index, known := c.Data(1)
	if !ok || !known {
		return nil
	}
	size, _ := data[axis].Const()
	outer, _ := small(data[:axis])
	inner := int(strides[axis])
	at := make([]int, 0, outer*inner*len(index))
	for o := range outer {
		for _, d := range index {
			i, ok := d.Const()
			if ok && (i < -size || i >= size) {
				return c.Errorf("index %d of an axis of size %d", i, size)
			}
			if i < 0 {
				i += size
			}
			for k := range inner {
				place := -1
				if ok {
					place = (o*int(size)+int(i))*inner + k
				}
				at = append(at, place)
			}
		}
	}
	c.places(at)
	return nil
}

// gatherElements: an element of input 0 for every index, so of the shape of the indices (GatherElements).
func gatherElements(c *Context) error {
	data, idx := c.Shape(0), c.Shape(1)
	if data != nil && idx != nil && len(data) != len(idx) {
		return c.Errorf("indices of rank %d for a tensor of rank %d", len(idx), len(data))
	}
	if idx == nil && data != nil {
		idx = make(graph.Shape, len(data))
	}
	c.Set(0, c.DType(0), idx)
	return nil
}

// gatherND: for every vector along the last axis of the indices, what it points to within its batch (GatherND).
func gatherND(c *Context) error {
	data, idx := c.Shape(0), c.Shape(1)
	if data == nil || idx == nil {
		c.Set(0, c.DType(0), nil)
		return nil
	}
	batch := c.Node.Int("batch_dims", 0)
	if len(idx) == 0 || batch < 0 || batch >= int64(len(idx)) || batch > int64(len(data)) {
		return c.Errorf("batch_dims %d with indices of rank %d and a tensor of rank %d", batch, len(idx), len(data))
	}
	depth, ok := idx[len(idx)-1].Const()
	if !ok {
		c.Set(0, c.DType(0), nil)
		return nil
	}
	if depth < 0 || depth > int64(len(data))-batch {
		return c.Errorf("indices of %d numbers for a tensor of rank %d with %d batch axes", depth, len(data), batch)
	}
	out := chain(idx[:len(idx)-1], data[batch+depth:])
	for k := range batch {
		var err error
		if out[k], err = c.Unify(data[k], idx[k]); err != nil {
			return err
		}
	}
	c.Set(0, c.DType(0), out)
	return nil
}

// scatterCost: the input is copied with the updates in it; a reduction is one operation per update.
func scatterCost(c *Context) graph.Cost {
	if c.Node.Str("reduction", "none") == "none" {
		return movesCost(c)
	}
	return c.cost(c.Shape(2).Elements())
}

// updateCost is that of TensorScatter, which models an update of the cache in place: only the update moves.
func updateCost(c *Context) graph.Cost {
	out := c.cost(graph.Const(0))
	out.Written = c.bytesIn(1)
	out.Read = out.Written.Add(c.bytesIn(2))
	return out
}
