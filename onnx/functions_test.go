package onnx_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/onnx"
	. "github.com/irene-onnx/irene/onnx/onnxtest"
)

var (
	anyOut = func(name string) Part { return OutOf(name, graph.Type{}) }
	anyIn  = func(name string) Part { return InOf(name, graph.Type{}) }
)

// edges prints "op(inputs)→outputs" for each node in order.
func edges(g *graph.Graph) string {
	var out []string
	for _, n := range g.Nodes {
		out = append(out, fmt.Sprintf("%s(%s)→%s", n.Kind(), valueNames(n.Inputs), valueNames(n.Outputs)))
	}
	return strings.Join(out, "; ")
}

// calls prints the call path of a node, outermost first.
func calls(n *graph.Node) string {
	s := ""
	for c := n.Call; c != nil; c = c.Parent {
		s = fmt.Sprintf("%s=%s:%s:%s(%s)/", c.Node, c.Domain, c.Function, c.Overload, valueNames(c.Inputs)) + s
	}
	return s
}

func TestInlineCalledTwice(t *testing.T) {
	g := decode(t, Opset("", 18), Opset("d", 1),
		Function("d", "F", "a b", "r", Opset("", 15), Node("Add", "a b", "t", Name("add")), Node("Relu", "t", "r", Meta("k", "v"))),
		anyIn("x"), Weight("w", graph.Float32, 3),
		Node("F", "x w", "h", Domain("d"), Name("first"), Meta("scope", "s")), Node("F", "h w", "y", Domain("d")), anyOut("y"))
	equal(t, "graph", edges(g),
		"Add(x w)→first/t; Relu(first/t)→h; Add(h w)→F_1/t; Relu(F_1/t)→y")
	n := g.Nodes[1]
	equal(t, "opset of the function", n.Opset, int64(15))
	equal(t, "call", calls(n), "first=d:F:(x w)/")
	equal(t, "metadata of the call", n.Call.Metadata, []graph.Property{{Key: "scope", Value: "s"}})
	equal(t, "metadata of the node", n.Metadata, []graph.Property{{Key: "k", Value: "v"}})
	equal(t, "local name", value(t, g, "first/t").Local, "t")
	equal(t, "one call for both nodes", g.Nodes[0].Call == g.Nodes[1].Call, true)
	equal(t, "body", n.Body == g.Main, true)
}

func TestInlineNested(t *testing.T) {
	g := decode(t, Opset("d", 1),
		Function("d", "Inner", "a", "r", Node("Relu", "a", "r")),
		Function("d", "Outer", "a", "r", Opset("d", 1), Node("Inner", "a", "t", Domain("d"), Name("in")), Node("Inner", "t", "r", Domain("d"), Name("in"))),
		anyIn("x"), Node("Outer", "x", "y", Domain("d"), Name("out")), anyOut("y"))
	equal(t, "graph", edges(g), "Relu(x)→out/t; Relu(out/t)→y")
	equal(t, "path", calls(g.Nodes[0]), "out=d:Outer:(x)/in=d:Inner:(x)/")
	equal(t, "path", calls(g.Nodes[1]), "out=d:Outer:(x)/in=d:Inner:(out/t)/")
	equal(t, "one outer call", g.Nodes[0].Call.Parent == g.Nodes[1].Call.Parent, true)
}

func TestInlineArguments(t *testing.T) {
	f := Function("d", "F", "a b c", "r s", Node("X", "a b c", "r"), Node("Y", "r", "s"))
	for _, tt := range []struct{ in, out, want string }{
		{"x x x", "y s2", "X(x x x)→y; Y(y)→s2"},
		{"x - x", "y", "X(x - x)→y; Y(y)→call/s"},
		{"x", "y", "X(x - -)→y; Y(y)→call/s"},
		{"x", "- y", "X(x - -)→call/r; Y(call/r)→y"},
	} {
		g := decode(t, f, Opset("", 17), Opset("d", 1), anyIn("x"), Node("F", tt.in, tt.out, Domain("d"), Name("call")), anyOut("y"))
		equal(t, tt.in+"→"+tt.out, edges(g), tt.want)
	}
}

func TestInlineAliases(t *testing.T) {
	g := decode(t, Function("d", "F", "a", "r a r", Node("X", "a", "r")),
		anyIn("x"), Node("F", "x", "p q y", Domain("d"), Name("c")), anyOut("y"), anyOut("p"), anyOut("q"))
	equal(t, "outputs that are inputs or listed twice", edges(g), "X(x)→p; Identity(x)→q; Identity(p)→y")
	equal(t, "call of the Identity", calls(g.Nodes[1]), "c=d:F:(x)/")
	equal(t, "opset of the Identity", g.Nodes[1].Opset, int64(17))
}

func TestInlineEmptyFunction(t *testing.T) {
	g := decode(t, Function("d", "Pass", "a", "a"), anyIn("x"), Node("Pass", "x", "y", Domain("d")), anyOut("y"))
	equal(t, "graph", edges(g), "Identity(x)→y")
}

// TestFunctionBeforeOperator: a model-local function wins over an operator of the same name.
func TestFunctionBeforeOperator(t *testing.T) {
	g := decode(t, Function("ai.onnx", "Relu", "a", "r", Node("Max", "a", "r")), anyIn("x"), Node("Relu", "x", "y"), anyOut("y"))
	equal(t, "graph", edges(g), "Max(x)→y")
}

func TestOverloads(t *testing.T) {
	g := decode(t, Opset("d", 1),
		Function("d", "F", "a", "r", Node("A", "a", "r")),
		Function("d", "F", "a", "r", Node("B", "a", "r"), Overload("two")),
		anyIn("x"), Node("F", "x", "h", Domain("d"), Overload("two")), Node("F", "h", "i", Domain("d")),
		Node("F", "i", "y", Domain("d"), Overload("three")), anyOut("y"))
	equal(t, "graph", edges(g), "B(x)→h; A(h)→i; d:F(i)→y")
	equal(t, "overload", g.Nodes[0].Call.Overload, "two")
}

func TestFunctionAttributes(t *testing.T) {
	inner := Function("d", "Inner", "a", "r", AttrName("k"), Attr("alpha", 0.25),
		Node("X", "a", "r", Ref("axis", "k", graph.AttrInt), Ref("alpha", "alpha", graph.AttrFloat), Ref("gone", "unknown", graph.AttrInt), Attr("own", 9)))
	outer := Function("d", "Outer", "a", "r", AttrName("dim"), Opset("d", 1),
		Node("Inner", "a", "r", Domain("d"), Ref("k", "dim", graph.AttrInt)))
	for _, tt := range []struct {
		call []Part
		want string
	}{
		{[]Part{Attr("dim", 3)}, "[axis=3 alpha=0.25 own=9]"},
		{nil, "[alpha=0.25 own=9]"},
		{[]Part{Attr("alpha", 1.0)}, "[alpha=0.25 own=9]"}, // Outer does not pass it on
	} {
		parts := append([]Part{Domain("d")}, tt.call...)
		g := decode(t, inner, outer, anyIn("x"), Node("Outer", "x", "y", parts...), anyOut("y"))
		var got []string
		for _, a := range g.Nodes[0].Attrs {
			got = append(got, fmt.Sprintf("%s=%v", a.Name, map[bool]any{true: a.Int, false: a.Float}[a.Type == graph.AttrInt]))
		}
		equal(t, "attributes", fmt.Sprint(got), tt.want)
	}
	g := decode(t, inner, anyIn("x"), Node("Inner", "x", "y", Domain("d"), Attr("alpha", 1.0)), anyOut("y"))
	equal(t, "default overridden", g.Nodes[0].Float("alpha", 0), 1.0)
}

// TestFunctionSubgraph: a subgraph in a function sees the function's names and attributes, in each call its own.
func TestFunctionSubgraph(t *testing.T) {
	f := Function("d", "F", "c a", "r", AttrName("k"), Node("Neg", "a", "n"),
		Node("If", "c", "r", Name("if"),
			Attr("then_branch", Graph("t", Node("X", "n", "o", Ref("axis", "k", graph.AttrInt)), anyOut("o"))),
			Attr("else_branch", Graph("e", Node("Y", "a", "o"), anyOut("o")))))
	g := decode(t, f, anyIn("c"), anyIn("x"), Node("F", "c x", "h", Domain("d"), Name("one"), Attr("k", 1)),
		Node("F", "c h", "y", Domain("d"), Name("two"), Attr("k", 2)), anyOut("y"))
	equal(t, "graph", edges(g), "Neg(x)→one/n; If(c)→h; X(one/n)→one/if/then_branch:o; Y(x)→one/if/else_branch:o; "+
		"Neg(h)→two/n; If(c)→y; X(two/n)→two/if/then_branch:o; Y(h)→two/if/else_branch:o")
	equal(t, "attribute in the subgraph", []int64{g.Nodes[2].Int("axis", 0), g.Nodes[6].Int("axis", 0)}, []int64{1, 2})
	equal(t, "call in the subgraph", calls(g.Nodes[6]), "two=d:F:(c h)/")
}

// TestGraphAttributeOfFunction: a subgraph passed to a function uses the names of the place where it is written.
func TestGraphAttributeOfFunction(t *testing.T) {
	f := Function("d", "F", "c", "r", AttrName("body"),
		Node("If", "c", "r", Name("if"), Ref("then_branch", "body", graph.AttrGraph), Ref("else_branch", "body", graph.AttrGraph)))
	g := decode(t, f, anyIn("c"), anyIn("x"),
		Node("F", "c", "y", Domain("d"), Name("call"), Attr("body", Graph("b", Node("X", "x", "o"), anyOut("o")))), anyOut("y"))
	equal(t, "graph", edges(g), "If(c)→y; X(x)→call/if/then_branch:o; X(x)→call/if/else_branch:o")
	equal(t, "owner", g.Nodes[1].Body.Owner, g.Nodes[0])
}

// TestCallInSubgraph inlines into a body below the main one.
func TestCallInSubgraph(t *testing.T) {
	g := decode(t, Function("d", "F", "a", "r", Node("X", "a", "t"), Node("Y", "t", "r")), anyIn("c"), anyIn("x"),
		Node("If", "c", "y", Name("if"), Attr("then_branch", Graph("t", Node("F", "x", "o", Domain("d"), Name("call")), anyOut("o")))), anyOut("y"))
	equal(t, "graph", edges(g), "If(c)→y; X(x)→if/then_branch:call/t; Y(if/then_branch:call/t)→if/then_branch:o")
	equal(t, "body", g.Nodes[1].Body.Owner, g.Nodes[0])
}

func TestFunctionValueInfo(t *testing.T) {
	g := decode(t, Function("d", "F", "a", "r", Info("t", graph.Float16, "n", 4), Info("r", graph.Float16, 1), Info("a", graph.Bool), Node("X", "a", "t"), Node("Y", "t", "r")),
		In("x", graph.Int8, 2), Node("F", "x", "y", Domain("d"), Name("c")), Out("y", graph.Float32, 9))
	equal(t, "a symbol of a function is no symbol of the model", value(t, g, "c/t").Type.Shape.String(), "[?, 4]")
	equal(t, "the declaration of the graph holds", value(t, g, "y").Type.Shape.String(), "[9]")
	equal(t, "argument", value(t, g, "x").Type.DType, graph.Int8)
}

// TestNameCollisions: names of the main graph stay, those made by inlining give way.
func TestNameCollisions(t *testing.T) {
	g := decode(t, Function("d", "F", "a", "r", Node("X", "a", "t"), Node("Y", "t", "r")),
		anyIn("x"), Node("F", "x", "h", Domain("d"), Name("c")), Node("F", "h", "i", Domain("d"), Name("c")),
		Node("F", "i", "c/t", Domain("d"), Name("c")), anyOut("c/t"))
	equal(t, "graph", edges(g), "X(x)→c/t#2; Y(c/t#2)→h; X(h)→c#2/t; Y(c#2/t)→i; X(i)→c#3/t; Y(c#3/t)→c/t")
}

// TestFunctionSeesItsOwnNames: a function body does not see the graph around the call.
func TestFunctionSeesItsOwnNames(t *testing.T) {
	b := Model(Function("d", "F", "a", "r", Node("X", "x", "r", Name("n"))), anyIn("x"), Node("F", "x", "y", Domain("d"), Name("c")), anyOut("y"))
	refuse(t, b.Bytes(), `m.onnx: graph "main": node "c" (F): function "d:F": node "n" (X): input 0 "x": nothing produces it`)
}

func TestFunctionErrors(t *testing.T) {
	call := Node("F", "x", "y", Domain("d"), Name("c"))
	rest := []Part{anyIn("x"), anyOut("y")}
	for _, tt := range []struct {
		want  string
		parts []Part
	}{
		{`function "d:F" calls itself`, []Part{Function("d", "F", "a", "r", Node("F", "a", "r", Domain("d"))), call}},
		{`function "d:F" calls itself`, []Part{Function("d", "F", "a", "r", Node("G", "a", "r")), Function("", "G", "a", "r", Node("F", "a", "r", Domain("d"))), call}},
		{`function "d:F" is defined twice`, []Part{Function("d", "F", "a", "a"), Function("d", "F", "a", "a"), call}},
		{`2 inputs, function "d:F" takes 1`, []Part{Function("d", "F", "a", "a"), Node("F", "x x", "y", Domain("d"))}},
		{`2 outputs, function "d:F" returns 1`, []Part{Function("d", "F", "a", "a"), Node("F", "x", "y z", Domain("d"))}},
		{`function "d:F": output "r": nothing produces it`, []Part{Function("d", "F", "a", "r"), call}},
		{`function "d:F": output "b": it is an input that the call leaves out`, []Part{Function("d", "F", "a b", "b"), call}},
		{`input "a" is listed twice`, []Part{Function("d", "F", "a a", "a"), call}},
		{`output "a": the name is defined twice`, []Part{Function("d", "F", "a", "r", Node("X", "a", "a")), call}},
		{`output "r": the name is defined twice`, []Part{Function("d", "F", "a", "r", Node("X", "a", "r"), Node("X", "a", "r")), call}},
		{`function "": no name`, []Part{Function("d", "", "a", "a"), call}},
	} {
		refuse(t, Model(append(tt.parts, rest...)...).Bytes(), tt.want)
	}
}

// chain is n functions of which each calls the next so many times; the last one holds one node.
func chain(n, times int) []Part {
	parts := []Part{Function("d", fmt.Sprint("F", n), "a", "r", Node("X", "a", "r"))}
	for i := range n {
		nodes := []Part{Opset("d", 1)}
		last := "a"
		for k := range times {
			out := fmt.Sprint("t", k)
			if k == times-1 {
				out = "r"
			}
			nodes = append(nodes, Node(fmt.Sprint("F", i+1), last, out, Domain("d")))
			last = out
		}
		parts = append(parts, Function("d", fmt.Sprint("F", i), "a", "r", nodes...))
	}
	return append(parts, anyIn("x"), Node("F0", "x", "y", Domain("d")), anyOut("y"))
}

func TestExpansionLimits(t *testing.T) {
	equal(t, "63 calls deep", len(decode(t, chain(63, 1)...).Nodes), 1)
	refuse(t, Model(chain(64, 1)...).Bytes(), "calls nested deeper than 64")
	equal(t, "2^10 nodes", len(decode(t, chain(10, 2)...).Nodes), 1024)
	b := Model(chain(60, 2)...).Bytes()
	_, err := onnx.DecodeBytes(b, "m", "", onnx.Options{MaxNodes: 100_000})
	if err == nil || !strings.Contains(err.Error(), "more than 100000 nodes after functions are inlined") {
		t.Errorf("2^60 nodes: %.300v", err)
	}
	if len(err.Error()) > 20000 {
		t.Errorf("an error of %d bytes", len(err.Error()))
	}
}

// TestExportedFunctions decodes an export with 34 functions nested in each other (old torch dynamo_export).
func TestExportedFunctions(t *testing.T) {
	g, err := onnx.Decode(Shared(t, "models", "bert-2layers-functions.onnx.gz"), onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := graph.CheckValid(g); err != nil {
		t.Fatal(err)
	}
	depth, functions := 0, map[string]bool{}
	for _, n := range g.Nodes {
		d := 0
		for c := n.Call; c != nil; c = c.Parent {
			d++
			functions[c.Domain+c.Function] = true
		}
		depth = max(depth, d)
		if strings.HasPrefix(n.Domain, "pkg.") {
			t.Errorf("%s was not inlined", n.Kind())
		}
	}
	if depth != 3 || len(functions) != 34 {
		t.Errorf("%d functions, %d deep, want 34, 3 deep", len(functions), depth)
	}
	// The outputs of the calls are named in the main graph.
	for _, name := range []string{"embeddings_1", "encoder_1", "pooler_1"} {
		if v := value(t, g, name); v.Producer == nil {
			t.Errorf("%s has no producer", name)
		}
	}
}
