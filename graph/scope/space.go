package scope

import (
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// space interns the scopes of one graph: one pointer per call instance.
type space struct {
	root     *graph.Scope
	byPath   map[string]*graph.Scope
	byModule map[string]*graph.Scope // canonical path → its first call
	inner    map[*graph.Scope]bool   // scopes with scopes below them
}

func newSpace() *space {
	root := &graph.Scope{}
	return &space{
		root:     root,
		byPath:   map[string]*graph.Scope{"": root},
		byModule: map[string]*graph.Scope{"": root},
		inner:    map[*graph.Scope]bool{},
	}
}

// call returns the k-th call of a module made within parent, k counting from 0. Where another module already has that
// path the next free number is taken.
func (s *space) call(parent *graph.Scope, module string, k int) *graph.Scope {
	if module == parent.Module && k == 0 {
		return parent
	}
	base := joinPath(parent.Path, relative(parent.Module, module))
	for ; ; k++ {
		path := base
		if k > 0 {
			path += "_" + strconv.Itoa(k)
		}
		old := s.byPath[path]
		if old == nil {
			return s.add(&graph.Scope{Parent: parent, Path: path, Module: module})
		}
		if old.Parent == parent && old.Module == module {
			return old
		}
	}
}

func (s *space) add(sc *graph.Scope) *graph.Scope {
	s.byPath[sc.Path] = sc
	if s.byModule[sc.Module] == nil {
		s.byModule[sc.Module] = sc
	}
	s.inner[sc.Parent] = true
	return sc
}

// module returns the first call of a canonical path, making it and the ancestors its segments imply where it is unknown.
func (s *space) module(path string) *graph.Scope {
	if sc := s.byModule[path]; sc != nil {
		return sc
	}
	up := parentPath(path)
	return s.call(s.module(up), path, 0)
}

// depth is the number of ancestors.
func depth(s *graph.Scope) int {
	d := 0
	for s.Parent != nil {
		s, d = s.Parent, d+1
	}
	return d
}

// common is the innermost scope that holds both; nil stands for "nothing known".
func common(a, b *graph.Scope) *graph.Scope {
	if a == nil {
		return b
	}
	if b == nil || a == b {
		return a
	}
	da, db := depth(a), depth(b)
	for ; da > db; da-- {
		a = a.Parent
	}
	for ; db > da; db-- {
		b = b.Parent
	}
	for a != b {
		a, b = a.Parent, b.Parent
	}
	return a
}

// relative is a canonical path as seen from its parent: "layer.0" of "encoder.layer.0" in "encoder". A module that lives
// elsewhere (T5 calls "shared" in its encoder) goes by its last segment.
func relative(parent, module string) string {
	if parent == "" {
		return module
	}
	if rest, ok := strings.CutPrefix(module, parent); ok && rest != "" && rest[0] == '.' {
		return rest[1:]
	}
	return lastSegment(module)
}

func joinPath(parent, rest string) string {
	if parent == "" {
		return rest
	}
	if rest == "" {
		return parent
	}
	return parent + "." + rest
}
