package ops

import "slices"

// foldOneHot: the second of two values where the index says so, the first elsewhere.
func foldOneHot(c *Context) {
	indices, ok := c.array(0)
	values, okValues := c.Data(2)
	out, okOut := c.folded()
	axis, err := c.Axis(c.Node.Int("axis", -1), len(out.dims))
	if !ok || !okValues || !okOut || err != nil || len(values) != 2 || len(out.dims) != len(indices.dims)+1 {
		return
	}
	for k := range out.data {
		at := out.index(k)
		i, known := wrapped(indices.at(slices.Delete(slices.Clone(at), axis, axis+1)), out.dims[axis])
		switch {
		case !known && !values[0].Equal(values[1]):
		case known && i == at[axis]:
			out.data[k] = values[1]
		default:
			out.data[k] = values[0]
		}
	}
	c.SetData(0, out.data)
}

func foldGatherElements(c *Context) {
	in, ok := c.array(0)
	indices, okIndices := c.array(1)
	out, okOut := c.folded()
	axis, err := c.Axis(c.Node.Int("axis", 0), len(in.dims))
	if !ok || !okIndices || !okOut || err != nil || len(out.data) != len(indices.data) || len(in.dims) != len(out.dims) {
		return
	}
	for k := range out.data {
		at := out.index(k)
		if at[axis], ok = wrapped(indices.data[k], in.dims[axis]); ok {
			out.data[k] = in.at(at)
		}
	}
	c.SetData(0, out.data)
}

func foldGatherND(c *Context) {
	in, ok := c.array(0)
	indices, okIndices := c.array(1)
	out, okOut := c.folded()
	if !ok || !okIndices || !okOut || len(indices.dims) == 0 || c.Node.Int("batch_dims", 0) != 0 {
		return
	}
	n := indices.dims[len(indices.dims)-1]
	for k := range out.data {
		at := out.index(k)
		outer := len(indices.dims) - 1
		if outer > len(at) || n > len(in.dims) {
			return
		}
		place := make([]int, 0, len(in.dims))
		for i := range n {
			x, known := wrapped(indices.at(append(slices.Clone(at[:outer]), i)), in.dims[i])
			if !known {
				x = -1
			}
			place = append(place, x)
		}
		out.data[k] = in.at(append(place, at[outer:]...))
	}
	c.SetData(0, out.data)
}
