package analysis

import (
	"fmt"

	"github.com/irene-onnx/irene/graph"
)

// Memory is what a run of the graph holds at once. Known is false where a size is not known at the bound dims:
// then PeakBytes means nothing.
type Memory struct {
	WeightBytes int64 // all stored tensors, those of Constant nodes included
	PeakBytes   int64 // largest sum of live inputs, outputs and intermediate values over the execution order
	Known       bool
}

// Lifetimes says in which order the values of the main graph begin and end: a value lives from its producer to its last
// reader. Views share the memory of what they view. What follows from stored tensors alone takes none: runtimes compute
// it once, in the place of the stored tensor. Bodies of control flow are not followed.
type Lifetimes struct {
	Weights int64       // bytes of all stored tensors
	Sizes   []graph.Dim // distinct sizes in bytes
	Events  []Event     // the inputs first, then the nodes in order
}

// Event is what one node begins and ends, as indices of [Lifetimes].Sizes: values end after the node has run.
type Event struct{ Begin, End []int32 }

// measureMemory sums the stored tensors and walks the lifetimes.
func measureMemory(a *Analysis) Memory {
	l := a.Lifetimes()
	sizes := make([]int64, len(l.Sizes))
	for i, d := range l.Sizes {
		v, ok := a.Eval(d)
		if !ok {
			return Memory{WeightBytes: l.Weights}
		}
		sizes[i] = v
	}
	return Memory{WeightBytes: l.Weights, PeakBytes: peak(l.Events, sizes), Known: true}
}

// CompileMemory is the analysis's memory as a function of dims that it left open, in their order. It fails where a size
// is not known or depends on another symbol. The function may be called by several goroutines.
func (a *Analysis) CompileMemory(symbols []string) (func(values []int64) Memory, error) {
	l := a.Lifetimes()
	program, err := graph.CompileDims(symbols, l.Sizes)
	if err != nil {
		return nil, fmt.Errorf("memory: %w", err)
	}
	return func(values []int64) Memory {
		out := make([]float64, len(l.Sizes))
		program.Eval(values, out)
		return Memory{WeightBytes: l.Weights, PeakBytes: int64(peak(l.Events, out)), Known: true}
	}, nil
}

// peak is the largest sum of sizes that live at once.
func peak[N int64 | float64](events []Event, sizes []N) N {
	var live, most N
	for i := range events {
		for _, s := range events[i].Begin {
			live += sizes[s]
		}
		most = max(most, live)
		for _, s := range events[i].End {
			live -= sizes[s]
		}
	}
	return most
}

// Lifetimes finds what a run of the graph holds at once.
func (a *Analysis) Lifetimes() *Lifetimes {
	l := &Lifetimes{Events: make([]Event, 1+len(a.Graph.Main.Nodes))}
	for _, v := range a.Graph.Values {
		if v.Init != nil {
			l.Weights += a.storedBytes(v)
		}
	}
	root, folded := aliases(a), Foldable(a.Graph)
	for _, n := range a.Graph.Nodes {
		if n.Op == "Constant" && n.Domain == "" && n.Output(0) != nil {
			bytes, _ := a.Eval(a.Inference.Facts[n.Output(0).ID].Bytes())
			l.Weights += bytes
		}
	}
	at, equal := map[graph.Dim]int32{}, graph.NewEqualDims()
	size := func(v *graph.Value) (int32, bool) {
		if v == nil || v.Init != nil || folded[v.ID] || root[v.ID] != int32(v.ID) {
			return 0, false
		}
		d := equal.Share(a.Inference.Facts[v.ID].Bytes())
		i, ok := at[d]
		if !ok {
			i = int32(len(l.Sizes))
			at[d] = i
			l.Sizes = append(l.Sizes, d)
		}
		return i, true
	}
	for _, v := range a.Graph.Main.Inputs {
		if s, ok := size(v); ok {
			l.Events[0].Begin = append(l.Events[0].Begin, s)
		}
	}
	last := lastReaders(a.Graph, root)
	for i, n := range a.Graph.Main.Nodes {
		for _, v := range n.Outputs {
			s, ok := size(v)
			if !ok {
				continue
			}
			l.Events[i+1].Begin = append(l.Events[i+1].Begin, s)
			if end := last[v.ID]; end >= 0 {
				l.Events[end+1].End = append(l.Events[end+1].End, s)
			}
		}
	}
	return l
}

// storedBytes is the size of a stored tensor, in the type that it is costed in.
func (a *Analysis) storedBytes(v *graph.Value) int64 {
	n := v.Init.Len()
	if n <= 0 {
		return 0
	}
	if bytes, ok := a.Inference.Facts[v.ID].Bytes().Const(); ok {
		return bytes
	}
	return v.Init.DType.Size(n)
}

// Foldable tells, by Value.ID, which values follow from stored tensors alone.
func Foldable(g *graph.Graph) []bool {
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
