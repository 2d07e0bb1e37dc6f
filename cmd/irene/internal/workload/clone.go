package workload

import (
	"fmt"
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// cloner puts copies of a graph's nodes into the graph.
type cloner struct {
	g      *graph.Graph
	nodes  []*graph.Node  // of the graph as it was
	inputs []*graph.Value // likewise
	values []*graph.Value
	copies []map[string]string // of every copy: names of the inputs in it, by their names in the original
}

func newCloner(g *graph.Graph) *cloner {
	return &cloner{g: g, nodes: slices.Clone(g.Main.Nodes), inputs: slices.Clone(g.Main.Inputs), values: slices.Clone(g.Values)}
}

// copyAll adds a copy of everything, with inputs, weights and outputs of its own.
func (c *cloner) copyAll(i int) {
	suffix := fmt.Sprintf("#%d", i)
	to := map[*graph.Value]*graph.Value{}
	names := map[string]string{}
	for _, v := range c.inputs {
		w := c.value(v, suffix, c.g.Main)
		to[v] = w
		names[v.Name] = w.Name
		c.g.Main.Inputs = append(c.g.Main.Inputs, w)
	}
	for _, n := range c.nodes {
		c.node(n, suffix, c.g.Main, to, true)
	}
	c.copies = append(c.copies, names)
}

// repeat adds copies of one node that read what it reads, but have weights of their own. Their outputs are outputs of the
// graph, so that nothing takes them for superfluous.
func (c *cloner) repeat(of *graph.Node, times int) {
	for _, n := range c.nodes {
		if n.Op != of.Op || !sameOutputs(n, of) {
			continue
		}
		for i := range times {
			to := map[*graph.Value]*graph.Value{}
			for _, v := range n.Inputs {
				if v != nil && v.Init == nil {
					to[v] = v
				}
			}
			m := c.node(n, fmt.Sprintf("#r%d", i), c.g.Main, to, true)
			for _, v := range m.Outputs {
				if v != nil && !v.IsOutput {
					v.IsOutput = true
					c.g.Main.Outputs = append(c.g.Main.Outputs, v)
				}
			}
		}
		return
	}
}

// sameOutputs recognises a node in the graph that it was cut out of.
func sameOutputs(a, b *graph.Node) bool {
	return slices.EqualFunc(a.Outputs, b.Outputs, func(v, w *graph.Value) bool {
		return (v == nil) == (w == nil) && (v == nil || v.Name == w.Name)
	})
}

// value adds a copy of a value to a body.
func (c *cloner) value(v *graph.Value, suffix string, in *graph.Body) *graph.Value {
	w := *v
	w.ID, w.Name, w.Body, w.Producer, w.Consumers = len(c.g.Values), v.Name+suffix, in, nil, nil
	w.Local = w.Name
	c.g.Values = append(c.g.Values, &w)
	return &w
}

// resolve is the value that a copy reads in the place of v: what is stored is copied as well, what a copied node makes is
// in the map, and all else is shared.
func (c *cloner) resolve(v *graph.Value, suffix string, to map[*graph.Value]*graph.Value) *graph.Value {
	if w, ok := to[v]; ok || v == nil {
		return w
	}
	if v.Init == nil || v.Body != c.g.Main {
		return v
	}
	w := c.value(v, suffix, c.g.Main)
	to[v] = w
	c.g.Main.Inits = append(c.g.Main.Inits, w)
	return w
}

// node adds a copy of a node to a body.
func (c *cloner) node(n *graph.Node, suffix string, in *graph.Body, to map[*graph.Value]*graph.Value, main bool) *graph.Node {
	m := *n
	m.ID, m.Body, m.Name = len(c.g.Nodes), in, n.Name+suffix
	c.g.Nodes = append(c.g.Nodes, &m)
	m.Inputs, m.Outputs, m.Attrs = make([]*graph.Value, len(n.Inputs)), make([]*graph.Value, len(n.Outputs)), slices.Clone(n.Attrs)
	for i, v := range n.Inputs {
		m.Inputs[i] = c.resolve(v, suffix, to)
	}
	for i := range m.Attrs {
		at := &m.Attrs[i]
		if at.Body != nil {
			at.Body = c.body(at.Body, &m, suffix, to)
		}
		at.Bodies = slices.Clone(at.Bodies)
		for k := range at.Bodies {
			at.Bodies[k] = c.body(at.Bodies[k], &m, suffix, to)
		}
	}
	for i, v := range n.Outputs {
		if v == nil {
			continue
		}
		w := c.value(v, suffix, in)
		w.Producer = &m
		to[v], m.Outputs[i] = w, w
		if main && v.IsOutput {
			c.g.Main.Outputs = append(c.g.Main.Outputs, w)
		}
	}
	in.Nodes = append(in.Nodes, &m)
	return &m
}

// body copies a subgraph.
func (c *cloner) body(b *graph.Body, owner *graph.Node, suffix string, to map[*graph.Value]*graph.Value) *graph.Body {
	out := &graph.Body{Name: b.Name, Owner: owner}
	for _, list := range []struct {
		from []*graph.Value
		into *[]*graph.Value
	}{{b.Inputs, &out.Inputs}, {b.Inits, &out.Inits}} {
		for _, v := range list.from {
			if to[v] == nil {
				to[v] = c.value(v, suffix, out)
			}
			*list.into = append(*list.into, to[v])
		}
	}
	for _, n := range b.Nodes {
		c.node(n, suffix, out, to, false)
	}
	for _, v := range b.Outputs {
		out.Outputs = append(out.Outputs, c.resolve(v, suffix, to))
	}
	return out
}
