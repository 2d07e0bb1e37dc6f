package model

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy/irene"
)

// TestFeatures holds the order of features, which model files rest on, and which field each is read from.
func TestFeatures(t *testing.T) {
	tr := &irene.Tree{Batch: 3, Sequence: 5}
	n := &irene.Node{
		Parameters: 1, FLOPs: 4, MemBytes: 6, CPU: 7, Mem: 8, GPU: 9, GPUMem: 10, GPUClock: 11, GPUMemClock: 12, Time: 13, GPUEnergy: 14,
	}
	want := map[string]float64{
		"num_parameters": 1, "input_size": 15, "batch_size": 3, "seq_len": 5, "flops": 4, "mem_bytes": 6, "cpu": 7, "mem": 8,
		"gpu": 9, "gpu_mem": 10, "gpu_clk": 11, "gpu_mem_clk": 12, "times_mean": 13, "gpu_energy_mean": 14,
	}
	for _, f := range allFeatures() {
		if f.value(tr, n) != want[f.name] {
			t.Errorf("%s: %v, want %v", f.name, f.value(tr, n), want[f.name])
		}
	}
	for _, tt := range []struct {
		sets []FeatureSet
		want string
	}{
		{nil, "num_parameters input_size batch_size seq_len flops mem_bytes cpu mem gpu gpu_mem gpu_clk gpu_mem_clk times_mean gpu_energy_mean"},
		{[]FeatureSet{ModelSpecs}, "num_parameters input_size batch_size seq_len flops mem_bytes"},
		{[]FeatureSet{ResourceUtilization}, "num_parameters input_size cpu mem gpu gpu_mem gpu_clk gpu_mem_clk times_mean gpu_energy_mean"},
	} {
		if got := strings.Join(Features(tt.sets...), " "); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.sets, got, tt.want)
		}
	}
}

func TestExpand(t *testing.T) {
	got := expand(nil, []float64{2, 3}, 3)
	if want := []float64{1, 2, 3, 4, 6, 9, 8, 12, 18, 27}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for _, tt := range []struct{ k, degree, want int }{{14, 3, 680}, {14, 2, 120}, {14, 1, 15}, {2, 3, 10}, {6, 3, 84}} {
		if got := products(tt.k, tt.degree); got != tt.want || len(expand(nil, make([]float64, tt.k), tt.degree)) != tt.want {
			t.Errorf("%d features, degree %d: %d products, want %d", tt.k, tt.degree, got, tt.want)
		}
	}
}

// TestScaler standardises by hand, a row that counts twice and a constant feature among them.
func TestScaler(t *testing.T) {
	s := fitScaler([][]float64{{1, 0.1}, {4, 0.1}, {100, 5}}, []float64{2, 1, 0}, 2)
	want := scaler{Mean: []float64{2, 0.1}, Inverse: []float64{1 / math.Sqrt(2), 0}}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("%v, want %v", s, want)
	}
	out := make([]float64, 2)
	if s.apply(out, []float64{4, 7}); out[0] != 2*s.Inverse[0] || out[1] != 0 {
		t.Errorf("applied: %v", out)
	}
}

// TestRegression fits a plane exactly although two features are one, and holds counts against repeated rows.
func TestRegression(t *testing.T) {
	rows := [][]float64{{1, 2, 5, 3}, {2, 4, 1, 3}, {3, 6, 2, 3}, {7, 14, 2, 3}}
	plane := func(x []float64) float64 { return 3*x[0] - 2*x[2] + 10 }
	var gold []float64
	for _, r := range rows {
		gold = append(gold, plane(r))
	}
	r, err := fitRegression(rows, gold, []float64{1, 3, 1, 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range append(rows, []float64{5, 10, -4, 3}) {
		if got := r.predict(x, make([]float64, 4)); math.Abs(got-plane(x)) > 1e-9 {
			t.Errorf("%v: %v, want %v", x, got, plane(x))
		}
	}
	if math.Abs(r.Coefficients[0]-r.Coefficients[1]) > 1e-9 || r.Coefficients[3] != 0 {
		t.Errorf("coefficients %v: equal features share alike, a constant one gets nothing", r.Coefficients)
	}

	noisy, repeated := [][]float64{{1}, {2}, {4}}, [][]float64{{1}, {2}, {2}, {4}}
	a, err := fitRegression(noisy, []float64{1, 5, 4}, []float64{1, 2, 1})
	if err != nil {
		t.Fatal(err)
	}
	b, err := fitRegression(repeated, []float64{1, 5, 5, 4}, []float64{1, 1, 1, 1})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(a.Coefficients[0]-b.Coefficients[0]) > 1e-12 || math.Abs(a.Intercept-b.Intercept) > 1e-12 {
		t.Errorf("counted %+v, repeated %+v", a, b)
	}
}

// TestEvaluate sums up by level; what is not measured does not count, a prediction of zero does.
func TestEvaluate(t *testing.T) {
	node := func(kind string, joules float64) *irene.Node { return &irene.Node{Type: kind, Energy: joules} }
	e := Evaluate([]Prediction{
		{Node: node(irene.TypeModel, 10), Energy: 12},
		{Node: node(irene.TypeModule, 4), Energy: 0},
		{Node: node(irene.TypeML, 2), Energy: 1},
		{Node: node(irene.TypeMLNoParam, 2), Energy: 2.2},
		{Node: node(irene.TypeML, 0), Energy: 1},
	})
	for _, tt := range []struct {
		name      string
		n, wantN  int
		got, want float64
	}{
		{"model", e.Model.N, 1, e.Model.MAPE, 0.2},
		{"module", e.Module.N, 1, e.Module.MAPE, 1},
		{"ml", e.ML.N, 2, e.ML.MAPE, 0.3},
		{"ml-np", e.MLNoParam.N, 1, e.MLNoParam.MAPE, 0.1},
	} {
		if tt.n != tt.wantN || math.Abs(tt.got-tt.want) > 1e-12 {
			t.Errorf("%s: %d nodes, error %v, want %d and %v", tt.name, tt.n, tt.got, tt.wantN, tt.want)
		}
	}
}

// TestWritePredictions holds a line against the published format: every field that was read, in place, and predicted_energy.
func TestWritePredictions(t *testing.T) {
	const line = `{"model_name":"m","batch_size":2,"seq_len":8,"frontend_tree":{"id":"m/root","scope":"root","parent_name":"",` +
		`"level":0,"instance_type":"M<x>","type":"model","num_parameters":3,"flops":1,"mem_bytes":2,"cpu":4,"mem":5,"gpu":6,` +
		`"gpu_mem":7,"gpu_clk":8,"gpu_mem_clk":9,"times_mean":10,"gpu_energy_mean":11,"child_nodes_obj":[{"id":"m/root.a",` +
		`"scope":"root.a","parent_name":"root","level":1,"instance_type":"Linear","type":"ml","num_parameters":3,` +
		`"ground_truth_energy":12.5,"flops":1,"mem_bytes":2,"cpu":4,"mem":5,"gpu":6,"gpu_mem":7,"gpu_clk":8,"gpu_mem_clk":9,` +
		`"times_mean":10,"gpu_energy_mean":11,"child_nodes_obj":[],"child_nodes":[]}],"child_nodes":["root.a"]}}`
	trees, err := irene.Read(strings.NewReader(line), "x.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	root := trees[0].Root
	predictions := []Prediction{{Node: root, Energy: 2.5}, {Node: root.Children[0], Energy: 1.25}}
	var out bytes.Buffer
	if err := WritePredictions(&out, trees[0], predictions); err != nil {
		t.Fatal(err)
	}
	if s := out.String(); strings.Count(s, "\n") != 1 || !strings.HasSuffix(s, "\n") || !strings.Contains(s, "M<x>") {
		t.Errorf("not one line: %q", s)
	}
	var got, want map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(line), &want); err != nil {
		t.Fatal(err)
	}
	top, _ := want["frontend_tree"].(map[string]any)
	top["predicted_energy"] = 2.5
	children, _ := top["child_nodes_obj"].([]any)
	child, _ := children[0].(map[string]any)
	child["predicted_energy"] = 1.25
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	for name, p := range map[string][]Prediction{"too few": predictions[:1], "too many": append(predictions, predictions[1]), "others": predictions[1:]} {
		if err := WritePredictions(&out, trees[0], p); err == nil || !strings.HasPrefix(err.Error(), "x.jsonl:1: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := WritePredictions(&out, &irene.Tree{Model: "m"}, nil); err == nil {
		t.Error("a tree without nodes is written")
	}
}

func TestReadRefused(t *testing.T) {
	m, err := Train(someTrees(), Options{Degree: 1})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, old, new, want string }{
		{"not JSON", "{", "x", "m.json: not a model of IrEne: "},
		{"format", "irene-model-1", "irene-model-9", `m.json: format "irene-model-9": not a model of IrEne`},
		{"strategy", `"end2end"`, `"x"`, `m.json: strategy "x"`},
		{"order", `"cpu"`, `"gpu"`, "m.json: features "},
		{"degree", `"degree": 1`, `"degree": 2`, "m.json: 15 weights: 14 features in products of at most 2 take 120"},
		{"leaves", `"coefficients": [`, `"coefficients": [1,`, "not a regression on 14 features"},
		{"nodes", "\"nodes\": {\n  \"mean\": [", "\"nodes\": {\n  \"mean\": [1,", "m.json: nodes: not a scaler of 14 features"},
	} {
		text := strings.Replace(b.String(), tt.old, tt.new, 1)
		if _, err := Read(strings.NewReader(text), "m.json"); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
}
