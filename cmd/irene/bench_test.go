package main

import (
	"testing"

	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/onnx"
	"github.com/irene-onnx/irene/onnx/onnxtest"
)

// BenchmarkAnalyze takes a model from its bytes to everything that a report says, with the dims left symbols: decoding,
// shapes, costs, module tree and the sums of every module.
func BenchmarkAnalyze(b *testing.B) {
	for _, name := range []string{"bert-base", "gpt2", "openai-gpt", "deberta-v2-small", "llama-3.1-8b-decode"} {
		b.Run(name, func(b *testing.B) {
			model := onnxtest.Gunzip(b, "models", name+".onnx.gz")
			b.ReportAllocs()
			for b.Loop() {
				g, err := onnx.DecodeBytes(model, name, "", onnx.Options{})
				if err != nil {
					b.Fatal(err)
				}
				a, err := analysis.Run(g, analysis.Options{Symbolic: true})
				if err != nil {
					b.Fatal(err)
				}
				a.ModuleMetrics()
			}
		})
	}
}
