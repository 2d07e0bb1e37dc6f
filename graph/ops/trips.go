package ops

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// tripSymbol is the number of rounds that are over, while a body is run to see what it makes of that. No name of a file
// can be it.
const tripSymbol = "#trip"

// maxCounters bounds the elements of a carried value that are followed from round to round: counters and small shapes.
const maxCounters = 8

// counters are the carried values that grow by the same in every round, and what the body says of its condition
// meanwhile.
type counters struct {
	steps [][]graph.Dim // by carried value: what a round adds to its elements; nil where it is not steady
	cond  graph.Dim     // how often the condition holds after a round, one round after another; unknown where that is open
}

// count finds the counters of a loop: it guesses steps by the first round, and proves them by a round after any number of
// others. It leaves the body's facts as every round has them.
func (it *iteration) count(lead []Fact, skip int) (counters, error) {
	s := it.c.s
	n := counters{steps: make([][]graph.Dim, len(it.state))}
	once, err := s.try(it.body, slices.Concat(withCounter(lead, graph.Const(0)), it.first))
	if err != nil {
		return n, err
	}
	for k := range it.state {
		if skip+k < len(once.out) && it.state[k].Data == nil {
			n.steps[k] = s.difference(&it.first[k], &once.out[skip+k])
		}
	}
	trip := graph.DataDependent(tripSymbol)
	for range len(it.state) + 1 {
		state := slices.Clone(it.state)
		for k, step := range n.steps {
			if step != nil {
				state[k].Data = s.after(&it.first[k], step, trip)
			}
		}
		t, err := s.try(it.body, slices.Concat(withCounter(lead, trip), state))
		if err != nil {
			return n, err
		}
		proven := true
		for k, step := range n.steps {
			if step == nil {
				continue
			}
			if got, ok := s.data(&t.out[skip+k]); !ok || !sameDims(got, s.after(&it.first[k], step, trip.AddInt(1))) {
				n.steps[k], proven = nil, false
			}
		}
		if proven {
			n.cond = s.holdsFor(it.body.Outputs[0], trip)
			break
		}
	}
	_, err = s.try(it.body, slices.Concat(lead, it.state))
	return n, err
}

// withCounter is what comes in front of the carried values in a round.
func withCounter(lead []Fact, round graph.Dim) []Fact {
	lead = slices.Clone(lead)
	if len(lead) > 0 {
		lead[0].Data = []graph.Dim{round}
	}
	return lead
}

// difference is what a round added to the elements of a small value; nil where that is not known.
func (s *state) difference(before, after *Fact) []graph.Dim {
	x, ok := s.data(before)
	y, ok2 := s.data(after)
	if !ok || !ok2 || len(x) != len(y) || len(x) > maxCounters {
		return nil
	}
	out := make([]graph.Dim, len(x))
	for i := range x {
		if out[i] = y[i].Sub(x[i]); out[i].IsUnknown() {
			return nil
		}
	}
	return out
}

// after is the elements of a counter after some rounds.
func (s *state) after(first *Fact, step []graph.Dim, rounds graph.Dim) []graph.Dim {
	x, _ := s.data(first)
	out := make([]graph.Dim, len(x))
	for i := range x {
		out[i] = x[i].Add(step[i].Mul(rounds))
	}
	return out
}

// holdsFor is for how many rounds, the first one on, a condition in a body holds, whose numbers are expressions in the
// number of rounds before; unknown where it may hold forever or data decides.
func (s *state) holdsFor(v *graph.Value, trip graph.Dim) graph.Dim {
	left, strict, ok := s.comparison(v)
	if !ok {
		return graph.Dim{}
	}
	at := func(n int64) graph.Dim {
		return left.Subst(func(name string) (graph.Dim, bool) { return graph.Const(n), name == tripSymbol })
	}
	start := at(0)
	step, isConst := start.Sub(at(1)).Const()
	if !isConst || step < 1 || !left.Equal(start.Sub(trip.MulInt(step))) {
		return graph.Dim{}
	}
	if !strict { // left ≥ 0 rather than left > 0
		start = start.AddInt(1)
	}
	return start.CeilDiv(graph.Const(step)).Max(graph.Const(0))
}

// comparison looks for the comparison that a condition is: it holds as long as left > 0, or left ≥ 0 where it is not strict.
func (s *state) comparison(v *graph.Value) (left graph.Dim, strict, ok bool) {
	negated := false
	for range 16 {
		if v == nil || v.Producer == nil {
			return left, false, false
		}
		n := v.Producer
		if negated, ok = s.passesCondition(n, negated, &v); ok {
			continue
		}
		a, b := s.element(n.Input(0)), s.element(n.Input(1))
		switch {
		case a.IsUnknown() || b.IsUnknown() || n.Domain != "":
			return left, false, false
		case n.Op == "Less" && !negated, n.Op == "GreaterOrEqual" && negated:
			return b.Sub(a), true, true
		case n.Op == "LessOrEqual" && !negated, n.Op == "Greater" && negated:
			return b.Sub(a), false, true
		case n.Op == "Greater" && !negated, n.Op == "LessOrEqual" && negated:
			return a.Sub(b), true, true
		case n.Op == "GreaterOrEqual" && !negated, n.Op == "Less" && negated:
			return a.Sub(b), false, true
		case n.Op == "Equal" && negated:
			return s.towardsZero(a.Sub(b)), true, true
		}
		return left, false, false
	}
	return left, false, false
}

// passesCondition moves v to the condition that an operator passes on: views, Not, and And with what is true.
func (s *state) passesCondition(n *graph.Node, negated bool, v **graph.Value) (flipped, ok bool) {
	switch n.Op {
	case "Identity", "Cast", "Squeeze", "Unsqueeze", "Reshape":
		*v = n.Input(0)
		return negated, true
	case "Not":
		*v = n.Input(0)
		return !negated, true
	case "And":
		for i := range 2 {
			if s.element(n.Input(i)).Is(1) && !negated {
				*v = n.Input(1 - i)
				return negated, true
			}
		}
	}
	return negated, false
}

// towardsZero is a difference that ends at zero, with the sign that makes it positive before; unknown where it may step
// over zero.
func (s *state) towardsZero(d graph.Dim) graph.Dim {
	at := func(n int64) graph.Dim {
		return d.Subst(func(name string) (graph.Dim, bool) { return graph.Const(n), name == tripSymbol })
	}
	switch step, _ := at(1).Sub(at(0)).Const(); {
	case step == -1 && at(0).NonNegative():
		return d
	case step == 1 && at(0).MulInt(-1).NonNegative():
		return d.MulInt(-1)
	}
	return graph.Dim{}
}

// element is the only element of a value; unknown where it has more or is not known.
func (s *state) element(v *graph.Value) graph.Dim {
	if v == nil {
		return graph.Dim{}
	}
	if x, ok := s.data(&s.facts[v.ID]); ok && len(x) == 1 {
		return x[0]
	}
	return graph.Dim{}
}
