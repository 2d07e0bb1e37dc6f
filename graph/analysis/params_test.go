package analysis

import (
	"math"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	. "github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

func analyzed(t *testing.T, parts ...Part) *Analysis {
	t.Helper()
	g, err := onnx.DecodeBytes(Model(parts...).Bytes(), "test", "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := Run(g, Options{Symbolic: true})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// moduleParams maps canonical paths to the parameters of a call.
func moduleParams(a *Analysis) map[string]int64 {
	out := map[string]int64{}
	a.Tree.Root.Walk(func(m *graph.Module) { out[m.Canonical] = max(out[m.Canonical], a.Params.Module(m)) })
	return out
}

func weightOf(name string, dims ...int64) Part { return Weight(name, graph.Float32, dims...) }

type paramCase struct {
	name  string
	parts []Part
	want  map[string]int64
}

var (
	vectors = In("x", graph.Float32, 2, 8)
	image   = In("x", graph.Float32, 1, 32, 4, 4)
)

var paramCases = []paramCase{
	{
		name: "weight slots, and a bias by its name",
		parts: []Part{
			vectors, weightOf("onnx::MatMul_1", 8, 4), weightOf("fc.bias", 4), weightOf("onnx::Add_7", 2, 4),
			Node("MatMul", "x onnx::MatMul_1", "/fc/MatMul_output_0", Name("/fc/MatMul")),
			Node("Add", "/fc/MatMul_output_0 fc.bias", "/fc/Add_output_0", Name("/fc/Add")),
			Node("Add", "/fc/Add_output_0 onnx::Add_7", "y", Name("/fc/Add_1")),
		},
		want: map[string]int64{"": 36, "fc": 36},
	},
	{
		name: "masks, tables, scales and indices are none",
		parts: []Part{
			vectors, weightOf("attn.mask", 2, 8), weightOf("rotary_emb.cos", 2, 8), weightOf("fc.input_scale", 8), weightOf("bn.running_mean", 8),
			weightOf("cos_cache", 2, 8), Weight("attn.position_ids", graph.Int64, 16),
			Node("Add", "x attn.mask", "a"), Node("Mul", "a rotary_emb.cos", "b"), Node("Mul", "b fc.input_scale", "c"),
			Node("Sub", "c bn.running_mean", "d"), Node("Gather", "cos_cache i", "e"), In("i", graph.Int64, 3),
			Node("Gather", "attn.position_ids i", "f"),
		},
		want: map[string]int64{"": 0},
	},
	{
		name: "named, whatever reads it",
		parts: []Part{
			weightOf("mixer.A_log", 8, 4), weightOf("pool.in_proj_weight", 6, 4), weightOf("cls_token", 1, 1, 8), Ints("shape", 2, 1, 8),
			Node("Exp", "mixer.A_log", "a"), Node("Split", "pool.in_proj_weight", "b c", Attr("axis", int64(0))),
			Node("Expand", "cls_token shape", "d"), Node("Neg", "a", "e"),
		},
		want: map[string]int64{"": 32 + 24 + 8},
	},
	{
		name: "quantized weights count by elements",
		parts: []Part{
			vectors, Weight("fc.weight_Q4", graph.Uint8, 4, 1, 16), weightOf("fc.weight_scales", 4),
			Node("MatMulNBits", "x fc.weight_Q4 fc.weight_scales", "y", Domain("com.microsoft"),
				Attr("N", int64(4)), Attr("K", int64(8)), Attr("bits", int64(4)), Attr("block_size", int64(32))),
		},
		want: map[string]int64{"": 32},
	},
	{
		name: "a quantized table through a view",
		parts: []Part{
			Weight("head.weight_Q4", graph.Uint8, 10, 2, 8), weightOf("head.weight_scales", 10, 2), Ints("flat", 10, 16), In("i", graph.Int64, 3),
			Node("Reshape", "head.weight_Q4 flat", "table"),
			Node("GatherBlockQuantized", "table i head.weight_scales", "y", Domain("com.microsoft"), Attr("block_size", int64(16))),
		},
		want: map[string]int64{"": 320},
	},
	{
		name: "scale and shift folded after a normalization",
		parts: []Part{
			vectors, weightOf("add_5", 8), weightOf("onnx::Add_3", 8), Floats("eps", 1e-6), weightOf("inv", 1, 4),
			Node("ReduceMean", "x", "/norm/mean", Name("/norm/ReduceMean"), Attr("axes", []int64{-1})),
			Node("Sub", "x /norm/mean", "/norm/Sub_output_0", Name("/norm/Sub")),
			Node("Mul", "/norm/Sub_output_0 add_5", "/norm/Mul_output_0", Name("/norm/Mul")),
			Node("Add", "/norm/Mul_output_0 onnx::Add_3", "y", Name("/norm/Add")),
			Node("Mul", "/norm/mean inv", "z", Name("/norm/Mul_1")),
		},
		want: map[string]int64{"": 16, "norm": 16},
	},
	{
		name: "group normalization spelled out",
		parts: []Part{
			image, weightOf("ones", 4), weightOf("zeros", 4), weightOf("val_1", 32, 1, 1), weightOf("val_2", 32, 1, 1), Ints("in", 1, 4, -1), Ints("out", 1, 32, 4, 4),
			Node("Reshape", "x in", "a"), Node("InstanceNormalization", "a ones zeros", "b"), Node("Reshape", "b out", "c"),
			Node("Mul", "c val_1", "d"), Node("Add", "d val_2", "e"),
		},
		want: map[string]int64{"": 64},
	},
	{
		name: "tables and matrices that lost their names",
		parts: []Part{
			weightOf("onnx::Exp_1", 8, 4), weightOf("onnx::Cos_1", 8, 4), weightOf("onnx::Exp_2", 16), weightOf("onnx::Exp_3", 5), weightOf("onnx::Resize_1", 1, 3, 4, 4), Ints("sizes", 1, 3, 8, 8),
			Node("Exp", "onnx::Exp_1", "a"), Node("Cos", "onnx::Cos_1", "b"), Node("Exp", "onnx::Exp_2", "c"), Node("Sin", "c", "c2"), Node("Exp", "onnx::Exp_3", "rate"), Node("Neg", "rate", "decay"),
			Node("Resize", "onnx::Resize_1 - - sizes", "d"),
			weightOf("val_195", 4, 8, 16), In("i", graph.Int64, 3, 1), Node("GatherND", "val_195 i", "e"),
		},
		want: map[string]int64{"": 32 + 5 + 48 + 512},
	},
	{
		name: "scales that are learned, one of a single number, and such as quantization leaves",
		parts: []Part{
			vectors, weightOf("attn.logit_scale", 8, 1), weightOf("model.logit_scale"), weightOf("fc.weight_scale", 8),
			Node("Mul", "x attn.logit_scale", "a"), Node("Mul", "a model.logit_scale", "b"), Node("Mul", "b fc.weight_scale", "y"),
		},
		want: map[string]int64{"": 9},
	},
	{
		name: "a matrix in a Constant",
		parts: []Part{
			vectors, Node("Constant", "", "w", Attr("value", Tensor{DType: graph.Float32, Dims: []int64{8, 4}, Raw: make([]byte, 128)})),
			Node("MatMul", "x w", "y"),
		},
		want: map[string]int64{"": 32},
	},
	{
		name: "a sparse matrix in a Constant, and a bias in one as a list",
		parts: []Part{
			vectors, Node("Constant", "", "w", SparseAttr("sparse_value", graph.Float32, 3, 8, 4)), Node("Constant", "", "b", Attr("value_floats", []float64{1, 2, 3, 5})),
			Node("MatMul", "x w", "p"), Node("Add", "p b", "y"),
		},
		want: map[string]int64{"": 32 + 4},
	},
	{
		name: "what a module passes to another",
		parts: []Part{
			weightOf("enc.rel.weight", 16, 8), weightOf("enc.norm.weight", 8), weightOf("enc.norm.bias", 8),
			Node("LayerNormalization", "enc.rel.weight enc.norm.weight enc.norm.bias", "/enc/norm/y", Name("/enc/norm/LayerNormalization")),
		},
		want: map[string]int64{"": 144, "enc": 144, "enc.norm": 16},
	},
}

func TestParams(t *testing.T) {
	for _, c := range paramCases {
		t.Run(c.name, func(t *testing.T) { wantParams(t, analyzed(t, c.parts...), c.want) })
	}
}

func wantParams(t *testing.T, a *Analysis, want map[string]int64) {
	t.Helper()
	got := moduleParams(a)
	for path, n := range want {
		if got[path] != n {
			t.Errorf("%q has %d parameters, want %d", path, got[path], n)
		}
	}
}

// TestSharedWeights is about weights that several calls or several modules read.
func TestSharedWeights(t *testing.T) {
	linear := func(in, w, path, out string) Part { return Node("MatMul", in+" "+w, out, Name("/"+path+"/MatMul")) }
	square := In("x", graph.Float32, 2, 8)
	t.Run("a stored tensor counts once", func(t *testing.T) {
		wantParams(t, analyzed(t, square, weightOf("a.weight", 8, 8), linear("x", "a.weight", "a", "/a/y"), linear("/a/y", "a.weight", "b", "y")),
			map[string]int64{"": 64, "a": 64, "b": 64})
	})
	t.Run("an alias counts in each module", func(t *testing.T) {
		wantParams(t, analyzed(t, square, weightOf("onnx::MatMul_1", 8, 8), Node("Identity", "onnx::MatMul_1", "onnx::MatMul_2"),
			linear("x", "onnx::MatMul_1", "a", "/a/y"), linear("/a/y", "onnx::MatMul_2", "b", "y")), map[string]int64{"": 128, "a": 64, "b": 64})
	})
	t.Run("an alias with a name counts under it", func(t *testing.T) {
		wantParams(t, analyzed(t, square, weightOf("a.u_bias", 8), Node("Identity", "a.u_bias", "a.v_bias"),
			Node("Add", "x a.u_bias", "/a/u", Name("/a/Add")), Node("Add", "/a/u a.v_bias", "/a/v", Name("/a/Add_1")),
			Node("Mul", "/a/v a.v_bias", "y", Name("/a/Mul"))), map[string]int64{"": 16, "a": 16})
	})
	calls := func(init ...Part) []Part {
		return append(init, square, weightOf("enc.layer.bias", 8),
			linear("x", "onnx::MatMul_1", "enc/layer", "/enc/layer/MatMul_output_0"),
			Node("Add", "/enc/layer/MatMul_output_0 enc.layer.bias", "/enc/layer/Add_output_0", Name("/enc/layer/Add")),
			linear("/enc/layer/Add_output_0", "onnx::MatMul_2", "enc/layer_1", "/enc/layer_1/MatMul_output_0"),
			Node("Add", "/enc/layer_1/MatMul_output_0 enc.layer.bias", "y", Name("/enc/layer_1/Add")))
	}
	for name, init := range map[string][]Part{
		"copies for each call": {weightOf("onnx::MatMul_1", 8, 8), weightOf("onnx::MatMul_2", 8, 8)},
		"aliases of the first": {weightOf("onnx::MatMul_1", 8, 8), Node("Identity", "onnx::MatMul_1", "onnx::MatMul_2")},
		"aliases of the last":  {weightOf("onnx::MatMul_2", 8, 8), Node("Identity", "onnx::MatMul_2", "onnx::MatMul_1")},
	} {
		t.Run(name, func(t *testing.T) {
			wantParams(t, analyzed(t, calls(init...)...), map[string]int64{"": 72, "enc": 72, "enc.layer": 72})
		})
	}
}

func TestTiedTwice(t *testing.T) {
	table, head, other := make([]byte, 4*256*256), make([]byte, 4*256*256), make([]byte, 4*256*256)
	for i := range 256 {
		for j := range 256 {
			table[4*(256*i+j)], table[4*(256*i+j)+1] = byte(i), byte(j)
			head[4*(256*j+i)], head[4*(256*j+i)+1] = byte(i), byte(j)
			other[4*(256*i+j)] = byte(i + j)
		}
	}
	for _, c := range []struct {
		name string
		head []byte
		want bool
	}{{"transposed", head, true}, {"as it is", table, true}, {"other numbers", other, false}} {
		t.Run(c.name, func(t *testing.T) {
			init := func(name string, raw []byte) Part {
				return Init(Tensor{Name: name, DType: graph.Float32, Dims: []int64{256, 256}, Raw: raw})
			}
			a := analyzed(t, In("i", graph.Int64, 2), init("wte.weight", table), init("onnx::MatMul_1", c.head),
				Node("Gather", "wte.weight i", "x"), Node("MatMul", "x onnx::MatMul_1", "y"))
			if got := strings.Contains(strings.Join(a.Warnings, "\n"), "tied"); got != c.want {
				t.Errorf("warnings %q", a.Warnings)
			}
			wantParams(t, a, map[string]int64{"": 2 * 65536})
		})
	}
}

// TestModelParams holds the parameters of every module of the reference models against those that PyTorch counted.
func TestModelParams(t *testing.T) {
	for _, name := range fixtures.EveryModel(t) {
		t.Run(name, func(t *testing.T) {
			got := moduleParams(mustRun(t, model(t, name), Options{Symbolic: true}))
			for path, want := range torchParams(fixtures.Answers(t, name)) {
				n, ok := got[path]
				if !ok || want.tied == 0 || strings.Contains(name, "ortfused") && path != "" { // fused operators span modules
					continue
				}
				if !within(n, want.tied) && !within(n, want.untied) {
					t.Errorf("%q has %d parameters, torch %d, untied %d", path, n, want.tied, want.untied)
				}
			}
		})
	}
}

func within(n, want int64) bool { return math.Abs(float64(n-want)) <= 0.005*float64(want) }

type torchCount struct{ tied, untied int64 }

// torchParams is what PyTorch counted, by module: shared parameters once, and once for each module that owns them.
func torchParams(ref fixtures.Reference) map[string]torchCount {
	out := map[string]torchCount{}
	for path, m := range ref.Modules {
		c := torchCount{tied: m.Params}
		for other, o := range ref.Modules {
			if path == "" || other == path || strings.HasPrefix(other, path+".") {
				c.untied += o.Own
			}
		}
		out[path] = c
	}
	return out
}
