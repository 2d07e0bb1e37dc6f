package onnx_test

import (
	"slices"
	"testing"

	"github.com/irene-onnx/irene/graph"
	ot "github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

// initializer decodes a model with one initializer and returns its tensor.
func initializer(t *testing.T, x ot.Tensor) *graph.Tensor {
	t.Helper()
	x.Name = "w"
	return value(t, decode(t, ot.Init(x), ot.Node("X", "w", "y"), ot.OutOf("y", graph.Type{})), "w").Init
}

// TestTypedInts reads the integer fields; entries are as TensorProto documents them per type: bit patterns in
// int32_data, two elements an entry for 4-bit types and four for 2-bit types, the first in the lowest bits.
func TestTypedInts(t *testing.T) {
	for _, tt := range []struct {
		dtype  graph.DType
		stored []int64
		want   []int64
	}{
		{graph.Int64, []int64{1, -1, 1 << 40}, []int64{1, -1, 1 << 40}},
		{graph.Int32, []int64{1, -7}, []int64{1, -7}},
		{graph.Int16, []int64{-300}, []int64{-300}},
		{graph.Int8, []int64{-3, 4}, []int64{-3, 4}},
		{graph.Uint8, []int64{255}, []int64{255}},
		{graph.Uint16, []int64{65535}, []int64{65535}},
		{graph.Bool, []int64{1, 0}, []int64{1, 0}},
		{graph.Uint32, []int64{1 << 31}, []int64{1 << 31}},
		{graph.Uint64, []int64{5}, []int64{5}},
		{graph.Float8E4M3FN, []int64{0x38}, []int64{0x38}},
		{graph.Uint4, []int64{0x21, 0xf3}, []int64{1, 2, 3, 15}},
		{graph.Int4, []int64{0x2f, 0x08}, []int64{-1, 2, -8}},
		{graph.Float4E2M1, []int64{0x21}, []int64{1, 2}},
		{graph.Uint2, []int64{0b11100100, 1}, []int64{0, 1, 2, 3, 1}},
		{graph.Int2, []int64{0b11100100}, []int64{0, 1, -2, -1}},
	} {
		for _, unpacked := range []bool{false, true} {
			x := initializer(t, ot.Tensor{DType: tt.dtype, Dims: []int64{int64(len(tt.want))}, Ints: tt.stored, Unpacked: unpacked, Packed: !unpacked})
			if !slices.Equal(x.Ints, tt.want) {
				t.Errorf("%v, unpacked %v: %d, want %d", tt.dtype, unpacked, x.Ints, tt.want)
			}
		}
	}
}

func TestTypedFloats(t *testing.T) {
	for _, dtype := range []graph.DType{graph.Float32, graph.Float64} {
		for _, unpacked := range []bool{false, true} {
			x := initializer(t, ot.Tensor{DType: dtype, Dims: []int64{2}, Floats: []float64{0.5, -2}, Unpacked: unpacked})
			if !slices.Equal(x.Floats, []float64{0.5, -2}) {
				t.Errorf("%v, unpacked %v: %v", dtype, unpacked, x.Floats)
			}
		}
	}
	half := initializer(t, ot.Tensor{DType: graph.Float16, Dims: []int64{2}, Ints: []int64{0x3c00, 0xc000}})
	got, err := half.Reals(2)
	equal(t, "float16 in int32_data", []any{got, err}, []any{[]float64{1, -2}, error(nil)})
	complex64 := initializer(t, ot.Tensor{DType: graph.Complex64, Dims: []int64{1}, Floats: []float64{1, 2}})
	equal(t, "complex", complex64.Len(), int64(1))
}

// TestRaw holds that raw_data aliases the file, for every element type.
func TestRaw(t *testing.T) {
	for dtype := graph.Float32; dtype.Valid(); dtype++ {
		if dtype == graph.String {
			continue
		}
		raw := make([]byte, dtype.Size(3))
		for i := range raw {
			raw[i] = 0xa0 + byte(i)
		}
		b := ot.Model(ot.Init(ot.Tensor{Name: "w", DType: dtype, Dims: []int64{3}, Raw: raw}), ot.Node("X", "w", "y"), ot.OutOf("y", graph.Type{})).Bytes()
		g, err := onnx.DecodeBytes(b, "m", "", onnx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		w := value(t, g, "w").Init
		if w.DType != dtype || !slices.Equal(w.Raw, raw) || cap(w.Raw) != len(raw) {
			t.Errorf("%v: % x, want % x", dtype, w.Raw, raw)
		}
		at := slices.IndexFunc(b, func(c byte) bool { return c == 0xa0 })
		b[at] = 0x55
		if w.Raw[0] != 0x55 {
			t.Errorf("%v: raw_data was copied", dtype)
		}
	}
}

func TestManyTypedElementsAreLeft(t *testing.T) {
	for n, want := range map[int64]bool{4096: true, 4097: false} {
		x := initializer(t, ot.Tensor{DType: graph.Int64, Dims: []int64{n}, Ints: make([]int64, n)})
		if (x.Ints != nil) != want || x.Len() != n {
			t.Errorf("%d elements: decoded %v, want %v", n, x.Ints != nil, want)
		}
	}
}

func TestTensorMetadata(t *testing.T) {
	g := decode(t, ot.Init(ot.Tensor{Name: "w", DType: graph.Int8, Meta: []graph.Property{{Key: "k", Value: "v"}}}), ot.Node("X", "w", "y"), ot.OutOf("y", graph.Type{}))
	equal(t, "metadata", value(t, g, "w").Metadata, []graph.Property{{Key: "k", Value: "v"}})
}

func TestTensorErrors(t *testing.T) {
	for _, tt := range []struct {
		want string
		x    ot.Tensor
	}{
		{`tensor "w": negative dimension -2`, ot.Tensor{DType: graph.Int8, Dims: []int64{3, -2}}},
		{`tensor "w": dims [1099511627776 1099511627776]: the size overflows`, ot.Tensor{DType: graph.Int8, Dims: []int64{1 << 40, 1 << 40}}},
		{`the size overflows`, ot.Tensor{DType: graph.Float64, Dims: []int64{1 << 60}}},
		{`tensor "w": 11 bytes of raw_data, 3 elements of float32 need 12`, ot.Tensor{DType: graph.Float32, Dims: []int64{3}, Raw: make([]byte, 11)}},
		{`1 bytes of raw_data, 3 elements of int4 need 2`, ot.Tensor{DType: graph.Int4, Dims: []int64{3}, Raw: make([]byte, 1)}},
		{`2 elements stored, dims [3] need 3`, ot.Tensor{DType: graph.Int64, Dims: []int64{3}, Ints: []int64{1, 2}}},
		{`1 elements stored, dims [3] need 2`, ot.Tensor{DType: graph.Uint4, Dims: []int64{3}, Ints: []int64{1}}},
		{`rank 1025`, ot.Tensor{DType: graph.Int8, Dims: make([]int64, 1025)}},
		{`rank 1025`, ot.Tensor{DType: graph.Int8, Dims: make([]int64, 1025), Packed: true}},
	} {
		tt.x.Name = "w"
		refuse(t, ot.Model(ot.Init(tt.x), ot.Node("X", "w", "y"), ot.OutOf("y", graph.Type{})).Bytes(), tt.want)
	}
	stripped := initializer(t, ot.Tensor{DType: graph.Float32, Dims: []int64{1000, 1000}})
	equal(t, "a tensor without data", stripped.Len(), int64(1_000_000))
	refuse(t, ot.Model(ot.Sparse("s", graph.Int8, 1, -1), ot.Node("X", "s", "y"), ot.OutOf("y", graph.Type{})).Bytes(), `sparse tensor "s": dims [-1]`)
}
