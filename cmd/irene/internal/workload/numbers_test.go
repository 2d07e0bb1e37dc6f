package workload

import (
	"slices"
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

// An exporter wrote positions as Range(0, the sequence, 1) with a sequence of shape [1]. At sequence 12, Range reads the
// number 12 without an axis, and what has one already stays what it is.
func TestRange(t *testing.T) {
	g, err := onnx.DecodeBytes(onnxtest.Model(
		onnxtest.Opset("", 18),
		onnxtest.In("ids", graph.Int64, 1, "sequence"),
		onnxtest.Int("zero", 0), onnxtest.Int("one", 1),
		onnxtest.Node("Shape", "ids", "length", onnxtest.Attr("start", 1), onnxtest.Attr("end", 2)),
		onnxtest.Node("Range", "zero length one", "positions"),
		onnxtest.Node("Add", "positions length", "sum"),
		onnxtest.Out("sum", graph.Int64, "sequence"),
	).Bytes(), "positions", "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := analysis.Run(g, analysis.Options{Dims: map[string]int64{"sequence": 12}})
	if err != nil {
		t.Fatal(err)
	}
	w, err := Build(Part{a, a.Graph.Main.Nodes, "positions"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range decoded(t, w).Main.Nodes {
		switch n.Op {
		case "Range":
			for i, want := range []int64{0, 12, 1} {
				tensor := n.Input(i).Init
				if tensor == nil || len(tensor.Dims) != 0 {
					t.Fatalf("input %d of Range is no stored number: %v", i, n.Input(i))
				}
				if got, err := tensor.Elements(1); err != nil || !slices.Equal(got, []int64{want}) {
					t.Errorf("input %d of Range is %v (error %v), want %d", i, got, err, want)
				}
			}
		case "Add":
			if n.Input(1).Name != "length" {
				t.Errorf("Add reads %q, want what the model says", n.Input(1).Name)
			}
		}
	}
}

// Decoders take the total length from the shape of the mask. At 16 tokens in the cache and a new one it is 17.
func TestTotalLength(t *testing.T) {
	g, err := onnx.DecodeBytes(onnxtest.Model(
		onnxtest.Opset("", 18), onnxtest.Opset("com.microsoft", 1),
		onnxtest.In("mask", graph.Int64, 1, "total"), onnxtest.In("last", graph.Int32, 1),
		onnxtest.In("q", graph.Float32, 1, 1, 128), onnxtest.In("k", graph.Float32, 1, 1, 64), onnxtest.In("v", graph.Float32, 1, 1, 64),
		onnxtest.In("past_k", graph.Float32, 1, 1, "past", 64), onnxtest.In("past_v", graph.Float32, 1, 1, "past", 64),
		onnxtest.Int("one", 1),
		onnxtest.Node("Shape", "mask", "shape"),
		onnxtest.Node("Gather", "shape one", "length"),
		onnxtest.Node("Cast", "length", "total", onnxtest.Attr("to", 6)),
		onnxtest.Node("GroupQueryAttention", "q k v past_k past_v last total", "y new_k new_v", onnxtest.Domain("com.microsoft"),
			onnxtest.Attr("num_heads", 2), onnxtest.Attr("kv_num_heads", 1)),
		onnxtest.Out("y", graph.Float32, 1, 1, 128),
		onnxtest.Out("new_k", graph.Float32, 1, 1, "total", 64), onnxtest.Out("new_v", graph.Float32, 1, 1, "total", 64),
	).Bytes(), "decoder", "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := analysis.Run(g, analysis.Options{Dims: map[string]int64{"past": 16, "total": 17}})
	if err != nil {
		t.Fatal(err)
	}
	w, err := Build(Part{a, a.Graph.Main.Nodes, "decoder"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	nodes := decoded(t, w).Main.Nodes
	total := nodes[len(nodes)-1].Input(6).Init
	if total == nil || total.DType != graph.Int32 || len(total.Dims) != 0 {
		t.Fatalf("the total length is no stored number: %v", nodes[len(nodes)-1].Input(6))
	}
	if got, err := total.Elements(1); err != nil || !slices.Equal(got, []int64{17}) {
		t.Errorf("the total length is %v (error %v), want 17", got, err)
	}
}
