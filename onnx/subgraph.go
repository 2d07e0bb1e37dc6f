package onnx

import (
	"fmt"
	"strconv"

	"github.com/irene-onnx/irene/graph"
)

// step is the part a node adds to the path of what stands inside it.
func step(np *nodeProto, ordinal int) string {
	if np.name != "" {
		return np.name
	}
	return np.op + "_" + strconv.Itoa(ordinal)
}

// attributes gives a node its attributes: shared with every instance of a function body unless they hold subgraphs or
// refer to attributes of the function.
func (l *linker) attributes(np *nodeProto, n *graph.Node, ordinal int, s *scope) error {
	if len(np.extra) == 0 {
		n.Attrs = np.attrs
		return nil
	}
	if err := l.spend(len(np.attrs) / 16); err != nil {
		return err
	}
	out := l.attrs.take(len(np.attrs))[:0]
	extra := np.extra
	for i := range np.attrs {
		a := binding{attr: np.attrs[i], scope: s}
		if len(extra) > 0 && extra[0].index == i {
			var ok bool
			if a, ok = s.resolve(&np.attrs[i], &extra[0]); !ok {
				extra = extra[1:]
				continue
			}
			extra = extra[1:]
		}
		out = append(out, a.attr)
		if a.graphs == nil {
			continue
		}
		if err := l.subgraphs(&out[len(out)-1], a, n, s.prefix+step(np, ordinal)+"/", s); err != nil {
			return fmt.Errorf("attribute %q: %w", a.attr.Name, err)
		}
	}
	n.Attrs = out
	return nil
}

// subgraphs links the graphs of an attribute as bodies of node n, which stands in scope at; their names belong to the
// scope where the attribute was written.
func (l *linker) subgraphs(a *graph.Attr, b binding, n *graph.Node, prefix string, at *scope) error {
	if at.depth >= l.opts.MaxNesting {
		return fmt.Errorf("subgraphs nested deeper than %d", l.opts.MaxNesting)
	}
	for i, gp := range b.graphs {
		tag := prefix + a.Name
		if a.Type == graph.AttrGraphs {
			tag += "[" + strconv.Itoa(i) + "]"
		}
		inner := &scope{
			outer: b.scope, frame: b.scope.frame, opsets: b.scope.opsets, depth: at.depth + 1, prefix: l.unique(tag) + ":",
		}
		body, err := l.graph(gp, inner, n)
		if err != nil {
			return err
		}
		if a.Type == graph.AttrGraphs {
			a.Bodies = append(a.Bodies, body)
		} else {
			a.Body = body
		}
	}
	return nil
}

// outputs resolves the outputs of a body. A value of an enclosing graph gets a name of its own by an Identity.
func (l *linker) outputs(gp *graphProto, s *scope) error {
	b := s.body
	b.Outputs = make([]*graph.Value, 0, len(gp.outputs))
	for i := range gp.outputs {
		name := gp.outputs[i].name
		v, ok := s.names[string(name)]
		if !ok && s.outer != nil {
			if outer, _ := s.lookup(name); outer != nil {
				var err error
				if v, err = l.define(string(name), s); err != nil {
					return fmt.Errorf("output %q: %w", name, err)
				}
				describe(v, &gp.outputs[i])
				l.identity(outer, v, s)
			}
		}
		if v == nil {
			return fmt.Errorf("output %q: nothing produces it", name)
		}
		v.IsOutput = true
		b.Outputs = append(b.Outputs, v)
	}
	return nil
}

// identity makes a node that copies one value to another.
func (l *linker) identity(from, to *graph.Value, s *scope) {
	n := &l.nodes.take(1)[0]
	n.Op, n.Opset, n.Body, n.Ordinal = "Identity", l.opset("", s), s.body, -1
	both := l.valueBy.take(2)
	both[0], both[1] = from, to
	n.Inputs, n.Outputs = both[:1:1], both[1:]
	if s.frame != nil {
		n.Call = s.frame.call
	}
	to.Producer = n
	s.body.Nodes = append(s.body.Nodes, n)
}
