package kernel_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/kernel"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// functions groups a model as eager PyTorch runs it, for laws that know its functions.
func functions(t *testing.T, parts ...Part) (*decoded, *kernel.Plan) {
	t.Helper()
	d := decode(t, parts...)
	p, err := kernel.Group(d.g, d.inf, d.costs, everything, "eager", kernel.Functions)
	if err != nil {
		t.Fatal(err)
	}
	return d, p
}

// attended spells the geometry of every attention of a plan: "batch×heads/key heads×size, queries of context window causal
// type/cache".
func attended(p *kernel.Plan) []string {
	var out []string
	for _, k := range p.Kernels {
		a := k.Cost.Attention
		if a == nil {
			continue
		}
		text := fmt.Sprintf("%v×%v/%v×%v, %v of %v", a.Batch, a.Heads, a.KVHeads, a.HeadDim, a.Query, a.Context)
		if !a.Window.IsUnknown() {
			text += fmt.Sprintf(" window %v", a.Window)
		}
		if a.Causal {
			text += " causal"
		}
		out = append(out, fmt.Sprintf("%s %v/%v", text, a.DType, a.Cache))
	}
	return out
}

// causalMask is le [1, 1, s, s] of positions of keys and queries, made from the length of x [b, s, …].
func causalMask() []Part {
	return []Part{
		Int("0", 0), Int("1", 1), Ints("first", 0), Ints("third", 0, 1, 3), Ints("fourth", 0, 1, 2), Node("Shape", "x", "shape"), Node("Gather", "shape 1", "s"),
		Node("Range", "0 s 1", "places"), Node("Unsqueeze", "places third", "column"), Node("Unsqueeze", "places fourth", "row"),
		Node("LessOrEqual", "row column", "le"),
	}
}

// headed are queries [b, 8, s, 4] and keys and values [b, 2, s, 4] of x [b, s, 48], behind the views of the framework.
func headed() []Part {
	return []Part{
		float("x", "b", "s", 48), Ints("qkv", 32, 8, 8), Ints("q4", 0, 0, 8, 4), Ints("kv4", 0, 0, 2, 4), Node("Split", "x qkv", "xq xk xv", Attr("axis", 2)),
		Node("Reshape", "xq q4", "q3"), Node("Reshape", "xk kv4", "k3"), Node("Reshape", "xv kv4", "v3"),
		transposed("q3", "q", 0, 2, 1, 3), transposed("k3", "k0", 0, 2, 1, 3), transposed("v3", "v0", 0, 2, 1, 3),
		Ints("1d", 2), Ints("5d", 1, 1, 4, 1, 1), Ints("4d", 0, 8, -1, 4),
		Node("Unsqueeze", "k0 1d", "k1"), Node("Expand", "k1 5d", "k2"), Node("Reshape", "k2 4d", "k"),
		Node("Unsqueeze", "v0 1d", "v1"), Node("Expand", "v1 5d", "v2"), Node("Reshape", "v2 4d", "v"), scalar("c"), scalar("zero"), scalar("-∞"),
	}
}

// TestSDPA: what PyTorch exports of one call runs as one kernel, and only where laws know it. Queries and outputs of
// b·s tokens take 8·4·4 = 128 bytes each, expanded keys and values as much.
func TestSDPA(t *testing.T) {
	tail := []Part{transposed("o", "o3", 0, 2, 1, 3), Ints("flat", 0, 0, 32), Node("Reshape", "o3 flat", "y"), Node("Relu", "y", "z"), Out("z", graph.Float32, NoShape)}
	softmax := Node("Softmax", "masked", "p", Attr("axis", -1))
	mask := []Part{Node("Where", "le zero -∞", "float"), Node("Add", "scores float", "masked"), softmax}
	dynamo := []Part{
		Ints("3d", -1, 0, 4), Ints("back", -1, 8, 4), Node("Unsqueeze", "s first", "s1"), Node("Concat", "back s1", "k4", Attr("axis", 0)), Node("Reshape", "k 3d", "folded"), transposed("folded", "turned", 0, 2, 1),
	}
	scaled := []Part{Node("Mul", "q c", "qc"), Node("Mul", "kt c", "kc"), Node("MatMul", "qc kc", "scores")}
	guard := []Part{Node("IsNaN", "p", "nan"), Node("Where", "nan zero p", "p1"), Node("MatMul", "p1 v", "o")}
	for _, c := range []struct {
		name    string
		parts   []Part
		want    string // its geometry; "" where it stays as it is
		members string
	}{
		{
			"transposed at once", slices.Concat([]Part{transposed("k", "kt", 0, 1, 3, 2)}, scaled, mask, []Part{Node("MatMul", "p v", "o")}),
			"b×8/2×4, s of s causal float32/float32", "kt qc kc scores masked p o",
		},
		{
			"rows without a number", slices.Concat([]Part{transposed("k", "kt", 0, 1, 3, 2)}, scaled, mask, guard),
			"b×8/2×4, s of s causal float32/float32", "kt qc kc scores masked p nan p1 o",
		},
		{
			"folded into three dimensions", slices.Concat(dynamo, []Part{Node("Reshape", "turned k4", "kt")}, scaled, mask, guard),
			"b×8/2×4, s of s causal float32/float32", "folded turned kt qc kc scores masked p nan p1 o",
		},
		{
			"a scale of one", slices.Concat(dynamo, []Part{Node("Reshape", "turned k4", "kt"), Node("MatMul", "q kt", "scores")}, mask, []Part{Node("MatMul", "p v", "o")}),
			"b×8/2×4, s of s causal float32/float32", "folded turned kt scores masked p o",
		},
		{
			"no mask", slices.Concat([]Part{transposed("k", "kt", 0, 1, 3, 2)}, scaled, []Part{Node("Softmax", "scores", "p", Attr("axis", -1)), Node("MatMul", "p v", "o")}),
			"b×8/2×4, s of s float32/float32", "kt qc kc scores p o",
		},
		{
			"scores scaled by the model", slices.Concat([]Part{transposed("k", "kt", 0, 1, 3, 2), Node("MatMul", "q kt", "raw"), Node("Mul", "raw c", "scores")}, mask, []Part{Node("MatMul", "p v", "o")}),
			"", "",
		},
		{
			"queries scaled by the model", slices.Concat([]Part{transposed("k", "kt", 0, 1, 3, 2), Node("Mul", "q c", "qc"), Node("MatMul", "qc kt", "scores")}, mask, []Part{Node("MatMul", "p v", "o")}),
			"", "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			parts := slices.Concat(headed(), causalMask(), c.parts, tail)
			if c.name == "no mask" {
				parts = slices.Concat(headed(), c.parts, tail)
			}
			d, p := functions(t, parts...)
			if got := strings.Join(attended(p), "; "); got != c.want {
				t.Fatalf("attention %q, want %q", got, c.want)
			}
			if plain := d.group(t, "eager"); len(attended(plain)) > 0 {
				t.Errorf("without laws that know it: kernels %q", kernels(plain))
			}
			if c.want == "" {
				return
			}
			// the nodes of the framework around it are views of it, and nobody makes the mask
			wantKernels(t, p, "attention Softmax: "+c.members, "activation Relu: z")
			if read, written := bytes(t, p, "attention"); written != "128*b*s" || !strings.HasPrefix(read, "384*b*s") {
				t.Errorf("reads %s, writes %s", read, written)
			}
			for _, want := range []string{"q", "k0", "v0", "o3"} {
				if !slices.Contains(strings.Fields(names(p.Calls)), want) {
					t.Errorf("calls %q lack %s", names(p.Calls), want)
				}
			}
		})
	}
	t.Run("a mask of padding is read", func(t *testing.T) {
		pad := []Part{float("pad", "b", 1, 1, "s"), Node("Add", "scores pad", "masked"), softmax}
		_, p := functions(t, slices.Concat(headed(), []Part{transposed("k", "kt", 0, 1, 3, 2)}, scaled, pad, []Part{Node("MatMul", "p v", "o")}, tail)...)
		if read, _ := bytes(t, p, "attention"); !strings.HasPrefix(read, "388*b*s") { // 4 of the mask
			t.Errorf("reads %s", read)
		}
	})
	t.Run("a mask that is used elsewhere is made", func(t *testing.T) {
		_, p := functions(t, slices.Concat(headed(), causalMask(), []Part{transposed("k", "kt", 0, 1, 3, 2)}, scaled, mask, []Part{Node("MatMul", "p v", "o"), Out("float", graph.Float32, NoShape)}, tail)...)
		wantKernels(t, p, "elementwise LessOrEqual: le", "elementwise Where: float", "attention Softmax: kt qc kc scores masked p o", "activation Relu: z")
	})
}

// TestFunctions: SiLU and the inverse root are one kernel each for laws that know them, and no others.
func TestFunctions(t *testing.T) {
	x := float("x", 2, 8)
	for _, c := range []struct {
		name  string
		parts []Part
		want  []string
	}{
		{"SiLU", []Part{x, Node("Sigmoid", "x", "s"), Node("Mul", "x s", "y")}, []string{"activation Sigmoid: s y"}},
		{"a gate", []Part{x, float("u", 2, 8), Node("Sigmoid", "x", "s"), Node("Mul", "u s", "y")}, []string{"activation Sigmoid: s", "elementwise Mul: y"}},
		{"inverse root", []Part{x, Node("Sqrt", "x", "r"), Node("Reciprocal", "r", "y")}, []string{"elementwise Sqrt: r y"}},
		{"one by the root", []Part{x, scalar("1"), Node("Sqrt", "x", "r"), Node("Div", "1 r", "y")}, []string{"elementwise Sqrt: r y"}},
		{"a vector by the root", []Part{x, weight("w", 8), Node("Sqrt", "x", "r"), Node("Div", "w r", "y")}, []string{"elementwise Sqrt: r", "elementwise Div: y"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			parts := append(c.parts, Out("y", graph.Float32, 2, 8))
			d, p := functions(t, parts...)
			wantKernels(t, p, c.want...)
			if n := len(d.group(t, "eager").Kernels); n != 2 {
				t.Errorf("%d kernels by default, want 2", n)
			}
		})
	}
}

// TestSeeThrough: a transposition is no kernel where all that read it take any layout.
func TestSeeThrough(t *testing.T) {
	x, w := float("x", 2, 4, 8), weight("w", 4, 4)
	turn := transposed("x", "t", 0, 2, 1)
	for _, c := range []struct {
		name  string
		parts []Part
		want  bool // a kernel
	}{
		{"element-wise", []Part{x, turn, Node("Relu", "t", "y")}, false},
		{"a half of it", []Part{x, turn, Ints("from", 0), Ints("to", 4), Ints("at", 1), Node("Slice", "t from to at", "h"), Node("Relu", "h", "y")}, false},
		{"a product", []Part{x, w, turn, Node("MatMul", "t w", "y")}, true},
		{"a product, too", []Part{x, w, turn, Node("Relu", "t", "r"), Node("MatMul", "t w", "y")}, true},
		{"folded", []Part{x, turn, Ints("flat", 2, 32), Node("Reshape", "t flat", "f"), Node("Relu", "f", "y")}, true},
		{"repeated", []Part{x, turn, Ints("more", 2, 2, 8, 4), Node("Expand", "t more", "e"), Ints("flat", 4, 32), Node("Reshape", "e flat", "f"), Node("Relu", "f", "y")}, true},
		{"an output", []Part{x, transposed("x", "y", 0, 2, 1)}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, p := functions(t, append(c.parts, Out("y", graph.Float32, NoShape))...)
			if got := slices.ContainsFunc(p.Kernels, func(k kernel.Kernel) bool { return k.Node.Op == "Transpose" }); got != c.want {
				t.Errorf("kernels %q", kernels(p))
			}
		})
	}
}

// TestBranches: laws that know functions find them in the branches of an If, as in decoders that are merged for prompts and
// steps; not in loops, whose costs are of all rounds.
func TestBranches(t *testing.T) {
	silu := func(name, out string) []Part {
		return []Part{Node("Sigmoid", "x", name+"s"), Node("Mul", "x "+name+"s", out), Out(out, graph.Float32, 2, 8)}
	}
	x := float("x", 2, 8)
	_, p := functions(t, x, In("c", graph.Bool), Node("If", "c", "y", Attr("then_branch", Graph("then", silu("a", "ay")...)), Attr("else_branch", Graph("else", silu("b", "by")...))), Out("y", graph.Float32, 2, 8))
	if got := kernels(p); len(got) != 2 || !strings.HasPrefix(got[0], "activation Sigmoid") || !strings.HasPrefix(got[1], "activation Sigmoid") {
		t.Errorf("kernels %q", got)
	}
	loop := Graph("body", slices.Concat([]Part{In("i", graph.Int64), In("go", graph.Bool), float("in", 2, 8), Node("Identity", "go", "on"), Out("on", graph.Bool)}, silu("l", "ly"))...)
	_, p = functions(t, x, Int("5", 5), Node("Loop", "5 - x", "y", Attr("body", loop)), Out("y", graph.Float32, 2, 8))
	if got := kernels(p); len(got) != 2 {
		t.Errorf("in a loop: kernels %q", got)
	}
}
