package scope_test

import (
	"testing"

	"github.com/irene-onnx/irene/graph/scope"
)

func BenchmarkResolve(b *testing.B) {
	for _, name := range []string{"bert-base", "bert-2layers-functions", "gpt2", "qwen3-8b-decode"} {
		b.Run(name, func(b *testing.B) {
			g := decode(b, name)
			b.ReportAllocs()
			for b.Loop() {
				scope.Resolve(g, scope.Options{})
			}
		})
	}
}
