package ops_test

import (
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
	"github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

// ruleCase is a model whose last node is held against what its rules should say of it.
type ruleCase struct {
	name  string
	parts []onnxtest.Part
	want  string // facts of the outputs, by "; "; of absent ones "-"; "conflict" where the rule should fail
	flops string // elementwise operations and, behind a "+", multiply-accumulates; "" where they are not held
}

// ruleCases runs a table.
func ruleCases(t *testing.T, cases []ruleCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g, inf := inferred(t, ops.Options{}, c.parts...)
			n := g.Main.Nodes[len(g.Main.Nodes)-1]
			got := factsOf(inf, n)
			if len(inf.Conflicts) > 0 {
				got = "conflict"
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s\nconflicts %v", got, c.want, inf.Conflicts)
			}
			if c.flops == "" {
				return
			}
			k := ops.Count(g, inf)[n.ID]
			flops := k.Elementwise.String()
			if !k.MACs.Is(0) {
				flops += " + " + k.MACs.String()
			}
			if !k.Known || flops != c.flops {
				t.Errorf("counted %s, want %s", flops, c.flops)
			}
		})
	}
}

// inferred decodes a model and infers it.
func inferred(t *testing.T, opts ops.Options, parts ...onnxtest.Part) (*graph.Graph, *ops.Inference) {
	t.Helper()
	g, err := onnx.DecodeBytes(onnxtest.Model(parts...).Bytes(), "test", "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return g, ops.Infer(g, opts)
}

// factsOf prints what is known of a node's outputs.
func factsOf(inf *ops.Inference, n *graph.Node) string {
	var out []string
	for _, v := range n.Outputs {
		if v == nil {
			out = append(out, "-")
			continue
		}
		out = append(out, factText(&inf.Facts[v.ID]))
	}
	return strings.Join(out, "; ")
}

// factText prints "float32 [2, 3] = 1 2 3 4 5 6", "int64 [2] stored" or "sequence(3) of float32 [2]".
func factText(f *ops.Fact) string {
	switch f.Kind {
	case graph.KindSequence, graph.KindOptional:
		s := "sequence"
		if f.Kind == graph.KindOptional {
			s = "optional"
		}
		if f.Items != nil {
			s += "(" + f.Items.Len.String() + ")"
		}
		if f.Elem != nil {
			s += " of " + factText(f.Elem)
		}
		return s
	case graph.KindMap:
		return "map"
	case graph.KindUnknown:
		return "nothing"
	}
	s := f.DType.String() + " " + f.Shape.String()
	if f.Data == nil && f.Tensor != nil {
		s += " stored"
	}
	if f.Data != nil {
		s += " ="
		for _, d := range f.Data {
			s += " " + d.String()
		}
	}
	return s
}

// model is short for a list of parts.
func model(parts ...onnxtest.Part) []onnxtest.Part { return parts }

// factNamed prints the fact of a value.
func factNamed(t *testing.T, g *graph.Graph, inf *ops.Inference, name string) string {
	t.Helper()
	for _, v := range g.Values {
		if v.Name == name {
			return factText(&inf.Facts[v.ID])
		}
	}
	t.Fatalf("no value %s", name)
	return ""
}
