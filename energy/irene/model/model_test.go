package model

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy/irene"
)

// leaf is an operator; its features follow from its time.
func leaf(kind string, seconds, joules float64) *irene.Node {
	return &irene.Node{
		Scope: "root." + kind, Type: irene.TypeML, InstanceType: kind, Energy: joules, Time: seconds,
		FLOPs: 100 * seconds * seconds, GPUEnergy: 40 * seconds, CPU: 8 + seconds, Parameters: 7,
	}
}

// sum is a node over others.
func sum(kind string, joules float64, children ...*irene.Node) *irene.Node {
	n := &irene.Node{Scope: "root." + kind, Type: irene.TypeModule, InstanceType: kind, Energy: joules, Children: children}
	for _, c := range children {
		n.Time += c.Time
		n.FLOPs += c.FLOPs
		n.GPUEnergy += c.GPUEnergy * 1.1
	}
	n.CPU = 9 + n.Time*n.Time
	return n
}

// tree is a model of two equal layers, each with two equal operators and one other, and a head.
func tree(name string, batch int64, scale float64) *irene.Tree {
	layer := func() *irene.Node {
		return sum("Layer", 9*scale, leaf("Linear", scale, 2*scale), leaf("Linear", scale, 2*scale), leaf("matmul", 2*scale, 3*scale))
	}
	root := sum("Model", 25*scale, layer(), layer(), leaf("MatMul", 3*scale, 4.4*scale))
	root.Type = irene.TypeModel
	return &irene.Tree{Model: name, Batch: batch, Sequence: 16, Root: root}
}

func someTrees() []*irene.Tree {
	var trees []*irene.Tree
	for i, name := range []string{"a", "b", "c"} {
		for j := range 4 {
			trees = append(trees, tree(name, int64(1+j), 0.5+0.3*float64(j)+0.1*float64(i)))
		}
	}
	return trees
}

// TestPlan counts equal subtrees once.
func TestPlan(t *testing.T) {
	d, err := newDataset(featuresOf([]FeatureSet{ModelSpecs, ResourceUtilization}), []*irene.Tree{tree("a", 2, 1)})
	if err != nil {
		t.Fatal(err)
	}
	p := d.plans[0]
	var got []string
	for _, n := range p.nodes {
		got = append(got, fmt.Sprint(n.source.InstanceType, n.kind, n.count, n.children))
	}
	want := []string{
		"Linearlinear4 []", "matmulmatmul2 []", "Layer2 [{0 2} {1 1}]", "MatMulmatmul1 []", "Model1 [{2 2} {3 1}]",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("nodes %q\nwant  %q", got, want)
	}
	if want := []int32{4, 2, 0, 0, 1, 2, 0, 0, 1, 3}; !reflect.DeepEqual(p.walk, want) {
		t.Errorf("walk %v, want %v", p.walk, want)
	}
}

// TestTrainLearns recovers a known rule: every sum is 5 % more than its children.
func TestTrainLearns(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var trees []*irene.Tree
	for range 30 {
		var children []*irene.Node
		total := 0.0
		for range 3 {
			s := 0.5 + random.Float64()
			children, total = append(children, leaf("Linear", s, 2*s)), total+2*s
		}
		root := sum("Model", 1.05*total, children...)
		root.Type = irene.TypeModel
		trees = append(trees, &irene.Tree{Model: "m", Batch: 1, Sequence: 1, Root: root})
	}
	for _, strategy := range []Strategy{EndToEnd, Stepwise} {
		m, err := Train(trees, Options{Strategy: strategy, Epochs: 100, Degree: 1})
		if err != nil {
			t.Fatal(err)
		}
		var predictions [][]Prediction
		for _, tree := range trees {
			p, err := m.Predict(tree)
			if err != nil {
				t.Fatal(err)
			}
			predictions = append(predictions, p)
		}
		if e := Evaluate(predictions...); e.Model.MAPE > 0.01 || e.ML.MAPE > 1e-6 || e.ML.N != 90 || e.Module.N != 0 {
			t.Errorf("%s: %+v", strategy, e)
		}
	}
}

// TestDeterministic: the same seed gives the same results, another one others.
func TestDeterministic(t *testing.T) {
	results := map[string]Means{}
	for _, o := range []struct {
		name string
		opts Options
	}{{"one", Options{}}, {"again", Options{}}, {"other", Options{Seed: 1}}} {
		r, err := CrossValidate(someTrees(), o.opts)
		if err != nil {
			t.Fatal(err)
		}
		results[o.name] = r.Mean
	}
	same := results["one"].Model == results["again"].Model && results["one"].Module == results["again"].Module
	if !same || results["one"].Model == results["other"].Model {
		t.Errorf("%+v", results)
	}
}

func TestRefused(t *testing.T) {
	changed := func(change func(*irene.Tree)) []*irene.Tree {
		trees := someTrees()
		change(trees[1])
		return trees
	}
	for _, tt := range []struct {
		name  string
		trees []*irene.Tree
		opts  Options
		want  string
	}{
		{"no trees", nil, Options{}, "no trees to train on"},
		{"nil tree", []*irene.Tree{nil}, Options{}, "a tree: it has no nodes"},
		{"nil node", changed(func(t *irene.Tree) { t.Root.Children[1] = nil }), Options{}, "a, batch 2, sequence 16: a node is missing"},
		{"strategy", nil, Options{Strategy: "piecewise"}, `strategy "piecewise": it is one of end2end, stepwise, unstructured, none`},
		{"feature set", nil, Options{FeatureSets: []FeatureSet{"x"}}, `feature set "x": it is one of model_specs, resource_utilization`},
		{"degree", nil, Options{Degree: 4}, "degree 4: it is 1, 2 or 3"},
		{"tau", nil, Options{Tau: -1}, "tau -1: it is positive"},
		{"rate", nil, Options{LearningRate: math.NaN()}, "learning rate NaN: it is positive"},
		{"epochs", nil, Options{Epochs: -1}, "-1 epochs: there is one at least"},
		{"type", changed(func(t *irene.Tree) { t.Root.Type = "x" }), Options{}, `type "x" is none of model, module, ml and ml-np`},
		{"not finite", changed(func(t *irene.Tree) { t.Root.CPU = math.Inf(1) }), Options{}, "root.Model: cpu is +Inf"},
		{"negative", changed(func(t *irene.Tree) { t.Root.Energy = -1 }), Options{}, "root.Model: ground_truth_energy is -1"},
		{"unmeasured", changed(func(t *irene.Tree) { t.Root.Children[0].Energy = 0 }), Options{Strategy: Stepwise}, "root.Layer: no measured energy, which strategy stepwise needs"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Train(tt.trees, tt.opts); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	if _, err := CrossValidate(someTrees()[:4], Options{}); err == nil || !strings.Contains(err.Error(), "two models: here are 1") {
		t.Errorf("one model: %v", err)
	}
	m, err := Train(someTrees(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	odd := tree("a", 1, 1)
	odd.Root.Children[2].InstanceType = "Conv1D"
	var unknown *UnknownTypeError
	if _, err := m.Predict(odd); !errors.As(err, &unknown) || unknown.Type != "conv1d" || !reflect.DeepEqual(unknown.Known, []string{"linear", "matmul"}) {
		t.Errorf("unknown type: %v", err)
	}
}

// TestFile writes and reads a model of each strategy; the one read predicts the same.
func TestFile(t *testing.T) {
	for _, strategy := range Strategies() {
		m, err := Train(someTrees(), Options{Strategy: strategy, FeatureSets: []FeatureSet{ResourceUtilization}, Degree: 2})
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := m.Write(&b); err != nil {
			t.Fatal(err)
		}
		again, err := Read(&b, "m.json")
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(m.Options(), again.Options()) {
			t.Errorf("%s: options %+v, read %+v", strategy, m.Options(), again.Options())
		}
		at := tree("x", 3, 0.77)
		want, err := m.Predict(at)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := again.Predict(at); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v, want %v", strategy, got, err, want)
		}
	}
}
