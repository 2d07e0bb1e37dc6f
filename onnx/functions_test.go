package onnx_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	ot "github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

var (
	anyOut = func(name string) ot.Part { return ot.OutOf(name, graph.Type{}) }
	anyIn  = func(name string) ot.Part { return ot.InOf(name, graph.Type{}) }
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
	g := decode(t, ot.Opset("", 18), ot.Opset("d", 1),
		ot.Function("d", "F", "a b", "r", ot.Opset("", 15), ot.Node("Add", "a b", "t", ot.Name("add")), ot.Node("Relu", "t", "r", ot.Meta("k", "v"))),
		anyIn("x"), ot.Weight("w", graph.Float32, 3),
		ot.Node("F", "x w", "h", ot.Domain("d"), ot.Name("first"), ot.Meta("scope", "s")), ot.Node("F", "h w", "y", ot.Domain("d")), anyOut("y"))
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
	g := decode(t, ot.Opset("d", 1),
		ot.Function("d", "Inner", "a", "r", ot.Node("Relu", "a", "r")),
		ot.Function("d", "Outer", "a", "r", ot.Opset("d", 1), ot.Node("Inner", "a", "t", ot.Domain("d"), ot.Name("in")), ot.Node("Inner", "t", "r", ot.Domain("d"), ot.Name("in"))),
		anyIn("x"), ot.Node("Outer", "x", "y", ot.Domain("d"), ot.Name("out")), anyOut("y"))
	equal(t, "graph", edges(g), "Relu(x)→out/t; Relu(out/t)→y")
	equal(t, "path", calls(g.Nodes[0]), "out=d:Outer:(x)/in=d:Inner:(x)/")
	equal(t, "path", calls(g.Nodes[1]), "out=d:Outer:(x)/in=d:Inner:(out/t)/")
	equal(t, "one outer call", g.Nodes[0].Call.Parent == g.Nodes[1].Call.Parent, true)
}

func TestInlineArguments(t *testing.T) {
	f := ot.Function("d", "F", "a b c", "r s", ot.Node("X", "a b c", "r"), ot.Node("Y", "r", "s"))
	for _, tt := range []struct{ in, out, want string }{
		{"x x x", "y s2", "X(x x x)→y; Y(y)→s2"},
		{"x - x", "y", "X(x - x)→y; Y(y)→call/s"},
		{"x", "y", "X(x - -)→y; Y(y)→call/s"},
		{"x", "- y", "X(x - -)→call/r; Y(call/r)→y"},
	} {
		g := decode(t, f, ot.Opset("", 17), ot.Opset("d", 1), anyIn("x"), ot.Node("F", tt.in, tt.out, ot.Domain("d"), ot.Name("call")), anyOut("y"))
		equal(t, tt.in+"→"+tt.out, edges(g), tt.want)
	}
}

func TestInlineAliases(t *testing.T) {
	g := decode(t, ot.Function("d", "F", "a", "r a r", ot.Node("X", "a", "r")),
		anyIn("x"), ot.Node("F", "x", "p q y", ot.Domain("d"), ot.Name("c")), anyOut("y"), anyOut("p"), anyOut("q"))
	equal(t, "outputs that are inputs or listed twice", edges(g), "X(x)→p; Identity(x)→q; Identity(p)→y")
	equal(t, "call of the Identity", calls(g.Nodes[1]), "c=d:F:(x)/")
	equal(t, "opset of the Identity", g.Nodes[1].Opset, int64(17))
}

func TestInlineEmptyFunction(t *testing.T) {
	g := decode(t, ot.Function("d", "Pass", "a", "a"), anyIn("x"), ot.Node("Pass", "x", "y", ot.Domain("d")), anyOut("y"))
	equal(t, "graph", edges(g), "Identity(x)→y")
}

// TestFunctionBeforeOperator: a model-local function wins over an operator of the same name.
func TestFunctionBeforeOperator(t *testing.T) {
	g := decode(t, ot.Function("ai.onnx", "Relu", "a", "r", ot.Node("Max", "a", "r")), anyIn("x"), ot.Node("Relu", "x", "y"), anyOut("y"))
	equal(t, "graph", edges(g), "Max(x)→y")
}

func TestOverloads(t *testing.T) {
	g := decode(t, ot.Opset("d", 1),
		ot.Function("d", "F", "a", "r", ot.Node("A", "a", "r")),
		ot.Function("d", "F", "a", "r", ot.Node("B", "a", "r"), ot.Overload("two")),
		anyIn("x"), ot.Node("F", "x", "h", ot.Domain("d"), ot.Overload("two")), ot.Node("F", "h", "i", ot.Domain("d")),
		ot.Node("F", "i", "y", ot.Domain("d"), ot.Overload("three")), anyOut("y"))
	equal(t, "graph", edges(g), "B(x)→h; A(h)→i; d:F(i)→y")
	equal(t, "overload", g.Nodes[0].Call.Overload, "two")
}

func TestFunctionAttributes(t *testing.T) {
	inner := ot.Function("d", "Inner", "a", "r", ot.AttrName("k"), ot.Attr("alpha", 0.25),
		ot.Node("X", "a", "r", ot.Ref("axis", "k", graph.AttrInt), ot.Ref("alpha", "alpha", graph.AttrFloat), ot.Ref("gone", "unknown", graph.AttrInt), ot.Attr("own", 9)))
	outer := ot.Function("d", "Outer", "a", "r", ot.AttrName("dim"), ot.Opset("d", 1),
		ot.Node("Inner", "a", "r", ot.Domain("d"), ot.Ref("k", "dim", graph.AttrInt)))
	for _, tt := range []struct {
		call []ot.Part
		want string
	}{
		{[]ot.Part{ot.Attr("dim", 3)}, "[axis=3 alpha=0.25 own=9]"},
		{nil, "[alpha=0.25 own=9]"},
		{[]ot.Part{ot.Attr("alpha", 1.0)}, "[alpha=0.25 own=9]"}, // Outer does not pass it on
	} {
		parts := append([]ot.Part{ot.Domain("d")}, tt.call...)
		g := decode(t, inner, outer, anyIn("x"), ot.Node("Outer", "x", "y", parts...), anyOut("y"))
		var got []string
		for _, a := range g.Nodes[0].Attrs {
			got = append(got, fmt.Sprintf("%s=%v", a.Name, map[bool]any{true: a.Int, false: a.Float}[a.Type == graph.AttrInt]))
		}
		equal(t, "attributes", fmt.Sprint(got), tt.want)
	}
	g := decode(t, inner, anyIn("x"), ot.Node("Inner", "x", "y", ot.Domain("d"), ot.Attr("alpha", 1.0)), anyOut("y"))
	equal(t, "default overridden", g.Nodes[0].Float("alpha", 0), 1.0)
}

// TestFunctionSubgraph: a subgraph in a function sees the function's names and attributes, in each call its own.
func TestFunctionSubgraph(t *testing.T) {
	f := ot.Function("d", "F", "c a", "r", ot.AttrName("k"), ot.Node("Neg", "a", "n"),
		ot.Node("If", "c", "r", ot.Name("if"),
			ot.Attr("then_branch", ot.Graph("t", ot.Node("X", "n", "o", ot.Ref("axis", "k", graph.AttrInt)), anyOut("o"))),
			ot.Attr("else_branch", ot.Graph("e", ot.Node("Y", "a", "o"), anyOut("o")))))
	g := decode(t, f, anyIn("c"), anyIn("x"), ot.Node("F", "c x", "h", ot.Domain("d"), ot.Name("one"), ot.Attr("k", 1)),
		ot.Node("F", "c h", "y", ot.Domain("d"), ot.Name("two"), ot.Attr("k", 2)), anyOut("y"))
	equal(t, "graph", edges(g), "Neg(x)→one/n; If(c)→h; X(one/n)→one/if/then_branch:o; Y(x)→one/if/else_branch:o; "+
		"Neg(h)→two/n; If(c)→y; X(two/n)→two/if/then_branch:o; Y(h)→two/if/else_branch:o")
	equal(t, "attribute in the subgraph", []int64{g.Nodes[2].Int("axis", 0), g.Nodes[6].Int("axis", 0)}, []int64{1, 2})
	equal(t, "call in the subgraph", calls(g.Nodes[6]), "two=d:F:(c h)/")
}

// TestGraphAttributeOfFunction: a subgraph passed to a function uses the names of the place where it is written.
func TestGraphAttributeOfFunction(t *testing.T) {
	f := ot.Function("d", "F", "c", "r", ot.AttrName("body"),
		ot.Node("If", "c", "r", ot.Name("if"), ot.Ref("then_branch", "body", graph.AttrGraph), ot.Ref("else_branch", "body", graph.AttrGraph)))
	g := decode(t, f, anyIn("c"), anyIn("x"),
		ot.Node("F", "c", "y", ot.Domain("d"), ot.Name("call"), ot.Attr("body", ot.Graph("b", ot.Node("X", "x", "o"), anyOut("o")))), anyOut("y"))
	equal(t, "graph", edges(g), "If(c)→y; X(x)→call/if/then_branch:o; X(x)→call/if/else_branch:o")
	equal(t, "owner", g.Nodes[1].Body.Owner, g.Nodes[0])
}

// TestCallInSubgraph inlines into a body below the main one.
func TestCallInSubgraph(t *testing.T) {
	g := decode(t, ot.Function("d", "F", "a", "r", ot.Node("X", "a", "t"), ot.Node("Y", "t", "r")), anyIn("c"), anyIn("x"),
		ot.Node("If", "c", "y", ot.Name("if"), ot.Attr("then_branch", ot.Graph("t", ot.Node("F", "x", "o", ot.Domain("d"), ot.Name("call")), anyOut("o")))), anyOut("y"))
	equal(t, "graph", edges(g), "If(c)→y; X(x)→if/then_branch:call/t; Y(if/then_branch:call/t)→if/then_branch:o")
	equal(t, "body", g.Nodes[1].Body.Owner, g.Nodes[0])
}

func TestFunctionValueInfo(t *testing.T) {
	g := decode(t, ot.Function("d", "F", "a", "r", ot.Info("t", graph.Float16, "n", 4), ot.Info("r", graph.Float16, 1), ot.Info("a", graph.Bool), ot.Node("X", "a", "t"), ot.Node("Y", "t", "r")),
		ot.In("x", graph.Int8, 2), ot.Node("F", "x", "y", ot.Domain("d"), ot.Name("c")), ot.Out("y", graph.Float32, 9))
	equal(t, "a symbol of a function is no symbol of the model", value(t, g, "c/t").Type.Shape.String(), "[?, 4]")
	equal(t, "the declaration of the graph holds", value(t, g, "y").Type.Shape.String(), "[9]")
	equal(t, "argument", value(t, g, "x").Type.DType, graph.Int8)
}

// TestNameCollisions: names of the main graph stay, those made by inlining give way.
func TestNameCollisions(t *testing.T) {
	g := decode(t, ot.Function("d", "F", "a", "r", ot.Node("X", "a", "t"), ot.Node("Y", "t", "r")),
		anyIn("x"), ot.Node("F", "x", "h", ot.Domain("d"), ot.Name("c")), ot.Node("F", "h", "i", ot.Domain("d"), ot.Name("c")),
		ot.Node("F", "i", "c/t", ot.Domain("d"), ot.Name("c")), anyOut("c/t"))
	equal(t, "graph", edges(g), "X(x)→c/t#2; Y(c/t#2)→h; X(h)→c#2/t; Y(c#2/t)→i; X(i)→c#3/t; Y(c#3/t)→c/t")
}

// TestFunctionSeesItsOwnNames: a function body does not see the graph around the call.
func TestFunctionSeesItsOwnNames(t *testing.T) {
	b := ot.Model(ot.Function("d", "F", "a", "r", ot.Node("X", "x", "r", ot.Name("n"))), anyIn("x"), ot.Node("F", "x", "y", ot.Domain("d"), ot.Name("c")), anyOut("y"))
	refuse(t, b.Bytes(), `m.onnx: graph "main": node "c" (F): function "d:F": node "n" (X): input 0 "x": nothing produces it`)
}

func TestFunctionErrors(t *testing.T) {
	call := ot.Node("F", "x", "y", ot.Domain("d"), ot.Name("c"))
	rest := []ot.Part{anyIn("x"), anyOut("y")}
	for _, tt := range []struct {
		want  string
		parts []ot.Part
	}{
		{`function "d:F" calls itself`, []ot.Part{ot.Function("d", "F", "a", "r", ot.Node("F", "a", "r", ot.Domain("d"))), call}},
		{`function "d:F" calls itself`, []ot.Part{ot.Function("d", "F", "a", "r", ot.Node("G", "a", "r")), ot.Function("", "G", "a", "r", ot.Node("F", "a", "r", ot.Domain("d"))), call}},
		{`function "d:F" is defined twice`, []ot.Part{ot.Function("d", "F", "a", "a"), ot.Function("d", "F", "a", "a"), call}},
		{`2 inputs, function "d:F" takes 1`, []ot.Part{ot.Function("d", "F", "a", "a"), ot.Node("F", "x x", "y", ot.Domain("d"))}},
		{`2 outputs, function "d:F" returns 1`, []ot.Part{ot.Function("d", "F", "a", "a"), ot.Node("F", "x", "y z", ot.Domain("d"))}},
		{`function "d:F": output "r": nothing produces it`, []ot.Part{ot.Function("d", "F", "a", "r"), call}},
		{`function "d:F": output "b": it is an input that the call leaves out`, []ot.Part{ot.Function("d", "F", "a b", "b"), call}},
		{`input "a" is listed twice`, []ot.Part{ot.Function("d", "F", "a a", "a"), call}},
		{`output "a": the name is defined twice`, []ot.Part{ot.Function("d", "F", "a", "r", ot.Node("X", "a", "a")), call}},
		{`output "r": the name is defined twice`, []ot.Part{ot.Function("d", "F", "a", "r", ot.Node("X", "a", "r"), ot.Node("X", "a", "r")), call}},
		{`function "": no name`, []ot.Part{ot.Function("d", "", "a", "a"), call}},
	} {
		refuse(t, ot.Model(append(tt.parts, rest...)...).Bytes(), tt.want)
	}
}

// chain is n functions of which each calls the next so many times; the last one holds one node.
func chain(n, times int) []ot.Part {
	parts := []ot.Part{ot.Function("d", fmt.Sprint("F", n), "a", "r", ot.Node("X", "a", "r"))}
	for i := range n {
		nodes := []ot.Part{ot.Opset("d", 1)}
		last := "a"
		for k := range times {
			out := fmt.Sprint("t", k)
			if k == times-1 {
				out = "r"
			}
			nodes = append(nodes, ot.Node(fmt.Sprint("F", i+1), last, out, ot.Domain("d")))
			last = out
		}
		parts = append(parts, ot.Function("d", fmt.Sprint("F", i), "a", "r", nodes...))
	}
	return append(parts, anyIn("x"), ot.Node("F0", "x", "y", ot.Domain("d")), anyOut("y"))
}

func TestExpansionLimits(t *testing.T) {
	equal(t, "63 calls deep", len(decode(t, chain(63, 1)...).Nodes), 1)
	refuse(t, ot.Model(chain(64, 1)...).Bytes(), "calls nested deeper than 64")
	equal(t, "2^10 nodes", len(decode(t, chain(10, 2)...).Nodes), 1024)
	b := ot.Model(chain(60, 2)...).Bytes()
	for limit, want := range map[int]string{0: "m: more than ", 10_000: "m: more than 10000 nodes after functions are inlined"} {
		_, err := onnx.DecodeBytes(b, "m", "", onnx.Options{MaxNodes: limit})
		if err == nil || !strings.HasPrefix(err.Error(), want) || len(err.Error()) > 100 {
			t.Errorf("2^60 nodes, at most %d: %.300v", limit, err)
		}
	}
	long := strings.Repeat("n", 1000)
	parts := []ot.Part{ot.Function("d", "F60", "a", "r", ot.Node("Relu", "a", "r"))}
	for i := range 60 {
		parts = append(parts, ot.Function("d", fmt.Sprint("F", i), "a", "r", ot.Node(fmt.Sprint("F", i+1), "a", "r", ot.Domain("d"), ot.Name(long))))
	}
	for i := range 100 {
		parts = append(parts, ot.Node("F0", fmt.Sprint("v", i), fmt.Sprint("v", i+1), ot.Domain("d"), ot.Name(long)))
	}
	refuse(t, ot.Model(append(parts, anyIn("v0"), anyOut("v100"))...).Bytes(), "names of values in functions and subgraphs take more than")
}

// TestLayersOfOneFunction: many calls of a large function are a model like any other.
func TestLayersOfOneFunction(t *testing.T) {
	const layers, size = 100, 800
	body := []ot.Part{ot.Node("Relu", "a", "t0")}
	for i := 1; i < size-1; i++ {
		body = append(body, ot.Node("Relu", fmt.Sprint("t", i-1), fmt.Sprint("t", i)))
	}
	body = append(body, ot.Node("Relu", fmt.Sprint("t", size-2), "r"))
	parts := []ot.Part{ot.Function("d", "Layer", "a", "r", body...), anyIn("v0"), anyOut(fmt.Sprint("v", layers))}
	for i := range layers {
		parts = append(parts, ot.Node("Layer", fmt.Sprint("v", i), fmt.Sprint("v", i+1), ot.Domain("d")))
	}
	equal(t, "nodes", len(decode(t, parts...).Nodes), layers*size)
}

// TestExportedFunctions decodes an export with 34 functions nested in each other (old torch dynamo_export).
func TestExportedFunctions(t *testing.T) {
	g, err := onnx.DecodeBytes(fixtures.Model(t, "bert-2layers-functions"), "m", "", onnx.Options{})
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
