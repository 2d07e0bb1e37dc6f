package onnx_test

import (
	"fmt"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/onnx"
	. "github.com/irene-onnx/irene/onnx/onnxtest"
)

// decode decodes a model made of parts and checks its invariants.
func decode(t *testing.T, parts ...Part) *graph.Graph {
	t.Helper()
	g, err := onnx.DecodeBytes(Model(parts...).Bytes(), "m.onnx", "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := graph.CheckValid(g); err != nil {
		t.Fatal(err)
	}
	return g
}

// refuse decodes a model that must fail with a text that holds all of want.
func refuse(t *testing.T, b []byte, want ...string) error {
	t.Helper()
	_, err := onnx.DecodeBytes(b, "m.onnx", "", onnx.Options{})
	if err == nil {
		t.Fatalf("decoded, want an error with %q", want)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q lacks %q", err, w)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error of several lines: %q", err)
	}
	return err
}

func value(t *testing.T, g *graph.Graph, name string) *graph.Value {
	t.Helper()
	for _, v := range g.Values {
		if v.Name == name {
			return v
		}
	}
	var have []string
	for _, v := range g.Values {
		have = append(have, v.Name)
	}
	t.Fatalf("no value %q among %q", name, have)
	return nil
}

func labels(nodes []*graph.Node) string {
	var out []string
	for _, n := range nodes {
		s := n.Op
		if n.Name != "" {
			s = n.Name
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func valueNames(vs []*graph.Value) string {
	var out []string
	for _, v := range vs {
		if v == nil {
			out = append(out, "-")
			continue
		}
		out = append(out, v.Name)
	}
	return strings.Join(out, " ")
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestModelFields(t *testing.T) {
	g := decode(t, IR(8), Producer("pytorch"), Raw([]byte("\x1a\x052.4.1")), Doc("ignored"),
		Opset("ai.onnx", 17), Opset("com.microsoft", 1), Meta("k", "v"), GraphName("g"),
		In("x", graph.Float32, "batch", 3, nil), Node("Relu", "x", "y"), Out("y", graph.Float32, "batch", 3, nil))
	equal(t, "file", g.File, "m.onnx")
	equal(t, "producer", g.Producer+" "+g.ProducerVersion, "pytorch 2.4.1")
	equal(t, "IR", g.IRVersion, int64(8))
	equal(t, "opsets", g.Opsets, map[string]int64{"": 17, "com.microsoft": 1})
	equal(t, "metadata", g.Metadata, []graph.Property{{Key: "k", Value: "v"}})
	equal(t, "graph", g.Main.Name, "g")
	equal(t, "warnings", len(g.Warnings), 0)
	equal(t, "inputs, outputs", valueNames(g.Main.Inputs)+"→"+valueNames(g.Main.Outputs), "x→y")
	x, y := value(t, g, "x"), value(t, g, "y")
	equal(t, "shape of x", x.Type.Shape.String(), "[batch, 3, ?]")
	equal(t, "dtype of y", y.Type.DType, graph.Float32)
	equal(t, "shape of y", y.Type.Shape.String(), "[batch, 3, ?]")
	equal(t, "marks", []bool{x.IsInput, x.IsOutput, y.IsInput, y.IsOutput}, []bool{true, false, false, true})
	equal(t, "consumer", x.Consumers, []graph.Use{{Node: g.Nodes[0], Slot: 0}})
	equal(t, "producer of y", y.Producer, g.Nodes[0])
}

func TestNodeFields(t *testing.T) {
	g := decode(t, Opset("", 17), Opset("com.microsoft", 1),
		In("x", graph.Float32), In("hi", graph.Float32),
		Node("Clip", "x - hi", "y", Name("/a/Clip"), Domain("ai.onnx"), Meta("namespace", ": a"), Doc("long")),
		Node("Dropout", "y", "- mask"),
		Node("Gelu", "y", "z", Domain("com.microsoft"), Overload("o")),
		Out("z", graph.Float32), Out("mask", graph.Bool))
	n := g.Nodes[0]
	equal(t, "node", []any{n.ID, n.Name, n.Domain, n.Op, n.Opset, n.Body == g.Main}, []any{0, "/a/Clip", "", "Clip", int64(17), true})
	equal(t, "inputs", valueNames(n.Inputs), "x - hi")
	equal(t, "metadata", n.Metadata, []graph.Property{{Key: "namespace", Value: ": a"}})
	equal(t, "outputs", valueNames(g.Nodes[1].Outputs), "- mask")
	n = g.Nodes[2]
	equal(t, "other domain", []any{n.Domain, n.Opset, n.Overload, n.Kind()}, []any{"com.microsoft", int64(1), "o", "com.microsoft:Gelu"})
}

func TestAttributes(t *testing.T) {
	typ := graph.Type{Kind: graph.KindTensor, DType: graph.Int64, Shape: graph.Shape{graph.Const(2)}}
	packedInts := protowire.AppendBytes([]byte("\x0a\x06packed\x42"), []byte{1, 0x80, 1}) // ints 1, 128
	packedFloats := []byte("\x0a\x02pf\x3a\x08\x00\x00\x80\x3f\x00\x00\x00\x40\xa0\x01\x06")
	g := decode(t, Node("X", "", "y",
		Attr("i", -3), Attr("f", 0.5), Attr("s", "mean"), Attr("is", []int64{1, -1}), Attr("fs", []float64{1, 2}),
		Attr("ss", []string{"a", ""}), Attr("t", IntTensor("", 7)), Attr("ts", []Tensor{FloatTensor("", 1), IntTensor("", 2)}),
		Attr("tp", typ), Attr("none", []int64{}), RawAttr(packedInts), RawAttr(packedFloats)),
		OutOf("y", graph.Type{}))
	n := g.Nodes[0]
	equal(t, "int", n.Int("i", 0), int64(-3))
	equal(t, "float", n.Float("f", 0), 0.5)
	equal(t, "string", n.Str("s", ""), "mean")
	for name, want := range map[string][]int64{"is": {1, -1}, "packed": {1, 128}, "none": nil} {
		got, ok := n.Ints(name)
		if !ok || !slices.Equal(got, want) {
			t.Errorf("%s: %v %v, want %v", name, got, ok, want)
		}
	}
	for name, want := range map[string][]float32{"fs": {1, 2}, "pf": {1, 2}} {
		a, _ := n.Attr(name)
		equal(t, name, a.Floats, want)
		equal(t, name, a.Type, graph.AttrFloats)
	}
	a, _ := n.Attr("ss")
	equal(t, "strings", a.Strs, []string{"a", ""})
	a, _ = n.Attr("t")
	ints, err := a.Tensor.Elements(1)
	equal(t, "tensor", []any{ints, err}, []any{[]int64{7}, error(nil)})
	a, _ = n.Attr("ts")
	equal(t, "tensors", len(a.Tensors), 2)
	equal(t, "second tensor", a.Tensors[1].DType, graph.Int64)
	a, _ = n.Attr("tp")
	equal(t, "type", *a.TypeVal, typ)
}

// TestAttributeTypeInferred reads attributes as IR version 1 wrote them: without a type.
func TestAttributeTypeInferred(t *testing.T) {
	tensor := "\x2a\x04\x10\x07\x08\x00" // t: data_type 7, dims [0]
	graphBytes := "\x32\x03\x12\x01b"    // g: name "b"
	for i, tt := range []struct {
		fields string
		want   graph.AttrType
	}{
		{"\x15\x00\x00\x80\x3f", graph.AttrFloat},
		{"\x18\x05", graph.AttrInt},
		{"\x22\x01x", graph.AttrString},
		{tensor, graph.AttrTensor},
		{graphBytes, graph.AttrGraph},
		{"\x3d\x00\x00\x80\x3f", graph.AttrFloats},
		{"\x40\x05", graph.AttrInts},
		{"\x4a\x01x", graph.AttrStrings},
		{"\x52" + tensor[1:], graph.AttrTensors},
		{"\x5a" + graphBytes[1:], graph.AttrGraphs},
		{"", graph.AttrUndefined},
	} {
		g := decode(t, IR(1), Node("X", "", "y", RawAttr([]byte("\x0a\x01a"+tt.fields))), OutOf("y", graph.Type{}))
		if got := g.Nodes[0].Attrs[0].Type; got != tt.want {
			t.Errorf("case %d: type %d, want %d", i, got, tt.want)
		}
	}
}

func TestTypes(t *testing.T) {
	tensor := graph.Type{Kind: graph.KindTensor, DType: graph.Float16, Shape: graph.Shape{}}
	for _, want := range []graph.Type{
		tensor,
		{Kind: graph.KindTensor, DType: graph.Float32}, // unknown rank
		{Kind: graph.KindTensor, DType: graph.Int2, Shape: graph.Shape{graph.Symbol("n"), graph.Const(0), {}}},
		{Kind: graph.KindSparse, DType: graph.Float32, Shape: graph.Consts(3, 4)},
		{Kind: graph.KindSequence, Elem: &tensor},
		{Kind: graph.KindOptional, Elem: &graph.Type{Kind: graph.KindSequence, Elem: &tensor}},
		{Kind: graph.KindMap, DType: graph.String, Elem: &tensor},
		{Kind: graph.KindOpaque},
		{},
	} {
		g := decode(t, InOf("x", want), Node("X", "x", "y"), OutOf("y", want))
		equal(t, "input", value(t, g, "x").Type, want)
		equal(t, "output", value(t, g, "y").Type, want)
	}
}

func TestDims(t *testing.T) {
	g := decode(t, In("x", graph.Float32, "past + 1", -1, ""), Node("X", "x", "y"), Out("y", graph.Float32))
	s := value(t, g, "x").Type.Shape
	equal(t, "expression", s[0].Equal(graph.Symbol("past").AddInt(1)), true)
	equal(t, "negative size", s[1].IsUnknown(), true)
	equal(t, "empty name", s[2].IsUnknown(), true)
}

func TestValueInfo(t *testing.T) {
	g := decode(t, In("x", graph.Float32, 2), Weight("w", graph.Int8, 3),
		Info("h", graph.Float32, 5), Info("h", graph.Float64, 6), Info("x", graph.Float64, 7), Info("w", graph.Int8, 3), Info("nobody", graph.Bool),
		Node("A", "x w", "h"), Node("B", "h", "y"), OutOf("y", graph.Type{}), Info("y", graph.Int32, 1))
	for name, want := range map[string]string{"h": "float32[5]", "x": "float32[2]", "w": "int8[3]", "y": "int32[1]"} {
		v := value(t, g, name)
		equal(t, name, v.Type.DType.String()+v.Type.Shape.String(), want)
	}
}

func TestInitializers(t *testing.T) {
	g := decode(t, IR(3), In("x", graph.Float32, 2), In("w", graph.Float32, 2, 2), In("z", graph.Float32),
		Weight("w", graph.Float32, 2, 2), Ints("k", 4, 5), Sparse("s", graph.Float32, 3, 10, 20),
		Node("X", "x w k s z", "y"), Out("y", graph.Float32))
	equal(t, "inputs", valueNames(g.Main.Inputs), "x z")
	equal(t, "initializers", valueNames(g.Main.Inits), "w k s")
	w := value(t, g, "w")
	equal(t, "default of an input", []any{w.IsInput, w.Init != nil, w.Type.Shape.String()}, []any{true, true, "[2, 2]"})
	s := value(t, g, "s").Init
	equal(t, "sparse", []any{s.Sparse, s.Len(), s.DType}, []any{true, int64(200), graph.Float32})
}

// TestUnknownFields puts fields of every wire type that the format does not know into every message it goes through.
func TestUnknownFields(t *testing.T) {
	b := protowire.AppendVarint(protowire.AppendTag(nil, 900, protowire.VarintType), 5)
	b = protowire.AppendFixed32(protowire.AppendTag(b, 901, protowire.Fixed32Type), 5)
	b = protowire.AppendFixed64(protowire.AppendTag(b, 902, protowire.Fixed64Type), 5)
	b = protowire.AppendBytes(protowire.AppendTag(b, 903, protowire.BytesType), []byte("abc"))
	b = protowire.AppendGroup(protowire.AppendTag(b, 904, protowire.StartGroupType), 904, b)
	g := decode(t, Raw(b), Node("X", "", "y", Raw(b), RawAttr(append([]byte("\x0a\x01a\x18\x05"), b...))), OutOf("y", graph.Type{}))
	equal(t, "attribute", g.Nodes[0].Int("a", 0), int64(5))
}

func TestWarnings(t *testing.T) {
	y := OutOf("y", graph.Type{})
	for _, tt := range []struct {
		want  string
		parts []Part
	}{
		{"IR version 15 is newer", []Part{IR(15), Node("X", "", "y"), y}},
		{"opset 29 is newer", []Part{Opset("", 29), Node("X", "", "y"), y}},
		{`domain "d" are used`, []Part{Node("X", "", "y", Domain("d")), y}},
		{"no version of ai.onnx", []Part{Opset("d", 1), Node("X", "", "y"), y}},
		{"versions 17 and 18", []Part{Opset("", 17), Opset("ai.onnx", 18), Node("X", "", "y"), y}},
		{"training_info", []Part{Training(), Node("X", "", "y"), y}},
		{"states no IR version", []Part{IR(0), Node("X", "", "y"), y}},
		{"element type 99", []Part{Node("X", "", "y"), Out("y", 99)}},
		{`attribute "a" has the unknown type 77`, []Part{Node("X", "", "y", RawAttr([]byte("\x0a\x01a\xa0\x01\x4d"))), y}},
		{`key "evil" is ignored`, []Part{
			Init(Tensor{Name: "w", DType: graph.Int8, External: []graph.Property{{Key: "location", Value: "w"}, {Key: "evil", Value: "1"}}}),
			Node("X", "w", "y"), y,
		}},
	} {
		g := decode(t, tt.parts...)
		if len(g.Warnings) != 1 || !strings.Contains(g.Warnings[0], tt.want) {
			t.Errorf("warnings %q, want one with %q", g.Warnings, tt.want)
		}
	}
	equal(t, "ORT's unused domains", len(decode(t, Opset("", 17), Opset("com.microsoft.nchwc", 1), Node("X", "", "y"), y).Warnings), 0)
}

func TestErrors(t *testing.T) {
	y := OutOf("y", graph.Type{})
	for _, tt := range []struct {
		want  string
		parts []Part
	}{
		{
			`m.onnx: graph "main": node "/enc/MatMul" (MatMul): attribute "axis": byte 37: field 3: truncated varint`,
			[]Part{Node("MatMul", "", "y", RawAttr([]byte("\x0a\x04axis\x18\x80")), Name("/enc/MatMul")), y},
		},
		{`node "n" (X): input 1 "gone": nothing produces it`, []Part{In("x", graph.Bool), Node("X", "x gone", "y", Name("n")), y}},
		{`node "b" (X): output "y": the name is defined twice`, []Part{Node("X", "", "y", Name("a")), Node("X", "", "y", Name("b")), y}},
		{`node "a" (X): output "x": the name is defined twice`, []Part{In("x", graph.Bool), Node("X", "", "x", Name("a")), Out("x", graph.Bool)}},
		{`tensor "w": the name is defined twice`, []Part{Ints("w", 1), Ints("w", 1), Node("X", "", "y"), y}},
		{`input "x": the name is defined twice`, []Part{In("x", graph.Bool), In("x", graph.Bool), Node("X", "", "y"), y}},
		{`input "": no name`, []Part{In("", graph.Bool), Node("X", "", "y"), y}},
		{`tensor "": no name`, []Part{Ints("", 1), Node("X", "", "y"), y}},
		{`output "z": nothing produces it`, []Part{Node("X", "", "y"), OutOf("z", graph.Type{})}},
		{`node "n" (): no op_type`, []Part{Node("", "", "y", Name("n")), y}},
		{`attribute "": no name`, []Part{Node("X", "", "y", Attr("", 1)), y}},
		{`its type is GRAPH, but it holds none`, []Part{Node("X", "", "y", RawAttr([]byte("\x0a\x01a\xa0\x01\x05"))), y}},
		{`its type is TENSOR, but it holds none`, []Part{Node("X", "", "y", RawAttr([]byte("\x0a\x01a\xa0\x01\x04"))), y}},
		{`field 4 ends here with wire type 0, want 2`, []Part{Node("X", "", "y", Raw([]byte("\x20\x01"))), y}},
		{`value "x": rank 2000`, []Part{In("x", graph.Bool, make([]any, 2000)...), Node("X", "", "y"), y}},
		{`IR version -1`, []Part{IR(-1), Node("X", "", "y"), y}},
		{`nested deeper than 32`, []Part{InOf("x", nest(40)), Node("X", "", "y"), y}},
	} {
		refuse(t, Model(tt.parts...).Bytes(), tt.want)
	}
	two := append(Model(Node("X", "", "y"), y).Bytes(), "\x3a\x00"...)
	refuse(t, two, "a second graph")
}

// nest is a sequence of sequences, n deep.
func nest(n int) graph.Type {
	t := graph.Type{Kind: graph.KindTensor, DType: graph.Bool}
	for range n {
		inner := t
		t = graph.Type{Kind: graph.KindSequence, Elem: &inner}
	}
	return t
}

func TestNodeLimit(t *testing.T) {
	b := Model(Node("X", "", "a"), Node("X", "", "b"), Node("X", "", "y"), OutOf("y", graph.Type{})).Bytes()
	if _, err := onnx.DecodeBytes(b, "m", "", onnx.Options{MaxNodes: 2}); err == nil || !strings.Contains(err.Error(), "more than 2 nodes") {
		t.Errorf("error %v", err)
	}
	if _, err := onnx.DecodeBytes(b, "m", "", onnx.Options{MaxNodes: 3}); err != nil {
		t.Error(err)
	}
}

// TestMemory decodes a megabyte of empty messages in each list of a graph and a node.
func TestMemory(t *testing.T) {
	repeat := func(field string) Part { return Raw([]byte(strings.Repeat(field, 1<<19))) }
	files := map[string][]byte{}
	for _, tag := range []string{"\x0a", "\x2a", "\x5a", "\x62", "\x6a", "\x7a"} {
		b := []byte(strings.Repeat(tag+"\x00", 1<<19))
		files[fmt.Sprintf("graph field %d", tag[0]>>3)] = append([]byte("\x08\x0a"), protowire.AppendBytes([]byte("\x3a"), b)...)
	}
	for _, tag := range []string{"\x0a", "\x12", "\x2a", "\x4a"} {
		files[fmt.Sprintf("node field %d", tag[0]>>3)] = Model(Node("X", "", "y", repeat(tag+"\x00")), OutOf("y", graph.Type{})).Bytes()
	}
	for _, tag := range []string{"\x72", "\xca\x01", "\x42"} {
		files[fmt.Sprintf("model field %d", tag[0]>>3)] = Model(Node("X", "", "y"), OutOf("y", graph.Type{}), repeat(tag+"\x00")).Bytes()
	}
	files["ints"] = Model(Node("X", "", "y", RawAttr(append([]byte("\x0a\x01a"), strings.Repeat("\x40\x00", 1<<19)...))), OutOf("y", graph.Type{})).Bytes()
	for name, b := range files {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := onnx.DecodeBytes(b, "m", "", onnx.Options{})
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 120*uint64(len(b)) {
			t.Errorf("%s: %d bytes took %d (%v)", name, len(b), used, err)
		}
	}
}

// TestTruncation cuts a model that uses every kind of message at each byte: an error each time, never a panic.
func TestTruncation(t *testing.T) {
	b := sample().Bytes()
	for n := range b {
		if _, err := onnx.DecodeBytes(b[:n], "m", "", onnx.Options{}); err == nil {
			t.Errorf("cut to %d of %d bytes: no error", n, len(b))
		}
	}
}

// TestDamage changes each byte of that model in a few ways: a graph that decodes must be sound.
func TestDamage(t *testing.T) {
	b := sample().Bytes()
	for i := range b {
		for _, x := range []byte{0x01, 0x80, 0xff} {
			bad := slices.Clone(b)
			bad[i] ^= x
			g, err := onnx.DecodeBytes(bad, "m", "", onnx.Options{MaxNodes: 1000})
			if err != nil {
				continue
			}
			if err := graph.CheckValid(g); err != nil {
				t.Fatalf("byte %d xor %#x: %v", i, x, err)
			}
		}
	}
}

// sample is a model with at least one of everything. Its graph is the last field.
func sample() File {
	f32 := graph.Float32
	then := Graph("then", Node("Neg", "h", "t"), Out("t", f32, "n", 4))
	other := Graph("else", Ints("two", 2), Node("Mul", "h two", "e"), Out("e", f32, "n", 4))
	return Model(IR(10), Producer("test"), Meta("k", "v"),
		Function("d", "Scale", "x", "y", AttrName("axis"), Attr("alpha", 2.0), Info("c", f32),
			Node("Constant", "", "c", Ref("value_float", "alpha", graph.AttrFloat)),
			Node("Mul", "x c", "y", Name("mul"), Meta("m", "v"))),
		In("x", f32, "n", 4), In("cond", graph.Bool), Weight("w", f32, 4, 4), Sparse("s", f32, 2, 4, 4),
		External("e0", f32, "w.bin", 0, 64, 4, 4), Init(Tensor{Name: "i", DType: graph.Int64, Dims: []int64{2}, Ints: []int64{3, 4}}),
		Init(Tensor{Name: "q", DType: graph.Int4, Dims: []int64{3}, Ints: []int64{0x21, 0x3}}),
		Node("MatMul", "x w", "h", Name("/fc/MatMul")),
		Node("Scale", "h", "sc", Domain("d"), Name("call")),
		Node("If", "cond", "z", Attr("then_branch", then), Attr("else_branch", other)),
		Node("Add", "z sc", "y", Attr("is", []int64{1, 2}), Attr("fs", []float64{1}), Attr("t", FloatTensor("", math.Pi))),
		Info("h", f32, "n", 4), Out("y", f32, "n + 0", 4), Opset("", 18), Opset("d", 1))
}
