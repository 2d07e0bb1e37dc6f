package onnxgo

import (
	"bytes"
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/onnx/internal/wire"
)

// Ordinal is the attribute by which a skeleton numbers its nodes: their place in the file's main graph.
const Ordinal = "__node"

// Skeleton makes a copy of a model that onnx-go can always decode. It keeps nodes, inputs, outputs, and the attributes
// and initializers that onnx-go reads rightly; every node gets the attribute [Ordinal]. It drops subgraphs, functions,
// value_info, documentation, metadata and everything else that onnx-go fails on or does not tell. Initializers that it
// fails on, or that are large, are carried by element type and dims alone, and so are types of inputs and outputs that it
// fails on or gets wrong, but for the names of dims: [Backend.Graph] reads both from initializers it knows. Names that
// are no UTF-8 are repaired.
//
// It fails on malformed messages, and where the main graph has no nodes or no outputs.
func Skeleton(model []byte) ([]byte, error) {
	var out []byte
	graphs := 0
	err := walk(model, func(f *wire.Message) error {
		switch {
		case f.Num == 1 && f.Typ == protowire.VarintType:
			out = append(out, f.Field()...)
		case f.Num == 7 && f.Typ == protowire.BytesType:
			graphs++
			g, err := skeletonGraph(f.Val)
			out = appendBytes(out, 7, g)
			return err
		case f.Num == 8 && f.Typ == protowire.BytesType:
			o, err := project(f.Val, []protowire.Number{1}, 2)
			out = appendBytes(out, 8, o)
			return err
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("skeleton: %w", err)
	case graphs != 1:
		return nil, fmt.Errorf("skeleton: %d graphs, want one", graphs)
	}
	return out, nil
}

// project keeps the string fields of the given numbers and one varint field of a message.
func project(b []byte, strings []protowire.Number, varint protowire.Number) ([]byte, error) {
	var out []byte
	err := walk(b, func(f *wire.Message) error {
		if f.Num == varint && f.Typ == protowire.VarintType {
			out = append(out, f.Field()...)
		}
		for _, num := range strings {
			if v, ok := bytesOf(f, num); ok {
				out = appendBytes(out, num, utf8(v))
			}
		}
		return nil
	})
	return out, err
}

func utf8(b []byte) []byte { return bytes.ToValidUTF8(b, []byte("\uFFFD")) }

// skeletonGraph rewrites a GraphProto.
func skeletonGraph(b []byte) ([]byte, error) {
	var out, carried []byte
	nodes, outputs := 0, 0
	err := walk(b, func(f *wire.Message) error {
		if f.Typ != protowire.BytesType {
			return nil
		}
		var part []byte
		var err error
		num := f.Num
		switch num {
		case 1:
			part, err = skeletonNode(f.Val, nodes)
			nodes++
		case 2:
			part = utf8(f.Val)
		case 5, 15:
			part, err = skeletonInit(f.Val, num == 15)
			num = 5
		case 11, 12:
			var typ []byte
			part, typ, err = skeletonValue(f.Val)
			if typ != nil {
				carried = appendBytes(carried, 5, typ)
			}
			if num == 12 {
				outputs++
			}
		default:
			return nil
		}
		out = appendBytes(out, num, part)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case nodes == 0:
		return nil, errors.New("the graph has no nodes")
	case outputs == 0:
		return nil, errors.New("the graph has no outputs")
	}
	return append(out, carried...), nil
}

// skeletonNode rewrites a NodeProto.
func skeletonNode(b []byte, ordinal int) ([]byte, error) {
	out, err := project(b, []protowire.Number{1, 2, 3, 4, 7}, 0)
	if err != nil {
		return nil, err
	}
	err = walk(b, func(f *wire.Message) error {
		v, ok := bytesOf(f, 5)
		if !ok {
			return nil
		}
		a, err := skeletonAttr(v)
		if a != nil {
			out = appendBytes(out, 5, a)
		}
		return err
	})
	a := appendVarint(appendBytes(nil, 1, []byte(Ordinal)), 3, uint64(ordinal))
	return appendBytes(out, 5, appendVarint(a, 20, uint64(graph.AttrInt))), err
}

// attrFields says which field of AttributeProto carries an attribute of a type, and its wire type. The field of a list
// may be packed.
var attrFields = map[graph.AttrType]struct {
	num protowire.Number
	typ protowire.Type
}{
	graph.AttrFloat: {2, protowire.Fixed32Type}, graph.AttrInt: {3, protowire.VarintType},
	graph.AttrString: {4, protowire.BytesType}, graph.AttrTensor: {5, protowire.BytesType},
	graph.AttrFloats: {7, protowire.Fixed32Type}, graph.AttrInts: {8, protowire.VarintType},
	graph.AttrStrings: {9, protowire.BytesType},
}

// skeletonAttr rewrites an AttributeProto; nil where onnx-go cannot read it. Where the file gives no type, the first
// field that carries a value tells it.
func skeletonAttr(b []byte) ([]byte, error) {
	var name []byte
	var typ, implied graph.AttrType
	drop := false
	err := walk(b, func(f *wire.Message) error {
		switch {
		case f.Num == 1 && f.Typ == protowire.BytesType:
			name = utf8(f.Val)
		case f.Num == 20 && f.Typ == protowire.VarintType:
			typ = graph.AttrType(min(f.N, 255))
		case f.Num == 21:
			drop = true
		case implied == graph.AttrUndefined:
			for t, a := range attrFields {
				if a.num == f.Num {
					implied = t
				}
			}
		}
		return nil
	})
	if typ == graph.AttrUndefined {
		typ = implied
	}
	carrier, ok := attrFields[typ]
	if err != nil || !ok || drop || string(name) == Ordinal {
		return nil, err
	}
	out := appendBytes(nil, 1, name)
	err = walk(b, func(f *wire.Message) error {
		if f.Num != carrier.num {
			return nil
		}
		part, err := attrValue(f, typ, carrier.typ)
		drop = drop || part == nil
		out = append(out, part...)
		return err
	})
	if drop || (typ == graph.AttrTensor && len(out) == len(appendBytes(nil, 1, name))) {
		return nil, err
	}
	return appendVarint(out, 20, uint64(typ)), err
}

// attrValue rewrites the field that carries an attribute; nil where onnx-go cannot read it.
func attrValue(f *wire.Message, typ graph.AttrType, elem protowire.Type) ([]byte, error) {
	switch {
	case typ == graph.AttrTensor && f.Typ == protowire.BytesType:
		t, err := readTensor(f.Val)
		if err != nil || !t.decodable() {
			return nil, err
		}
		return appendBytes(nil, 5, t.encode()), nil
	case typ == graph.AttrFloats || typ == graph.AttrInts:
		f.Numbers(elem, func(uint64) {}) // they are well formed, or the walk ends
		return f.Field(), nil
	case f.Typ != elem:
		return nil, nil
	}
	return f.Field(), nil
}
