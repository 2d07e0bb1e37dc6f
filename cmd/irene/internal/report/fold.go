package report

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// Folded is a row of a folded tree: one node, or neighbours that are equal but for the number in their names.
type Folded[T any] struct {
	Run      []T // the neighbours; those of the first of equal parents, which share their rows
	All      []T // the neighbours of all the parents
	Children []*Folded[T]
}

// Fold joins equal siblings, all the way down. Equal nodes have as many children as each other.
func Fold[T any](siblings []T, equal func(first, next T) bool, children func(T) []T) []*Folded[T] {
	groups := make([][]T, len(siblings))
	for i, x := range siblings {
		groups[i] = []T{x}
	}
	return fold(groups, equal, children)
}

// fold joins siblings each of which stands for several nodes: the same child of each of equal parents.
func fold[T any](groups [][]T, equal func(first, next T) bool, children func(T) []T) []*Folded[T] {
	var out []*Folded[T]
	for len(groups) > 0 {
		first := groups[0][0]
		n := 1
		for n < len(groups) && equal(first, groups[n][0]) {
			n++
		}
		x := &Folded[T]{All: slices.Concat(groups[:n]...)}
		for _, g := range groups[:n] {
			x.Run = append(x.Run, g[0])
		}
		below := make([][]T, len(children(first)))
		for _, parent := range x.All {
			for i, c := range children(parent) {
				below[i] = append(below[i], c)
			}
		}
		x.Children = fold(below, equal, children)
		out = append(out, x)
		groups = groups[n:]
	}
	return out
}

// branch is a row of the shown tree: one module, or neighbours that are equal but for the number in their name; with its only
// child and what is below that, it is one with that child.
type branch struct {
	label    string
	class    string
	count    int // modules it stands for
	metrics  Metrics
	own      Metrics // sum of the operators that sit directly in it
	children []*branch
}

// branches is the root of what the view shows: the model, or its only module where there is nothing else, or a bare branch over
// the modules that were asked for.
func (r *Report) branches() *branch {
	if r.View.Selected == nil {
		root := r.branch(r.fold([]*Module{r.Tree})[0])
		if len(root.children) == 1 && !root.own.Costs() && root.children[0].count == 1 {
			return root.children[0]
		}
		return root
	}
	inside := map[*Module]bool{}
	for _, m := range r.View.Selected {
		m.Walk(func(c *Module) { inside[c] = inside[c] || c != m })
	}
	var top []*Module
	for _, m := range r.View.Selected {
		if !slices.Contains(top, m) && !inside[m] {
			top = append(top, m)
		}
	}
	root := &branch{own: zeroMetrics()}
	for _, x := range r.fold(top) {
		b := r.branch(x)
		b.label = Label(x.Run, func(m *Module) string { return m.Path })
		root.children = append(root.children, b.joined())
	}
	return root
}

func (r *Report) fold(siblings []*Module) []*Folded[*Module] {
	return Fold(siblings, r.equal, func(m *Module) []*Module { return m.Children })
}

// equal reports whether two siblings may share a row.
func (r *Report) equal(x, y *Module) bool {
	return !r.View.Expand && Generic(x) == Generic(y) && alike(x, y)
}

// branch sums what a row stands for.
func (r *Report) branch(x *Folded[*Module]) *branch {
	b := &branch{
		label: Label(x.Run, func(m *Module) string { return m.Name }), class: x.All[0].Class, count: len(x.Run),
		metrics: zeroMetrics(), own: zeroMetrics(),
	}
	for _, m := range x.All {
		b.metrics.Add(&m.Metrics)
		for _, i := range m.Operators {
			b.own.Add(r.Operators[i].Metrics)
		}
	}
	if len(x.All) > 1 && Shared(x.All) {
		b.metrics.Params = x.All[0].Metrics.Params
	}
	for _, c := range x.Children {
		b.children = append(b.children, r.branch(c).joined())
	}
	return b
}

// joined is a branch in one row with the only one below it, and so on down a chain of those that have nothing else.
func (b *branch) joined() *branch {
	for len(b.children) == 1 && !b.own.Costs() {
		c := b.children[0]
		if b.count != 1 && c.count != 1 {
			break
		}
		b.label = strings.TrimPrefix(b.label+"."+c.label, ".")
		b.class, b.count, b.own, b.children = c.class, max(b.count, c.count), c.own, c.children
	}
	return b
}

// Shared reports whether modules are calls of one module, and so hold the same weights.
func Shared(list []*Module) bool {
	for _, m := range list {
		if m.Canonical != list[0].Canonical {
			return false
		}
	}
	return true
}

// alike reports whether two modules are built alike and cost the same within a thousandth: the first of equal layers
// often holds an operator more, which makes a mask for all of them.
func alike(x, y *Module) bool {
	if x.Class != y.Class || len(x.Children) != len(y.Children) || !x.Metrics.near(&y.Metrics) {
		return false
	}
	for i, c := range x.Children {
		if Generic(c) != Generic(y.Children[i]) || !alike(c, y.Children[i]) {
			return false
		}
	}
	return true
}

func (m *Metrics) near(o *Metrics) bool {
	const tolerance = 1e-3
	near := func(a, b float64) bool { return math.Abs(a-b) <= tolerance*math.Max(math.Abs(a), math.Abs(b)) }
	dims := func(a, b graph.Dim) bool {
		n, ok := a.Const()
		k, ok2 := b.Const()
		if ok && ok2 {
			return near(float64(n), float64(k))
		}
		return a.IsUnknown() && b.IsUnknown() || a.Equal(b)
	}
	return m.Unknown == o.Unknown && m.Predicted == o.Predicted && dims(m.Params, o.Params) && dims(m.MACs, o.MACs) &&
		dims(m.FLOPs, o.FLOPs) && dims(m.Read, o.Read) && dims(m.Written, o.Written) &&
		near(float64(m.Energy), float64(o.Energy)) && near(float64(m.Time), float64(o.Time))
}

// group is a row of the table of operators: one, or equal ones in equal places of several layers.
type group struct {
	op      *Operator // the first
	place   string    // its module, with * for the numbers in which those of the members differ
	count   int
	metrics Metrics
}

// topGroups are the n groups of operators that weigh most.
func (r *Report) topGroups(n int) []group {
	var out []group
	at, places := map[string]int{}, map[string]string{}
	var key []byte
	for _, i := range r.topOperators(len(r.Operators)) {
		op := &r.Operators[i]
		place, ok := places[op.Path]
		if !ok {
			place = Star(op.Path)
			places[op.Path] = place
		}
		if key = strconv.AppendInt(key[:0], int64(i), 10); !r.View.Expand {
			key = append(append(append(append(key[:0], op.Node.Domain...), ':'), op.Node.Op...), ' ')
			key = op.Metrics.appendSign(append(key, place...))
		}
		k, ok := at[string(key)]
		if !ok {
			k = len(out)
			at[string(key)] = k
			out = append(out, group{op: op, place: op.Path, metrics: zeroMetrics()})
		}
		g := &out[k]
		g.place = Joined(g.place, op.Path)
		g.count++
		g.metrics.Add(op.Metrics)
	}
	x := r.operatorMetric()
	slices.SortStableFunc(out, func(a, b group) int { return x.less(&a.metrics, &b.metrics) })
	return out[:min(n, len(out))]
}

// appendSign appends a text that equal metrics share.
func (m *Metrics) appendSign(b []byte) []byte {
	for _, d := range [...]graph.Dim{m.Params, m.MACs, m.FLOPs, m.Read, m.Written} {
		b = append(b, '|')
		if n, ok := d.Const(); ok {
			b = strconv.AppendInt(b, n, 10)
		} else {
			b = append(b, d.String()...)
		}
	}
	b = strconv.AppendInt(append(b, '|'), int64(m.Unknown), 10)
	b = strconv.AppendFloat(append(b, '|'), float64(m.Energy), 'g', 6, 64)
	return strconv.AppendFloat(append(b, '|'), float64(m.Time), 'g', 6, 64)
}
