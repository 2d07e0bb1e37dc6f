package irene

import (
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// Scopes finds the modules and operators of a graph's tree by the scopes of published trees.
type Scopes struct {
	modules map[string]*graph.Module
}

// NewScopes indexes a module tree.
func NewScopes(t *graph.Tree) *Scopes {
	s := &Scopes{modules: map[string]*graph.Module{}}
	t.Root.Walk(func(m *graph.Module) {
		for _, key := range []string{full(m.Path), WithoutLists(m.Path)} {
			if _, taken := s.modules[key]; !taken {
				s.modules[key] = m
			}
		}
	})
	return s
}

// Find returns the module of a scope, or the one operator of an "ml-np" scope (the k-th MatMul or Softmax that sits
// directly in its module). Both are nil where the tree has no such place.
func (s *Scopes) Find(n *Node) (*graph.Module, *graph.Node) {
	if n.Type != TypeMLNoParam {
		return s.modules[n.Scope], nil
	}
	i := strings.LastIndexByte(n.Scope, '.')
	if i < 0 {
		return nil, nil
	}
	m := s.modules[n.Scope[:i]]
	if m == nil {
		return nil, nil
	}
	kind, ordinal := n.Scope[i+1:], 0
	if j := strings.LastIndexByte(kind, '_'); j >= 0 {
		if k, err := strconv.Atoi(kind[j+1:]); err == nil {
			kind, ordinal = kind[:j], k
		}
	}
	op := map[string]string{"matmul": "MatMul", "softmax": "Softmax"}[kind]
	for _, node := range m.Nodes {
		if node.Op != op {
			continue
		}
		if ordinal == 0 {
			return nil, node
		}
		ordinal--
	}
	return nil, nil
}

func full(path string) string {
	if path == "" {
		return "root"
	}
	return "root." + path
}

// WithoutLists is the scope of a module path without the names of module lists: encoder.layer.0 becomes
// root.encoder.0.
func WithoutLists(path string) string {
	if path == "" {
		return "root"
	}
	parts := strings.Split(path, ".")
	out := []string{"root"}
	for i, p := range parts {
		if !digits(p) && i+1 < len(parts) && digits(parts[i+1]) {
			continue
		}
		out = append(out, p)
	}
	return strings.Join(out, ".")
}

func digits(s string) bool {
	_, err := strconv.ParseUint(s, 10, 32)
	return err == nil
}
