package analysis

import (
	"testing"

	"github.com/irene-onnx/irene/graph"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// TestMemory counts by hand: an input and each float32 [2, 8] take 64 bytes. Inputs and outputs of the graph live to the
// end, other values up to their last reader.
func TestMemory(t *testing.T) {
	x := float("x", 2, 8)
	out := func(name string) Part { return Out(name, graph.Float32, NoShape) }
	body := Graph("body", In("i", graph.Int64), In("go", graph.Bool), float("in", 2, 8), Node("Relu", "in", "out"),
		Node("Identity", "go", "on"), Out("on", graph.Bool), Out("out", graph.Float32, 2, 8))
	relus := func(n string) Subgraph { return yields(n, Node("Relu", "x", "o")) }
	for _, c := range []struct {
		name         string
		parts        []Part
		weight, peak int64
	}{
		{"input alone", []Part{x, Node("Relu", "x", "y"), out("y")}, 0, 128},
		{"a chain", []Part{x, Node("Relu", "x", "a"), Node("Relu", "a", "b"), Node("Relu", "b", "y"), out("y")}, 0, 64 + 2*64},
		{"wide in between", []Part{x, floats("w", 8, 64), floats("v", 64, 8), Node("MatMul", "x w", "a"), Node("MatMul", "a v", "b"), Node("Relu", "b", "y"), out("y")}, 2 * 2048, 64 + 512 + 64},
		{"an output on the way", []Part{x, Node("Relu", "x", "a"), Node("Relu", "a", "b"), Node("Relu", "b", "y"), out("y"), out("a")}, 0, 64 + 3*64},
		{"read later", []Part{x, Node("Relu", "x", "a"), Node("Relu", "a", "b"), Node("Relu", "b", "c"), Node("Add", "a c", "y"), out("y")}, 0, 64 + 3*64},
		{"weights", []Part{x, floats("w", 8, 8), floats("b", 8), Node("Gemm", "x w b", "y"), out("y")}, 256 + 32, 128},
		{"weights of 4 bits", []Part{In("y", graph.Float32), Weight("q", graph.Int4, 3, 3), Node("Identity", "q", "z"), out("z")}, 5, 4},
		{
			"views take nothing and keep what they view",
			[]Part{x, Ints("flat", 16), Node("Relu", "x", "a"), Node("Reshape", "a flat", "v"), Node("Relu", "x", "b"), Node("Relu", "b", "c"), Node("Relu", "v", "y"), out("y"), out("c")},
			8, 64 + 64 + 64 + 64, // x, a behind v, b and c; then x, a, c and y
		},
		{"a view of an input", []Part{x, Ints("flat", 16), Node("Reshape", "x flat", "v"), Node("Relu", "v", "y"), out("y")}, 8, 128},
		{"a view as output", []Part{x, Ints("flat", 16), Node("Relu", "x", "a"), Node("Reshape", "a flat", "v"), Node("Relu", "x", "y"), out("y"), out("v")}, 8, 192},
		{"a view of a weight", []Part{x, floats("w", 8, 8), Ints("back", 8, 8), Node("Reshape", "w back", "v"), Node("MatMul", "x v", "y"), out("y")}, 256 + 16, 128},
		{"nobody reads", []Part{x, Node("Relu", "x", "a"), Node("Relu", "x", "b"), Node("Relu", "x", "y"), out("y")}, 0, 128},
		{"what a loop leaves", []Part{x, Int("5", 5), Node("Loop", "5 - x", "a", Attr("body", body)), Node("Relu", "x", "b"), Node("Add", "a b", "y"), out("y")}, 8, 64 + 3*64},
		{"what a branch leaves", []Part{x, truth("c", 1), Node("If", "c", "y", Attr("then_branch", relus("t")), Attr("else_branch", relus("e"))), out("y")}, 1, 128},
		{"read by a body only", []Part{
			x, truth("c", 1), Node("Relu", "x", "a"), Node("Relu", "x", "b"), Node("Relu", "b", "d"), out("y"), out("d"),
			Node("If", "c", "y", Attr("then_branch", yields("t", Node("Relu", "a", "o"))), Attr("else_branch", relus("e"))),
		}, 1, 64 + 3*64},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := mustRun(t, built(t, c.parts...), Options{}).Memory
			if !m.Known || m.WeightBytes != c.weight || m.PeakBytes != c.peak {
				t.Errorf("%+v, want %d bytes of weights and a peak of %d", m, c.weight, c.peak)
			}
		})
	}
	t.Run("open dims", func(t *testing.T) {
		g := built(t, float("x", "n", 8), Node("Relu", "x", "y"), out("y"))
		if m := mustRun(t, g, Options{Symbolic: true}).Memory; m.Known {
			t.Errorf("known: %+v", m)
		}
		if m := mustRun(t, g, Options{Dims: dims{"n": 2}}).Memory; !m.Known || m.PeakBytes != 128 {
			t.Errorf("%+v, want a peak of 128", m)
		}
	})
	t.Run("decided by data", func(t *testing.T) {
		if m := mustRun(t, built(t, x, Node("NonZero", "x", "y"), Out("y", graph.Int64, NoShape)), Options{}).Memory; m.Known {
			t.Errorf("known: %+v", m)
		}
	})
}
