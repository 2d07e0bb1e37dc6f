package graph

import "strings"

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
	Children  []*Module // in order of their first operator
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
	return t
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
