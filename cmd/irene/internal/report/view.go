package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// Key names what modules and operators are sorted by.
type Key string

// The sort keys. Modules stand in graph order unless another key is asked for; operators by energy.
const (
	ByOrder  Key = "order"
	ByEnergy Key = "energy"
	ByTime   Key = "time"
	ByFLOPs  Key = "flops"
	ByMACs   Key = "macs"
	ByBytes  Key = "bytes"
	ByParams Key = "params"
	ByName   Key = "name"
)

// Keys lists the sort keys, the default first.
func Keys() []Key {
	return []Key{ByOrder, ByEnergy, ByTime, ByFLOPs, ByMACs, ByBytes, ByParams, ByName}
}

// weight is the number by which a key orders, the largest first.
func (k Key) weight(m *Metrics) float64 {
	number := func(d graph.Dim) float64 { n, _ := d.Const(); return float64(n) }
	switch k {
	case ByEnergy:
		return float64(m.Energy)
	case ByTime:
		return float64(m.Time)
	case ByFLOPs:
		return number(m.FLOPs)
	case ByMACs:
		return number(m.MACs)
	case ByBytes:
		return number(m.Read) + number(m.Written)
	case ByParams:
		return number(m.Params)
	}
	return 0
}

// SortModules orders the children of every module by the view's key.
func (r *Report) SortModules() {
	key := r.View.Sort
	if key == "" || key == ByOrder {
		return
	}
	r.Tree.Walk(func(m *Module) {
		slices.SortStableFunc(m.Children, func(x, y *Module) int {
			if key == ByName {
				return strings.Compare(x.Path, y.Path)
			}
			return cmp.Compare(key.weight(&y.Metrics), key.weight(&x.Metrics))
		})
	})
}

// operatorKey is what operators are ordered by: the view's key, or what shares are parts of.
func (r *Report) operatorKey() Key {
	switch key := r.View.Sort; {
	case key == ByEnergy && r.Tree.Metrics.NoEnergy:
		return ByTime
	case key != "" && key != ByOrder && key != ByName:
		return key
	case r.ShareOf() == "energy":
		return ByEnergy
	case r.ShareOf() == "time":
		return ByTime
	}
	return ByFLOPs
}

// TopOperators are the indices of the n operators that weigh most. Operators that weigh nothing are left out.
func (r *Report) TopOperators(n int) []int {
	key := r.operatorKey()
	var out []int
	for i := range r.Operators {
		if key.weight(&r.Operators[i].Metrics) > 0 && r.selected(r.Operators[i].Path) {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(i, j int) int {
		return cmp.Compare(key.weight(&r.Operators[j].Metrics), key.weight(&r.Operators[i].Metrics))
	})
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

// AllOperators are the indices of the operators in m and below, in graph order.
func (m *Module) AllOperators() []int {
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
