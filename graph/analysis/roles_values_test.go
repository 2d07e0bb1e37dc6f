package analysis

import (
	"math"
	"testing"

	"github.com/irene-onnx/irene/graph"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// table is a stored table whose elements are those that at gives.
func table(name string, rows, wide int64, at func(row, column int64) float64) Part {
	t := Tensor{Name: name, DType: graph.Float32, Dims: []int64{1, rows, wide}}
	for i := range rows * wide {
		t.Raw = graph.AppendReal(t.Raw, t.DType, at(i/wide, i%wide))
	}
	return Init(t)
}

// turn is the angle of a position in the k-th pair of a row, as Attention Is All You Need has it.
func turn(row, k, wide int64) float64 {
	return float64(row) / math.Pow(10000, 2*float64(k)/float64(wide))
}

func interleaved(row, column int64) float64 {
	if column%2 == 0 {
		return math.Sin(turn(row, column/2, 8))
	}
	return math.Cos(turn(row, column/2, 8))
}

func halves(row, column int64) float64 {
	if row == 1 { // of padding
		return 0
	}
	if column < 4 {
		return math.Sin(turn(row, column, 8))
	}
	return math.Cos(turn(row, column-4, 8))
}

// TestComputedTables is about stored tensors whose elements say that nobody learned them.
func TestComputedTables(t *testing.T) {
	one := func(row, column int64) float64 { return float64(min(row, column) / max(1, row, column)) }
	cases := []paramCase{
		{"sinusoids, side by side", []Part{tokens, table("encoder.pe", 6, 8, interleaved), Node("Add", "x encoder.pe", "y")}, map[string]int64{"": 0}},
		{"sinusoids, half by half", []Part{tokens, table("pe", 64, 8, halves), Ints("zero", 0), Ints("six", 6), Ints("axis", 1), Node("Slice", "pe zero six axis", "p"), weightOf("w", 8, 4), Node("MatMul", "p w", "y"), Node("Add", "x p", "z")}, map[string]int64{"": 32}},
		{"the weight of an embedding is one, whatever it holds", []Part{tokens, table("positions.weight", 6, 8, interleaved), Node("Add", "x positions.weight", "y")}, map[string]int64{"": 48}},
		{"one row more is learned", []Part{tokens, table("encoder.pe", 6, 8, func(r, c int64) float64 { return interleaved(r, c) + float64(r/5) }), Node("Add", "x encoder.pe", "y")}, map[string]int64{"": 48}},
		{"an identity that is added", []Part{In("x", graph.Float32, "b", 8, 8), weightOf("w", 8, 8), table("eye_of", 8, 8, one), Node("MatMul", "x w", "a"), Node("Add", "a eye_of", "y")}, map[string]int64{"": 64}},
		{"tensors that torch.export names by the call that makes them", []Part{tokens, weightOf("w", 8, 8), weightOf("zeros_1", 8, 4), weightOf("full_like", 6, 8), Node("MatMul", "x w", "a"), Node("MatMul", "a zeros_1", "c"), Node("Add", "a full_like", "y")}, map[string]int64{"": 64}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { wantParams(t, analyzed(t, c.parts...), c.want) })
	}
}

// TestStateSpace is about what layers of state-space models keep: rates and a state of zeros, and its neighbours.
func TestStateSpace(t *testing.T) {
	head := []Part{tokens, weightOf("w", 8, 8), Node("MatMul", "x w", "a"), Ints("last", -1), Node("Unsqueeze", "a last", "u")} // b·6·8·1
	cases := []paramCase{
		{"rates of decay, for each channel and state", []Part{weightOf("rates", 1, 8, 4), Node("Mul", "rates u", "m"), Node("Exp", "m", "y")}, map[string]int64{"": 64 + 32}},
		{"a table that scales no exponent", []Part{weightOf("table", 1, 8, 4), Node("Mul", "table u", "m"), Node("Neg", "m", "y")}, map[string]int64{"": 64}},
		{"a state of zeros before the first chunk", []Part{weightOf("state", 1, 1, 2, 4, 2), Ints("to", -1, 3, 2, 4, 4), Ints("first", 1, 1, 2, 4, 4), Node("Reshape", "a to", "chunks"), Node("Reshape", "a first", "f"), Weight("before", graph.Float32, 1, 1, 2, 4, 4), Node("Concat", "before f", "y", Attr("axis", int64(1)))}, map[string]int64{"": 64}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			wantParams(t, analyzed(t, append(head[:len(head):len(head)], c.parts...)...), c.want)
		})
	}
}

// TestShiftOfZeros is about normalizations whose operator wants a shift that the layer does not have.
func TestShiftOfZeros(t *testing.T) {
	norm := func(scale, shift string) Part {
		return Node("LayerNormalization", "x "+scale+" "+shift, "y", Attr("axis", int64(-1)))
	}
	wantParams(t, analyzed(t, tokens, weightOf("norm.weight", 8), inNode("zeros", 8), norm("norm.weight", "zeros")), map[string]int64{"": 8})
	wantParams(t, analyzed(t, tokens, weightOf("norm.weight", 8), weightOf("norm.bias", 8), norm("norm.weight", "norm.bias")), map[string]int64{"": 16})
}

// TestPartOfATable is about a table that belongs to a module around those that take parts of it.
func TestPartOfATable(t *testing.T) {
	part := func(layer, in, out string) []Part {
		at := "/encoder/" + layer + "/"
		return []Part{
			weightOf("encoder."+layer+".proj.weight", 8, 8), Node("Slice", "encoder.positions zero six axis", at+"s", Name(at+"Slice")),
			Node("MatMul", at+"s encoder."+layer+".proj.weight", at+"p", Name(at+"proj/MatMul")), Node("Add", in+" "+at+"p", out, Name(at+"Add")),
		}
	}
	parts := append([]Part{tokens, weightOf("encoder.positions", 64, 8), Ints("zero", 0), Ints("six", 6), Ints("axis", 0)}, part("layer.0", "x", "h")...)
	wantParams(t, analyzed(t, append(parts, part("layer.1", "h", "y")...)...), map[string]int64{"": 512 + 128, "encoder": 512 + 128, "encoder.layer.0": 64, "encoder.layer.1": 64})
}
