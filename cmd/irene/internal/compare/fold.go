package compare

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

// compared is a row of the shown tree: one aligned row, or neighbours that are equal but for the number in their names.
type compared struct {
	label    string
	paths    []string // by model; "" where it has none, with * for numbers where the row stands for several
	state    rowState
	whole    bool // what is below cannot be compared
	own      bool // the operators that sit directly in a row
	count    int
	amounts  [][][]amount // by metric, point and model
	decided  []bool       // by model: its energy is lower or higher than the first one's, at the first point
	children []*compared
}

// has reports whether a model has a module of the row, at any point.
func (x *compared) has(model int) bool {
	return slices.ContainsFunc(x.amounts[0], func(list []amount) bool { return list[model].some })
}

// rowState says why models lack a module of a row.
type rowState int

const (
	beside rowState = iota // two or more have one
	alone                  // one has it
	spread                 // one has it, and its parts answer to others
	inside                 // one has it; what holds it is compared as a whole
)

// tree folds the rows that the view shows.
func (c *Comparison) tree() []*compared {
	f := &rowFolder{c: c, metrics: c.shown()}
	roots := []*Row{c.Root}
	if c.View.Modules != nil {
		roots = c.View.Modules
	}
	var out []*compared
	for _, r := range roots {
		x := f.siblings(f.fold([]*Row{r}), false)[0]
		if c.View.Modules != nil {
			x.label = cmp.Or(firstPath(x.paths), "model")
		} else {
			x.label = strings.TrimSuffix("model ("+x.label+")", " ()")
		}
		out = append(out, x)
	}
	return out
}

func firstPath(paths []string) string {
	for _, p := range paths {
		if p != "" {
			return p
		}
	}
	return ""
}

type rowFolder struct {
	c       *Comparison
	metrics []*report.Metric
}

func (f *rowFolder) fold(rows []*Row) []*report.Folded[*Row] {
	equal := func(x, y *Row) bool { return !f.c.View.Expand && f.equal(x, y) }
	return report.Fold(rows, equal, func(r *Row) []*Row { return r.Children })
}

// siblings are rows of the shown tree. Within says that what holds them is compared as a whole.
func (f *rowFolder) siblings(list []*report.Folded[*Row], within bool) []*compared {
	var out []*compared
	for _, y := range list {
		x := f.row(y, within)
		if x.state == spread {
			out = append(out, x.promote()...)
		} else {
			out = append(out, x.joined())
		}
	}
	if f.c.View.ByDiff {
		slices.SortStableFunc(out, func(x, y *compared) int { return cmp.Compare(y.gap(), x.gap()) })
	}
	return out
}

// joined is a row in one with the only one below it, and so on down a chain of those that have nothing else.
func (x *compared) joined() *compared {
	for len(x.children) == 1 && !x.whole && x.state == beside {
		c := x.children[0]
		if c.own || c.state != beside || c.count != 1 && (x.count != 1 || x.label == "") {
			break
		}
		x.label, x.paths = strings.TrimPrefix(x.label+"."+c.label, "."), c.paths
		x.whole, x.count, x.children = c.whole, max(x.count, c.count), c.children
	}
	return x
}

// promote gives what hangs below a row whose parts answer to others in its place.
func (x *compared) promote() []*compared {
	for _, c := range x.children {
		c.label = strings.TrimRight(x.label+"."+c.label, ".")
	}
	return x.children
}

// own is a row of the operators that sit directly in the modules of other rows; nil where they weigh nothing.
func (f *rowFolder) own(rows []*Row, x *compared) *compared {
	out := &compared{count: 1, paths: x.paths, state: x.state, own: true}
	switch {
	case x.state == spread:
		out.state = alone
	case rows[0].joined() && rows[0].whole():
		out.state = inside
	}
	weighs := false
	for _, metric := range f.metrics {
		points := make([][]amount, len(f.c.Points))
		for p := range points {
			points[p] = make([]amount, len(f.c.Names))
			for k := range points[p] {
				for _, r := range rows {
					if m := r.modules[p][k]; m != nil {
						points[p][k] = points[p][k].plus(f.c.own(metric, p, k, m))
					}
				}
				weighs = weighs || points[p][k].value > 0 || points[p][k].more
			}
		}
		out.amounts = append(out.amounts, points)
	}
	out.decided = make([]bool, len(f.c.Names))
	if !weighs {
		return nil
	}
	return out
}

// own is the sum over the operators that sit directly in a module.
func (c *Comparison) own(x *report.Metric, point, model int, m *report.Module) amount {
	ops := c.Points[point].Reports[model].Operators
	sum := amount{some: true, known: true}
	for _, i := range m.Operators {
		a := c.amount(x, point, model, ops[i].Metrics)
		if a.known {
			sum.value += a.value
		}
		sum.more = sum.more || a.more
	}
	return sum
}

// gap is the largest difference to the first model in the first metric, at any point.
func (x *compared) gap() float64 {
	most := 0.0
	for _, models := range x.amounts[0] {
		for _, a := range models {
			most = max(most, math.Abs(a.value-models[0].value))
		}
	}
	return most
}

// equal reports whether two rows may share one: equal names, equal answers, equal shown numbers, down to the leaves.
func (f *rowFolder) equal(x, y *Row) bool {
	if len(x.Children) != len(y.Children) {
		return false
	}
	for k, m := range x.modules[0] {
		n := y.modules[0][k]
		if (m == nil) != (n == nil) || m != nil && (report.Generic(m) != report.Generic(n) || report.Generic(m) == m.Name && m.Path == n.Path) {
			return false
		}
	}
	for _, metric := range f.metrics {
		for p := range x.modules {
			for k := range x.modules[p] {
				if !near(f.c.amount(metric, p, k, x.Metrics(p, k)), f.c.amount(metric, p, k, y.Metrics(p, k))) {
					return false
				}
			}
		}
	}
	for i, c := range x.Children {
		if !f.equal(c, y.Children[i]) {
			return false
		}
	}
	return true
}

// near reports whether two amounts are equal within a twentieth: the first layer often makes a mask for all of them.
func near(a, b amount) bool {
	return a.some == b.some && a.known == b.known && a.more == b.more &&
		math.Abs(a.value-b.value) <= 0.05*max(math.Abs(a.value), math.Abs(b.value))
}

// row sums what a folded row stands for.
func (f *rowFolder) row(y *report.Folded[*Row], within bool) *compared {
	first, all := y.All[0], y.All
	x := &compared{count: len(y.Run), state: stateOf(first, within), whole: first.whole() && len(first.Children) > 0}
	models := len(f.c.Names)
	for k := range models {
		path, ok := first.Path(k)
		for _, r := range all {
			if other, has := r.Path(k); ok && has {
				path = report.Joined(path, other)
			}
		}
		x.paths = append(x.paths, path)
		if x.label == "" && ok {
			var names []*report.Module
			for _, r := range y.Run {
				names = append(names, r.module(k))
			}
			x.label = report.Label(names, func(m *report.Module) string { return m.Name })
		}
		x.decided = append(x.decided, f.c.decides(report.FindMetric("energy"), first, 0, k))
	}
	for _, metric := range f.metrics {
		points := make([][]amount, len(f.c.Points))
		for p := range points {
			points[p] = make([]amount, models)
			for k := range models {
				for _, r := range all {
					points[p][k] = points[p][k].plus(f.c.amount(metric, p, k, r.Metrics(p, k)))
				}
				if metric.Key == "params" && sharedRows(all, k) {
					points[p][k] = f.c.amount(metric, p, k, first.Metrics(p, k))
				}
			}
		}
		x.amounts = append(x.amounts, points)
	}
	x.children = f.siblings(y.Children, within || first.joined() && first.whole())
	if len(first.Children) > 0 || x.state == spread {
		if own := f.own(all, x); own != nil {
			x.children = append(x.children, own)
		}
	}
	return x
}

// stateOf says how the models of a row stand.
func stateOf(r *Row, within bool) rowState {
	switch {
	case r.joined():
		return beside
	case within:
		return inside
	case !r.whole():
		return spread
	}
	for k := range r.modules[0] { // parts may hang elsewhere, where the first model has them
		if m := r.module(k); m != nil && len(m.Children) > 0 && len(r.Children) == 0 {
			return spread
		}
	}
	return alone
}

func (r *Row) module(model int) *report.Module {
	for _, list := range r.modules {
		if list[model] != nil {
			return list[model]
		}
	}
	return nil
}

// sharedRows reports whether a model's modules in several rows are calls of one.
func sharedRows(rows []*Row, model int) bool {
	var list []*report.Module
	for _, r := range rows {
		if m := r.module(model); m != nil {
			list = append(list, m)
		}
	}
	return len(list) > 1 && report.Shared(list)
}
