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
	name = fmt.Sprintf("%s_dim%d", identifier(name), axis)
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
		f.Items = &Items{Len: it.clean([]graph.Dim{f.Items.Len}, unknownDim)[0]}
	}
	return f
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
	trips := c.tripCount(&it.out[0])
	c.s.out.Trips[b] = trips
	for i := range c.Node.Outputs {
		if i < carried {
			c.SetFact(i, it.final(i, i, &it.out[1+i], trips))
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

// tripCount is how often the body of a Loop runs: as the first input says where the condition is true from the start
// and stays so; a symbol where nobody knows.
func (c *Context) tripCount(again *Fact) graph.Dim {
	fresh, start := c.freshTrips(), graph.Const(1)
	if c.Has(1) {
		start = c.scalar(1)
	}
	limit := either(c.scalar(0).Max(graph.Const(0)), fresh)
	if n, ok := limit.Const(); !c.Has(0) || (ok && n >= unbounded) {
		limit = fresh
	}
	next := graph.Dim{}
	if data, ok := c.s.data(again); ok && len(data) == 1 {
		next = data[0]
	}
	switch {
	case start.Is(0) || limit.Is(0):
		return graph.Const(0)
	case start.Is(1) && next.Is(0):
		if limit.Positive() || !c.Has(0) {
			return graph.Const(1)
		}
		return limit.Min(graph.Const(1))
	case start.Is(1) && next.Is(1) && c.Has(0):
		return limit
	}
	return fresh
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
	return c.s.resolve(graph.DataDependent(identifier(name) + "_trips"))
}

// setTrips notes how often a body runs, as a symbol where that is unknown.
func (c *Context) setTrips(b *graph.Body, trips graph.Dim) graph.Dim {
	if trips.IsUnknown() {
		trips = c.freshTrips()
	}
	c.s.out.Trips[b] = trips
	return trips
}
