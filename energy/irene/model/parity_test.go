package model

import (
	"os"
	"testing"
	"time"

	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/onnx/onnxtest"
)

func published(tb testing.TB) []*irene.Tree {
	tb.Helper()
	file := onnxtest.Shared(tb, "irene", "irene_device_1.jsonl.gz")
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

func TestExplore(t *testing.T) {
	trees := published(t)
	for _, s := range Strategies() {
		for seed := range uint64(5) {
			start := time.Now()
			r, err := CrossValidate(trees, Options{Strategy: s, Seed: seed})
			if err != nil {
				t.Fatal(err)
			}
			t.Log(s, seed, time.Since(start), r.Mean)
			if seed == 0 {
				for _, f := range r.Folds {
					t.Logf("%30s ml %.4f np %.4f module %.4f model %.4f", f.Model, f.Errors.ML.MAPE, f.Errors.MLNoParam.MAPE, f.Errors.Module.MAPE, f.Errors.Model.MAPE)
				}
			}
		}
	}
}
