package worklist

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

// point is a fixture at fixed sizes, as the file has it or, where a result is named, as ONNX Runtime had rewritten it.
func point(t *testing.T, name string, dims map[string]int64, profile, result string) *Point {
	t.Helper()
	g, err := onnx.DecodeBytes(fixtures.Model(t, name), name, "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rt := Runtime{Profile: profile, Dir: t.TempDir()}
	if result != "" {
		rt.Optimize = func(_ context.Context, model, to string) error {
			if _, err := onnx.Decode(model, onnx.Options{}); err != nil {
				t.Errorf("what is to be optimized: %v", err)
			}
			return os.WriteFile(to, unzipped(t, result), 0o600)
		}
	}
	p, err := NewPoint(context.Background(), &Model{name, g}, analysis.Options{Dims: dims}, rt)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func unzipped(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if b, err = io.ReadAll(z); err != nil {
		t.Fatal(err)
	}
	return b
}

var (
	small = map[string]int64{"batch": 2, "sequence": 16}
	all   = []energy.Level{energy.LevelOperator, energy.LevelModule, energy.LevelModel}
)

// What ONNX Runtime 1.27.0 made of BERT at level extended stands in the modules of the file: the fused operators by what
// they replaced, those that it put in by their neighbours.
func TestPlace(t *testing.T) {
	p := point(t, "bert-base", small, "ort-extended", "testdata/bert-base-extended-2x16.onnx.gz")
	count := map[string]map[string]int{} // operators by module of layer 0
	for _, n := range p.Analysis.Graph.Nodes {
		m := p.Analysis.Tree.Of[n.ID]
		if rest, ok := strings.CutPrefix(m.Path, "encoder.layer.0."); ok {
			if count[rest] == nil {
				count[rest] = map[string]int{}
			}
			count[rest][n.Kind()]++
		}
	}
	for module, want := range map[string]map[string]int{
		"intermediate.dense":               {"Gemm": 1},
		"intermediate.intermediate_act_fn": {"com.microsoft:Gelu": 1},
		"attention.output.LayerNorm":       {"com.microsoft:SkipLayerNormalization": 1},
		"output.LayerNorm":                 {"com.microsoft:SkipLayerNormalization": 1},
	} {
		got := maps.Clone(count[module])
		delete(got, "Reshape") // around a Gemm, which takes matrices
		if !maps.Equal(got, want) {
			t.Errorf("%s holds %v, want %v", module, count[module], want)
		}
	}
	if n := count["attention.self"]["com.microsoft:FusedMatMul"] + count["attention.self"]["MatMul"]; n != 2 {
		t.Errorf("attention has %d products, want those of the scores and of the values: %v", n, count["attention.self"])
	}
	for _, n := range p.Analysis.Graph.Nodes { // the pooler's Gemm was fused with the Tanh of its activation
		if m := p.Analysis.Tree.Of[n.ID]; n.Kind() == "com.microsoft:FusedGemm" && m.Path != "pooler.dense" {
			t.Errorf("FusedGemm stands in %q, want where its weight is", m.Path)
		}
	}
}

// A BERT has few operators that differ: its twelve layers are equal, and so are the projections within one.
func TestDistinct(t *testing.T) {
	p := point(t, "bert-base", small, "ort-extended", "testdata/bert-base-extended-2x16.onnx.gz")
	tasks := Tasks([]*Point{p}, Options{Levels: all})
	levels, macs := map[energy.Level]int{}, int64(0)
	var gemms []int64
	for _, task := range tasks {
		r := &task.Record
		levels[r.Level]++
		if err := validWork(r); err != nil {
			t.Errorf("%s %s: %v", r.Op, r.Path, err)
		}
		if r.Level == energy.LevelModel {
			for _, w := range r.Work {
				macs += w.Count * w.MACs
			}
		}
		if r.Level == energy.LevelOperator && r.Class == "gemm" {
			gemms = append(gemms, r.Work[0].MACs)
		}
	}
	if levels[energy.LevelOperator] < 15 || levels[energy.LevelOperator] > 25 || levels[energy.LevelModel] != 1 {
		t.Errorf("%v, want about 20 operators and one model", levels)
	}
	// 32 tokens: each layer has four products with 768×768, two with 768×3072; scores and values of 12 heads take
	// 2·12·2·16·16·64 a layer, the pooler 2·768·768.
	want := int64(12*(32*(4*768*768+2*768*3072)+2*2*12*16*16*64) + 2*768*768)
	if macs != want {
		t.Errorf("%d multiply-accumulates in the model's work, want %d", macs, want)
	}
	slices.Sort(gemms)
	if !slices.Equal(gemms, []int64{2 * 768 * 768, 32 * 768 * 768, 32 * 768 * 3072, 32 * 768 * 3072}) {
		t.Errorf("products with a weight of %v multiply-accumulates", gemms)
	}
}

func validWork(r *energy.Record) error {
	one := energy.Seconds(1)
	c := *r
	c.Method, c.Device.ID, c.Time = energy.MethodCounter, "x", &one
	return c.Check()
}

// Two models that share operators measure them once, and each as a whole; sizes differ.
func TestShared(t *testing.T) {
	a := point(t, "bert-base", small, "none", "")
	b := point(t, "distilbert-base", map[string]int64{"batch": 2, "sequence": 16}, "none", "")
	c := point(t, "bert-base", map[string]int64{"batch": 4, "sequence": 16}, "none", "")
	count := func(points ...*Point) map[energy.Level]int {
		n := map[energy.Level]int{}
		for _, task := range Tasks(points, Options{Levels: all}) {
			n[task.Record.Level]++
		}
		return n
	}
	one, both, twice := count(a), count(a, b), count(a, c)
	alone := count(b)
	if both[energy.LevelModel] != 2 || twice[energy.LevelModel] != 2 {
		t.Errorf("%d and %d whole models, want 2", both[energy.LevelModel], twice[energy.LevelModel])
	}
	if shared := one[energy.LevelOperator] + alone[energy.LevelOperator] - both[energy.LevelOperator]; shared < 15 {
		t.Errorf("BERT and DistilBERT share %d operators, want most", shared)
	}
	if again := count(a, a); !maps.Equal(again, one) {
		t.Errorf("the same point twice gives %v, once %v", again, one)
	}
	if twice[energy.LevelOperator] < 2*one[energy.LevelOperator]-12 {
		t.Errorf("two batch sizes give %d operators, one %d: only weights and tables are of one size", twice[energy.LevelOperator], one[energy.LevelOperator])
	}
}

// Gains rank all tasks: the first few hold a whole model, a large product and an operator that only moves bytes.
func TestRank(t *testing.T) {
	p := point(t, "bert-base", small, "none", "")
	tasks := Tasks([]*Point{p}, Options{Levels: all, InContext: 3})
	gains := map[float64]bool{}
	var first []string
	anchors, within := 0, 0
	for _, task := range tasks {
		if task.Anchor {
			anchors++
		}
		if task.Record.Context == energy.ContextModel {
			within++
			if task.Base == nil || task.Times < 1 {
				t.Errorf("%s in its model: no base, or %d times", task.Record.Op, task.Times)
			}
			continue
		}
		gains[task.Gain] = true
		if task.Gain > float64(len(tasks)-within)-8 {
			first = append(first, string(task.Record.Level)+" "+task.Record.Class)
		}
	}
	if len(gains) != len(tasks)-within || within != 3 || anchors != 3 {
		t.Errorf("%d gains of %d tasks, %d within their model, %d anchors", len(gains), len(tasks), within, anchors)
	}
	for _, want := range []string{"model ", "operator gemm"} {
		if !slices.Contains(first, want) {
			t.Errorf("the first are %q, want %q among them", first, want)
		}
	}
}

// Operands of a copy are not in the cache when its turn comes again, as far as the bounds allow.
func TestCopies(t *testing.T) {
	p := point(t, "bert-base", small, "none", "")
	dev, err := energy.LookupDevice("a100-pcie-40gb") // 40 MiB of cache
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range Tasks([]*Point{p}, Options{Levels: all, Device: dev}) {
		r := &task.Record
		if r.Level != energy.LevelOperator || r.Op != "MatMul" || r.Work[0].MACs != 32*768*3072 {
			continue
		}
		w, err := task.Workload()
		if err != nil {
			t.Fatal(err)
		}
		// 768×3072 weights and 32 rows of both sizes take 9.9 MB: nine of them fill two caches of 40 MiB. One takes
		// 2·32·768·3072 FLOP at 19.5 TFLOP/s, 7.74 µs: 65 would make 500 µs, but 128 MiB are 14 of them.
		if w.Copies != 14 || r.Buffers != "rotated" {
			t.Errorf("%d copies, buffers %s: want 14, rotated", w.Copies, r.Buffers)
		}
		if len(w.Model) < 14*768*3072*4 {
			t.Errorf("the model has %d bytes: fourteen weights take more", len(w.Model))
		}
	}
}

func TestGrid(t *testing.T) {
	got := Grid([]string{"batch", "sequence"}, [][]int64{{1, 8}, {32, 64}})
	want := []map[string]int64{{"batch": 1, "sequence": 32}, {"batch": 1, "sequence": 64}, {"batch": 8, "sequence": 32}, {"batch": 8, "sequence": 64}}
	if !slices.EqualFunc(got, want, maps.Equal[map[string]int64]) {
		t.Errorf("got %v, want %v", got, want)
	}
	if none := Grid(nil, nil); len(none) != 1 || len(none[0]) != 0 {
		t.Errorf("no dims give %v, want one point that binds none", none)
	}
}

// A merged decoder is one If whose branches hold the layers. The branch that stands for it is measured like any other part.
func TestBranches(t *testing.T) {
	branch := func(name, w string) onnxtest.Subgraph {
		return onnxtest.Graph(name,
			onnxtest.Weight(w, graph.Float32, 8, 8),
			onnxtest.Node("MatMul", "x "+w, name+".y", onnxtest.Name("/layer/fc/MatMul")),
			onnxtest.Node("Relu", name+".y", name+".z", onnxtest.Name("/layer/act/Relu")),
			onnxtest.Out(name+".z", graph.Float32, 4, 8))
	}
	g, err := onnx.DecodeBytes(onnxtest.Model(
		onnxtest.Producer("pytorch"), onnxtest.Opset("", 17),
		onnxtest.In("cached", graph.Bool), onnxtest.In("x", graph.Float32, 4, 8),
		onnxtest.Node("If", "cached", "out", onnxtest.Name("optimum::if"),
			onnxtest.Attr("then_branch", branch("yes", "v")), onnxtest.Attr("else_branch", branch("no", "w"))),
		onnxtest.Node("Sigmoid", "out", "a", onnxtest.Name("/head/act/Sigmoid")),
		onnxtest.Node("Neg", "a", "b", onnxtest.Name("/head/Neg")),
		onnxtest.Out("b", graph.Float32, 4, 8),
	).Bytes(), "merged", "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPoint(context.Background(), &Model{"merged", g}, analysis.Options{}, Runtime{Profile: "none"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, task := range Tasks([]*Point{p}, Options{Levels: all}) {
		got = append(got, string(task.Record.Level)+" "+task.Record.Path+" "+task.Record.Op)
		if _, err := task.Workload(); err != nil {
			t.Errorf("%s: %v", got[len(got)-1], err)
		}
	}
	slices.Sort(got)
	want := []string{"model  ", "module head ", "module layer ", "operator head Neg", "operator head.act Sigmoid", "operator layer.act Relu", "operator layer.fc MatMul"}
	if !slices.Equal(got, want) {
		t.Errorf("measured are %q, want %q", got, want)
	}
}
