package ops_test

import (
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
)

func BenchmarkInfer(b *testing.B) {
	g := decode(b, "bert-base")
	for _, mode := range []struct {
		name string
		dims map[string]graph.Dim
	}{{"symbolic", nil}, {"bound", map[string]graph.Dim{"batch": graph.Const(2), "sequence": graph.Const(32)}}} {
		b.Run(mode.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ops.Count(g, ops.Infer(g, ops.Options{Dims: mode.dims}))
			}
		})
	}
}
