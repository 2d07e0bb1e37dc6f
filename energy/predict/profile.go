package predict

import (
	"slices"

	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// ProfileOf is the runtime profile that a graph is predicted under.
func (t Target) ProfileOf(a *analysis.Analysis) string {
	if t.Options.Profile != "" {
		return t.Options.Profile
	}
	return profileOf(t.Coefficients, a)
}

// profileOf is the runtime profile that nobody chose: that of coefficients whose law or constants come of models that ran
// under it. Those of single operators have none: a file says it.
func profileOf(c *coefficients.Coefficients, a *analysis.Analysis) string {
	if !c.Overlaps() || len(c.Provenance.Models) > 0 {
		return c.Profile
	}
	return defaultProfile(a)
}

// defaultProfile is the runtime profile of what a file is: a server's for a decoder that keeps its cache in 16 bits or less,
// ONNX Runtime's for a file with its own operators, else eager.
func defaultProfile(a *analysis.Analysis) string {
	d, err := analysis.FindDecoder(a.Graph, analysis.DecoderNames{})
	served := err == nil && len(d.Caches) > 0 && !slices.ContainsFunc(d.Caches, func(v *graph.Value) bool {
		return a.Inference.Facts[v.ID].DType.Bits() > 16
	})
	switch {
	case served:
		return "vllm"
	case slices.ContainsFunc(a.Graph.Nodes, func(n *graph.Node) bool { return n.Domain == "com.microsoft" }):
		return "ort-extended"
	}
	return "eager"
}
