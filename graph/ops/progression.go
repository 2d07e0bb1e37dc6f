package ops

import "github.com/irene-onnx/irene/graph"

// progression is a tensor of one axis whose elements are start, start + step, start + 2·step …: positions, as long as a
// dim that may be symbolic, so that its elements cannot be listed.
type progression struct{ start, step, n graph.Dim }

// progression finds the numbers of a Range behind a value, through what hands them on.
func (c *Context) progression(v *graph.Value) (progression, bool) {
	for range 8 {
		if v == nil || v.Producer == nil || v.Producer.Domain != "" || len(c.s.facts[v.ID].Shape) != 1 {
			break
		}
		n := v.Producer
		switch n.Op {
		case "Cast", "Identity":
			if !numeric(c.s.facts[v.ID].DType) {
				return progression{}, false
			}
			v = n.Input(0)
		case "Range":
			at := Context{Node: n, Op: c.Op, s: c.s}
			p := progression{at.scalar(0), at.scalar(2), c.s.facts[v.ID].Shape[0]}
			return p, !p.start.IsUnknown() && !p.step.IsUnknown() && !p.n.IsUnknown()
		default:
			return progression{}, false
		}
	}
	return progression{}, false
}

// numeric reports whether casting positions to a type keeps them.
func numeric(t graph.DType) bool {
	switch t {
	case graph.Int32, graph.Int64, graph.Float32, graph.Float64:
		return true
	}
	return false
}

// at is element i, counted from the end where i is negative.
func (p progression) at(i int64) graph.Dim {
	place := graph.Const(i)
	if i < 0 {
		place = p.n.AddInt(i)
	}
	return p.start.Add(p.step.Mul(place))
}

// gatheredFrom passes on what a Gather takes out of a progression.
func (c *Context) gatheredFrom(p progression) {
	index, known := c.Data(1)
	if !known {
		return
	}
	out := make([]graph.Dim, len(index))
	for k, d := range index {
		if i, ok := d.Const(); ok {
			out[k] = p.at(i)
		}
	}
	c.SetData(0, out)
}
