package analysis

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// truth is a stored condition.
func truth(name string, v byte) Part {
	return Init(Tensor{Name: name, DType: graph.Bool, Dims: []int64{}, Raw: []byte{v}})
}

func yields(name string, parts ...Part) Subgraph {
	return Graph(name, append(parts, Out("o", graph.Float32, NoShape))...)
}

// TestBranches: a constant condition decides; otherwise the branch with more work stands for the If, said in a warning.
func TestBranches(t *testing.T) {
	square, wide := floats("square", 8, 8), floats("wide", 8, 16)
	light, heavy := yields("light", Node("MatMul", "x square", "o")), yields("heavy", Node("MatMul", "x wide", "h"), Node("Relu", "h", "o"))
	small, large := yields("small", Node("Relu", "x", "o")), yields("large", Node("Concat", "x x", "o", Attr("axis", 0)))
	branch := func(then, els Subgraph) Part {
		return Node("If", "c", "y", Attr("then_branch", then), Attr("else_branch", els))
	}
	for _, c := range []struct {
		name      string
		condition Part
		node      Part
		ops       string // of the tree
		warning   string
	}{
		{"true", truth("c", 1), branch(light, heavy), "MatMul", ""},
		{"false", truth("c", 0), branch(light, heavy), "MatMul Relu", ""},
		{"open, else heavier", In("c", graph.Bool), branch(light, heavy), "MatMul Relu", `"heavy"`},
		{"open, then heavier", In("c", graph.Bool), branch(heavy, light), "MatMul Relu", `"heavy"`},
		{"open, more bytes", In("c", graph.Bool), branch(small, large), "Concat", `"large"`},
		{"open, then has more bytes", In("c", graph.Bool), branch(large, small), "Concat", `"large"`},
		{"open, alike", In("c", graph.Bool), branch(small, small), "Relu", `"small"`},
		{
			"a branch in a branch", In("c", graph.Bool),
			branch(light, yields("outer", Node("If", "c", "o", Attr("then_branch", heavy), Attr("else_branch", small)))), "MatMul Relu", `"outer"`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := mustRun(t, built(t, float("x", 2, 8), square, wide, c.condition, c.node, Out("y", graph.Float32, NoShape)), Options{})
			var got []string
			for _, n := range a.Graph.Nodes {
				if a.Tree.Of[n.ID] != nil {
					got = append(got, n.Op)
				}
			}
			slices.Sort(got)
			want := strings.Fields(c.ops)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("operators %q, want %q", got, want)
			}
			warnings := strings.Join(a.Warnings, "\n")
			if (c.warning == "") != (warnings == "") || !strings.Contains(warnings, c.warning) {
				t.Errorf("warnings %q, want one of %s", a.Warnings, c.warning)
			}
		})
	}
}

// TestLoops: operators of bodies count as often as the body runs.
func TestLoops(t *testing.T) {
	step := func(name, in, out string, inner ...Part) Subgraph {
		return Graph(name, append(inner, In(name+"i", graph.Int64), In(name+"go", graph.Bool), float(in, 2, 8),
			Node("Identity", name+"go", name+"on"), Out(name+"on", graph.Bool), Out(out, graph.Float32, 2, 8))...)
	}
	product := Node("MatMul", "in w", "out")
	scanned := Graph("body", float("state", 2, 8), float("element", 2, 8), Node("MatMul", "element w", "p"), Node("Add", "state p", "next"),
		Node("Relu", "p", "each"), Out("next", graph.Float32, 2, 8), Out("each", graph.Float32, 2, 8))
	scan := Node("Scan", "x xs", "last all", Attr("body", scanned), Attr("num_scan_inputs", 1))
	x, w, five, three := float("x", 2, 8), floats("w", 8, 8), Int("5", 5), Int("3", 3)
	out := Out("y", graph.Float32, 2, 8)
	for _, c := range []struct {
		name  string
		parts []Part
		macs  string // a run of the product takes 2·8·8 = 128
	}{
		{"five rounds", []Part{x, w, five, Node("Loop", "5 - x", "y", Attr("body", step("b", "in", "out", product))), out}, "640"},
		{"no round", []Part{x, w, Int("5", 0), Node("Loop", "5 - x", "y", Attr("body", step("b", "in", "out", product))), out}, "0"},
		{
			"three rounds of five", []Part{
				x, w, five, three, out,
				Node("Loop", "3 - x", "y", Attr("body", step("o", "start", "end", Node("Loop", "5 - start", "end", Attr("body", step("b", "in", "out", product)))))),
			}, "1920",
		},
		{"scan of six", []Part{x, w, float("xs", 6, 2, 8), scan}, "768"},
		{"scan of a sequence", []Part{x, w, float("xs", "n", 2, 8), scan}, "128*n"},
		{"as many as the input says", []Part{x, w, In("rounds", graph.Int64), Node("Loop", "rounds - x", "y", Attr("body", step("b", "in", "out", product))), out}, "128*y_trips"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := mustRun(t, built(t, c.parts...), Options{Symbolic: true})
			m := a.ModuleMetrics()[a.Tree.Root]
			if got := m.MACs.String(); got != c.macs {
				t.Errorf("%s MACs, want %s", got, c.macs)
			}
			if _, ok := a.Eval(m.MACs); ok == strings.ContainsAny(c.macs, "ny") {
				t.Errorf("known %v", ok)
			}
		})
	}
	t.Run("given as a value", func(t *testing.T) {
		g := built(t, x, w, In("rounds", graph.Int64), Node("Loop", "rounds - x", "y", Attr("body", step("b", "in", "out", product))), out)
		a := mustRun(t, g, Options{Values: map[string][]float64{"rounds": {7}}})
		if got, ok := a.Eval(a.ModuleMetrics()[a.Tree.Root].MACs); !ok || got != 7*128 {
			t.Errorf("%d MACs, want %d", got, 7*128)
		}
	})
}

// TestUnknown: an operator without a rule has no numbers of its own; sums hold the known parts beside their number.
func TestUnknown(t *testing.T) {
	g := built(t, float("x", 2, 8), floats("w", 8, 8), Node("MatMul", "x w", "a", Name("/m/MatMul")),
		Node("Odd", "a", "b", Domain("org.example"), Name("/m/Odd")), Node("Relu", "b", "y", Name("/m/Relu")))
	a := mustRun(t, g, Options{})
	m := a.ModuleMetrics()[a.Tree.Root]
	if m.Operators != 3 || m.Unknown != 2 || !m.MACs.Is(128) {
		t.Errorf("%d operators, %d unknown, %v MACs; want 3, 2, 128", m.Operators, m.Unknown, m.MACs)
	}
	if !m.Read.Is(64+256) || !m.Written.Is(64) {
		t.Errorf("%v bytes read, %v written, want those of the product: 320, 64", m.Read, m.Written)
	}
	for _, conv := range graph.Conventions() {
		want := map[graph.Convention]int64{graph.MAC: 128, graph.TwoMAC: 256, graph.TwoMACPlusElementwise: 256}[conv]
		if !m.FLOPs(conv).Is(want) {
			t.Errorf("%s: %v FLOPs, want %d", conv, m.FLOPs(conv), want)
		}
	}
}

func floats(name string, dims ...int64) Part { return Weight(name, graph.Float32, dims...) }

// numbers are metrics at some dims.
type numbers struct{ macs, elementwise, read, written, operators, unknown int64 }

func (n *numbers) add(o numbers) {
	n.macs, n.elementwise, n.read, n.written = n.macs+o.macs, n.elementwise+o.elementwise, n.read+o.read, n.written+o.written
	n.operators, n.unknown = n.operators+o.operators, n.unknown+o.unknown
}

func (m Metrics) at(eval func(graph.Dim) (int64, bool)) numbers {
	num := func(d graph.Dim) int64 { v, _ := eval(d); return v }
	return numbers{num(m.MACs), num(m.Elementwise), num(m.Read), num(m.Written), int64(m.Operators), int64(m.Unknown)}
}

// TestModelMetrics holds, on every model at random dims: a module's metrics are the sums over the operators that
// stand in it or below, and the expressions of an analysis that assumes nothing agree with the numbers at bound dims.
func TestModelMetrics(t *testing.T) {
	eachModel(t, func(t *testing.T, g *graph.Graph) {
		symbolic := mustRun(t, g, Options{Symbolic: true})
		expressions := symbolic.ModuleMetrics()
		byPath := map[string]Metrics{}
		symbolic.Tree.Root.Walk(func(m *graph.Module) { byPath[m.Path] = expressions[m] })
		random := rand.New(rand.NewPCG(1, uint64(len(g.Nodes))))
		for range 3 {
			give := dims{}
			for _, name := range Declared(g) {
				if !strings.Contains(name, "total") { // follows from the others
					give[name] = 2 + random.Int64N(60)
				}
			}
			bound := mustRun(t, g, Options{Dims: give})
			if len(bound.Warnings) > len(symbolic.Warnings) {
				t.Errorf("%v: warnings %q", give, bound.Warnings)
			}
			sums := map[*graph.Module]*numbers{}
			bound.Tree.Root.Walk(func(m *graph.Module) { sums[m] = &numbers{} })
			for _, n := range g.Nodes {
				for m := bound.Tree.Of[n.ID]; m != nil; m = m.Parent {
					sums[m].add(bound.NodeMetrics(n).at(bound.Eval))
				}
			}
			for m, metrics := range bound.ModuleMetrics() {
				got := metrics.at(bound.Eval)
				if got != *sums[m] {
					t.Errorf("%v: %q: %v, but its operators %v", give, m.Path, got, *sums[m])
				}
				if want := byPath[m.Path].at(bound.Eval); got != want { // the bound dims, in the expressions
					t.Errorf("%v: %q: bound %v, symbolic %v", give, m.Path, got, want)
				}
			}
		}
	})
}
