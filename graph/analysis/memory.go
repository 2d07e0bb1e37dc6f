package analysis

import "github.com/irene-onnx/irene/graph"

// Memory is what a run of the graph holds at once. Known is false where a size is not known at the bound dims:
// then PeakBytes means nothing.
type Memory struct {
	WeightBytes int64 // all stored tensors, those of Constant nodes included
	PeakBytes   int64 // largest sum of live inputs, outputs and intermediate values over the execution order
	Known       bool
}

// measureMemory sums the stored tensors and walks the nodes of the main graph in order: a value lives from its
// producer to its last reader. Views share the memory of what they view. What follows from stored tensors alone takes
// none: runtimes compute it once, in the place of the stored tensor. Bodies of control flow are not followed.
func measureMemory(a *Analysis) Memory {
	m := Memory{Known: true}
	for _, v := range a.Graph.Values {
		if v.Init != nil {
			if n := v.Init.Len(); n > 0 {
				m.WeightBytes += v.Init.DType.Size(n)
			}
		}
	}
	root, folded := aliases(a), foldable(a.Graph)
	for _, n := range a.Graph.Nodes {
		if n.Op == "Constant" && n.Domain == "" && n.Output(0) != nil {
			bytes, _ := a.Eval(a.Inference.Facts[n.Output(0).ID].Bytes())
			m.WeightBytes += bytes
		}
	}
	size := func(v *graph.Value) int64 {
		if v == nil || v.Init != nil || folded[v.ID] || root[v.ID] != int32(v.ID) {
			return 0
		}
		n, ok := a.Eval(a.Inference.Facts[v.ID].Bytes())
		m.Known = m.Known && ok
		return n
	}
	last := lastReaders(a.Graph, root)
	freed := make([]int64, len(a.Graph.Main.Nodes)) // by position: bytes that nobody reads afterwards
	live := int64(0)
	for _, v := range a.Graph.Main.Inputs {
		live += size(v)
	}
	m.PeakBytes = live
	for i, n := range a.Graph.Main.Nodes {
		for _, v := range n.Outputs {
			bytes := size(v)
			live += bytes
			if bytes > 0 && last[v.ID] >= 0 {
				freed[last[v.ID]] += bytes
			}
		}
		if !m.Known {
			return m
		}
		m.PeakBytes = max(m.PeakBytes, live)
		live -= freed[i]
	}
	return m
}

// foldable tells, by Value.ID, which values follow from stored tensors alone.
func foldable(g *graph.Graph) []bool {
	out := make([]bool, len(g.Values))
	for _, n := range g.Nodes {
		all := len(n.Bodies()) == 0 && (len(n.Inputs) > 0 || n.Op == "Constant")
		for _, v := range n.Inputs {
			all = all && (v == nil || out[v.ID] || (v.Init != nil && !v.IsInput))
		}
		for _, v := range n.Outputs {
			if v != nil {
				out[v.ID] = all
			}
		}
	}
	return out
}

// aliases maps every value to the value whose memory it shares, by Value.ID.
func aliases(a *Analysis) []int32 {
	root := make([]int32, len(a.Graph.Values))
	for i := range root {
		root[i] = int32(i)
	}
	for _, n := range a.Graph.Main.Nodes {
		in := n.Input(0)
		if in == nil || !a.Costs[n.ID].Free || len(n.Outputs) == 0 || n.Outputs[0] == nil {
			continue
		}
		if n.Op == "Shape" || n.Op == "Size" || len(n.Bodies()) > 0 {
			continue
		}
		root[n.Outputs[0].ID] = root[in.ID]
	}
	return root
}

// lastReaders gives, by Value.ID, the position in the main graph after which nobody reads a value or what shares its
// memory; -1 where it lives to the end, as graph inputs and outputs do.
func lastReaders(g *graph.Graph, root []int32) []int {
	at := make([]int, len(g.Values))
	for i := range at {
		at[i] = -1
	}
	place := make([]int, len(g.Nodes))
	for i, n := range g.Main.Nodes {
		place[n.ID] = i
	}
	read := func(v *graph.Value, n *graph.Node) {
		for n.Body.Owner != nil { // what a body reads lives until its node has run
			n = n.Body.Owner
		}
		at[root[v.ID]] = max(at[root[v.ID]], place[n.ID])
	}
	for _, n := range g.Main.Nodes {
		for _, v := range n.Outputs {
			if v != nil {
				read(v, n)
				for _, u := range v.Consumers {
					read(v, u.Node)
				}
			}
		}
	}
	for _, v := range g.Main.Outputs {
		if v != nil {
			at[root[v.ID]] = -1
		}
	}
	for _, v := range g.Main.Inputs {
		at[v.ID] = -1
	}
	return at
}
