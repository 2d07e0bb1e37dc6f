package graph

import "slices"

// WithBranches is a copy of a graph in which a branch stands in the place of every If that the map chooses one for, as an
// index into its Bodies. Values keep their names, those of a branch's outputs are the ones of the If's.
func WithBranches(g *Graph, choice map[*Node]int) *Graph {
	out := *g
	out.Nodes, out.Values = nil, nil
	s := &splicer{g: &out, choice: choice, values: make([]*Value, len(g.Values)), calls: map[*Call]*Call{}}
	out.Main = s.body(g.Main, nil)
	for _, n := range out.Nodes {
		n.Call = s.call(n.Call)
		for slot, v := range n.Inputs {
			if v != nil {
				v.Consumers = append(v.Consumers, Use{n, slot})
			}
		}
	}
	return &out
}

// splicer is one run of WithBranches.
type splicer struct {
	g      *Graph // the copy
	choice map[*Node]int
	values []*Value // copies, by Value.ID of the original; nil for those that are left out
	calls  map[*Call]*Call
	within *Node // the If whose branch is copied
}

// body copies a body.
func (s *splicer) body(b *Body, owner *Node) *Body {
	out := &Body{Name: b.Name, Owner: owner}
	for _, v := range b.Inputs {
		out.Inputs = append(out.Inputs, s.value(v, out))
	}
	s.fill(out, b)
	for _, v := range b.Outputs {
		out.Outputs = append(out.Outputs, s.of(v))
	}
	return out
}

// fill copies what is in a body to another.
func (s *splicer) fill(to, b *Body) {
	for _, v := range b.Inits {
		to.Inits = append(to.Inits, s.value(v, to))
	}
	for _, n := range b.Nodes {
		bodies := n.Bodies()
		if i, ok := s.choice[n]; ok && i >= 0 && i < len(bodies) {
			around := s.within
			s.within = n
			s.fill(to, bodies[i])
			s.hand(to, n, bodies[i])
			s.within = around
			continue
		}
		s.node(to, n)
	}
}

// hand gives the outputs of a branch the names of those of its If. What is no result of a node of the branch, or is put
// out twice, is handed on by an Identity.
func (s *splicer) hand(to *Body, n *Node, b *Body) {
	for i, y := range n.Outputs {
		if y == nil || i >= len(b.Outputs) || b.Outputs[i] == nil {
			continue
		}
		o := b.Outputs[i]
		v := s.of(o)
		if o.Producer != nil && o.Body == b && slices.Index(b.Outputs, o) == i {
			v.Name, v.Local, v.IsOutput = y.Name, y.Local, y.IsOutput
			if y.Type.Kind != KindUnknown {
				v.Type = y.Type
			}
			s.values[y.ID] = v
			continue
		}
		id := &Node{
			ID: len(s.g.Nodes), Name: n.Name, Op: "Identity", Opset: n.Opset, Inputs: []*Value{v}, Body: to,
			Call: n.Call, If: n, Ordinal: -1,
		}
		id.Outputs = []*Value{s.value(y, to)}
		id.Outputs[0].Producer = id
		s.g.Nodes, to.Nodes = append(s.g.Nodes, id), append(to.Nodes, id)
	}
}

// node copies a node and the bodies in it.
func (s *splicer) node(to *Body, n *Node) {
	out := *n
	out.ID, out.Body = len(s.g.Nodes), to
	if out.If == nil {
		out.If = s.within
	}
	s.g.Nodes, to.Nodes = append(s.g.Nodes, &out), append(to.Nodes, &out)
	out.Inputs, out.Outputs, out.Attrs = slices.Clone(n.Inputs), slices.Clone(n.Outputs), slices.Clone(n.Attrs)
	for i, v := range out.Inputs {
		out.Inputs[i] = s.of(v)
	}
	for i := range out.Attrs {
		a := &out.Attrs[i]
		if a.Body != nil {
			a.Body = s.body(a.Body, &out)
		}
		a.Bodies = slices.Clone(a.Bodies)
		for k, b := range a.Bodies {
			a.Bodies[k] = s.body(b, &out)
		}
	}
	for i, v := range out.Outputs {
		if v != nil {
			out.Outputs[i] = s.value(v, to)
			out.Outputs[i].Producer = &out
		}
	}
}

// value copies a value into a body, once.
func (s *splicer) value(v *Value, to *Body) *Value {
	if v == nil || s.values[v.ID] != nil {
		return s.of(v)
	}
	out := *v
	out.ID, out.Body, out.Consumers, out.Producer = len(s.g.Values), to, nil, nil
	out.IsOutput = v.IsOutput && !s.spliced(v.Body)
	s.g.Values = append(s.g.Values, &out)
	s.values[v.ID] = &out
	return &out
}

// spliced reports whether a body is put in the place of its owner.
func (s *splicer) spliced(b *Body) bool {
	if b.Owner == nil {
		return false
	}
	_, ok := s.choice[b.Owner]
	return ok
}

// of is the copy of a value; nil where there is none.
func (s *splicer) of(v *Value) *Value {
	if v == nil {
		return nil
	}
	return s.values[v.ID]
}

// call copies a call.
func (s *splicer) call(c *Call) *Call {
	if c == nil {
		return nil
	}
	if out, ok := s.calls[c]; ok {
		return out
	}
	out := *c
	s.calls[c] = &out
	out.Parent = s.call(c.Parent)
	out.Inputs = slices.Clone(c.Inputs)
	for i, v := range out.Inputs {
		out.Inputs[i] = s.of(v)
	}
	return &out
}
