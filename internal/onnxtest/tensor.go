package onnxtest

import (
	"encoding/binary"
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/irene-onnx/irene/graph"
)

// Tensor is a TensorProto, as an initializer ([Init]) or the value of an attribute.
type Tensor struct {
	Name  string
	DType graph.DType
	Dims  []int64

	Raw      []byte    // raw_data; not written where nil
	Ints     []int64   // int64_data, uint64_data or int32_data, as the type demands, entry by entry
	Floats   []float64 // float_data or double_data
	Unpacked bool      // Ints and Floats one field each
	Packed   bool      // Dims in one field

	External []graph.Property // external_data; data_location says EXTERNAL where not nil
	Meta     []graph.Property
}

// Init is an initializer.
func Init(t Tensor) Part { return Part{at: fields{inGraph: 5}, body: t.encode()} }

// Weight is an initializer of zeros.
func Weight(name string, t graph.DType, dims ...int64) Part {
	x := Tensor{Name: name, DType: t, Dims: dims}
	x.Raw = make([]byte, t.Size(x.elements()))
	return Init(x)
}

// Ints is a vector of int64.
func Ints(name string, v ...int64) Part { return Init(IntTensor(name, v...)) }

// IntTensor is a vector of int64, stored as raw_data.
func IntTensor(name string, v ...int64) Tensor {
	raw := make([]byte, 0, 8*len(v))
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(x))
	}
	return Tensor{Name: name, DType: graph.Int64, Dims: []int64{int64(len(v))}, Raw: raw}
}

// Int is a scalar of int64.
func Int(name string, v int64) Part {
	t := IntTensor(name, v)
	t.Dims = nil
	return Init(t)
}

// Floats is a vector of float32.
func Floats(name string, v ...float64) Part { return Init(FloatTensor(name, v...)) }

// FloatTensor is a vector of float32, stored as raw_data.
func FloatTensor(name string, v ...float64) Tensor {
	raw := make([]byte, 0, 4*len(v))
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(x)))
	}
	return Tensor{Name: name, DType: graph.Float32, Dims: []int64{int64(len(v))}, Raw: raw}
}

// External is an initializer whose elements lie in another file; a negative length is not written.
func External(name string, t graph.DType, location string, offset, length int64, dims ...int64) Part {
	x := Tensor{Name: name, DType: t, Dims: dims, External: []graph.Property{{Key: "location", Value: location}}}
	x.External = append(x.External, graph.Property{Key: "offset", Value: strconv.FormatInt(offset, 10)})
	if length >= 0 {
		x.External = append(x.External, graph.Property{Key: "length", Value: strconv.FormatInt(length, 10)})
	}
	return Init(x)
}

// Sparse is a sparse initializer of the given dense dims with n values.
func Sparse(name string, t graph.DType, n int64, dims ...int64) Part {
	return Part{at: fields{inGraph: 15}, body: sparse(name, t, n, dims)}
}

// SparseAttr is an attribute that holds a sparse tensor of the given dense dims with n values.
func SparseAttr(name string, t graph.DType, n int64, dims ...int64) Part {
	b := bytesField(stringField(nil, 1, name), 22, sparse("", t, n, dims))
	return RawAttr(varintField(b, 20, int64(graph.AttrSparseTensor)))
}

func sparse(name string, t graph.DType, n int64, dims []int64) []byte {
	values := Tensor{Name: name, DType: t, Dims: []int64{n}, Raw: make([]byte, t.Size(n))}
	indices := Tensor{DType: graph.Int64, Dims: []int64{n}, Raw: make([]byte, 8*n)}
	b := tensorField(tensorField(nil, 1, values), 2, indices)
	return repeat(b, 3, dims, varintField)
}

func (t Tensor) elements() int64 {
	n := int64(1)
	for _, d := range t.Dims {
		n *= d
	}
	return n
}

func (t Tensor) encode() []byte {
	var b []byte
	if t.Packed {
		b = bytesField(b, 1, packVarints(t.Dims))
	} else {
		b = repeat(b, 1, t.Dims, varintField)
	}
	b = varintField(b, 2, int64(t.DType))
	b = t.data(b)
	b = stringField(b, 8, t.Name)
	if t.Raw != nil {
		b = bytesField(b, 9, t.Raw)
	}
	b = repeat(b, 13, t.External, propertyField)
	if t.External != nil {
		b = varintField(b, 14, 1)
	}
	return repeat(b, 16, t.Meta, propertyField)
}

func tensorField(b []byte, num protowire.Number, t Tensor) []byte {
	return bytesField(b, num, t.encode())
}

func propertyField(b []byte, num protowire.Number, p graph.Property) []byte {
	return bytesField(b, num, Meta(p.Key, p.Value).body)
}

// data writes the typed fields.
func (t Tensor) data(b []byte) []byte {
	num := protowire.Number(5)
	switch t.DType {
	case graph.Int64:
		num = 7
	case graph.Uint32, graph.Uint64:
		num = 11
	}
	switch {
	case t.Ints != nil && t.Unpacked:
		b = repeat(b, num, t.Ints, varintField)
	case t.Ints != nil:
		b = bytesField(b, num, packVarints(t.Ints))
	}
	double := t.DType == graph.Float64 || t.DType == graph.Complex128
	var packed []byte
	for _, x := range t.Floats {
		switch {
		case t.Unpacked && double:
			b = protowire.AppendFixed64(protowire.AppendTag(b, 10, protowire.Fixed64Type), math.Float64bits(x))
		case t.Unpacked:
			b = floatField(b, 4, x)
		case double:
			packed = protowire.AppendFixed64(packed, math.Float64bits(x))
		default:
			packed = protowire.AppendFixed32(packed, math.Float32bits(float32(x)))
		}
	}
	switch {
	case packed == nil:
		return b
	case double:
		return bytesField(b, 10, packed)
	}
	return bytesField(b, 4, packed)
}

func packVarints(v []int64) []byte {
	var b []byte
	for _, x := range v {
		b = protowire.AppendVarint(b, uint64(x))
	}
	return b
}
