package ops_test

import (
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// work counts the multiply-accumulates of a model, and the nodes whose cost is not known.
func work(t *testing.T, opts ops.Options, parts ...Part) (inf *ops.Inference, g *graph.Graph, macs string, unknown int) {
	t.Helper()
	g, inf = inferred(t, opts, parts...)
	sum := graph.Const(0)
	for _, c := range ops.Count(g, inf) {
		if !c.Known || c.MACs.IsUnknown() || c.Read.IsUnknown() {
			unknown++
			continue
		}
		sum = sum.Add(c.MACs)
	}
	return inf, g, sum.String(), unknown
}

var (
	x58   = In("x", graph.Float32, 3, 5, 8) // five rows of 8 numbers in each of three sequences
	w88   = Weight("w", graph.Float32, 8, 8)
	zero  = Int("zero", 0)
	one   = Int("one", 1)
	first = Ints("first", 0)
	next  = Ints("next", 1)
	stay  = Node("Identity", "cin", "cout")
	empty = Node("SequenceEmpty", "", "s0")
	state = InOf("v", graph.Type{})
)

// TestRounds is about loops whose rounds differ. A product of n rows by w takes 64·n MACs.
func TestRounds(t *testing.T) {
	rows := func(parts ...Part) []Part {
		return model(append([]Part{x58, w88, zero, one, first, next, boolean("on", 1)}, parts...)...)
	}
	for _, c := range []struct {
		name  string
		parts []Part
		facts string // of y
		macs  string
	}{
		{
			"a state that grows by a row", rows(Int("m", 4), Weight("r", graph.Float32, 3, 1, 8), Node("Loop", "m on x", "y",
				loopBody("cout h", state, stay, Node("Concat", "v r", "h", Attr("axis", 1)), Node("MatMul", "h w", "p")))),
			"float32 [3, 9, 8]", "5760", // 64·3·(6+7+8+9)
		},
		{
			"a state that doubles", rows(Int("m", 3), Node("Loop", "m on x", "y",
				loopBody("cout h", state, stay, Node("Concat", "v v", "h", Attr("axis", 1)), Node("MatMul", "v w", "p")))),
			"float32 [3, 40, 8]", "6720", // 64·3·5·(1+2+4)
		},
		{
			"slices by the counter", rows(Int("m", 5), Node("Loop", "m on", "y", loopBody("cout p", stay, Node("Add", "i one", "e"), Node("Unsqueeze", "e first", "f"),
				Node("Slice", "x first f next", "s"), Node("MatMul", "s w", "q"), Node("ReduceSum", "q", "p", Attr("keepdims", 0))))),
			"float32 [5]", "2880", // 64·3·(1+2+3+4+5)
		},
		{
			"a loop in a loop, as often as the counter of the outer says", rows(Int("m", 4), Node("Loop", "m on x", "y", loopBody("cout h", state, stay,
				Node("Loop", "i on v", "h", Attr("body", Graph("inner", append(model(In("j", graph.Int64), In("d", graph.Bool), InOf("g", graph.Type{}), Node("Identity", "d", "dout"), Node("MatMul", "g w", "g2")),
					outputs("dout g2")...)...)))))),
			"float32 [3, 5, 8]", "5760", // 64·3·5·(0+1+2+3)
		},
		{
			"one branch in the first round, the other later", rows(Int("m", 4), Node("Loop", "m on x", "y", loopBody("cout h", state, stay, Node("Equal", "i zero", "c"),
				Node("If", "c", "h", branchOf("then_branch", Node("MatMul", "v w", "t"), Node("MatMul", "t w", "o")), branchOf("else_branch", Node("MatMul", "v w", "o")))))),
			"float32 [3, 5, 8]", "4800", // 64·3·5·(2+1+1+1)
		},
		{
			"a list that fills", rows(Int("m", 5), empty, Node("Loop", "m on s0", "s", loopBody("cout h", state, stay,
				Node("Gather", "x i", "xi", Attr("axis", 1)), Node("MatMul", "xi w", "r"), Node("SequenceInsert", "v r", "h"))),
				Node("ConcatFromSequence", "s", "y", Attr("axis", 1), Attr("new_axis", 1))),
			"float32 [3, 5, 8]", "960",
		},
		{
			"a stop that constants decide", rows(Floats("half", 0.75), Floats("two", 2), Floats("ten", 10), Node("Loop", "- on half", "y",
				loopBody("cout h", state, Node("Mul", "v two", "h"), Node("Less", "h ten", "cout"), Node("MatMul", "x w", "p")))),
			"float32 [1] = 12", "3840", // 1.5, 3, 6, 12
		},
		{
			"a shape that is carried", rows(Int("m", 3), Int("n0", 1), Int("two", 2), Node("Loop", "m on n0", "n", loopBody("cout h", state, stay, Node("Mul", "v two", "h"))),
				Node("Unsqueeze", "n first", "n1"), Node("Slice", "x first n1 next", "y")),
			"float32 [3, 5, 8]", "0",
		},
		{
			"more work than one inference does", rows(Int("m", 100000), Weight("r", graph.Float32, 3, 1, 8), Node("Loop", "m on x", "y",
				loopBody("cout h", state, stay, Node("Concat", "v r", "h", Attr("axis", 1))))),
			"float32 [3, 100005, 8]", "0",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			inf, g, macs, _ := work(t, ops.Options{}, c.parts...)
			if got := factNamed(t, g, inf, "y"); got != c.facts || macs != c.macs {
				t.Errorf("y is %s, want %s; %s MACs, want %s", got, c.facts, macs, c.macs)
			}
		})
	}
}

// TestTrips is about conditions that say how often a loop runs: i begins at a value and changes by a step, n is a dim.
func TestTrips(t *testing.T) {
	for _, c := range []struct {
		name, begin, op, step string
		cond                  []Part
		want                  string
	}{
		{"less", "zero", "Add", "one", []Part{Node("Less", "h n", "cout")}, "n"},
		{"less or equal", "zero", "Add", "one", []Part{Node("LessOrEqual", "h n", "cout")}, "n + 1"},
		{"greater, by twos", "zero", "Add", "two", []Part{Node("Greater", "n h", "cout")}, "(n + 1)//2"},
		{"not greater or equal", "zero", "Add", "one", []Part{Node("GreaterOrEqual", "h n", "g"), Node("Not", "g", "cout")}, "n"},
		{"downwards", "n", "Sub", "one", []Part{Node("Greater", "h zero", "cout")}, "n"},
		{"until equal", "n", "Sub", "one", []Part{Node("Equal", "h zero", "g"), Node("Not", "g", "cout")}, "n"},
		{"as floats", "zero", "Add", "one", []Part{Node("Cast", "h", "f", Attr("to", 1)), Node("Cast", "n", "g", Attr("to", 1)), Node("Less", "f g", "cout")}, "n"},
		{"and what is true", "zero", "Add", "one", []Part{Node("Less", "h n", "g"), Node("And", "cin g", "cout")}, "n"},
		{"by its own counter", "zero", "Add", "one", []Part{Node("Less", "i n", "cout")}, "n + 1"},
		{"away from the end", "n", "Add", "one", []Part{Node("Greater", "h zero", "cout")}, "y_trips"},
		{"data decides", "zero", "Add", "one", []Part{Node("Less", "h q", "cout")}, "y_trips"},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := loopBody("cout h", append([]Part{state, Node(c.op, "v "+c.step, "h")}, c.cond...)...)
			inf, g, _, _ := work(t, ops.Options{}, model(In("p", graph.Float32, "n"), In("q", graph.Int64), zero, one, Int("two", 2), boolean("on", 1),
				Node("Size", "p", "n"), Node("Loop", "- on "+c.begin, "y", body))...)
			for _, d := range inf.Trips {
				if d.String() != c.want {
					t.Errorf("%v trips, want %s", d, c.want)
				}
			}
			if open := c.want == "y_trips"; open != (len(inf.Open) == 1) {
				t.Errorf("open %v", inf.Open)
			}
			_ = g
		})
	}
}
