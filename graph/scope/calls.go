package scope

import (
	"slices"
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// A rawScope is a scope as names spell it: segments, and on the last of them perhaps the number of a call.
type rawScope struct {
	path   string
	first  int      // ID of its first node
	last   int      // ID of its last node
	owners []string // modules whose weights its nodes read
	call   *call
}

// callTree rebuilds the calls of modules from raw scopes.
type callTree struct {
	r      *resolver
	raws   []*rawScope // in order of appearance
	byRaw  map[string]*rawScope
	mods   map[string]*mod
	prefix map[string]bool // every raw scope and every prefix of one

	readers map[string]int // owner of weights → raw scopes that read them
}

// mod is a module by its place in the raw names; call is one call of it.
type mod struct {
	path  string
	seg   string
	up    *mod
	kids  []*mod
	calls []*call
}

type call struct {
	mod         *mod
	k           int
	first, last int
	up          *call
	owners      []string
	scope       *graph.Scope
}

// note records a node under its raw scope.
func (t *callTree) note(path string, n *graph.Node) *rawScope {
	s := t.byRaw[path]
	if s == nil {
		s = &rawScope{path: path, first: n.ID, last: n.ID}
		t.byRaw[path] = s
		t.raws = append(t.raws, s)
	}
	s.last = n.ID
	w := t.r.weightIndexOf()
	for _, in := range n.Inputs {
		if in == nil {
			continue
		}
		if o := w.owners[in.ID]; o != "" && !slices.Contains(s.owners, o) && len(s.owners) < 8 {
			s.owners = append(s.owners, o)
		}
	}
	return s
}

// build turns the noted raw scopes into scopes.
func (t *callTree) build() {
	t.mods = map[string]*mod{}
	t.prefix = map[string]bool{}
	t.readers = map[string]int{}
	for _, s := range t.raws {
		for _, o := range s.owners {
			t.readers[o]++
		}
		for p := s.path; p != "" && !t.prefix[p]; p = cutSegment(p) {
			t.prefix[p] = true
		}
	}
	var roots []*mod
	for _, s := range t.raws {
		base, k := t.cutCall(s.path)
		m := t.mod(base, &roots)
		s.call = &call{mod: m, k: k, first: s.first, last: s.last, owners: s.owners}
		m.calls = append(m.calls, s.call)
	}
	for _, m := range roots {
		if len(m.calls) == 0 {
			m.calls = []*call{{mod: m}}
		}
		for _, k := range m.kids {
			k.complete()
		}
		for _, c := range m.calls {
			c.scope = t.r.space.root
		}
		t.place(m)
	}
}

// cutSegment drops the last segment of a raw path.
func cutSegment(path string) string {
	return path[:max(strings.LastIndexByte(path, '/'), 0)]
}

// mod returns the module of a raw path without call number, making it and its ancestors where they are new.
func (t *callTree) mod(path string, roots *[]*mod) *mod {
	if m := t.mods[path]; m != nil {
		return m
	}
	m := &mod{path: path}
	t.mods[path] = m
	if path == "" {
		*roots = append(*roots, m)
		return m
	}
	up := cutSegment(path)
	m.seg = strings.TrimPrefix(path[len(up):], "/")
	m.up = t.mod(up, roots)
	m.up.kids = append(m.up.kids, m)
	return m
}

// cutCall takes the call number off a raw scope: "key_proj_1" is the second call of "key_proj" where that is a scope too
// and no weight belongs to a module "key_proj_1" ("ln_1" and "ln_2" are modules of their own).
func (t *callTree) cutCall(path string) (string, int) {
	base, k, ok := cutNumber(path)
	if !ok || strings.HasSuffix(base, "/") || !t.prefix[base] {
		return path, 0
	}
	w := t.r.weightIndexOf()
	dotted := strings.ReplaceAll(path, "/", ".")
	if w.paths[dotted] {
		return path, 0
	}
	up := cutSegment(path)
	if up != "" && !w.paths[strings.ReplaceAll(up, "/", ".")] && len(w.bySegment(strings.TrimPrefix(path[len(up):], "/"))) > 0 {
		return path, 0 // the parent's path is not sure, but some module is called that
	}
	return base, k
}

// complete gives calls to a module that has no operators of its own in any: as many as the child that is called least.
func (m *mod) complete() {
	var least *mod
	for _, k := range m.kids {
		k.complete()
		if least == nil || len(k.calls) < len(least.calls) {
			least = k
		}
	}
	if len(m.calls) == 0 && least != nil {
		for i, c := range least.calls {
			m.calls = append(m.calls, &call{mod: m, k: i, first: c.first, last: c.last})
		}
	}
	slices.SortStableFunc(m.calls, func(a, b *call) int { return a.k - b.k })
}

// place links the calls of a module's children to its own calls, top down, and makes their scopes.
func (t *callTree) place(m *mod) {
	for _, kid := range m.kids {
		for i, c := range kid.calls {
			c.up = m.caller(i, c, len(kid.calls))
		}
		made := map[callKey]int{}
		for i, c := range kid.calls {
			module := t.canonical(c, i)
			key := callKey{c.up.scope, module}
			k := made[key]
			made[key]++
			c.scope = t.r.space.call(c.up.scope, module, k)
		}
		t.place(kid)
	}
}

// caller picks the call of m in which the i-th of n calls of a child was made: call by call where the numbers allow, else
// the one whose own operators stand nearest.
func (m *mod) caller(i int, c *call, n int) *call {
	if n%len(m.calls) == 0 {
		return m.calls[i/(n/len(m.calls))]
	}
	if n*len(m.calls) > 1<<22 {
		return m.calls[min(i*len(m.calls)/n, len(m.calls)-1)] // no real network: keep it fast
	}
	best, far := m.calls[0], -1
	for _, up := range m.calls {
		d := max(up.first-c.first, c.first-up.last, 0)
		if far < 0 || d < far {
			best, far = up, d
		}
	}
	return best
}

// canonical finds the path that named_modules gives the module of a call. i numbers the call among the module's.
func (t *callTree) canonical(c *call, i int) string {
	w := t.r.weightIndexOf()
	seg, up := c.mod.seg, c.up.scope.Module
	plain := joinPath(up, seg)
	if rest, ok := strings.CutPrefix(seg, c.up.mod.seg+"."); ok && c.up.mod.seg != "" {
		// A Sequential "net" calls its own element "net.0".
		element := joinPath(up, rest)
		if w.paths[element] || !w.paths[plain] {
			return element
		}
	}
	if w.paths[plain] {
		return plain
	}
	if p := t.evidence(c, plain); p != "" {
		return p
	}
	if p := t.container(c, i, up, seg); p != "" {
		return p
	}
	return plain
}

// evidence looks for the module in the weights that its operators read: T5 calls "shared" in its encoder, and the weight
// says that it lives at the top. Tools merge equal weights, so the norms of all layers may read the first one's: a weight
// that other scopes read too counts only where its module hangs on an ancestor, and never where another scope spells it.
func (t *callTree) evidence(c *call, plain string) string {
	found := ""
	for _, o := range c.owners {
		if lastSegment(o) != c.mod.seg || t.spelledOut(o) {
			continue
		}
		if t.readers[o] > 1 && !within(parentPath(plain), parentPath(o)) {
			continue
		}
		if found != "" && found != o {
			return ""
		}
		found = o
	}
	return found
}

// spelledOut reports whether a raw scope spells out a path.
func (t *callTree) spelledOut(path string) bool {
	return t.prefix[rawPath(path)]
}

// rawPath spells a dotted path as node names do: "encoder/layer.0/output" of "encoder.layer.0.output".
func rawPath(path string) string {
	raw := []byte(path)
	for i := range raw {
		if raw[i] == '.' && !isDigits(firstAtom(path[i+1:])) {
			raw[i] = '/'
		}
	}
	return string(raw)
}

// container looks for the module below a container that is not called itself, a ModuleDict ("transformer.wte" shows as
// "/wte"), or a list whose elements are used in parts: there the i-th call belongs to the i-th element.
func (t *callTree) container(c *call, i int, up, seg string) string {
	w := t.r.weightIndexOf()
	var found []string
	for _, p := range w.bySegment(seg) {
		if !within(p, up) || p == up {
			continue
		}
		mid := parentPath(p)
		if mid == up || t.spelledOut(mid) {
			continue
		}
		found = append(found, p)
	}
	switch {
	case len(found) == 1:
		return found[0]
	case len(found) == len(c.mod.calls) && len(found) > 1:
		return found[i]
	}
	return ""
}
