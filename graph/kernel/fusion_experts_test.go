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

// mixtral is Mixtral's layer as the TorchScript exporter unrolls it: 2 of 4 experts of width 32 on 16 channels, for each
// token of x [b, s, 16]. Each expert picks its tokens, and adds what it makes of them to the sum.
func mixtral(tokens any) []Part {
	parts := []Part{
		Opset("", 18), float("x", tokens, 16), weight("gate", 16, 4), Node("MatMul", "x gate", "logits"), Node("Softmax", "logits", "scores", Attr("axis", -1)),
		Ints("2", 2), Node("TopK", "scores 2", "best chosen", Attr("axis", -1)), Ints("last", -1), Node("ReduceSum", "best last", "sum"), Node("Div", "best sum", "shares"),
		Int("4", 4), Ints("off_on", 0, 1), Node("OneHot", "chosen 4 off_on", "hot"), transposed("hot", "mask", 2, 1, 0),
		Int("0", 0), Int("1", 1), Ints("both", 1, 1), Ints("first", 0), Node("Shape", "x", "shape"), Node("ConstantOfShape", "shape", "y0"),
	}
	for e := range 4 {
		name := func(s string) string { return fmt.Sprint(s, e) }
		parts = append(parts,
			Int(name("e"), int64(e)), Node("Gather", "mask "+name("e"), name("mine"), Attr("axis", 0)), Node("NonZero", name("mine"), name("at")),
			Node("Split", name("at")+" both", name("which")+" "+name("where"), Attr("axis", 0)), Node("Squeeze", name("where")+" first", name("token")),
			Node("Squeeze", name("which")+" first", name("choice")),
			Node("Gather", "x "+name("token"), name("h"), Attr("axis", 0)),
			weight(name("w1"), 16, 32), weight(name("w3"), 16, 32), weight(name("w2"), 32, 16),
			Node("MatMul", name("h")+" "+name("w1"), name("g")), Node("Sigmoid", name("g"), name("s")), Node("Mul", name("g")+" "+name("s"), name("a")),
			Node("MatMul", name("h")+" "+name("w3"), name("u")), Node("Mul", name("a")+" "+name("u"), name("m")), Node("MatMul", name("m")+" "+name("w2"), name("d")),
			Ints(name("col"), 1), Node("Unsqueeze", name("token")+" "+name("col"), name("t1")), Node("Unsqueeze", name("choice")+" "+name("col"), name("c1")),
			Node("Concat", name("t1")+" "+name("c1"), name("pair"), Attr("axis", 1)), Node("GatherND", "shares "+name("pair"), name("p")), Node("Unsqueeze", name("p")+" "+name("col"), name("p1")),
			Node("Mul", name("d")+" "+name("p1"), name("o")),
			Node("ScatterND", name("y")+" "+name("t1")+" "+name("o"), fmt.Sprint("y", e+1), Attr("reduction", "add")),
		)
	}
	return append(parts, float("r", tokens, 16), Node("Add", "r y4", "z"), Out("z", graph.Float32, NoShape))
}

// expertRows lists the rows of the products that make the inner width of 32.
func expertRows(p *kernel.Plan) []string {
	var out []string
	for _, k := range p.Kernels {
		for _, q := range k.Cost.Products {
			if q.N.Is(32) && k.Cost.Class == "gemm" {
				out = append(out, q.M.String())
			}
		}
	}
	return out
}

// TestExpertsOneByOne: an eager framework runs each expert on the even share of the choices.
func TestExpertsOneByOne(t *testing.T) {
	for _, c := range []struct {
		tokens any
		want   string // of the gate and up matrices of 4 experts
	}{
		{"n", "(2*n + 3)//4 (2*n + 3)//4 (n + 1)//2 (n + 1)//2 (2*n + 1)//4 (2*n + 1)//4 n//2 n//2"}, // ⌊(2·n + 3 - e)/4⌋
		{6, "3 3 3 3 3 3 3 3"},
		{7, "4 4 4 4 3 3 3 3"}, // 14 choices
		{1, "1 1 1 1 0 0 0 0"},
	} {
		p := decode(t, mixtral(c.tokens)...).group(t, "eager")
		got := strings.Join(expertRows(p), " ")
		if got != c.want {
			t.Errorf("%v tokens: rows %s, want %s", c.tokens, got, c.want)
		}
		if len(p.Notes) > 0 {
			t.Errorf("notes %q", p.Notes)
		}
	}
}

// TestExpertsAsLayer: a server of decoders runs them as one kernel. An expert stores 3·16·32 floats, 6144 bytes; of one
// token's choices two experts run.
func TestExpertsAsLayer(t *testing.T) {
	layer := func(p *kernel.Plan) *kernel.Kernel {
		i := slices.IndexFunc(p.Kernels, func(k kernel.Kernel) bool { return k.Cost.Experts != nil })
		if i < 0 {
			t.Fatalf("kernels %q", kernels(p))
		}
		return &p.Kernels[i]
	}
	_, p := served(t, mixtral("n")...)
	k := layer(p)
	e := k.Cost.Experts
	if got := fmt.Sprint(e.Tokens, e.Hidden, e.Inter, e.TopK, e.Experts, e.Gated); got != "n 16 32 2 4 true" || k.Cost.Class != "moe" || k.Cost.DType != graph.Float32 {
		t.Errorf("experts %s, class %s of %v", got, k.Cost.Class, k.Cost.DType)
	}
	if others := len(p.Kernels) - 1; others != 7 { // scores, softmax, choice, sum of the best, shares, zeros and the residual
		t.Errorf("kernels %q", kernels(p))
	}
	for _, c := range []struct{ tokens, experts, macs int64 }{{1, 2, 2 * 3 * 16 * 32}, {2, 4, 4 * 3 * 16 * 32}, {100, 4, 200 * 3 * 16 * 32}} {
		_, p := served(t, mixtral(int(c.tokens))...)
		k := layer(p)
		if macs, _ := k.Cost.MACs.Const(); macs != c.macs {
			t.Errorf("%d tokens: %d MACs, want %d", c.tokens, macs, c.macs)
		}
		read, _ := k.Cost.Read.Const()
		if weights := c.experts * 6144; read < weights || read > weights+1000+1000*c.tokens {
			t.Errorf("%d tokens: reads %d bytes, the weights that run are %d", c.tokens, read, weights)
		}
	}
	t.Run("fewer experts than the router scores", func(t *testing.T) {
		parts := mixtral("n")
		parts = append(parts[:len(parts)-3-24], parts[len(parts)-3:]...) // without the last expert
		parts[len(parts)-2] = Node("Add", "r y3", "z")
		_, p := served(t, parts...)
		if slices.ContainsFunc(p.Kernels, func(k kernel.Kernel) bool { return k.Cost.Experts != nil }) {
			t.Errorf("kernels %q", kernels(p))
		}
	})
}

// TestDenseExperts: a graph that runs every expert on every token is counted so, with a note.
func TestDenseExperts(t *testing.T) {
	parts := []Part{
		Opset("", 18), float("x", "n", 16), weight("gate", 16, 4), Node("MatMul", "x gate", "logits"), Ints("2", 2), Node("TopK", "logits 2", "best chosen"), Node("Softmax", "best", "shares"),
		Int("0", 0), Ints("first", 0), Ints("4", 4), Ints("rest", 1, 1), Node("Concat", "4 rest", "times", Attr("axis", 0)), Node("Unsqueeze", "x first", "x1"), Node("Tile", "x1 times", "xs"),
		weight("up", 4, 16, 32), weight("down", 4, 32, 16), Node("MatMul", "xs up", "u"), Node("Relu", "u", "a"), Node("MatMul", "a down", "ys"),
		Ints("last", 2), Node("Shape", "logits", "shape"), Node("ConstantOfShape", "shape", "none"), Node("ScatterElements", "none chosen shares", "all", Attr("axis", 1)), transposed("all", "turned", 1, 0),
		Node("Unsqueeze", "turned last", "weights"), Node("Mul", "ys weights", "w"), Node("ReduceSum", "w first", "y", Attr("keepdims", 0)), Out("y", graph.Float32, NoShape),
	}
	for _, profile := range []string{"eager", "vllm"} {
		p := decode(t, parts...).group(t, profile)
		macs := graph.Const(0)
		for _, k := range p.Kernels {
			macs = macs.Add(k.Cost.MACs)
		}
		if macs.String() != "4160*n" { // 16·4 scores, 4·2·16·32 of all experts
			t.Errorf("%s: %v MACs", profile, macs)
		}
		if len(p.Notes) != 1 || !strings.Contains(p.Notes[0], "every expert") {
			t.Errorf("%s: notes %q", profile, p.Notes)
		}
	}
}
