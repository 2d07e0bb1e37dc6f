package model

import (
	"math"
	"os"
	"testing"

	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/energy/stats"
	"github.com/irene-onnx/irene/fixtures"
)

// published reads the published trees of device 1.
func published(tb testing.TB) []*irene.Tree {
	tb.Helper()
	file := fixtures.Corpus(tb, "irene", "irene_device_1.jsonl.gz")
	r, err := os.Open(file)
	if err != nil {
		tb.Fatal(err)
	}
	defer r.Close()
	trees, err := irene.Read(r, file)
	if err != nil {
		tb.Fatal(err)
	}
	return trees
}

// TestParity holds the errors, each model left out in turn, against those of the released code in per cent: the mean over
// the models, and over ten seeds. The module errors of stepwise and none are this package's own.
func TestParity(t *testing.T) {
	trees := published(t)
	for _, tt := range []struct {
		strategy                        Strategy
		ml, module, low, high, min, max float64 // low, high: mean model error; min, max: that of any one seed
	}{
		{EndToEnd, 0.70, 10.1, 4.9, 7.6, 3, 10},
		{Stepwise, 0.70, 11.1, 13.5, 15.5, 11, 18},
		{None, 0.70, 18.2, 17.4, 18.0, 17.4, 18.0},
	} {
		t.Run(string(tt.strategy), func(t *testing.T) {
			var ml, module, models []float64
			for seed := range uint64(10) {
				r, err := CrossValidate(trees, Options{Strategy: tt.strategy, Seed: seed})
				if err != nil {
					t.Fatal(err)
				}
				ml, module, models = append(ml, 100*r.Mean.ML), append(module, 100*r.Mean.Module), append(models, 100*r.Mean.Model)
			}
			if e := stats.Mean(ml); math.Abs(e-tt.ml) > 0.1 {
				t.Errorf("operators: %.2f %%, want %.2f ± 0.1", e, tt.ml)
			}
			if e := stats.Mean(module); math.Abs(e-tt.module) > 0.5 {
				t.Errorf("modules: %.2f %%, want %.2f ± 0.5", e, tt.module)
			}
			if e := stats.Mean(models); e < tt.low || e > tt.high {
				t.Errorf("models: %.2f %%, want %.1f to %.1f", e, tt.low, tt.high)
			}
			if low, high := stats.Quantile(models, 0), stats.Quantile(models, 1); low < tt.min || high > tt.max {
				t.Errorf("models: %.2f to %.2f %%, want %.1f to %.1f", low, high, tt.min, tt.max)
			}
			t.Logf("operators %.2f, modules %.2f, models %.2f (%.2f to %.2f) %%", stats.Mean(ml), stats.Mean(module),
				stats.Mean(models), stats.Quantile(models, 0), stats.Quantile(models, 1))
		})
	}
}

// TestParityByModel holds each left-out model against the table in the README of the released code, in per cent. Module
// errors hardly depend on the seed.
func TestParityByModel(t *testing.T) {
	want := map[string][2]float64{ // operators, modules
		"roberta-base":            {0.71, 5.49},
		"gpt2":                    {0.63, 14.92},
		"distilbert-base-uncased": {0.60, 6.04},
		"openai-gpt":              {0.92, 14.01},
		"distilgpt2":              {0.64, 14.78},
		"bert-base-uncased":       {0.70, 5.45},
	}
	r, err := CrossValidate(published(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Folds) != len(want) {
		t.Errorf("%d models, want %d", len(r.Folds), len(want))
	}
	for _, f := range r.Folds {
		ml, module := 100*f.Errors.ML.MAPE, 100*f.Errors.Module.MAPE
		if w := want[f.Model]; math.Abs(ml-w[0]) > 0.05 || math.Abs(module-w[1]) > 0.5 {
			t.Errorf("%s: operators %.2f, modules %.2f %%, want %.2f and %.2f", f.Model, ml, module, w[0], w[1])
		}
	}
}

// TestFoldIsTrain holds a fold of a cross-validation, of trees prepared together, against training without the model.
func TestFoldIsTrain(t *testing.T) {
	trees := published(t)
	opts := Options{Seed: 3, Epochs: 1}
	report, err := CrossValidate(trees, opts)
	if err != nil {
		t.Fatal(err)
	}
	left := report.Folds[0]
	var rest []*irene.Tree
	for _, tree := range trees {
		if tree.Model != left.Model {
			rest = append(rest, tree)
		}
	}
	m, err := Train(rest, opts)
	if err != nil {
		t.Fatal(err)
	}
	for i, tree := range left.Trees {
		got, err := m.Predict(tree)
		if err != nil {
			t.Fatal(err)
		}
		for j, p := range got {
			want := left.Predictions[i][j]
			if p.Node != want.Node || math.Abs(float64(p.Energy/want.Energy)-1) > 1e-7 {
				t.Fatalf("%s: %s: %v, in the cross-validation %v", tree.Model, p.Node.Scope, p.Energy, want.Energy)
			}
		}
	}
}

func BenchmarkCrossValidate(b *testing.B) {
	trees := published(b)
	for _, s := range Strategies() {
		b.Run(string(s), func(b *testing.B) {
			for b.Loop() {
				if _, err := CrossValidate(trees, Options{Strategy: s}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPredict(b *testing.B) {
	trees := published(b)
	m, err := Train(trees, Options{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := m.Predict(trees[0]); err != nil {
			b.Fatal(err)
		}
	}
}
