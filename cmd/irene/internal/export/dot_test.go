package export_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/graph/formats/dot"
	"gonum.org/v1/gonum/graph/formats/dot/ast"

	"github.com/irene-onnx/irene/cmd/irene/internal/export"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/cmd/irene/internal/report/reporttest"
	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

func exported(tb testing.TB, r *report.Report, format string) []byte {
	tb.Helper()
	return reporttest.Write(tb, export.Formats(), r, format)
}

func reportOf(tb testing.TB, parts ...onnxtest.Part) *report.Report {
	tb.Helper()
	g, err := onnx.DecodeBytes(onnxtest.Model(parts...).Bytes(), "m.onnx", "", onnx.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return reporttest.Build(tb, g, false)
}

// drawing is what a DOT text says: labels by node, titles of clusters by theirs, edges in order, depth of the deepest cluster.
type drawing struct {
	labels map[string]string
	titles map[string]string
	edges  []string
	deep   int
}

// parse reads DOT with gonum's parser, and with Graphviz's own where it is installed.
func parse(tb testing.TB, text []byte) *drawing {
	tb.Helper()
	file, err := dot.ParseBytes(text)
	if err != nil {
		tb.Fatalf("%v\n%.2000s", err, text)
	}
	graphviz(tb, text, "-Tcanon", "-q")
	d := &drawing{labels: map[string]string{}, titles: map[string]string{}}
	if len(file.Graphs) != 1 || file.Graphs[0].Strict {
		tb.Fatalf("%d graphs; a strict one loses edges", len(file.Graphs))
	}
	d.walk(file.Graphs[0].Stmts, 0)
	return d
}

// graphviz runs dot where it is on the PATH, with as little work as its flags leave.
func graphviz(tb testing.TB, text []byte, flags ...string) {
	tb.Helper()
	program, err := exec.LookPath("dot")
	if err != nil {
		return
	}
	if flags[0] == "-Tcanon" { // dot lays out whatever its output; nop reads and writes alone
		if program, err = exec.LookPath("nop"); err != nil {
			return
		}
		flags = nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, flags...)
	cmd.Stdin = bytes.NewReader(text)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	if err := cmd.Run(); err != nil || complaints.Len() > 0 {
		tb.Errorf("%s %v: %v: %.500s", program, flags, err, complaints.String())
	}
}

func (d *drawing) walk(list []ast.Stmt, level int) {
	d.deep = max(d.deep, level)
	for _, s := range list {
		switch s := s.(type) {
		case *ast.NodeStmt:
			for _, a := range s.Attrs {
				switch {
				case a.Key != "label":
				case strings.HasPrefix(s.Node.ID, "t"):
					d.titles[s.Node.ID] = a.Val
				default:
					d.labels[s.Node.ID] = a.Val
				}
			}
		case *ast.EdgeStmt:
			if from := s.From.(*ast.Node).ID; !strings.HasPrefix(from, "t") { // which holds a title above a box
				d.edges = append(d.edges, from+" "+s.To.Vertex.(*ast.Node).ID)
			}
		case *ast.Subgraph:
			d.walk(s.Stmts, level+1)
		}
	}
}

// operators counts the boxes of operators.
func (d *drawing) operators() int {
	n := 0
	for id := range d.labels {
		if strings.HasPrefix(id, "n") {
			n++
		}
	}
	return n
}

// TestDOTParallel: both arrows of a square are there.
func TestDOTParallel(t *testing.T) {
	r := reportOf(t, onnxtest.Opset("", 17), onnxtest.In("x", graph.Float32, 2, 3),
		onnxtest.Node("Relu", "x", "h"), onnxtest.Node("Mul", "h h", "y"), onnxtest.Out("y", graph.Float32, 2, 3))
	r.View.Depth = 9
	d := parse(t, exported(t, r, "dot"))
	if got, want := strings.Join(d.edges, ", "), "v0 n0, n0 n1, n0 n1, n1 v2"; got != want {
		t.Errorf("edges %s, want %s", got, want)
	}
	if !regexp.MustCompile(`^"Mul\\n\[2, 3\]\\n[0-9.]+ .?J  [0-9.]+ %"$`).MatchString(d.labels["n1"]) {
		t.Errorf("label %s", d.labels["n1"])
	}
}

// TestDOTNames: whatever a name holds, the text stays DOT.
func TestDOTNames(t *testing.T) {
	name := "a\"b\\c\nd&lt;e\x01{|}<b>é"
	r := reportOf(t, onnxtest.Opset("", 17), onnxtest.GraphName(name), onnxtest.In("x", graph.Float32, "batch"),
		onnxtest.Node("Relu", "x", "h", onnxtest.Name("/"+name+"/Relu")), onnxtest.Node("Neg", "h", "h2", onnxtest.Name("/"+name+"/"+name)),
		onnxtest.Node("Odd", "h2", "y", onnxtest.Domain(name)), onnxtest.Out("y", graph.Float32, "batch"))
	for depth := -1; depth < 4; depth++ {
		r.View.Depth = depth
		text := exported(t, r, "dot")
		parse(t, text)
		graphviz(t, text, "-Tplain")
	}
}

// TestDOTBranches: a branch stands in the place of its If.
func TestDOTBranches(t *testing.T) {
	branch := func(name string) onnxtest.Subgraph {
		return onnxtest.Graph(name, onnxtest.Node("Relu", "x", name), onnxtest.Out(name, graph.Float32, 2))
	}
	r := reportOf(t, onnxtest.Opset("", 17), onnxtest.In("x", graph.Float32, 2), onnxtest.In("c", graph.Bool),
		onnxtest.Node("If", "c", "y", onnxtest.Attr("then_branch", branch("p")), onnxtest.Attr("else_branch", branch("q"))),
		onnxtest.Out("y", graph.Float32, 2))
	r.View.Depth = 9
	d := parse(t, exported(t, r, "dot"))
	if got, want := strings.Join(d.edges, ", "), "v0 n0, n0 v2"; got != want {
		t.Errorf("edges %s, want %s", got, want)
	}
}

// stack is a network of that many equal layers with two operators each.
func stack(tb testing.TB, layers int) *report.Report {
	tb.Helper()
	parts := []onnxtest.Part{onnxtest.Opset("", 17), onnxtest.In("x", graph.Float32, "batch", 8), onnxtest.Weight("w", graph.Float32, 8, 8)}
	in := "x"
	for i := range layers {
		scope := fmt.Sprintf("/encoder/layer.%d", i)
		parts = append(parts,
			onnxtest.Node("MatMul", in+" w", scope+"/dense/h", onnxtest.Name(scope+"/dense/MatMul")),
			onnxtest.Node("Add", scope+"/dense/h "+in, scope+"/y", onnxtest.Name(scope+"/Add")))
		in = scope + "/y"
	}
	return reportOf(tb, append(parts, onnxtest.Node("Relu", in, "y", onnxtest.Name("/Relu")), onnxtest.Out("y", graph.Float32, "batch", 8))...)
}

func TestDOTDepth(t *testing.T) {
	r := stack(t, 3)
	for _, tt := range []struct{ depth, boxes, operators, edges, deep int }{
		{0, 3, 0, 2, 0}, // x → model → y
		{1, 4, 1, 3, 0}, // x → encoder → Relu → y
		{2, 6, 1, 5, 1}, // x → three layers → Relu → y
		{3, 9, 4, 11, 2},
		{4, 9, 7, 11, 3},
	} {
		r.View.Depth = tt.depth
		d := parse(t, exported(t, r, "dot"))
		if len(d.labels) != tt.boxes || d.operators() != tt.operators || len(d.edges) != tt.edges || d.deep != tt.deep || (len(d.titles) > 0) != (tt.deep > 0) {
			t.Errorf("depth %d: %d boxes, %d of them operators, %d edges, clusters to level %d; want %v", tt.depth, len(d.labels), d.operators(), len(d.edges), d.deep, tt)
		}
	}
}

func TestDOTFocus(t *testing.T) {
	r := stack(t, 9)
	r.View.Depth = 9
	r.View.Focus = r.Find("encoder.layer.4")[0]
	for _, tt := range []struct{ radius, operators, modules int }{{0, 2, 0}, {1, 2, 2}, {2, 2, 4}, {99, 3, 8}} {
		r.View.Radius = tt.radius
		d := parse(t, exported(t, r, "dot"))
		ends := strings.Count(strings.Join(d.edges, " "), "v")
		if modules := len(d.labels) - d.operators() - ends; d.operators() != tt.operators || modules != tt.modules {
			t.Errorf("radius %d: %d operators and %d modules, want %d and %d", tt.radius, d.operators(), modules, tt.operators, tt.modules)
		}
	}
}

// TestDOTLarge: ten thousand operators are drawn and read; a page of them is laid out at once.
func TestDOTLarge(t *testing.T) {
	r := stack(t, 5000)
	r.View.Depth = 9
	began := time.Now()
	text := exported(t, r, "dot")
	took := time.Since(began)
	d := parse(t, text)
	if d.operators() != 10001 || len(d.edges) != 15002 {
		t.Errorf("%d operators, %d edges", d.operators(), len(d.edges))
	}
	t.Logf("%d bytes in %v", len(text), took)
	if took > 10*time.Second {
		t.Errorf("writing took %v", took)
	}
}

// TestDOTModels: Graphviz reads every model in full, and lays out the default picture in a few seconds; no input or output of
// the graph stands there without an arrow.
func TestDOTModels(t *testing.T) {
	for _, name := range fixtures.EveryModel(t) {
		t.Run(name, func(t *testing.T) {
			g := reporttest.Fixture(t, name)
			for _, symbolic := range []bool{false, true} {
				r := reporttest.Build(t, g, symbolic)
				text := exported(t, r, "dot")
				d := parse(t, text)
				for id, label := range d.labels {
					if id[0] == 'v' && !slices.ContainsFunc(d.edges, func(e string) bool { return slices.Contains(strings.Fields(e), id) }) {
						t.Errorf("no arrow at %s", label)
					}
				}
				began := time.Now()
				graphviz(t, text, "-Tsvg")
				if took := time.Since(began); took > 5*time.Second || len(d.labels) > 150 {
					t.Errorf("%d boxes, laid out in %v", len(d.labels), took)
				}
				r.View.Depth = 99
				d = parse(t, exported(t, r, "dot"))
				for i := range r.Operators {
					if op := &r.Operators[i]; d.labels[fmt.Sprintf("n%d", i)] == "" && (op.Metrics.Energy > 0 || !stored(op.Node)) {
						t.Errorf("no box for %s", op.Node.Label())
					}
				}
			}
		})
	}
}

// stored reports whether a node computes from what the file stores alone.
func stored(n *graph.Node) bool {
	for _, v := range n.Inputs {
		if v != nil && v.Init == nil && (v.Producer == nil || !stored(v.Producer)) {
			return false
		}
	}
	return len(n.Bodies()) == 0
}

// TestDOTConstants: what follows from stored tensors stands as a note with each operator that reads it, in its module, and
// draws no edge between modules.
func TestDOTConstants(t *testing.T) {
	r := reportOf(
		t, onnxtest.Opset("", 17), onnxtest.In("x", graph.Float32, 2, 3), onnxtest.Weight("w", graph.Float32, 4, 3),
		onnxtest.Node("Constant", "", "two", onnxtest.Attr("value_float", 2.0), onnxtest.Name("/a/Constant")),
		onnxtest.Node("Mul", "x two", "h", onnxtest.Name("/a/Mul")),
		onnxtest.Node("Transpose", "w", "wt", onnxtest.Attr("perm", []int64{1, 0}), onnxtest.Name("/a/Transpose")),
		onnxtest.Node("MatMul", "h wt", "g", onnxtest.Name("/b/MatMul")),
		onnxtest.Node("Mul", "g two", "k", onnxtest.Name("/b/Mul")),
		onnxtest.Node("Constant", "", "z", onnxtest.Attr("value_float", 1.0), onnxtest.Name("/b/Constant")),
		onnxtest.Node("Identity", "k", "y", onnxtest.Name("/b/Identity")),
		onnxtest.Out("y", graph.Float32, 2, 4), onnxtest.Out("z", graph.Float32))
	for _, tt := range []struct {
		depth int
		edges string
	}{
		{1, "v0 m1, m1 m2, m2 v7, m2 v8"}, // x → a → b → y; z comes from b
		{9, "v0 n1, n1 n3, n3 n4, n4 n6, c1 n1, c3 n3, c4 n4, n6 v7, n5 v8"},
	} {
		r.View.Depth = tt.depth
		d := parse(t, exported(t, r, "dot"))
		ends := regexp.MustCompile(`v[0-9]+`)
		if got, want := ends.ReplaceAllString(strings.Join(d.edges, ", "), "v"), ends.ReplaceAllString(tt.edges, "v"); got != want {
			t.Errorf("depth %d: edges %s, want %s", tt.depth, got, want)
		}
		if tt.depth == 9 && (d.labels["c1"] != `"Constant []"` || d.labels["c3"] != `"Transpose [3, 4]"`) {
			t.Errorf("notes %s, %s", d.labels["c1"], d.labels["c3"])
		}
	}
	r.View.Depth = -1
	if d := parse(t, exported(t, r, "dot")); strings.Contains(fmt.Sprint(d.labels), "Constant") {
		t.Errorf("a picture of what costs shows constants: %v", d.labels)
	}
}

// TestDOTBundles: of many inputs, those that go to one box are one where they are of one type.
func TestDOTBundles(t *testing.T) {
	parts := []onnxtest.Part{onnxtest.Opset("", 17), onnxtest.In("h0", graph.Float32, 1, 3), onnxtest.In("mask", graph.Float32, 3)}
	for i := range 8 {
		past := fmt.Sprintf("past.%d", i)
		parts = append(parts, onnxtest.In(past, graph.Float32, 2, 3),
			onnxtest.Node("Add", fmt.Sprintf("h%d %s", i, past), fmt.Sprintf("h%d", i+1), onnxtest.Name(fmt.Sprintf("/layer/Add_%d", i))))
	}
	r := reportOf(t, append(parts, onnxtest.Node("Mul", "h8 mask", "y", onnxtest.Name("/layer/Mul")), onnxtest.Out("y", graph.Float32, 2, 3))...)
	r.View.Depth = 1
	var ends []string
	for id, label := range parse(t, exported(t, r, "dot")).labels {
		if strings.HasPrefix(id, "v") {
			ends = append(ends, label)
		}
	}
	slices.Sort(ends)
	if got, want := strings.Join(ends, " "), `"h0\n[1, 3]" "mask\n[3]" "past.0\nand 7 more" "y\n[2, 3]"`; got != want {
		t.Errorf("inputs and outputs %s, want %s", got, want)
	}
}

// TestDOTTitles: no edge leads across the title of a cluster, and every title lies in it, where Graphviz is there to say.
func TestDOTTitles(t *testing.T) {
	program, err := exec.LookPath("dot")
	if err != nil {
		t.Skip("needs Graphviz")
	}
	for _, name := range fixtures.EveryModel(t) {
		t.Run(name, func(t *testing.T) {
			r := reporttest.Build(t, reporttest.Fixture(t, name), false)
			for _, depth := range []int{-1, 1, 2, 3} {
				r.View.Depth = depth
				text := exported(t, r, "dot")
				if strings.Count(string(text), " -> ") > 1000 {
					continue // Graphviz takes minutes
				}
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				cmd := exec.CommandContext(ctx, program, "-Tplain")
				cmd.Stdin = bytes.NewReader(text)
				plain, err := cmd.Output()
				if err != nil {
					t.Fatal(err)
				}
				if crossed := crossedTitles(t, string(plain)); crossed != nil {
					t.Errorf("depth %d: edges across the titles %v", depth, crossed)
				}
			}
		})
	}
}

// crossedTitles reads Graphviz's plain text: boxes by their centre and size, edges as Bézier curves.
func crossedTitles(t *testing.T, plain string) []string {
	t.Helper()
	type rectangle struct{ x, y, width, height float64 }
	titles := map[string]rectangle{}
	var crossed []string
	for line := range strings.Lines(plain) {
		words := strings.Fields(line)
		switch {
		case words[0] == "node" && words[1][0] == 't':
			v := numbers(t, words[2:6])
			titles[words[1]] = rectangle{v[0], v[1], v[2], v[3]}
		case words[0] == "edge" && words[1][0] == 't': // which holds a title above a box, and is not seen
		case words[0] == "edge":
			n, err := strconv.Atoi(words[3])
			if err != nil {
				t.Fatal(err)
			}
			curve := numbers(t, words[4:4+2*n])
			for name, b := range titles {
				if crosses(curve, func(x, y float64) bool { return math.Abs(x-b.x) < b.width/2 && math.Abs(y-b.y) < b.height/2 }) {
					crossed = append(crossed, name+" by "+words[1]+" "+words[2])
				}
			}
		}
	}
	return crossed
}

func numbers(t *testing.T, words []string) []float64 {
	t.Helper()
	var out []float64
	for _, w := range words {
		v, err := strconv.ParseFloat(w, 64)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// crosses follows a chain of cubic curves, which share ends.
func crosses(c []float64, inside func(x, y float64) bool) bool {
	at := func(k int, s float64) float64 {
		r := 1 - s
		return r*r*r*c[k] + 3*r*r*s*c[k+2] + 3*r*s*s*c[k+4] + s*s*s*c[k+6]
	}
	for k := 0; k+7 < len(c); k += 6 {
		for s := 0.0; s <= 1; s += 1.0 / 64 {
			if inside(at(k, s), at(k+1, s)) {
				return true
			}
		}
	}
	return false
}
