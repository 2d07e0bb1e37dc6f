package onnx_test

import (
	"fmt"
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/onnx"
	. "github.com/irene-onnx/irene/onnx/onnxtest"
)

func TestIfBranches(t *testing.T) {
	g := decode(t, anyIn("c"), anyIn("x"), Node("Neg", "x", "n", Name("neg")),
		Node("If", "c", "y", Name("/if"),
			Attr("then_branch", Graph("then", Ints("k", 1), Node("Add", "n k", "o"), Info("o", graph.Int64, 2), anyOut("o"))),
			Attr("else_branch", Graph("else", Node("Mul", "n x", "o"), anyOut("o")))),
		Node("Relu", "y", "z"), anyOut("z"))
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
	body := Graph("b", In("i", graph.Int64), In("cin", graph.Bool), In("v", graph.Float32, 3), Weight("v", graph.Float32, 3),
		Node("Identity", "cin", "cout"), Node("Add", "v v", "w"), Out("cout", graph.Bool), Out("w", graph.Float32, 3), Out("v", graph.Float32, 3))
	g := decode(t, anyIn("x"), Node("Loop", "- - x", "y scan", Attr("body", body)), anyOut("y"))
	b := g.Nodes[0].Bodies()[0]
	equal(t, "formal inputs are positional", valueNames(b.Inputs), "Loop_0/body:i Loop_0/body:cin Loop_0/body:v")
	equal(t, "outputs", valueNames(b.Outputs), "Loop_0/body:cout Loop_0/body:w Loop_0/body:v")
}

// TestOuterValueReturned: a branch that returns a value of the graph around it gets an Identity.
func TestOuterValueReturned(t *testing.T) {
	g := decode(t, anyIn("c"), anyIn("x"), Node("If", "c", "y", Name("if"), Attr("then_branch", Graph("t", Out("x", graph.Float32, 2)))), anyOut("y"))
	equal(t, "graph", edges(g), "If(c)→y; Identity(x)→if/then_branch:x")
	equal(t, "type", value(t, g, "if/then_branch:x").Type.Shape.String(), "[2]")
}

func TestGraphsAttribute(t *testing.T) {
	sub := Graph("s", Node("X", "", "o"), anyOut("o"))
	g := decode(t, Node("Y", "", "y", Name("n"), Attr("many", []Subgraph{sub, sub})), anyOut("y"))
	equal(t, "graph", edges(g), "Y()→y; X()→n/many[0]:o; X()→n/many[1]:o")
}

// TestShadowing: the inner name wins, although the format forbids the repetition.
func TestShadowing(t *testing.T) {
	g := decode(t, anyIn("c"), anyIn("x"),
		Node("If", "c", "y", Name("if"), Attr("then_branch", Graph("t", Node("X", "", "x"), Node("Z", "x", "o"), anyOut("o")))), anyOut("y"))
	equal(t, "graph", edges(g), "If(c)→y; X()→if/then_branch:x; Z(if/then_branch:x)→if/then_branch:o")
}

func TestSubgraphErrors(t *testing.T) {
	branch := func(parts ...Part) []byte {
		return Model(anyIn("c"), Node("If", "c", "y", Name("if"), Attr("then_branch", Graph("t", parts...))), Node("X", "", "z"), anyOut("y")).Bytes()
	}
	refuse(t, branch(Node("X", "gone", "o", Name("n")), anyOut("o")),
		`m.onnx: graph "main": node "if" (If): attribute "then_branch": graph "t": node "n" (X): input 0 "gone": nothing produces it`)
	refuse(t, branch(anyOut("gone")), `graph "t": output "gone": nothing produces it`)
	refuse(t, branch(Node("X", "y", "o"), anyOut("o")), `node "if" (If): it needs its own output: the graph has a cycle`)
	// A value of one branch is not seen by another body.
	refuse(t, Model(anyIn("c"), Node("If", "c", "y", Attr("then_branch", Graph("t", Node("X", "", "o"), anyOut("o")))),
		Node("X", "o", "z"), anyOut("z")).Bytes(), `input 0 "o": nothing produces it`)
}

// nested is a model with subgraphs n deep.
func nested(n int) []byte {
	sub := Graph("g", Node("X", "", "o"), anyOut("o"))
	for range n - 1 {
		sub = Graph("g", Node("If", "c", "o", Attr("b", sub)), anyOut("o"))
	}
	return Model(anyIn("c"), Node("If", "c", "y", Attr("b", sub)), anyOut("y")).Bytes()
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
	parts := []Part{Function("d", "F40", "c", "r", Node("X", "c", "r")), anyIn("c"), Node("F0", "c", "y", Domain("d")), anyOut("y")}
	for i := range 40 {
		body := Graph("b", Node(fmt.Sprint("F", i+1), "c", "o", Domain("d")), anyOut("o"))
		parts = append(parts, Function("d", fmt.Sprint("F", i), "c", "r", Opset("d", 1), Node("If", "c", "r", Attr("b", body))))
	}
	refuse(t, Model(parts...).Bytes(), "subgraphs nested deeper than 32")
}

func TestSorted(t *testing.T) {
	g := decode(t, anyIn("x"), Node("C", "b", "y", Name("c")), Node("D", "x", "d", Name("d")), Node("B", "a", "b", Name("b")),
		Node("A", "x", "a", Name("a")), anyOut("y"), GraphName("g"))
	equal(t, "order", labels(g.Nodes), "a b c d")
	equal(t, "warnings", g.Warnings, []string{`graph "g": its nodes are not in topological order; they were sorted`})
	stable := decode(t, anyIn("x"), Node("A", "x", "a", Name("1")), Node("A", "x", "b", Name("2")), Node("A", "a b", "y", Name("3")), anyOut("y"))
	equal(t, "sorted input is left", labels(stable.Nodes)+fmt.Sprint(stable.Warnings), "1 2 3[]")
}

// TestSortedBySubgraphs: what a branch reads must come before the node that holds it.
func TestSortedBySubgraphs(t *testing.T) {
	g := decode(t, anyIn("c"),
		Node("If", "c", "y", Name("if"), Attr("b", Graph("g", Node("Q", "p", "o", Name("q")), Node("P", "late", "p", Name("p")), anyOut("o")))),
		Node("Late", "c", "late", Name("late")), anyOut("y"))
	equal(t, "order", labels(g.Nodes), "late if p q")
	equal(t, "warnings", len(g.Warnings), 2)
}

// TestSortedCalls: a call that stands before what it reads.
func TestSortedCalls(t *testing.T) {
	g := decode(t, Function("d", "F", "a", "r", Node("X", "a", "t"), Node("Y", "t", "r")), anyIn("x"),
		Node("F", "h", "y", Domain("d"), Name("f")), Node("A", "x", "h"), anyOut("y"))
	equal(t, "graph", edges(g), "A(x)→h; X(h)→f/t; Y(f/t)→y")
}

func TestCycle(t *testing.T) {
	refuse(t, Model(Node("A", "b", "a", Name("na")), Node("B", "a", "b", Name("nb")), anyOut("b"), GraphName("g")).Bytes(),
		`m.onnx: graph "g": node "na" (A): it needs its own output: the graph has a cycle`)
	refuse(t, Model(Node("A", "a", "a", Name("self")), anyOut("a")).Bytes(), `node "self" (A): it needs its own output`)
}

// TestLongReversedChain sorts without deep recursion.
func TestLongReversedChain(t *testing.T) {
	const n = 50_000
	parts := []Part{anyIn("v0"), anyOut(fmt.Sprint("v", n))}
	for i := n; i > 0; i-- {
		parts = append(parts, Node("X", fmt.Sprint("v", i-1), fmt.Sprint("v", i)))
	}
	g := decode(t, parts...)
	equal(t, "first", valueNames(g.Nodes[0].Inputs), "v0")
}
