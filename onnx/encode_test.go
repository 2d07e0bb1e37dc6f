package onnx_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
	"github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

// listing spells out everything of a graph that Encode writes.
func listing(g *graph.Graph) string {
	var b strings.Builder
	fmt.Fprintln(&b, g.IRVersion, g.Producer, g.ProducerVersion, g.Opsets, g.Metadata)
	listBody(&b, g.Main, "")
	return b.String()
}

func listBody(b *strings.Builder, body *graph.Body, indent string) {
	fmt.Fprintf(b, "%sgraph %s\n", indent, body.Name)
	for _, v := range body.Inputs {
		fmt.Fprintf(b, "%sin %s %s\n", indent, v.Name, listType(v.Type))
	}
	for _, v := range body.Inits {
		fmt.Fprintf(b, "%sinit %s %s %v\n", indent, v.Name, listTensor(v.Init), v.Metadata)
	}
	for _, n := range body.Nodes {
		fmt.Fprintf(b, "%s%q %s %d %q %v:", indent, n.Name, n.Kind(), n.Opset, n.Overload, n.Metadata)
		for _, list := range [][]*graph.Value{n.Inputs, n.Outputs} {
			for _, v := range list {
				if v == nil {
					b.WriteString(" -")
					continue
				}
				fmt.Fprintf(b, " %s %s %v", v.Name, listType(v.Type), v.IsOutput)
			}
			b.WriteString(" →")
		}
		b.WriteByte('\n')
		for i := range n.Attrs {
			a := &n.Attrs[i]
			fmt.Fprintf(b, "%s  %s %d %v %v %q %v %v %q %s\n", indent, a.Name, a.Type, a.Float, a.Int, a.Str, a.Floats, a.Ints, a.Strs, listTensor(a.Tensor))
			for _, t := range a.Tensors {
				fmt.Fprintf(b, "%s  %s\n", indent, listTensor(t))
			}
			if a.TypeVal != nil {
				fmt.Fprintf(b, "%s  %s\n", indent, listType(*a.TypeVal))
			}
		}
		for _, inner := range n.Bodies() {
			listBody(b, inner, indent+"    ")
		}
	}
	for _, v := range body.Outputs {
		fmt.Fprintf(b, "%sout %s %s\n", indent, v.Name, listType(v.Type))
	}
}

func listType(t graph.Type) string {
	s := fmt.Sprintf("%d/%v%v", t.Kind, t.DType, t.Shape)
	if t.Elem != nil {
		s += "<" + listType(*t.Elem) + ">"
	}
	return s
}

func listTensor(t *graph.Tensor) string {
	if t == nil {
		return ""
	}
	s := fmt.Sprintf("%v%v %x %v %v", t.DType, t.Dims, t.Raw, t.Ints, t.Floats)
	if t.External != nil {
		s += fmt.Sprint(*t.External)
	}
	return s
}

func encoded(tb testing.TB, g *graph.Graph) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := onnx.Encode(&b, g); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func decoded(tb testing.TB, b []byte) *graph.Graph {
	tb.Helper()
	g, err := onnx.DecodeBytes(b, "m.onnx", "", onnx.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	if err := graph.CheckValid(g); err != nil {
		tb.Fatal(err)
	}
	return g
}

// TestEncode: what is decoded, encoded and decoded again is the same.
func TestEncode(t *testing.T) {
	branch := func(name string) onnxtest.Subgraph {
		return onnxtest.Graph(name, onnxtest.Node("Relu", "x", name), onnxtest.Info(name, graph.Float32, 2), onnxtest.Node("Neg", name, name+"y"), onnxtest.Out(name+"y", graph.Float32, 2))
	}
	seq := graph.Type{Kind: graph.KindSequence, Elem: &graph.Type{Kind: graph.KindTensor, DType: graph.Int64, Shape: graph.Shape{graph.Symbol("n"), {}}}}
	four := onnxtest.Tensor{Name: "four", DType: graph.Int4, Dims: []int64{3}, Ints: []int64{0x7f, 0x02}}
	g := decoded(t, onnxtest.Model(
		onnxtest.Producer("p"), onnxtest.Opset("", 17), onnxtest.Opset("f", 1), onnxtest.Opset("com.example", 3), onnxtest.Meta("key", "value"),
		onnxtest.Function("f", "Twice", "a", "b", onnxtest.Node("Add", "a a", "h"), onnxtest.Node("Abs", "h", "b")),
		onnxtest.In("x", graph.Float32, "batch", "past + 1", nil), onnxtest.In("c", graph.Bool), onnxtest.InOf("s", seq), onnxtest.In("d", graph.Float32, 2),
		onnxtest.Node("If", "c", "l", onnxtest.Name("if"), onnxtest.Attr("then_branch", branch("p")), onnxtest.Attr("else_branch", branch("q"))),
		onnxtest.Node("Twice", "l", "t", onnxtest.Name("call"), onnxtest.Domain("f")),
		onnxtest.Node("Odd", "t - w d", "y -", onnxtest.Domain("com.example"), onnxtest.Meta("k", "v"), onnxtest.Name("odd"),
			onnxtest.Attr("i", 0), onnxtest.Attr("f", 0.0), onnxtest.Attr("s", ""), onnxtest.Attr("is", []int64{}), onnxtest.Attr("fs", []float64{1.5}),
			onnxtest.Attr("ss", []string{"a", ""}), onnxtest.Attr("t", onnxtest.IntTensor("v", 1, -2)), onnxtest.Attr("ts", []onnxtest.Tensor{four}),
			onnxtest.Attr("type", seq)),
		onnxtest.External("w", graph.Float32, "w.bin", 4, 8, 2), onnxtest.Floats("d", 1, 2), onnxtest.Init(four),
		onnxtest.Init(onnxtest.Tensor{Name: "typed", DType: graph.Float64, Dims: []int64{2}, Floats: []float64{1, 2}}),
		onnxtest.Init(onnxtest.Tensor{Name: "stripped", DType: graph.Float32, Dims: []int64{1000}}),
		onnxtest.Out("y", graph.Float32, "batch"),
	).Bytes())
	again := decoded(t, encoded(t, g))
	if d := cmp.Diff(listing(g), listing(again)); d != "" {
		t.Errorf("%s", d)
	}
	if !bytes.Equal(encoded(t, g), encoded(t, again)) {
		t.Error("encoded twice the bytes differ")
	}
}

func TestEncodeModels(t *testing.T) {
	for _, name := range fixtures.EveryModel(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := decoded(t, fixtures.Model(t, name))
			again := decoded(t, encoded(t, g))
			if listing(g) != listing(again) {
				t.Error("encoded and decoded, the graph is another")
			}
		})
	}
}

// TestEncodeNodeTests takes the official models, which use every corner of the format.
func TestEncodeNodeTests(t *testing.T) {
	n := 0
	fixtures.Conformance(t, func(name string, model []byte, _ func(string) []byte) {
		g := decoded(t, model)
		var b bytes.Buffer
		if err := onnx.Encode(&b, g); err != nil {
			if !strings.Contains(err.Error(), "not kept") && !strings.Contains(err.Error(), "cannot be written") {
				t.Errorf("%s: %v", name, err)
			}
			return
		}
		n++
		if d := cmp.Diff(listing(g), listing(decoded(t, b.Bytes()))); d != "" {
			t.Errorf("%s: %.500s", name, d)
		}
	})
	t.Logf("%d models written", n)
}

func TestEncodeFails(t *testing.T) {
	for _, tt := range []struct {
		part onnxtest.Part
		want string
	}{
		{onnxtest.Sparse("w", graph.Float32, 2, 10), `tensor "w": it is sparse`},
		{onnxtest.Init(onnxtest.Tensor{Name: "w", DType: graph.Int64, Dims: []int64{5000}, Ints: make([]int64, 5000)}), `tensor "w": its elements were not kept`},
	} {
		g := decoded(t, onnxtest.Model(onnxtest.Opset("", 17), tt.part, onnxtest.Node("Relu", "w", "y"), onnxtest.Out("y", graph.Float32)).Bytes())
		if err := onnx.Encode(&bytes.Buffer{}, g); err == nil || !strings.HasPrefix(err.Error(), "m.onnx: "+tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}

func pick(t *testing.T, g *graph.Graph, names ...string) []*graph.Node {
	t.Helper()
	var out []*graph.Node
	for _, n := range g.Nodes {
		if slices.Contains(names, n.Name) {
			out = append(out, n)
		}
	}
	if len(out) != len(names) {
		t.Fatalf("%d of %q found", len(out), names)
	}
	return out
}

func ends(g *graph.Graph) string {
	var s []string
	for _, list := range [][]*graph.Value{g.Main.Inputs, g.Main.Inits, g.Main.Outputs} {
		var names []string
		for _, v := range list {
			names = append(names, v.Name)
		}
		s = append(s, strings.Join(names, " "))
	}
	return strings.Join(s, " | ")
}

// branching is a graph of named nodes, one of them with subgraphs, and a weight that a node and a subgraph read.
func branching(t *testing.T) *graph.Graph {
	t.Helper()
	branch := func(name, reads string) onnxtest.Subgraph {
		return onnxtest.Graph(name, onnxtest.Node("Mul", reads+" "+name+"w", name), onnxtest.Floats(name+"w", 1, 2), onnxtest.Out(name, graph.Float32, 2))
	}
	return decoded(t, onnxtest.Model(
		onnxtest.Opset("", 17), onnxtest.In("x", graph.Float32, 2), onnxtest.In("c", graph.Bool),
		onnxtest.Node("Constant", "", "k", onnxtest.Name("k"), onnxtest.Attr("value", onnxtest.FloatTensor("", 1, 2))),
		onnxtest.Node("Relu", "x", "a", onnxtest.Name("a")),
		onnxtest.Node("Add", "a w", "b", onnxtest.Name("b")),
		onnxtest.Node("Mul", "b k", "d", onnxtest.Name("d")),
		onnxtest.Node("If", "c", "e", onnxtest.Name("e"), onnxtest.Attr("then_branch", branch("p", "b")), onnxtest.Attr("else_branch", branch("q", "w"))),
		onnxtest.Node("Sub", "d e", "y", onnxtest.Name("y")),
		onnxtest.Weight("w", graph.Float32, 2), onnxtest.Out("y", graph.Float32, 2), onnxtest.Out("a", graph.Float32, 2),
	).Bytes())
}

// TestExtract: inputs, initializers and outputs are what the cut goes through.
func TestExtract(t *testing.T) {
	g := branching(t)
	for _, tt := range []struct{ nodes, want string }{
		{"a", "x |  | a"},
		{"b", "a | w | b"},
		{"a b", "x | w | a b"},
		{"d", "b |  | d"},
		{"e", "c b | w | e"},
		{"b d e", "a c | w | d e"},
		{"a b d e y", "x c | w | a y"},
	} {
		cut, err := onnx.Extract(g, pick(t, g, strings.Fields(tt.nodes)...), onnx.Extraction{Name: "cut"})
		if err != nil {
			t.Fatal(err)
		}
		if err := graph.CheckValid(cut); err != nil {
			t.Errorf("%s: %v", tt.nodes, err)
		}
		if got := ends(cut); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.nodes, got, tt.want)
		}
		if d := cmp.Diff(listing(cut), listing(decoded(t, encoded(t, cut)))); d != "" {
			t.Errorf("%s: %s", tt.nodes, d)
		}
	}
	open := onnx.Extraction{Open: func(*graph.Value) bool { return true }}
	cut, err := onnx.Extract(g, pick(t, g, "b"), open)
	if err != nil || ends(cut) != "a w |  | b" || cut.Main.Inputs[1].Type.Shape.String() != "[2]" {
		t.Errorf("with open weights: %v", err)
	}
	if _, err := onnx.Extract(g, nil, open); err == nil {
		t.Error("nothing was extracted without an error")
	}
	if _, err := onnx.Extract(g, pick(t, g, "a", "y", "d"), open); err != nil {
		t.Errorf("a cut that others reach around: %v", err)
	}
}

// TestRepeat copies a graph, and then one of its nodes, which goes on reading what it reads.
func TestRepeat(t *testing.T) {
	g := branching(t)
	g, err := onnx.Extract(g, pick(t, g, "b", "d", "e"), onnx.Extraction{Name: "cut"})
	if err != nil {
		t.Fatal(err)
	}
	b := pick(t, g, "b")
	for _, step := range []struct {
		nodes      []*graph.Node
		suffix     string
		sameInputs bool
		want       string
	}{
		{g.Main.Nodes, "#1", false, "a c a#1 c#1 | w w#1 | d e d#1 e#1"},
		{b, "#r", true, "a c a#1 c#1 | w w#1 w#r | d e d#1 e#1 b#r"},
	} {
		if err := onnx.Repeat(g, step.nodes, step.suffix, step.sameInputs); err != nil {
			t.Fatal(err)
		}
		if got := ends(g); got != step.want {
			t.Errorf("%s: %s, want %s", step.suffix, got, step.want)
		}
		if err := graph.CheckValid(g); err != nil {
			t.Errorf("%s: %v", step.suffix, err)
		}
		if got := ends(decoded(t, encoded(t, g))); got != step.want {
			t.Errorf("%s: in the file %s, want %s", step.suffix, got, step.want)
		}
	}
}

// TestExtractModels cuts every model in pieces of 200 nodes. With the types that were inferred for the whole,
// a piece infers what the whole does.
func TestExtractModels(t *testing.T) {
	for _, name := range fixtures.EveryModel(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := decoded(t, fixtures.Model(t, name))
			whole := ops.Infer(g, ops.Options{})
			typeOf := func(v *graph.Value) graph.Type {
				f := &whole.Facts[v.ID]
				return graph.Type{Kind: f.Kind, DType: f.DType, Shape: f.Shape}
			}
			for i := 0; i < len(g.Nodes); i += 200 {
				cut, err := onnx.Extract(g, g.Nodes[i:min(i+200, len(g.Nodes))], onnx.Extraction{Type: typeOf})
				if err != nil {
					t.Fatal(err)
				}
				if err := graph.CheckValid(cut); err != nil {
					t.Fatal(err)
				}
				again := decoded(t, encoded(t, cut))
				if listing(cut) != listing(again) {
					t.Fatalf("nodes from %d: encoded and decoded, the graph is another:\n%s", i, cmp.Diff(listing(cut), listing(again)))
				}
			}
		})
	}
}
