package onnxgo

import (
	"fmt"

	"github.com/irene-onnx/irene/graph"
)

// order brings the nodes into an order in which producers come before consumers, numbers them and notes who reads what.
func (l *linker) order() error {
	body := l.g.Main
	sorted, err := sortNodes(body.Nodes)
	if err != nil {
		return err
	}
	for i, n := range sorted {
		if n != body.Nodes[i] {
			l.warnf("the nodes are not in topological order; they were sorted")
			break
		}
	}
	body.Nodes, l.g.Nodes = sorted, sorted
	for i, n := range sorted {
		n.ID = i
		for slot, v := range n.Inputs {
			if v != nil {
				v.Consumers = append(v.Consumers, graph.Use{Node: n, Slot: slot})
			}
		}
	}
	return nil
}

// sortNodes is a depth-first search that keeps the order of the list as far as it may. It has a stack of its own, since
// chains may be long.
func sortNodes(nodes []*graph.Node) ([]*graph.Node, error) {
	const open, done = 1, 2
	state := make(map[*graph.Node]int, len(nodes))
	out := make([]*graph.Node, 0, len(nodes))
	type visit struct {
		n    *graph.Node
		next int // input to look at
	}
	var stack []visit
	for _, root := range nodes {
		if state[root] == done {
			continue
		}
		state[root] = open
		stack = append(stack, visit{n: root})
		for len(stack) > 0 {
			top := &stack[len(stack)-1]
			if top.next == len(top.n.Inputs) {
				state[top.n] = done
				out = append(out, top.n)
				stack = stack[:len(stack)-1]
				continue
			}
			v := top.n.Inputs[top.next]
			top.next++
			if v == nil || v.Producer == nil || state[v.Producer] == done {
				continue
			}
			if state[v.Producer] == open {
				return nil, fmt.Errorf("value %q: the operator that makes it needs it: the graph has a cycle", v.Name)
			}
			state[v.Producer] = open
			stack = append(stack, visit{n: v.Producer})
		}
	}
	return out, nil
}
