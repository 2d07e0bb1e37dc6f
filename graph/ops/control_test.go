package ops_test

import (
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

func boolean(name string, v int64) Part {
	return Init(Tensor{Name: name, DType: graph.Bool, Ints: []int64{v}})
}

// branchOf makes If branches of single nodes that output "o".
func branchOf(name string, parts ...Part) Part {
	return Attr(name, Graph(name, append(parts, OutOf("o", graph.Type{}))...))
}

func TestIf(t *testing.T) {
	cond, x := In("c", graph.Bool), In("x", graph.Float32, "a", 1, "b")
	squeeze := branchOf("then_branch", Ints("k", 1), Node("Squeeze", "x k", "o"))
	same := branchOf("else_branch", Node("Identity", "x", "o"))
	twice := branchOf("else_branch", Node("Concat", "x x", "o", Attr("axis", 1)))
	half := branchOf("then_branch", Node("Identity", "x", "o"))
	narrow := branchOf("then_branch", Node("Cast", "x", "o", Attr("to", 10)))
	bad := branchOf("then_branch", Ints("k", 7), Node("Squeeze", "x k", "o"))
	ruleCases(t, []ruleCase{
		{"true", model(boolean("c", 1), x, Node("If", "c", "y", squeeze, same)), "float32 [a, b]", "0"},
		{"false", model(boolean("c", 0), x, Node("If", "c", "y", squeeze, same)), "float32 [a, 1, b]", "0"},
		{"ranks differ", model(cond, x, Node("If", "c", "y", squeeze, same)), "float32 ?", "0"},
		{"dims differ", model(cond, x, Node("If", "c", "y", half, twice)), "float32 [a, y_dim1, b]", "0"},
		{"types differ", model(cond, x, Node("If", "c", "y", narrow, same)), "nothing", "0"},
		{"a branch that cannot be", model(cond, x, Node("If", "c", "y", bad, twice)), "float32 [a, 2, b]", "0"},
		{"no branch", model(cond, x, Node("If", "c", "y", squeeze)), "conflict", ""},
	})
}

// TestIfEqualities: what one branch implies does not hold outside; what both imply does.
func TestIfEqualities(t *testing.T) {
	add := func(branch string) Part { return branchOf(branch, Node("Add", "p q", "o")) }
	other := branchOf("else_branch", Node("Identity", "p", "o"))
	in := model(In("c", graph.Bool), In("p", graph.Float32, 2, "m"), In("q", graph.Float32, 2, "n"))
	_, inf := inferred(t, ops.Options{}, append(in, Node("If", "c", "y", add("then_branch"), other))...)
	if len(inf.Solved) > 0 || len(inf.Constraints) > 0 {
		t.Errorf("one branch: solved %v, constraints %v", inf.Solved, inf.Constraints)
	}
	_, inf = inferred(t, ops.Options{}, append(in, Node("If", "c", "y", add("then_branch"), add("else_branch")))...)
	if got, ok := inf.Solved["n"]; !ok || got.String() != "m" {
		t.Errorf("both branches: solved %v, want n = m", inf.Solved)
	}
}

func TestIfChoice(t *testing.T) {
	parts := model(
		In("c", graph.Bool), In("x", graph.Float32, "a", 8), Weight("w", graph.Float32, 8, 16), Weight("v", graph.Float32, 8, 4),
		Node("If", "c", "y", branchOf("else_branch", Node("MatMul", "x v", "o")), branchOf("then_branch", Node("MatMul", "x w", "o"))),
	)
	g, inf := inferred(t, ops.Options{}, parts...)
	n := g.Main.Nodes[0]
	if _, ok := inf.Taken[n]; ok {
		t.Error("the condition is not constant")
	}
	eval := func(d graph.Dim) (int64, bool) { return d.Eval(func(string) (int64, bool) { return 5, true }) }
	if got := inf.Branch(n, ops.Count(g, inf), eval); got != 1 {
		t.Errorf("branch %d, want that with more products", got)
	}
	inf = ops.Infer(g, ops.Options{Branches: map[*graph.Node]int{n: 0}})
	if got := factsOf(inf, n); got != "float32 [a, 4]" {
		t.Errorf("branch 0 chosen: %s", got)
	}
	inf = ops.Infer(g, ops.Options{Values: map[string][]float64{"c": {1}}})
	if got, ok := inf.Taken[n]; !ok || got != 1 || factsOf(inf, n) != "float32 [a, 16]" {
		t.Errorf("condition given as true: branch %d, %v, %s", got, ok, factsOf(inf, n))
	}
	if got := inf.Branch(n, nil, eval); got != 1 {
		t.Errorf("branch %d, want the one taken", got)
	}
}

// loopBody makes the body of a Loop whose counter is "i", whose conditions are "cin" and "cout".
func loopBody(outs string, parts ...Part) Part {
	all := append(model(In("i", graph.Int64), In("cin", graph.Bool)), parts...)
	return Attr("body", Graph("body", append(all, outputs(outs)...)...))
}

// outputs are outputs without declared types.
func outputs(list string) []Part {
	var out []Part
	for _, name := range strings.Fields(list) {
		out = append(out, OutOf(name, graph.Type{}))
	}
	return out
}

func TestLoop(t *testing.T) {
	v, x, on := InOf("v", graph.Type{}), In("x", graph.Float32, "b", 4), Node("Identity", "cin", "cout")
	double := Node("Add", "v v", "w")
	carry := loopBody("cout w u", v, on, double, Node("ReduceSum", "v", "u", Attr("axes", []int64{1}), Attr("keepdims", 0)))
	grow := loopBody("cout w v", v, on, Weight("z", graph.Float32, 4, 3), Node("MatMul", "x z", "t"), Node("Concat", "v t", "w", Attr("axis", 1)))
	until := loopBody("cout w v", v, Node("Not", "unknown", "cout"), double)
	once := loopBody("cout w v", v, boolean("cout", 0), double)
	ruleCases(t, []ruleCase{
		{"constant", model(x, Int("m", 5), boolean("c", 1), Node("Loop", "m c x", "y s", carry), Opset("", 11)), "float32 [b, 4]; float32 [5, b]", "0"},
		{"no condition", model(x, Int("m", 5), Node("Loop", "m - x", "y s", carry), Opset("", 11)), "float32 [b, 4]; float32 [5, b]", "0"},
		{
			"symbolic", model(In("q", graph.Float32, "n"), x, Node("Size", "q", "m"), Node("Loop", "m - x", "y s", carry), Opset("", 11)),
			"float32 [b, 4]; float32 [n, b]", "0",
		},
		{"limit not known", model(x, In("m", graph.Int64), Node("Loop", "m - x", "y s", carry), Opset("", 11)), "float32 [b, 4]; float32 [y_trips, b]", "0"},
		{"no limit", model(x, Int("m", 1<<62), boolean("c", 1), Node("Loop", "m c x", "y s", carry), Opset("", 11)), "float32 [b, 4]; float32 [y_trips, b]", "0"},
		{"never", model(x, Int("m", 5), boolean("c", 0), Node("Loop", "m c x", "y s", carry), Opset("", 11)), "float32 [b, 4]; float32 [0, b]", "0"},
		{
			"a condition decides", model(x, Int("m", 5), In("unknown", graph.Bool), Node("Loop", "m - x", "y s", until), Opset("", 11)),
			"float32 [b, 4]; float32 [y_trips, b, 4]", "0",
		},
		{"once", model(x, Int("m", 5), Node("Loop", "m - x", "y s", once), Opset("", 11)), "float32 [b, 4]; float32 [1, b, 4]", "0"},
		{"growth", model(x, Int("m", 5), Node("Loop", "m - x", "y s", grow), Opset("", 11)), "float32 [b, 19]; float32 [5, b, s_dim2]", "0"},
		{"the body takes less", model(x, Int("m", 5), Node("Loop", "m - x x", "y s", carry)), "conflict", ""},
	})
}

// TestLoopValues: carried values that count are known after the last round, as are those that stay.
func TestLoopValues(t *testing.T) {
	body := loopBody("cout w v2", InOf("v", graph.Type{}), InOf("u", graph.Type{}), Node("Identity", "cin", "cout"),
		Int("one", 1), Node("Add", "v one", "w"), Node("Identity", "u", "v2"))
	g, inf := inferred(t, ops.Options{}, Int("m", 3), Int("v0", 0), Int("u0", 7), Node("Loop", "m - v0 u0", "y z", body))
	for name, want := range map[string]string{"y": "int64 [] = 3", "z": "int64 [] = 7"} {
		if got := factNamed(t, g, inf, name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// TestLoopTrips: nodes of a body count as often as it runs, those of a loop in a loop as often as both.
func TestLoopTrips(t *testing.T) {
	inner := loopBody("cout r", InOf("w", graph.Type{}), Node("Identity", "cin", "cout"), Node("Relu", "w", "r"))
	outer := loopBody("cout w2", InOf("v", graph.Type{}), Node("Identity", "cin", "cout"), Int("k", 3), Node("Loop", "k - v", "w2", inner))
	g, inf := inferred(t, ops.Options{}, In("x", graph.Float32, "b", 4), In("q", graph.Float32, "n"), Node("Size", "q", "m"),
		Node("Loop", "m - x", "y", outer))
	costs := ops.Count(g, inf)
	for _, n := range g.Nodes {
		if n.Op == "Relu" {
			if got := costs[n.ID].Elementwise.String(); got != "12*b*n" {
				t.Errorf("Relu counts %s, want 12*b*n", got)
			}
		}
	}
}

// TestDeepLoops: loops within loops do not multiply the work of inference.
func TestDeepLoops(t *testing.T) {
	node := Node("Concat", "v v", "w", Attr("axis", 0))
	for range 20 {
		body := loopBody("cout w", InOf("v", graph.Type{}), Node("Identity", "cin", "cout"), node)
		node = Node("Loop", "m - v", "w", body)
	}
	g, inf := inferred(t, ops.Options{}, In("m", graph.Int64), In("v", graph.Float32, "b"), node)
	if len(inf.Conflicts) > 0 || len(g.Nodes) != 41 {
		t.Errorf("%d nodes, conflicts %v", len(g.Nodes), inf.Conflicts)
	}
}

func TestScan(t *testing.T) {
	body := func(outs string, parts ...Part) Part {
		return Attr("body", Graph("body", append(append(model(InOf("h", graph.Type{}), InOf("e", graph.Type{})), parts...), outputs(outs)...)...))
	}
	step := body("n o", Node("Add", "h e", "n"), Node("Identity", "n", "o"))
	h, x := In("h0", graph.Float32, "b", 4), In("x", graph.Float32, "s", "b", 4)
	one := Attr("num_scan_inputs", 1)
	ints := func(name string, v ...int64) Part { return Attr(name, v) }
	ruleCases(t, []ruleCase{
		{"first axis", model(h, x, Node("Scan", "h0 x", "y z", one, step)), "float32 [b, 4]; float32 [s, b, 4]", "0"},
		{
			"axes", model(h, In("x", graph.Float32, "b", "s", 4), Node("Scan", "h0 x", "y z", one, ints("scan_input_axes", 1),
				ints("scan_output_axes", -1), ints("scan_input_directions", 1), step)),
			"float32 [b, 4]; float32 [b, 4, s]", "0",
		},
		{
			"of numbers", model(In("h0", graph.Float32), In("x", graph.Float32, "s"), Node("Scan", "h0 x", "y z", one, step)),
			"float32 []; float32 [s]", "0",
		},
		{"axis", model(h, x, Node("Scan", "h0 x", "y z", one, ints("scan_input_axes", 3), step)), "conflict", ""},
		{"inputs", model(h, x, Node("Scan", "h0 x x", "y z", one, step)), "conflict", ""},
		{
			"with batches", model(In("h0", graph.Float32, "b", 4), In("x", graph.Float32, "b", "s", 4),
				Node("Scan", "- h0 x", "y z", one, step), Opset("", 8)),
			"float32 [b, 4]; float32 [b, s, 4]", "0",
		},
	})
	g, inf := inferred(t, ops.Options{}, h, x, Node("Scan", "h0 x", "y z", one, step))
	if got := ops.Count(g, inf)[1].Elementwise.String(); got != "4*b*s" {
		t.Errorf("Add counts %s, want 4*b*s", got)
	}
}

func TestGenerators(t *testing.T) {
	ids := In("ids", graph.Int32, "batch", "prompt")
	gen := func(op, in string, extra ...Part) []Part {
		return append(append(model(ids), extra...), Node(op, in, "y", Domain("com.microsoft")))
	}
	ruleCases(t, []ruleCase{
		{"beams", gen("BeamSearch", "ids n lo b r", Int("n", 32), Int("lo", 0), Int("b", 4), Int("r", 2)), "int32 [batch, 2, 32]", ""},
		{"greedy", gen("GreedySearch", "ids n", Int("n", 32)), "int32 [batch, 32]", ""},
		{"blocked", gen("NGramRepeatBlock", "ids s", In("s", graph.Float32, "batch", 9)), "float32 [batch, 9]", "9*batch"},
		{"negative", gen("Sampling", "ids n", Int("n", -1)), "conflict", ""},
	})
}
