package ops

import (
	"fmt"
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// iteration is one loop while it is inferred.
type iteration struct {
	c     *Context
	body  *graph.Body
	first []Fact          // the carried values before the first round
	state []Fact          // what holds of them in every round
	grows map[string]bool // symbols of carried dims that differ from round to round
	out   []Fact          // of the body in every round
	wide  bool            // what holds in every round was given up
	last  []Fact          // the carried values after the last round, where the loop runs round by round
	put   [][]Fact        // what the body puts out besides, in each of these rounds
}

// maxRounds bounds how often a body is run until what holds in every round is found; maxNested is the depth of bodies
// from which on carried values are taken to be anything, so that loops in loops do not multiply.
const (
	maxRounds = 4
	maxNested = 3
)

// run finds what holds of the carried values in every round: it runs the body on what the rounds so far have in common
// until a round adds nothing. lead are the inputs in front of the carried values, tail those behind; skip is the number
// of outputs in front.
func (it *iteration) run(lead, tail []Fact, skip int) error {
	s := it.c.s
	it.state = append([]Fact(nil), it.first...)
	it.grows = map[string]bool{}
	last := s.running >= maxNested
	if last {
		it.widen()
	}
	for round := 1; ; round++ {
		inputs := slices.Concat(lead, it.state, tail)
		t, err := s.try(it.body, inputs)
		if err != nil {
			return err
		}
		it.out = t.out
		changed := false
		for i := range it.state {
			if skip+i >= len(t.out) {
				break
			}
			next := s.join(&it.state[i], &t.out[skip+i], func(axis int) graph.Dim { return it.open(len(lead)+i, axis) })
			if !sameFact(&next, &it.state[i]) {
				it.state[i], changed = next, true
			}
		}
		if !changed || last {
			s.out.Conflicts = append(s.out.Conflicts, t.conflicts...)
			return nil
		}
		if last = round >= maxRounds-1; last {
			it.widen()
		}
	}
}

// widen forgets everything about the carried values but their types.
func (it *iteration) widen() {
	it.wide = true
	for i := range it.state {
		it.state[i] = it.state[i].typeOnly()
	}
}

// open is the symbol of a carried dim that differs from round to round.
func (it *iteration) open(input, axis int) graph.Dim {
	name := it.body.Name
	if input < len(it.body.Inputs) && it.body.Inputs[input] != nil {
		name = it.body.Inputs[input].Name
	}
	if axis == lengthAxis {
		name = identifier(name) + "_length"
	} else {
		name = fmt.Sprintf("%s_dim%d", identifier(name), axis)
	}
	it.grows[name] = true
	return graph.DataDependent(name)
}

// varies reports whether a dim differs from round to round.
func (it *iteration) varies(d graph.Dim) bool {
	if len(it.grows) == 0 || !d.DependsOnData() {
		return false
	}
	for _, name := range d.Symbols() {
		if it.grows[name] {
			return true
		}
	}
	return false
}

// final is output i of the node: carried value k after the last of some rounds.
func (it *iteration) final(i, k int, after *Fact, trips graph.Dim) Fact {
	if trips.Is(0) {
		return it.first[k]
	}
	first, state := &it.first[k], &it.state[k]
	last := func(axis int) graph.Dim {
		if axis == lengthAxis {
			return it.length(first.Items, state.Items, after.Items, trips)
		}
		if len(first.Shape) != len(after.Shape) {
			return it.c.Fresh(i, axis)
		}
		return it.grown(i, axis, first.Shape[axis], state.Shape, after.Shape, trips)
	}
	f := *after
	if !trips.Positive() {
		f = it.c.s.join(first, after, last)
	}
	f.Shape = it.clean(f.Shape, last)
	f.Data = it.clean(f.Data, unknownDim)
	if f.Elem != nil {
		e := f.Elem.typeOnly()
		e.Shape = it.clean(f.Elem.Shape, unknownDim)
		f.Elem = &e
	}
	if f.Items != nil {
		f.Items = &Items{Len: it.clean([]graph.Dim{f.Items.Len}, func(int) graph.Dim { return last(lengthAxis) })[0]}
	}
	return f
}

// length is how many elements a list has after the last round, where every round adds as many.
func (it *iteration) length(first, state, after *Items, trips graph.Dim) graph.Dim {
	if first == nil || state == nil || after == nil {
		return graph.Dim{}
	}
	step := after.Len.Sub(state.Len)
	if step.IsUnknown() || it.varies(step) {
		return graph.Dim{}
	}
	return first.Len.Add(step.Mul(trips))
}

// clean replaces the dims that differ from round to round by what last says of each.
func (it *iteration) clean(dims []graph.Dim, last func(axis int) graph.Dim) []graph.Dim {
	copied := false
	for i, d := range dims {
		if !it.varies(d) {
			continue
		}
		if !copied {
			dims, copied = slices.Clone(dims), true
		}
		dims[i] = last(i)
	}
	return dims
}

// grown is a carried dim after the last round: start + k·trips where every round adds k, else a new symbol.
func (it *iteration) grown(i, axis int, start graph.Dim, state, after graph.Shape, trips graph.Dim) graph.Dim {
	if axis < len(state) && axis < len(after) && it.varies(state[axis]) {
		step := after[axis].Sub(state[axis])
		if !step.IsUnknown() && !it.varies(step) && !start.IsUnknown() {
			return start.Add(step.Mul(trips))
		}
	}
	return it.c.Fresh(i, axis)
}

// stacked is output i of the node: what the body puts out in every round, one behind the other along an axis.
func (it *iteration) stacked(i int, f *Fact, axis int64, trips graph.Dim) error {
	if f.Shape == nil {
		it.c.Set(i, f.DType, nil)
		return nil
	}
	a, err := it.c.Axis(axis, len(f.Shape)+1)
	if err != nil {
		return err
	}
	shape := slices.Insert(slices.Clone(f.Shape), a, trips)
	shape = it.clean(shape, func(k int) graph.Dim { return it.c.Fresh(i, k) })
	it.c.Set(i, f.DType, shape)
	return nil
}

// loop: outputs are the carried values after the last round, then what the body puts out in each round, stacked.
func loop(c *Context) error {
	b := c.body("body")
	if b == nil || len(b.Inputs) < 2 || len(b.Outputs) < 1 {
		return c.Errorf("the body has not the inputs and outputs of a loop")
	}
	carried := len(b.Inputs) - 2
	if len(b.Outputs) < 1+carried || c.NumIn() > 2+carried {
		return c.Errorf("%d carried values, but the body has %d inputs and %d outputs", max(0, c.NumIn()-2), len(b.Inputs), len(b.Outputs))
	}
	delete(c.s.out.unrolled, b)
	it := iteration{c: c, body: b, first: make([]Fact, carried)}
	for i := range it.first {
		it.first[i] = *c.In(2 + i)
	}
	lead := []Fact{
		{Kind: graph.KindTensor, DType: graph.Int64, Shape: formalShape(b.Inputs[0])},
		{Kind: graph.KindTensor, DType: graph.Bool, Shape: formalShape(b.Inputs[1]), Data: []graph.Dim{graph.Const(1)}},
	}
	if err := it.run(lead, nil, 1); err != nil {
		return err
	}
	n := counters{steps: make([][]graph.Dim, carried)}
	if c.s.running < maxNested {
		var err error
		if n, err = it.count(lead, 1); err != nil {
			return err
		}
	}
	trips := c.tripCount(&it.out[0], n.cond)
	if c.s.running < maxNested && it.changes(trips, n) {
		limit, bounded := c.tripLimit()
		if often, ok := it.unroll(lead, limit, bounded); ok {
			return it.unrolled(often)
		}
		if err := it.run(lead, nil, 1); err != nil { // the body's facts are those of any round again
			return err
		}
	}
	c.s.out.Trips[b] = trips
	for i := range c.Node.Outputs {
		if i < carried {
			f := it.final(i, i, &it.out[1+i], trips)
			if n.steps[i] != nil && f.Data == nil {
				f.Data = c.s.after(&it.first[i], n.steps[i], trips)
			}
			c.SetFact(i, f)
			continue
		}
		if 1+i < len(it.out) {
			if err := it.stacked(i, &it.out[1+i], 0, trips); err != nil {
				return err
			}
		}
	}
	return nil
}

// changes reports whether something in a loop is not the same in every round, or not known, that may be in single rounds:
// how often it runs, a shape, the elements of a small carried value, a list.
func (it *iteration) changes(trips graph.Dim, n counters) bool {
	s := it.c.s
	if start := it.c.startCondition(); start.Is(0) || trips.Is(0) {
		return false
	}
	if trips.DependsOnData() || it.wide || len(it.grows) > 0 {
		return true
	}
	for k := range it.state {
		_, before := s.data(&it.first[k])
		_, always := s.data(&it.state[k])
		if before && !always && n.steps[k] == nil || it.state[k].Kind == graph.KindSequence {
			return true
		}
	}
	e := extentOf(it.body)
	for _, n := range e.nodes {
		if _, decided := s.out.Taken[n]; n.Op == "If" && n.Domain == "" && !decided {
			return true
		}
	}
	for _, b := range e.bodies {
		if s.out.Trips[b].DependsOnData() {
			return true
		}
	}
	for _, v := range e.values {
		if v == nil || s.facts[v.ID].Kind != graph.KindTensor {
			continue
		}
		shape := s.facts[v.ID].Shape
		if shape == nil || slices.ContainsFunc(shape, func(d graph.Dim) bool { return d.IsUnknown() || d.DependsOnData() }) {
			return true
		}
	}
	return false
}

// unrolled sets the outputs of a loop that ran round by round.
func (it *iteration) unrolled(trips int64) error {
	c := it.c
	c.s.out.Trips[it.body] = graph.Const(trips)
	for i := range c.Node.Outputs {
		if i < len(it.last) {
			c.SetFact(i, it.last[i])
			continue
		}
		k := i - len(it.last)
		f := Fact{}
		for r := range it.put {
			if k >= len(it.put[r]) {
				break
			}
			if r == 0 {
				f = it.put[r][k]
				continue
			}
			f = c.s.join(&f, &it.put[r][k], func(axis int) graph.Dim { return c.Fresh(i, 1+axis) })
		}
		if err := it.stacked(i, &f, 0, graph.Const(trips)); err != nil {
			return err
		}
	}
	return nil
}

// formalShape is the shape of a body's counter or condition: one element, in the rank the file declares.
func formalShape(v *graph.Value) graph.Shape {
	if v != nil && len(v.Type.Shape) == 1 {
		return graph.Consts(1)
	}
	return graph.Shape{}
}

// unbounded is the least trip count that says nothing: exporters write the largest integer where a condition ends the
// loop.
const unbounded = 1 << 31

// tripLimit is how often the first input says that a Loop runs at most; bounded is false where it says nothing.
func (c *Context) tripLimit() (limit graph.Dim, bounded bool) {
	limit = c.scalar(0).Max(graph.Const(0))
	if n, ok := limit.Const(); !c.Has(0) || (ok && n >= unbounded) {
		return graph.Dim{}, false
	}
	return limit, true
}

// startCondition is the condition before the first round; unknown where data decides it.
func (c *Context) startCondition() graph.Dim {
	if !c.Has(1) {
		return graph.Const(1)
	}
	return c.scalar(1)
}

// tripCount is how often the body of a Loop runs: as the first input says where the condition is true from the start
// and stays so, or as long as the condition holds, where that is holds rounds after the first; a symbol where nobody knows.
func (c *Context) tripCount(again *Fact, holds graph.Dim) graph.Dim {
	start := c.startCondition()
	limit, bounded := c.tripLimit()
	next := graph.Dim{}
	if data, ok := c.s.data(again); ok && len(data) == 1 {
		next = data[0]
	}
	atMost := func(n graph.Dim) graph.Dim {
		if bounded {
			return n.Min(either(limit, c.freshTrips()))
		}
		return n
	}
	switch {
	case start.Is(0) || limit.Is(0):
		return graph.Const(0)
	case start.Is(1) && next.Is(0):
		if limit.Positive() {
			return graph.Const(1)
		}
		return atMost(graph.Const(1))
	case start.Is(1) && next.Is(1) && bounded:
		return either(limit, c.freshTrips())
	case start.Is(1) && !holds.IsUnknown():
		return atMost(holds.AddInt(1))
	}
	return c.freshTrips()
}

// freshTrips is how often a body runs where nobody knows: a symbol named after the node's first output.
func (c *Context) freshTrips() graph.Dim {
	name := c.Node.Label()
	for _, v := range c.Node.Outputs {
		if v != nil {
			name = v.Name
			break
		}
	}
	symbol := identifier(name) + "_trips"
	c.s.open[symbol] = true
	return c.s.resolve(graph.DataDependent(symbol))
}

// setTrips notes how often a body runs, as a symbol where that is unknown.
func (c *Context) setTrips(b *graph.Body, trips graph.Dim) graph.Dim {
	if trips.IsUnknown() {
		trips = c.freshTrips()
	}
	c.s.out.Trips[b] = trips
	return trips
}
