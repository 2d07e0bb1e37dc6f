package analysis

import "github.com/irene-onnx/irene/graph"

// Memory is what a run of the graph holds at once. Known is false where a size is not known at the bound dims.
type Memory struct {
	WeightBytes int64 // all stored tensors
	PeakBytes   int64 // largest sum of live inputs, outputs and intermediate values over the execution order
	Known       bool
}

// measureMemory sums the stored tensors and walks the nodes of the main graph in order: a value lives from its
// producer to its last reader. Views share the memory of what they view. Bodies of control flow are not followed.
func measureMemory(a *Analysis) Memory {
	m := Memory{Known: true}
	for _, v := range a.Graph.Values {
		if v.Init != nil {
			if n := v.Init.Len(); n > 0 {
				m.WeightBytes += v.Init.DType.Size(n)
			}
		}
	}
	root := aliases(a)
	size := func(v *graph.Value) int64 {
		if v == nil || v.Init != nil || root[v.ID] != int32(v.ID) {
			return 0
		}
		n, ok := a.Eval(a.Inference.Facts[v.ID].Bytes())
		if !ok {
			m.Known = false
		}
		return n
	}
	last := lastReaders(a.Graph, root)
	live := int64(0)
	for _, v := range a.Graph.Main.Inputs {
		live += size(v)
	}
	m.PeakBytes = live
	for i, n := range a.Graph.Main.Nodes {
		for _, v := range n.Outputs {
			live += size(v)
		}
		m.PeakBytes = max(m.PeakBytes, live)
		for _, v := range last[i] {
			live -= size(v)
		}
	}
	return m
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
		switch n.Op {
		case "Shape", "Size":
			continue
		}
		root[n.Outputs[0].ID] = root[in.ID]
	}
	return root
}

// lastReaders lists, by position in the main graph, the values nobody reads afterwards. Graph outputs live to the end.
func lastReaders(g *graph.Graph, root []int32) map[int][]*graph.Value {
	at := make([]int, len(g.Values))
	for i := range at {
		at[i] = -1
	}
	for i, n := range g.Main.Nodes {
		for _, v := range n.Inputs {
			if v != nil {
				at[root[v.ID]] = i
			}
		}
		for _, v := range n.Outputs {
			if v != nil {
				at[root[v.ID]] = max(at[root[v.ID]], i)
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
	out := map[int][]*graph.Value{}
	for id, i := range at {
		if i >= 0 && root[id] == int32(id) && g.Values[id].Init == nil {
			out[i] = append(out[i], g.Values[id])
		}
	}
	return out
}
