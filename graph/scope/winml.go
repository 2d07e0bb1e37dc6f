package scope

import (
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// winml reads "winml.hierarchy.tag" = "/Root/Blk.0/Linear.query", which winml-cli leaves: one segment a module, its class
// with its name after a dot, the root first. Where a segment has no name, or a number for one, the class goes with it.
func (r *resolver) winml(n *graph.Node) *graph.Scope {
	tag, ok := strings.CutPrefix(graph.Meta(n.Metadata, "winml.hierarchy.tag"), "/")
	if !ok || tag == "" || len(tag) > maxName {
		return nil
	}
	at := r.space.root
	first := true
	for part := range strings.SplitSeq(tag, "/") {
		class, name, named := strings.Cut(part, ".")
		if class == "" {
			return nil
		}
		if !named || isDigits(name) {
			name = part
		}
		if !first {
			at = r.space.call(at, joinPath(at.Module, name), 0)
		}
		r.noteClass(at.Module, class)
		first = false
	}
	return at
}
