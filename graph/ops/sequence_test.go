package ops_test

import (
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

func TestSequences(t *testing.T) {
	x, y := In("x", graph.Float32, "a", 4), In("y", graph.Float32, "b", 4)
	pair := Node("SequenceConstruct", "x y", "s")
	given := InOf("s", graph.Type{Kind: graph.KindSequence, Elem: &graph.Type{Kind: graph.KindTensor, DType: graph.Float16, Shape: graph.Consts(2, 3)}})
	ruleCases(t, []ruleCase{
		{"construct", model(x, y, pair), "sequence(2) of float32 [?, 4]", "0"},
		{"empty", model(Node("SequenceEmpty", "", "s", Attr("dtype", 7))), "sequence(0) of int64 ?", "0"},
		{"insert into empty", model(x, Node("SequenceEmpty", "", "e"), Node("SequenceInsert", "e x", "s")), "sequence(1) of float32 [a, 4]", "0"},
		{"insert", model(x, y, pair, Int("p", 0), Node("SequenceInsert", "s x p", "r")), "sequence(3) of float32 [?, 4]", "0"},
		{"insert behind the end", model(x, y, pair, Int("p", 3), Node("SequenceInsert", "s x p", "r")), "conflict", ""},
		{"insert into what is given", model(given, In("x", graph.Float16, 2, 5), Node("SequenceInsert", "s x", "r")), "sequence of float16 [2, ?]", "0"},
		{"erase", model(x, y, pair, Int("p", -2), Node("SequenceErase", "s p", "r"), Int("q", 0), Node("SequenceAt", "r q", "z")), "float32 [b, 4]", "0"},
		{"erase the last", model(x, y, pair, Node("SequenceErase", "s", "r"), Int("q", 0), Node("SequenceAt", "r q", "z")), "float32 [a, 4]", "0"},
		{"erase of none", model(Node("SequenceEmpty", "", "e"), Node("SequenceErase", "e", "r")), "conflict", ""},
		{"at", model(x, y, pair, Int("p", 1), Node("SequenceAt", "s p", "z")), "float32 [b, 4]", "0"},
		{"at a place unknown", model(x, y, pair, In("p", graph.Int64), Node("SequenceAt", "s p", "z")), "float32 [?, 4]", "0"},
		{"at no place", model(x, y, pair, Int("p", -3), Node("SequenceAt", "s p", "z")), "conflict", ""},
		{"at, given", model(given, Int("p", 9), Node("SequenceAt", "s p", "z")), "float16 [2, 3]", "0"},
		{"length", model(x, y, pair, Node("SequenceLength", "s", "z")), "int64 [] = 2", "0"},
		{"length, given", model(given, Node("SequenceLength", "s", "z")), "int64 []", "0"},
	})
}

func TestSplitAndConcatSequence(t *testing.T) {
	x, seven := In("x", graph.Float32, "a", 6), In("x", graph.Float32, 7, 2)
	split := func(in string, parts ...Part) Part { return Node("SplitToSequence", in, "s", parts...) }
	join := func(parts ...Part) Part { return Node("ConcatFromSequence", "s", "z", parts...) }
	axis, stack := Attr("axis", 1), Attr("new_axis", 1)
	ruleCases(t, []ruleCase{
		{"ones", model(x, split("x")), "sequence(a) of float32 [1, 6]", "0"},
		{"ones without axis", model(x, split("x", axis, Attr("keepdims", 0))), "sequence(6) of float32 [a]", "0"},
		{"equal parts", model(x, Int("k", 2), split("x k", axis)), "sequence(3) of float32 [a, 2]", "0"},
		{"a shorter last part", model(seven, Int("k", 3), split("x k"), Int("p", -1), Node("SequenceAt", "s p", "z")), "float32 [1, 2]", "0"},
		{"parts of a symbol", model(x, Int("k", 2), split("x k")), "sequence((a + 1)//2) of float32 [?, 6]", "0"},
		{"listed", model(x, Ints("k", 2, 4), split("x k", axis), Int("p", 1), Node("SequenceAt", "s p", "z")), "float32 [a, 4]", "0"},
		{"listed too few", model(x, Ints("k", 2, 3), split("x k", axis)), "conflict", ""},
		{"unknown sizes", model(x, In("k", graph.Int64, 3), split("x k", axis)), "sequence(3) of float32 [a, ?]", "0"},
		{"parts of nothing", model(x, Int("k", 0), split("x k")), "conflict", ""},
		{"joined again", model(x, Ints("k", 2, 4), split("x k", axis), join(axis)), "float32 [a, 6]", "0"},
		{"stacked", model(x, Int("k", 2), split("x k", axis), join(Attr("axis", -1), stack)), "float32 [a, 2, 3]", "0"},
		{"equal parts of a symbol", model(x, split("x"), join(Attr("axis", 0))), "float32 [a, 6]", "0"},
		{"of unknown number", model(
			InOf("s", graph.Type{Kind: graph.KindSequence, Elem: &graph.Type{Kind: graph.KindTensor, DType: graph.Float16, Shape: graph.Consts(2, 3)}}),
			join(Attr("axis", 0))), "float16 [z_dim0, 3]", "0"},
		{"axis", model(x, split("x"), join(Attr("axis", 2))), "conflict", ""},
	})
}

func TestSequenceMap(t *testing.T) {
	body := Attr("body", Graph("body", InOf("e", graph.Type{}), InOf("k", graph.Type{}), Node("Add", "e k", "o"), OutOf("o", graph.Type{})))
	parts := model(In("x", graph.Float32, "a", 4), In("k", graph.Float32, 4), Node("SplitToSequence", "x", "s"), Node("SequenceMap", "s k", "r", body))
	ruleCases(t, []ruleCase{{"map", parts, "sequence(a) of float32 [1, 4]", "0"}})
	g, inf := inferred(t, ops.Options{}, parts...)
	for _, n := range g.Nodes {
		if got := ops.Count(g, inf)[n.ID].Elementwise.String(); n.Op == "Add" && got != "4*a" {
			t.Errorf("Add counts %s, want 4*a", got)
		}
	}
}

func TestOptionals(t *testing.T) {
	x := In("x", graph.Float32, "a", 4)
	tensor := &graph.Type{Kind: graph.KindTensor, DType: graph.Float32, Shape: graph.Consts(5)}
	empty := Node("Optional", "", "o", Attr("type", *tensor))
	given := InOf("o", graph.Type{Kind: graph.KindOptional, Elem: tensor})
	ruleCases(t, []ruleCase{
		{"full", model(x, Node("Optional", "x", "o")), "optional(1) of float32 [a, 4]", "0"},
		{"empty", model(empty), "optional(0) of float32 [5]", "0"},
		{"element", model(x, Node("Optional", "x", "o"), Node("OptionalGetElement", "o", "y")), "float32 [a, 4]", "0"},
		{"element, given", model(given, Node("OptionalGetElement", "o", "y")), "float32 [5]", "0"},
		{"element of a tensor", model(x, Node("OptionalGetElement", "x", "y"), Opset("", 18)), "float32 [a, 4]", "0"},
		{"element of nothing", model(empty, Node("OptionalGetElement", "o", "y")), "conflict", ""},
		{"has", model(x, Node("Optional", "x", "o"), Node("OptionalHasElement", "o", "y")), "bool [] = 1", "0"},
		{"has not", model(empty, Node("OptionalHasElement", "o", "y")), "bool [] = 0", "0"},
		{"has, absent", model(Node("OptionalHasElement", "", "y"), Opset("", 18)), "bool [] = 0", "0"},
		{"has, given", model(given, Node("OptionalHasElement", "o", "y")), "bool []", "0"},
	})
}
