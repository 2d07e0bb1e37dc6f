package onnx

import (
	"cmp"
	"fmt"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/onnx/internal/wire"
)

// modelProto is a ModelProto as parsed: names are not yet linked.
type modelProto struct {
	ir                int64
	producer, version string
	metadata          []graph.Property
	opsets            map[string]int64
	graph             *graphProto
	functions         []functionProto
}

// parser reads messages. Small strings are copied, equal ones of a small vocabulary shared; lists come from slabs.
type parser struct {
	src      *source
	in       wire.Input
	opts     Options
	files    *folder
	warnings warnings
	spent    int // see spend

	ordinals   int  // nodes of the graph so far
	inFunction bool // nodes are those of a function

	arena    strings.Builder
	chunk    int
	interned [256]string
	dims     map[string]graph.Dim

	byteLists slab[[]byte]
	strLists  slab[string]
	attrs     slab[graph.Attr]
	props     slab[graph.Property]
	intLists  slab[int64]
	floats    slab[float32]
	shapes    slab[graph.Dim]
	tensors   slab[graph.Tensor]
}

func newParser(src *source, dir string, opts Options) *parser {
	p := &parser{
		src: src, in: wire.Input{Size: cap(src.data), Missing: src.missing}, opts: opts, dims: map[string]graph.Dim{},
		files: &folder{dir: dir, limit: opts.MaxExternal},
	}
	if src.skimmed {
		p.in.Place = src.place
	}
	return p
}

func (p *parser) message(b []byte) wire.Message { return wire.New(b, &p.in) }

// leftOut is the place in the file of the value of the current field, where it was left out.
func (p *parser) leftOut(f *wire.Message) (cut, bool) {
	if !p.src.skimmed || len(f.Val) > 0 {
		return cut{}, false
	}
	return p.src.hole(f.Position())
}

// slab hands out slices cut from larger ones.
type slab[T any] struct {
	free  []T
	chunk int
}

func (s *slab[T]) take(n int) []T {
	switch {
	case n == 0:
		return nil
	case n > len(s.free):
		s.chunk = min(max(2*s.chunk, 16), 1024)
		if n > s.chunk/4 {
			return make([]T, n)
		}
		s.free = make([]T, s.chunk)
	}
	out := s.free[:n:n]
	s.free = s.free[n:]
	return out
}

// reserve makes room for n elements in one piece.
func (s *slab[T]) reserve(n int) {
	if n > len(s.free) {
		s.free = make([]T, n)
	}
}

const maxArena = 64 << 10

// str copies a string out of the input.
func (p *parser) str(b []byte) string {
	if len(b) > maxArena/16 {
		return string(b)
	}
	if p.arena.Cap()-p.arena.Len() < len(b) {
		p.chunk = min(max(2*p.chunk, 1024, len(b)), maxArena)
		p.arena = strings.Builder{}
		p.arena.Grow(p.chunk)
	}
	at := p.arena.Len()
	p.arena.Write(b)
	return p.arena.String()[at:]
}

// intern is str for strings that repeat, such as operator names.
func (p *parser) intern(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	h := uint(len(b))
	h = h*31 + uint(b[0])
	h = h*31 + uint(b[len(b)/2])
	h = h*31 + uint(b[len(b)-1])
	slot := &p.interned[h%uint(len(p.interned))]
	if *slot != string(b) {
		*slot = p.str(b)
	}
	return *slot
}

// domain spells the default domain "".
func (p *parser) domain(b []byte) string {
	if string(b) == "ai.onnx" {
		return ""
	}
	return p.intern(b)
}

// model reads a ModelProto. A file without a graph is no model; neither is one that cannot be read up to its graph.
func (p *parser) model(b []byte) (*modelProto, error) {
	m := &modelProto{opsets: map[string]int64{}}
	var err error
	f := p.message(b)
	for err == nil && f.Next() {
		switch f.Num {
		case 1:
			m.ir = f.Varint()
		case 2:
			m.producer = p.str(f.Bytes())
		case 3:
			m.version = p.str(f.Bytes())
		case 7:
			if m.graph != nil {
				err = fmt.Errorf("byte %d: a second graph", f.Place())
				break
			}
			if g := f.Bytes(); f.Err == nil {
				m.graph, err = p.graph(g, 0)
			}
		case 8:
			err = p.opset(f.Bytes(), m.opsets)
		case 14:
			m.metadata, err = p.property(f.Bytes(), m.metadata)
		case 20:
			p.warnings.add("training_info is not read")
		case 25:
			var fn functionProto
			if fn, err = p.function(f.Bytes()); err == nil {
				m.functions = append(m.functions, fn)
			}
		}
	}
	return m, p.checkModel(m, cmp.Or(err, f.Err))
}

// checkModel tells a malformed model from something else. The first field of a graph that does not fit into the file
// is what a download cut short leaves.
func (p *parser) checkModel(m *modelProto, err error) error {
	switch {
	case err != nil && m.graph == nil && m.ir == 0:
		return fmt.Errorf("%w: %w", ErrNotONNX, err)
	case err != nil:
		return err
	case m.graph == nil:
		return fmt.Errorf("%w: it has no graph", ErrNotONNX)
	case m.ir == 0 && len(m.graph.nodes) == 0 && len(m.graph.outputs) == 0:
		return fmt.Errorf("%w: its graph is empty", ErrNotONNX)
	case m.ir < 0:
		return fmt.Errorf("IR version %d", m.ir)
	}
	if m.ir == 0 {
		p.warnings.add("the file states no IR version")
	}
	if m.ir > maxIR {
		p.warnings.add("IR version %d is newer than %d: what is new in it is not read", m.ir, maxIR)
	}
	if v := m.opsets[""]; v > maxOpset {
		p.warnings.add("opset %d is newer than %d: its operators are read as those of the newest known version", v, maxOpset)
	}
	return nil
}

// opset reads an OperatorSetIdProto into the map.
func (p *parser) opset(b []byte, into map[string]int64) error {
	domain, version := "", int64(0)
	f := p.message(b)
	for f.Next() {
		switch f.Num {
		case 1:
			domain = p.domain(f.Bytes())
		case 2:
			version = f.Varint()
		}
	}
	if old, ok := into[domain]; ok && old != version {
		p.warnings.add("domain %q is imported with versions %d and %d; the higher holds", domain, old, version)
		version = max(old, version)
	}
	into[domain] = version
	if f.Err != nil {
		return fmt.Errorf("opset_import: %w", f.Err)
	}
	return nil
}

// property appends a StringStringEntryProto.
func (p *parser) property(b []byte, to []graph.Property) ([]graph.Property, error) {
	var e graph.Property
	f := p.message(b)
	for f.Next() {
		switch f.Num {
		case 1:
			e.Key = p.intern(f.Bytes())
		case 2:
			e.Value = p.str(f.Bytes())
		}
	}
	if f.Err != nil {
		return nil, fmt.Errorf("metadata_props: %w", f.Err)
	}
	return append(to, e), nil
}

// name finds the string field of that number in a message that cannot be read; it serves error texts.
func (p *parser) name(b []byte, num protowire.Number) string { return lastString(p.message(b), num) }

// lastString is the last string field of that number, however broken the message is.
func lastString(m wire.Message, num protowire.Number) string {
	s := ""
	for m.Next() {
		if m.Num == num && m.Typ == protowire.BytesType {
			s = clip(string(m.Val[:min(len(m.Val), maxShown+1)]))
		}
	}
	return s
}
