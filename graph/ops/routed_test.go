package ops_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
	. "github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

// router chooses 2 of 4 experts for each of n tokens x [n, 8].
func router() []Part {
	return []Part{
		Opset("", 17), In("x", graph.Float32, "n", 8), Weight("gate", graph.Float32, 8, 4), Node("MatMul", "x gate", "logits"), Node("Softmax", "logits", "scores", Attr("axis", -1)),
		Ints("k", 2), Node("TopK", "scores k", "best chosen", Attr("axis", -1)), Int("4", 4), Ints("off_on", 0, 1), Int("e", 2),
	}
}

// TestRouted counts the tokens of one expert of 4 as spread evenly: of 2·n choices, the third expert's are ⌊(2·n + 1)/4⌋.
func TestRouted(t *testing.T) {
	for _, c := range []struct {
		name  string
		parts []Part
		want  string
	}{
		{"TorchScript: a row of the one-hot mask", []Part{
			Node("OneHot", "chosen 4 off_on", "hot"), Node("Transpose", "hot", "mask", Attr("perm", []int64{2, 1, 0})), Node("Gather", "mask e", "mine", Attr("axis", 0)), Node("NonZero", "mine", "at"),
		}, "(2*n + 1)//4"},
		{"dynamo: compared with all experts", []Part{
			Ints("all", 0, 1, 2, 3), Ints("2d", 2), Ints("from", 2), Ints("to", 3), Ints("axis", 0), Node("Unsqueeze", "chosen 2d", "column"), Node("Equal", "column all", "hot"), Node("Cast", "hot", "long", Attr("to", int64(graph.Int64))),
			Node("Transpose", "long", "mask", Attr("perm", []int64{2, 1, 0})), Node("Slice", "mask from to axis", "slab"), Node("Squeeze", "slab axis", "mine"), Node("NonZero", "mine", "at"),
		}, "(2*n + 1)//4"},
		{"compared with the expert", []Part{Node("Equal", "chosen e", "mine"), Node("NonZero", "mine", "at")}, "(2*n + 1)//4"},
		{"compared the other way round", []Part{Node("Equal", "e chosen", "mine"), Node("NonZero", "mine", "at")}, "(2*n + 1)//4"},
		{"tokens that chose the expert at all", []Part{
			Node("Equal", "chosen e", "hits"), Node("Cast", "hits", "ones", Attr("to", int64(graph.Int32))), Node("ReduceMax", "ones", "any", Attr("axes", []int64{-1}), Attr("keepdims", 0)), Node("NonZero", "any", "at"),
		}, "(2*n + 1)//4"},
		{"all experts", []Part{Node("OneHot", "chosen 4 off_on", "hot"), Node("NonZero", "hot", "at")}, "2*n"},
		{"the best scores, not the choices", []Part{Node("Equal", "best x0", "mine"), Node("NonZero", "mine", "at"), Weight("x0", graph.Float32)}, "at_dim1"},
		{"half of the choices", []Part{Ints("from", 0), Ints("to", 1), Ints("axis", 1), Node("Slice", "chosen from to axis", "first"), Node("NonZero", "first", "at")}, "at_dim1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, err := onnx.DecodeBytes(Model(slices.Concat(router(), c.parts, []Part{Out("at", graph.Int64, NoShape)})...).Bytes(), "test", "", onnx.Options{})
			if err != nil {
				t.Fatal(err)
			}
			inf := ops.Infer(g, ops.Options{})
			for _, v := range g.Values {
				if v.Name == "at" {
					if got := fmt.Sprint(inf.Facts[v.ID].Shape[1]); got != c.want {
						t.Errorf("%s places, want %s", got, c.want)
					}
				}
			}
		})
	}
}

// TestRoutedExperts: the rows of all experts are all choices, and experts that nobody is routed to read no weights. 3 tokens
// make 6 choices of 8 experts: 6 of them run, with one row each; 40 tokens make 10 rows for each.
func TestRoutedExperts(t *testing.T) {
	for _, c := range []struct{ tokens, running, rows int64 }{{3, 6, 6}, {1, 2, 2}, {40, 8, 80}, {5, 8, 10}} {
		parts := []Part{
			Opset("", 17), In("x", graph.Float32, int(c.tokens), 16), Weight("gate", graph.Float32, 16, 8), Node("MatMul", "x gate", "logits"), Ints("k", 2), Node("TopK", "logits k", "best chosen"),
			Ints("second", 1),
		}
		for e := range 8 {
			s := fmt.Sprint(e)
			parts = append(parts, Int("e"+s, int64(e)), Node("Equal", "chosen e"+s, "hot"+s), Node("NonZero", "hot"+s, "at"+s), Ints("row"+s, 0), Node("Gather", "at"+s+" row"+s, "t1"+s, Attr("axis", 0)), Ints("ax"+s, 0), Node("Squeeze", "t1"+s+" ax"+s, "t"+s),
				Node("Gather", "x t"+s, "h"+s, Attr("axis", 0)), Weight("w"+s, graph.Float32, 16, 32), Node("MatMul", "h"+s+" w"+s, "y"+s), Out("y"+s, graph.Float32, NoShape))
		}
		g, err := onnx.DecodeBytes(Model(parts...).Bytes(), "test", "", onnx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		inf := ops.Infer(g, ops.Options{})
		costs := ops.Count(g, inf)
		var rows, running int64
		for _, n := range g.Nodes {
			if n.Op != "MatMul" || n.Input(0).Name == "x" {
				continue
			}
			m, ok := costs[n.ID].Products[0].M.Const()
			read, ok2 := costs[n.ID].Read.Const()
			if !ok || !ok2 {
				t.Fatalf("%v rows, %v bytes", costs[n.ID].Products[0].M, costs[n.ID].Read)
			}
			rows += m
			if m > 0 {
				running++
			}
			if want := 4 * (16*m + min(m, 1)*16*32); read != want {
				t.Errorf("%d tokens: an expert of %d rows reads %d bytes, want %d", c.tokens, m, read, want)
			}
		}
		if rows != c.rows || running != c.running {
			t.Errorf("%d tokens: %d rows in %d experts, want %d in %d", c.tokens, rows, running, c.rows, c.running)
		}
	}
}
