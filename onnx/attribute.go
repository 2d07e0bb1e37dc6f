package onnx

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/onnx/internal/wire"
)

// attribute reads an AttributeProto. IR version 1 has no type field: the field that is set tells the type.
func (p *parser) attribute(b []byte, a *graph.Attr, depth int) (attrExtra, error) {
	x, err := p.attributeFields(b, a, depth)
	if err == nil && a.Name == "" {
		err = errors.New("no name")
	}
	if err != nil {
		return x, fmt.Errorf("attribute %q: %w", p.name(b, 1), err)
	}
	return x, nil
}

func (p *parser) attributeFields(b []byte, a *graph.Attr, depth int) (attrExtra, error) {
	var x attrExtra
	var err error
	var implied graph.AttrType
	declared := int64(-1)
	f := p.message(b)
	for err == nil && f.Next() {
		switch f.Num {
		case 1:
			a.Name = p.intern(f.Bytes())
		case 20:
			declared = f.Varint()
		case 21:
			x.ref = p.str(f.Bytes())
		case 5, 6, 10, 11, 14, 22, 23:
			err = p.attributeMessage(&f, a, &x, depth)
		default:
			p.attributeScalar(&f, a, b)
		}
		if int(f.Num) < len(fieldTypes) && implied == graph.AttrUndefined {
			implied = fieldTypes[f.Num]
		}
	}
	err = cmp.Or(err, f.Err)
	switch {
	case declared > int64(graph.AttrTypeProtos) || declared < -1:
		p.warnings.add("attribute %q has the unknown type %d", a.Name, declared)
	case declared > 0:
		a.Type = graph.AttrType(declared)
	default:
		a.Type = implied
	}
	if err == nil {
		err = x.finish(a)
	}
	return x, err
}

// finish keeps what the type of the attribute calls for, and demands it where nothing else can stand for it.
func (x *attrExtra) finish(a *graph.Attr) error {
	one := x.one
	x.one = nil
	switch a.Type {
	case graph.AttrGraphs:
	case graph.AttrGraph:
		if x.graphs = nil; one != nil {
			x.graphs = []*graphProto{one}
		} else if x.ref == "" {
			return errors.New("its type is GRAPH, but it holds none")
		}
	default:
		x.graphs = nil
	}
	if a.Type != graph.AttrTensor && a.Type != graph.AttrSparseTensor {
		a.Tensor = nil
	} else if a.Tensor == nil && x.ref == "" {
		return errors.New("its type is TENSOR, but it holds none")
	}
	return nil
}

// fieldTypes says which attribute type a field of AttributeProto implies.
var fieldTypes = [...]graph.AttrType{
	2: graph.AttrFloat, 3: graph.AttrInt, 4: graph.AttrString, 5: graph.AttrTensor, 6: graph.AttrGraph,
	7: graph.AttrFloats, 8: graph.AttrInts, 9: graph.AttrStrings, 10: graph.AttrTensors, 11: graph.AttrGraphs,
	14: graph.AttrTypeProto, 15: graph.AttrTypeProtos, 22: graph.AttrSparseTensor, 23: graph.AttrSparseTensors,
}

// attributeScalar reads a number, a string or a list of them.
func (p *parser) attributeScalar(f *wire.Message, a *graph.Attr, b []byte) {
	switch f.Num {
	case 2:
		a.Float = f.Float()
	case 3:
		a.Int = f.Varint()
	case 4:
		a.Str = p.str(f.Bytes())
		p.noteLong(f, a)
	case 7:
		if a.Floats == nil {
			a.Floats = p.floats.take(p.scalars(b, 7, 32))[:0]
		}
		a.Floats = f.Floats(a.Floats)
	case 8:
		if a.Ints == nil {
			a.Ints = p.intLists.take(p.scalars(b, 8, 0))[:0]
		}
		a.Ints = f.Ints(a.Ints)
	case 9:
		a.Strs = append(a.Strs, p.str(f.Bytes()))
		p.noteLong(f, a)
	}
}

// noteLong notes that a string of an attribute was left out.
func (p *parser) noteLong(f *wire.Message, a *graph.Attr) {
	if hole, ok := p.leftOut(f); ok {
		a.Elided = true
		p.warnings.add("attribute %q holds a string of %d bytes, which is not read", a.Name, hole.n)
	}
}

// scalars counts the elements of a repeated scalar field of a message; 0 where the message is malformed.
func (p *parser) scalars(b []byte, num int, width int) int {
	n := 0
	f := p.message(b)
	for f.Next() {
		if int(f.Num) == num {
			n += f.Elements(width)
		}
	}
	if f.Err != nil {
		return 0
	}
	return n
}

// attributeMessage reads a value that is a message of its own.
func (p *parser) attributeMessage(f *wire.Message, a *graph.Attr, x *attrExtra, depth int) error {
	b := f.Bytes()
	if f.Err != nil {
		return nil
	}
	var err error
	var t *graph.Tensor
	switch f.Num {
	case 5:
		a.Tensor, _, err = p.tensor(b)
	case 6:
		x.one, err = p.graph(b, depth+1)
	case 11:
		var g *graphProto
		g, err = p.graph(b, depth+1)
		x.graphs = append(x.graphs, g)
	case 10:
		t, _, err = p.tensor(b)
		a.Tensors = append(a.Tensors, t)
	case 14:
		a.TypeVal = &graph.Type{}
		err = p.typ(b, a.TypeVal, true, 0)
	case 22:
		a.Tensor, err = p.sparse(b)
	case 23:
		t, err = p.sparse(b)
		a.Tensors = append(a.Tensors, t)
	}
	return err
}
