package onnx

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/onnx/internal/wire"
)

// valueProto is a ValueInfoProto as parsed; the name aliases the file.
type valueProto struct {
	name     []byte
	typ      graph.Type
	metadata []graph.Property
}

const maxTypeDepth = 32

// value appends a ValueInfoProto. Without symbols, dimensions with a name are unknown: those of a function mean
// something else in every call.
func (p *parser) value(b []byte, to []valueProto, symbols bool) ([]valueProto, error) {
	to = append(to, valueProto{})
	v := &to[len(to)-1]
	var err error
	f := p.message(b)
	for err == nil && f.Next() {
		switch f.Num {
		case 1:
			v.name = f.Bytes()
		case 2:
			err = p.typ(f.Bytes(), &v.typ, symbols, 0)
		case 4:
			v.metadata, err = p.property(f.Bytes(), v.metadata)
		}
	}
	err = cmp.Or(err, f.Err)
	if err != nil {
		return to, fmt.Errorf("value %q: %w", v.name, err)
	}
	return to, nil
}

// typeFields are the fields of TypeProto, by the kind of type that they hold.
var typeFields = [...]protowire.Number{
	graph.KindTensor: 1, graph.KindSparse: 8, graph.KindSequence: 4, graph.KindOptional: 9, graph.KindMap: 5, graph.KindOpaque: 7,
}

// typ reads a TypeProto.
func (p *parser) typ(b []byte, t *graph.Type, symbols bool, depth int) error {
	if depth > maxTypeDepth {
		return fmt.Errorf("types nested deeper than %d", maxTypeDepth)
	}
	var err error
	f := p.message(b)
	for err == nil && f.Next() {
		kind := graph.Kind(max(slices.Index(typeFields[:], f.Num), 0))
		switch kind {
		case graph.KindUnknown:
			continue
		case graph.KindTensor, graph.KindSparse:
			err = p.tensorType(f.Bytes(), t, symbols)
		case graph.KindSequence, graph.KindOptional:
			err = p.container(f.Bytes(), t, 0, 1, symbols, depth)
		case graph.KindMap:
			err = p.container(f.Bytes(), t, 1, 2, symbols, depth)
		}
		t.Kind = kind
	}
	return cmp.Or(err, f.Err)
}

// tensorType reads TypeProto.Tensor and TypeProto.SparseTensor: element type and shape.
func (p *parser) tensorType(b []byte, t *graph.Type, symbols bool) error {
	var err error
	f := p.message(b)
	for err == nil && f.Next() {
		switch f.Num {
		case 1:
			t.DType = p.dtype(f.Varint())
		case 2:
			t.Shape, err = p.shape(f.Bytes(), symbols)
		}
	}
	return cmp.Or(err, f.Err)
}

// container reads the fields of a sequence, optional or map type: an element type and, for maps, a key type.
func (p *parser) container(b []byte, t *graph.Type, key, elem int, symbols bool, depth int) error {
	var err error
	f := p.message(b)
	for err == nil && f.Next() {
		switch int(f.Num) {
		case key:
			t.DType = p.dtype(f.Varint())
		case elem:
			t.Elem = &graph.Type{}
			err = p.typ(f.Bytes(), t.Elem, symbols, depth+1)
		}
	}
	return cmp.Or(err, f.Err)
}

// dtype checks an element type; one beyond the known is kept as a number without width.
func (p *parser) dtype(n int64) graph.DType {
	if t := graph.DType(n); int64(t) == n && (t.Valid() || n == 0) {
		return t
	}
	p.warnings.add("element type %d is unknown", n)
	return graph.DType(255)
}

const maxRank = 1024

// shape reads a TensorShapeProto. The result is never nil: a shape without dimensions is that of a scalar.
func (p *parser) shape(b []byte, symbols bool) (graph.Shape, error) {
	f := p.message(b)
	var c wire.Counts
	f.Count(&c)
	if c[1] > maxRank {
		return nil, fmt.Errorf("rank %d", c[1])
	}
	if c[1] == 0 {
		return graph.Shape{}, f.Err
	}
	s := graph.Shape(p.shapes.take(c[1]))[:0]
	for f.Next() {
		if f.Num != 1 {
			continue
		}
		d, err := p.dim(f.Bytes(), symbols)
		if err != nil {
			return nil, err
		}
		s = append(s, d)
	}
	return s, f.Err
}

// dim reads a TensorShapeProto.Dimension. A negative size, which some exporters write for a size they do not know, is
// unknown.
func (p *parser) dim(b []byte, symbols bool) (graph.Dim, error) {
	var d graph.Dim
	f := p.message(b)
	for f.Next() {
		switch f.Num {
		case 1:
			if d = (graph.Dim{}); f.Varint() >= 0 {
				d = graph.Const(int64(f.N))
			}
		case 2:
			if d = (graph.Dim{}); symbols {
				d = p.symbol(f.Bytes())
			}
		}
	}
	return d, f.Err
}

const maxDimText = 4096

// symbol reads a dim_param: a name or an expression over names.
func (p *parser) symbol(b []byte) graph.Dim {
	if d, ok := p.dims[string(b)]; ok || len(b) == 0 {
		return d
	}
	text := string(b)
	var d graph.Dim
	switch {
	case isPlaceholder(text): // no name: as often as it stands there, it may be another size
	case len(text) > maxDimText:
		d = graph.Symbol(text)
	default:
		d = graph.ParseDim(text)
	}
	if n, ok := d.Const(); ok && n < 0 {
		d = graph.Dim{}
	}
	p.dims[text] = d
	return d
}

// isPlaceholder reports whether a dim_param names nothing: "?", "*", "-1" and "None" are what exporters write for a dim
// that is open.
func isPlaceholder(text string) bool {
	switch strings.ToLower(text) {
	case "none", "null", "nil":
		return true
	}
	return strings.IndexFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }) < 0
}

var errNoName = errors.New("no name")
