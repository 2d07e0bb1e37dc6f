package onnxgo

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/onnx/internal/wire"
)

// tensorFields are the parts of a TensorProto.
type tensorFields struct {
	name     []byte
	dims     []int64
	dtype    int64
	raw      []byte
	data     map[protowire.Number][]uint64 // typed data, by field
	external bool
	segment  bool
}

// dataFields says which typed field carries the elements onnx-go reads, and their wire type.
var dataFields = map[graph.DType]struct {
	num protowire.Number
	typ protowire.Type
}{
	graph.Float32: {4, protowire.Fixed32Type}, graph.Float64: {10, protowire.Fixed64Type},
	graph.Int32: {5, protowire.VarintType}, graph.Int64: {7, protowire.VarintType}, graph.Bool: {5, protowire.VarintType},
}

func readTensor(b []byte) (*tensorFields, error) {
	t := &tensorFields{data: map[protowire.Number][]uint64{}}
	err := walk(b, func(f *wire.Message) error {
		keep := func(u uint64) { t.data[f.Num] = append(t.data[f.Num], u) }
		switch f.Num {
		case 1:
			t.dims = f.Ints(t.dims)
		case 2:
			t.dtype = int64(f.N)
		case 3:
			t.segment = true
		case 4:
			f.Numbers(protowire.Fixed32Type, keep)
		case 5, 7:
			f.Numbers(protowire.VarintType, keep)
		case 10:
			f.Numbers(protowire.Fixed64Type, keep)
		case 8:
			t.name = utf8(f.Val)
		case 9:
			t.raw = f.Val
		case 14:
			t.external = f.N == 1
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("tensor %q: %w", t.name, err)
	}
	return t, nil
}

// decodable reports whether onnx-go reads the tensor rightly, and it is small enough to be copied.
func (t *tensorFields) decodable() bool {
	dtype := graph.DType(t.dtype)
	src, ok := dataFields[dtype]
	n := (&graph.Tensor{Dims: t.dims}).Len()
	if !ok || int64(dtype) != t.dtype || t.segment || t.external || n <= 0 || n > maxKept {
		return false
	}
	if t.raw != nil && dtype != graph.Bool {
		return int64(len(t.raw)) == dtype.Size(n)
	}
	return int64(len(t.data[src.num])) == n
}

// encode writes a tensor that is decodable.
func (t *tensorFields) encode() []byte {
	b := appendVarint(appendBytes(nil, 8, t.name), 2, uint64(t.dtype))
	for _, d := range t.dims {
		b = appendVarint(b, 1, uint64(d))
	}
	src := dataFields[graph.DType(t.dtype)]
	if t.raw != nil && graph.DType(t.dtype) != graph.Bool {
		return appendBytes(b, 9, t.raw)
	}
	var packed []byte
	for _, x := range t.data[src.num] {
		switch src.typ {
		case protowire.Fixed32Type:
			packed = protowire.AppendFixed32(packed, uint32(x))
		case protowire.Fixed64Type:
			packed = protowire.AppendFixed64(packed, x)
		default:
			packed = protowire.AppendVarint(packed, x)
		}
	}
	return appendBytes(b, src.num, packed)
}

// header is the initializer that carries an element type and dims under a prefixed name.
func header(prefix string, name []byte, dtype int64, dims []int64) []byte {
	h := tensorFields{name: append([]byte(prefix), name...), dtype: int64(graph.Int64), dims: []int64{int64(1 + len(dims))}}
	h.data = map[protowire.Number][]uint64{7: {uint64(dtype)}}
	for _, d := range dims {
		h.data[7] = append(h.data[7], uint64(d))
	}
	return h.encode()
}

// skeletonInit rewrites a TensorProto, or a SparseTensorProto, whose values have the name and whose dims are its own.
func skeletonInit(b []byte, sparse bool) ([]byte, error) {
	var dims []int64
	if sparse {
		var values []byte
		err := walk(b, func(f *wire.Message) error {
			if v, ok := bytesOf(f, 1); ok {
				values = v
			}
			if f.Num == 3 {
				dims = f.Ints(dims)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		b = values
	}
	t, err := readTensor(b)
	if err != nil {
		return nil, err
	}
	if len(t.name) == 0 {
		return nil, fmt.Errorf("a tensor of dims %d without a name", t.dims)
	}
	if sparse {
		return header(initPrefix, t.name, t.dtype, dims), nil
	}
	if t.decodable() {
		return t.encode(), nil
	}
	return header(initPrefix, t.name, t.dtype, t.dims), nil
}

// valueFields are the parts of a ValueInfoProto.
type valueFields struct {
	name   []byte
	typ    []byte // TypeProto
	tensor bool
	dtype  int64
	ranked bool
	dims   []int64 // -1 where a dim has no size
}

func readValue(b []byte) (v valueFields, err error) {
	dim := func(f *wire.Message) error {
		d, ok := bytesOf(f, 1)
		if !ok {
			return nil
		}
		n := int64(-1)
		err := walk(d, func(f *wire.Message) error {
			if f.Num == 1 && f.Typ == protowire.VarintType {
				n = max(int64(f.N), -1)
			} else if f.Num == 2 {
				n = -1
			}
			return nil
		})
		v.dims = append(v.dims, n)
		return err
	}
	tensorType := func(f *wire.Message) error {
		if f.Num == 1 && f.Typ == protowire.VarintType {
			v.dtype = int64(f.N)
		}
		shape, ok := bytesOf(f, 2)
		if !ok {
			return nil
		}
		v.ranked = true
		return walk(shape, dim)
	}
	err = walk(b, func(f *wire.Message) error {
		switch {
		case f.Typ != protowire.BytesType:
		case f.Num == 1:
			v.name = utf8(f.Val)
		case f.Num == 2:
			v.typ = f.Val
			return walk(f.Val, func(f *wire.Message) error {
				if t, ok := bytesOf(f, 1); ok {
					v.tensor = true
					return walk(t, tensorType)
				}
				return nil
			})
		}
		return nil
	})
	return v, err
}

// maxPlaceholder bounds the elements of a declared value for which onnx-go allocates memory.
const maxPlaceholder = 1 << 26

// open reports whether onnx-go gets the shape wrong.
func (v *valueFields) open() bool {
	for _, d := range v.dims {
		if d < 0 {
			return true
		}
	}
	return false
}

// elements is the number of elements that onnx-go allocates; -1 where it overflows.
func (v *valueFields) elements() int64 {
	t := graph.Tensor{}
	for _, d := range v.dims {
		if d >= 0 {
			t.Dims = append(t.Dims, d)
		}
	}
	return t.Len()
}

// skeletonValue rewrites a ValueInfoProto. A tensor type that onnx-go cannot read is returned as a header.
func skeletonValue(b []byte) (out, carried []byte, err error) {
	v, err := readValue(b)
	if err != nil {
		return nil, nil, fmt.Errorf("value %q: %w", v.name, err)
	}
	out = appendBytes(nil, 1, v.name)
	n := v.elements()
	switch dtype := graph.DType(v.dtype); {
	case !v.tensor:
	case v.ranked && !v.open() && n > 0 && n <= maxPlaceholder && int64(dtype) == v.dtype && readable[dtype]:
		t := appendVarint(nil, 1, uint64(v.dtype))
		var shape []byte
		for _, d := range v.dims {
			shape = appendBytes(shape, 1, appendVarint(nil, 1, uint64(d)))
		}
		out = appendBytes(out, 2, appendBytes(nil, 1, appendBytes(t, 2, shape)))
	case v.ranked:
		carried = header(typePrefix, v.name, v.dtype, v.dims)
	default:
		carried = header(typePrefix, v.name, v.dtype, []int64{noRank})
	}
	return out, carried, nil
}

// readable are the element types that onnx-go makes placeholders of.
var readable = func() map[graph.DType]bool {
	m := map[graph.DType]bool{}
	for _, t := range dtypes {
		m[t] = true
	}
	return m
}()

// openShapes lists the values of a model whose declared shapes onnx-go gets wrong. It refuses shapes for which onnx-go
// would allocate more memory than there is. What it cannot read it leaves to onnx-go.
func openShapes(model []byte) (map[string]bool, error) {
	open := map[string]bool{}
	err := walk(model, func(f *wire.Message) error {
		g, ok := bytesOf(f, 7)
		if !ok {
			return nil
		}
		return walk(g, func(f *wire.Message) error {
			if f.Typ != protowire.BytesType || (f.Num != 11 && f.Num != 12 && f.Num != 13) {
				return nil
			}
			v, err := readValue(f.Val)
			if err != nil {
				return err
			}
			if n := v.elements(); n < 0 || n > maxPlaceholder {
				return fmt.Errorf("value %q: a placeholder of dims %d takes too much memory", v.name, v.dims)
			}
			if v.open() {
				open[string(v.name)] = true
			}
			return nil
		})
	})
	return open, err
}
