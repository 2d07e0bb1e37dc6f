package kernel_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/kernel"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// served groups a model as a server of decoders runs it.
func served(t *testing.T, parts ...Part) (*decoded, *kernel.Plan) {
	t.Helper()
	d := decode(t, parts...)
	return d, d.group(t, "vllm")
}

func transposed(in, out string, perm ...int64) Part {
	return Node("Transpose", in, out, Attr("perm", perm))
}

// bytes are what the kernel of a class reads and writes, as expressions.
func bytes(t *testing.T, p *kernel.Plan, class string) (read, written string) {
	t.Helper()
	for _, k := range p.Kernels {
		if k.Cost.Class == class {
			return k.Cost.Read.String(), k.Cost.Written.String()
		}
	}
	t.Fatalf("no kernel of class %s in %q", class, kernels(p))
	return "", ""
}

// TestAttention: 8 heads of queries over 2 of keys and values of 4 elements. Queries and outputs take b·8·4·4 = 128·b
// bytes, new keys and values b·2·4·4 = 32·b each, the cache 32·b·n each.
func TestAttention(t *testing.T) {
	inputs := []Part{
		float("q", "b", 8, 1, 4), float("new_k", "b", 2, 1, 4), float("new_v", "b", 2, 1, 4),
		float("past.key", "b", 2, "n", 4), float("past.value", "b", 2, "n", 4), In("mask", graph.Int64, "b", "n + 1"),
		scalar("√d"), scalar("-∞"), scalar("zero"), Ints("1d", 1, 2), Ints("2d", 2), Ints("5d", 1, 2, 4, 1, 1), Ints("4d", 0, 8, -1, 4),
	}
	cache := []Part{
		Node("Concat", "past.key new_k", "present.key", Attr("axis", -2)), Node("Concat", "past.value new_v", "present.value", Attr("axis", -2)),
	}
	expand := []Part{
		Node("Unsqueeze", "present.key 2d", "k1"), Node("Expand", "k1 5d", "k2"), Node("Reshape", "k2 4d", "k3"),
		Node("Unsqueeze", "present.value 2d", "v1"), Node("Expand", "v1 5d", "v2"), Node("Reshape", "v2 4d", "v3"),
	}
	mask := []Part{Node("Unsqueeze", "mask 1d", "m4"), Node("Cast", "m4", "mb", Attr("to", int64(graph.Bool)))}
	added := Node("Where", "mb zero -∞", "mf")
	outs := []Part{Out("o", graph.Float32, NoShape), Out("present.key", graph.Float32, NoShape), Out("present.value", graph.Float32, NoShape)}
	for _, c := range []struct {
		name string
		body []Part
	}{
		{"TorchScript: scaled, masked by an addition", []Part{
			added, transposed("k3", "kt", 0, 1, 3, 2), Node("MatMul", "q kt", "s"), Node("Div", "s √d", "s1"), Node("Add", "s1 mf", "s2"),
			Node("Softmax", "s2", "p", Attr("axis", -1)), Node("Cast", "p", "p1", Attr("to", int64(graph.Float32))), Node("MatMul", "p1 v3", "o"),
		}},
		{"dynamo: both sides scaled, rows without a number zeroed", []Part{
			added, Node("Mul", "q √d", "qs"), transposed("k3", "kt", 0, 1, 3, 2), Node("Mul", "kt √d", "ks"), Node("MatMul", "qs ks", "s"), Node("Add", "s mf", "s2"),
			Node("Softmax", "s2", "p", Attr("axis", -1)), Node("IsNaN", "p", "nan"), Node("Where", "nan zero p", "p1"), Node("MatMul", "p1 v3", "o"),
		}},
		{"masked by a choice", []Part{
			transposed("k3", "kt", 0, 1, 3, 2), Node("MatMul", "q kt", "s"), Node("Mul", "s √d", "s1"), Node("Where", "mb s1 -∞", "s2"),
			Node("Softmax", "s2", "p", Attr("axis", -1)), Node("MatMul", "p v3", "o"),
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, p := served(t, slices.Concat(inputs, cache, expand, mask, c.body, outs)...)
			if len(p.Kernels) != 1 {
				t.Fatalf("kernels %q", kernels(p))
			}
			if read, written := bytes(t, p, "attention"); read != "64*b*n + 192*b" || written != "192*b" {
				t.Errorf("reads %s, writes %s", read, written)
			}
			if macs := p.Kernels[0].Cost.MACs.String(); macs != "64*b*n + 64*b" {
				t.Errorf("%s MACs, want 2·8·4·b·(n + 1)", macs)
			}
			if s := d.silent(p); !strings.Contains(s, "mb") {
				t.Errorf("silent %q: the mask is made for nobody", s)
			}
		})
	}
	t.Run("scores are an output", func(t *testing.T) {
		_, p := served(t, slices.Concat(inputs, cache, expand, []Part{
			transposed("k3", "kt", 0, 1, 3, 2), Node("MatMul", "q kt", "s"), Node("Softmax", "s", "p", Attr("axis", -1)), Node("MatMul", "p v3", "o"),
			Out("p", graph.Float32, NoShape),
		}, outs)...)
		if slices.ContainsFunc(p.Kernels, func(k kernel.Kernel) bool { return k.Cost.Class == "attention" }) {
			t.Errorf("kernels %q", kernels(p))
		}
	})
}

// TestRMSNorm: float32 [2, 8] takes 64 bytes.
func TestRMSNorm(t *testing.T) {
	head := []Part{Opset("", 17), float("x", 2, 8), scalar("2"), scalar("ε"), weight("γ", 8)}
	mean := Node("ReduceMean", "sq", "m", Attr("axes", []int64{-1}))
	root := []Part{mean, Node("Add", "m ε", "v"), Node("Sqrt", "v", "s")}
	for _, c := range []struct {
		name          string
		parts         []Part
		want          string
		read, written string
	}{
		{
			"dynamo", slices.Concat([]Part{Node("Pow", "x 2", "sq")}, root, []Part{Node("Reciprocal", "s", "r"), Node("Mul", "x r", "n"), Node("Mul", "γ n", "y")}),
			"norm ReduceMean: sq m v s r n y", "104", "64",
		},
		{
			"TorchScript", slices.Concat([]Part{scalar("1"), Node("Pow", "x 2", "sq")}, root, []Part{Node("Div", "1 s", "r"), Node("Mul", "x r", "n"), Node("Mul", "n γ", "y")}),
			"norm ReduceMean: sq m v s r n y", "108", "64",
		},
		{
			"divided by the root", slices.Concat([]Part{Node("Mul", "x x", "sq")}, root, []Part{Node("Div", "x s", "n"), Node("Mul", "n γ", "y")}),
			"norm ReduceMean: sq m v s n y", "100", "64",
		},
		{
			"after a residual", slices.Concat([]Part{float("a", 2, 8), Node("Add", "x a", "h"), Node("Pow", "h 2", "sq")}, root, []Part{
				Node("Reciprocal", "s", "r"), Node("Mul", "h r", "n"), Node("Mul", "γ n", "y"), Out("h", graph.Float32, 2, 8),
			}),
			"norm ReduceMean: h sq m v s r n y", "168", "128",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, p := served(t, slices.Concat(head, c.parts, []Part{Out("y", graph.Float32, 2, 8)})...)
			wantKernels(t, p, c.want)
			if read, written := bytes(t, p, "norm"); read != c.read || written != c.written {
				t.Errorf("reads %s and writes %s, want %s and %s", read, written, c.read, c.written)
			}
		})
	}
	t.Run("half precision between casts", func(t *testing.T) {
		_, p := served(t, Opset("", 17), In("x", graph.Float16, 2, 8), scalar("2"), scalar("ε"), Weight("γ", graph.Float16, 8),
			Node("Cast", "x", "f", Attr("to", int64(graph.Float32))), Node("Pow", "f 2", "sq"), mean, Node("Add", "m ε", "v"), Node("Sqrt", "v", "s"), Node("Reciprocal", "s", "r"),
			Node("Mul", "f r", "n"), Node("Cast", "n", "h", Attr("to", int64(graph.Float16))), Node("Mul", "γ h", "y"), Out("y", graph.Float16, 2, 8))
		wantKernels(t, p, "norm ReduceMean: f sq m v s r n h y")
		if k := p.Kernels[0].Cost; k.DType != graph.Float16 || k.Written.String() != "32" {
			t.Errorf("%v, writes %v", k.DType, k.Written)
		}
	})
}

// TestRotary turns queries and keys of [b, h, 1, 4] in one kernel that reads and writes each once.
func TestRotary(t *testing.T) {
	rotation := func(x, cos, sin, out string) []Part {
		return []Part{
			Node("Mul", x+" "+cos, out+"a"), Node("Slice", x+" 0 half last", out+"l"), Node("Slice", x+" half all last", out+"h"), Node("Neg", out+"h", out+"n"),
			Node("Concat", out+"n "+out+"l", out+"t", Attr("axis", -1)), Node("Mul", out+"t "+sin, out+"b"), Node("Add", out+"a "+out+"b", out),
			Out(out, graph.Float32, NoShape),
		}
	}
	inputs := []Part{
		float("q", "b", 8, 1, 4), float("k", "b", 2, 1, 4), float("angle", "b", 1, 1, 4), float("angle2", "b", 1, 1, 4), Node("Cos", "angle", "cos"), Node("Sin", "angle", "sin"),
		Ints("0", 0), Ints("half", 2), Ints("all", 4), Ints("last", -1),
	}
	_, p := served(t, slices.Concat(inputs, rotation("q", "cos", "sin", "y"), rotation("k", "cos", "sin", "z"))...)
	wantKernels(t, p, "elementwise Add: ya yl yh yn yt yb y za zl zh zn zt zb z")
	if read, written := bytes(t, p, "elementwise"); !strings.HasPrefix(read, "160*b") || written != "160*b" {
		t.Errorf("reads %s, writes %s", read, written)
	}
	if k := p.Kernels[0].Cost; k.Row != "rope" || k.Elements.String() != "40*b" { // (8 + 2)·4
		t.Errorf("row operator %q over %v elements", k.Row, k.Elements)
	}
	_, p = served(t, slices.Concat(inputs, []Part{Node("Cos", "angle2", "cos2"), Node("Sin", "angle2", "sin2")}, rotation("q", "cos", "sin", "y"), rotation("k", "cos2", "sin2", "z"))...)
	if len(p.Kernels) != 2 {
		t.Errorf("other angles: kernels %q", kernels(p))
	}
}

// TestProjections: products of one input with several weights are one product.
func TestProjections(t *testing.T) {
	x := float("x", "b", 8)
	_, p := served(t, x, weight("q", 8, 8), weight("k", 2, 8), weight("v", 8, 2), transposed("k", "kt", 1, 0),
		Node("MatMul", "x q", "a"), Node("MatMul", "x kt", "c"), Node("MatMul", "x v", "d"),
		Out("a", graph.Float32, NoShape), Out("c", graph.Float32, NoShape), Out("d", graph.Float32, NoShape))
	wantKernels(t, p, "gemm MatMul: a c d")
	if k := p.Kernels[0].Cost; len(k.Products) != 1 || k.Products[0].N.String() != "12" || k.Read.String() != "32*b + 384" || k.Written.String() != "48*b" {
		t.Errorf("%+v", k)
	}
	_, p = served(t, x, weight("q", 8, 8), weight("k", 8, 2), weight("β", 8), Node("MatMul", "x q", "a"), Node("Add", "a β", "y"), Node("MatMul", "x k", "c"))
	wantKernels(t, p, "gemm MatMul: a y c")
	_, p = served(t, x, weight("q", 8, 8), float("k", 8, 2), Node("MatMul", "x q", "a"), Node("MatMul", "x k", "c"))
	if len(p.Kernels) != 2 {
		t.Errorf("the second weight is computed: kernels %q", kernels(p))
	}
}

// TestChain: element-wise operators that only feed each other are one kernel.
func TestChain(t *testing.T) {
	g, u := float("g", 2, 8), float("u", 2, 8)
	for _, c := range []struct {
		name  string
		parts []Part
		want  []string
	}{
		{"SwiGLU", []Part{g, u, Node("Sigmoid", "g", "s"), Node("Mul", "g s", "a"), Node("Mul", "a u", "y")}, []string{"activation Mul: s a y"}},
		{
			"GELU by tanh",
			[]Part{
				g, scalar("½"), scalar("3"), scalar("c"), scalar("√"), scalar("1"), Node("Mul", "g ½", "h"), Node("Pow", "g 3", "p"), Node("Mul", "p c", "q"), Node("Add", "g q", "r"),
				Node("Mul", "r √", "s"), Node("Tanh", "s", "t"), Node("Add", "t 1", "v"), Node("Mul", "h v", "y"),
			},
			[]string{"activation Mul: h p q r s t v y"},
		},
		{
			"an output on the way",
			[]Part{g, u, Node("Sigmoid", "g", "s"), Node("Mul", "g s", "a"), Node("Mul", "a u", "y"), Out("a", graph.Float32, 2, 8), Out("y", graph.Float32, 2, 8)},
			[]string{"activation Mul: s a", "elementwise Mul: y"},
		},
		{"alone", []Part{g, Node("Relu", "g", "y")}, []string{"activation Relu: y"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, p := served(t, append(c.parts, Out("y", graph.Float32, 2, 8))...)
			wantKernels(t, p, c.want...)
		})
	}
}

// TestRows: what a kernel is as a row operator, and over how many elements it goes.
func TestRows(t *testing.T) {
	x, a, g := float("x", 2, 8), float("a", 2, 8), weight("γ", 8)
	root := []Part{
		scalar("2"), scalar("ε"), Node("Pow", "h 2", "sq"), Node("ReduceMean", "sq", "m", Attr("axes", []int64{-1})), Node("Add", "m ε", "v"), Node("Sqrt", "v", "s"),
		Node("Reciprocal", "s", "r"), Node("Mul", "h r", "n"), Node("Mul", "n γ", "y"),
	}
	for _, c := range []struct {
		name  string
		parts []Part
		row   string
	}{
		{"norm by the root", slices.Concat([]Part{Opset("", 17), x, g, Node("Identity", "x", "h")}, root), "rmsnorm"},
		{"after a residual", slices.Concat([]Part{Opset("", 17), x, a, g, Node("Add", "x a", "h")}, root), "add_rmsnorm"},
		{"one node", []Part{Opset("", 23), x, g, Node("RMSNormalization", "x γ", "y")}, "rmsnorm"},
		{"one node after a residual", []Part{Opset("", 23), x, a, g, Node("Add", "x a", "h"), Node("RMSNormalization", "h γ", "y")}, "add_rmsnorm"},
		{"layer norm after a residual", []Part{x, a, g, Node("Add", "x a", "h"), Node("LayerNormalization", "h γ", "y")}, ""},
		{"SwiGLU", []Part{x, a, Node("Sigmoid", "x", "s"), Node("Mul", "x s", "z"), Node("Mul", "z a", "y")}, "silu_and_mul"},
		{"a gate by its own input", []Part{x, Node("Sigmoid", "x", "s"), Node("Mul", "x s", "y")}, ""},
		{"a bias and a gate", []Part{x, g, Node("Add", "x γ", "b"), Node("Sigmoid", "b", "s"), Node("Mul", "b s", "y")}, ""},
		{"a sum of two", []Part{x, a, Node("Add", "x a", "s"), Node("Mul", "s s", "y")}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, p := served(t, append(c.parts, Out("y", graph.Float32, NoShape))...)
			if len(p.Kernels) != 1 {
				t.Fatalf("kernels %q", kernels(p))
			}
			if k := p.Kernels[0].Cost; k.Row != c.row || !k.Elements.Is(16) {
				t.Errorf("row operator %q over %v elements, want %q over 2·8", k.Row, k.Elements, c.row)
			}
		})
	}
}
