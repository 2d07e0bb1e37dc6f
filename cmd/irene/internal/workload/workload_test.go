package workload

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/onnx"
	"github.com/irene-onnx/irene/profiler"
)

// analyzed is a fixture at the dims given.
func analyzed(t *testing.T, name string, dims map[string]int64) *analysis.Analysis {
	t.Helper()
	g, err := onnx.DecodeBytes(fixtures.Model(t, name), name, "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := analysis.Run(g, analysis.Options{Dims: dims})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// short is batch 2 and sequence 16.
var short = map[string]int64{"batch": 2, "sequence": 16}

// layer is the operators of BERT's third layer.
func layer(a *analysis.Analysis) Part {
	p := Part{Analysis: a, Name: "layer"}
	for _, n := range a.Graph.Main.Nodes {
		if strings.Contains(n.Name, "/layer.3/") && n.Op != "Constant" {
			p.Nodes = append(p.Nodes, n)
		}
	}
	return p
}

// node finds an operator by the end of its name.
func node(t *testing.T, a *analysis.Analysis, suffix string) *graph.Node {
	t.Helper()
	for _, n := range a.Graph.Nodes {
		if strings.HasSuffix(n.Name, suffix) {
			return n
		}
	}
	t.Fatalf("no node %s", suffix)
	return nil
}

// decoded reads a workload's model and checks it.
func decoded(t *testing.T, w profiler.Workload) *graph.Graph {
	t.Helper()
	var g *graph.Graph
	var err error
	if w.Path != "" {
		g, err = onnx.Decode(w.Path, onnx.Options{})
	} else {
		g, err = onnx.DecodeBytes(w.Model, w.Name, "", onnx.Options{})
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := graph.CheckValid(g); err != nil {
		t.Fatal(err)
	}
	var open []string
	for _, v := range g.Main.Inputs {
		if v.Init == nil {
			open = append(open, v.Name)
		}
	}
	var given []string
	for _, in := range w.Inputs {
		given = append(given, in.Name)
	}
	if !slices.Equal(open, given) {
		t.Errorf("the model has the inputs %q, the workload gives %q", open, given)
	}
	for _, v := range g.Values {
		if v.Init != nil && v.Init.Len() > 0 && v.Init.Raw == nil && v.Init.External == nil && v.Init.Ints == nil && v.Init.Floats == nil {
			t.Errorf("tensor %q has no elements", v.Name)
		}
	}
	return g
}

// A query projection of BERT reads batch × sequence × 768 and a weight of 768 × 768; three copies of it share nothing.
func TestCopies(t *testing.T) {
	a := analyzed(t, "bert-base", short)
	n := node(t, a, "layer.3/attention/self/query/MatMul")
	w, err := Build(Part{a, []*graph.Node{n}, "query"}, Options{Copies: 3, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	g := decoded(t, w)
	if len(g.Main.Nodes) != 3 || len(g.Main.Inits) != 3 || len(g.Main.Outputs) != 3 || w.Copies != 3 {
		t.Fatalf("%d nodes, %d weights, %d outputs, %d copies: want three of each", len(g.Main.Nodes), len(g.Main.Inits), len(g.Main.Outputs), w.Copies)
	}
	for i, in := range w.Inputs {
		if !slices.Equal(in.Dims, []int64{2, 16, 768}) || in.DType != graph.Float32 {
			t.Errorf("input %d: %v %v, want 2×16×768 float32", i, in.DType, in.Dims)
		}
	}
	var weights [][]byte
	for _, v := range g.Main.Inits {
		if len(v.Init.Raw) != 768*768*4 {
			t.Fatalf("weight %q has %d bytes, want 768·768·4", v.Name, len(v.Init.Raw))
		}
		weights = append(weights, v.Init.Raw)
	}
	if slices.Equal(weights[0], weights[1]) || slices.Equal(weights[1], weights[2]) {
		t.Error("copies have the same weights")
	}
	if mean, std := moments(weights[0]); math.Abs(mean) > 0.001 || std < 0.019 || std > 0.021 {
		t.Errorf("weights about %.4f by %.4f, want 0 by %v", mean, std, weightScale)
	}
	again, err := Build(Part{a, []*graph.Node{n}, "query"}, Options{Copies: 3, Seed: 7})
	if err != nil || !slices.Equal(again.Model, w.Model) {
		t.Errorf("the same part and seed make another model (error %v)", err)
	}
}

func moments(raw []byte) (mean, std float64) {
	n := len(raw) / 4
	for i := range n {
		mean += float64(math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))) / float64(n)
	}
	for i := range n {
		d := float64(math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))) - mean
		std += d * d / float64(n)
	}
	return mean, math.Sqrt(std)
}

// Token ids are below the vocabulary of 30522, token types below 2, and the mask masks nothing.
func TestWholeModel(t *testing.T) {
	a := analyzed(t, "bert-base", short)
	path, err := Hollow(Part{a, a.Graph.Main.Nodes, "bert"}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	decoded(t, profiler.Workload{Path: path, Inputs: []profiler.Input{{Name: "input_ids"}, {Name: "token_type_ids"}, {Name: "attention_mask"}}})
	stat, err := os.Stat(filepath.Join(filepath.Dir(path), weightsFile))
	if err != nil {
		t.Fatal(err)
	}
	params := a.Params.Module(a.Tree.Root)
	if size := stat.Size(); size < 4*params*99/100 || size > 4*params*102/100 {
		t.Errorf("the weights take %d bytes, want about 4 for each of %d parameters", size, params)
	}
	w, err := Build(Part{a, a.Graph.Main.Nodes, "bert"}, Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	g := decoded(t, w)
	want := map[string]span{"input_ids": {0, 30522}, "token_type_ids": {0, 2}, "attention_mask": {1, 2}}
	for _, in := range w.Inputs {
		if got := (span{in.Low, in.High}); got != want[in.Name] {
			t.Errorf("%s from %v, want %v", in.Name, got, want[in.Name])
		}
		if !slices.Equal(in.Dims, []int64{2, 16}) {
			t.Errorf("%s is %v, want 2×16", in.Name, in.Dims)
		}
	}
	for _, v := range g.Main.Inputs {
		for _, d := range v.Type.Shape {
			if _, ok := d.Const(); !ok {
				t.Errorf("%s is declared %v: sizes are to be fixed", v.Name, v.Type.Shape)
			}
		}
	}
}

// An operator repeated in its model reads what it reads there, and has weights of its own.
func TestRepeat(t *testing.T) {
	a := analyzed(t, "bert-base", short)
	n := node(t, a, "layer.3/attention/self/query/MatMul")
	plain, err := Build(layer(a), Options{})
	if err != nil {
		t.Fatal(err)
	}
	more, err := Build(layer(a), Options{Repeat: n, Times: 4})
	if err != nil {
		t.Fatal(err)
	}
	p, m := decoded(t, plain), decoded(t, more)
	if got := len(m.Main.Nodes) - len(p.Main.Nodes); got != 4 {
		t.Errorf("%d nodes more, want 4", got)
	}
	if got := len(m.Main.Inits) - len(p.Main.Inits); got != 4 {
		t.Errorf("%d weights more, want 4", got)
	}
	if got := len(m.Main.Outputs) - len(p.Main.Outputs); got != 4 {
		t.Errorf("%d outputs more, want 4: nothing else keeps the copies alive", got)
	}
	if len(plain.Inputs) != len(more.Inputs) {
		t.Errorf("%d inputs, want the %d of the model", len(more.Inputs), len(plain.Inputs))
	}
	readers := 0
	for _, v := range m.Values {
		if v.Name == n.Input(0).Name {
			readers = len(v.Consumers)
		}
	}
	if want := len(n.Input(0).Consumers) + 4; readers != want {
		t.Errorf("%d read the input of the repeated operator, want %d", readers, want)
	}
}

// Every operator of every fixture can be built, alone and twice, but those whose inputs have sizes that only data decide.
func TestEveryOperator(t *testing.T) {
	for _, name := range fixtures.Models() {
		a := analyzed(t, name, nil)
		seen := map[string]bool{}
		for _, n := range a.Graph.Main.Nodes {
			s := analysis.Signature(a, n)
			if seen[s] || n.Op == "Constant" || a.Costs[n.ID].Free {
				continue
			}
			seen[s] = true
			if storedSize(n) > 1<<24 { // slow, and no other way than smaller ones
				continue
			}
			w, err := Build(Part{a, []*graph.Node{n}, n.Label()}, Options{Copies: 2})
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			decoded(t, w)
		}
	}
}

func storedSize(n *graph.Node) (size int64) {
	for _, v := range n.Inputs {
		if v != nil && v.Init != nil {
			size += v.Init.DType.Size(v.Init.Len())
		}
	}
	return size
}

func TestBounds(t *testing.T) {
	r := newRandom(3)
	for _, c := range []struct {
		dtype graph.DType
		in    span
	}{{graph.Int64, span{5, 8}}, {graph.Int32, span{0, 1}}, {graph.Int64, span{1, 2}}} {
		raw := r.integers(c.dtype, 1000, c.in)
		tensor := graph.Tensor{DType: c.dtype, Dims: []int64{1000}, Raw: raw}
		got, err := tensor.Elements(1000)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Min(got) != c.in.low || slices.Max(got) != c.in.high-1 {
			t.Errorf("%v in %v: from %d to %d", c.dtype, c.in, slices.Min(got), slices.Max(got))
		}
	}
	positive := graph.Tensor{DType: graph.Float16, Dims: []int64{4096}, Raw: r.floats(graph.Float16, 4096, true)}
	reals, err := positive.Reals(4096)
	if err != nil || slices.Min(reals) < 0.5 || slices.Max(reals) > 1.5 {
		t.Errorf("positive numbers from %v to %v (error %v), want 0.5 to 1.5", slices.Min(reals), slices.Max(reals), err)
	}
	for _, b := range r.bytes(4096) { // an exponent and mantissa of ones is no number in either 8-bit type
		if b&0x78 == 0x78 || b&0x7c == 0x7c {
			t.Fatalf("byte %#x", b)
		}
	}
}
