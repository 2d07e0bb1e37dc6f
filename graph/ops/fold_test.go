package ops_test

import (
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// matrix is a stored matrix of integers.
func matrix(name string, rows, cols int64, v ...int64) Part {
	return Init(Tensor{Name: name, DType: graph.Int64, Dims: []int64{rows, cols}, Ints: v})
}

// TestFolds is about elements of small tensors: x has the shape [2, n, 8].
func TestFolds(t *testing.T) {
	sizes := []Part{In("x", graph.Float32, 2, "n", 8), Node("Shape", "x", "s"), Ints("i", 1), Ints("a", 4, 6, 5), Int("zero", 0)}
	node := func(op, in string, parts ...Part) Part { return Node(op, in, "y", parts...) }
	for _, c := range []struct {
		name  string
		parts []Part
		want  string
	}{
		{"a place marked", []Part{Int("d", 3), Ints("v", 1, 4), node("OneHot", "i d v")}, "int64 [1, 3] = 1 4 1"},
		{"marked along the first axis", []Part{Int("d", 2), Ints("v", 0, 1), Ints("j", 0, -1, 0), node("OneHot", "j d v", Attr("axis", 0))}, "int64 [2, 3] = 1 0 1 0 1 0"},
		{
			"a size picked by a mark",
			[]Part{Int("d", 3), Ints("v", 0, 1), Int("one", 1), Node("OneHot", "one d v", "m"), node("MatMul", "s m")},
			"int64 [] = n",
		},
		{"picked", []Part{Ints("j", 2, 1), node("GatherElements", "s j")}, "int64 [2] = 8 n"},
		{"picked by places", []Part{matrix("j", 2, 1, 2, 1), node("GatherND", "s j")}, "int64 [2] = 8 n"},
		{"replaced", []Part{Ints("u", 7), node("ScatterElements", "s i u")}, "int64 [3] = 2 7 8"},
		{"added to", []Part{matrix("j", 1, 1, 1), Ints("u", 7), Opset("", 18), node("ScatterND", "s j u", Attr("reduction", "add"))}, "int64 [3] = 2 n + 7 8"},
		{"not zero", []Part{Ints("z", 0, 3, 0, 2), node("NonZero", "z")}, "int64 [1, 2] = 1 3"},
		{"sizes are not zero", []Part{node("NonZero", "s")}, "int64 [1, 3] = 0 1 2"},
		{"those that a mask keeps", []Part{Init(Tensor{Name: "k", DType: graph.Bool, Dims: []int64{3}, Ints: []int64{0, 1, 1}}), node("Compress", "s k", Attr("axis", 0))}, "int64 [2] = n 8"},
		{"distinct", []Part{Ints("u", 6, 4, 6), node("Unique", "u")}, "int64 [2] = 4 6"},
		{"the largest", []Part{Ints("k", 2), node("TopK", "a k")}, "int64 [2] = 6 5"},
		{"places of the smallest", []Part{Ints("k", 2), Node("TopK", "a k", "v y", Attr("largest", 0))}, "int64 [2] = 0 2"},
		{"the place of the largest", []Part{node("ArgMax", "a", Attr("keepdims", 0))}, "int64 [] = 1"},
		{"the mean", []Part{node("ReduceMean", "a", Attr("keepdims", 0))}, "int64 [] = 5"},
		{"the lower triangle", []Part{matrix("m", 2, 2, 1, 2, 3, 4), node("Trilu", "m", Attr("upper", 0))}, "int64 [2, 2] = 1 0 3 4"},
		{"a diagonal", []Part{matrix("m", 2, 2, 1, 2, 3, 4), node("EyeLike", "m", Attr("k", 1))}, "int64 [2, 2] = 0 1 0 0"},
		{"padded", []Part{Ints("p", 1, -1), Int("v", 3), node("Pad", "s p v")}, "int64 [3] = 3 2 n"},
		{"limited", []Part{Int("low", 5), node("Clip", "a low")}, "int64 [3] = 5 6 5"},
		{"signs", []Part{Ints("m", -3, 0, 9), node("Sign", "m")}, "int64 [3] = -1 0 1"},
		{"bits", []Part{Ints("m", 3), Opset("", 18), node("BitwiseAnd", "a m")}, "int64 [3] = 0 2 1"},
		{
			"repeated as often as a vector says",
			[]Part{
				Ints("r", 1, 2), Node("CumSum", "r zero", "c"), Int("three", 3), Int("one", 1), Node("Range", "zero three one", "k"), Node("Unsqueeze", "k i", "k2"),
				Node("GreaterOrEqual", "k2 c", "g"), Node("Cast", "g", "h", Attr("to", 7)), Node("ReduceSum", "h i", "j", Attr("keepdims", 0)), node("Gather", "s j"),
			},
			"int64 [3] = 2 n n",
		},
		{"one of a list", []Part{Node("SplitToSequence", "s", "l", Attr("keepdims", 0)), Int("one", 1), node("SequenceAt", "l one")}, "int64 [] = n"},
		{"of an open place", []Part{In("j", graph.Int64, 1), Ints("u", 7), node("ScatterElements", "s j u")}, "int64 [3]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, inf := inferred(t, ops.Options{}, append(sizes, c.parts...)...)
			if got := factNamed(t, g, inf, "y"); got != c.want {
				t.Errorf("%s, want %s; conflicts %v", got, c.want, inf.Conflicts)
			}
		})
	}
}
