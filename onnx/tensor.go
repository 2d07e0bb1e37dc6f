package onnx

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/irene-onnx/irene/graph"
)

const maxTyped = 4096 // elements of int64_data and the like that are decoded

// tensorProto is what the fields of a TensorProto need until all of them are seen.
type tensorProto struct {
	t        *graph.Tensor
	external bool
	place    []graph.Property // external_data
	dtype    int64
	raw      bool
	hole     cut // raw_data that was left out
	metadata []graph.Property
}

// initializer reads a TensorProto of a graph.
func (p *parser) initializer(b []byte, in *initProto) error {
	var err error
	in.tensor, in.metadata, err = p.tensor(b)
	if err == nil && in.tensor.Name == "" {
		err = fmt.Errorf("tensor of type %v and dims %d: %w", in.tensor.DType, in.tensor.Dims, errNoName)
	}
	return err
}

// tensor reads a TensorProto. Elements in raw_data are kept as they are, those in typed fields decoded where they are few.
func (p *parser) tensor(b []byte) (*graph.Tensor, []graph.Property, error) {
	x := tensorProto{t: &p.tensors.take(1)[0]}
	err := p.tensorFields(b, &x)
	if err == nil {
		err = p.finishTensor(b, &x)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("tensor %q: %w", p.name(b, 8), err)
	}
	return x.t, x.metadata, nil
}

func (p *parser) tensorFields(b []byte, x *tensorProto) error {
	var err error
	f := p.message(b)
	for err == nil && f.Next() {
		switch f.Num {
		case 1:
			if x.t.Dims == nil {
				n := p.scalars(b, 1, 0)
				if n > maxRank {
					return fmt.Errorf("rank %d", n)
				}
				x.t.Dims = p.intLists.take(n)[:0]
			}
			x.t.Dims = f.Ints(x.t.Dims)
		case 2:
			x.dtype = f.Varint()
		case 3:
			p.warnings.add("tensor %q is a segment of a larger one, which is not read", p.name(b, 8))
		case 8:
			x.t.Name = p.str(f.Bytes())
		case 9:
			x.t.Raw, x.raw = f.Bytes(), true
			x.hole, _ = p.leftOut(&f)
		case 13:
			x.place, err = p.property(f.Bytes(), x.place)
		case 14:
			x.external = f.Varint() == 1
		case 16:
			x.metadata, err = p.property(f.Bytes(), x.metadata)
		}
	}
	return cmp.Or(err, f.Err)
}

// finishTensor checks the parts of a tensor against each other.
func (p *parser) finishTensor(b []byte, x *tensorProto) error {
	t := x.t
	t.DType = p.dtype(x.dtype)
	for _, d := range t.Dims {
		if d < 0 {
			return fmt.Errorf("negative dimension %d", d)
		}
	}
	n := t.Len()
	if n < 0 || n > math.MaxInt64/256 {
		return fmt.Errorf("dims %d: the size overflows", t.Dims)
	}
	switch {
	case x.external:
		t.Raw = nil
		return p.external(t, x.place)
	case x.raw:
		have := max(int64(len(t.Raw)), x.hole.n)
		if need := t.DType.Size(n); have < need {
			return fmt.Errorf("%d bytes of raw_data, %d elements of %v need %d", have, n, t.DType, need)
		}
		p.keep(t, x.hole)
		return nil
	}
	return p.typedData(b, t, n)
}

// keep makes the elements of a tensor last beyond decoding, or notes how they are to be had.
func (p *parser) keep(t *graph.Tensor, hole cut) {
	switch {
	case hole.n == 0 && p.src.skimmed:
		t.Raw = bytes.Clone(t.Raw)
	case hole.n == 0:
		t.Raw = t.Raw[:len(t.Raw):len(t.Raw)]
	case p.src.stored == nil:
		t.Raw, t.Elided = nil, true
	default:
		t.Raw, t.Load = nil, loader(p.src.stored, hole)
	}
}

// loader reads elements that were left out of a skeleton.
func loader(file io.ReaderAt, hole cut) func(at, n int64) ([]byte, error) {
	return func(at, n int64) ([]byte, error) {
		if at < 0 || n < 0 || at > hole.n || n > hole.n-at {
			return nil, fmt.Errorf("%d bytes from %d on: %d are stored", n, at, hole.n)
		}
		b := make([]byte, n)
		if k, err := file.ReadAt(b, hole.place+at); k < len(b) {
			return nil, err
		}
		return b, nil
	}
}

// dataField is the field of TensorProto that carries elements of a type, and the width of its numbers (0: varints).
func dataField(t graph.DType) (num protowire.Number, width int) {
	switch t {
	case graph.Float32, graph.Complex64:
		return 4, 32
	case graph.Float64, graph.Complex128:
		return 10, 64
	case graph.Int64:
		return 7, 0
	case graph.Uint32, graph.Uint64:
		return 11, 0
	case graph.String, graph.Undefined:
		return 0, 0
	}
	return 5, 0
}

// entries is how many numbers a data field holds for n elements.
func entries(t graph.DType, n int64) int64 {
	switch {
	case t == graph.Complex64 || t == graph.Complex128:
		return 2 * n
	case t.Bits() == 4 || t.Bits() == 2:
		per := 8 / t.Bits()
		return (n + per - 1) / per
	}
	return n
}

// typedData reads the data field of the tensor's type. A tensor without any data is one whose weights were stripped.
func (p *parser) typedData(b []byte, t *graph.Tensor, n int64) error {
	num, width := dataField(t.DType)
	have, holes := p.stored(b, num, width)
	if num == 0 || have == 0 {
		t.Elided = num == 0 && n > 0
		return nil
	}
	if need := entries(t.DType, n); have < need {
		return fmt.Errorf("%d elements stored, dims %d need %d", have, t.Dims, need)
	}
	if n > maxTyped || have > 2*maxTyped || holes {
		t.Elided = true
		return nil
	}
	var ints []int64
	var floats []float64
	var singles []float32
	f := p.message(b)
	for f.Next() {
		switch {
		case f.Num != num:
		case width == 32:
			singles = f.Floats(singles)
		case width == 64:
			floats = f.Doubles(floats)
		default:
			if ints == nil {
				ints = make([]int64, 0, have)
			}
			ints = f.Ints(ints)
		}
	}
	for _, x := range singles {
		floats = append(floats, float64(x))
	}
	switch {
	case t.DType == graph.Complex64 || t.DType == graph.Complex128:
		t.Elided = true
	case floats != nil:
		t.Floats = floats[:n]
	}
	if ints != nil {
		t.Ints = unpackInts(t.DType, ints, n)
	}
	return f.Err
}

// stored counts the numbers of a data field, and reports whether some were left out: those of a list of varints are at
// most as many as its bytes.
func (p *parser) stored(b []byte, num protowire.Number, width int) (n int64, holes bool) {
	f := p.message(b)
	for f.Next() {
		if f.Num != num {
			continue
		}
		hole, ok := p.leftOut(&f)
		holes = holes || ok
		n += int64(f.Elements(width)) + hole.n/int64(max(width/8, 1))
	}
	if f.Err != nil {
		return 0, holes
	}
	return n, holes
}

// unpackInts splits entries that carry several elements of 2 or 4 bits, the first in the lowest bits, and brings
// 32-bit entries into the range of their type.
func unpackInts(t graph.DType, in []int64, n int64) []int64 {
	width := t.Bits()
	if width != 2 && width != 4 {
		return in[:n]
	}
	per, shift := 8/width, 64-width
	out := make([]int64, n)
	for i := range out {
		u := uint64(in[int64(i)/per]) >> (width * (int64(i) % per)) << shift
		if t == graph.Int4 || t == graph.Int2 {
			out[i] = int64(u) >> shift
		} else {
			out[i] = int64(u >> shift)
		}
	}
	return out
}

// sparse reads a SparseTensorProto: the tensor of its values with the dims of the dense tensor.
func (p *parser) sparse(b []byte) (*graph.Tensor, error) {
	var t *graph.Tensor
	var dims []int64
	var err error
	f := p.message(b)
	for err == nil && f.Next() {
		switch f.Num {
		case 1:
			t, _, err = p.tensor(f.Bytes())
		case 2:
			_, _, err = p.tensor(f.Bytes()) // the places of the values: neither shapes nor costs depend on them
		case 3:
			dims = f.Ints(dims)
		}
	}
	err = cmp.Or(err, f.Err)
	if err == nil && t == nil {
		err = errors.New("no values")
	}
	if err != nil {
		return nil, fmt.Errorf("sparse tensor: %w", err)
	}
	t.Dims, t.Sparse = dims, true
	if n := t.Len(); n < 0 || n > math.MaxInt64/256 || len(dims) > maxRank {
		return nil, fmt.Errorf("sparse tensor %q: dims %d: negative or too large", t.Name, dims)
	}
	return t, nil
}
