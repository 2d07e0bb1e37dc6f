package fit

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/internal/predicttest"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// measuredModels are the published measurements' models among the shared ones, by family.
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
			models[name] = energytest.Shared(t, file)
		}
	}
	dev := energytest.Device(t, "gtx-1070")
	errs := map[string]map[string][]float64{}
	for _, family := range measuredModels {
		c, _, err := trainTrees(Trees{Trees: trees, Models: models, Exclude: slices.Sorted(maps.Keys(family)), Device: dev})
		if err != nil {
			t.Fatal(err)
		}
		for _, tree := range trees {
			if family[tree.Model] == "" {
				continue
			}
			a := energytest.Analyzed(t, models[tree.Model], map[string]int64{"batch": tree.Batch, "sequence": tree.Sequence})
			compareTree(t, a, predicttest.Predicted(t, a, c, dev), tree, errs)
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
func compareTree(t *testing.T, a *analysis.Analysis, r *predict.Result, tree *irene.Tree, errs map[string]map[string][]float64) {
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
		errs[n.Type][key] = append(errs[n.Type][key], energytest.Relative(float64(e), n.Energy))
	})
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}
