package onnx_test

import (
	"testing"

	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/onnx"
)

// TestConformanceModels decodes every model of the official node tests.
func TestConformanceModels(t *testing.T) {
	n := 0
	fixtures.Conformance(t, func(name string, model []byte, _ func(string) []byte) {
		n++
		g, err := onnx.DecodeBytes(model, name, "", onnx.Options{})
		if err != nil {
			t.Error(err)
			return
		}
		if err := graph.CheckValid(g); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(g.Main.Outputs) == 0 {
			t.Errorf("%s: no outputs", name)
		}
		for _, w := range g.Warnings {
			t.Errorf("%s: %s", name, w)
		}
	})
	if n < 1000 {
		t.Errorf("%d models: too few", n)
	}
}

// TestExportedModels decodes real exports. Every value whose shape ONNX Runtime computed must be there under its name.
func TestExportedModels(t *testing.T) {
	for _, name := range fixtures.EveryModel(t) {
		t.Run(name, func(t *testing.T) {
			g, err := onnx.DecodeBytes(fixtures.Model(t, name), name, "", onnx.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := graph.CheckValid(g); err != nil {
				t.Error(err)
			}
			for _, w := range g.Warnings {
				t.Errorf("warning: %s", w)
			}
			names := map[string]bool{}
			for _, v := range g.Values {
				names[v.Name] = true
			}
			for name := range fixtures.Answers(t, name).Shapes {
				if !names[name] {
					t.Errorf("no value %q", name)
				}
			}
		})
	}
}

// TestDeterministic decodes twice: names, order and warnings are the same.
func TestDeterministic(t *testing.T) {
	b := fixtures.Model(t, "bert-2layers-functions")
	var got [2]string
	for i := range got {
		g, err := onnx.DecodeBytes(b, "m", "", onnx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got[i] = edges(g) + valueNames(g.Values)
	}
	if got[0] != got[1] {
		t.Error("two runs differ")
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"bert-base", "bert-base-dynamo", "bert-2layers-functions", "qwen3-8b-decode"} {
		b.Run(name, func(b *testing.B) {
			model := fixtures.Model(b, name)
			b.SetBytes(int64(len(model)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := onnx.DecodeBytes(model, name, "", onnx.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
