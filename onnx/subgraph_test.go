package onnx_test

import (
	"fmt"
	"testing"

	"github.com/irene-onnx/irene/graph"
	ot "github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

func TestIfBranches(t *testing.T) {
	g := decode(t, anyIn("c"), anyIn("x"), ot.Node("Neg", "x", "n", ot.Name("neg")),
		ot.Node("If", "c", "y", ot.Name("/if"),
			ot.Attr("then_branch", ot.Graph("then", ot.Ints("k", 1), ot.Node("Add", "n k", "o"), ot.Info("o", graph.Int64, 2), anyOut("o"))),
			ot.Attr("else_branch", ot.Graph("else", ot.Node("Mul", "n x", "o"), anyOut("o")))),
		ot.Node("Relu", "y", "z"), anyOut("z"))
	equal(t, "nodes: a body follows its owner", edges(g),
		"Neg(x)→n; If(c)→y; Add(n /if/then_branch:k)→/if/then_branch:o; Mul(n x)→/if/else_branch:o; Relu(y)→z")
	then := g.Nodes[1].Bodies()[0]
	equal(t, "body", []any{then.Name, then.Owner == g.Nodes[1], valueNames(then.Outputs), valueNames(then.Inits)},
		[]any{"then", true, "/if/then_branch:o", "/if/then_branch:k"})
	equal(t, "main nodes", labels(g.Main.Nodes), "neg /if Relu")
	equal(t, "local name", then.Outputs[0].Local, "o")
	equal(t, "value_info", then.Outputs[0].Type.Shape.String(), "[2]")
	equal(t, "consumers through the body", len(value(t, g, "n").Consumers), 2)
}

func TestLoopInputs(t *testing.T) {
	body := ot.Graph("b", ot.In("i", graph.Int64), ot.In("cin", graph.Bool), ot.In("v", graph.Float32, 3), ot.Weight("v", graph.Float32, 3),
		ot.Node("Identity", "cin", "cout"), ot.Node("Add", "v v", "w"), ot.Out("cout", graph.Bool), ot.Out("w", graph.Float32, 3), ot.Out("v", graph.Float32, 3))
	g := decode(t, anyIn("x"), ot.Node("Loop", "- - x", "y scan", ot.Attr("body", body)), anyOut("y"))
	b := g.Nodes[0].Bodies()[0]
	equal(t, "formal inputs are positional", valueNames(b.Inputs), "Loop_0/body:i Loop_0/body:cin Loop_0/body:v")
	equal(t, "outputs", valueNames(b.Outputs), "Loop_0/body:cout Loop_0/body:w Loop_0/body:v")
}

// TestOuterValueReturned: a branch that returns a value of the graph around it gets an Identity.
func TestOuterValueReturned(t *testing.T) {
	g := decode(t, anyIn("c"), anyIn("x"), ot.Node("If", "c", "y", ot.Name("if"), ot.Attr("then_branch", ot.Graph("t", ot.Out("x", graph.Float32, 2)))), anyOut("y"))
	equal(t, "graph", edges(g), "If(c)→y; Identity(x)→if/then_branch:x")
	equal(t, "type", value(t, g, "if/then_branch:x").Type.Shape.String(), "[2]")
}

func TestGraphsAttribute(t *testing.T) {
	sub := ot.Graph("s", ot.Node("X", "", "o"), anyOut("o"))
	g := decode(t, ot.Node("Y", "", "y", ot.Name("n"), ot.Attr("many", []ot.Subgraph{sub, sub})), anyOut("y"))
	equal(t, "graph", edges(g), "Y()→y; X()→n/many[0]:o; X()→n/many[1]:o")
}

// TestShadowing: the inner name wins, although the format forbids the repetition.
func TestShadowing(t *testing.T) {
	g := decode(t, anyIn("c"), anyIn("x"),
		ot.Node("If", "c", "y", ot.Name("if"), ot.Attr("then_branch", ot.Graph("t", ot.Node("X", "", "x"), ot.Node("Z", "x", "o"), anyOut("o")))), anyOut("y"))
	equal(t, "graph", edges(g), "If(c)→y; X()→if/then_branch:x; Z(if/then_branch:x)→if/then_branch:o")
}

func TestSubgraphErrors(t *testing.T) {
	branch := func(parts ...ot.Part) []byte {
		return ot.Model(anyIn("c"), ot.Node("If", "c", "y", ot.Name("if"), ot.Attr("then_branch", ot.Graph("t", parts...))), ot.Node("X", "", "z"), anyOut("y")).Bytes()
	}
	refuse(t, branch(ot.Node("X", "gone", "o", ot.Name("n")), anyOut("o")),
		`m.onnx: graph "main": node "if" (If): attribute "then_branch": graph "t": node "n" (X): input 0 "gone": nothing produces it`)
	refuse(t, branch(anyOut("gone")), `graph "t": output "gone": nothing produces it`)
	refuse(t, branch(ot.Node("X", "y", "o"), anyOut("o")), `node "if" (If): it needs its own output: the graph has a cycle`)
	// A value of one branch is not seen by another body.
	refuse(t, ot.Model(anyIn("c"), ot.Node("If", "c", "y", ot.Attr("then_branch", ot.Graph("t", ot.Node("X", "", "o"), anyOut("o")))),
		ot.Node("X", "o", "z"), anyOut("z")).Bytes(), `input 0 "o": nothing produces it`)
}

// nested is a model with subgraphs n deep.
func nested(n int) []byte {
	sub := ot.Graph("g", ot.Node("X", "", "o"), anyOut("o"))
	for range n - 1 {
		sub = ot.Graph("g", ot.Node("If", "c", "o", ot.Attr("b", sub)), anyOut("o"))
	}
	return ot.Model(anyIn("c"), ot.Node("If", "c", "y", ot.Attr("b", sub)), anyOut("y")).Bytes()
}

func TestNestingLimit(t *testing.T) {
	g, err := onnx.DecodeBytes(nested(32), "m", "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := graph.CheckValid(g); err != nil {
		t.Error(err)
	}
	refuse(t, nested(33), "subgraphs nested deeper than 32")
	refuse(t, nested(2000), "subgraphs nested deeper than 32")
}

// TestNestingThroughFunctions adds up the subgraphs of functions that call each other inside them.
func TestNestingThroughFunctions(t *testing.T) {
	parts := []ot.Part{ot.Function("d", "F40", "c", "r", ot.Node("X", "c", "r")), anyIn("c"), ot.Node("F0", "c", "y", ot.Domain("d")), anyOut("y")}
	for i := range 40 {
		body := ot.Graph("b", ot.Node(fmt.Sprint("F", i+1), "c", "o", ot.Domain("d")), anyOut("o"))
		parts = append(parts, ot.Function("d", fmt.Sprint("F", i), "c", "r", ot.Opset("d", 1), ot.Node("If", "c", "r", ot.Attr("b", body))))
	}
	refuse(t, ot.Model(parts...).Bytes(), "subgraphs nested deeper than 32")
}

func TestSorted(t *testing.T) {
	g := decode(t, anyIn("x"), ot.Node("C", "b", "y", ot.Name("c")), ot.Node("D", "x", "d", ot.Name("d")), ot.Node("B", "a", "b", ot.Name("b")),
		ot.Node("A", "x", "a", ot.Name("a")), anyOut("y"), ot.GraphName("g"))
	equal(t, "order", labels(g.Nodes), "a b c d")
	equal(t, "warnings", g.Warnings, []string{`graph "g": its nodes are not in topological order; they were sorted`})
	stable := decode(t, anyIn("x"), ot.Node("A", "x", "a", ot.Name("1")), ot.Node("A", "x", "b", ot.Name("2")), ot.Node("A", "a b", "y", ot.Name("3")), anyOut("y"))
	equal(t, "sorted input is left", labels(stable.Nodes)+fmt.Sprint(stable.Warnings), "1 2 3[]")
}

// TestSortedBySubgraphs: what a branch reads must come before the node that holds it.
func TestSortedBySubgraphs(t *testing.T) {
	g := decode(t, anyIn("c"),
		ot.Node("If", "c", "y", ot.Name("if"), ot.Attr("b", ot.Graph("g", ot.Node("Q", "p", "o", ot.Name("q")), ot.Node("P", "late", "p", ot.Name("p")), anyOut("o")))),
		ot.Node("Late", "c", "late", ot.Name("late")), anyOut("y"))
	equal(t, "order", labels(g.Nodes), "late if p q")
	equal(t, "warnings", len(g.Warnings), 2)
}

// TestSortedCalls: a call that stands before what it reads.
func TestSortedCalls(t *testing.T) {
	g := decode(t, ot.Function("d", "F", "a", "r", ot.Node("X", "a", "t"), ot.Node("Y", "t", "r")), anyIn("x"),
		ot.Node("F", "h", "y", ot.Domain("d"), ot.Name("f")), ot.Node("A", "x", "h"), anyOut("y"))
	equal(t, "graph", edges(g), "A(x)→h; X(h)→f/t; Y(f/t)→y")
}

func TestCycle(t *testing.T) {
	refuse(t, ot.Model(ot.Node("A", "b", "a", ot.Name("na")), ot.Node("B", "a", "b", ot.Name("nb")), anyOut("b"), ot.GraphName("g")).Bytes(),
		`m.onnx: graph "g": node "na" (A): it needs its own output: the graph has a cycle`)
	refuse(t, ot.Model(ot.Node("A", "a", "a", ot.Name("self")), anyOut("a")).Bytes(), `node "self" (A): it needs its own output`)
}

// TestLongReversedChain sorts without deep recursion.
func TestLongReversedChain(t *testing.T) {
	const n = 50_000
	parts := []ot.Part{anyIn("v0"), anyOut(fmt.Sprint("v", n))}
	for i := n; i > 0; i-- {
		parts = append(parts, ot.Node("X", fmt.Sprint("v", i-1), fmt.Sprint("v", i)))
	}
	g := decode(t, parts...)
	equal(t, "first", valueNames(g.Nodes[0].Inputs), "v0")
}
