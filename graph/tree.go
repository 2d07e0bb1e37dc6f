package graph

import (
	"cmp"
	"slices"
	"strings"
)

// Scope is one call of a module of the original network, linked to the call it was made in. A scope source interns its
// scopes: nodes that ran in the same call share the pointer.
type Scope struct {
	Parent *Scope // the enclosing call; nil for the root
	Path   string // call instance, dotted: "encoder.layer.0_1.attention"; "" is the root
	Module string // canonical path, as PyTorch's named_modules spells it: "encoder.layer.0.attention"
}

// Name is the scope's path within its parent: "layer.0_1" of "encoder.layer.0_1", as a list of modules is no scope of its own.
func (s *Scope) Name() string {
	if s.Parent == nil {
		return s.Path
	}
	if rest, ok := strings.CutPrefix(s.Path, s.Parent.Path); ok {
		return strings.TrimPrefix(rest, ".")
	}
	return s.Path
}

// Placement says in which module a node stands and how that is known.
type Placement struct {
	*Scope        // nil stands for the root
	Source string // name of the scope source that placed the node
}

// Tree is the module tree of a graph. Nodes hang on the module they stand in, not on its ancestors.
type Tree struct {
	Root *Module
	Of   []*Module // by Node.ID; nil for nodes that are not operators of the tree
}

// Module is one call instance of a module.
type Module struct {
	Name      string // Path within the parent
	Path      string
	Canonical string
	Class     string // of the module (BertSelfAttention), "" where the file does not tell
	Call      int    // 0 for the first call of the canonical module in the tree, 1 for the second …
	Parent    *Module
	Children  []*Module // in the order in which they begin to work
	Nodes     []*Node   // operators directly in this module, in graph order
}

// BuildTree hangs every included node on the module its placement names. Placements and classes are by node ID and by
// canonical path; include, where not nil, says which nodes are operators of the tree.
func BuildTree(g *Graph, places []Placement, classes map[string]string, include func(*Node) bool) *Tree {
	b := treeBuilder{
		root:    &Module{Class: classes[""]},
		modules: map[*Scope]*Module{},
		calls:   map[string]int{},
		classes: classes,
	}
	t := &Tree{Root: b.root, Of: make([]*Module, len(g.Nodes))}
	for _, n := range g.Nodes {
		if include != nil && !include(n) {
			continue
		}
		m := b.module(places[n.ID].Scope)
		m.Nodes = append(m.Nodes, n)
		t.Of[n.ID] = m
	}
	b.root.order(working(g))
	return t
}

// begin is where a module begins: the IDs of its first operator that works on data and of its first operator.
type begin struct{ work, any int }

// order sorts the modules below m by where they begin to work. Exporters put constants and copies of weights at the beginning
// of a file, whatever module they are for: they count only among modules that have nothing else.
func (m *Module) order(works []bool) begin {
	first := begin{len(works), len(works)}
	for _, n := range m.Nodes {
		first.any = min(first.any, n.ID)
		if works[n.ID] {
			first.work = min(first.work, n.ID)
		}
	}
	of := make(map[*Module]begin, len(m.Children))
	for _, c := range m.Children {
		k := c.order(works)
		of[c] = k
		first = begin{min(first.work, k.work), min(first.any, k.any)}
	}
	slices.SortStableFunc(m.Children, func(x, y *Module) int {
		return cmp.Or(of[x].work-of[y].work, of[x].any-of[y].any)
	})
	return first
}

// working tells, by Node.ID, which operators do more than hand a stored tensor on, in another form perhaps, or ask for a
// shape.
func working(g *Graph) []bool {
	out := make([]bool, len(g.Nodes))
	for _, n := range g.Nodes {
		switch n.Op {
		case "Constant", "Shape", "Size":
		case "Identity", "Cast", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "DequantizeLinear":
			v := n.Input(0)
			out[n.ID] = v != nil && v.Init == nil && (v.Producer == nil || out[v.Producer.ID])
		default:
			out[n.ID] = true
		}
	}
	return out
}

type treeBuilder struct {
	root    *Module
	modules map[*Scope]*Module
	calls   map[string]int // canonical path → calls seen
	classes map[string]string
}

// module returns the module of a scope, making it and its ancestors where they are new.
func (b *treeBuilder) module(s *Scope) *Module {
	if s == nil || s.Parent == nil {
		return b.root
	}
	if m := b.modules[s]; m != nil {
		return m
	}
	parent := b.module(s.Parent)
	m := &Module{
		Name: s.Name(), Path: s.Path, Canonical: s.Module, Class: b.classes[s.Module],
		Parent: parent, Call: b.calls[s.Module],
	}
	b.calls[s.Module]++
	b.modules[s] = m
	parent.Children = append(parent.Children, m)
	return m
}

// Walk visits m and everything below it, parents first.
func (m *Module) Walk(visit func(*Module)) {
	visit(m)
	for _, c := range m.Children {
		c.Walk(visit)
	}
}
