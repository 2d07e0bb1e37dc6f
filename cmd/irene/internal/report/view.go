package report

import (
	"cmp"
	"slices"
	"strings"
)

// What modules and operators are sorted by, beside the names of metrics. Modules stand in graph order unless something
// else is asked for; operators by energy.
const (
	ByOrder = "order"
	ByName  = "name"
)

// Keys lists the sort keys, the default first.
func Keys() []string {
	keys := []string{ByOrder}
	for _, x := range MetricTable((*Metric).sorted) {
		keys = append(keys, x.Name)
	}
	return append(keys, ByName)
}

// less orders by a metric, the largest first.
func (x *Metric) less(a, b *Metrics) int {
	v, _ := x.Of(a)
	w, _ := x.Of(b)
	return cmp.Compare(w, v)
}

// SortModules orders the children of every module by the view's key.
func (r *Report) SortModules() {
	order := func(x, y *Module) int { return strings.Compare(x.Path, y.Path) }
	if x := FindMetric(r.View.Sort); x != nil {
		order = func(a, b *Module) int { return x.less(&a.Metrics, &b.Metrics) }
	} else if r.View.Sort != ByName {
		return
	}
	r.Tree.Walk(func(m *Module) { slices.SortStableFunc(m.Children, order) })
}

// operatorMetric is what operators are ordered by: the view's key, or what shares are parts of.
func (r *Report) operatorMetric() *Metric {
	name := r.View.Sort
	switch {
	case name == "energy" && r.Tree.Metrics.NoEnergy:
		name = "time"
	case FindMetric(name) == nil:
		name = cmp.Or(r.ShareOf(), "flops")
	}
	return FindMetric(name)
}

// topOperators are the indices of the n operators that weigh most. Operators that weigh nothing are left out.
func (r *Report) topOperators(n int) []int {
	x := r.operatorMetric()
	var out []int
	for i := range r.Operators {
		if v, _ := x.Of(r.Operators[i].Metrics); v > 0 && r.selected(r.Operators[i].Path) {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(i, j int) int { return x.less(r.Operators[i].Metrics, r.Operators[j].Metrics) })
	return out[:min(n, len(out))]
}

// selected reports whether the module at path is one that was asked for, or lies below one.
func (r *Report) selected(path string) bool {
	if r.View.Selected == nil {
		return true
	}
	return slices.ContainsFunc(r.View.Selected, func(m *Module) bool {
		return m.Path == "" || path == m.Path || strings.HasPrefix(path, m.Path+".")
	})
}

// Find returns the modules whose path, as a call or canonical, matches a pattern, in tree order: * stands for any part
// of one name, ** for any number of names, ? for one character.
func (r *Report) Find(pattern string) []*Module {
	var out []*Module
	r.Tree.Walk(func(m *Module) {
		if MatchPath(pattern, m.Path) || MatchPath(pattern, m.Canonical) {
			out = append(out, m)
		}
	})
	return out
}

// MatchPath reports whether a module path matches a pattern; see Report.Find.
func MatchPath(pattern, path string) bool {
	for pattern != "" {
		switch {
		case strings.HasPrefix(pattern, "**"):
			rest := strings.TrimLeft(pattern, "*")
			for i := 0; i <= len(path); i++ {
				if MatchPath(rest, path[i:]) {
					return true
				}
			}
			return false
		case pattern[0] == '*':
			for i := 0; ; i++ {
				if MatchPath(pattern[1:], path[i:]) {
					return true
				}
				if i == len(path) || path[i] == '.' {
					return false
				}
			}
		case path == "" || (pattern[0] != '?' && pattern[0] != path[0]):
			return false
		}
		pattern, path = pattern[1:], path[1:]
	}
	return path == ""
}

// allOperators are the indices of the operators in m and below, in graph order.
func (m *Module) allOperators() []int {
	var out []int
	m.Walk(func(c *Module) { out = append(out, c.Operators...) })
	slices.Sort(out)
	return out
}

// Fits reports whether weights and activations fit the device's memory, and whether that is known.
func (r *Report) Fits() (fits, known bool) {
	if r.Device == nil || !r.Memory.Known || r.Device.MemoryBytes == 0 {
		return false, false
	}
	return r.Memory.WeightBytes+r.Memory.PeakBytes <= r.Device.MemoryBytes, true
}
