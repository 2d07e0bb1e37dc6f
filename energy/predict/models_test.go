package predict

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/onnx"
)

// graphOf decodes one of the models that tests share.
func graphOf(t testing.TB, name string) *graph.Graph {
	t.Helper()
	g, err := onnx.DecodeBytes(fixtures.Model(t, name), name, "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestModels holds, on every model, measured and scaled to another device: every operator is predicted, nothing
// with work in it is free, subtrees are exactly the sums of their parts, and intervals hold their values.
func TestModels(t *testing.T) {
	c := embedded(t)
	for _, name := range fixtures.EveryModel(t) {
		t.Run(name, func(t *testing.T) {
			a := analyzed(t, graphOf(t, name), nil)
			for _, id := range []string{c.Device, "h200"} {
				r := predicted(t, a, c, device(t, id))
				checkWork(t, a, r)
				checkSums(t, a, r)
				checkIntervals(t, a, r)
				if again := predicted(t, a, c, device(t, id)); !maps.Equal(again.Modules, r.Modules) || !slices.Equal(again.Nodes, r.Nodes) {
					t.Errorf("%s: other numbers the second time", id)
				}
			}
		})
	}
}

// fromData tells which values depend on the data of the graph's inputs, by Value.ID, and not on their sizes alone.
func fromData(g *graph.Graph) []bool {
	out := make([]bool, len(g.Values))
	for _, v := range g.Values {
		out[v.ID] = v.IsInput
	}
	for _, n := range g.Nodes {
		depends := len(n.Bodies()) > 0 || slices.ContainsFunc(n.Inputs, func(v *graph.Value) bool { return v != nil && out[v.ID] })
		for _, v := range n.Outputs {
			if v != nil {
				out[v.ID] = depends && n.Op != "Shape" && n.Op != "Size"
			}
		}
	}
	return out
}

// views are the operators that may move no data: those whose output is the input seen differently.
var views = []string{"Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Dropout", "Slice", "Split", "Expand", "Gather", "Cast", "If", "Loop", "Scan"}

// checkWork: what works on input data and is no view takes energy and time, on its own node or on its kernel's.
func checkWork(t *testing.T, a *analysis.Analysis, r *Result) {
	t.Helper()
	data := fromData(a.Graph)
	for _, n := range a.Graph.Nodes {
		if a.Tree.Of[n.ID] == nil {
			continue
		}
		p, macs := r.Nodes[n.ID], int64(0)
		macs, _ = a.Eval(a.Costs[n.ID].MACs)
		if !p.Known {
			t.Errorf("%s: %s is unknown", r.Device.ID, n.Label())
		}
		if p.Kernel != nil {
			if p.Energy != 0 || p.Time != 0 || r.Nodes[p.Kernel.ID].Kernel != nil {
				t.Errorf("%s: %s has numbers beside those of its kernel", r.Device.ID, n.Label())
			}
			p = r.Nodes[p.Kernel.ID]
		}
		if p.Energy > 0 && p.Time > 0 {
			continue
		}
		works := data[n.Outputs[0].ID] && !slices.Contains(views, n.Op) && !shapeOnly(n)
		if macs > 0 || works {
			t.Errorf("%s: %s (%s, class %s) takes %v in %v", r.Device.ID, n.Label(), n.Op, p.Class, p.Energy, p.Time)
		}
	}
}

// shapeOnly reports whether nothing but the shape of a node's output is read.
func shapeOnly(n *graph.Node) bool {
	v := n.Outputs[0]
	return !v.IsOutput && !slices.ContainsFunc(v.Consumers, func(u graph.Use) bool { return u.Node.Op != "Shape" && u.Node.Op != "Size" })
}

func checkSums(t *testing.T, a *analysis.Analysis, r *Result) {
	t.Helper()
	a.Tree.Root.Walk(func(m *graph.Module) {
		var sum Sum
		for _, n := range m.Nodes {
			p := r.Nodes[n.ID]
			sum.Energy, sum.Time = sum.Energy+p.Energy, sum.Time+p.Time
			if p.Scaled {
				sum.Scaled++
			}
			if p.Extrapolated {
				sum.Extrapolated++
			}
		}
		for _, c := range m.Children {
			s := r.Modules[c]
			sum.Energy, sum.Time, sum.Scaled, sum.Extrapolated = sum.Energy+s.Energy, sum.Time+s.Time, sum.Scaled+s.Scaled, sum.Extrapolated+s.Extrapolated
		}
		s := r.Modules[m]
		if s.Energy != sum.Energy || s.Time != sum.Time || s.Scaled != sum.Scaled || s.Extrapolated != sum.Extrapolated || s.Unknown != 0 {
			t.Errorf("%s: %q is %+v, its parts %+v", r.Device.ID, m.Path, s, sum)
		}
	})
}

func checkIntervals(t *testing.T, a *analysis.Analysis, r *Result) {
	t.Helper()
	for _, n := range a.Graph.Nodes {
		if p := r.Nodes[n.ID]; !(0 <= p.Low && p.Low <= p.Energy && p.Energy <= p.High) {
			t.Errorf("%s: %s: %v … %v around %v", r.Device.ID, n.Label(), p.Low, p.High, p.Energy)
		}
	}
	for m, s := range r.Modules {
		if !(0 <= s.Low && s.Low <= s.Energy && s.Energy <= s.High) || (s.Energy > 0 && s.Low == s.High) {
			t.Errorf("%s: %q: %v … %v around %v", r.Device.ID, m.Path, s.Low, s.High, s.Energy)
		}
	}
}

// TestRange: what was measured is not an extrapolation; eight times the tokens are, with a wider interval.
func TestRange(t *testing.T) {
	g, c := graphOf(t, "bert-base"), embedded(t)
	dev := device(t, c.Device)
	width := func(s Sum) energy.Joules { return (s.High - s.Low) / s.Energy }
	root := func(batch, sequence int64) Sum {
		a := analyzed(t, g, map[string]int64{"batch": batch, "sequence": sequence})
		return predicted(t, a, c, dev).Modules[a.Tree.Root]
	}
	for _, sequence := range []int64{32, 128, 256} {
		if s := root(8, sequence); s.Extrapolated > 0 || s.Scaled > 0 {
			t.Errorf("sequence %d: %d operators extrapolated, %d scaled", sequence, s.Extrapolated, s.Scaled)
		}
	}
	inside, outside := root(32, 256), root(128, 512)
	if outside.Extrapolated == 0 || !(width(outside) > width(inside)) {
		t.Errorf("batch 128, sequence 512: %d operators extrapolated, %v … %v", outside.Extrapolated, outside.Low, outside.High)
	}
}

// measuredModels are the published measurements' models, by family.
var measuredModels = [2]map[string]string{
	{"bert-base-uncased": "bert-base", "distilbert-base-uncased": "distilbert-base", "roberta-base": "roberta-base"},
	{"gpt2": "gpt2", "distilgpt2": "distilgpt2", "openai-gpt": "openai-gpt"},
}

// TestLeaveFamilyOut predicts the published measurements of each family of models from those of the other, and compares
// all measured nodes but the copies of attention's second product; equal layers share one measurement and count once.
func TestLeaveFamilyOut(t *testing.T) {
	trees, err := irene.Read(bytes.NewReader(fixtures.CorpusText(t, "irene", "irene_device_1.jsonl.gz")), "device 1")
	if err != nil {
		t.Fatal(err)
	}
	models := map[string]*graph.Graph{}
	for _, family := range measuredModels {
		for name, file := range family {
			models[name] = graphOf(t, file)
		}
	}
	dev := device(t, "gtx-1070")
	errs := map[string]map[string][]float64{}
	for _, family := range measuredModels {
		c, _, err := Train(TrainInput{Trees: trees, Models: models, Exclude: slices.Sorted(maps.Keys(family)), Device: dev})
		if err != nil {
			t.Fatal(err)
		}
		for _, tree := range trees {
			if family[tree.Model] == "" {
				continue
			}
			a := analyzed(t, models[tree.Model], map[string]int64{"batch": tree.Batch, "sequence": tree.Sequence})
			compareTree(t, a, predicted(t, a, c, dev), tree, errs)
		}
	}
	limits := map[string]float64{irene.TypeModel: 0.03, irene.TypeModule: 0.055}
	for _, kind := range slices.Sorted(maps.Keys(errs)) {
		sum := 0.0
		for _, same := range errs[kind] {
			sum += mean(same)
		}
		e := sum / float64(len(errs[kind]))
		t.Logf("%s: %.2f %% over %d measurements", kind, 100*e, len(errs[kind]))
		if limit, ok := limits[kind]; ok && !(e <= limit) {
			t.Errorf("%s: error %.2f %%, want at most %.2f %%", kind, 100*e, 100*limit)
		}
	}
	if len(errs) != 4 {
		t.Errorf("%d kinds of nodes, want 4", len(errs))
	}
}

// compareTree adds the relative errors of a tree's nodes, by type and by what tells measurements apart.
func compareTree(t *testing.T, a *analysis.Analysis, r *Result, tree *irene.Tree, errs map[string]map[string][]float64) {
	t.Helper()
	scopes := irene.NewScopes(a.Tree)
	tree.Root.Walk(func(n *irene.Node) {
		if n.Type == irene.TypeMLNoParam && n.Scope[len(n.Scope)-2:] == "_1" {
			return
		}
		module, op := scopes.Find(n)
		var e energy.Joules
		switch {
		case module != nil:
			e = r.Modules[module].Energy
		case op != nil:
			e = r.Nodes[op.ID].Energy
		default:
			t.Errorf("%s: %s is not in the tree", tree.Model, n.Scope)
			return
		}
		if errs[n.Type] == nil {
			errs[n.Type] = map[string][]float64{}
		}
		key := fmt.Sprint(tree.Batch, tree.Sequence, n.InstanceType, n.Energy)
		errs[n.Type][key] = append(errs[n.Type][key], relative(float64(e), n.Energy))
	})
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}
