package predict

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

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
