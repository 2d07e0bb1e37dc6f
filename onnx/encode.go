package onnx

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/irene-onnx/irene/graph"
)

// Encode writes a graph as an ONNX model. Values go by their names in the graph, functions stay inlined, external data
// stays where it is. What the decoder does not keep cannot be written: tensors of which it holds no elements though the
// file stored some, sparse tensors, strings; and nodes of inlined functions that rest on another version of an operator
// set than the model.
func Encode(w io.Writer, g *graph.Graph) error {
	if err := checkOpsets(g); err != nil {
		return fmt.Errorf("%s: %w", g.File, err)
	}
	var m pieces
	m.varint(1, g.IRVersion)
	m.string(2, g.Producer)
	m.string(3, g.ProducerVersion)
	e := &encoder{names: make(map[*graph.Value]string, len(g.Values)), taken: make(map[string]bool, len(g.Values))}
	body, err := e.body(g.Main)
	if err != nil {
		return fmt.Errorf("%s: %w", g.File, err)
	}
	m.message(7, body)
	for _, domain := range slices.Sorted(maps.Keys(g.Opsets)) {
		var opset pieces
		opset.string(1, domain)
		opset.varint(2, g.Opsets[domain])
		m.message(8, opset)
	}
	m.properties(14, g.Metadata)
	return m.write(w)
}

// checkOpsets finds nodes whose operator set is imported with another version.
func checkOpsets(g *graph.Graph) error {
	for _, n := range g.Nodes {
		if v, ok := g.Opsets[n.Domain]; ok && v != n.Opset {
			return fmt.Errorf("%s: it rests on version %d of domain %q, the model imports %d", label(n.Name, n.Op), n.Opset, n.Domain, v)
		}
	}
	return nil
}

// encoder knows the names that values go by.
type encoder struct {
	names map[*graph.Value]string
	taken map[string]bool // in this body and around it
}

// enter names the values of a body. In a subgraph they go by the names the file gave them, as far as those are free: the
// names of the graph would grow with every reading.
func (e *encoder) enter(b *graph.Body) (mine []string) {
	add := func(v *graph.Value) {
		if v == nil || v.Body != b || e.names[v] != "" {
			return
		}
		name := v.Name
		if b.Owner != nil && v.Local != "" && !e.taken[v.Local] {
			name = v.Local
		}
		for e.taken[name] {
			name += "'"
		}
		e.names[v], e.taken[name] = name, true
		mine = append(mine, name)
	}
	for _, list := range [][]*graph.Value{b.Inputs, b.Inits} {
		for _, v := range list {
			add(v)
		}
	}
	for _, n := range b.Nodes {
		for _, v := range n.Outputs {
			add(v)
		}
	}
	return mine
}

// body writes a GraphProto.
func (e *encoder) body(b *graph.Body) (pieces, error) {
	for _, name := range e.enter(b) {
		defer delete(e.taken, name)
	}
	var out pieces
	for _, n := range b.Nodes {
		node, err := e.node(n)
		if err != nil {
			return out, fmt.Errorf("%s: %w", label(n.Name, n.Op), err)
		}
		out.message(1, node)
	}
	out.string(2, b.Name)
	for _, v := range b.Inits {
		t, err := encodeTensor(v.Init, e.names[v], v.Metadata)
		if err != nil {
			return out, fmt.Errorf("tensor %q: %w", v.Name, err)
		}
		out.message(5, t)
	}
	for _, v := range b.Inputs {
		out.message(11, e.value(v))
	}
	for _, v := range b.Inits { // inputs with a default; see the package documentation
		if v.IsInput && !slices.Contains(b.Inputs, v) {
			out.message(11, e.value(v))
		}
	}
	for _, v := range b.Outputs {
		out.message(12, e.value(v))
	}
	for _, v := range b.Inits {
		if !v.IsInput && !v.IsOutput && v.Type.Kind != graph.KindUnknown {
			out.message(13, e.value(v))
		}
	}
	for _, n := range b.Nodes {
		for _, v := range n.Outputs {
			if v != nil && !v.IsOutput && v.Type.Kind != graph.KindUnknown {
				out.message(13, e.value(v))
			}
		}
	}
	return out, nil
}

// value writes a ValueInfoProto.
func (e *encoder) value(v *graph.Value) pieces {
	var out pieces
	out.string(1, e.names[v])
	if v.Type.Kind != graph.KindUnknown {
		out.message(2, encodeType(&v.Type))
	}
	if v.Init == nil {
		out.properties(4, v.Metadata)
	}
	return out
}

// encodeType writes a TypeProto.
func encodeType(t *graph.Type) pieces {
	var out, inner pieces
	elem := protowire.Number(1)
	switch t.Kind {
	case graph.KindUnknown:
		return out
	case graph.KindTensor, graph.KindSparse:
		inner.varint(1, int64(t.DType))
		if t.Shape != nil {
			inner.message(2, encodeShape(t.Shape))
		}
	case graph.KindMap:
		inner.varint(1, int64(t.DType))
		elem = 2
	}
	if t.Elem != nil {
		inner.message(elem, encodeType(t.Elem))
	}
	out.message(typeFields[t.Kind], inner)
	return out
}

// encodeShape writes a TensorShapeProto.
func encodeShape(s graph.Shape) pieces {
	var out pieces
	for _, d := range s {
		var dim pieces
		if n, ok := d.Const(); ok {
			dim.varint(1, n)
		} else if !d.IsUnknown() {
			dim.string(2, d.String())
		}
		out.message(1, dim)
	}
	return out
}

// node writes a NodeProto.
func (e *encoder) node(n *graph.Node) (pieces, error) {
	var out pieces
	for i, list := range [][]*graph.Value{n.Inputs, n.Outputs} {
		for _, v := range list {
			out.bytes(protowire.Number(1+i), []byte(e.names[v])) // nil has none
		}
	}
	out.string(3, n.Name)
	out.string(4, n.Op)
	for i := range n.Attrs {
		a, err := e.attr(&n.Attrs[i])
		if err != nil {
			return out, fmt.Errorf("attribute %q: %w", n.Attrs[i].Name, err)
		}
		out.message(5, a)
	}
	out.string(7, n.Domain)
	out.string(8, n.Overload)
	out.properties(9, n.Metadata)
	return out, nil
}

// attr writes an AttributeProto.
func (e *encoder) attr(a *graph.Attr) (pieces, error) {
	var out pieces
	var err error
	out.string(1, a.Name)
	if a.Elided {
		return out, errors.New("a string of it is too long to be kept")
	}
	switch a.Type {
	case graph.AttrFloat:
		out.float(2, a.Float)
	case graph.AttrInt:
		out.varint(3, a.Int)
	case graph.AttrString:
		out.bytes(4, []byte(a.Str))
	case graph.AttrFloats:
		for _, x := range a.Floats {
			out.float(7, x)
		}
	case graph.AttrInts:
		for _, x := range a.Ints {
			out.varint(8, x)
		}
	case graph.AttrStrings:
		for _, s := range a.Strs {
			out.bytes(9, []byte(s))
		}
	case graph.AttrTypeProto:
		if a.TypeVal != nil {
			out.message(14, encodeType(a.TypeVal))
		}
	case graph.AttrTensor:
		err = out.tensors(5, a.Tensor)
	case graph.AttrTensors:
		err = out.tensors(10, a.Tensors...)
	case graph.AttrGraph:
		err = e.bodies(&out, 6, a.Body)
	case graph.AttrGraphs:
		err = e.bodies(&out, 11, a.Bodies...)
	default:
		err = fmt.Errorf("its type %d cannot be written", a.Type)
	}
	out.varint(20, int64(a.Type))
	return out, err
}

// tensors writes TensorProtos under their own names.
func (p *pieces) tensors(num protowire.Number, list ...*graph.Tensor) error {
	for _, t := range list {
		one, err := encodeTensor(t, t.Name, nil)
		if err != nil {
			return err
		}
		p.message(num, one)
	}
	return nil
}

// bodies writes GraphProtos.
func (e *encoder) bodies(out *pieces, num protowire.Number, list ...*graph.Body) error {
	for _, b := range list {
		one, err := e.body(b)
		if err != nil {
			return err
		}
		out.message(num, one)
	}
	return nil
}

// encodeTensor writes a TensorProto under a name.
func encodeTensor(t *graph.Tensor, name string, metadata []graph.Property) (pieces, error) {
	var out pieces
	switch {
	case t.Sparse:
		return out, errors.New("it is sparse: the places of its elements were not kept")
	case t.Elided:
		return out, errors.New("its elements were not kept when the file was read")
	}
	for _, d := range t.Dims {
		out.varint(1, d)
	}
	out.varint(2, int64(t.DType))
	num, _ := dataField(t.DType)
	raw, err := embedded(t)
	if err != nil {
		return out, err
	}
	switch {
	case t.External != nil || raw != nil:
	case t.Ints != nil:
		var packed []byte
		for _, x := range packInts(t.DType, t.Ints) {
			packed = protowire.AppendVarint(packed, uint64(x))
		}
		out.bytes(num, packed)
	case t.Floats != nil:
		var packed []byte
		for _, x := range t.Floats {
			if num == 10 {
				packed = protowire.AppendFixed64(packed, math.Float64bits(x))
			} else {
				packed = protowire.AppendFixed32(packed, math.Float32bits(float32(x)))
			}
		}
		out.bytes(num, packed)
	}
	out.string(8, name)
	if raw != nil {
		out.bytes(9, raw)
	}
	if e := t.External; e != nil {
		out.properties(13, place(e))
		out.varint(14, 1)
	}
	out.properties(16, metadata)
	return out, nil
}

// embedded are the bytes of a tensor that lie in its model's file.
func embedded(t *graph.Tensor) ([]byte, error) {
	if t.Raw != nil || t.External != nil || t.Load == nil {
		return t.Raw, nil
	}
	return t.Load(0, t.DType.Size(t.Len()))
}

func place(e *graph.External) []graph.Property {
	out := []graph.Property{{Key: "location", Value: e.Location}, {Key: "offset", Value: strconv.FormatInt(e.Offset, 10)}}
	if e.Length >= 0 {
		out = append(out, graph.Property{Key: "length", Value: strconv.FormatInt(e.Length, 10)})
	}
	return out
}

// packInts puts elements of 2 or 4 bits together again; see unpackInts.
func packInts(t graph.DType, in []int64) []int64 {
	width := t.Bits()
	if width != 2 && width != 4 {
		return in
	}
	per := 8 / width
	out := make([]int64, (int64(len(in))+per-1)/per)
	for i, x := range in {
		out[int64(i)/per] |= (x & (1<<width - 1)) << (width * (int64(i) % per))
	}
	return out
}
