package graph

import "fmt"

// DType is an element type, numbered as TensorProto.DataType in https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
type DType uint8

// The element types of the ONNX format, IR 13.
const (
	Undefined DType = iota
	Float32
	Uint8
	Int8
	Uint16
	Int16
	Int32
	Int64
	String
	Bool
	Float16
	Float64
	Uint32
	Uint64
	Complex64
	Complex128
	BFloat16
	Float8E4M3FN
	Float8E4M3FNUZ
	Float8E5M2
	Float8E5M2FNUZ
	Uint4
	Int4
	Float4E2M1
	Float8E8M0
	Uint2
	Int2
	numDTypes
)

var dtypes = [numDTypes]struct {
	name string
	bits int64
}{
	Undefined: {"undefined", 0}, Float32: {"float32", 32}, Uint8: {"uint8", 8}, Int8: {"int8", 8},
	Uint16: {"uint16", 16}, Int16: {"int16", 16}, Int32: {"int32", 32}, Int64: {"int64", 64},
	String: {"string", 0}, Bool: {"bool", 8}, Float16: {"float16", 16}, Float64: {"float64", 64},
	Uint32: {"uint32", 32}, Uint64: {"uint64", 64}, Complex64: {"complex64", 64}, Complex128: {"complex128", 128},
	BFloat16: {"bfloat16", 16}, Float8E4M3FN: {"float8e4m3fn", 8}, Float8E4M3FNUZ: {"float8e4m3fnuz", 8},
	Float8E5M2: {"float8e5m2", 8}, Float8E5M2FNUZ: {"float8e5m2fnuz", 8}, Uint4: {"uint4", 4}, Int4: {"int4", 4},
	Float4E2M1: {"float4e2m1", 4}, Float8E8M0: {"float8e8m0", 8}, Uint2: {"uint2", 2}, Int2: {"int2", 2},
}

// Valid reports whether t is a type this package knows, other than Undefined.
func (t DType) Valid() bool { return t > Undefined && t < numDTypes }

// String is the type's lower-case name, as NumPy and ml_dtypes spell it.
func (t DType) String() string {
	if t < numDTypes {
		return dtypes[t].name
	}
	return "unknown"
}

// Bits is the width of one stored element; 0 where elements have no fixed width (strings).
func (t DType) Bits() int64 {
	if t < numDTypes {
		return dtypes[t].bits
	}
	return 0
}

// IsFloat reports whether t is a real floating-point type, of any width.
func (t DType) IsFloat() bool {
	switch t {
	case Float32, Float16, Float64, BFloat16, Float8E4M3FN, Float8E4M3FNUZ, Float8E5M2, Float8E5M2FNUZ, Float4E2M1, Float8E8M0:
		return true
	}
	return false
}

// IsInt reports whether t is a signed or unsigned integer type, of any width.
func (t DType) IsInt() bool {
	switch t {
	case Uint8, Int8, Uint16, Int16, Int32, Int64, Uint32, Uint64, Uint4, Int4, Uint2, Int2:
		return true
	}
	return false
}

// ParseDType returns the type of that name.
func ParseDType(name string) (DType, bool) {
	for t := Undefined + 1; t < numDTypes; t++ {
		if dtypes[t].name == name {
			return t, true
		}
	}
	return Undefined, false
}

// MarshalText writes the type's name, also into JSON.
func (t DType) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads the type of that name.
func (t *DType) UnmarshalText(name []byte) error {
	var ok bool
	if *t, ok = ParseDType(string(name)); !ok {
		return fmt.Errorf("unknown element type %q", name)
	}
	return nil
}

// Size is the number of bytes that n elements take in storage, those below a byte packed: ⌈n·bits/8⌉
// (https://onnx.ai/onnx/technical/int4.html).
func (t DType) Size(n int64) int64 { return (n*t.Bits() + 7) / 8 }
