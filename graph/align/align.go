package align

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// Weight is what a module holds, with everything below it.
type Weight struct {
	Params float64
	MACs   float64
	Work   float64 // what matters of it: energy, FLOPs, bytes; any unit, the same for all modules of a tree
}

// Tree is a module tree and the weights of its modules.
type Tree struct {
	Root  *graph.Module
	Weigh func(*graph.Module) Weight
}

// Reason says by what the modules of a row answer to each other.
type Reason string

// The reasons, the surest first.
const (
	ByPath   Reason = "path"
	ByModule Reason = "module" // canonical path
	ByRole   Reason = "role"
	ByNone   Reason = "" // a single module
)

// Row is one module of each tree, as far as it has one.
type Row struct {
	Modules  []*graph.Module // by tree; nil where it has none
	Reason   Reason          // the least sure of its pairs
	Parent   *Row
	Children []*Row
}

// Walk visits r and everything below it, parents first.
func (r *Row) Walk(visit func(*Row)) {
	visit(r)
	for _, c := range r.Children {
		c.Walk(visit)
	}
}

// Align matches the modules of all trees with those of the first. Modules that the first lacks are matched among the
// others. Rows hang as the first tree does; a row that it has no module of hangs where the next tree has it. The roots
// make the first row.
func Align(trees ...Tree) *Row {
	sides := make([]*side, len(trees))
	for i, t := range trees {
		sides[i] = newSide(t)
	}
	b := &rowBuilder{rows: map[*unit]*Row{}, trees: len(trees)}
	for i, s := range sides {
		pairs := make([]*pairing, len(sides))
		for k := i + 1; k < len(sides); k++ {
			pairs[k] = pair(s, sides[k])
		}
		b.add(s, i, sides, pairs)
	}
	return b.root
}

// pair matches two trees.
func pair(a, b *side) *pairing {
	p := &pairing{a: a, b: b, match: map[*unit]*unit{}, reason: map[*unit]Reason{}}
	p.join(a.root(), b.root(), ByPath)
	p.byPath()
	p.byModule()
	p.region(a.root(), b.root())
	return p
}

// rowBuilder collects rows, the first tree's first.
type rowBuilder struct {
	trees int
	root  *Row
	rows  map[*unit]*Row
}

// add makes rows of the modules of tree i that have none, with what answers to them in later trees.
func (b *rowBuilder) add(s *side, i int, sides []*side, pairs []*pairing) {
	for _, u := range s.units {
		if b.rows[u] != nil {
			continue
		}
		r := &Row{Modules: make([]*graph.Module, b.trees)}
		r.Modules[i], b.rows[u] = u.m, r
		for k := i + 1; k < len(sides); k++ {
			if v := pairs[k].match[u]; v != nil && b.rows[v] == nil {
				r.Modules[k], b.rows[v] = v.m, r
				r.Reason = weaker(r.Reason, pairs[k].reason[u])
			}
		}
		if u.parent == nil {
			b.root = r
			continue
		}
		b.attach(r, u)
	}
}

func weaker(x, y Reason) Reason {
	order := []Reason{ByNone, ByPath, ByModule, ByRole}
	return order[max(slices.Index(order, x), slices.Index(order, y))]
}

// attach puts a row below that of u's parent: behind the siblings before u, and behind rows that it shares no tree with.
func (b *rowBuilder) attach(r *Row, u *unit) {
	parent := b.rows[u.parent]
	r.Parent = parent
	at := len(parent.Children)
	if u.m != r.Modules[0] { // the first tree's rows come in their order
		siblings := u.parent.children
		for i := slices.Index(siblings, u) - 1; i >= 0; i-- {
			if k := slices.Index(parent.Children, b.rows[siblings[i]]); k >= 0 {
				at = k + 1
				break
			}
		}
	}
	for at < len(parent.Children) && r.follows(parent.Children[at]) {
		at++
	}
	parent.Children = slices.Insert(parent.Children, at, r)
}

// follows reports whether a row shares no tree with another one, behind which it may stand: a list of layers stays together.
func (r *Row) follows(o *Row) bool {
	for k, m := range r.Modules {
		if m != nil && o.Modules[k] != nil {
			return false
		}
	}
	return true
}
