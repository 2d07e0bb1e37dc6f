package onnx

import (
	"fmt"

	"github.com/irene-onnx/irene/graph"
)

// order numbers the nodes, every body's after its owner, sorts bodies where a consumer comes before its producer, and
// notes the consumers of every value.
func (l *linker) order() error {
	if done := make([]bool, len(l.g.Values)); !l.number(l.g.Main, done) {
		if err := sortBody(l.g.Main, l.warnings); err != nil {
			return err
		}
		l.g.Nodes = l.g.Nodes[:0]
		clear(done)
		if !l.number(l.g.Main, done) {
			return fmt.Errorf("graph %q: its nodes cannot be put in order", l.g.Main.Name)
		}
	}
	l.consumers()
	return nil
}

// number lists the nodes of a body and below; it reports false where a node reads what is produced later.
func (l *linker) number(b *graph.Body, done []bool) bool {
	for _, n := range b.Nodes {
		for _, v := range n.Inputs {
			if v != nil && v.Producer != nil && !done[v.ID] {
				return false
			}
		}
		n.ID = len(l.g.Nodes)
		l.g.Nodes = append(l.g.Nodes, n)
		for i := range n.Attrs {
			a := &n.Attrs[i]
			if a.Body != nil && !l.number(a.Body, done) {
				return false
			}
			for _, inner := range a.Bodies {
				if !l.number(inner, done) {
					return false
				}
			}
		}
		for _, v := range n.Outputs {
			if v != nil {
				done[v.ID] = true
			}
		}
	}
	return true
}

// consumers fills Value.Consumers from one allocation.
func (l *linker) consumers() {
	uses := make([]int, len(l.g.Values))
	total := 0
	for _, n := range l.g.Nodes {
		for _, v := range n.Inputs {
			if v != nil {
				uses[v.ID]++
				total++
			}
		}
	}
	all := make([]graph.Use, total)
	for _, v := range l.g.Values {
		k := uses[v.ID]
		if k > 0 {
			v.Consumers, all = all[:0:k], all[k:]
		}
	}
	for _, n := range l.g.Nodes {
		for i, v := range n.Inputs {
			if v != nil {
				v.Consumers = append(v.Consumers, graph.Use{Node: n, Slot: i})
			}
		}
	}
}

// sortBody brings the nodes of a body and of those below into topological order. Nodes keep the order of the file as far
// as they may: each stands behind what it needs and as early as its place in the file allows.
func sortBody(b *graph.Body, w *warnings) error {
	for i, n := range b.Nodes {
		n.ID = i
	}
	s := sorter{body: b, state: make([]uint8, len(b.Nodes)), out: make([]*graph.Node, 0, len(b.Nodes))}
	for _, n := range b.Nodes {
		if err := s.visit(n); err != nil {
			return fmt.Errorf("graph %q: %w", b.Name, err)
		}
	}
	for i, n := range s.out {
		if n != b.Nodes[i] {
			w.add("graph %q: its nodes are not in topological order; they were sorted", b.Name)
			break
		}
	}
	b.Nodes = s.out
	for _, n := range b.Nodes {
		for _, inner := range n.Bodies() {
			if err := sortBody(inner, w); err != nil {
				return err
			}
		}
	}
	return nil
}

// sorter is a depth-first search with a stack of its own: chains may be long.
type sorter struct {
	body  *graph.Body
	state []uint8 // 0 new, 1 on the stack, 2 done
	stack []visit
	out   []*graph.Node
}

type visit struct {
	node  *graph.Node
	needs []*graph.Node // still to be looked at
}

func (s *sorter) visit(n *graph.Node) error {
	if s.state[n.ID] == 0 {
		s.push(n)
	}
	for len(s.stack) > 0 {
		top := &s.stack[len(s.stack)-1]
		if len(top.needs) == 0 {
			s.state[top.node.ID] = 2
			s.out = append(s.out, top.node)
			s.stack = s.stack[:len(s.stack)-1]
			continue
		}
		next := top.needs[0]
		top.needs = top.needs[1:]
		switch s.state[next.ID] {
		case 0:
			s.push(next)
		case 1:
			return fmt.Errorf("%s: it needs its own output: the graph has a cycle", label(next.Name, next.Op))
		}
	}
	return nil
}

func (s *sorter) push(n *graph.Node) {
	s.state[n.ID] = 1
	s.stack = append(s.stack, visit{node: n, needs: s.needs(n, nil)})
}

// needs appends the producers in this body of everything that a node and its subgraphs read.
func (s *sorter) needs(n *graph.Node, to []*graph.Node) []*graph.Node {
	for _, v := range n.Inputs {
		if v != nil && v.Producer != nil && v.Body == s.body {
			to = append(to, v.Producer)
		}
	}
	for _, b := range n.Bodies() {
		for _, inner := range b.Nodes {
			to = s.needs(inner, to)
		}
	}
	return to
}
