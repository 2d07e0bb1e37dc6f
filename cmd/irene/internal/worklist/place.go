package worklist

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// place builds the tree of an optimized graph from the scopes of the graph it came from. A product with a weight stands
// where that weight was read, whatever else was fused with it; another node that makes a value which both have, where the
// value was made; and the rest where what they read, or what reads it, does.
func place(a, from *analysis.Analysis) *graph.Tree {
	g := a.Graph
	made, read := known(from)
	places := make([]*graph.Placement, len(g.Nodes))
	for _, n := range g.Nodes {
		if w := weightOf(a, n); w != nil {
			places[n.ID] = read[w.Name]
		}
		for _, v := range n.Outputs {
			if v != nil && places[n.ID] == nil {
				places[n.ID] = made[v.Name]
			}
		}
	}
	spread(g, places)
	out := make([]graph.Placement, len(places))
	for i, p := range places {
		if p != nil {
			out[i] = *p
		}
	}
	return graph.BuildTree(g, out, from.Scope.Classes, nil)
}

// known tells where the values of a graph were made, and where they were read: nil for those read in several modules.
func known(from *analysis.Analysis) (made, read map[string]*graph.Placement) {
	made, read = map[string]*graph.Placement{}, map[string]*graph.Placement{}
	for _, n := range from.Graph.Nodes {
		if from.Tree.Of[n.ID] == nil {
			continue
		}
		p := &from.Scope.Places[n.ID]
		for _, v := range n.Outputs {
			if v != nil {
				made[v.Name] = p
			}
		}
		for _, v := range n.Inputs {
			if v == nil {
				continue
			}
			if before, ok := read[v.Name]; ok && (before == nil || before.Scope != p.Scope) {
				read[v.Name] = nil
			} else {
				read[v.Name] = p
			}
		}
	}
	return made, read
}

// weightOf is the first stored matrix, or kernel of a convolution, that a product reads; nil for other nodes.
func weightOf(a *analysis.Analysis, n *graph.Node) *graph.Value {
	if !slices.ContainsFunc(a.Costs[n.ID].Products, func(p graph.Product) bool { return p.Weight }) {
		return nil
	}
	i := slices.IndexFunc(n.Inputs, func(v *graph.Value) bool { return v != nil && v.Init != nil && len(v.Init.Dims) > 1 })
	if i < 0 {
		return nil
	}
	return n.Inputs[i]
}

// spread places nodes beside their neighbours: first those that read what they make, then those that make what they read.
func spread(g *graph.Graph, places []*graph.Placement) {
	for changed := true; changed; {
		changed = false
		for _, n := range g.Nodes {
			if places[n.ID] != nil {
				continue
			}
			for _, m := range neighbours(n) {
				if places[m.ID] != nil {
					places[n.ID], changed = places[m.ID], true
					break
				}
			}
		}
	}
}

func neighbours(n *graph.Node) []*graph.Node {
	var out []*graph.Node
	for _, v := range n.Outputs {
		if v != nil {
			for _, u := range v.Consumers {
				out = append(out, u.Node)
			}
		}
	}
	for _, v := range n.Inputs {
		if v != nil && v.Producer != nil {
			out = append(out, v.Producer)
		}
	}
	return out
}
