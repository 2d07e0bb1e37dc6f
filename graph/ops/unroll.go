package ops

import (
	"cmp"
	"maps"
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// maxUnrolled bounds the nodes that one inference runs in loops round by round.
const maxUnrolled = 1 << 15

// round is what was inferred in one round of a loop that runs round by round.
type round struct {
	facts    []Fact // of the values of the body and of those in it, in the order of extent.values
	trips    map[*graph.Body]graph.Dim
	taken    map[*graph.Node]int
	unrolled map[*graph.Body][]round
}

// extent is what is in a body, nested bodies included.
type extent struct {
	nodes  []*graph.Node
	values []*graph.Value
	bodies []*graph.Body // the nested ones
}

func extentOf(b *graph.Body) *extent {
	e := &extent{}
	e.add(b)
	return e
}

func (e *extent) add(b *graph.Body) {
	e.values = append(e.values, b.Inputs...)
	e.values = append(e.values, b.Inits...)
	for _, n := range b.Nodes {
		e.nodes = append(e.nodes, n)
		e.values = append(e.values, n.Outputs...)
		for _, inner := range n.Bodies() {
			e.bodies = append(e.bodies, inner)
			e.add(inner)
		}
	}
}

// unroll runs a loop round by round, as often as limit and the condition say: shapes, elements and lists that change from
// round to round are known in each. False where that is not decided, or the work has a bound below it; the facts of the
// body are those of any round then.
func (it *iteration) unroll(lead []Fact, limit graph.Dim, bounded bool) (trips int64, ok bool) {
	s := it.c.s
	most, isConst := limit.Const()
	if bounded && !isConst {
		return 0, false
	}
	e := extentOf(it.body)
	var rounds []round
	state := it.first
	var stacked [][]Fact
	for !bounded || trips < most {
		if s.unrolls += 1 + len(e.nodes); s.unrolls > maxUnrolled {
			return 0, false
		}
		t, err := s.try(it.body, slices.Concat(withCounter(lead, graph.Const(trips)), state))
		if err != nil || len(t.conflicts) > 0 || len(t.out) < 1+len(state) {
			return 0, false
		}
		again, known := s.data(&t.out[0])
		if !known || len(again) != 1 || !again[0].Is(0) && !again[0].Is(1) {
			return 0, false
		}
		rounds = append(rounds, s.snapshot(e))
		state, stacked = t.out[1:1+len(state)], append(stacked, t.out[1+len(state):])
		trips++
		if again[0].Is(0) {
			break
		}
	}
	s.forget(e)
	s.out.unrolled[it.body] = rounds
	it.last, it.put = state, stacked
	return trips, true
}

// snapshot is what stands of a body after a round.
func (s *state) snapshot(e *extent) round {
	r := round{facts: make([]Fact, len(e.values))}
	for i, v := range e.values {
		if v != nil {
			r.facts[i] = s.facts[v.ID]
		}
	}
	for _, n := range e.nodes {
		if i, ok := s.out.Taken[n]; ok {
			r.taken = set(r.taken, n, i)
		}
	}
	for _, b := range e.bodies {
		if d, ok := s.out.Trips[b]; ok {
			r.trips = set(r.trips, b, d)
		}
		if in, ok := s.out.unrolled[b]; ok {
			r.unrolled = set(r.unrolled, b, in)
		}
	}
	return r
}

// set is m[k] = v for a map that may be nil.
func set[K comparable, V any](m map[K]V, k K, v V) map[K]V {
	if m == nil {
		m = map[K]V{}
	}
	m[k] = v
	return m
}

// forget removes what was noted of nested bodies in single rounds.
func (s *state) forget(e *extent) {
	for _, b := range e.bodies {
		delete(s.out.unrolled, b)
	}
}

// settle gives the values of unrolled bodies what holds of them in every round, and the Ifs in them the branch that is
// taken in every round.
func (s *state) settle() {
	for _, n := range s.g.Nodes {
		for _, b := range n.Bodies() {
			if rounds := s.out.unrolled[b]; len(rounds) > 0 {
				s.settleBody(extentOf(b), rounds)
			}
		}
	}
}

func (s *state) settleBody(e *extent, rounds []round) {
	for i, v := range e.values {
		if v == nil || v.Init != nil {
			continue
		}
		f, seen := Fact{}, false
		for r := range rounds {
			g := &rounds[r].facts[i]
			switch {
			case g.Kind == graph.KindUnknown && g.Shape == nil && g.DType == graph.Undefined: // in a branch that did not run
			case !seen:
				f, seen = *g, true
			case !sameFact(&f, g):
				f = s.join(&f, g, unknownDim)
			}
		}
		s.facts[v.ID] = f
	}
	for _, n := range e.nodes {
		for r := range rounds {
			i, ok := rounds[r].taken[n]
			if !ok {
				continue
			}
			if before, seen := s.out.Taken[n]; r > 0 && seen && before != i {
				i = BothBranches
			}
			s.out.Taken[n] = i
		}
	}
}

// BothBranches stands in [Inference.Taken] for an If in a loop of which some rounds take one branch and some the other.
const BothBranches = -1

// countUnrolled adds up the costs of the nodes of bodies that ran round by round.
func (s *state) countUnrolled(costs []*graph.Cost) {
	for _, n := range s.g.Nodes {
		for _, b := range n.Bodies() {
			rounds, ok := s.out.unrolled[b]
			if !ok {
				continue
			}
			e := extentOf(b)
			for _, inner := range e.nodes {
				costs[inner.ID] = new(s.none(inner))
			}
			s.countRounds(b, e, rounds, s.out.trips(n.Body), costs)
		}
	}
}

// none is the cost of a node that does not run.
func (s *state) none(n *graph.Node) graph.Cost {
	op := s.rows[n.ID]
	if op == nil || op.Cost == nil {
		return graph.Cost{}
	}
	c := freeCost(nil)
	c.Class = op.Class
	return c
}

// countRounds adds the costs of a body's rounds, each times times.
func (s *state) countRounds(b *graph.Body, e *extent, rounds []round, times graph.Dim, costs []*graph.Cost) {
	facts, trips, taken := s.facts, s.out.Trips, s.out.Taken
	s.facts = slices.Clone(facts)
	for _, r := range rounds {
		s.out.Trips, s.out.Taken = maps.Clone(trips), maps.Clone(taken)
		maps.Copy(s.out.Trips, r.trips)
		maps.Copy(s.out.Taken, r.taken)
		for i, v := range e.values {
			if v != nil && v.Init == nil {
				s.facts[v.ID] = r.facts[i]
			}
		}
		s.countBody(b, r, times, costs)
	}
	s.facts, s.out.Trips, s.out.Taken = facts, trips, taken
}

// countBody adds the costs of a body in one round.
func (s *state) countBody(b *graph.Body, r round, times graph.Dim, costs []*graph.Cost) {
	for _, n := range b.Nodes {
		addCost(costs[n.ID], s.cost(n).Times(times))
		choice, decided := s.out.Taken[n]
		for i, inner := range n.Bodies() {
			switch in, ok := r.unrolled[inner]; {
			case ok:
				s.countRounds(inner, extentOf(inner), in, times, costs)
			case n.Op == "If" && decided && i != choice:
			default:
				often := times
				if t, ok := s.out.Trips[inner]; ok {
					often = times.Mul(t)
				}
				s.countBody(inner, r, often, costs)
			}
		}
	}
}

// addCost adds the cost of one round to that of others.
func addCost(sum *graph.Cost, c graph.Cost) {
	first := sum.Free && c.Known && !c.Free
	sum.Known, sum.Free = sum.Known && c.Known, sum.Free && c.Free
	sum.DType = cmp.Or(sum.DType, c.DType)
	sum.MACs, sum.Elementwise = sum.MACs.Add(c.MACs), sum.Elementwise.Add(c.Elementwise)
	sum.Read, sum.Written = sum.Read.Add(c.Read), sum.Written.Add(c.Written)
	for _, p := range c.Products {
		addProduct(sum, p)
	}
	if first {
		sum.Class, sum.Row, sum.Quant, sum.Attention, sum.Experts = c.Class, c.Row, c.Quant, c.Attention, c.Experts
		return
	}
	sum.Attention, sum.Experts = nil, nil // rounds have no geometry in common
}

// addProduct lists a product, with an equal one together where that is among the last.
func addProduct(sum *graph.Cost, p graph.Product) {
	const looked = 8
	for i := len(sum.Products) - 1; i >= 0 && i >= len(sum.Products)-looked; i-- {
		q := &sum.Products[i]
		if q.M.Equal(p.M) && q.N.Equal(p.N) && q.K.Equal(p.K) && q.Weight == p.Weight && q.TransB == p.TransB {
			q.Batch = q.Batch.Add(p.Batch)
			return
		}
	}
	sum.Products = append(sum.Products, p)
}
