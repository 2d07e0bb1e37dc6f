package scope

import (
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// torchscript reads node names "/encoder/layer.0/attention/self/query/MatMul_1": modules, then the kind of operator.
// torch ≥ 1.13 writes them (torch/csrc/jit/passes/onnx/naming.cpp), onnxruntime-genai's model builder and other tools follow.
// Where a tool dropped a node's name, the names of its outputs may have survived: "<node>_output_0", "<node>/output_0".
//
// A segment is a module's name as seen from its last atom that is no number ("layer.0"), so containers that are not called
// do not show, and the n-th call of a module has "_n" after the last segment alone: the segments before it never say which
// call they are. calls.go puts these calls together and finds canonical paths.
func (r *resolver) torchscript() {
	t := &callTree{r: r, byRaw: map[string]*rawScope{}}
	of := make([]*rawScope, len(r.g.Nodes))
	source := make([]string, len(r.g.Nodes))
	genai := r.g.Producer == genaiProducer
	for _, n := range r.g.Nodes {
		if r.places[n.ID].Scope != nil {
			continue
		}
		raw, from := rawOf(n, r.opts.Source)
		if from == "" {
			continue
		}
		if genai {
			raw = rawPath(genaiPath(strings.ReplaceAll(raw, "/", ".")))
		}
		of[n.ID], source[n.ID] = t.note(raw, n), from
	}
	if len(t.raws) == 0 {
		return
	}
	t.build()
	for _, n := range r.g.Nodes {
		if raw := of[n.ID]; raw != nil {
			r.set(n, raw.call.scope, source[n.ID])
		}
	}
}

// rawOf returns the scope that a node's name carries, else that an output's name carries, and which of them did.
func rawOf(n *graph.Node, only string) (raw, source string) {
	if only != OutputName {
		if raw, ok := nodeScope(n.Name); ok {
			return raw, NodeName
		}
	}
	if only == NodeName || spans(n) && only != OutputName {
		return "", ""
	}
	for _, o := range n.Outputs {
		if o == nil {
			continue
		}
		if raw, ok := tensorScope(localName(o)); ok {
			return raw, OutputName
		}
	}
	return "", ""
}

// nodeScope is the scope in a node's name: "a/b.0" of "/a/b.0/MatMul", "" of "/MatMul" (the root).
func nodeScope(name string) (string, bool) {
	if len(name) > maxName {
		return "", false
	}
	name = undecorate(name)
	if len(name) < 2 || name[0] != '/' {
		return "", false
	}
	i := strings.LastIndexByte(name, '/')
	if i == 0 {
		return "", true
	}
	return cleanScope(name[1:i]), true
}

// undecorate takes off what ONNX Runtime's optimisers and quantisers put around a name: "fused /a/Gemm",
// "InsertedCast_/a/MatMul", "/a/MatMul/MatMulScaleFusion/", "/a/Add_token_12".
func undecorate(name string) string {
	if i := strings.IndexByte(name, '/'); i > 0 && (name[i-1] == ' ' || name[i-1] == '_') {
		name = name[i:]
	}
	for {
		name = strings.TrimRight(name, "/")
		i := strings.LastIndexByte(name, '/')
		last := name[i+1:]
		if base, _, ok := cutNumber(last); ok {
			last = strings.TrimSuffix(base, "_token")
		}
		if i <= 0 || !strings.HasSuffix(last, "Fusion") {
			return name
		}
		name = name[:i]
	}
}

// cleanScope drops empty segments.
func cleanScope(raw string) string {
	for strings.Contains(raw, "//") {
		raw = strings.ReplaceAll(raw, "//", "/")
	}
	return raw
}

// tensorScope is the scope in the name of a node's output.
func tensorScope(name string) (string, bool) {
	if len(name) < 2 || name[0] != '/' {
		return "", false
	}
	i := strings.LastIndexByte(name, '/')
	if number, ok := strings.CutPrefix(name[i+1:], "output_"); ok && isDigits(number) && i > 0 {
		name = name[:i]
	}
	return nodeScope(name)
}
