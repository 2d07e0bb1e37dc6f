package onnx

import (
	"cmp"
	"fmt"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/onnx/internal/wire"
)

// functionProto is a FunctionProto as parsed.
type functionProto struct {
	id       functionID
	inputs   []string
	outputs  []string
	defaults []graph.Attr // attribute_proto
	extra    []attrExtra  // of defaults
	nodes    []nodeProto
	values   []valueProto // value_info, without symbolic dimensions
	opsets   map[string]int64
}

// functionID identifies a model-local function (ONNX IR specification, "Functions").
type functionID struct{ domain, name, overload string }

func (id functionID) String() string {
	s := id.name
	if id.domain != "" {
		s = id.domain + ":" + s
	}
	if id.overload != "" {
		s += ":" + id.overload
	}
	return s
}

// function reads a FunctionProto.
func (p *parser) function(b []byte) (functionProto, error) {
	fn := functionProto{opsets: map[string]int64{}}
	p.inFunction = true
	err := p.functionFields(b, &fn)
	p.inFunction = false
	if err == nil && fn.id.name == "" {
		err = errNoName
	}
	if err != nil {
		return fn, fmt.Errorf("function %q: %w", p.name(b, 1), err)
	}
	return fn, nil
}

func (p *parser) functionFields(b []byte, fn *functionProto) error {
	f := p.message(b)
	var c wire.Counts
	if f.Count(&c) {
		if err := p.spend(c[7] + (c[4]+c[5]+c[11]+c[12])/4); err != nil {
			return err
		}
		fn.inputs = p.strLists.take(c[4])[:0]
		fn.outputs = p.strLists.take(c[5])[:0]
		fn.nodes = make([]nodeProto, 0, c[7])
		fn.values = make([]valueProto, 0, c[12])
	}
	var err error
	for err == nil && f.Next() {
		switch f.Num {
		case 1:
			fn.id.name = p.intern(f.Bytes())
		case 4:
			fn.inputs = append(fn.inputs, p.str(f.Bytes()))
		case 5:
			fn.outputs = append(fn.outputs, p.str(f.Bytes()))
		case 7:
			fn.nodes = append(fn.nodes, nodeProto{})
			err = p.node(f.Bytes(), &fn.nodes[len(fn.nodes)-1], 0)
		case 9:
			err = p.opset(f.Bytes(), fn.opsets)
		case 10:
			fn.id.domain = p.domain(f.Bytes())
		case 11:
			fn.defaults = append(fn.defaults, graph.Attr{})
			at := len(fn.defaults) - 1
			var x attrExtra
			if x, err = p.attribute(f.Bytes(), &fn.defaults[at], 0); x.ref != "" || x.graphs != nil {
				x.index = at
				fn.extra = append(fn.extra, x)
			}
		case 12:
			fn.values, err = p.value(f.Bytes(), fn.values, false)
		case 13:
			fn.id.overload = p.intern(f.Bytes())
		}
	}
	return cmp.Or(err, f.Err)
}
