package energytest

import (
	"math"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	. "github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

// Shared decodes one of the models that tests share.
func Shared(t testing.TB, name string) *graph.Graph {
	t.Helper()
	g, err := onnx.DecodeBytes(fixtures.Model(t, name), name, "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Built decodes a model made of parts.
func Built(t testing.TB, parts ...Part) *graph.Graph {
	t.Helper()
	g, err := onnx.DecodeBytes(Model(parts...).Bytes(), "test", "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Analyzed analyzes a graph at some dims.
func Analyzed(t testing.TB, g *graph.Graph, dims map[string]int64) *analysis.Analysis {
	t.Helper()
	a, err := analysis.Run(g, analysis.Options{Dims: dims})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Device is the row of the table of GPUs with that id.
func Device(t testing.TB, id string) energy.Device {
	t.Helper()
	d, err := energy.LookupDevice(id)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// FloatIn is an input of float32.
func FloatIn(name string, dims ...any) Part { return In(name, graph.Float32, dims...) }

// FloatWeight is a stored tensor of float32.
func FloatWeight(name string, dims ...int64) Part { return Weight(name, graph.Float32, dims...) }

// Encoder is a small model of two layers with named modules: an embedding, attention, normalizations and linear layers.
func Encoder(t testing.TB) *graph.Graph {
	t.Helper()
	parts := []Part{
		In("ids", graph.Int64, "batch", "sequence"), FloatWeight("embed.weight", 100, 64), Node("Gather", "embed.weight ids", "x0", Name("/embed/Gather")),
		Ints("split", 0, 0, 4, 16), Ints("join", 0, 0, 64), FloatWeight("root"), FloatWeight("one"), FloatWeight("half"),
	}
	for i, layer := range []string{"0", "1"} {
		in, out := "x"+layer, "x"+string(rune('1'+i))
		v := func(names string) string { // values of this layer
			var out []string
			for _, n := range strings.Fields(names) {
				if strings.HasPrefix(n, "$") {
					n = "l" + layer + n
				}
				out = append(out, n)
			}
			return strings.Join(out, " ")
		}
		node := func(op, ins, outs, path string, attrs ...Part) Part {
			return Node(op, v(ins), v(outs), append(attrs, Name("/layer."+layer+path+op))...)
		}
		parts = append(
			parts, FloatWeight(v("$wq"), 64, 64), FloatWeight(v("$bq"), 64), FloatWeight(v("$w1"), 64, 256), FloatWeight(v("$b1"), 256), FloatWeight(v("$w2"), 256, 64), FloatWeight(v("$b2"), 64), FloatWeight(v("$g"), 64), FloatWeight(v("$b"), 64),
			node("MatMul", in+" $wq", "$q0", "/self/query/"), node("Add", "$q0 $bq", "$q1", "/self/query/"),
			node("Reshape", "$q1 split", "$q2", "/self/"), node("Transpose", "$q2", "$q3", "/self/", Attr("perm", []int64{0, 2, 1, 3})),
			node("Transpose", "$q2", "$k", "/self/", Attr("perm", []int64{0, 2, 3, 1})), node("MatMul", "$q3 $k", "$s", "/self/"),
			node("Softmax", "$s", "$p", "/self/"), node("MatMul", "$p $q3", "$c", "/self/"),
			node("Transpose", "$c", "$c2", "/self/", Attr("perm", []int64{0, 2, 1, 3})), node("Reshape", "$c2 join", "$c3", "/self/"),
			node("Add", "$c3 "+in, "$r", "/output/"), node("LayerNormalization", "$r $g $b", "$n", "/output/norm/"),
			node("MatMul", "$n $w1", "$m", "/up/"), node("Add", "$m $b1", "$m1", "/up/"), node("Div", "$m1 root", "$d", "/act/"), node("Erf", "$d", "$e", "/act/"),
			node("Add", "$e one", "$e1", "/act/"), node("Mul", "$m1 $e1", "$e2", "/act/"), node("Mul", "$e2 half", "$a", "/act/"),
			node("MatMul", "$a $w2", "$o", "/down/"), node("Add", "$o $b2", out, "/down/"),
		)
	}
	return Built(t, append(parts, Out("x2", graph.Float32, "batch", "sequence", 64))...)
}

// Relative is the relative error of got, at least 0, of a wanted number of either sign.
func Relative(got, want float64) float64 { return math.Abs(got-want) / math.Abs(want) }
