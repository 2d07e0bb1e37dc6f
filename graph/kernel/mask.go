package kernel

import "github.com/irene-onnx/irene/graph"

// masking is what a mask of scores says of every place, whatever the input data: that no token looks ahead, and how many
// it looks back at, itself among them (0: all).
type masking struct {
	causal bool
	window int64
}

func (m masking) and(o masking) masking {
	return masking{m.causal || o.causal, max(m.window, o.window)}
}

// maxMaskDepth bounds the nodes between a mask and what it is made from.
const maxMaskDepth = 48

// readMask is a mask of one query, or of any number of them.
type readMask struct {
	value *graph.Value
	one   bool
}

// mask reads a mask. One that is the same for all of several queries, as of padding, says nothing; that of one query says what it
// does of several.
func (gr *grouping) mask(v *graph.Value, queries graph.Dim) masking {
	one := queries.Is(1)
	if s := gr.shape(v); len(s) < 2 || s[len(s)-2].Is(1) && !one {
		return masking{}
	}
	return gr.maskAt(readMask{v, one}, maxMaskDepth)
}

func (gr *grouping) maskAt(r readMask, depth int) masking {
	if r.value == nil || depth == 0 {
		return masking{}
	}
	if m, ok := gr.read[r]; ok {
		return m
	}
	m := gr.origin(r, depth)
	gr.read[r] = m
	return m
}

// origin goes back to what a mask is made from: a triangle, positions that are compared, or a square table that is stored.
func (gr *grouping) origin(r readMask, depth int) (m masking) {
	v, n := r.value, r.value.Producer
	if n == nil || n.Op == "Constant" {
		return masking{causal: gr.static[v.ID] == constant && square(gr.shape(v))}
	}
	if n.Domain != "" {
		return m
	}
	inputs := n.Inputs
	switch n.Op {
	case "Trilu":
		return masking{causal: true}
	case "Less", "LessOrEqual", "Greater", "GreaterOrEqual":
		return gr.comparison(n, r.one)
	case "Reshape", "Transpose", "Unsqueeze", "Squeeze", "Expand", "Identity", "Cast", "Slice", "Tile", "Not", "Neg", "Clip", "Pad":
		inputs = n.Inputs[:min(1, len(n.Inputs))]
	case "And", "Or", "Xor", "Where", "Add", "Sub", "Mul", "Min", "Max", "Equal", "BitwiseAnd", "BitwiseOr", "ScatterND", "Concat":
	default:
		return m
	}
	for _, in := range inputs {
		m = m.and(gr.maskAt(readMask{in, r.one}, depth-1))
	}
	return m
}

// square reports whether a table has a row and a column for each of many positions, and nothing else.
func square(s graph.Shape) bool {
	n := len(s)
	return n >= 2 && s[n-1].Equal(s[n-2]) && !s[n-1].Is(1) && s[:n-2].Elements().Is(1)
}

// comparison reads a comparison of the positions of keys, in a row, with those of queries, in a column, both made from
// sizes alone. One with a position some places before bounds what is looked back at. The only query's position is a single one.
func (gr *grouping) comparison(n *graph.Node, one bool) (m masking) {
	x, y := n.Input(0), n.Input(1)
	if x == nil || y == nil || gr.static[x.ID] == dynamic || gr.static[y.ID] == dynamic {
		return m
	}
	a, b := gr.line(x), gr.line(y)
	for _, l := range []*line{&a, &b} {
		if one && l.along == 0 && gr.static[l.value.ID] == shaped {
			l.along = 2
		}
	}
	if a.along == b.along || a.along == 0 || b.along == 0 {
		return m
	}
	if a.along > b.along {
		a, b = b, a
	}
	back := a.from - b.from // by which the queries' positions lie back
	if max(back, -back) <= 1 {
		return masking{causal: true}
	}
	if back < 0 {
		return m
	}
	switch { // the place itself is seen where it is not less, or hidden where it is less
	case a.value == x && (n.Op == "GreaterOrEqual" || n.Op == "Less"), a.value == y && (n.Op == "LessOrEqual" || n.Op == "Greater"):
		back++
	}
	return masking{window: back}
}

// line is positions along the last axis (1, of keys) or the one before it (2, of queries), counted from a number; along 0 is
// neither.
type line struct {
	value *graph.Value
	along int
	from  int64
}

func (gr *grouping) line(v *graph.Value) line {
	l := line{value: v}
	for range 12 {
		if s := gr.shape(v); l.along == 0 && len(s) > 0 {
			across := len(s) < 2 || s[len(s)-2].Is(1)
			switch last := s[len(s)-1].Is(1); {
			case across && !last:
				l.along = 1
			case last && !across:
				l.along = 2
			}
		}
		n := v.Producer
		if n == nil || n.Domain != "" || len(n.Inputs) == 0 || n.Input(0) == nil {
			return l
		}
		next := n.Input(0)
		switch n.Op {
		case "Reshape", "Unsqueeze", "Squeeze", "Expand", "Identity", "Cast", "Slice", "Tile", "Transpose":
		case "Add", "Sub":
			by, ok := gr.number(n.Input(1))
			if !ok && n.Op == "Add" {
				if by, ok = gr.number(next); ok {
					next = n.Input(1)
				}
			}
			if n.Op == "Sub" {
				by = -by
			}
			l.from += by
			if next == nil || !ok && gr.isNumber(next) {
				return l
			}
		default:
			return l
		}
		v = next
	}
	return l
}

// number is the only element of a stored integer.
func (gr *grouping) number(v *graph.Value) (int64, bool) {
	if v == nil || !gr.isNumber(v) {
		return 0, false
	}
	t := gr.inf.Facts[v.ID].Tensor
	if t == nil {
		return 0, false
	}
	x, err := t.Elements(1)
	if err != nil || len(x) != 1 {
		return 0, false
	}
	return x[0], true
}
