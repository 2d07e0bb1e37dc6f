package onnx

import (
	"errors"
	"fmt"

	"github.com/irene-onnx/irene/graph"
)

// frame is one call of a function that is being inlined.
type frame struct {
	outer *frame
	fn    *functionProto
	call  *graph.Call
	attrs map[string]binding
	depth int
}

// binding is an attribute with its subgraphs and the scope whose names those use.
type binding struct {
	attr   graph.Attr
	graphs []*graphProto
	scope  *scope
}

// resolve returns an attribute as it holds in a scope: a reference is replaced by what the call of the function passes
// or its default. It reports false where the attribute is absent.
func (s *scope) resolve(a *graph.Attr, x *attrExtra) (binding, bool) {
	if x.ref == "" {
		return binding{attr: *a, graphs: x.graphs, scope: s}, true
	}
	if s.frame == nil {
		return binding{}, false
	}
	b, ok := s.frame.attrs[x.ref]
	b.attr.Name = a.Name
	return b, ok
}

// inline puts the nodes of a function in the place of a node that calls it. The outputs of the call keep their names.
func (l *linker) inline(fn *functionProto, np *nodeProto, ordinal int, outs []*graph.Value, s *scope) error {
	f := &frame{outer: s.frame, fn: fn, depth: 1}
	if s.frame != nil {
		f.depth = s.frame.depth + 1
	}
	if err := l.checkCall(f, np, outs); err != nil {
		return err
	}
	args, err := l.arguments(np, s)
	if err != nil {
		return err
	}
	f.call = &graph.Call{
		Node: np.name, Domain: fn.id.domain, Function: fn.id.name, Overload: fn.id.overload, Metadata: np.metadata, Inputs: args,
		Ordinal: np.ordinal,
	}
	if s.frame != nil {
		f.call.Parent = s.frame.call
	}
	path := s.prefix + step(np, ordinal)
	if err := l.name(len(path)); err != nil {
		return err
	}
	inner := &scope{
		body: s.body, frame: f, opsets: fn.opsets, depth: s.depth, prefix: l.unique(path) + "/",
		names: make(map[string]*graph.Value, len(fn.inputs)+len(fn.nodes)),
		bound: make(map[string]*graph.Value, len(outs)),
	}
	f.bind(np, s, inner)
	if err := inner.enter(args, outs); err != nil {
		return fmt.Errorf("function %q: %w", fn.id, err)
	}
	if err := l.expand(inner, outs); err != nil {
		return fmt.Errorf("function %q: %w", fn.id, err)
	}
	return nil
}

// checkCall refuses recursion, calls too deep and calls with more arguments than the function has.
func (l *linker) checkCall(f *frame, np *nodeProto, outs []*graph.Value) error {
	fn := f.fn
	for o := f.outer; o != nil; o = o.outer {
		if o.fn == fn {
			return fmt.Errorf("function %q calls itself", fn.id)
		}
	}
	switch {
	case f.depth > l.opts.MaxCallDepth:
		return fmt.Errorf("function %q: calls nested deeper than %d", fn.id, l.opts.MaxCallDepth)
	case len(np.inputs) > len(fn.inputs):
		return fmt.Errorf("%d inputs, function %q takes %d", len(np.inputs), fn.id, len(fn.inputs))
	case len(outs) > len(fn.outputs):
		return fmt.Errorf("%d outputs, function %q returns %d", len(outs), fn.id, len(fn.outputs))
	}
	return l.spend((len(fn.inputs) + len(fn.outputs) + len(fn.values) + len(fn.defaults) + len(np.attrs)) / 8)
}

// bind evaluates the attributes of the call, which may refer to those of the function around it, and adds defaults.
func (f *frame) bind(np *nodeProto, caller, callee *scope) {
	if len(np.attrs)+len(f.fn.defaults) == 0 {
		return
	}
	f.attrs = make(map[string]binding, len(np.attrs)+len(f.fn.defaults))
	add := func(attrs []graph.Attr, extra []attrExtra, s *scope) {
		for i := range attrs {
			b, ok := binding{attr: attrs[i], scope: s}, true
			if len(extra) > 0 && extra[0].index == i {
				b, ok = s.resolve(&attrs[i], &extra[0])
				extra = extra[1:]
			}
			if _, given := f.attrs[attrs[i].Name]; ok && !given {
				f.attrs[attrs[i].Name] = b
			}
		}
	}
	add(np.attrs, np.extra, caller)
	add(f.fn.defaults, f.fn.extra, callee)
}

// enter gives the formal inputs the values of the call, nil where it leaves them out, and binds the outputs.
func (s *scope) enter(args, outs []*graph.Value) error {
	fn := s.frame.fn
	for i, name := range fn.inputs {
		if _, ok := s.names[name]; ok || name == "" {
			return fmt.Errorf("input %q is listed twice", name)
		}
		s.names[name] = nil
		if i < len(args) {
			s.names[name] = args[i]
		}
	}
	for i, v := range outs {
		if _, ok := s.bound[fn.outputs[i]]; !ok && v != nil {
			s.bound[fn.outputs[i]] = v
		}
	}
	return nil
}

// expand links the nodes of the function. An output that is an input, or another output, is copied by an Identity.
func (l *linker) expand(s *scope, outs []*graph.Value) error {
	fn := s.frame.fn
	results, err := l.declare(fn.nodes, s)
	if err != nil {
		return err
	}
	for i := range fn.values {
		if v := s.names[string(fn.values[i].name)]; v != nil && v.Producer == nil && !v.IsInput && v.Init == nil {
			describe(v, &fn.values[i])
		}
	}
	if err := l.body(fn.nodes, results, s); err != nil {
		return err
	}
	for i, to := range outs {
		if to == nil {
			continue
		}
		from, ok := s.names[fn.outputs[i]]
		switch {
		case !ok:
			return fmt.Errorf("output %q: nothing produces it", fn.outputs[i])
		case from == nil:
			return fmt.Errorf("output %q: %w", fn.outputs[i], errLeftOut)
		case from != to:
			l.identity(from, to, s)
		}
	}
	return nil
}

var errLeftOut = errors.New("it is an input that the call leaves out")
