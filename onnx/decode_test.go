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
	ot "github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

// decode decodes a model made of parts and checks its invariants.
func decode(t *testing.T, parts ...ot.Part) *graph.Graph {
	t.Helper()
	g, err := onnx.DecodeBytes(ot.Model(parts...).Bytes(), "m.onnx", "", onnx.Options{})
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
	g := decode(t, ot.IR(8), ot.Producer("pytorch"), ot.Raw([]byte("\x1a\x052.4.1")), ot.Doc("ignored"),
		ot.Opset("ai.onnx", 17), ot.Opset("com.microsoft", 1), ot.Meta("k", "v"), ot.GraphName("g"),
		ot.In("x", graph.Float32, "batch", 3, nil), ot.Node("Relu", "x", "y"), ot.Out("y", graph.Float32, "batch", 3, nil))
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
	g := decode(t, ot.Opset("", 17), ot.Opset("com.microsoft", 1),
		ot.In("x", graph.Float32), ot.In("hi", graph.Float32),
		ot.Node("Clip", "x - hi", "y", ot.Name("/a/Clip"), ot.Domain("ai.onnx"), ot.Meta("namespace", ": a"), ot.Doc("long")),
		ot.Node("Dropout", "y", "- mask"),
		ot.Node("Gelu", "y", "z", ot.Domain("com.microsoft"), ot.Overload("o")),
		ot.Out("z", graph.Float32), ot.Out("mask", graph.Bool))
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
	g := decode(t, ot.Node("X", "", "y",
		ot.Attr("i", -3), ot.Attr("f", 0.5), ot.Attr("s", "mean"), ot.Attr("is", []int64{1, -1}), ot.Attr("fs", []float64{1, 2}),
		ot.Attr("ss", []string{"a", ""}), ot.Attr("t", ot.IntTensor("", 7)), ot.Attr("ts", []ot.Tensor{ot.FloatTensor("", 1), ot.IntTensor("", 2)}),
		ot.Attr("tp", typ), ot.Attr("none", []int64{}), ot.RawAttr(packedInts), ot.RawAttr(packedFloats)),
		ot.OutOf("y", graph.Type{}))
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
		g := decode(t, ot.IR(1), ot.Node("X", "", "y", ot.RawAttr([]byte("\x0a\x01a"+tt.fields))), ot.OutOf("y", graph.Type{}))
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
		g := decode(t, ot.InOf("x", want), ot.Node("X", "x", "y"), ot.OutOf("y", want))
		equal(t, "input", value(t, g, "x").Type, want)
		equal(t, "output", value(t, g, "y").Type, want)
	}
}

func TestDims(t *testing.T) {
	g := decode(t, ot.In("x", graph.Float32, "past + 1", -1, ""), ot.Node("X", "x", "y"), ot.Out("y", graph.Float32))
	s := value(t, g, "x").Type.Shape
	equal(t, "expression", s[0].Equal(graph.Symbol("past").AddInt(1)), true)
	equal(t, "negative size", s[1].IsUnknown(), true)
	equal(t, "empty name", s[2].IsUnknown(), true)
}

func TestValueInfo(t *testing.T) {
	g := decode(t, ot.In("x", graph.Float32, 2), ot.Weight("w", graph.Int8, 3),
		ot.Info("h", graph.Float32, 5), ot.Info("h", graph.Float64, 6), ot.Info("x", graph.Float64, 7), ot.Info("w", graph.Int8, 3), ot.Info("nobody", graph.Bool),
		ot.Node("A", "x w", "h"), ot.Node("B", "h", "y"), ot.OutOf("y", graph.Type{}), ot.Info("y", graph.Int32, 1))
	for name, want := range map[string]string{"h": "float32[5]", "x": "float32[2]", "w": "int8[3]", "y": "int32[1]"} {
		v := value(t, g, name)
		equal(t, name, v.Type.DType.String()+v.Type.Shape.String(), want)
	}
}

func TestInitializers(t *testing.T) {
	g := decode(t, ot.IR(3), ot.In("x", graph.Float32, 2), ot.In("w", graph.Float32, 2, 2), ot.In("z", graph.Float32),
		ot.Weight("w", graph.Float32, 2, 2), ot.Ints("k", 4, 5), ot.Sparse("s", graph.Float32, 3, 10, 20),
		ot.Node("X", "x w k s z", "y"), ot.Out("y", graph.Float32))
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
	g := decode(t, ot.Raw(b), ot.Node("X", "", "y", ot.Raw(b), ot.RawAttr(append([]byte("\x0a\x01a\x18\x05"), b...))), ot.OutOf("y", graph.Type{}))
	equal(t, "attribute", g.Nodes[0].Int("a", 0), int64(5))
}

func TestWarnings(t *testing.T) {
	y := ot.OutOf("y", graph.Type{})
	for _, tt := range []struct {
		want  string
		parts []ot.Part
	}{
		{"IR version 15 is newer", []ot.Part{ot.IR(15), ot.Node("X", "", "y"), y}},
		{"opset 29 is newer", []ot.Part{ot.Opset("", 29), ot.Node("X", "", "y"), y}},
		{`domain "d" are used`, []ot.Part{ot.Node("X", "", "y", ot.Domain("d")), y}},
		{"no version of ai.onnx", []ot.Part{ot.Opset("d", 1), ot.Node("X", "", "y"), y}},
		{"versions 17 and 18", []ot.Part{ot.Opset("", 17), ot.Opset("ai.onnx", 18), ot.Node("X", "", "y"), y}},
		{"training_info", []ot.Part{ot.Training(), ot.Node("X", "", "y"), y}},
		{"states no IR version", []ot.Part{ot.IR(0), ot.Node("X", "", "y"), y}},
		{"element type 99", []ot.Part{ot.Node("X", "", "y"), ot.Out("y", 99)}},
		{`attribute "a" has the unknown type 77`, []ot.Part{ot.Node("X", "", "y", ot.RawAttr([]byte("\x0a\x01a\xa0\x01\x4d"))), y}},
		{`key "evil" is ignored`, []ot.Part{
			ot.Init(ot.Tensor{Name: "w", DType: graph.Int8, External: []graph.Property{{Key: "location", Value: "w"}, {Key: "evil", Value: "1"}}}),
			ot.Node("X", "w", "y"), y,
		}},
	} {
		g := decode(t, tt.parts...)
		if len(g.Warnings) != 1 || !strings.Contains(g.Warnings[0], tt.want) {
			t.Errorf("warnings %q, want one with %q", g.Warnings, tt.want)
		}
	}
	equal(t, "ORT's unused domains", len(decode(t, ot.Opset("", 17), ot.Opset("com.microsoft.nchwc", 1), ot.Node("X", "", "y"), y).Warnings), 0)
}

func TestErrors(t *testing.T) {
	y := ot.OutOf("y", graph.Type{})
	for _, tt := range []struct {
		want  string
		parts []ot.Part
	}{
		{
			`m.onnx: graph "main": node "/enc/MatMul" (MatMul): attribute "axis": byte 37: field 3: truncated varint`,
			[]ot.Part{ot.Node("MatMul", "", "y", ot.RawAttr([]byte("\x0a\x04axis\x18\x80")), ot.Name("/enc/MatMul")), y},
		},
		{`node "n" (X): input 1 "gone": nothing produces it`, []ot.Part{ot.In("x", graph.Bool), ot.Node("X", "x gone", "y", ot.Name("n")), y}},
		{`node "b" (X): output "y": the name is defined twice`, []ot.Part{ot.Node("X", "", "y", ot.Name("a")), ot.Node("X", "", "y", ot.Name("b")), y}},
		{`node "a" (X): output "x": the name is defined twice`, []ot.Part{ot.In("x", graph.Bool), ot.Node("X", "", "x", ot.Name("a")), ot.Out("x", graph.Bool)}},
		{`tensor "w": the name is defined twice`, []ot.Part{ot.Ints("w", 1), ot.Ints("w", 1), ot.Node("X", "", "y"), y}},
		{`input "x": the name is defined twice`, []ot.Part{ot.In("x", graph.Bool), ot.In("x", graph.Bool), ot.Node("X", "", "y"), y}},
		{`graph "main": input 0: no name`, []ot.Part{ot.In("", graph.Bool), ot.Node("X", "", "y"), y}},
		{`graph "main": tensor of type int64 and dims [1]: no name`, []ot.Part{ot.Ints("", 1), ot.Node("X", "", "y"), y}},
		{`output "z": nothing produces it`, []ot.Part{ot.Node("X", "", "y"), ot.OutOf("z", graph.Type{})}},
		{`node "n" (): no op_type`, []ot.Part{ot.Node("", "", "y", ot.Name("n")), y}},
		{`attribute "": no name`, []ot.Part{ot.Node("X", "", "y", ot.Attr("", 1)), y}},
		{`its type is GRAPH, but it holds none`, []ot.Part{ot.Node("X", "", "y", ot.RawAttr([]byte("\x0a\x01a\xa0\x01\x05"))), y}},
		{`its type is TENSOR, but it holds none`, []ot.Part{ot.Node("X", "", "y", ot.RawAttr([]byte("\x0a\x01a\xa0\x01\x04"))), y}},
		{`field 4 ends here with wire type 0, want 2`, []ot.Part{ot.Node("X", "", "y", ot.Raw([]byte("\x20\x01"))), y}},
		{`value "x": rank 2000`, []ot.Part{ot.In("x", graph.Bool, make([]any, 2000)...), ot.Node("X", "", "y"), y}},
		{`IR version -1`, []ot.Part{ot.IR(-1), ot.Node("X", "", "y"), y}},
		{`nested deeper than 32`, []ot.Part{ot.InOf("x", nest(40)), ot.Node("X", "", "y"), y}},
	} {
		refuse(t, ot.Model(tt.parts...).Bytes(), tt.want)
	}
	two := append(ot.Model(ot.Node("X", "", "y"), y).Bytes(), "\x3a\x00"...)
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
	b := ot.Model(ot.Node("X", "", "a"), ot.Node("X", "", "b"), ot.Node("X", "", "y"), ot.OutOf("y", graph.Type{})).Bytes()
	if _, err := onnx.DecodeBytes(b, "m", "", onnx.Options{MaxNodes: 2}); err == nil || !strings.Contains(err.Error(), "more than 2 nodes") {
		t.Errorf("error %v", err)
	}
	if _, err := onnx.DecodeBytes(b, "m", "", onnx.Options{MaxNodes: 3}); err != nil {
		t.Error(err)
	}
}

// TestMemory decodes a megabyte of empty messages in each list of a graph and a node.
func TestMemory(t *testing.T) {
	repeat := func(field string) ot.Part { return ot.Raw([]byte(strings.Repeat(field, 1<<19))) }
	files := map[string][]byte{}
	for _, tag := range []string{"\x0a", "\x2a", "\x5a", "\x62", "\x6a", "\x7a"} {
		b := []byte(strings.Repeat(tag+"\x00", 1<<19))
		files[fmt.Sprintf("graph field %d", tag[0]>>3)] = append([]byte("\x08\x0a"), protowire.AppendBytes([]byte("\x3a"), b)...)
	}
	for _, tag := range []string{"\x0a", "\x12", "\x2a", "\x4a"} {
		files[fmt.Sprintf("node field %d", tag[0]>>3)] = ot.Model(ot.Node("X", "", "y", repeat(tag+"\x00")), ot.OutOf("y", graph.Type{})).Bytes()
	}
	for _, tag := range []string{"\x72", "\xca\x01", "\x42"} {
		files[fmt.Sprintf("model field %d", tag[0]>>3)] = ot.Model(ot.Node("X", "", "y"), ot.OutOf("y", graph.Type{}), repeat(tag+"\x00")).Bytes()
	}
	files["ints"] = ot.Model(ot.Node("X", "", "y", ot.RawAttr(append([]byte("\x0a\x01a"), strings.Repeat("\x40\x00", 1<<19)...))), ot.OutOf("y", graph.Type{})).Bytes()
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
func sample() ot.File {
	f32 := graph.Float32
	then := ot.Graph("then", ot.Node("Neg", "h", "t"), ot.Out("t", f32, "n", 4))
	other := ot.Graph("else", ot.Ints("two", 2), ot.Node("Mul", "h two", "e"), ot.Out("e", f32, "n", 4))
	return ot.Model(ot.IR(10), ot.Producer("test"), ot.Meta("k", "v"),
		ot.Function("d", "Scale", "x", "y", ot.AttrName("axis"), ot.Attr("alpha", 2.0), ot.Info("c", f32),
			ot.Node("Constant", "", "c", ot.Ref("value_float", "alpha", graph.AttrFloat)),
			ot.Node("Mul", "x c", "y", ot.Name("mul"), ot.Meta("m", "v"))),
		ot.In("x", f32, "n", 4), ot.In("cond", graph.Bool), ot.Weight("w", f32, 4, 4), ot.Sparse("s", f32, 2, 4, 4),
		ot.External("e0", f32, "w.bin", 0, 64, 4, 4), ot.Init(ot.Tensor{Name: "i", DType: graph.Int64, Dims: []int64{2}, Ints: []int64{3, 4}}),
		ot.Init(ot.Tensor{Name: "q", DType: graph.Int4, Dims: []int64{3}, Ints: []int64{0x21, 0x3}}),
		ot.Node("MatMul", "x w", "h", ot.Name("/fc/MatMul")),
		ot.Node("Scale", "h", "sc", ot.Domain("d"), ot.Name("call")),
		ot.Node("If", "cond", "z", ot.Attr("then_branch", then), ot.Attr("else_branch", other)),
		ot.Node("Add", "z sc", "y", ot.Attr("is", []int64{1, 2}), ot.Attr("fs", []float64{1}), ot.Attr("t", ot.FloatTensor("", math.Pi))),
		ot.Info("h", f32, "n", 4), ot.Out("y", f32, "n + 0", 4), ot.Opset("", 18), ot.Opset("d", 1))
}

// TestDimsWithoutName: what exporters write for an open dim is no name, which would make all of them one size.
func TestDimsWithoutName(t *testing.T) {
	g := decode(t, ot.In("x", graph.Float32, "?", "None", "*", "-1", "n", "n_?"), ot.Node("Relu", "x", "y"))
	shape := g.Main.Inputs[0].Type.Shape
	for i, want := range []string{"?", "?", "?", "?", "n", "n_?"} {
		if got := shape[i].String(); got != want || shape[i].IsUnknown() != (want == "?") {
			t.Errorf("dim %d is %s, want %s", i, got, want)
		}
	}
}
