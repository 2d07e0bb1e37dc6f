package model

import (
	"slices"
	"testing"

	"github.com/irene-onnx/irene/energy/irene"
)

func TestSpread(t *testing.T) {
	trees := published(t)
	grouped := slices.Clone(trees)
	order := map[string]int{}
	for _, n := range []string{"roberta-base", "gpt2", "distilbert-base-uncased", "openai-gpt", "distilgpt2", "bert-base-uncased"} {
		order[n] = len(order)
	}
	slices.SortStableFunc(grouped, func(a, b *irene.Tree) int { return order[a.Model] - order[b.Model] })
	for name, ts := range map[string][]*irene.Tree{"given": trees, "grouped": grouped} {
		for _, s := range []Strategy{EndToEnd, Stepwise} {
			var module, model []float64
			var mean Means
			for seed := range uint64(40) {
				r, err := CrossValidate(ts, Options{Strategy: s, Seed: seed})
				if err != nil {
					t.Fatal(err)
				}
				mean = r.Mean
				module, model = append(module, r.Mean.Module), append(model, r.Mean.Model)
			}
			slices.Sort(model)
			slices.Sort(module)
			t.Log(name, s, mean.ML, mean.MLNoParam, "module", module[0], module[20], module[39], "model", model[0], model[4], model[20], model[35], model[39])
		}
	}
}
