package graph

import "slices"

// Order puts a graph in order whose values have their IDs and name their producers. It sorts bodies where a node reads what
// a later one makes, numbers the nodes, those of a body after its owner, and notes the consumers of every value. It
// returns the bodies that had to be sorted, and a node that needs its own output, which no order can please; nil is none.
func (g *Graph) Order() (sorted []*Body, cycle *Node) {
	if g.number() != nil {
		if sorted, cycle = sortBody(g.Main, nil); cycle == nil {
			cycle = g.number()
		}
		if cycle != nil {
			return sorted, cycle
		}
	}
	g.noteConsumers()
	return sorted, nil
}

// number lists and numbers all nodes, up to the first that reads what is produced later, which it returns.
func (g *Graph) number() *Node {
	g.Nodes = g.Nodes[:0]
	return g.numberBody(g.Main, make([]bool, len(g.Values)))
}

// numberBody is number for a body and those below; done are the values that are produced, by ID.
func (g *Graph) numberBody(b *Body, done []bool) (early *Node) {
	for _, n := range b.Nodes {
		for _, v := range n.Inputs {
			if v != nil && v.Producer != nil && !done[v.ID] {
				return n
			}
		}
		n.ID = len(g.Nodes)
		g.Nodes = append(g.Nodes, n)
		for _, inner := range n.Bodies() {
			if early := g.numberBody(inner, done); early != nil {
				return early
			}
		}
		for _, v := range n.Outputs {
			if v != nil {
				done[v.ID] = true
			}
		}
	}
	return nil
}

// noteConsumers fills Value.Consumers from one allocation.
func (g *Graph) noteConsumers() {
	uses := make([]int, len(g.Values))
	total := 0
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			if v != nil {
				uses[v.ID]++
				total++
			}
		}
	}
	all := make([]Use, total)
	for _, v := range g.Values {
		v.Consumers = nil
		if k := uses[v.ID]; k > 0 {
			v.Consumers, all = all[:0:k], all[k:]
		}
	}
	for _, n := range g.Nodes {
		for i, v := range n.Inputs {
			if v != nil {
				v.Consumers = append(v.Consumers, Use{Node: n, Slot: i})
			}
		}
	}
}

// sortBody brings the nodes of a body and of those below into topological order. Nodes keep the order of the file as far
// as they may: each stands behind what it needs and as early as its place in the file allows. It appends to a list the
// bodies whose order changed, and returns a node that needs itself.
func sortBody(b *Body, changed []*Body) (sorted []*Body, cycle *Node) {
	for i, n := range b.Nodes {
		n.ID = i
	}
	s := sorter{body: b, state: make([]uint8, len(b.Nodes)), out: make([]*Node, 0, len(b.Nodes))}
	for _, n := range b.Nodes {
		if cycle := s.visit(n); cycle != nil {
			return changed, cycle
		}
	}
	if !slices.Equal(s.out, b.Nodes) {
		changed = append(changed, b)
	}
	b.Nodes = s.out
	for _, n := range b.Nodes {
		for _, inner := range n.Bodies() {
			if changed, cycle = sortBody(inner, changed); cycle != nil {
				return changed, cycle
			}
		}
	}
	return changed, nil
}

// sorter is a depth-first search with a stack of its own: chains may be long.
type sorter struct {
	body  *Body
	state []uint8 // 0 new, 1 on the stack, 2 done
	stack []visit
	out   []*Node
}

type visit struct {
	node  *Node
	needs []*Node // still to be looked at
}

// visit puts out a node behind everything that it needs, or returns one that needs itself.
func (s *sorter) visit(n *Node) (cycle *Node) {
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
			return next
		}
	}
	return nil
}

func (s *sorter) push(n *Node) {
	s.state[n.ID] = 1
	s.stack = append(s.stack, visit{node: n, needs: s.needs(n, nil)})
}

// needs appends the producers in this body of everything that a node and its subgraphs read.
func (s *sorter) needs(n *Node, to []*Node) []*Node {
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
