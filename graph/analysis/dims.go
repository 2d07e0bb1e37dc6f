package analysis

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
)

// MaxDim bounds the sizes a user may bind a dim to.
const MaxDim = 1<<31 - 1

// DimError is a binding that cannot be used. Known lists the names the model declares.
type DimError struct {
	Name  string
	Known []string
	Msg   string
}

// Error says what is wrong with the binding.
func (e *DimError) Error() string { return e.Msg }

// Declared lists the symbols in the shapes of a graph's inputs, in the order of their first use.
func Declared(g *graph.Graph) []string {
	var names []string
	listed := map[string]bool{}
	for _, v := range g.Main.Inputs {
		for _, d := range declaredShape(v) {
			for _, s := range d.Symbols() {
				if !listed[s] {
					listed[s], names = true, append(names, s)
				}
			}
		}
	}
	return names
}

// infer runs inference at the bound dims, after solving and assuming those nobody gave.
func (a *Analysis) infer(opts Options) error {
	declared := Declared(a.Graph)
	given, err := bind(a.Graph, opts.Dims)
	if err != nil {
		return err
	}
	a.Dims = given
	if err := checkEmpty(a.Graph, given); err != nil {
		return err
	}
	a.sayEmpty()
	if err := checkValues(a.Graph, opts.Values, given); err != nil {
		return err
	}
	if opts.Symbolic {
		dims := consts(given)
		maps.Copy(dims, opts.Ties)
		a.Inference = ops.Infer(a.Graph, ops.Options{Dims: dims, Values: opts.Values})
		a.reportConflicts(a.Inference.Conflicts)
		return nil
	}
	var s *assumption
	if slices.ContainsFunc(declared, func(name string) bool { _, ok := given[name]; return !ok }) {
		open := []*ops.Inference{ops.Infer(a.Graph, ops.Options{Dims: consts(given), Values: opts.Values})}
		if len(given) > 0 { // at a given size, total = past + sequence may hide in a broadcast, which solves nothing
			open = append(open, ops.Infer(a.Graph, ops.Options{Values: opts.Values}))
		}
		s = newAssumption(a.Graph, open...)
		a.Dims, a.Assumed = s.complete(given)
	}
	a.Inference = ops.Infer(a.Graph, ops.Options{Dims: consts(a.Dims), Values: opts.Values})
	if len(a.Inference.Conflicts) == 0 {
		return nil
	}
	symbolic := ops.Infer(a.Graph, ops.Options{Values: opts.Values})
	if len(a.Assumed) > 0 {
		a.search(s, given, opts, symbolic)
	}
	return a.explain(given, opts, symbolic)
}

// sayEmpty warns of inputs that the file itself leaves no elements: some exporters write 0 for a size that is open.
func (a *Analysis) sayEmpty() {
	for _, v := range a.Graph.Main.Inputs {
		zero := func(d graph.Dim) bool { return d.Is(0) }
		if slices.ContainsFunc(v.Type.Shape, zero) && !isCacheName(strings.ToLower(v.Name)) {
			a.warnf("the input %s has no elements: its shape in the file is %v", v.Name, v.Type.Shape)
		}
	}
}

// checkEmpty refuses sizes of zero that leave a graph nothing to do: its tokens, or else its first input, would have no
// elements. A cache may be empty, and so may be what goes into a model beside its tokens.
func checkEmpty(g *graph.Graph, given map[string]int64) error {
	in := tokensInput(g)
	if in == nil {
		in = bestInput(g, func(v *graph.Value) int {
			if isCacheName(strings.ToLower(v.Name)) {
				return 0
			}
			return 1
		})
	}
	if in == nil {
		return nil
	}
	for _, d := range declaredShape(in) {
		if n, ok := d.Eval(lookup(given)); ok && n == 0 && !d.Is(0) {
			return &DimError{Name: d.String(), Msg: fmt.Sprintf("dim %v=0: the input %s would be empty; a size is at least 1", d, in.Name)}
		}
	}
	return nil
}

func consts(dims map[string]int64) map[string]graph.Dim {
	out := make(map[string]graph.Dim, len(dims))
	for k, v := range dims {
		out[k] = graph.Const(v)
	}
	return out
}

// bind checks the user's dims against the declared ones. A declared expression ("past_sequence + 1") may be given a
// number too, which fixes its symbol.
func bind(g *graph.Graph, dims map[string]int64) (map[string]int64, error) {
	out := map[string]int64{}
	for _, name := range slices.Sorted(maps.Keys(dims)) {
		n := dims[name]
		if err := checkSize(name, n); err != nil {
			return nil, err
		}
		symbol, size, err := Resolve(g, name)
		if err != nil {
			return nil, err
		}
		value, err := size(n)
		if err != nil {
			return nil, err
		}
		if old, twice := out[symbol]; twice && old != value {
			return nil, &DimError{Name: name, Known: Declared(g), Msg: fmt.Sprintf("dim %s=%d contradicts %s=%d", name, n, symbol, old)}
		}
		out[symbol] = value
	}
	return out, nil
}

// solveFor finds the value of the only symbol of a linear expression that makes it n; false where no size does.
func solveFor(d graph.Dim, n int64) (string, int64, bool) {
	names := d.Symbols()
	if len(names) != 1 {
		return "", 0, false
	}
	at := func(x int64) (int64, bool) {
		return d.Eval(func(string) (int64, bool) { return x, true })
	}
	zero, ok0 := at(0)
	one, ok1 := at(1)
	if !ok0 || !ok1 || one == zero || (n-zero)%(one-zero) != 0 {
		return names[0], 0, false
	}
	x := (n - zero) / (one - zero)
	got, ok := at(x)
	return names[0], x, ok && got == n && x >= 0
}

func checkValues(g *graph.Graph, values map[string][]float64, dims map[string]int64) error {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		i := slices.IndexFunc(g.Main.Inputs, func(v *graph.Value) bool { return v.Name == name })
		if i < 0 {
			return fmt.Errorf("value %q: the model has no such input", name)
		}
		shape := g.Main.Inputs[i].Type.Shape
		if n, ok := shape.Elements().Eval(lookup(dims)); ok && n != int64(len(values[name])) {
			return fmt.Errorf("value %q: %d elements are given, the input has the shape %v", name, len(values[name]), shape)
		}
	}
	return nil
}

// lookup gives dims their sizes.
func lookup(dims map[string]int64) func(name string) (int64, bool) {
	return func(name string) (int64, bool) {
		v, ok := dims[name]
		return v, ok
	}
}

// explain tells conflicts that the bound dims cause from those the file has at any dims. The former are errors, except
// where a size only runs beyond a table, as a sequence beyond the position embeddings, and where nobody gave the sizes.
func (a *Analysis) explain(given map[string]int64, opts Options, symbolic *ops.Inference) error {
	for _, name := range slices.Sorted(maps.Keys(symbolic.Solved)) {
		have, isGiven := given[name]
		want, ok := a.Eval(symbolic.Solved[name])
		if ok && isGiven && have != want && want != 1 && have != 1 && !reachable(symbolic.Solved[name], have, given) {
			return contradiction(name, have, symbolic.Solved[name], want)
		}
	}
	inFile := map[*graph.Node]bool{}
	for _, c := range symbolic.Conflicts {
		inFile[c.Node] = true
	}
	tables := map[*graph.Node]ops.Constraint{}
	for _, c := range symbolic.Constraints {
		tables[c.Node] = c
	}
	var rest, ofDims []*ops.Conflict
	warned := map[*graph.Node]bool{}
	for _, c := range a.Inference.Conflicts {
		table, isTable := tables[c.Node]
		switch {
		case inFile[c.Node]:
			rest = append(rest, c)
		case isTable && table.Broadcast:
			if !warned[c.Node] {
				a.warnf("node %q: %v and %v differ at these dims: a size runs beyond a table of the model, such as its position embeddings", c.Node.Label(), table.A, table.B)
			}
			warned[c.Node] = true
		default:
			ofDims = append(ofDims, c)
		}
	}
	if len(ofDims) > 0 {
		if len(a.Assumed) == 0 || a.contradicts(given, opts, inFile) {
			return &DimError{Msg: fmt.Sprintf("the dims contradict%s: %v", a.at(), ofDims[0])}
		}
		a.warnf("no size was found that the model runs at: bind %s (--dim %s=N)", strings.Join(a.Assumed, ", "), a.Assumed[len(a.Assumed)-1])
	}
	a.reportConflicts(append(ofDims, rest...))
	return nil
}

// reachable reports whether sizes of what is not given make an expression a number, as far as one dim goes.
func reachable(d graph.Dim, n int64, given map[string]int64) bool {
	open := slices.DeleteFunc(d.Symbols(), func(name string) bool { _, ok := given[name]; return ok })
	if len(open) != 1 {
		return len(open) > 1
	}
	_, _, ok := argument(func(x int64) (int64, bool) {
		return d.Eval(func(name string) (int64, bool) {
			if name == open[0] {
				return x, true
			}
			return lookup(given)(name)
		})
	}, n, 1)
	return ok
}

// contradicts reports whether the dims that the user gave contradict the graph whatever the others are.
func (a *Analysis) contradicts(given map[string]int64, opts Options, inFile map[*graph.Node]bool) bool {
	if len(given) == 0 {
		return false
	}
	inf := ops.Infer(a.Graph, ops.Options{Dims: consts(given), Values: opts.Values})
	return slices.ContainsFunc(inf.Conflicts, func(c *ops.Conflict) bool { return !inFile[c.Node] })
}

// contradiction says that the graph needs another size of a dim than it has.
func contradiction(name string, have int64, needs graph.Dim, want int64) error {
	return &DimError{Name: name, Msg: fmt.Sprintf("the dims contradict: %s=%d, but the graph needs %s = %v, which is %d", name, have, name, needs, want)}
}

// at lists the dims of an analysis, and which of them nobody gave, for a message.
func (a *Analysis) at() string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(a.Dims)) {
		s := fmt.Sprintf("%s = %d", name, a.Dims[name])
		if _, ok := slices.BinarySearch(a.Assumed, name); ok {
			s += " (assumed)"
		}
		list = append(list, s)
	}
	if len(list) == 0 {
		return ""
	}
	return " at " + strings.Join(list, ", ")
}

// reportConflicts warns of contradictions in the file, the first ones by name.
func (a *Analysis) reportConflicts(cs []*ops.Conflict) {
	const shown = 5
	for i, c := range cs {
		if i == shown {
			a.warnf("%d more nodes contradict themselves", len(cs)-shown)
			return
		}
		a.warnf("%v", c)
	}
}

// IsBatch reports whether a declared dim counts independent inputs: its name says so, or it leads every input it
// occurs in and is not named as a length, or that is the place of the batch in an input.
func IsBatch(g *graph.Graph, name string) bool {
	roles, _ := dimRoles(g)
	return roles[name] == countsBatch
}

// Batches lists the declared dims that [IsBatch] holds of.
func Batches(g *graph.Graph) []string {
	roles, _ := dimRoles(g)
	return slices.DeleteFunc(Declared(g), func(name string) bool { return roles[name] != countsBatch })
}
