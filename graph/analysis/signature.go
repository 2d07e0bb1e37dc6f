package analysis

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
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
	fmt.Fprintf(&b, " (%s) -> (%s)", a.describe(n.Inputs), a.describe(n.Outputs))
	return b.String()
}

// maxSignatureValues bounds the elements of a stored input that are part of a signature.
const maxSignatureValues = 16

// describe says what values are.
func (a *Analysis) describe(values []*graph.Value) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = "-"
		if v != nil {
			texts[i] = a.describeFact(&a.Inference.Facts[v.ID])
		}
	}
	return strings.Join(texts, ", ")
}

func (a *Analysis) describeFact(f *ops.Fact) string {
	text := f.DType.String()
	if f.Shape == nil {
		text += "?"
	} else {
		dims := make([]string, len(f.Shape))
		for i, d := range f.Shape {
			if n, ok := a.Eval(d); ok {
				d = graph.Const(n)
			}
			dims[i] = d.String()
		}
		text += "[" + strings.Join(dims, ",") + "]"
	}
	if f.Tensor == nil {
		return text
	}
	text += "="
	if f.DType.IsInt() && f.DType.Bits() >= 32 { // narrower ones are weights and zero points, whose values cost nothing
		if vals, err := f.Tensor.Elements(maxSignatureValues); err == nil {
			text += fmt.Sprint(vals)
		}
	}
	return text
}

// ModuleSignature says what makes two modules one measurement: the signatures of their operators and how these are
// linked, as a hash. Names of modules, operators and values do not enter.
func ModuleSignature(a *Analysis, m *graph.Module) string {
	inside := map[*graph.Node]bool{}
	m.Walk(func(m *graph.Module) {
		for _, n := range m.Nodes {
			inside[n] = true
		}
	})
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
