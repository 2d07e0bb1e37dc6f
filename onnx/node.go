package onnx

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/onnx/internal/wire"
)

// nodeProto is a NodeProto as parsed. Input names alias the file: they are only looked up.
type nodeProto struct {
	name, op, domain, overload string
	inputs                     [][]byte
	outputs                    []string
	attrs                      []graph.Attr
	extra                      []attrExtra
	metadata                   []graph.Property
	ordinal                    int // see graph.Node
}

// attrExtra is what an attribute holds besides plain values: subgraphs, which are linked where the node stands, or a
// reference to an attribute of the function around.
type attrExtra struct {
	index  int // in attrs
	ref    string
	graphs []*graphProto
	one    *graphProto // value of the field g, until the type is known
}

// label is how messages call the node: `node "/enc/MatMul" (MatMul)`.
func label(name, op string) string { return fmt.Sprintf("node %q (%s)", clip(name), clip(op)) }

const maxShown = 200

// clip shortens names that would drown a message.
func clip(s string) string {
	if len(s) > maxShown {
		return s[:maxShown] + "…"
	}
	return s
}

// node reads a NodeProto; depth is that of the graph it stands in.
func (p *parser) node(b []byte, n *nodeProto, depth int) error {
	n.ordinal = p.ordinal()
	err := p.nodeFields(b, n, depth)
	if err == nil && n.op == "" {
		err = errors.New("no op_type")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", label(p.name(b, 3), p.name(b, 4)), err)
	}
	return nil
}

func (p *parser) nodeFields(b []byte, n *nodeProto, depth int) error {
	f := p.message(b)
	var c wire.Counts
	if !f.Count(&c) {
		c = wire.Counts{}
	}
	if err := p.spend((c[1]+c[2]+c[9])/8 + c[5]/2); err != nil {
		return err
	}
	n.inputs = p.byteLists.take(c[1])[:0]
	n.outputs = p.strLists.take(c[2])[:0]
	n.attrs = p.attrs.take(c[5])[:0]
	n.metadata = p.props.take(c[9])[:0]
	var err error
	for err == nil && f.Next() {
		switch f.Num {
		case 1:
			n.inputs = append(n.inputs, f.Bytes())
		case 2:
			n.outputs = append(n.outputs, p.str(f.Bytes()))
		case 3:
			n.name = p.str(f.Bytes())
		case 4:
			n.op = p.intern(f.Bytes())
		case 5:
			n.attrs = append(n.attrs, graph.Attr{})
			at := len(n.attrs) - 1
			var x attrExtra
			if x, err = p.attribute(f.Bytes(), &n.attrs[at], depth); x.ref != "" || x.graphs != nil {
				x.index = at
				n.extra = append(n.extra, x)
			}
		case 7:
			n.domain = p.domain(f.Bytes())
		case 8:
			n.overload = p.intern(f.Bytes())
		case 9:
			n.metadata, err = p.property(f.Bytes(), n.metadata)
		}
	}
	return cmp.Or(err, f.Err)
}

// ordinal counts the nodes of the graph, each before those of its subgraphs. Nodes of functions have none.
func (p *parser) ordinal() int {
	if p.inFunction {
		return -1
	}
	p.ordinals++
	return p.ordinals - 1
}
