package analysis

import "github.com/irene-onnx/irene/graph"

// idleNodes finds the nodes of which nothing but the shape of their results is wanted, by Node.ID: exporters compute a
// tensor to make another of its size. They are no part of a model's work, whether a runtime runs them or not. A result
// that nothing reads is wanted.
func idleNodes(g *graph.Graph) []bool {
	idle := make([]bool, len(g.Nodes))
	var visit func(*graph.Body)
	visit = func(b *graph.Body) { // last nodes first: readers before what they read
		for i := len(b.Nodes) - 1; i >= 0; i-- {
			n := b.Nodes[i]
			for _, inner := range n.Bodies() {
				visit(inner)
			}
			idle[n.ID] = len(n.Bodies()) == 0 && readForShape(n, idle)
		}
	}
	visit(g.Main)
	return idle
}

// readForShape reports whether outputs are read, and only by Shape, Size and nodes that are idle themselves.
func readForShape(n *graph.Node, idle []bool) bool {
	read := false
	for _, v := range n.Outputs {
		if v != nil && v.IsOutput {
			return false
		}
	}
	for u := range n.Readers() {
		sizes := u.Node.Domain == "" && (u.Node.Op == "Shape" || u.Node.Op == "Size")
		if !sizes && !idle[u.Node.ID] {
			return false
		}
		read = true
	}
	return read
}
