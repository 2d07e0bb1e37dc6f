package ops

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// scattered is how an update and the element in its place become one, by the attribute reduction.
func (c *Context) scattered() func(old, update graph.Dim) graph.Dim {
	switch c.Node.Str("reduction", "none") {
	case "add":
		return graph.Dim.Add
	case "mul":
		return graph.Dim.Mul
	case "max":
		return graph.Dim.Max
	case "min":
		return graph.Dim.Min
	}
	return func(_, update graph.Dim) graph.Dim { return update }
}

// scatter puts updates into places of input 0; nothing is known where one of the places is not.
func (c *Context) scatter(in array, n int, update func(k int) (place []int, d graph.Dim, ok bool)) {
	out, ok := c.folded()
	if !ok || len(out.data) != len(in.data) {
		return
	}
	copy(out.data, in.data)
	become := c.scattered()
	for k := range n {
		place, d, ok := update(k)
		at, inside := in.place(place)
		if !ok || !inside {
			return
		}
		out.data[at] = become(out.data[at], d)
	}
	c.SetData(0, out.data)
}

func foldScatterElements(c *Context) {
	in, ok := c.array(0)
	indices, okIndices := c.array(1)
	updates, okUpdates := c.array(2)
	axis, err := c.Axis(c.Node.Int("axis", 0), len(in.dims))
	if !ok || !okIndices || !okUpdates || err != nil || len(updates.data) != len(indices.data) || len(indices.dims) != len(in.dims) {
		return
	}
	c.scatter(in, len(updates.data), func(k int) ([]int, graph.Dim, bool) {
		at := indices.index(k)
		i, known := wrapped(indices.data[k], in.dims[axis])
		at[axis] = i
		return at, updates.data[k], known
	})
}

func foldScatterND(c *Context) {
	in, ok := c.array(0)
	indices, okIndices := c.array(1)
	updates, okUpdates := c.array(2)
	if !ok || !okIndices || !okUpdates || len(indices.dims) == 0 {
		return
	}
	outer := len(indices.dims) - 1
	n := indices.dims[outer]
	if n > len(in.dims) || outer > len(updates.dims) {
		return
	}
	c.scatter(in, len(updates.data), func(k int) ([]int, graph.Dim, bool) {
		at := updates.index(k)
		place := make([]int, 0, len(in.dims))
		for i := range n {
			x, known := wrapped(indices.at(append(slices.Clone(at[:outer]), i)), in.dims[i])
			if !known {
				return nil, graph.Dim{}, false
			}
			place = append(place, x)
		}
		return append(place, at[outer:]...), updates.data[k], true
	})
}
