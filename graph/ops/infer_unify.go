package ops

import (
	"fmt"
	"math"
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// unify states that a and b are equal: it solves the equation for a symbol where it can, keeps it as a constraint
// where it cannot, and fails where it cannot hold.
func (s *state) unify(n *graph.Node, a, b graph.Dim, broadcast bool) (graph.Dim, error) {
	switch {
	case a.IsUnknown():
		return b, nil
	case b.IsUnknown() || a.Equal(b):
		return a, nil
	}
	a, b = s.resolve(a), s.resolve(b)
	if a.Equal(b) {
		return a, nil
	}
	if x, ok := a.Const(); ok {
		if y, ok := b.Const(); ok {
			return a, (&Context{Node: n}).Errorf("dimensions %d and %d differ", x, y)
		}
	}
	if a.Negative() || b.Negative() {
		return a, (&Context{Node: n}).Errorf("dimensions %v and %v, of which one is negative", a, b)
	}
	if !s.unsolved(a, b) && s.solve(a, b) {
		return s.resolve(a), nil
	}
	s.out.Constraints = append(s.out.Constraints, Constraint{A: a, B: b, Node: n, Broadcast: broadcast})
	return simpler(a, b), nil
}

// unsolved reports whether a = b is known to have no solution: every layer of a model states it again. It is noted for
// the next time.
func (s *state) unsolved(a, b graph.Dim) bool {
	key := a.String() + " = " + b.String()
	at, ok := s.stated[key]
	if s.stated == nil {
		s.stated = map[string]int{}
	}
	s.stated[key] = len(s.out.Constraints)
	return ok && at < len(s.out.Constraints) && s.out.Constraints[at].A.Equal(a) && s.out.Constraints[at].B.Equal(b)
}

// solve expresses a symbol by others from a = b: a side that is a symbol, else a symbol that occurs in a - b only once,
// linearly and with coefficient 1 or -1. Solutions that cannot be negative come first: total = past + sequence rather than
// past = total - sequence.
func (s *state) solve(a, b graph.Dim) bool {
	if s.assign(a, b, true) || s.assign(b, a, true) {
		return true
	}
	var spare string
	var spareDim graph.Dim
	for name, v := range a.Sub(b).Roots() {
		switch {
		case v.IsUnknown() || v.Negative():
		case v.NonNegative():
			s.solved[name] = v
			return true
		case spare == "":
			spare, spareDim = name, v
		}
	}
	if s.assign(a, b, false) || s.assign(b, a, false) {
		return true
	}
	if spare == "" {
		return false
	}
	s.solved[spare] = spareDim
	return true
}

// assign solves a = b where a is a symbol that b does not hold; safe asks that b cannot be negative. Of two symbols the one
// that data decides, else the one declared later, is expressed by the other.
func (s *state) assign(a, b graph.Dim, safe bool) bool {
	name, ok := a.IsSymbol()
	if !ok || slices.Contains(b.Symbols(), name) || safe && !b.NonNegative() {
		return false
	}
	if other, ok := b.IsSymbol(); ok && !a.DependsOnData() && (b.DependsOnData() || s.rank(other) > s.rank(name)) {
		s.solved[other] = a
		return true
	}
	s.solved[name] = b
	return true
}

// ranks orders declared symbols: those of earlier graph inputs are kept, later ones are expressed by them.
func ranks(g *graph.Graph) map[string]int {
	out := map[string]int{}
	i := 0
	for _, v := range g.Main.Inputs {
		for _, d := range v.Type.Shape {
			if name, ok := d.IsSymbol(); ok {
				if _, known := out[name]; !known {
					out[name] = i
				}
			}
			i++
		}
	}
	return out
}

// rank is the place of a symbol among those that inputs declare; others come after them.
func (s *state) rank(name string) int {
	if i, ok := s.ranks[name]; ok {
		return i
	}
	return math.MaxInt
}

// simpler picks the side of an equality to go on with: a constant, else the one with less text.
func simpler(a, b graph.Dim) graph.Dim {
	if _, ok := b.Const(); ok {
		return b
	}
	if _, ok := a.Const(); ok || len(a.String()) <= len(b.String()) {
		return a
	}
	return b
}

// broadcastDim is one dimension of a multidirectional broadcast.
func (s *state) broadcastDim(n *graph.Node, a, b graph.Dim) (graph.Dim, error) {
	x, aConst := a.Const()
	y, bConst := b.Const()
	switch {
	case aConst && x == 1:
		return b, nil
	case bConst && y == 1:
		return a, nil
	case aConst && bConst:
		if x != y { // go on with the larger one, so that what follows is still counted
			c := &Conflict{Node: n, Msg: fmt.Sprintf("dimensions %d and %d do not broadcast", x, y)}
			s.out.Conflicts = append(s.out.Conflicts, c)
		}
		return graph.Const(max(x, y)), nil
	case aConst: // b is x or 1
		return a, nil
	case bConst:
		return b, nil
	case a.IsUnknown() || b.IsUnknown():
		return graph.Dim{}, nil
	}
	return s.unify(n, a, b, true)
}

// Broadcast is the multidirectional (NumPy) broadcast of shapes; nil where a rank is unknown.
func (c *Context) Broadcast(shapes ...graph.Shape) (graph.Shape, error) {
	rank := 0
	for _, s := range shapes {
		if s == nil {
			return nil, nil
		}
		rank = max(rank, len(s))
	}
	if len(shapes) == 2 { // the common case: equal shapes, or one side a scalar
		if shapes[0].Equal(shapes[1]) || len(shapes[1]) == 0 {
			return shapes[0], nil
		}
		if len(shapes[0]) == 0 {
			return shapes[1], nil
		}
	}
	out := make(graph.Shape, rank)
	for i := range out {
		d := graph.Const(1)
		for _, s := range shapes {
			k := i - (rank - len(s))
			if k < 0 {
				continue
			}
			var err error
			if d, err = c.s.broadcastDim(c.Node, d, s[k]); err != nil {
				return nil, err
			}
		}
		out[i] = d
	}
	return out, nil
}
