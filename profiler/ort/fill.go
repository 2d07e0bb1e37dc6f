package ort

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/profiler"
)

// poolElements is how many elements are drawn for one input. Longer inputs are put together of pieces of them, which
// takes no longer than copying memory.
const poolElements = 1 << 16

// elements is how many elements an input holds, or an error where its shape, its type or its data cannot be.
func elements(in profiler.Input) (int64, error) {
	if in.DType.Bits() == 0 || in.DType == graph.Complex64 || in.DType == graph.Complex128 {
		return 0, &failure{Text: fmt.Sprintf("input %s: no values of type %v can be made", in.Name, in.DType), Unsupported: true}
	}
	n := int64(1)
	for _, d := range in.Dims {
		if d < 0 || d > 0 && n > math.MaxInt64/16/d {
			return 0, fmt.Errorf("input %s: shape %v", in.Name, in.Dims)
		}
		n *= d
	}
	if in.Data != nil && int64(len(in.Data)) != in.DType.Size(n) {
		return 0, fmt.Errorf("input %s: %d bytes of data, want %d", in.Name, len(in.Data), in.DType.Size(n))
	}
	return n, nil
}

// fillInput gives an input its values. They are the same every time for the same input.
func fillInput(dst []byte, in profiler.Input) {
	if in.Data != nil {
		copy(dst, in.Data)
		return
	}
	h := fnv.New64a()
	h.Write([]byte(in.Name))
	rng := rand.New(rand.NewPCG(h.Sum64(), 1))
	bits := int(in.DType.Bits())
	pool := dst[:min(len(dst), poolElements*bits/8)]
	draw(pool, in, rng)
	const piece = 1 << 14 // bytes; a multiple of every element's size
	for done := len(pool); done < len(dst); {
		from := rng.IntN((len(pool)-piece)/16+1) * 16
		done += copy(dst[done:], pool[from:from+piece])
	}
}

// draw fills dst element by element.
func draw(dst []byte, in profiler.Input, rng *rand.Rand) {
	switch {
	case in.DType == graph.Bool:
		for i := range dst {
			dst[i] = 1
		}
	case in.DType.IsFloat() && in.DType.Bits() >= 16:
		scale, size := cmp.Or(in.Scale, 1), int(in.DType.Bits()/8)
		var b [8]byte
		for i := 0; i < len(dst); i += size {
			copy(dst[i:], graph.AppendReal(b[:0], in.DType, rng.NormFloat64()*scale))
		}
	case in.DType.IsFloat():
		for i := range dst {
			dst[i] = smallFloat(in.DType, rng)
		}
	default:
		drawInts(dst, in, rng)
	}
}

// smallFloat is a byte of numbers of 8 bits or fewer, finite and of magnitude up to about 2. Numbers of 8 bits are drawn
// evenly among the codes: a scale would mean little among so few.
func smallFloat(t graph.DType, rng *rand.Rand) byte {
	switch t {
	case graph.Float8E8M0:
		return byte(120 + rng.IntN(9)) // 2^-7 … 2
	case graph.Float4E2M1:
		return byte(rng.IntN(256)) // two numbers; every code is one
	}
	// In these formats the code after the sign grows with the number, 0x40 is 2 or 1, and only zero with a sign is special.
	code := byte(rng.IntN(0x40) + 1)
	if rng.IntN(2) == 1 {
		code |= 0x80
	}
	return code
}

// drawInts writes integers evenly drawn from the input's range, or zeros where that is empty.
func drawInts(dst []byte, in profiler.Input, rng *rand.Rand) {
	bits := int(in.DType.Bits())
	if in.High <= in.Low {
		clear(dst)
		return
	}
	span := uint64(in.High) - uint64(in.Low)
	next := func() uint64 { return uint64(in.Low) + rng.Uint64N(span) }
	if bits < 8 {
		for i := range dst {
			dst[i] = 0
			for shift := 0; shift < 8; shift += bits {
				dst[i] |= byte(next()&(1<<bits-1)) << shift
			}
		}
		return
	}
	var b [8]byte
	for i := 0; i < len(dst); i += bits / 8 {
		binary.LittleEndian.PutUint64(b[:], next())
		copy(dst[i:i+bits/8], b[:])
	}
}
