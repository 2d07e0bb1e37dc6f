package scope_test

import (
	"path/filepath"
	"testing"

	"github.com/irene-onnx/irene/graph/scope"
	"github.com/irene-onnx/irene/onnx"
)

func BenchmarkResolve(b *testing.B) {
	for _, name := range []string{"bert-base", "bert-2layers-functions", "gpt2", "qwen3-8b-decode"} {
		file := filepath.Join(modelDir(), name+".onnx.gz")
		b.Run(name, func(b *testing.B) {
			g, err := onnx.Decode(file, onnx.Options{})
			if err != nil {
				b.Skip(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				scope.Resolve(g, scope.Options{})
			}
		})
	}
}
