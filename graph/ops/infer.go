package ops

import (
	"errors"
	"slices"
	"strconv"

	"github.com/irene-onnx/irene/graph"
)

// Options says what inference starts from.
type Options struct {
	// Dims binds symbols to numbers or to other expressions.
	Dims map[string]graph.Dim
	// Values gives the elements of small graph inputs, by name.
	Values map[string][]float64
	// Branches are the branches, as an index in Bodies(), that stand for If nodes whose condition is not constant.
	Branches map[*graph.Node]int
}

// Inference is what was inferred of a graph.
type Inference struct {
	Facts       []Fact               // by Value.ID
	Rows        []*Op                // by Node.ID: the row in force; nil where the operator has none
	Solved      map[string]graph.Dim // symbols that the graph's equalities express by others
	Constraints []Constraint         // equalities that could not be solved for a symbol
	Trips       map[*graph.Body]graph.Dim
	Taken       map[*graph.Node]int // If nodes: index in Bodies() of the branch a constant condition decides
	Conflicts   []*Conflict         // contradictions; the outputs of their nodes are unknown
	Unread      []string            // stored tensors whose elements were wanted and could not be read, why
	Routed      bool                // a router spreads tokens over experts; how, data decides, and it is counted as evenly
	Open        []string            // symbols of how often loops run that only data decides, in the order of the loops

	unrolled map[*graph.Body][]round // of loops that ran round by round
}

// state is one run of inference.
type state struct {
	g       *graph.Graph
	opts    Options
	facts   []Fact
	rows    []*Op
	solved  map[string]graph.Dim   // equalities found in the branch that is being tried, or in the graph
	around  []map[string]graph.Dim // those found before, outermost first
	ranks   map[string]int         // see rank
	stated  map[string]int         // equalities in text, the places they had among the constraints
	out     *Inference
	ctx     Context
	running int             // depth of bodies
	unrolls int             // nodes run in loops round by round
	open    map[string]bool // symbols of how often loops run
	// row is Lookup. Rules of control flow run rules, so those that run rules must not name the table that rules are in.
	row func(domain, name string, opset int64) (*Op, bool)
}

// Infer infers the type, shape and, for small integer tensors, the values of every value of a graph. It never fails:
// what contradicts or has no rule is unknown in the result and listed there.
func Infer(g *graph.Graph, opts Options) *Inference {
	s := &state{
		g: g, opts: opts, facts: make([]Fact, len(g.Values)), rows: make([]*Op, len(g.Nodes)),
		solved: map[string]graph.Dim{}, ranks: ranks(g), row: Lookup, open: map[string]bool{},
		out: &Inference{Trips: map[*graph.Body]graph.Dim{}, Taken: map[*graph.Node]int{}, unrolled: map[*graph.Body][]round{}},
	}
	for round := 0; ; round++ {
		before := len(s.solved)
		s.out.Conflicts, s.out.Constraints = nil, nil
		s.unrolls = 0
		clear(s.facts)
		clear(s.stated)
		clear(s.out.unrolled)
		clear(s.out.Trips)
		clear(s.out.Taken)
		s.main()
		if len(s.solved) == before || round == 3 {
			break
		}
	}
	s.settle()
	s.finish()
	s.listOpen()
	s.out.Facts, s.out.Rows, s.out.Solved = s.facts, s.rows, s.solved
	return s.out
}

// main starts from the graph's inputs and runs its nodes.
func (s *state) main() {
	for _, v := range s.g.Main.Inputs {
		s.facts[v.ID] = s.declared(v, true)
		if vals, ok := s.opts.Values[v.Name]; ok {
			s.setSupplied(&s.facts[v.ID], vals)
		}
	}
	s.nodes(s.g.Main)
}

// setSupplied sets the elements of an input that the user supplied.
func (s *state) setSupplied(f *Fact, vals []float64) {
	if f.DType.IsFloat() {
		f.Reals = make([]float64, len(vals))
		for i, x := range vals {
			f.Reals[i] = rounded(f.DType, x)
		}
		vals = f.Reals
	}
	f.Data = integers(vals)
	if len(f.Shape) == 1 {
		if _, ok := f.Shape[0].Const(); !ok {
			f.Shape = graph.Consts(int64(len(vals)))
		}
	}
}

// declared is the fact of a value as its file declares it. Dims of formal inputs that the file leaves open become
// symbols named after the value.
func (s *state) declared(v *graph.Value, open bool) Fact {
	f := fromType(&v.Type)
	if f.Shape == nil {
		return f
	}
	f.Shape = slices.Clone(f.Shape)
	for i, d := range f.Shape {
		if d.IsUnknown() && open {
			d = OpenDim(v, i)
		}
		f.Shape[i] = s.resolve(d)
	}
	return f
}

// OpenDim is the symbol for a dim of a graph input that its file leaves open.
func OpenDim(v *graph.Value, axis int) graph.Dim {
	return graph.Symbol(identifier(v.Name) + "_dim" + strconv.Itoa(axis))
}

func fromType(t *graph.Type) Fact {
	f := Fact{Kind: t.Kind, DType: t.DType, Shape: t.Shape}
	if t.Elem != nil {
		e := fromType(t.Elem)
		f.Elem = &e
	}
	return f
}

// resolve applies bindings and solutions to a dim.
func (s *state) resolve(d graph.Dim) graph.Dim {
	if _, ok := d.Const(); ok || (len(s.opts.Dims) == 0 && len(s.solved) == 0 && len(s.around) == 0) {
		return d
	}
	for range 8 {
		next := d.Subst(s.lookup)
		if next.Equal(d) {
			break
		}
		d = next
	}
	return d
}

func (s *state) lookup(name string) (graph.Dim, bool) {
	if d, ok := s.opts.Dims[name]; ok {
		return d, true
	}
	d, ok := s.equality(name)
	if !ok {
		return d, false
	}
	end, hops := d, 0
	for ; hops < len(s.facts)+len(s.ranks); hops++ {
		next, _ := end.IsSymbol()
		d, ok := s.equality(next)
		if !ok {
			break
		}
		end = d
	}
	for ; hops > 0; hops-- { // whoever asks for a symbol on the way is there at once
		next, _ := d.IsSymbol()
		s.solved[name] = end
		name = next
		d, _ = s.equality(name)
	}
	return end, true
}

// equality is what a symbol is by the equalities found so far.
func (s *state) equality(name string) (graph.Dim, bool) {
	d, ok := s.solved[name]
	for i := len(s.around) - 1; i >= 0 && !ok; i-- {
		d, ok = s.around[i][name]
	}
	return d, ok
}

// nodes runs the shape rules of a body.
func (s *state) nodes(b *graph.Body) {
	for _, v := range b.Inits {
		s.facts[v.ID] = stored(v.Init)
	}
	for _, n := range b.Nodes {
		s.node(n)
	}
}

func stored(t *graph.Tensor) Fact {
	return Fact{Kind: graph.KindTensor, DType: t.DType, Shape: graph.Consts(t.Dims...), Tensor: t}
}

func (s *state) node(n *graph.Node) {
	op, ok := s.row(n.Domain, n.Op, n.Opset)
	if ok {
		s.rows[n.ID] = op
		saved := s.ctx
		s.ctx = Context{Node: n, Op: op, s: s}
		err := op.Shape(&s.ctx)
		if err == nil {
			err = s.ctx.negative()
		}
		if err == nil && op.Fold != nil {
			op.Fold(&s.ctx)
		}
		if err != nil {
			s.fail(n, err)
		}
		s.ctx = saved
	}
	for _, v := range n.Outputs {
		if v != nil {
			s.completeDeclared(v)
		}
	}
}

// negative fails where an output has a negative dimension: rules need not look for sizes that cannot be.
func (c *Context) negative() error {
	for i, v := range c.Node.Outputs {
		if v == nil {
			continue
		}
		for _, d := range c.s.facts[v.ID].Shape {
			if d.Negative() {
				return c.Errorf("output %d has the shape %v", i, c.s.facts[v.ID].Shape)
			}
		}
	}
	return nil
}

// fail records a contradiction and forgets what the rule had set.
func (s *state) fail(n *graph.Node, err error) {
	var c *Conflict
	if !errors.As(err, &c) {
		c = &Conflict{Node: n, Msg: err.Error()}
	}
	s.out.Conflicts = append(s.out.Conflicts, c)
	for _, v := range n.Outputs {
		if v != nil {
			s.facts[v.ID] = Fact{}
		}
	}
}

// completeDeclared completes what a rule left unknown with what the file declares of the value.
func (s *state) completeDeclared(v *graph.Value) {
	t, f := &v.Type, &s.facts[v.ID]
	if t.Kind == graph.KindUnknown && t.DType == graph.Undefined {
		return
	}
	ranked := f.Shape != nil
	*f = complete(*f, fromType(t))
	if !ranked {
		f.Shape = s.resolveAll(f.Shape)
		return
	}
	if len(f.Shape) != len(t.Shape) {
		return
	}
	copied := false
	for i, d := range f.Shape {
		if t.Shape[i].IsUnknown() || (!d.IsUnknown() && !freshDim(d)) {
			continue
		}
		if !copied {
			f.Shape, copied = slices.Clone(f.Shape), true
		}
		f.Shape[i] = s.resolve(t.Shape[i])
	}
}

// freshDim reports whether d is a single symbol decided by data.
func freshDim(d graph.Dim) bool {
	_, ok := d.IsSymbol()
	return ok && d.DependsOnData()
}

// maxDepth bounds the nesting of bodies that inference follows.
const maxDepth = 64

// body runs a subgraph and returns the facts of its outputs.
func (s *state) body(b *graph.Body, inputs []Fact) ([]Fact, error) {
	if s.running >= maxDepth {
		return nil, errors.New("subgraphs nest too deeply")
	}
	s.running++
	defer func() { s.running-- }()
	for i, v := range b.Inputs {
		f := s.declared(v, false)
		if i < len(inputs) {
			f = complete(inputs[i], f)
		}
		s.facts[v.ID] = f
	}
	s.nodes(b)
	out := make([]Fact, len(b.Outputs))
	for i, v := range b.Outputs {
		if v != nil {
			out[i] = s.facts[v.ID]
		}
	}
	return out, nil
}

// outcome is what came of a body that may not run, or runs in more than one way.
type outcome struct {
	out       []Fact
	solved    map[string]graph.Dim // the equalities found in the body
	conflicts []*Conflict
}

// try runs a body like body does; the equalities and contradictions it finds are returned and hold nowhere else.
func (s *state) try(b *graph.Body, inputs []Fact) (outcome, error) {
	saved, conflicts, constraints := s.solved, len(s.out.Conflicts), len(s.out.Constraints)
	s.around, s.solved = append(s.around, saved), map[string]graph.Dim{}
	out, err := s.body(b, inputs)
	t := outcome{out: out, solved: s.solved, conflicts: slices.Clone(s.out.Conflicts[conflicts:])}
	s.around, s.solved = s.around[:len(s.around)-1], saved
	s.out.Conflicts, s.out.Constraints = s.out.Conflicts[:conflicts], s.out.Constraints[:constraints]
	return t, err
}

// complete fills what f does not know from the declared fact d.
func complete(f, d Fact) Fact {
	if f.Kind == graph.KindUnknown {
		f.Kind = d.Kind
	}
	if f.DType == graph.Undefined {
		f.DType = d.DType
	}
	if f.Shape == nil {
		f.Shape = d.Shape
	}
	if f.Elem == nil {
		f.Elem = d.Elem
	}
	return f
}

// finish applies the solutions to everything inferred.
func (s *state) finish() {
	if len(s.solved) == 0 {
		return
	}
	s.finishFacts(s.facts, s.out.Trips)
	s.finishRounds(s.out.unrolled)
	for i := range s.out.Constraints {
		c := &s.out.Constraints[i]
		c.A, c.B = s.resolve(c.A), s.resolve(c.B)
	}
}

// listOpen lists the symbols in how often loops run that only data decides.
func (s *state) listOpen() {
	for _, n := range s.g.Nodes {
		for _, b := range n.Bodies() {
			for _, name := range s.out.Trips[b].Symbols() {
				if s.open[name] && !slices.Contains(s.out.Open, name) {
					s.out.Open = append(s.out.Open, name)
				}
			}
		}
	}
}

func (s *state) finishFacts(facts []Fact, trips map[*graph.Body]graph.Dim) {
	for i := range facts {
		f := &facts[i]
		f.Shape = s.resolveAll(f.Shape)
		f.Data = s.resolveAll(f.Data)
		if f.Elem != nil {
			e := *f.Elem
			e.Shape = s.resolveAll(e.Shape)
			f.Elem = &e
		}
	}
	for b, d := range trips {
		trips[b] = s.resolve(d)
	}
}

func (s *state) finishRounds(unrolled map[*graph.Body][]round) {
	for _, rounds := range unrolled {
		for _, r := range rounds {
			s.finishFacts(r.facts, r.trips)
			s.finishRounds(r.unrolled)
		}
	}
}

func (s *state) resolveAll(ds []graph.Dim) []graph.Dim {
	copied := false
	for i, d := range ds {
		r := s.resolve(d)
		if r.Equal(d) || d.IsUnknown() {
			continue
		}
		if !copied {
			ds, copied = slices.Clone(ds), true
		}
		ds[i] = r
	}
	return ds
}
