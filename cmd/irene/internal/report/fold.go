package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// branch is a row of the shown tree: one module, or neighbours that are equal but for the number in their name.
type branch struct {
	label    string
	class    string
	count    int // modules it stands for
	metrics  Metrics
	own      *Metrics // sum of the operators that sit directly in it; nil where it has none
	children []*branch
}

// folder turns modules into branches.
type folder struct{ r *Report }

// branches are what the view shows below the root: its children, or the modules that were asked for.
func (r *Report) branches() []*branch {
	f := &folder{r}
	if r.View.Selected == nil {
		return f.fold([]*Module{r.Tree})[0].children
	}
	var top []*Module
	for _, m := range r.View.Selected {
		if !slices.Contains(top, m) && !slices.ContainsFunc(r.View.Selected, func(o *Module) bool { return o != m && below(m, o) }) {
			top = append(top, m)
		}
	}
	out := f.fold(top)
	i := 0
	for _, b := range out {
		b.label = Label(top[i:i+b.count], func(m *Module) string { return m.Path })
		i += b.count
	}
	return out
}

// below reports whether m is a descendant of o.
func below(m, o *Module) bool {
	found := false
	o.Walk(func(c *Module) { found = found || (c == m && c != o) })
	return found
}

// fold makes a branch of every run of equal siblings.
func (f *folder) fold(siblings []*Module) []*branch {
	groups := make([][]*Module, len(siblings))
	for i, m := range siblings {
		groups[i] = []*Module{m}
	}
	return f.merge(groups)
}

// merge makes branches of siblings each of which stands for several modules: the same child of each of equal parents.
func (f *folder) merge(siblings [][]*Module) []*branch {
	var out []*branch
	for i := 0; i < len(siblings); {
		n := 1
		for i+n < len(siblings) && f.equal(siblings[i][0], siblings[i+n][0]) {
			n++
		}
		out = append(out, f.branch(siblings[i:i+n]))
		i += n
	}
	return out
}

// equal reports whether two siblings may share a row.
func (f *folder) equal(x, y *Module) bool {
	return !f.r.View.Expand && Generic(x) == Generic(y) && alike(x, y)
}

// branch sums a run of siblings.
func (f *folder) branch(run [][]*Module) *branch {
	first := run[0][0]
	var names []*Module
	var all []*Module
	for _, group := range run {
		names = append(names, group[0])
		all = append(all, group...)
	}
	b := &branch{
		label: Label(names, func(m *Module) string { return m.Name }), class: first.Class, count: len(names),
		metrics: zeroMetrics(),
	}
	for _, m := range all {
		b.metrics.Add(&m.Metrics)
		for _, i := range m.Operators {
			f.addOwn(b, &f.r.Operators[i])
		}
	}
	if len(all) > 1 && Shared(all) {
		b.metrics.Params = first.Metrics.Params
	}
	children := make([][]*Module, len(first.Children))
	for i := range children {
		for _, m := range all {
			children[i] = append(children[i], m.Children[i])
		}
	}
	b.children = f.merge(children)
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

func (f *folder) addOwn(b *branch, op *Operator) {
	if b.own == nil {
		m := zeroMetrics()
		b.own = &m
	}
	b.own.Add(&op.Metrics)
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

// sign is a text that equal metrics share.
func (m *Metrics) sign() string {
	return fmt.Sprintf("|%v|%v|%v|%v|%v|%d|%.6g|%.6g", m.Params, m.MACs, m.FLOPs, m.Read, m.Written, m.Unknown, float64(m.Energy), float64(m.Time))
}

// Generic is a module's name with # in place of its number in a list and of the number of its call.
func Generic(m *Module) string {
	head, last := CutLast(m.Name)
	if Number(last) {
		return head + "#"
	}
	if m.Call > 0 {
		if i := strings.LastIndexByte(last, '_'); i > 0 && Number(last[i+1:]) {
			return head + last[:i]
		}
	}
	return m.Name
}

// CutLast splits the last element off a dotted name; the head keeps its dot.
func CutLast(name string) (head, last string) {
	i := strings.LastIndexByte(name, '.') + 1
	return name[:i], name[i:]
}

// Number reports whether a name is an index, as of a list of modules: "11", or "0_1" for a further call.
func Number(s string) bool {
	s = strings.ReplaceAll(s, "_", "")
	_, err := strconv.ParseUint(s, 10, 32)
	return err == nil
}

// Label names a run of modules by its first and last: "layer.0…11".
func Label(run []*Module, name func(*Module) string) string {
	first := name(run[0])
	if len(run) == 1 {
		return first
	}
	_, last := CutLast(name(run[len(run)-1]))
	return first + "…" + last
}

// group is a row of the table of operators: one, or equal ones in equal places of several layers.
type group struct {
	op      *Operator // the first
	place   string    // its module, with * for numbers where the group has more than one member
	count   int
	metrics Metrics
}

// topGroups are the n groups of operators that weigh most.
func (r *Report) topGroups(n int) []group {
	var out []group
	at := map[string]int{}
	for _, i := range r.TopOperators(len(r.Operators)) {
		op := &r.Operators[i]
		key := op.Node.Kind() + " " + Star(op.Path) + op.Metrics.sign()
		if r.View.Expand {
			key = strconv.Itoa(i)
		}
		k, ok := at[key]
		if !ok {
			k = len(out)
			at[key] = k
			out = append(out, group{op: op, place: op.Path, metrics: zeroMetrics()})
		}
		g := &out[k]
		if g.place != op.Path {
			g.place = Star(op.Path)
		}
		g.count++
		g.metrics.Add(&op.Metrics)
	}
	x := r.operatorMetric()
	slices.SortStableFunc(out, func(a, b group) int { return x.less(&a.metrics, &b.metrics) })
	return out[:min(n, len(out))]
}

// Star puts * in place of the numbers in a module path.
func Star(path string) string {
	parts := strings.Split(path, ".")
	for i, p := range parts {
		if Number(p) {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, ".")
}
