package onnxgo_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	onnxlib "github.com/owulveryck/onnx-go"
	gonum "gonum.org/v1/gonum/graph"

	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/internal/bounded"
	ot "github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
	"github.com/irene-onnx/irene/onnx/onnxgo"
)

// text spells the inputs, initializers, nodes and outputs of a graph.
func text(g *graph.Graph) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s;%s", spell(g.Main.Inputs), spell(g.Main.Inits))
	for _, n := range g.Main.Nodes {
		fmt.Fprintf(&b, "; %s(%s)→%s", n.Op, spell(n.Inputs), spell(n.Outputs))
	}
	fmt.Fprintf(&b, "; %s", spell(g.Main.Outputs))
	return b.String()
}

func spell(vs []*graph.Value) string {
	out := names(vs)
	for i := range out {
		if out[i] == "" {
			out[i] = "-"
		}
	}
	return strings.Join(out, " ")
}

// unmarshalers are the ways to a graph. Those without the model guess what is an output, and find the same here.
var unmarshalers = []struct {
	name string
	get  func([]byte, ...onnxgo.Option) (*graph.Graph, error)
}{
	{"Unmarshal", onnxgo.Unmarshal},
	{"skeleton", func(b []byte, opts ...onnxgo.Option) (*graph.Graph, error) {
		s, err := onnxgo.Skeleton(b)
		if err != nil {
			return nil, err
		}
		return onnxgo.Unmarshal(s, opts...)
	}},
	{"without model", func(b []byte, opts ...onnxgo.Option) (*graph.Graph, error) {
		backend := onnxgo.NewBackend()
		if err := onnxlib.NewModel(backend).UnmarshalBinary(b); err != nil {
			return nil, err
		}
		return backend.Graph(opts...)
	}},
	{"with model", func(b []byte, opts ...onnxgo.Option) (*graph.Graph, error) {
		backend := onnxgo.NewBackend()
		m := onnxlib.NewModel(backend)
		if err := m.UnmarshalBinary(b); err != nil {
			return nil, err
		}
		return backend.Graph(append(opts, onnxgo.Model(m))...)
	}},
}

func TestGraph(t *testing.T) {
	x := ot.In("x", graph.Float32, 2, 3)
	y := ot.Out("y", graph.Float32, 2, 3)
	for _, tt := range []struct {
		name  string
		parts []ot.Part
		want  string
	}{
		{"chain", []ot.Part{x, ot.Node("Relu", "x", "h"), ot.Node("Neg", "h", "y"), y}, "x;; Relu(x)→h; Neg(h)→y; y"},
		{"one value twice", []ot.Part{x, ot.Node("Mul", "x x", "y"), y}, "x;; Mul(x x)→y; y"},
		{
			"absent inputs",
			[]ot.Part{x, ot.In("m", graph.Float32), ot.Node("Clip", "x - m", "h"), ot.Node("Clip", "h - m", "y"), y},
			"x m;; Clip(x - m)→h; Clip(h - m)→y; y",
		},
		{
			"absent outputs",
			[]ot.Part{x, ot.Node("LSTM", "x", "- h"), ot.Node("LSTM", "h - x", "- - y"), y},
			"x;; LSTM(x)→- h; LSTM(h - x)→- - y; y",
		},
		{"initializer", []ot.Part{x, ot.Weight("w", graph.Float32, 3), ot.Node("Add", "x w", "y"), y}, "x;w; Add(x w)→y; y"},
		{
			"input with initializer",
			[]ot.Part{x, ot.In("w", graph.Float32, 3), ot.Weight("w", graph.Float32, 3), ot.Node("Add", "x w", "y"), y},
			"x;w; Add(x w)→y; y",
		},
		{
			"no inputs",
			[]ot.Part{
				ot.Node("Constant", "", "c", ot.Name("c"), ot.Attr("value", ot.FloatTensor("", 1))),
				ot.Node("Constant", "", "d", ot.Attr("value", ot.FloatTensor("", 1))), ot.Node("Add", "c d", "y"), y,
			},
			";; Constant()→c; Constant()→d; Add(c d)→y; y",
		},
		{
			"an input called as onnx-go calls what it invents",
			[]ot.Part{
				ot.In("c/input", graph.Float32, 2), x, ot.Node("Constant", "", "c", ot.Name("c"), ot.Attr("value", ot.FloatTensor("", 1))),
				ot.Node("Add", "c c/input", "y"), y,
			},
			"c/input x;; Constant()→c; Add(c c/input)→y; y",
		},
		{
			"the only input called so",
			[]ot.Part{ot.In("c/input", graph.Float32, 2), ot.Node("Relu", "c/input", "y"), y},
			"c/input;; Relu(c/input)→y; y",
		},
		{
			"value_info of everything",
			[]ot.Part{
				x, ot.Weight("w", graph.Float32, 3), ot.Info("x", graph.Float32, 2, 3), ot.Info("w", graph.Float32, 3),
				ot.Info("h", graph.Float32, 2, 3), ot.Info("y", graph.Float32, 2, 3), ot.Node("Add", "x w", "h"), ot.Node("Neg", "h", "y"), y,
			},
			"x;w; Add(x w)→h; Neg(h)→y; y",
		},
		{
			"out of order",
			[]ot.Part{x, ot.Node("Neg", "h", "y"), ot.Node("Relu", "x", "h"), y},
			"x;; Relu(x)→h; Neg(h)→y; y",
		},
	} {
		for _, u := range unmarshalers {
			g, err := u.get(ot.Model(tt.parts...).Bytes())
			if err != nil {
				t.Errorf("%s: %s: %v", tt.name, u.name, err)
				continue
			}
			if got := text(g); got != tt.want {
				t.Errorf("%s: %s:\n%s, want\n%s", tt.name, u.name, got, tt.want)
			}
		}
		if want, err := onnx.DecodeBytes(ot.Model(tt.parts...).Bytes(), "", "", onnx.Options{}); err != nil || text(want) != tt.want {
			t.Errorf("%s: our decoder: %s %v, want\n%s", tt.name, text(want), err, tt.want)
		}
	}
}

// TestOutputs reads graphs whose outputs a backend cannot guess.
func TestOutputs(t *testing.T) {
	g, err := onnxgo.Unmarshal(ot.Model(ot.In("x", graph.Float32, 2), ot.Weight("w", graph.Float32, 2), ot.Node("Add", "x w", "h"),
		ot.Node("Neg", "h", "y"), ot.Out("y", graph.Float32, 2), ot.Out("h", graph.Float32, 2),
		ot.Out("x", graph.Float32, 2), ot.Out("w", graph.Float32, 2)).Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := text(g), "x;w; Add(x w)→h; Neg(h)→y; y h x w"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestErrors(t *testing.T) {
	x, y := ot.In("x", graph.Float32, 2), ot.Out("y", graph.Float32, 2)
	good := ot.Model(x, ot.Node("Relu", "x", "y"), y).Bytes()
	for _, tt := range []struct {
		name string
		b    []byte
		want string
	}{
		{"empty", nil, "Graph is nil"},
		{"garbage", []byte("\xff\xff\xff garbage"), "malformed"},
		{"truncated", good[:len(good)-3], "malformed"},
		{"no nodes", ot.Model(x, y).Bytes(), "Graph is empty"},
		{"no outputs", ot.Model(x, ot.Node("Relu", "x", "y")).Bytes(), "no input or output"},
		{"float16", ot.Model(ot.In("x", graph.Float16, 2), ot.Node("Relu", "x", "y"), y).Bytes(), "FLOAT16: Not Yet Implemented"},
		{"panic", ot.Model(x, ot.Init(ot.Tensor{Name: "b", DType: graph.Bool, Dims: []int64{16}, Raw: make([]byte, 16)}),
			ot.Node("Add", "x b", "y"), y).Bytes(), "panic: "},
		{"own output", ot.Model(ot.Node("Relu", "y", "y"), y).Bytes(), "cycle"},
		{"cycle", ot.Model(ot.Node("Relu", "h", "y"), ot.Node("Relu", "y", "h"), y).Bytes(), "cycle"},
		{"twice", ot.Model(x, ot.Node("Relu", "x", "y"), ot.Node("Neg", "x", "y"), y).Bytes(), `"y" is defined twice`},
		{"undefined output", ot.Model(x, ot.Node("Relu", "x", "h"), y).Bytes(), `"y": nothing produces it`},
		{"large", ot.Model(ot.In("x", graph.Float32, 1<<30, 1<<30), ot.Node("Relu", "x", "y"), y).Bytes(), "too much memory"},
		{"subgraph", ot.Model(x, ot.Node("Loop", "x", "y", ot.Attr("body", ot.Graph("b"))), y).Bytes(), "GRAPH not handled"},
	} {
		_, err := onnxgo.Unmarshal(tt.b)
		switch {
		case err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n"):
			t.Errorf("%s: error %v, want one line with %q", tt.name, err, tt.want)
		case !strings.HasPrefix(err.Error(), "onnx-go: "):
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if _, err := onnxgo.NewBackend().Graph(); err == nil {
		t.Error("a backend without a model has a graph")
	}
	if _, err := onnxgo.Skeleton(good[:len(good)-3]); err == nil {
		t.Error("a truncated model has a skeleton")
	}
	backend := onnxgo.NewBackend()
	if err := onnxlib.NewModel(backend).UnmarshalBinary(good); err != nil {
		t.Fatal(err)
	}
	if _, err := backend.Graph(onnxgo.Model(onnxlib.NewModel(backend))); err == nil {
		t.Error("a model that holds nothing is taken")
	}
}

func TestOptions(t *testing.T) {
	model := ot.Model(ot.In("x", graph.Float32, "batch", 4), ot.In("z", graph.Float32, 4), ot.Node("Gelu", "x", "h"),
		ot.Node("Add", "h z", "y"), ot.Out("y", graph.Float32, "batch", 4)).Bytes()
	g, err := onnxgo.Unmarshal(model)
	if err != nil {
		t.Fatal(err)
	}
	if x := g.Main.Inputs[0]; x.Type.Shape != nil || x.Type.DType != graph.Float32 || len(g.Warnings) != 1 {
		t.Errorf("x is %v, warnings %q", x.Type, g.Warnings)
	}
	if z := g.Main.Inputs[1]; z.Type.Shape.String() != "[4]" {
		t.Errorf("z is %v", z.Type)
	}
	if n := g.Nodes[0]; n.Opset != onnxgo.DefaultOpset || n.Domain != "" || g.Opsets[""] != onnxgo.DefaultOpset {
		t.Errorf("defaults: %q %d", n.Domain, n.Opset)
	}
	typ := graph.Type{Kind: graph.KindTensor, DType: graph.Float32, Shape: graph.Shape{graph.Symbol("batch"), graph.Const(4)}}
	g, err = onnxgo.Unmarshal(model, onnxgo.Opset(20), onnxgo.Domain("Gelu", "com.microsoft"), onnxgo.Declare("x", typ))
	if err != nil {
		t.Fatal(err)
	}
	if n := g.Nodes[0]; n.Kind() != "com.microsoft:Gelu" || n.Opset != 1 || g.Nodes[1].Opset != 20 || len(g.Warnings) != 0 {
		t.Errorf("%s %d, Add %d, warnings %q", n.Kind(), n.Opset, g.Nodes[1].Opset, g.Warnings)
	}
	a, err := analysis.Run(g, analysis.Options{Dims: map[string]int64{"batch": 3}})
	if err != nil {
		t.Fatal(err)
	}
	if got := a.Inference.Facts[g.Main.Outputs[0].ID].Shape.String(); got != "[3, 4]" {
		t.Errorf("y is %s", got)
	}
}

// TestBackendGraph looks at the backend as gonum does.
func TestBackendGraph(t *testing.T) {
	b := onnxgo.NewBackend()
	m := onnxlib.NewModel(b)
	model := ot.Model(ot.In("x", graph.Float32, 2), ot.Weight("w", graph.Float32, 2), ot.Node("Add", "x w", "y"), ot.Out("y", graph.Float32, 2))
	if err := m.UnmarshalBinary(model.Bytes()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range gonum.WeightedEdgesOf(b.WeightedEdges()) {
		name := func(n gonum.Node) string { return n.(onnxlib.Namer).GetName() }
		got = append(got, fmt.Sprintf("%s→%s %g", name(e.From()), name(e.To()), e.Weight()))
	}
	slices.Sort(got)
	if want := []string{"y→w 1", "y→x 0"}; !slices.Equal(got, want) {
		t.Errorf("edges %q, want %q", got, want)
	}
	if in := m.GetInputTensors(); len(in) != 1 || in[0].Shape()[0] != 2 {
		t.Errorf("inputs %v", in)
	}
}

// TestSkeletonAnalysis compares the work that analysis finds in a skeleton with that of the model.
func TestSkeletonAnalysis(t *testing.T) {
	model := fixtures.Model(t, "bert-base")
	g, err := onnx.DecodeBytes(model, "bert-base", "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	opts := []onnxgo.Option{onnxgo.Opset(g.Opsets[""])}
	for _, v := range g.Main.Inputs {
		opts = append(opts, onnxgo.Declare(v.Name, v.Type))
	}
	b, err := onnxgo.Skeleton(model)
	if err != nil {
		t.Fatal(err)
	}
	s, err := onnxgo.Unmarshal(b, opts...)
	if err != nil {
		t.Fatal(err)
	}
	var got [2]string
	for i, g := range []*graph.Graph{g, s} {
		a, err := analysis.Run(g, analysis.Options{Symbolic: true})
		if err != nil {
			t.Fatal(err)
		}
		m := a.ModuleMetrics()[a.Tree.Root]
		got[i] = fmt.Sprint(m.MACs, m.Elementwise, m.Read, m.Written, m.Params, m.Operators, m.Unknown)
	}
	if got[0] != got[1] {
		t.Errorf("decoder: %s\nskeleton: %s", got[0], got[1])
	}
}

// FuzzSkeleton: what has a skeleton, onnx-go decodes, whatever the adapter thinks of its graph; and nothing panics.
func FuzzSkeleton(f *testing.F) {
	f.Add(ot.Model(ot.In("x", graph.Float16, "n", 2), ot.Weight("w", graph.Float32, 3), ot.Sparse("s", graph.Float32, 1, 4),
		ot.Node("Constant", "", "c", ot.Attr("value", ot.IntTensor("", 1, 2)), ot.Attr("b", ot.Graph("g"))),
		ot.Node("Add", "x w s c", "y", ot.Attr("f", 0.5), ot.Attr("is", []int64{1}), ot.Attr("ss", []string{"a"})),
		ot.Out("y", graph.Float32, 1)).Bytes())
	for _, m := range ot.Hostile() {
		f.Add(m.Bytes())
	}
	f.Fuzz(func(t *testing.T, model []byte) {
		var s []byte
		var err error
		bounded.Run(t, "adapting", func() {
			_, _ = onnxgo.Unmarshal(model)
			s, err = onnxgo.Skeleton(model)
		})
		if err != nil {
			return
		}
		if err := onnxlib.NewModel(onnxgo.NewBackend()).UnmarshalBinary(s); err != nil {
			t.Fatal(err)
		}
		if g, err := onnxgo.Unmarshal(s); err == nil {
			if err := graph.CheckValid(g); err != nil {
				t.Fatal(err)
			}
		}
	})
}
