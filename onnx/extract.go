package onnx

import (
	"errors"
	"fmt"
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// Extraction says how Extract cuts nodes out of a graph.
type Extraction struct {
	Name string // of the new graph
	// Type is the type with which an input, an output or a value in between is declared; nil: that of the graph.
	Type func(*graph.Value) graph.Type
	// Open reports whether an initializer becomes an input, to be given when the model runs; nil: none does.
	Open func(*graph.Value) bool
}

// Extract makes a graph of some nodes of another one, with the subgraphs they hold. What they read of others becomes an
// input; initializers come along, external ones as references; so do Constant nodes, which others may read too. What
// others read, what the graph returns and what nobody reads becomes an output. The result shares tensors with g.
func Extract(g *graph.Graph, nodes []*graph.Node, x Extraction) (*graph.Graph, error) {
	e := newExtractor(g, nodes, x)
	if len(e.nodes) == 0 {
		return nil, errors.New("no nodes to extract")
	}
	e.out.Main = &graph.Body{Name: x.Name}
	if e.copyNodes(); e.err != nil {
		return nil, fmt.Errorf("%s: %w", g.File, e.err)
	}
	if sorted, cycle := e.out.Order(); len(sorted) > 0 || cycle != nil {
		return nil, fmt.Errorf("%s: the nodes read what others make of them", g.File)
	}
	return e.out, nil
}

// Repeat adds a copy of nodes of a graph's main body to the graph, with the subgraphs they hold. Names of the copy end in a
// suffix. Its weights and outputs are its own; so are its inputs, unless it is to read the values that the nodes read.
func Repeat(g *graph.Graph, nodes []*graph.Node, suffix string, sameInputs bool) error {
	e := &extractor{inside: make([]bool, len(g.Nodes)), values: map[*graph.Value]*graph.Value{}, out: g, suffix: suffix, nodes: nodes}
	e.mark(g, nodes)
	if sameInputs {
		for _, v := range g.Values {
			if v.Init == nil && v.Body == g.Main && !e.own(v) {
				e.values[v] = v
			}
		}
	}
	if e.copyNodes(); e.err != nil {
		return fmt.Errorf("%s: %w", g.File, e.err)
	}
	if _, cycle := g.Order(); cycle != nil {
		return fmt.Errorf("%s: the copied nodes read what others make of them", g.File)
	}
	return nil
}

type extractor struct {
	Extraction
	suffix string        // of names
	nodes  []*graph.Node // of the new main body, in graph order
	inside []bool        // by Node.ID: comes along
	values map[*graph.Value]*graph.Value
	out    *graph.Graph
	err    error
}

func newExtractor(g *graph.Graph, nodes []*graph.Node, x Extraction) *extractor {
	e := &extractor{
		Extraction: x, inside: make([]bool, len(g.Nodes)), values: map[*graph.Value]*graph.Value{},
		out: &graph.Graph{
			File: g.File, Producer: g.Producer, ProducerVersion: g.ProducerVersion,
			IRVersion: max(g.IRVersion, 4), // before 4, initializers were inputs
			Opsets:    map[string]int64{},
		},
	}
	e.mark(g, nodes)
	for _, n := range g.Nodes {
		if e.inside[n.ID] {
			e.constants(n)
		}
	}
	for _, n := range g.Nodes {
		if e.inside[n.ID] && !e.around(n) {
			e.nodes = append(e.nodes, n)
		}
	}
	return e
}

// mark notes that nodes come along, and those of their subgraphs.
func (e *extractor) mark(g *graph.Graph, nodes []*graph.Node) {
	for _, n := range nodes {
		e.inside[n.ID] = true
	}
	for _, n := range g.Nodes {
		e.inside[n.ID] = e.inside[n.ID] || e.around(n)
	}
}

// around reports whether a node stands in a subgraph of one that comes along.
func (e *extractor) around(n *graph.Node) bool {
	return n.Body.Owner != nil && e.inside[n.Body.Owner.ID]
}

// copyNodes copies the nodes into the main body, with inputs and outputs.
func (e *extractor) copyNodes() {
	main := e.out.Main
	for _, n := range e.nodes {
		e.inputs(n, main)
	}
	for _, n := range e.nodes {
		e.node(n, main)
	}
	for _, n := range e.nodes {
		for _, v := range n.Outputs {
			if v != nil && e.returned(v) {
				to := e.values[v]
				to.IsOutput = true
				main.Outputs = append(main.Outputs, to)
			}
		}
	}
}

// constants takes along the constants that a node reads.
func (e *extractor) constants(n *graph.Node) {
	for _, v := range n.Inputs {
		if v != nil && v.Producer != nil && v.Producer.Op == "Constant" && v.Producer.Domain == "" {
			e.inside[v.Producer.ID] = true
		}
	}
}

// value copies a value into a body of the new graph.
func (e *extractor) value(v *graph.Value, to *graph.Body) *graph.Value {
	out := &graph.Value{ID: len(e.out.Values), Name: v.Name + e.suffix, Local: v.Local + e.suffix, Type: v.Type, Body: to, Metadata: v.Metadata}
	if to.Owner == nil {
		out.Local = out.Name
	}
	if e.Type != nil {
		out.Type = e.Type(v)
	}
	e.out.Values = append(e.out.Values, out)
	e.values[v] = out
	return out
}

// inputs makes inputs and initializers of what a node, and the subgraphs it holds, read of the graph around.
func (e *extractor) inputs(n *graph.Node, main *graph.Body) {
	for _, v := range n.Inputs {
		if v == nil || e.values[v] != nil || e.own(v) {
			continue
		}
		to := e.value(v, main)
		if v.Init != nil && (e.Open == nil || !e.Open(v)) {
			to.Init = v.Init
			main.Inits = append(main.Inits, to)
			continue
		}
		to.IsInput = true
		if to.Type.Kind == graph.KindUnknown && v.Init != nil {
			to.Type = graph.Type{Kind: graph.KindTensor, DType: v.Init.DType, Shape: graph.Consts(v.Init.Dims...)}
		}
		main.Inputs = append(main.Inputs, to)
	}
	for _, b := range n.Bodies() {
		for _, inner := range b.Nodes {
			e.inputs(inner, main)
		}
	}
}

// own reports whether a value is made by a node that comes along, or belongs to a subgraph of one.
func (e *extractor) own(v *graph.Value) bool {
	if v.Producer != nil {
		return e.inside[v.Producer.ID]
	}
	return v.Body.Owner != nil && e.inside[v.Body.Owner.ID]
}

// node copies a node into a body of the new graph.
func (e *extractor) node(n *graph.Node, to *graph.Body) {
	out := &graph.Node{
		Name: n.Name + e.suffix, Domain: n.Domain, Op: n.Op, Opset: max(n.Opset, 1), Overload: n.Overload, Metadata: n.Metadata, Body: to, Ordinal: -1,
		Inputs: make([]*graph.Value, len(n.Inputs)), Outputs: make([]*graph.Value, len(n.Outputs)), Attrs: slices.Clone(n.Attrs),
	}
	if v, ok := e.out.Opsets[n.Domain]; ok && v != out.Opset && e.err == nil {
		e.err = fmt.Errorf("%s: it rests on version %d of domain %q, other nodes on %d", label(n.Name, n.Op), out.Opset, n.Domain, v)
	}
	e.out.Opsets[n.Domain] = out.Opset
	for i, v := range n.Inputs {
		if v != nil {
			out.Inputs[i] = e.values[v]
		}
	}
	for i := range out.Attrs {
		a := &out.Attrs[i]
		if a.Body != nil {
			a.Body = e.body(a.Body, out)
		}
		a.Bodies = slices.Clone(a.Bodies)
		for k := range a.Bodies {
			a.Bodies[k] = e.body(a.Bodies[k], out)
		}
	}
	for i, v := range n.Outputs {
		if v != nil {
			out.Outputs[i] = e.value(v, to)
			out.Outputs[i].Producer = out
		}
	}
	to.Nodes = append(to.Nodes, out)
}

// body copies a subgraph.
func (e *extractor) body(b *graph.Body, owner *graph.Node) *graph.Body {
	out := &graph.Body{Name: b.Name, Owner: owner}
	for _, v := range b.Inputs {
		to := e.value(v, out)
		to.IsInput, to.Init = true, v.Init
		out.Inputs = append(out.Inputs, to)
	}
	for _, v := range b.Inits {
		to := e.values[v]
		if to == nil {
			to = e.value(v, out)
			to.Init, to.IsInput = v.Init, v.IsInput
		}
		out.Inits = append(out.Inits, to)
	}
	for _, n := range b.Nodes {
		e.node(n, out)
	}
	for _, v := range b.Outputs {
		to := e.values[v]
		to.IsOutput = true
		out.Outputs = append(out.Outputs, to)
	}
	return out
}

// returned reports whether a value of the new main body is one of its outputs.
func (e *extractor) returned(v *graph.Value) bool {
	if v.IsOutput || len(v.Consumers) == 0 {
		return true
	}
	if v.Producer.Op == "Constant" {
		return false
	}
	return slices.ContainsFunc(v.Consumers, func(u graph.Use) bool { return !e.inside[u.Node.ID] })
}
