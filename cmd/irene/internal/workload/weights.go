package workload

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/onnx"
)

// Sizes in bytes.
const (
	maxEmbedded = 1 << 27 // weights of a model that is held in memory
	inlineBytes = 1 << 10 // tensors up to this size stay in the model's file
)

// SmallBytes is the size of tensors, in bytes, up to which they are what the model says they are: masks, shapes, tables of
// positions. Larger ones are weights.
const SmallBytes = 1 << 16

// weightBytes is the size of everything stored in a graph: initializers, and tensors of attributes.
func weightBytes(g *graph.Graph) (sum int64) {
	add := func(t *graph.Tensor) {
		if t != nil {
			sum += t.DType.Size(max(t.Len(), 0))
		}
	}
	for _, v := range g.Values {
		add(v.Init)
	}
	for _, n := range g.Nodes {
		for i := range n.Attrs {
			add(n.Attrs[i].Tensor)
		}
	}
	return sum
}

// fillWeights gives every tensor its bytes. Tensors are shared with the graph that the part was cut out of: filled ones are new.
func (b *builder) fillWeights(g *graph.Graph) error {
	return b.replace(g, false, func(t *graph.Tensor, raw []byte) *graph.Tensor {
		return &graph.Tensor{Name: t.Name, DType: t.DType, Dims: t.Dims, Raw: raw}
	})
}

// replace puts what make returns for a tensor and its bytes in the place of every stored tensor. Where hollow tensors will
// do, large ones come without bytes.
func (b *builder) replace(g *graph.Graph, hollow bool, make func(*graph.Tensor, []byte) *graph.Tensor) error {
	for _, v := range g.Values {
		if v.Init == nil {
			continue
		}
		if n := v.Init.Len(); hollow && n >= 0 && v.Init.DType.Size(n) > SmallBytes {
			v.Init = make(v.Init, nil)
			continue
		}
		raw, err := b.contents(v.Init, v)
		if err != nil {
			return err
		}
		v.Init = make(v.Init, raw)
	}
	for _, n := range g.Nodes {
		for i := range n.Attrs {
			if at := &n.Attrs[i]; at.Tensor != nil && at.Tensor.Raw == nil && at.Tensor.Ints == nil && at.Tensor.Floats == nil {
				raw, err := b.contents(at.Tensor, n.Output(0))
				if err != nil {
					return err
				}
				at.Tensor = &graph.Tensor{Name: at.Tensor.Name, DType: at.Tensor.DType, Dims: at.Tensor.Dims, Raw: raw}
			}
		}
	}
	return nil
}

// contents are the bytes of a stored tensor: those of small ones as the model has them, others drawn anew.
func (b *builder) contents(t *graph.Tensor, v *graph.Value) ([]byte, error) {
	n := t.Len()
	if n < 0 || t.DType.Bits() == 0 {
		return nil, fmt.Errorf("tensor %q: %v of %d elements cannot be given", t.Name, t.DType, n)
	}
	if raw := stored(t, n); raw != nil {
		return raw, nil
	}
	name := ""
	if v != nil {
		name = v.Name
	}
	switch {
	case t.DType.IsInt() && t.DType.Bits() >= 32:
		return b.random.integers(t.DType, n, spanOf(b.part.Analysis, b.original(name))), nil
	case t.DType == graph.Bool:
		return b.random.integers(t.DType, n, ones), nil
	case t.DType.IsFloat() && t.DType.Bits() >= 16:
		return b.random.floats(t.DType, n, len(t.Dims) < 2), nil
	case len(t.Dims) < 2: // a zero point
		return make([]byte, t.DType.Size(n)), nil
	}
	return b.random.bytes(t.DType.Size(n)), nil
}

// original is the value of the model that a copy came from, whose name has numbers after a # behind it; an empty one
// where there is none.
func (b *builder) original(name string) *graph.Value {
	for name != "" {
		if v := b.byName()[name]; v != nil {
			return v
		}
		name = name[:max(strings.LastIndexByte(name, '#'), 0)]
	}
	return &graph.Value{}
}

// stored are the bytes of a small tensor that the model's file holds; nil where it does not.
func stored(t *graph.Tensor, n int64) []byte {
	size := t.DType.Size(n)
	switch {
	case t.Sparse || t.Elided || size > SmallBytes && t.Raw == nil:
		return nil
	case t.Raw != nil && int64(len(t.Raw)) >= size:
		return t.Raw[:size]
	case t.Ints != nil && int64(len(t.Ints)) == n && t.DType.Bits() >= 8:
		var out []byte
		for _, x := range t.Ints { // float16 in int32_data holds its bits
			out = appendInt(out, t.DType, x)
		}
		return out
	case t.Floats != nil && int64(len(t.Floats)) == n && t.DType.IsFloat() && t.DType.Bits() >= 16:
		var out []byte
		for _, x := range t.Floats {
			out = graph.AppendReal(out, t.DType, x)
		}
		return out
	case t.Load != nil:
		if raw, err := t.Load(0, size); err == nil && int64(len(raw)) >= size {
			return raw[:size]
		}
	}
	return nil
}

// Names of the files of a model that is not held in memory.
const (
	modelFile   = "model.onnx"
	weightsFile = "weights.bin"
)

// spill writes a graph and its weights into a folder of their own below dir and returns the model's path. Hollow weights
// are zeros that take no room on the disk.
func (b *builder) spill(g *graph.Graph, dir string, hollow bool) (path string, err error) {
	if dir, err = os.MkdirTemp(dir, "model-"); err != nil {
		return "", err
	}
	f, err := os.Create(filepath.Join(dir, weightsFile))
	if err != nil {
		return "", err
	}
	out := bufio.NewWriterSize(f, 1<<20)
	var at int64
	place := func(t *graph.Tensor, size int64) *graph.Tensor {
		e := &graph.External{Location: weightsFile, Offset: at, Length: size}
		at += size
		return &graph.Tensor{Name: t.Name, DType: t.DType, Dims: t.Dims, External: e}
	}
	var failed error
	err = b.replace(g, hollow, func(t *graph.Tensor, raw []byte) *graph.Tensor {
		if raw == nil {
			return place(t, t.DType.Size(t.Len()))
		}
		if len(raw) <= inlineBytes {
			return &graph.Tensor{Name: t.Name, DType: t.DType, Dims: t.Dims, Raw: raw}
		}
		if _, err := out.Write(raw); err != nil && failed == nil {
			failed = err
		}
		return place(t, int64(len(raw)))
	})
	err = errors.Join(err, failed, out.Flush())
	if hollow {
		err = errors.Join(err, f.Truncate(at))
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	var model bytes.Buffer
	if err := onnx.Encode(&model, g); err != nil {
		return "", err
	}
	path = filepath.Join(dir, modelFile)
	return path, os.WriteFile(path, model.Bytes(), 0o600)
}

// Hollow writes a part into a folder of its own below dir, for a runtime to rewrite but not to run, and returns the path
// of the model's file. Small tensors are what they are; large ones are zeros that take no room on the disk.
func Hollow(p Part, dir string) (string, error) {
	b := builder{part: p, options: Options{Dir: dir}, random: newRandom(0)}
	g, err := b.graph()
	if err != nil {
		return "", fmt.Errorf("%s: %w", p.Name, err)
	}
	path, err := b.spill(g, dir, true)
	if err != nil {
		return "", fmt.Errorf("%s: %w", p.Name, err)
	}
	return path, nil
}
