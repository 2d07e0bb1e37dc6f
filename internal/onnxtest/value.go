package onnxtest

import (
	"fmt"

	"github.com/irene-onnx/irene/graph"
)

// NoShape as the only dimension stands for a tensor of unknown rank.
const NoShape = "\x00no shape"

// In is an input of a graph. A dimension is an int, a string (a symbol or an expression) or nil (unknown); without any
// the value is a scalar.
func In(name string, t graph.DType, dims ...any) Part {
	return Part{at: fields{inGraph: 11}, body: valueInfo(name, tensorType(t, dims))}
}

// Out is an output of a graph; dimensions as for In.
func Out(name string, t graph.DType, dims ...any) Part {
	return Part{at: fields{inGraph: 12}, body: valueInfo(name, tensorType(t, dims))}
}

// Info is a value_info of a graph or function; dimensions as for In.
func Info(name string, t graph.DType, dims ...any) Part {
	return Part{at: fields{inGraph: 13, inFunction: 12}, body: valueInfo(name, tensorType(t, dims))}
}

// InOf is an input of any type.
func InOf(name string, t graph.Type) Part {
	return Part{at: fields{inGraph: 11}, body: valueInfo(name, encodeType(t))}
}

// OutOf is an output of any type; the zero type writes none.
func OutOf(name string, t graph.Type) Part {
	return Part{at: fields{inGraph: 12}, body: valueInfo(name, encodeType(t))}
}

func valueInfo(name string, typ []byte) []byte {
	b := stringField(nil, 1, name)
	if typ != nil {
		b = bytesField(b, 2, typ)
	}
	return b
}

func tensorType(t graph.DType, dims []any) []byte {
	inner := varintField(nil, 1, int64(t))
	if len(dims) == 1 && dims[0] == NoShape {
		return bytesField(nil, 1, inner)
	}
	var shape []byte
	for _, d := range dims {
		var dim []byte
		switch d := d.(type) {
		case int:
			dim = varintField(nil, 1, int64(d))
		case string:
			dim = stringField(nil, 2, d)
		case nil:
		default:
			panic(fmt.Sprintf("onnxtest: no dimension is a %T", d))
		}
		shape = bytesField(shape, 1, dim)
	}
	return bytesField(nil, 1, bytesField(inner, 2, shape))
}

// encodeType writes a TypeProto.
func encodeType(t graph.Type) []byte {
	switch t.Kind {
	case graph.KindTensor, graph.KindSparse:
		b := varintField(nil, 1, int64(t.DType))
		if t.Shape != nil {
			var shape []byte
			for _, d := range t.Shape {
				var dim []byte
				if n, ok := d.Const(); ok {
					dim = varintField(nil, 1, n)
				} else if !d.IsUnknown() {
					dim = stringField(nil, 2, d.String())
				}
				shape = bytesField(shape, 1, dim)
			}
			b = bytesField(b, 2, shape)
		}
		if t.Kind == graph.KindSparse {
			return bytesField(nil, 8, b)
		}
		return bytesField(nil, 1, b)
	case graph.KindSequence:
		return bytesField(nil, 4, bytesField(nil, 1, encodeType(*t.Elem)))
	case graph.KindOptional:
		return bytesField(nil, 9, bytesField(nil, 1, encodeType(*t.Elem)))
	case graph.KindMap:
		return bytesField(nil, 5, bytesField(varintField(nil, 1, int64(t.DType)), 2, encodeType(*t.Elem)))
	case graph.KindOpaque:
		return bytesField(nil, 7, nil)
	}
	return nil
}
