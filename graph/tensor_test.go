package graph

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

// TestDTypes: numbers are those of TensorProto.DataType, and names are read back.
func TestDTypes(t *testing.T) {
	for number, want := range map[DType]struct {
		name string
		bits int64
	}{ // https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
		1: {"float32", 32}, 2: {"uint8", 8}, 3: {"int8", 8}, 4: {"uint16", 16}, 5: {"int16", 16}, 6: {"int32", 32}, 7: {"int64", 64},
		9: {"bool", 8}, 10: {"float16", 16}, 11: {"float64", 64}, 12: {"uint32", 32}, 13: {"uint64", 64}, 14: {"complex64", 64},
		15: {"complex128", 128}, 16: {"bfloat16", 16}, 17: {"float8e4m3fn", 8}, 20: {"float8e5m2fnuz", 8}, 21: {"uint4", 4},
		22: {"int4", 4}, 23: {"float4e2m1", 4}, 24: {"float8e8m0", 8}, 25: {"uint2", 2}, 26: {"int2", 2},
	} {
		if number.String() != want.name || number.Bits() != want.bits || !number.Valid() {
			t.Errorf("type %d: %s of %d bits, want %s of %d", number, number, number.Bits(), want.name, want.bits)
		}
		var read DType
		if got, ok := ParseDType(want.name); !ok || got != number || read.UnmarshalText([]byte(want.name)) != nil || read != number {
			t.Errorf("%s is read as %d, %d", want.name, got, read)
		}
		if text, err := number.MarshalText(); err != nil || string(text) != want.name {
			t.Errorf("%s is written as %s, %v", want.name, text, err)
		}
		if number.IsFloat() && number.IsInt() || strings.Contains(want.name, "float") != number.IsFloat() || strings.Contains(want.name, "int") != number.IsInt() {
			t.Errorf("%s: float %v, integer %v", number, number.IsFloat(), number.IsInt())
		}
	}
	if String.Bits() != 0 || DType(200).Valid() || DType(200).Bits() != 0 || Undefined.Valid() {
		t.Error("types without a width")
	}
	if _, ok := ParseDType("undefined"); ok || new(DType).UnmarshalText([]byte("float31")) == nil {
		t.Error("names of no type are read")
	}
	// Elements below a byte share one; the last is padded.
	if Int4.Size(3) != 2 || Uint2.Size(5) != 2 || Float16.Size(3) != 6 || Int4.Size(0) != 0 {
		t.Error("sizes")
	}
}

func TestTensorElements(t *testing.T) {
	for _, c := range []struct {
		dtype DType
		raw   []byte
		want  []int64
	}{
		{Int64, []byte{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, []int64{-2}},
		{Int32, []byte{0xff, 0xff, 0xff, 0xff, 1, 1, 0, 0}, []int64{-1, 257}},
		{Uint32, []byte{0xff, 0xff, 0xff, 0xff}, []int64{1<<32 - 1}},
		{Int16, []byte{0, 0x80}, []int64{-32768}},
		{Uint16, []byte{0, 0x80}, []int64{32768}},
		{Int8, []byte{0x80}, []int64{-128}},
		{Uint8, []byte{0x80}, []int64{128}},
		{Bool, []byte{1, 0}, []int64{1, 0}},
		{Uint4, []byte{0xf1, 0x02}, []int64{1, 15, 2}}, // low half first
		{Int4, []byte{0xf1, 0x08}, []int64{1, -1, -8}},
		{Uint2, []byte{0b11_10_01_00, 1}, []int64{0, 1, 2, 3, 1}},
		{Int2, []byte{0b11_10_01_00}, []int64{0, 1, -2, -1}},
	} {
		x := &Tensor{DType: c.dtype, Dims: []int64{int64(len(c.want))}, Raw: c.raw}
		if got, err := x.Elements(8); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s % x: %d, %v; want %d", c.dtype, c.raw, got, err, c.want)
		}
	}
}

func TestTensorReals(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		tensor Tensor
		want   []float64
	}{
		{Tensor{DType: Float32, Raw: []byte{0, 0, 0xc0, 0x3f}}, []float64{1.5}},
		{Tensor{DType: Float64, Raw: []byte{0, 0, 0, 0, 0, 0, 0, 0xc0}}, []float64{-2}},
		{Tensor{DType: BFloat16, Raw: []byte{0x80, 0x3f}}, []float64{1}},
		// Binary16: one, the least and the greatest subnormal and normal numbers, and what is beyond.
		{Tensor{DType: Float16, Raw: []byte{0, 0x3c, 1, 0, 0xff, 0x03, 0, 0x04, 0xff, 0xfb, 0, 0x7c, 0, 0xfc}}, []float64{1, 0x1p-24, 1023 * 0x1p-24, 0x1p-14, -65504, inf, -inf}},
		{Tensor{DType: Float16, Ints: []int64{0x3c00}}, []float64{1}},
		{Tensor{DType: BFloat16, Ints: []int64{0x4040}}, []float64{3}},
		{Tensor{DType: Float32, Floats: []float64{0.25}}, []float64{0.25}},
	} {
		c.tensor.Dims = []int64{int64(len(c.want))}
		if got, err := c.tensor.Reals(8); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v; want %v", c.tensor.DType, got, err, c.want)
		}
	}
	nan := Tensor{DType: Float16, Dims: []int64{1}, Raw: []byte{1, 0x7c}}
	if got, err := nan.Reals(8); err != nil || !math.IsNaN(got[0]) {
		t.Errorf("%v, %v; want NaN", got, err)
	}
}

// TestTensorRefuses: data that is not as the dims say, of another kind, or too much to be read.
func TestTensorRefuses(t *testing.T) {
	integers := func(x Tensor) error { _, err := x.Elements(4); return err }
	reals := func(x Tensor) error { _, err := x.Reals(4); return err }
	gone := errors.New("no such file")
	for _, c := range []struct {
		read func(Tensor) error
		x    Tensor
		want string
	}{
		{integers, Tensor{DType: Int8, Dims: []int64{5}, Raw: make([]byte, 5)}, "5 elements, more than the 4"},
		{integers, Tensor{DType: Int8, Dims: []int64{1 << 40, 1 << 40}}, "-1 elements"},
		{integers, Tensor{DType: Int64, Dims: []int64{2}, Raw: make([]byte, 15)}, "15 bytes stored, 2 elements of int64 need 16"},
		{integers, Tensor{DType: Int64, Dims: []int64{2}, Ints: []int64{1}}, "1 elements stored, dims say 2"},
		{integers, Tensor{DType: Float32, Dims: []int64{1}, Raw: make([]byte, 4)}, "type float32 holds no integers"},
		{integers, Tensor{DType: Int8, Dims: []int64{1}, Sparse: true}, "more than"},
		{integers, Tensor{DType: Int8, Dims: []int64{1}, Load: func(_, _ int64) ([]byte, error) { return nil, gone }}, "no such file"},
		{reals, Tensor{DType: Float32, Dims: []int64{2}, Floats: []float64{1}}, "1 elements stored, dims say 2"},
		{reals, Tensor{DType: Int8, Dims: []int64{1}, Raw: []byte{1}}, "type int8 is not read as reals"},
		{reals, Tensor{DType: Int64, Dims: []int64{1}, Ints: []int64{1}}, "type int64 is not read as reals"},
		{reals, Tensor{DType: Float64, Dims: []int64{1}}, "0 bytes stored"},
		{reals, Tensor{DType: Float64, Dims: []int64{9}}, "9 elements, more than the 4"},
	} {
		c.x.Name = "w"
		if err := c.read(c.x); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), `tensor "w"`) {
			t.Errorf("%v, want %q of tensor w", err, c.want)
		}
	}
	external := Tensor{DType: Int8, Dims: []int64{2}, Load: func(_, _ int64) ([]byte, error) { return []byte{3, 4}, nil }}
	if got, err := external.Elements(4); err != nil || !slices.Equal(got, []int64{3, 4}) {
		t.Errorf("from another file: %d, %v", got, err)
	}
	if got, err := (&Tensor{DType: Int64, Dims: []int64{0}}).Elements(4); err != nil || len(got) != 0 {
		t.Errorf("of nothing: %d, %v", got, err)
	}
}

// TestAppendReal holds binary16 against IEEE 754.
func TestAppendReal(t *testing.T) {
	for _, tt := range []struct {
		x    float32
		want uint16
	}{
		{0, 0},
		{1, 0x3c00},
		{-2, 0xc000},
		{65504, 0x7bff},
		{1e9, 0x7bff},
		{-1e9, 0xfbff},
		{float32(math.Inf(1)), 0x7bff},
		{0x1p-14, 0x0400}, // the smallest with a full fraction
		{0x1p-24, 0x0001}, // the smallest
		{0x1p-25, 0},
		{0x1.8p-24, 2}, // ties go to even
		{2049, 0x6800},
		{2051, 0x6802},        // steps of 2: ties again
		{0x1.fffp-15, 0x0400}, // rounds up into the next range
	} {
		if got := binary.LittleEndian.Uint16(AppendReal(nil, Float16, float64(tt.x))); got != tt.want {
			t.Errorf("%g is %#04x, want %#04x", tt.x, got, tt.want)
		}
	}
}
