package analysis

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// Signature says what makes two operators one measurement: operator, opset, attributes, and of every input and output
// the element type, the shape at the bound dims and whether it is stored. Values of small stored inputs, which may be
// axes or target shapes, belong to it.
func Signature(a *Analysis, n *graph.Node) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s-%d", n.Kind(), n.Opset)
	for i := range n.Attrs {
		at := &n.Attrs[i]
		switch at.Type {
		case graph.AttrFloat:
			fmt.Fprintf(&b, " %s=%g", at.Name, at.Float)
		case graph.AttrInt:
			fmt.Fprintf(&b, " %s=%d", at.Name, at.Int)
		case graph.AttrString:
			fmt.Fprintf(&b, " %s=%q", at.Name, at.Str)
		case graph.AttrInts:
			fmt.Fprintf(&b, " %s=%v", at.Name, at.Ints)
		case graph.AttrFloats:
			fmt.Fprintf(&b, " %s=%v", at.Name, at.Floats)
		case graph.AttrStrings:
			fmt.Fprintf(&b, " %s=%q", at.Name, at.Strs)
		default:
			fmt.Fprintf(&b, " %s", at.Name)
		}
	}
	b.WriteString(" (")
	for i, v := range n.Inputs {
		if i > 0 {
			b.WriteString(", ")
		}
		a.describe(&b, v)
	}
	b.WriteString(") -> (")
	for i, v := range n.Outputs {
		if i > 0 {
			b.WriteString(", ")
		}
		a.describe(&b, v)
	}
	b.WriteByte(')')
	return b.String()
}

// maxSignatureValues bounds the elements of a stored input that are part of a signature.
const maxSignatureValues = 16

func (a *Analysis) describe(b *strings.Builder, v *graph.Value) {
	if v == nil {
		b.WriteByte('-')
		return
	}
	f := &a.Inference.Facts[v.ID]
	b.WriteString(f.DType.String())
	if f.Shape == nil {
		b.WriteByte('?')
	} else {
		b.WriteByte('[')
		for i, d := range f.Shape {
			if i > 0 {
				b.WriteByte(',')
			}
			if n, ok := a.Eval(d); ok {
				fmt.Fprint(b, n)
			} else {
				b.WriteString(d.String())
			}
		}
		b.WriteByte(']')
	}
	if f.Tensor == nil {
		return
	}
	b.WriteByte('=')
	if f.DType.IsInt() && f.DType.Bits() >= 32 { // narrower ones are weights and zero points, whose values cost nothing
		if vals, err := f.Tensor.Elements(maxSignatureValues); err == nil {
			fmt.Fprint(b, vals)
		}
	}
}

// ModuleSignature says what makes two modules one measurement: the signatures of their operators and how these are
// linked, as a hash. Names of modules, operators and values do not enter.
func ModuleSignature(a *Analysis, m *graph.Module) string {
	inside := map[*graph.Node]bool{}
	var mark func(*graph.Module)
	mark = func(m *graph.Module) {
		for _, n := range m.Nodes {
			inside[n] = true
		}
		for _, c := range m.Children {
			mark(c)
		}
	}
	mark(m)
	h := sha256.New()
	at := map[*graph.Value]int{} // values in the order in which they are first named
	for _, n := range a.Graph.Nodes {
		if !inside[n] {
			continue
		}
		fmt.Fprintln(h, Signature(a, n))
		for _, list := range [][]*graph.Value{n.Inputs, n.Outputs} {
			for _, v := range list {
				if v == nil || v.Init != nil { // weights differ by name alone
					continue
				}
				if _, ok := at[v]; !ok {
					at[v] = len(at)
				}
				fmt.Fprint(h, at[v], " ")
			}
			fmt.Fprintln(h)
		}
	}
	return fmt.Sprintf("module %x", h.Sum(nil)[:12])
}
