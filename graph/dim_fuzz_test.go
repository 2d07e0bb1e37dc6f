package graph_test

import (
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/internal/bounded"
	"github.com/irene-onnx/irene/internal/onnxtest"
)

// FuzzParseDim: what a text says is known, prints as text that is known, and none of it takes long.
func FuzzParseDim(f *testing.F) {
	for _, s := range []string{"past_sequence + 1", "((a//b)) % 3 ** 2", "ceil(a/2)", "max(a, b, c)", "int((h*w)**0.5)", "0.25*a - 1.5"} {
		f.Add(s)
	}
	for _, s := range onnxtest.HostileDims() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		bounded.Run(t, "parsing", func() {
			d := graph.ParseDim(s)
			if got := graph.ParseDim(d.String()); !d.IsUnknown() && got.IsUnknown() {
				t.Errorf("%.100q prints as %.100q, which reads as unknown", s, d)
			}
			_, _ = d.LaTeX(), d.Symbols()
			d.Positive()
			for range d.Sub(graph.Symbol("z")).Roots() {
				break
			}
			d.Subst(func(string) (graph.Dim, bool) { return graph.Symbol("a").AddInt(1), true })
		})
	})
}
