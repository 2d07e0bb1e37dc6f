package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
	. "github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

// listing prints nodes as "MatMul x,w -> y", bodies in brackets.
func listing(b *graph.Body) string {
	var out []string
	for _, n := range b.Nodes {
		line := n.Op + " " + valueNames(n.Inputs) + " -> " + valueNames(n.Outputs)
		for _, inner := range n.Bodies() {
			line += " [" + listing(inner) + "]"
		}
		out = append(out, line)
	}
	return strings.Join(out, "; ")
}

func valueNames(vs []*graph.Value) string {
	var out []string
	for _, v := range vs {
		out = append(out, v.Local)
	}
	return strings.Join(out, ",")
}

func TestWithBranches(t *testing.T) {
	branch := func(key string, parts ...Part) Part { return Attr(key, Graph(key, parts...)) }
	out := func(name string) Part { return OutOf(name, graph.Type{}) }
	x, c := In("x", graph.Float32, 2, 8), In("c", graph.Bool)
	for _, k := range []struct {
		name  string
		parts []Part
		want  string // with the second of each If's branches, by name, that is the then_branch
	}{
		{
			"a result of a node",
			[]Part{
				Node("If", "c", "y", branch("else_branch", Node("Neg", "x", "e"), out("e")), branch("then_branch", Node("Abs", "x", "a"), Node("Exp", "a", "o"), out("o"))),
				Node("Relu", "y", "z"), Out("z", graph.Float32, 2, 8),
			},
			"Abs x -> a; Exp a -> y; Relu y -> z",
		},
		{
			"an outer value, one put out twice, an initializer",
			[]Part{
				Node("If", "c", "p q r s", branch("else_branch", Node("Neg", "x", "e"), out("e"), out("e"), out("e"), out("e")),
					branch("then_branch", Node("Abs", "x", "a"), Weight("w", graph.Float32, 2, 8), out("x"), out("a"), out("a"), out("w"))),
				Out("p", graph.Float32, 2, 8), Out("q", graph.Float32, 2, 8), Out("s", graph.Float32, 2, 8),
			},
			"Abs x -> q; Identity x -> p; Identity q -> r; Identity w -> s",
		},
		{
			"branches in branches and in loops",
			[]Part{
				Int("n", 3),
				Node("Loop", "n c x", "y", Attr("body", Graph("body", In("i", graph.Int64), In("on", graph.Bool), InOf("v", graph.Type{}),
					Node("Identity", "on", "go"), Node("If", "on", "h", branch("else_branch", Node("Neg", "v", "e"), out("e")),
						branch("then_branch", Node("If", "c", "o", branch("else_branch", Node("Neg", "v", "e"), out("e")), branch("then_branch", Node("Exp", "v", "k"), out("k"))), out("o"))),
					out("go"), out("h")))),
				Out("y", graph.Float32, 2, 8),
			},
			"Loop n,c,x -> y [Identity on -> go; Exp v -> h]",
		},
	} {
		t.Run(k.name, func(t *testing.T) {
			g, err := onnx.DecodeBytes(Model(append([]Part{x, c}, k.parts...)...).Bytes(), "test", "", onnx.Options{})
			if err != nil {
				t.Fatal(err)
			}
			before := listing(g.Main)
			choice := map[*graph.Node]int{}
			for _, n := range g.Nodes {
				if n.Op == "If" {
					choice[n] = 1
				}
			}
			got := graph.WithBranches(g, choice)
			if err := graph.CheckValid(got); err != nil {
				t.Error(err)
			}
			if err := graph.CheckValid(g); err != nil || listing(g.Main) != before {
				t.Errorf("the original changed: %v", err)
			}
			if text := listing(got.Main); text != k.want {
				t.Errorf("%s\nwant %s", text, k.want)
			}
			if ids := fmt.Sprint(len(got.Nodes)); strings.Count(k.want, "->") != len(got.Nodes) {
				t.Errorf("%s nodes", ids)
			}
		})
	}
}
