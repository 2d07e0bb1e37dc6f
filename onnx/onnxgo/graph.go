package onnxgo

import (
	"errors"
	"fmt"
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// Graph builds the graph of the model that filled the backend. The nodes stand in the order of the file wherever it puts
// producers before consumers; they have no names. It may be called again, with other options.
func (b *Backend) Graph(opts ...Option) (*graph.Graph, error) {
	s := newSettings(opts)
	switch {
	case b.err != nil:
		return nil, fmt.Errorf("onnx-go: %w", b.err)
	case len(b.ops) == 0:
		return nil, errors.New("onnx-go: the backend holds no model")
	}
	v, err := b.inventory(s)
	if err != nil {
		return nil, fmt.Errorf("onnx-go: %w", err)
	}
	body := &graph.Body{}
	l := &linker{
		s: s, v: v, values: map[string]*graph.Value{},
		g: &graph.Graph{Opsets: map[string]int64{"": s.opset}, Main: body},
	}
	for _, domain := range s.domains {
		l.g.Opsets[domain] = max(l.g.Opsets[domain], 1)
	}
	if err := l.link(b.ops); err != nil {
		return nil, fmt.Errorf("onnx-go: %w", err)
	}
	if err := graph.CheckValid(l.g); err != nil {
		return nil, fmt.Errorf("onnx-go: %w", err)
	}
	return l.g, nil
}

// linker joins the nodes of onnx-go by their names to values.
type linker struct {
	s      *settings
	v      *inventory
	g      *graph.Graph
	values map[string]*graph.Value
}

func (l *linker) warnf(format string, args ...any) {
	l.g.Warnings = append(l.g.Warnings, fmt.Sprintf(format, args...))
}

// link is the table of contents: values that are declared, operations with their outputs, what they read, outputs.
func (l *linker) link(ops []operation) error {
	for _, name := range l.v.inputs {
		if _, err := l.input(name); err != nil {
			return err
		}
	}
	for _, name := range l.v.initOrder {
		v, err := l.define(name)
		if err != nil {
			return err
		}
		v.Init = l.v.inits[name]
		l.g.Main.Inits = append(l.g.Main.Inits, v)
	}
	for i := range ops {
		if err := l.operation(&ops[i]); err != nil {
			return fmt.Errorf("operator %d (%s): %w", i, ops[i].Name, err)
		}
	}
	for i := range ops {
		if err := l.arguments(l.g.Main.Nodes[i], &ops[i]); err != nil {
			return fmt.Errorf("operator %d (%s): %w", i, ops[i].Name, err)
		}
	}
	for _, name := range l.v.outputs {
		v := l.values[name]
		if v == nil {
			return fmt.Errorf("output %q: nothing produces it", name)
		}
		v.IsOutput = true
		l.g.Main.Outputs = append(l.g.Main.Outputs, v)
	}
	sorted, cycle := l.g.Order()
	switch {
	case cycle != nil:
		return fmt.Errorf("operator %s: it needs its own output: the graph has a cycle", cycle.Op)
	case len(sorted) > 0:
		l.warnf("the nodes are not in topological order; they were sorted")
	}
	return nil
}

// define makes a value.
func (l *linker) define(name string) (*graph.Value, error) {
	if name == "" {
		return nil, errors.New("a value without a name")
	}
	if l.values[name] != nil {
		return nil, fmt.Errorf("value %q is defined twice", name)
	}
	v := &graph.Value{ID: len(l.g.Values), Name: name, Local: name, Body: l.g.Main, Type: l.v.types[name]}
	if l.s.open[name] {
		v.Type.Shape = nil
	}
	if t, ok := l.s.types[name]; ok {
		v.Type = t
	}
	l.values[name] = v
	l.g.Values = append(l.g.Values, v)
	return v, nil
}

// input makes a value that the graph takes.
func (l *linker) input(name string) (*graph.Value, error) {
	v, err := l.define(name)
	if err != nil {
		return nil, fmt.Errorf("input: %w", err)
	}
	v.IsInput = true
	l.g.Main.Inputs = append(l.g.Main.Inputs, v)
	_, given := l.s.types[name]
	switch {
	case given:
	case l.s.open[name]:
		l.warnf("input %q: onnx-go loses dims without a size; its shape is unknown", name)
	case v.Type.Kind == graph.KindTensor && !l.s.trusted:
		l.warnf("input %q: its shape %v lacks the dims that have no size in the file, if any: onnx-go loses them", name, v.Type.Shape)
	}
	return v, nil
}

// operation makes the node of an operation and its outputs.
func (l *linker) operation(o *operation) error {
	n := &graph.Node{Op: o.Name, Domain: l.s.domains[o.Name], Body: l.g.Main}
	n.Opset = l.g.Opsets[n.Domain]
	var err error
	if n.Attrs, err = attributes(o.Attributes); err != nil {
		return err
	}
	for _, out := range o.outs {
		var v *graph.Value
		if out.name != "" {
			if v, err = l.define(out.name); err != nil {
				return err
			}
			v.Producer = n
		}
		n.Outputs = append(n.Outputs, v)
	}
	l.g.Main.Nodes = append(l.g.Main.Nodes, n)
	return nil
}

// arguments looks up what a node reads. A value that nothing defines is an input: an initializer that onnx-go does not
// see, as sparse ones, is such.
func (l *linker) arguments(n *graph.Node, o *operation) error {
	if o.fake && (o.ins[0].repeated || l.values[o.ins[0].name] == nil) {
		return nil
	}
	for slot, in := range o.ins {
		if in == nil {
			return fmt.Errorf("input %d was never set", slot)
		}
		if in.name == "" {
			n.Inputs = append(n.Inputs, nil)
			continue
		}
		v := l.values[in.name]
		if v == nil {
			var err error
			if v, err = l.input(in.name); err != nil {
				return err
			}
			l.warnf("value %q: nothing produces it; it is taken as an input", strings.ToValidUTF8(in.name, "?"))
		}
		n.Inputs = append(n.Inputs, v)
	}
	return nil
}
