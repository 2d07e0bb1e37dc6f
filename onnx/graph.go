package onnx

import (
	"cmp"
	"fmt"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/onnx/internal/wire"
)

// graphProto is a GraphProto as parsed.
type graphProto struct {
	name    string
	nodes   []nodeProto
	inits   []initProto
	inputs  []valueProto
	outputs []valueProto
	values  []valueProto // value_info
}

// initProto is an initializer, dense or sparse.
type initProto struct {
	tensor   *graph.Tensor
	metadata []graph.Property
}

// graph reads a GraphProto; depth is the number of graphs around it.
func (p *parser) graph(b []byte, depth int) (*graphProto, error) {
	g := &graphProto{}
	if depth > p.opts.MaxNesting {
		return nil, fmt.Errorf("subgraphs nested deeper than %d", p.opts.MaxNesting)
	}
	if err := p.graphFields(b, g, depth); err != nil {
		return nil, fmt.Errorf("graph %q: %w", p.name(b, 2), err)
	}
	return g, nil
}

func (p *parser) graphFields(b []byte, g *graphProto, depth int) error {
	f := p.message(b)
	var c wire.Counts
	if f.Count(&c) {
		if err := p.spend(c[1] + (c[5]+c[11]+c[12]+c[13]+c[15])/4); err != nil {
			return err
		}
		g.nodes = make([]nodeProto, 0, c[1])
		g.inits = make([]initProto, 0, c[5]+c[15])
		g.inputs = make([]valueProto, 0, c[11])
		g.outputs = make([]valueProto, 0, c[12])
		g.values = make([]valueProto, 0, c[13])
	}
	var err error
	for err == nil && f.Next() {
		switch f.Num {
		case 1:
			g.nodes = append(g.nodes, nodeProto{})
			err = p.node(f.Bytes(), &g.nodes[len(g.nodes)-1], depth)
		case 2:
			g.name = p.str(f.Bytes())
		case 5:
			g.inits = append(g.inits, initProto{})
			err = p.initializer(f.Bytes(), &g.inits[len(g.inits)-1])
		case 11:
			g.inputs, err = p.value(f.Bytes(), g.inputs, true)
			if err == nil && len(g.inputs[len(g.inputs)-1].name) == 0 {
				err = fmt.Errorf("input %d: %w", len(g.inputs)-1, errNoName)
			}
		case 12:
			g.outputs, err = p.value(f.Bytes(), g.outputs, true)
		case 13:
			g.values, err = p.value(f.Bytes(), g.values, true)
		case 15:
			g.inits = append(g.inits, initProto{})
			g.inits[len(g.inits)-1].tensor, err = p.sparse(f.Bytes())
		}
	}
	return cmp.Or(err, f.Err)
}

// spend counts nodes, and long lists by their length, against the limit on nodes before they are allocated: messages
// may be empty, two bytes of the file each.
func (p *parser) spend(n int) error {
	if p.spent += n; p.spent > p.opts.MaxNodes {
		return fmt.Errorf("more than %d nodes", p.opts.MaxNodes)
	}
	return nil
}
