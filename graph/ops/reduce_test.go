package ops_test

import (
	"testing"

	"github.com/irene-onnx/irene/graph"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// abc is a graph input "x" of shape [a, 3, c].
var abc = In("x", graph.Float32, "a", 3, "c")

func TestReduce(t *testing.T) {
	axes := func(v ...int64) Part { return Attr("axes", v) }
	ruleCases(t, []ruleCase{
		{"attribute", model(abc, Node("ReduceSum", "x", "y", axes(1)), Opset("", 11)), "float32 [a, 1, c]", "3*a*c"},
		{"negative axis", model(abc, Node("ReduceMax", "x", "y", axes(-1), Attr("keepdims", 0))), "float32 [a, 3]", "3*a*c"},
		{"input", model(abc, Ints("k", 0, 2), Node("ReduceMean", "x k", "y", Attr("keepdims", 0)), Opset("", 18)), "float32 [3]", "3*a*c + 3"},
		{"all", model(abc, Node("ReduceL2", "x", "y")), "float32 [1, 1, 1]", "6*a*c + 1"},
		{"all, unknown rank", model(In("x", graph.Float16, NoShape), Node("ReduceL1", "x", "y", Attr("keepdims", 0))), "float16 []", ""},
		{"no axes is no operation", model(abc, Ints("k"), Node("ReduceSum", "x k", "y", Attr("noop_with_empty_axes", 1))), "float32 [a, 3, c]", "3*a*c"},
		{"no axes is all axes", model(abc, Ints("k"), Node("ReduceLogSumExp", "x k", "y", Attr("keepdims", 0))), "float32 []", "6*a*c + 1"},
		{"unknown axes kept", model(abc, In("k", graph.Int64, "n"), Node("ReduceProd", "x k", "y")), "float32 [?, ?, ?]", ""},
		{"unknown axes dropped", model(abc, In("k", graph.Int64, 2), Node("ReduceProd", "x k", "y", Attr("keepdims", 0))), "float32 [?]", ""},
		{"axis out of range", model(abc, Node("ReduceMin", "x", "y", axes(3))), "conflict", ""},
		{"square", model(abc, Node("ReduceSumSquare", "x", "y", axes(0), Attr("keepdims", 0))), "float32 [3, c]", "6*a*c"},
		{"logarithm", model(abc, Node("ReduceLogSum", "x", "y", axes(0), Attr("keepdims", 0))), "float32 [3, c]", "3*a*c + 3*c"},
	})
}

// TestReduceValues: products and sums of sizes are known symbolically.
func TestReduceValues(t *testing.T) {
	of := func(op string, parts ...Part) []Part {
		return append(model(In("x", graph.Float32, "a", 3, "c"), Node("Shape", "x", "s")), Node(op, "s", "y", parts...))
	}
	flat := Attr("keepdims", 0)
	grid := Init(Tensor{Name: "s", DType: graph.Int64, Dims: []int64{2, 3}, Ints: []int64{1, 5, 2, 4, 3, 6}})
	ruleCases(t, []ruleCase{
		{"product", of("ReduceProd", flat), "int64 [] = 3*a*c", ""},
		{"sum", of("ReduceSum"), "int64 [1] = a + c + 3", ""},
		{"minimum", model(Ints("s", 4, 2, 7), Node("ReduceMin", "s", "y", flat)), "int64 [] = 2", ""},
		{"maximum of an axis", model(grid, Node("ReduceMax", "s", "y", Attr("axes", []int64{1}), flat)), "int64 [2] = 5 6", ""},
		{"sum of an axis", model(grid, Node("ReduceSum", "s", "y", Attr("axes", []int64{0})), Opset("", 11)), "int64 [1, 3] = 5 8 8", ""},
		{"empty", model(Ints("s"), Node("ReduceProd", "s", "y", flat)), "int64 [] = 1", ""},
		{"other", of("ReduceL1", flat), "int64 []", ""},
	})
}

func TestSoftmaxAndKin(t *testing.T) {
	ruleCases(t, []ruleCase{
		{"softmax", model(abc, Node("Softmax", "x", "y")), "float32 [a, 3, c]", "15*a*c"},
		{"softmax, old", model(abc, Node("Softmax", "x", "y", Attr("axis", 3)), Opset("", 9)), "float32 [a, 3, c]", "15*a*c"},
		{"softmax, axis", model(abc, Node("Softmax", "x", "y", Attr("axis", 3))), "conflict", ""},
		{"logsoftmax", model(abc, Node("LogSoftmax", "x", "y", Attr("axis", 0))), "float32 [a, 3, c]", "15*a*c"},
		{"hardmax", model(In("x", graph.Float16, NoShape), Node("Hardmax", "x", "y")), "float16 ?", "?"},
		{
			"bias", model(abc, In("b", graph.Float32, 1, 3, "c"), Node("BiasSoftmax", "x b", "y", Domain("com.microsoft"))),
			"float32 [a, 3, c]", "18*a*c",
		},
	})
}

func TestArgAndTopK(t *testing.T) {
	ruleCases(t, []ruleCase{
		{"argmax", model(abc, Node("ArgMax", "x", "y")), "int64 [1, 3, c]", "3*a*c"},
		{"argmin", model(abc, Node("ArgMin", "x", "y", Attr("axis", -1), Attr("keepdims", 0))), "int64 [a, 3]", "3*a*c"},
		{"argmax, axis", model(abc, Node("ArgMax", "x", "y", Attr("axis", -4))), "conflict", ""},
		{"top, attribute", model(abc, Node("TopK", "x", "v i", Attr("k", 2), Attr("axis", 1)), Opset("", 9)), "float32 [a, 2, c]; int64 [a, 2, c]", "3*a*c"},
		{"top, input", model(abc, Ints("k", 2), Node("TopK", "x k", "v i", Attr("axis", 1))), "float32 [a, 2, c]; int64 [a, 2, c]", ""},
		{"top of too few", model(abc, Ints("k", 4), Node("TopK", "x k", "v i", Attr("axis", 1))), "conflict", ""},
		{"top, unknown", model(abc, In("k", graph.Int64, 1), Node("TopK", "x k", "v -")), "float32 [a, 3, v_dim2]; -", ""},
	})
}

func TestCumulative(t *testing.T) {
	s := Ints("s", 2, 3, 4)
	run := func(op string, parts ...Part) []Part {
		return model(s, Int("k", 0), Node(op, "s k", "y", parts...), Opset("", 26))
	}
	ruleCases(t, []ruleCase{
		{"sum", run("CumSum"), "int64 [3] = 2 5 9", "3"},
		{"exclusive", run("CumSum", Attr("exclusive", 1)), "int64 [3] = 0 2 5", ""},
		{"reverse", run("CumSum", Attr("reverse", 1)), "int64 [3] = 9 7 4", ""},
		{"exclusive, reverse", run("CumSum", Attr("exclusive", 1), Attr("reverse", 1)), "int64 [3] = 7 4 0", ""},
		{"product", run("CumProd", Attr("exclusive", 1)), "int64 [3] = 1 2 6", ""},
		{"axis", model(abc, Int("k", 3), Node("CumSum", "x k", "y")), "conflict", ""},
	})
}
