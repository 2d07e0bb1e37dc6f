package kernel

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// rotary: x·cos + rotated(x)·sin of queries, and of the keys that the same angles turn.
func rotary(gr *grouping, add *graph.Node) []*graph.Node {
	members := gr.rotation(add)
	if members == nil {
		return nil
	}
	angles := gr.angles(members)
	for _, n := range add.Body.Nodes[slices.Index(add.Body.Nodes, add)+1:] {
		if n.Op == "Softmax" || n.Op == "MatMul" && gr.costs[n.ID].Class == "bmm" {
			break
		}
		if second := gr.rotation(n); second != nil && !gr.taken[n.ID] && slices.Equal(gr.angles(second), angles) {
			return append(members, second...)
		}
	}
	return members
}

// rotation finds the nodes of one rotation, that of the sum first.
func (gr *grouping) rotation(add *graph.Node) []*graph.Node {
	if add.Op != "Add" || add.Domain != "" {
		return nil
	}
	straight, turned := producer(add, 0, "Mul"), producer(add, 1, "Mul")
	if straight == nil || turned == nil || elementReader(straight) != add || elementReader(turned) != add {
		return nil
	}
	if rotated(straight) != nil {
		straight, turned = turned, straight
	}
	join := rotated(turned)
	if join == nil || elementReader(join) != turned {
		return nil
	}
	members := []*graph.Node{add, straight, turned, join}
	for i := 0; i < 3; i++ { // the halves: Neg, Slice or Split
		for _, m := range slices.Clone(members) {
			for _, v := range m.Inputs {
				if v == nil || v.Producer == nil || slices.Contains(members, v.Producer) {
					continue
				}
				switch v.Producer.Op {
				case "Neg", "Slice", "Split":
					if all := !slices.ContainsFunc(v.Producer.Outputs, func(o *graph.Value) bool { return o != nil && !readOnlyBy(o, members) }); all && m != straight {
						members = append(members, v.Producer)
					}
				}
			}
		}
	}
	return members
}

// rotated is the Concat of a rotation that a product reads: one half negated.
func rotated(mul *graph.Node) *graph.Node {
	for i := range mul.Inputs {
		join := producer(mul, i, "Concat")
		if join == nil {
			continue
		}
		for k := range join.Inputs {
			if producer(join, k, "Neg") != nil {
				return join
			}
		}
	}
	return nil
}

// angles are the values that a rotation multiplies with.
func (gr *grouping) angles(members []*graph.Node) []*graph.Value {
	x := rotationInput(members)
	var out []*graph.Value
	for _, n := range members {
		if n.Op != "Mul" {
			continue
		}
		for _, v := range n.Inputs {
			if v != nil && v != x && (v.Producer == nil || !slices.Contains(members, v.Producer)) {
				out = append(out, v)
			}
		}
	}
	return out
}

// rotationInput is the value that is turned: what the halves are of.
func rotationInput(members []*graph.Node) *graph.Value {
	for _, n := range members {
		if n.Op == "Slice" || n.Op == "Split" {
			return n.Input(0)
		}
	}
	return nil
}

// finishRotary leaves the angles out: they are rows of a table that is made once.
func finishRotary(gr *grouping, k *Kernel) {
	for _, n := range k.Members {
		if n.Op != "Mul" {
			continue
		}
		for _, v := range n.Inputs {
			if v == nil || v.Producer != nil && slices.Contains(k.Members, v.Producer) || slices.Contains(k.Unread, v) {
				continue
			}
			turned := slices.ContainsFunc(k.Members, func(m *graph.Node) bool { return (m.Op == "Slice" || m.Op == "Split") && m.Input(0) == v })
			if !turned {
				k.Unread = append(k.Unread, v)
			}
		}
	}
	gr.recount(k)
	k.Cost.Row, k.Cost.Elements = "rope", graph.Const(0)
	for _, n := range k.Members {
		if n.Op == "Add" {
			k.Cost.Elements = k.Cost.Elements.Add(gr.shape(n.Output(0)).Elements())
		}
	}
}
