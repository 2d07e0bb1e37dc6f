package scope

import (
	"github.com/irene-onnx/irene/graph"
)

// Names of the sources, as reports show them.
const (
	Metadata   = "metadata"
	Function   = "function"
	NodeName   = "node-name"
	OutputName = "output-name"
	Weight     = "weight"
	Neighbours = "neighbours"
	Root       = "root"
)

// source is one place where exporters leave module scopes. Rows that share a Name are variants of one place.
type source struct {
	Name  string
	Key   string // names the variant
	place func(*resolver)
}

// sources returns every source, best first. A source places nodes that no better one has placed.
func sources() []source {
	return []source{
		{Metadata, "name_scopes", placeEach((*resolver).nameScopes)},
		{Metadata, "namespace", placeEach((*resolver).namespace)},
		{Metadata, "winml", placeEach((*resolver).winml)},
		{Function, "call", placeEach((*resolver).function)},
		{NodeName, "torchscript", (*resolver).torchscript}, // places by OutputName too: both are names of one convention
		{NodeName, "tensorflow", placeEach((*resolver).tensorflow)},
		{Weight, "weight", (*resolver).weights},
		{Neighbours, "neighbours", (*resolver).neighbours},
		{Root, "root", (*resolver).placeRemaining},
	}
}

// Options steer Resolve. The zero value asks every source in order.
type Options struct {
	Source string // use this source alone (a name, or the key of a variant) beside neighbours and root
}

// Result says where every node belongs.
type Result struct {
	Places   []graph.Placement // by Node.ID; no Scope in it is nil
	Classes  map[string]string // canonical path → short class name of the module, where the file tells
	Coverage []Share           // best source first; sources that placed nothing are left out
}

// Share is what one source contributed.
type Share struct {
	Source string
	Nodes  int
	Share  float64 // of all nodes
}

// Resolve places every node of the graph. It never fails: what no source knows belongs to the root.
func Resolve(g *graph.Graph, opts Options) *Result {
	r := &resolver{
		g:       g,
		opts:    opts,
		space:   newSpace(),
		places:  make([]graph.Placement, len(g.Nodes)),
		classes: map[string]string{},
	}
	for _, s := range sources() {
		if r.left() && r.wants(s) {
			r.current = s.Name
			s.place(r)
		}
	}
	return &Result{Places: r.places, Classes: r.classes, Coverage: coverage(r.places)}
}

// resolver is the state of one Resolve.
type resolver struct {
	g       *graph.Graph
	opts    Options
	space   *space
	places  []graph.Placement
	placed  int
	classes map[string]string
	current string // name of the source that is at work

	index *weightIndex                 // made on first use
	lists map[string]*graph.Scope      // metadata text without its last element → scope
	calls map[*graph.Call]*graph.Scope // function calls
	count map[callKey]int              // calls of a module within a scope, so far
}

func (r *resolver) left() bool { return r.placed < len(r.places) }

// wants reports whether the options let a source speak.
func (r *resolver) wants(s source) bool {
	switch want := r.opts.Source; want {
	case "", s.Name, s.Key:
		return true
	case OutputName:
		return s.Key == "torchscript" || s.Name == Neighbours || s.Name == Root
	default:
		return s.Name == Neighbours || s.Name == Root
	}
}

// set places a node that has no place yet.
func (r *resolver) set(n *graph.Node, s *graph.Scope, source string) {
	if s == nil || r.places[n.ID].Scope != nil {
		return
	}
	r.places[n.ID] = graph.Placement{Scope: s, Source: source}
	r.placed++
}

// placeEach makes a source of a rule that looks at one node at a time.
func placeEach(rule func(*resolver, *graph.Node) *graph.Scope) func(*resolver) {
	return func(r *resolver) {
		for _, n := range r.g.Nodes {
			if r.places[n.ID].Scope == nil {
				r.set(n, rule(r, n), r.current)
			}
		}
	}
}

// placeRemaining gives what nobody knows to the node that holds its body, or to the root.
func (r *resolver) placeRemaining() {
	for _, n := range r.g.Nodes {
		if r.places[n.ID].Scope == nil {
			r.set(n, r.enclosing(n), Root)
		}
	}
}

// enclosing is the scope of the nearest placed node in whose subgraph a node stands; the root where there is none.
func (r *resolver) enclosing(n *graph.Node) *graph.Scope {
	for b := n.Body; b != nil && b.Owner != nil; b = b.Owner.Body {
		if s := r.places[b.Owner.ID].Scope; s != nil {
			return s
		}
	}
	return r.space.root
}

// coverage counts nodes per source, best source first.
func coverage(places []graph.Placement) []Share {
	nodes := map[string]int{}
	for _, p := range places {
		nodes[p.Source]++
	}
	var out []Share
	for _, name := range []string{Metadata, Function, NodeName, OutputName, Weight, Neighbours, Root} {
		if n := nodes[name]; n > 0 {
			out = append(out, Share{Source: name, Nodes: n, Share: float64(n) / float64(len(places))})
		}
	}
	return out
}
