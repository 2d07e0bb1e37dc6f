package scope

import (
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// tensorflow reads the names that tf2onnx and Keras leave: "StatefulPartitionedCall/bert/encoder/layer_._0/query/MatMul__17",
// scopes without a leading slash, the operator last. Calls of tf.function name nothing, and Tensordot and einsum open a
// scope of their own within the layer.
func (r *resolver) tensorflow(n *graph.Node) *graph.Scope {
	name := n.Name
	if i := strings.IndexByte(name, ';'); i >= 0 {
		name = name[:i] // fused by TFLite: the first name stands for all
	}
	name = undecorate(name)
	if len(name) > maxName || strings.IndexByte(name, '/') <= 0 || strings.ContainsAny(name, " :") {
		return nil
	}
	at := r.space.root
	for {
		part, rest, more := strings.Cut(name, "/")
		if !more {
			return at
		}
		name = rest
		switch {
		case part == "" || strings.HasSuffix(part, "PartitionedCall"):
		case part == "Tensordot" || part == "BiasAdd" || part == "einsum":
		default:
			at = r.space.call(at, joinPath(at.Module, part), 0)
		}
	}
}
