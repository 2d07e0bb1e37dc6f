package ops_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// sized is a graph that computes with the dims of an input, a and b, in a float type, and makes a tensor as long as what
// comes of it is. A step is an operator and its second operand, if it has one: a number, b, or self.
func sized(t graph.DType, steps ...string) []Part {
	parts := []Part{
		In("x", graph.Float32, "a", "b"), Out("y", graph.Float32), Ints("first", 0), Ints("second", 1),
		Node("Shape", "x", "s"), Node("Gather", "s first", "i"), Node("Gather", "s second", "j"),
		Node("Cast", "i", "v0", Attr("to", int(t))), Node("Cast", "j", "w", Attr("to", int(t))),
	}
	cur := "v0"
	for i, step := range steps {
		op, operand, two := strings.Cut(step, " ")
		in, out := cur, fmt.Sprint("v", i+1)
		var number float64
		switch _, err := fmt.Sscan(operand, &number); {
		case operand == "self":
			in += " " + cur
		case operand == "b":
			in += " w"
		case two && err == nil:
			c := fmt.Sprint("c", i)
			parts = append(parts, Floats(c+"f", number), Node("Cast", c+"f", c, Attr("to", int(t))))
			in += " " + c
		}
		n := Node(op, in, out)
		if op == "Reshape" {
			parts = append(parts, Ints("all", -1))
			n = Node(op, in+" all", out)
		}
		parts = append(parts, n)
		cur = out
	}
	return append(parts, Node("Cast", cur, "n", Attr("to", int(graph.Int64))), Node("ConstantOfShape", "n", "y"))
}

// sizeOf is the length of y at given dims.
func sizeOf(t *testing.T, a, b int64, parts []Part) graph.Dim {
	t.Helper()
	dims := map[string]graph.Dim{}
	if a > 0 {
		dims = map[string]graph.Dim{"a": graph.Const(a), "b": graph.Const(b)}
	}
	g, inf := inferred(t, ops.Options{Dims: dims}, parts...)
	for _, v := range g.Values {
		if v.Name == "y" {
			return inf.Facts[v.ID].Shape[0]
		}
	}
	t.Fatal("no y")
	return graph.Dim{}
}

// TestFloatSizes: what ONNX Runtime 1.32 makes of sizes in float arithmetic, on its CPU.
func TestFloatSizes(t *testing.T) {
	f32, f16, f64 := graph.Float32, graph.Float16, graph.Float64
	for _, c := range []struct {
		t     graph.DType
		steps string
		a, b  int64
		want  int64
	}{
		{f32, "Mul 0.7", 50, 1, 35},   // 0.69999999 · 50 rounds to 35
		{f32, "Mul 0.29", 100, 1, 29}, // 0.28999999 · 100 rounds to 29
		{f64, "Mul 0.7", 50, 1, 34},   // a float32 that is cast to float64 is not rounded again
		{f32, "Div 2.2", 11, 1, 5},    // 11 / 2.2000000477 rounds to 5
		{f32, "Mul 1.1,Ceil", 10, 1, 11},
		{f64, "Mul 1.1,Ceil", 10, 1, 12}, // 1.10000002
		{f32, "Div b,Mul b", 41, 49, 41},
		{f32, "Div 3,Mul 3,Floor", 100, 1, 100},
		{f32, "Sqrt,Mul self", 50, 1, 50}, // √50 as a float32, squared, rounds to 50
		{f32, "Sqrt,Mul self,Ceil", 50, 1, 50},
		{f32, "Pow 3", 7, 1, 343},
		{f32, "Add 16777216", 1, 1, 16777216}, // 2²⁴ + 1 is no float32
		{f16, "Mul 0.9,Floor", 1000, 1, 899},  // 0.89990234 · 1000, held in float32
		{f16, "Mul 0.9", 100, 1, 89},
		{f16, "Mul 0.9,Reshape", 100, 1, 90}, // moved in float16, which rounds 89.990234 to 90
		{f16, "Mul 1", 2049, 1, 2048},        // 2049 is no float16
		{f16, "Mul 1", 2051, 1, 2052},        // a tie goes to the even one
		{f32, "Mul 0.3,Clip 2", 5, 1, 2},
		{f32, "Mul 0.3,Clip 2,Floor", 30, 1, 9},
		{f32, "Mul 0.5,Round", 5, 1, 2},
		{f32, "Mul 0.5,Round", 7, 1, 4},
	} {
		got := sizeOf(t, c.a, c.b, sized(c.t, strings.Split(c.steps, ",")...))
		if !got.Is(c.want) {
			t.Errorf("%v: %s of %d, %d is %s, want %d", c.t, c.steps, c.a, c.b, got, c.want)
		}
	}
}

// TestFloatFormulas: sizes in float arithmetic are formulas where rounding does not show, and nothing elsewhere.
func TestFloatFormulas(t *testing.T) {
	for _, c := range []struct{ steps, want string }{
		{"Div 4,Ceil", "(a + 3)//4"},
		{"Mul 0.25,Ceil,Mul 4", "4*((a + 3)//4)"},
		{"Mul 0.7", "(7*a)//10"},
		{"Div 7,Mul self", "(a**2)//49"},
		{"Div b,Mul b", "?"}, // not always a: 41/61 · 61 is a little less in float32
		{"Div 8,Mul b,Floor", "(a*b)//8"},
		{"Sqrt", "int(a**0.5)"},
		{"Pow 0.5", "int(a**0.5)"},
		{"Sqrt,Floor,Mul self", "int(a**0.5)**2"},
		{"Mul b,Sqrt,Ceil", "int((a*b - 1)**0.5) + 1"},
		{"Mul self,Sqrt", "a"},
		{"Sub 1,Div 2,Floor,Add 1", "(a + 1)//2"},
		{"Add 0.5", "a"},
		{"Mul 0.5,Round", "(a + 1)//4 + (a + 2)//4"}, // ties go to the even one
		{"Div 3,Round", "(2*a + 3)//6"},
		{"Neg,Div 4,Floor,Neg", "a - (3*a)//4"},
		{"Mul 0.1,Max 1", "(max(10, a))//10"},
		{"Mul 0.1,Clip 2,Min 7,Ceil", "(min(70, max(20, a)) + 9)//10"},
		{"Div 3,Min b", "(min(3*b, a))//3"},
		{"Sub 5,Relu", "max(0, a - 5)"},
		{"Mul 0.29,Add 0.0001,Floor", "(2900*a + 1)//10000"},
		{"Mul 0.5,Sub b", "?"}, // which way a Cast rounds depends on the sign
		{"Exp", "?"},
	} {
		got := sizeOf(t, 0, 0, sized(graph.Float32, strings.Split(c.steps, ",")...))
		if got.DependsOnData() {
			got = graph.Dim{}
		}
		if got.String() != c.want {
			t.Errorf("%s is %s, want %s", c.steps, got, c.want)
		}
	}
}

// TestFormulasHoldAtNumbers: what a formula says at some sizes is what inference says with these sizes bound.
func TestFormulasHoldAtNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	steps := strings.Split("Mul 0.25,Mul 0.7,Mul 1.5,Mul 2,Mul b,Div 2,Div 3,Div 7,Div b,Add 0.5,Add 1,Add b,Sub 1,Sqrt,Pow 2,Pow 0.5,Floor,Ceil,Abs,Mul self,Reciprocal,Reshape,Round,Max 9,Min 30,Max b,Min b,Clip 3,Relu", ",")
	formulas := 0
	for range 400 {
		chain := make([]string, 1+r.IntN(3))
		for i := range chain {
			chain[i] = steps[r.IntN(len(steps))]
		}
		parts := sized([]graph.DType{graph.Float32, graph.Float16, graph.Float64}[r.IntN(3)], chain...)
		formula := sizeOf(t, 0, 0, parts)
		for range 4 {
			size := map[string]int64{"a": 1 + r.Int64N(400), "b": 1 + r.Int64N(60)}
			want, known := formula.Eval(func(name string) (int64, bool) { n, ok := size[name]; return n, ok })
			if !known || formula.DependsOnData() {
				break
			}
			formulas++
			if got := sizeOf(t, size["a"], size["b"], parts); !got.Is(want) {
				t.Errorf("%v: %s is %d at %v, and %s with these bound", chain, formula, want, size, got)
			}
		}
	}
	if formulas < 400 {
		t.Errorf("%d formulas tried", formulas)
	}
}

// TestScales: factors that depend on dims resize an image.
func TestScales(t *testing.T) {
	image := func(scales string, parts ...Part) []Part {
		base := []Part{
			In("x", graph.Float32, 1, 3, "h", "w"), In("z", graph.Float32, "th", "tw"), Floats("ones", 1, 1), Floats("sevenths", 7, 5), Floats("half", 0.5),
			Node("Shape", "x", "s"), Ints("two", 2), Ints("four", 4), Node("Slice", "s two four", "hw"), Node("Cast", "hw", "f", Attr("to", 1)),
			Node("Div", "f sevenths", "ratio"), Node("Shape", "z", "zs"), Node("Cast", "zs", "zf", Attr("to", 1)), Node("Mul", "f half", "halves"),
			Node("Concat", "ones "+scales, "k", Attr("axis", 0)), Node("Resize", "x - k", "y"), Out("y", graph.Float32),
		}
		return append(base, parts...)
	}
	ruleCases(t, []ruleCase{
		{"by a ratio", image("ratio"), "float32 [1, 3, (h**2)//7, (w**2)//5]", ""},
		{"by half the size", image("halves"), "float32 [1, 3, (h**2)//2, (w**2)//2]", ""},
		{"by a number", image("two_and_half", Floats("two_and_half", 2, 0.5)), "float32 [1, 3, 2*h, w//2]", ""},
	})
}

// TestFloatRange: ONNX Runtime subtracts in the type of a Range and adds step after step.
func TestFloatRange(t *testing.T) {
	of := func(start, limit, delta float64) []Part {
		parts := []Part{Out("y", graph.Float32), Ints("none")}
		for i, x := range []float64{start, limit, delta} {
			name := string("slk"[i])
			parts = append(parts, Floats(name+"v", x), Node("Reshape", name+"v none", name))
		}
		return append(parts, Node("Range", "s l k", "y"))
	}
	sized := func(parts ...Part) []Part {
		return append([]Part{
			In("x", graph.Float32, "a"), Out("y", graph.Float32), Node("Shape", "x", "s"), Node("Cast", "s", "f", Attr("to", 1)), Ints("none"),
			Node("Reshape", "f none", "l"), Floats("zerov", 0), Node("Reshape", "zerov none", "zero"), Floats("kv", 2.5), Node("Reshape", "kv none", "k"),
		}, parts...)
	}
	ruleCases(t, []ruleCase{
		{"up to a dim", sized(Node("Range", "zero l k", "y")), "float32 [(2*a + 4)//5]", ""},
		{"down from a dim", sized(Node("Neg", "k", "minus"), Node("Range", "l zero minus", "y")), "float32 [(2*a + 4)//5]", ""},
		{"of tenths", of(0, 1, 0.1), "float32 [10]", ""}, // 1 / 0.100000001490116 is below 10
		{"of a third too much", of(0, 0.7, 0.1), "float32 [7]", ""},
		{"down", of(1, 0, -0.25), "float32 [4]", ""},
		{"nothing", of(1, 0, 0.25), "float32 [0] =", ""},
	})
}
