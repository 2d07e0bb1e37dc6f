package ops_test

import (
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// TestProgression: what a Gather takes out of the positions of a symbolic length is known.
func TestProgression(t *testing.T) {
	positions := func(place int64, parts ...Part) []Part {
		base := []Part{
			In("x", graph.Float32, "n", 4), Int("zero", 0), Int("one", 1), Int("place", place),
			Node("Shape", "x", "s"), Node("Gather", "s zero", "len"), Node("Range", "zero len one", "pos"),
		}
		return append(base, parts...)
	}
	pick := Node("Gather", "pos place", "y")
	cast := []Part{Node("Cast", "pos", "c", Attr("to", 1)), Node("Cast", "c", "d", Attr("to", 7)), Node("Gather", "d place", "y")}
	ruleCases(t, []ruleCase{
		{"last", positions(-1, pick), "int64 [] = n - 1", ""},
		{"third from the end", positions(-3, pick), "int64 [] = n - 3", ""},
		{"first", positions(0, pick), "int64 [] = 0", ""},
		{"through casts", positions(-1, cast...), "int64 [] = n - 1", ""},
		{"through a type that rounds", positions(-1, Node("Cast", "pos", "c", Attr("to", 10)), Node("Gather", "c place", "y")), "float16 []", ""},
		{"of a product", positions(-1, Node("Mul", "pos pos", "c"), Node("Gather", "c place", "y")), "int64 []", ""},
	})
}

// TestAligned: before opset 7 an attribute says where the second input is broadcast.
func TestAligned(t *testing.T) {
	on := Attr("broadcast", 1)
	sum := func(op string, parts ...Part) []Part {
		node := Node(op, "x z", "y", parts...)
		return model(In("x", graph.Float32, 2, "c", 4, 5), In("z", graph.Float32, "k", 4), node, Opset("", 6))
	}
	ruleCases(t, []ruleCase{
		{"at an axis", sum("Add", on, Attr("axis", 1)), "float32 [2, c, 4, 5]", "40*c"},
		{"axis from the end", sum("Mul", on, Attr("axis", -3)), "float32 [2, c, 4, 5]", "40*c"},
		{"the last axes do not fit", sum("Sub", on), "conflict", ""},
		{"beyond the rank", sum("Sub", on, Attr("axis", 3)), "conflict", ""},
		{"a comparison", sum("Less", on, Attr("axis", 1)), "bool [2, c, 4, 5]", "40*c"},
		{"elements", model(Ints("x", 1, 2, 3), Int("z", 5), Node("Add", "x z", "y", on), Opset("", 6)), "int64 [3] = 6 7 8", "3"},
		{"without the attribute", model(In("x", graph.Float32, 2, 3), In("z", graph.Float32, 3), Node("Add", "x z", "y"), Opset("", 6)), "float32 [2, 3]", "6"},
	})
}

func TestTrainingOperators(t *testing.T) {
	x, bias, ms := In("x", graph.Float32, "b", 40), In("z", graph.Float32, 40), Domain("com.microsoft")
	ruleCases(t, []ruleCase{
		{"bias", model(x, bias, Node("BiasDropout", "x z", "y m", ms)), "float32 [b, 40]; bool [b, 40]", "40*b"},
		{"bias and residual", model(x, bias, Node("BitmaskBiasDropout", "x z x", "y m", ms)), "float32 [b, 40]; uint32 [b + (8*b + 31)//32]", "80*b"},
		{"bits", model(x, Node("BitmaskDropout", "x", "y m", ms)), "float32 [b, 40]; uint32 [b + (8*b + 31)//32]", "0"},
		{"finite", model(x, bias, Node("IsAllFinite", "x z", "y", ms)), "bool []", "40*b + 40"},
		{"embedding", model(Weight("w", graph.Float32, 100, 8), In("i", graph.Int64, "b", 3), Node("TorchEmbedding", "w i", "y", ms)), "float32 [b, 3, 8]", "0"},
	})
}

// TestUnifySymbols: a side that is a symbol is solved for, and never by what may be negative where there is a choice.
func TestUnifySymbols(t *testing.T) {
	for _, c := range []struct {
		name string
		a, b Part
	}{
		{"sum first", In("a", graph.Float32, "past + sequence"), In("b", graph.Float32, "total")},
		{"symbol first", In("a", graph.Float32, "total"), In("b", graph.Float32, "past + sequence")},
		{"difference first", In("a", graph.Float32, "total - sequence"), In("b", graph.Float32, "past")},
		{"difference last", In("a", graph.Float32, "past"), In("b", graph.Float32, "total - sequence")},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, inf := inferred(t, ops.Options{}, c.a, c.b, Node("Add", "a b", "y"))
			if got := inf.Solved["total"].String(); len(inf.Solved) != 1 || got != "past + sequence" {
				t.Errorf("solved %v, want total = past + sequence", inf.Solved)
			}
		})
	}
}
