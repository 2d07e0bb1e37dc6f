package analysis

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
)

// Open is a graph analyzed with some of its dims left open, to be evaluated at many sizes of them.
type Open struct {
	*Analysis
	Names   []string // the open dims, in the order of the values of a point
	Example *Analysis
}

// NewOpen analyzes a graph with the dims that the example names left open, and those of the options bound. Dims that
// neither names are solved, or assumed as Run does at the example's point. Ties are sizes that the caller knows to be
// expressions in open dims.
func NewOpen(g *graph.Graph, opts Options, names []string, example []int64) (*Open, error) {
	at := opts
	at.Symbolic, at.Ties = false, nil
	at.Dims = copied(opts.Dims)
	for i, name := range names {
		at.Dims[name] = example[i]
	}
	open := opts
	open.Ties = map[string]graph.Dim{}
	for name, d := range opts.Ties {
		open.Ties[name] = d.Subst(func(s string) (graph.Dim, bool) { v, ok := opts.Dims[s]; return graph.Const(v), ok })
		if v, ok := d.Eval(lookup(at.Dims)); ok {
			at.Dims[name] = v
		}
	}
	bound, err := Run(g, at)
	if err != nil {
		return nil, err
	}
	open.Symbolic = true
	open.Dims = copied(opts.Dims)
	for _, name := range bound.Assumed {
		open.Dims[name] = bound.Dims[name]
	}
	a, err := Run(bound.Graph, open) // the same branches
	if err != nil {
		return nil, err
	}
	return &Open{Analysis: a, Names: names, Example: bound}, nil
}

// Contradiction says why a point cannot be: an equality that the graph implies between open dims does not hold there.
// Nil where none is known to fail.
func (o *Open) Contradiction(values []int64) error {
	env := o.Env(values)
	for _, name := range slices.Sorted(maps.Keys(o.Inference.Solved)) {
		have, isOpen := env(name)
		want, ok := o.Inference.Solved[name].Eval(env)
		if isOpen && ok && have != want {
			return contradiction(name, have, o.Inference.Solved[name], want)
		}
	}
	return nil
}

// Env gives the dims their sizes at a point.
func (o *Open) Env(values []int64) func(string) (int64, bool) {
	return func(name string) (int64, bool) {
		if i := slices.Index(o.Names, name); i >= 0 {
			return values[i], true
		}
		v, ok := o.Dims[name]
		return v, ok
	}
}

// Resolve maps a name that a user gives a size to the dim that it fixes: declared names stand for themselves, and an
// expression of a single dim, as "past_sequence + 1", for that dim; so does how often a loop runs that only data decides.
// The function turns sizes of the name into sizes of the dim.
func Resolve(g *graph.Graph, name string) (symbol string, size func(int64) (int64, error), err error) {
	declared := Declared(g)
	if slices.Contains(declared, name) {
		return name, func(n int64) (int64, error) { return n, checkSize(name, n) }, nil
	}
	expr := graph.ParseDim(name)
	if names := expr.Symbols(); len(names) == 1 && slices.Contains(declared, names[0]) {
		return names[0], func(n int64) (int64, error) {
			symbol, v, ok := solveFor(expr, n)
			if !ok {
				return 0, &DimError{Name: name, Msg: fmt.Sprintf("dim %s=%d: no size of %q makes %s %d", name, n, symbol, name, n)}
			}
			return v, checkSize(symbol, v)
		}, nil
	}
	trips := ops.Infer(g, ops.Options{}).Open
	if slices.Contains(trips, name) {
		return name, func(n int64) (int64, error) { return n, checkSize(name, n) }, nil
	}
	return "", nil, &DimError{Name: name, Known: append(declared, trips...), Msg: fmt.Sprintf("dim %q: the model has no such dim", name)}
}

// copied is a copy of dims that can be added to.
func copied(dims map[string]int64) map[string]int64 {
	out := map[string]int64{}
	maps.Copy(out, dims)
	return out
}

func checkSize(name string, n int64) error {
	if n < 0 || n > MaxDim {
		return &DimError{Name: name, Msg: fmt.Sprintf("dim %s=%d: a size is between 0 and %d", name, n, MaxDim)}
	}
	return nil
}

// isLength reports whether a declared dim is named as the length of a sequence.
func isLength(d graph.Dim) bool {
	name, _ := d.IsSymbol()
	name = strings.ToLower(name)
	return strings.Contains(name, "seq") || strings.Contains(name, "len") || strings.Contains(name, "token")
}

// Items is what one run of a graph works on: tokens, where an input holds ids or embeddings of tokens, and else the
// members of a batch. False where the graph has no input that tells.
func Items(g *graph.Graph, facts func(*graph.Value) graph.Shape) (count graph.Dim, tokens, ok bool) {
	items, inAll, ok := Work(g, facts)
	if !inAll.IsUnknown() {
		return inAll, true, ok
	}
	return items, false, ok
}

// Work is what one run of a graph works on: members of a batch, and tokens in all of them, which are unknown where no input
// holds ids or embeddings of tokens. False where the graph has no input that tells.
func Work(g *graph.Graph, facts func(*graph.Value) graph.Shape) (items, tokens graph.Dim, ok bool) {
	rank := func(v *graph.Value) (score int) {
		s, name := facts(v), strings.ToLower(v.Name)
		has := func(w string) bool { return strings.Contains(name, w) }
		switch {
		case has("past") || has("cache") || has("mask"):
			return 0
		case len(s) == 2 && v.Type.DType.IsInt() && has("input_ids"):
			return 5
		case len(s) == 2 && v.Type.DType.IsInt() && has("ids"):
			return 4
		case len(s) == 3 && v.Type.DType.IsFloat() && (has("embed") || has("hidden")):
			return 3
		case len(s) == 2 && v.Type.DType.IsInt(), len(s) > 1 && isLength(v.Type.Shape[1]):
			return 2
		case len(s) > 0:
			return 1
		}
		return 0
	}
	best := bestInput(g, rank)
	if best == nil {
		return graph.Dim{}, graph.Dim{}, false
	}
	s := facts(best)
	if rank(best) > 1 {
		return s[0], s[0].Mul(s[1]), true
	}
	return s[0], graph.Dim{}, true
}
