package graph

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Tensor is stored data: dims and type always, the bytes only where somebody asks.
type Tensor struct {
	Name  string
	DType DType
	Dims  []int64

	Raw      []byte    // little-endian elements; nil where stored otherwise, or too many to be held
	Ints     []int64   // elements from int32_data, int64_data, uint64_data (small tensors only)
	Floats   []float64 // elements from float_data, double_data (small tensors only)
	External *External // place of the elements in another file
	Sparse   bool      // stored as values and indices; Dims are those of the dense tensor
	Elided   bool      // the file stores elements that are not kept: many numbers in typed fields, strings, those of a stream

	// Load reads n bytes of the elements, from byte at on; nil where Raw holds them, or nothing does. It fails where the file
	// is absent, unsafe or not the one that was decoded.
	Load func(at, n int64) ([]byte, error)
}

// External is the place of a tensor's elements outside the model file.
type External struct {
	Location string
	Offset   int64
	Length   int64 // -1: the rest of the file
}

// Len is the number of elements; -1 where it overflows 63 bits.
func (t *Tensor) Len() int64 {
	n := int64(1)
	for _, d := range t.Dims {
		if d < 0 || (d > 0 && n > math.MaxInt64/d) {
			return -1
		}
		n *= d
	}
	return n
}

// Elements returns integer or boolean elements; it refuses tensors of more than limit elements.
func (t *Tensor) Elements(limit int64) ([]int64, error) {
	if err := t.readable(limit); err != nil {
		return nil, err
	}
	if t.Ints != nil || (t.Len() == 0 && t.Raw == nil) {
		return stored(t, t.Ints)
	}
	return decoded(t, t.Len(), decodeInt, "holds no integers")
}

// readable says why a tensor is not read, where it has more than limit elements or stores none as they are.
func (t *Tensor) readable(limit int64) error {
	if n := t.Len(); n < 0 || n > limit || t.Sparse {
		return fmt.Errorf("tensor %q: %d elements, more than the %d that are read", t.Name, n, limit)
	}
	return nil
}

// stored is the list of a tensor's elements, which has to be as long as its dims say.
func stored[T any](t *Tensor, list []T) ([]T, error) {
	if n := t.Len(); int64(len(list)) != n {
		return nil, fmt.Errorf("tensor %q: %d elements stored, dims say %d", t.Name, len(list), n)
	}
	return list, nil
}

// decoded reads the first n elements of a tensor's bytes; problem says what is wrong with a type that cannot be decoded.
func decoded[T any](t *Tensor, n int64, decode func(t DType, b []byte, i int) (T, bool), problem string) ([]T, error) {
	raw, err := t.bytes(n)
	if err != nil {
		return nil, err
	}
	out := make([]T, n)
	for i := range out {
		var ok bool
		if out[i], ok = decode(t.DType, raw, i); !ok {
			return nil, fmt.Errorf("tensor %q: type %v %s", t.Name, t.DType, problem)
		}
	}
	return out, nil
}

// Reals returns floating-point elements as float64; it refuses tensors of more than limit elements.
func (t *Tensor) Reals(limit int64) ([]float64, error) {
	if err := t.readable(limit); err != nil {
		return nil, err
	}
	return t.Head(t.Len())
}

// Head returns the first n floating-point elements as float64, or all where there are fewer.
func (t *Tensor) Head(n int64) ([]float64, error) {
	const problem = "is not read as reals"
	n = min(n, t.Len())
	if n < 0 || t.Sparse {
		return nil, fmt.Errorf("tensor %q: its elements are not stored as they are", t.Name)
	}
	switch {
	case t.Floats != nil:
		all, err := stored(t, t.Floats)
		return all[:min(n, int64(len(all)))], err
	case t.Ints == nil || int64(len(t.Ints)) != t.Len():
		return decoded(t, n, decodeReal, problem)
	case t.DType != Float16 && t.DType != BFloat16:
		return nil, fmt.Errorf("tensor %q: type %v %s", t.Name, t.DType, problem)
	}
	out := make([]float64, n) // float16 and bfloat16 in int32_data
	for i, v := range t.Ints[:n] {
		out[i] = narrowToFloat(t.DType, uint16(v))
	}
	return out, nil
}

// bytes returns the stored bytes of n elements, loading them where they are external.
func (t *Tensor) bytes(n int64) ([]byte, error) {
	raw := t.Raw
	if raw == nil && t.Load != nil {
		if n > math.MaxInt64/64 {
			return nil, fmt.Errorf("tensor %q: %d elements", t.Name, n)
		}
		b, err := t.Load(0, t.DType.Size(n))
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		raw = b
	}
	if n > math.MaxInt64/64 || int64(len(raw)) < t.DType.Size(n) {
		return nil, fmt.Errorf("tensor %q: %d bytes stored, %d elements of %v need %d", t.Name, len(raw), n, t.DType, t.DType.Size(n))
	}
	return raw, nil
}

func decodeInt(t DType, b []byte, i int) (int64, bool) {
	switch t {
	case Int64, Uint64:
		return int64(binary.LittleEndian.Uint64(b[8*i:])), true
	case Int32:
		return int64(int32(binary.LittleEndian.Uint32(b[4*i:]))), true
	case Uint32:
		return int64(binary.LittleEndian.Uint32(b[4*i:])), true
	case Int16:
		return int64(int16(binary.LittleEndian.Uint16(b[2*i:]))), true
	case Uint16:
		return int64(binary.LittleEndian.Uint16(b[2*i:])), true
	case Int8:
		return int64(int8(b[i])), true
	case Uint8, Bool:
		return int64(b[i]), true
	case Uint4:
		return int64(b[i/2] >> (4 * (i % 2)) & 15), true
	case Int4:
		return int64(int8(b[i/2]>>(4*(i%2))<<4) >> 4), true
	case Uint2:
		return int64(b[i/4] >> (2 * (i % 4)) & 3), true
	case Int2:
		return int64(int8(b[i/4]>>(2*(i%4))<<6) >> 6), true
	}
	return 0, false
}

func decodeReal(t DType, b []byte, i int) (float64, bool) {
	switch t {
	case Float32:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))), true
	case Float64:
		return math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:])), true
	case Float16, BFloat16:
		return narrowToFloat(t, binary.LittleEndian.Uint16(b[2*i:])), true
	}
	return 0, false
}

// narrowToFloat converts the bits of a float16 or a bfloat16.
func narrowToFloat(t DType, bits uint16) float64 {
	if t == BFloat16 {
		return float64(math.Float32frombits(uint32(bits) << 16))
	}
	return halfToFloat(bits)
}

// halfToFloat converts an IEEE 754 binary16 bit pattern.
func halfToFloat(h uint16) float64 {
	sign, exp, frac := 1.0, int(h>>10&31), float64(h&1023)
	if h>>15 == 1 {
		sign = -1
	}
	switch exp {
	case 0:
		return sign * math.Ldexp(frac, -24)
	case 31:
		if frac != 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	}
	return sign * math.Ldexp(1+frac/1024, exp-15)
}

// AppendReal appends a number in a floating-point type of 16 bits or more, little endian, rounded to the nearest; in
// other types nothing. What is too large for float16 becomes the largest finite number.
func AppendReal(b []byte, t DType, x float64) []byte {
	single := math.Float32bits(float32(x))
	switch t {
	case Float64:
		return binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
	case Float32:
		return binary.LittleEndian.AppendUint32(b, single)
	case Float16:
		return binary.LittleEndian.AppendUint16(b, floatToHalf(float32(x)))
	case BFloat16:
		return binary.LittleEndian.AppendUint16(b, uint16((single+0x7fff+single>>16&1)>>16))
	}
	return b
}

// floatToHalf is the half-precision number nearest to x, ties to even. What is too large becomes the largest finite number.
func floatToHalf(x float32) uint16 {
	b := math.Float32bits(x)
	sign := uint16(b >> 16 & 0x8000)
	magnitude := b & 0x7fffffff
	switch {
	case magnitude >= 0x477fe000: // 65504
		return sign | 0x7bff
	case magnitude < 0x38800000: // below 2^-14 the steps are 2^-24
		return sign | uint16(math.RoundToEven(math.Abs(float64(x))*(1<<24)))
	}
	return sign | uint16((magnitude-0x38000000+0xfff+magnitude>>13&1)>>13)
}
