package analysis

import (
	"testing"

	"github.com/irene-onnx/irene/graph"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// inNode is a tensor of zeros in a Constant node.
func inNode(name string, dims ...int64) Part {
	n := int64(4)
	for _, d := range dims {
		n *= d
	}
	return Node("Constant", "", name, Attr("value", Tensor{DType: graph.Float32, Dims: dims, Raw: make([]byte, n)}))
}

func int8Of(name string, dims ...int64) Part { return Weight(name, graph.Int8, dims...) }

var tokens = In("x", graph.Float32, "b", 6, 8)

// roleCases are stored tensors without a name that says what they are.
var roleCases = []paramCase{
	{
		name: "operands of products, left and right",
		parts: []Part{
			tokens, weightOf("1", 6, 6), weightOf("2", 8, 2, 4), weightOf("3", 3, 8, 8), weightOf("inv", 1, 4, 1),
			Node("MatMul", "1 x", "a"), Node("Einsum", "a 2", "y", Attr("equation", "bsd,dhk->bshk")),
			Node("Einsum", "3 a", "z", Attr("equation", "gde,bsd->gbse")),
			In("p", graph.Float32, "b", 1, 6), Node("MatMul", "inv p", "angles"), Node("Cos", "angles", "c"),
		},
		want: map[string]int64{"": 36 + 64 + 192},
	},
	{
		name: "biases behind views, and in heads",
		parts: []Part{
			tokens, weightOf("1", 8, 8), weightOf("2", 2, 4), weightOf("3", 8), Ints("heads", 0, 0, 2, 4),
			Node("MatMul", "x 1", "a"), Node("Reshape", "a heads", "h"), Node("Add", "h 2", "y"), Node("Add", "3 a", "z"),
		},
		want: map[string]int64{"": 64 + 8 + 8},
	},
	{
		name: "a bias of a convolution in a file of integers",
		parts: []Part{
			In("x", graph.Uint8, 1, 4, 9, 9), Weight("s", graph.Float32), Weight("z", graph.Uint8), int8Of("w", 8, 4, 3, 3), int8Of("zw"), Weight("b", graph.Int32, 8), Weight("q", graph.Uint8, 1, 8, 1, 1),
			Node("QLinearConv", "x s z w s zw s z b", "y"),
			Node("QLinearAdd", "y s z q s z s z", "v", Domain("com.microsoft")),
		},
		want: map[string]int64{"": 288 + 8 + 8},
	},
	{
		name: "a quantized bias that is dequantized",
		parts: []Part{
			tokens, int8Of("w", 8, 8), Weight("s", graph.Float32, 8), int8Of("z", 8), Weight("b", graph.Int32, 8), Weight("zb", graph.Int32, 8),
			Node("DequantizeLinear", "w s z", "wd", Attr("axis", int64(1))), Node("MatMul", "x wd", "a"),
			Node("DequantizeLinear", "b s zb", "bd", Attr("axis", int64(0))), Node("Add", "a bd", "y"),
		},
		want: map[string]int64{"": 64 + 8},
	},
	{
		name: "dequantized by hand",
		parts: []Part{
			tokens, int8Of("q", 8, 8), weightOf("k", 8, 1), int8Of("z", 8, 1),
			Node("Cast", "q", "f", Attr("to", int64(1))), Node("Cast", "z", "zf", Attr("to", int64(1))),
			Node("Sub", "f zf", "d"), Node("Mul", "d k", "w"), Node("Transpose", "w", "wt"), Node("MatMul", "x wt", "y"),
		},
		want: map[string]int64{"": 64},
	},
	{
		name: "the scale of a product of integers",
		parts: []Part{
			In("x", graph.Uint8, "b", 6, 8), int8Of("w", 8, 8), weightOf("k", 8), weightOf("bias", 8),
			Node("MatMulInteger", "x w", "i"), Node("Cast", "i", "f", Attr("to", int64(1))), Node("Mul", "f k", "a"), Node("Add", "a bias", "y"),
		},
		want: map[string]int64{"": 64 + 8},
	},
	{
		name: "projections split and concatenated",
		parts: []Part{
			tokens, weightOf("q", 8, 8), weightOf("k", 8, 4), weightOf("kv", 8, 8), Ints("halves", 4, 4),
			Node("Concat", "q k", "qk", Attr("axis", int64(1))), Node("MatMul", "x qk", "a"),
			Node("Split", "kv halves", "c d", Attr("axis", int64(1))), Node("MatMul", "x c", "e"), Node("Transpose", "d", "dt"), Node("Gemm", "r dt", "f"), In("r", graph.Float32, "n", 8),
		},
		want: map[string]int64{"": 64 + 32 + 64},
	},
	{
		name: "adapters, merged in the graph and beside it",
		parts: []Part{
			tokens, weightOf("w", 8, 8), weightOf("la", 8, 2), weightOf("lb", 2, 8), Floats("alpha", 2), weightOf("lc", 8, 2), weightOf("ld", 2, 8),
			Node("MatMul", "la lb", "ab"), Node("Mul", "ab alpha", "d"), Node("Add", "w d", "wd"), Node("MatMul", "x wd", "y"),
			Node("MatMul", "x lc", "e"), Node("MatMul", "e ld", "f"), Node("Mul", "f alpha", "g"), Node("Add", "y g", "z"),
		},
		want: map[string]int64{"": 64 + 16 + 16 + 16 + 16},
	},
	{
		name: "tables of positions, whole, cut and for a batch of two; tokens in front",
		parts: []Part{
			In("x", graph.Float32, 2, 6, 8), weightOf("1", 8, 8), weightOf("2", 6, 8), weightOf("3", 64, 8), weightOf("4", 2, 7, 8), weightOf("5", 2, 1, 8),
			Ints("zero", 0), Ints("six", 6), Node("MatMul", "x 1", "a"), Node("Add", "a 2", "b"), Node("Slice", "3 zero six", "p"), Node("Add", "b p", "c"),
			Node("Concat", "5 c", "d", Attr("axis", int64(1))), Node("Add", "d 4", "y"),
		},
		want: map[string]int64{"": 64 + 48 + 512 + 8 + 56},
	},
	{
		name: "weights, biases and normalizations in Constant nodes",
		parts: []Part{
			image, inNode("w", 16, 32, 1, 1), inNode("b", 16), inNode("g", 16), inNode("h", 16), inNode("m", 16), inNode("v", 16), inNode("k", 1, 16, 1, 1),
			Node("Constant", "", "ones", Attr("value", FloatTensor("", 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1))), inNode("zeros", 16), In("i", graph.Int64, 3), inNode("table", 20, 8), inNode("lookup", 20),
			Node("Conv", "x w b", "c"), Node("BatchNormalization", "c g h m v", "n"), Node("Add", "n k", "y"),
			Node("InstanceNormalization", "y ones zeros", "z"), Node("Gather", "table i", "e"), Node("Gather", "lookup i", "f"),
		},
		want: map[string]int64{"": 512 + 16 + 32 + 16 + 160},
	},
	{
		name: "scales of layers and of normalizations spelled out",
		parts: []Part{
			image, weightOf("1", 8, 32, 1, 1), weightOf("2", 8, 1, 1), weightOf("3", 1, 8, 1, 1), weightOf("4", 8, 1, 1), weightOf("5", 8, 1, 1),
			Node("Conv", "x 1", "c"), Node("Mul", "c 2", "m"), Node("Add", "m 3", "a"), Node("Sub", "a 4", "s"), Node("Div", "s 5", "y"),
		},
		want: map[string]int64{"": 256 + 8 + 8},
	},
	{
		name: "masks, biases of scores and slopes are none",
		parts: []Part{
			In("q", graph.Float32, "b", 2, 6, 4), In("k", graph.Float32, "b", 2, 4, 6), weightOf("1", 1, 1, 6, 6), weightOf("2", 1, 2, 1, 1), weightOf("3", 6), weightOf("4", 4, 4), In("pad", graph.Float32, "b", 1, 6, 6),
			Node("MatMul", "q 4", "qp"), Node("MatMul", "qp k", "s"), Node("Add", "s 1", "m"), Node("Mul", "m 2", "sl"), Node("Add", "sl 3", "n"),
			Node("Add", "pad 1", "both"), Node("Add", "n both", "o"), Node("Softmax", "o", "y"),
		},
		want: map[string]int64{"": 16},
	},
	{
		name: "rotations are none, whole, looked up and of one position",
		parts: []Part{
			tokens, weightOf("w", 8, 8), weightOf("cos", 6, 8), weightOf("sin", 6, 8), weightOf("t1", 64, 8), weightOf("t2", 64, 8), weightOf("c1", 1, 8), weightOf("s1", 1, 8), In("i", graph.Int64, "b", 6),
			Node("MatMul", "x w", "q"), Node("Neg", "q", "n"),
			Node("Mul", "q cos", "a"), Node("Mul", "n sin", "b"), Node("Add", "a b", "r"),
			Node("Gather", "t1 i", "ct"), Node("Gather", "t2 i", "st"), Node("Mul", "r ct", "d"), Node("Mul", "n st", "e"), Node("Add", "d e", "f"),
			Node("Mul", "f c1", "g"), Node("Mul", "n s1", "h"), Node("Add", "g h", "y"),
		},
		want: map[string]int64{"": 64},
	},
	{
		name: "statistics of images and frequencies of time are none",
		parts: []Part{
			In("x", graph.Float32, "b", 3, 8, 8), weightOf("1", 1, 3, 1, 1), weightOf("2", 3, 1, 1), weightOf("w", 4, 3, 1, 1),
			Node("Sub", "x 1", "a"), Node("Mul", "a 2", "c"), Node("Add", "c 1", "d"), Node("Conv", "d w", "y"),
			In("t", graph.Float32, "b", 1), weightOf("3", 16), Node("Mul", "t 3", "u"), Node("Sin", "u", "s"), Node("Cos", "u", "co"),
		},
		want: map[string]int64{"": 12},
	},
}

func TestRoles(t *testing.T) {
	for _, c := range roleCases {
		t.Run(c.name, func(t *testing.T) { wantParams(t, analyzed(t, c.parts...), c.want) })
	}
}
