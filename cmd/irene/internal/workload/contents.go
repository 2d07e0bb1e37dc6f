package workload

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/irene-onnx/irene/graph"
)

// poolSize is the number of different random numbers: tensors begin at random places of one pool.
const poolSize = 1 << 18

// weightScale is the standard deviation of weights: that which Transformers are initialised with.
const weightScale = 0.02

// random draws contents of tensors.
type random struct {
	source *rand.Rand
	pools  map[poolKey][]byte // elements of a type, little endian, poolSize of them
}

type poolKey struct {
	dtype    graph.DType
	positive bool
}

func newRandom(seed uint64) *random {
	return &random{source: rand.New(rand.NewPCG(seed, 0x1e7e)), pools: map[poolKey][]byte{}}
}

// floats are n elements of a floating-point type: of weights' size about zero, or evenly from [0.5, 1.5) where they have
// to be positive.
func (r *random) floats(t graph.DType, n int64, positive bool) []byte {
	width := int64(t.Bits() / 8)
	pool := r.pool(poolKey{t, positive})
	out := make([]byte, n*width)
	at := width * r.source.Int64N(poolSize)
	for i := int64(0); i < int64(len(out)); {
		i += int64(copy(out[i:], pool[at:]))
		at = 0
	}
	return out
}

func (r *random) pool(k poolKey) []byte {
	if p, ok := r.pools[k]; ok {
		return p
	}
	var p []byte
	for range poolSize {
		x := r.source.NormFloat64() * weightScale
		if k.positive {
			x = 0.5 + r.source.Float64()
		}
		p = graph.AppendReal(p, k.dtype, x)
	}
	r.pools[k] = p
	return p
}

// bytes are n bytes that are no special values of 8-bit floating-point types.
func (r *random) bytes(n int64) []byte {
	out := make([]byte, n)
	for i := 0; i < len(out); i += 8 {
		var word [8]byte
		binary.LittleEndian.PutUint64(word[:], r.source.Uint64()&0x7777777777777777)
		copy(out[i:], word[:])
	}
	return out
}

// integers are n integers drawn evenly from a range; all low where it is empty.
func (r *random) integers(t graph.DType, n int64, in span) []byte {
	out := make([]byte, 0, t.Size(n))
	for range n {
		x := in.low
		if in.high > in.low+1 {
			x += r.source.Int64N(in.high - in.low)
		}
		out = appendInt(out, t, x)
	}
	return out
}

// appendInt appends a whole number in an integer type of at least eight bits, or as a boolean.
func appendInt(b []byte, t graph.DType, x int64) []byte {
	switch t.Bits() {
	case 64:
		return binary.LittleEndian.AppendUint64(b, uint64(x))
	case 32:
		return binary.LittleEndian.AppendUint32(b, uint32(x))
	case 16:
		return binary.LittleEndian.AppendUint16(b, uint16(x))
	}
	return append(b, byte(x))
}

// span is the integers from low up to high, high excluded.
type span struct{ low, high int64 }
