package workload

import (
	"fmt"

	"github.com/irene-onnx/irene/graph"
)

// fixNumbers stores numbers that follow from the sizes, where runtimes refuse a model of fixed sizes otherwise. The ends of
// a Range have no axis by its definition, but exporters write tensors of one element, and nobody minds unless the element
// is known beforehand. Grouped-query attention that does not know the total length beforehand is taken to return a cache
// as long as the one it reads.
func (b *builder) fixNumbers(g *graph.Graph) {
	from := b.byName()
	for _, n := range g.Nodes {
		for i, v := range n.Inputs {
			if v == nil || from[v.Name] == nil || !isNumber(n, i) {
				continue
			}
			t := b.known(from[v.Name])
			if t == nil || t.Len() != 1 {
				continue
			}
			dims := t.Dims
			if n.Op == "Range" {
				dims = nil
			}
			if v.Init != nil && len(dims) == len(t.Dims) {
				continue
			}
			w := &graph.Value{ID: len(g.Values), Name: fmt.Sprintf("%s'%d %s", v.Name, i, n.Outputs[0].Name), Body: g.Main}
			w.Local = w.Name
			w.Init = &graph.Tensor{Name: w.Name, DType: t.DType, Dims: dims, Raw: t.Raw}
			g.Values, g.Main.Inits = append(g.Values, w), append(g.Main.Inits, w)
			n.Inputs[i] = w
		}
	}
}

// isNumber reports whether an input of a node is one of those that fixNumbers is about.
func isNumber(n *graph.Node, slot int) bool {
	switch n.Kind() {
	case "Range":
		return true
	case "com.microsoft:GroupQueryAttention":
		return slot == 6 // total_sequence_length
	}
	return false
}

// byName are the values of the model.
func (b *builder) byName() map[string]*graph.Value {
	if b.values == nil {
		all := b.part.Analysis.Graph.Values
		b.values = make(map[string]*graph.Value, len(all))
		for _, v := range all {
			b.values[v.Name] = v
		}
	}
	return b.values
}
