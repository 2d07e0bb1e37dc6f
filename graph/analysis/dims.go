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
	if len(given) < len(declared) {
		equalities := []map[string]graph.Dim{ops.Infer(a.Graph, ops.Options{Dims: consts(given), Values: opts.Values}).Solved}
		if len(given) > 0 { // at a given size, total = past + sequence may hide in a broadcast, which solves nothing
			equalities = append(equalities, ops.Infer(a.Graph, ops.Options{Values: opts.Values}).Solved)
		}
		a.assume(declared, equalities...)
	}
	a.Inference = ops.Infer(a.Graph, ops.Options{Dims: consts(a.Dims), Values: opts.Values})
	if len(a.Inference.Conflicts) > 0 {
		return a.explain(given, ops.Infer(a.Graph, ops.Options{Values: opts.Values}))
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

// assume gives numbers to the declared dims that neither the user nor the graph's equalities fix. Of two equalities for
// a dim the first holds.
func (a *Analysis) assume(declared []string, equalities ...map[string]graph.Dim) {
	cache, first := hasCache(a.Graph), leading(a.Graph)
	dims := maps.Clone(a.Dims)
	for {
		var open, free []string // no equality solves them yet, or ever
		solved := false
		for _, name := range declared {
			if _, ok := dims[name]; ok {
				continue
			}
			v, state := solution(name, equalities, lookup(dims))
			switch {
			case state == hasValue:
				dims[name], solved = v, true
				continue
			case state == hasNone:
				free = append(free, name)
			}
			open = append(open, name)
		}
		switch {
		case solved:
			continue
		case len(open) == 0:
			slices.Sort(a.Assumed)
			a.Dims = dims
			return
		}
		if len(free) == 0 {
			free = open[:1] // equalities that wait for each other: the first dim is assumed
		}
		for _, name := range free {
			dims[name] = assumption(name, cache, first[name])
			a.Assumed = append(a.Assumed, name)
		}
	}
}

// What equalities say of a dim.
const (
	hasNone  = iota // nothing
	hasExpr         // an expression in dims that have no value yet
	hasValue        // a number
)

// solution evaluates the first equality for a dim that can be.
func solution(name string, equalities []map[string]graph.Dim, env func(string) (int64, bool)) (int64, int) {
	state := hasNone
	for _, eq := range equalities {
		d, ok := eq[name]
		if !ok {
			continue
		}
		if v, ok := d.Eval(env); ok && v >= 0 {
			return v, hasValue
		}
		state = hasExpr
	}
	return 0, state
}

// hasCache reports whether a graph takes a key/value cache.
func hasCache(g *graph.Graph) bool {
	for _, v := range g.Main.Inputs {
		if name := strings.ToLower(v.Name); strings.Contains(name, "past") || strings.Contains(name, "cache") {
			return true
		}
	}
	return false
}

// assumption is the size of a dim nobody gave: batches 1, past lengths 128, images 224 × 224 in 3 channels, samples of
// sound 16000 (a second, at the rate that speech models take), sequences 1 where a cache input exists and 128 elsewhere.
// first says that the dim is the first of an input wherever it occurs in one.
func assumption(name string, cache, first bool) int64 {
	lower := strings.ToLower(name)
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(lower, w) })
	}
	switch {
	case has("batch"):
		return 1
	case has("past"):
		return 128
	case has("total", "mask") && cache: // a mask covers past and new tokens
		return 129
	case has("height", "width"):
		return 224
	case has("channel"):
		return 3
	case has("samples") && !first:
		return 16000
	case has("seq", "len"):
	case first:
		return 1
	}
	if cache {
		return 1
	}
	return 128
}

// leading are the dims that are the first of an input wherever they occur in one.
func leading(g *graph.Graph) map[string]bool {
	first := map[string]bool{}
	for _, v := range g.Main.Inputs {
		for i, d := range declaredShape(v) {
			if s, ok := d.IsSymbol(); ok {
				before, seen := first[s]
				first[s] = i == 0 && (before || !seen)
			}
		}
	}
	return first
}

// explain tells conflicts that the bound dims cause from those the file has at any dims. The former are errors, except
// where a size only runs beyond a table, as a sequence beyond the position embeddings.
func (a *Analysis) explain(given map[string]int64, symbolic *ops.Inference) error {
	for _, name := range slices.Sorted(maps.Keys(symbolic.Solved)) {
		want, ok := a.Eval(symbolic.Solved[name])
		if have, isGiven := given[name]; ok && isGiven && have != want && want != 1 && have != 1 {
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
	var rest []*ops.Conflict
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
			return &DimError{Msg: fmt.Sprintf("the dims contradict%s: %v", a.at(), c)}
		}
	}
	a.reportConflicts(rest)
	return nil
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
// occurs in and is not named as a length.
func IsBatch(g *graph.Graph, name string) bool {
	lower := strings.ToLower(name)
	if strings.Contains(lower, "batch") {
		return true
	}
	return !strings.Contains(lower, "seq") && !strings.Contains(lower, "len") && leading(g)[name]
}
