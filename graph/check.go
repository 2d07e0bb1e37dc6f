package graph

import (
	"errors"
	"fmt"
)

const (
	maxProblems = 50      // that are reported
	maxCalls    = 1 << 16 // around one node
)

// CheckValid verifies the invariants of a graph, for those who make graphs, and reports every one that does not hold:
//
//   - IDs are the places in Nodes and Values; names of values are unique and not empty.
//   - A value is produced by exactly one node of its body, or it is an input or an initializer of it.
//   - Every body is held by one attribute of its owner; only the main one has none. Its nodes, inputs, initializers and
//     outputs belong to it, and those of all bodies together are all there are.
//   - A node reads values of its own or an enclosing body, and only such as exist when it runs.
//   - Consumers are exactly the input slots that read a value, in the order of the nodes.
//   - Nothing is nil but what may be absent: inputs and outputs of nodes and calls.
func CheckValid(g *Graph) error {
	if g == nil || g.Main == nil {
		return errors.New("a graph without a main body")
	}
	c := &checker{g: g, bodies: map[*Body]*Body{}}
	if !c.identities() {
		return errors.Join(c.problems...)
	}
	c.listed = make([]listing, len(g.Values))
	if g.Main.Owner != nil {
		c.report("the main body has an owner")
	}
	c.body(g.Main, nil)
	if c.next != len(g.Nodes) && len(c.problems) == 0 {
		c.report("%d nodes stand in bodies, the graph lists %d", c.next, len(g.Nodes))
	}
	for _, v := range g.Values {
		c.value(v)
	}
	c.consumers()
	return errors.Join(c.problems...)
}

type checker struct {
	g        *Graph
	bodies   map[*Body]*Body // reached → the body around it
	next     int             // nodes seen in bodies
	listed   []listing       // by Value.ID
	problems []error
}

// listing counts how often bodies and nodes list a value.
type listing struct{ input, init, output, produced int }

func (c *checker) report(format string, args ...any) {
	switch n := len(c.problems); {
	case n < maxProblems:
		c.problems = append(c.problems, fmt.Errorf(format, args...))
	case n == maxProblems:
		c.problems = append(c.problems, errors.New("further problems are left out"))
	}
}

// identities checks the lists that everything else indexes; it reports false where going on makes no sense.
func (c *checker) identities() bool {
	for i, n := range c.g.Nodes {
		if n == nil || n.ID != i {
			c.report("Nodes[%d] is nil or has another ID", i)
		}
	}
	names := make(map[string]bool, len(c.g.Values))
	for i, v := range c.g.Values {
		if v == nil || v.ID != i {
			c.report("Values[%d] is nil or has another ID", i)
			continue
		}
		if v.Name == "" {
			c.report("value %d has no name", i)
		}
		if names[v.Name] {
			c.report("value %q: the name repeats", v.Name)
		}
		names[v.Name] = true
	}
	return len(c.problems) == 0
}

// known reports whether v is a value of the graph.
func (c *checker) known(v *Value) bool {
	return v != nil && v.ID >= 0 && v.ID < len(c.g.Values) && c.g.Values[v.ID] == v
}

// body checks a body and everything inside; outer is the body around it.
func (c *checker) body(b, outer *Body) {
	if _, ok := c.bodies[b]; ok {
		c.report("body %q is held twice", b.Name)
		return
	}
	c.bodies[b] = outer
	for _, v := range b.Inputs {
		switch {
		case !c.known(v) || v.Body != b:
			c.report("body %q: an input is no value of it", b.Name)
			continue
		case !v.IsInput || v.Producer != nil:
			c.report("value %q: an input that is not marked as one, or is produced by a node", v.Name)
		case v.Init != nil && outer == nil:
			c.report("value %q: an input of the main body with an initializer", v.Name)
		}
		c.listed[v.ID].input++
	}
	for _, v := range b.Inits {
		if !c.known(v) || v.Body != b || v.Init == nil {
			c.report("body %q: an initializer is no value of it, or has no tensor", b.Name)
			continue
		}
		c.listed[v.ID].init++
	}
	for _, v := range b.Outputs {
		if !c.known(v) || v.Body != b || !v.IsOutput {
			c.report("body %q: an output is no value of it, or not marked as one", b.Name)
			continue
		}
		c.listed[v.ID].output++
	}
	last := -1
	for _, n := range b.Nodes {
		if n == nil || n.ID < 0 || n.ID >= len(c.g.Nodes) || c.g.Nodes[n.ID] != n {
			c.report("body %q holds a node that the graph does not list", b.Name)
			continue
		}
		if n.ID <= last {
			c.report("node %d %s: out of order in its body", n.ID, n.Label())
		}
		last = n.ID
		c.next++
		c.node(n, b)
	}
}

// node checks a node and the bodies it holds.
func (c *checker) node(n *Node, b *Body) {
	if n.Body != b {
		c.report("node %d %s: names another body than the one that lists it", n.ID, n.Label())
	}
	if n.Op == "" {
		c.report("node %d: no operator", n.ID)
	}
	for i, v := range n.Inputs {
		if v != nil {
			c.reads(n, i, v, b)
		}
	}
	for _, v := range n.Outputs {
		switch {
		case v == nil:
		case !c.known(v) || v.Producer != n || v.Body != b:
			c.report("node %d %s: an output is no value of its body, or names another producer", n.ID, n.Label())
		default:
			c.listed[v.ID].produced++
		}
	}
	depth := 0
	for call := n.Call; call != nil && depth < maxCalls; call = call.Parent {
		depth++
		for _, v := range call.Inputs {
			if v != nil && !c.known(v) {
				c.report("node %d %s: its call has an argument that is no value of the graph", n.ID, n.Label())
			}
		}
	}
	if depth == maxCalls {
		c.report("node %d %s: its calls have a cycle", n.ID, n.Label())
	}
	c.attrs(n, b)
}

// attrs checks that attributes hold what their types say, and the bodies among them.
func (c *checker) attrs(n *Node, b *Body) {
	for i := range n.Attrs {
		a := &n.Attrs[i]
		if a.Name == "" || (a.Type == AttrGraph) != (a.Body != nil) || (a.Type != AttrGraphs && a.Bodies != nil) ||
			((a.Type == AttrTensor || a.Type == AttrSparseTensor) != (a.Tensor != nil)) {
			c.report("node %d %s: attribute %q does not hold what its type says", n.ID, n.Label(), a.Name)
		}
		for _, t := range a.Tensors {
			if t == nil {
				c.report("node %d %s: attribute %q holds a nil tensor", n.ID, n.Label(), a.Name)
			}
		}
	}
	for _, inner := range n.Bodies() {
		switch {
		case inner == nil:
			c.report("node %d %s: a nil body", n.ID, n.Label())
			continue
		case inner.Owner != n:
			c.report("node %d %s: body %q names another owner", n.ID, n.Label(), inner.Name)
		}
		c.body(inner, b)
	}
}

// reads checks that v exists when n runs: it is no later output of n's body, nor one of an enclosing body that is not
// produced before the node that holds the body n stands in.
func (c *checker) reads(n *Node, slot int, v *Value, b *Body) {
	if !c.known(v) {
		c.report("node %d %s: input %d is no value of the graph", n.ID, n.Label(), slot)
		return
	}
	at := n
	for b != nil && v.Body != b {
		at, b = b.Owner, c.bodies[b]
	}
	switch {
	case b == nil || at == nil:
		c.report("node %d %s: input %q belongs to a body that is not around it", n.ID, n.Label(), v.Name)
	case v.Producer != nil && v.Producer.ID >= at.ID:
		c.report("node %d %s: input %q is produced later", n.ID, n.Label(), v.Name)
	}
}

// value checks where a value comes from and that its body knows it.
func (c *checker) value(v *Value) {
	outer, ok := c.bodies[v.Body]
	if !ok {
		c.report("value %q: its body is none of the graph", v.Name)
		return
	}
	if (v.Producer != nil) == (v.IsInput || v.Init != nil) {
		c.report("value %q: want either a producer or an input or initializer", v.Name)
	}
	at := c.listed[v.ID]
	if v.Producer != nil && at.produced != 1 {
		c.report("value %q: its producer lists it %d times", v.Name, at.produced)
	}
	if v.IsInput && (v.Init == nil || outer != nil) && at.input != 1 {
		c.report("value %q: its body lists it %d times as an input", v.Name, at.input)
	}
	if v.Init != nil && at.init != 1 {
		c.report("value %q: its body lists it %d times as an initializer", v.Name, at.init)
	}
	if v.Init != nil && v.Init.Len() < 0 {
		c.report("value %q: its tensor has the impossible dims %d", v.Name, v.Init.Dims)
	}
	if v.IsOutput && at.output == 0 {
		c.report("value %q: its body does not list it as an output", v.Name)
	}
}

// consumers walks over all input slots in the order of the nodes, a cursor per value.
func (c *checker) consumers() {
	seen := make([]int, len(c.g.Values))
	for _, n := range c.g.Nodes {
		for i, v := range n.Inputs {
			if !c.known(v) {
				continue
			}
			k := seen[v.ID]
			if k >= len(v.Consumers) || v.Consumers[k] != (Use{Node: n, Slot: i}) {
				c.report("value %q: node %d %s reads it, consumer %d does not say so", v.Name, n.ID, n.Label(), k)
			}
			seen[v.ID]++
		}
	}
	for i, v := range c.g.Values {
		if seen[i] < len(v.Consumers) {
			c.report("value %q: %d consumers listed, %d nodes read it", v.Name, len(v.Consumers), seen[i])
		}
	}
}
