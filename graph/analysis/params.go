package analysis

import (
	"fmt"
	"maps"
	"strings"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
)

// Params are the trained parameters that operators read.
type Params struct {
	byNode  [][]param // by Node.ID
	modules map[*graph.Module]int64
}

// param is one weight as an operator reads it: the owner is the name it counts under once per module.
type param struct {
	owner string
	n     int64
	// within, where it is not nil, is the innermost module around the operator that holds the weight.
	within *graph.Module
}

// Of is the number of parameters one operator reads.
func (p *Params) Of(n *graph.Node) int64 {
	sum := int64(0)
	for _, x := range p.byNode[n.ID] {
		sum += x.n
	}
	return sum
}

// Module is the number of distinct parameters that the operators of m and below read.
func (p *Params) Module(m *graph.Module) int64 { return p.modules[m] }

func countParams(a *Analysis) *Params {
	p := &Params{byNode: make([][]param, len(a.Graph.Nodes)), modules: map[*graph.Module]int64{}}
	reads := weightReads(a, findWeights(a))
	names := ownerNames(a.Tree.Root, reads)
	for i, r := range reads {
		p.byNode[r.node.ID] = append(p.byNode[r.node.ID], param{owner: names[i], n: r.n, within: r.within})
	}
	p.collect(a.Tree.Root)
	a.noteTied(reads)
	return p
}

// collect counts the distinct weights of a subtree and returns them. Where parts of it read the same, the last of them says
// what is known of it.
func (p *Params) collect(m *graph.Module) map[string]param {
	all := map[string]param{}
	for _, n := range m.Nodes {
		for _, x := range p.byNode[n.ID] {
			all[x.owner] = x
		}
	}
	for _, c := range m.Children {
		all = merged(all, p.collect(c))
	}
	sum := int64(0)
	for _, x := range all {
		if x.within == nil || x.within == m {
			if x.within != nil {
				x.within = nil
				all[x.owner] = x
			}
			sum += x.n
		}
	}
	p.modules[m] = sum
	return all
}

// merged has the weights of both maps, those of later where both have one. It is the larger of the two, grown: so that
// a weight moves few times on its way up a tree.
func merged(earlier, later map[string]param) map[string]param {
	if len(later) < len(earlier) {
		maps.Copy(earlier, later)
		return earlier
	}
	for k, x := range earlier {
		if _, has := later[k]; !has {
			later[k] = x
		}
	}
	return later
}

// weightRead is an input slot that reads parameters.
type weightRead struct {
	weight
	node    *graph.Node
	module  *graph.Module
	class   string
	within  *graph.Module // as in param
	ordinal int           // among those that operators of the module itself read
	n       int64
}

// weightReads lists what reads parameters, module by module.
func weightReads(a *Analysis, slots [][]weightSlot) []weightRead {
	var out []weightRead
	a.Tree.Root.Walk(func(m *graph.Module) {
		ordinal := 0
		for _, n := range m.Nodes {
			op := a.Inference.Rows[n.ID]
			if op == nil {
				op = &ops.Op{}
			}
			for _, s := range slots[n.ID] {
				r := weightRead{weight: s.weight, node: n, module: m, class: op.Class, ordinal: ordinal, n: s.n}
				if op.Params != nil {
					r.n = op.Params(n, s.slot, r.n)
				}
				if (op.Weights != 0 || takesPart(n)) && !op.Weights.Has(s.slot) {
					r.within = holder(m, s.weight)
				}
				out = append(out, r)
				ordinal++
			}
		}
	})
	return out
}

// takesPart reports whether an operator takes a part of its input: of a table that other modules take other parts of.
func takesPart(n *graph.Node) bool { return n.Op == "Slice" || n.Op == "Split" }

// holder is the innermost of m and the modules around it that holds a weight by its name: what a module with weights of
// its own reads as its input, or takes a part of, is the parameter of one around it. It is nil where none but the root
// holds it.
func holder(m *graph.Module, w weight) *graph.Module {
	name := w.stored.Local
	if w.alias != nil && nameSays(w.alias) == isParameter {
		name = w.alias.Local
	}
	for ; m != nil && m.Canonical != ""; m = m.Parent {
		if strings.HasPrefix(name, m.Canonical+".") {
			return m
		}
	}
	return nil
}

// ownerNames gives every read the name its weight counts under.
//
// A stored tensor counts once. Exporters that fold constants store an unnamed copy of a module's weight for every call of
// the module: the k-th weight of each call is the same parameter. Exporters that merge equal tensors leave an Identity
// for each: it counts under its own name where it has that of a parameter, else once in every module that reads it.
func ownerNames(root *graph.Module, reads []weightRead) []string {
	calls := map[string]int{}
	root.Walk(func(m *graph.Module) { calls[m.Canonical]++ })
	type place struct {
		stored *graph.Value
		module string
	}
	of, direct := map[*graph.Value]string{}, map[place]bool{}
	for _, r := range reads {
		if r.alias != nil {
			continue
		}
		direct[place{r.stored, r.module.Canonical}] = true
		if _, known := of[r.stored]; known {
			continue
		}
		name := r.stored.Name
		if calls[r.module.Canonical] > 1 && nameSays(r.stored) != isParameter {
			name = fmt.Sprintf("%s#%d%v", r.module.Canonical, r.ordinal, r.tensor.Dims)
		}
		of[r.stored] = name
	}
	out := make([]string, len(reads))
	for i, r := range reads {
		switch {
		case r.alias != nil && nameSays(r.alias) == isParameter:
			out[i] = r.alias.Name
		case r.alias == nil || direct[place{r.stored, r.module.Canonical}]:
			out[i] = of[r.stored]
		default:
			out[i] = r.stored.Name + "@" + r.module.Canonical
		}
	}
	return out
}
