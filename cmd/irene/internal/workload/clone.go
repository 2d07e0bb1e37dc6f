package workload

import (
	"fmt"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/onnx"
)

// copyAll adds copies of everything to a graph, with inputs, weights and outputs of their own, until it is there so often.
func (b *builder) copyAll(g *graph.Graph, copies int) error {
	nodes := slices.Clone(g.Main.Nodes)
	inputs := map[string]int{}
	for i, in := range b.inputs {
		inputs[in.Name] = i
	}
	for i := 1; i < copies; i++ {
		suffix, before := fmt.Sprintf("#%d", i), len(g.Main.Inputs)
		if err := onnx.Repeat(g, nodes, suffix, false); err != nil {
			return err
		}
		for _, v := range g.Main.Inputs[before:] {
			in := b.inputs[inputs[strings.TrimSuffix(v.Name, suffix)]]
			in.Name = v.Name
			b.inputs = append(b.inputs, in)
		}
	}
	return nil
}

// repeat adds copies of one node that read what it reads, but have weights of their own. Their outputs are outputs of the
// graph, so that nothing takes them for superfluous.
func repeat(g *graph.Graph, of *graph.Node, times int) error {
	i := slices.IndexFunc(g.Main.Nodes, func(n *graph.Node) bool { return n.Op == of.Op && sameOutputs(n, of) })
	if i < 0 {
		return nil
	}
	node := g.Main.Nodes[i : i+1 : i+1]
	for k := range times {
		if err := onnx.Repeat(g, node, fmt.Sprintf("#r%d", k), true); err != nil {
			return err
		}
	}
	return nil
}

// sameOutputs recognises a node in the graph that it was cut out of.
func sameOutputs(a, b *graph.Node) bool {
	return slices.EqualFunc(a.Outputs, b.Outputs, func(v, w *graph.Value) bool {
		return (v == nil) == (w == nil) && (v == nil || v.Name == w.Name)
	})
}
