package scope

import (
	"cmp"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// weightIndex knows which module every named weight belongs to.
type weightIndex struct {
	owners  []string            // by Value.ID: path of the module that owns the weight; "" for other values and weights of the root
	paths   map[string]bool     // every owner and every dotted prefix of one
	holds   map[string]bool     // the paths that have others below them
	bySegm  map[string][]string // last segment → the paths in it that own weights or hold owners, sorted
	flat    map[string]string   // a path with "_" for "." → the path
	flatTop map[string]bool     // first atoms of flat paths
}

// weightIndexOf returns the index, making it on first use.
func (r *resolver) weightIndexOf() *weightIndex {
	if r.index != nil {
		return r.index
	}
	w := &weightIndex{owners: make([]string, len(r.g.Values)), paths: map[string]bool{}, holds: map[string]bool{}}
	genai := r.g.Producer == genaiProducer
	for _, v := range r.g.Values {
		if !isWeight(v) {
			continue
		}
		owner := ownerPath(localName(v))
		if genai {
			owner = genaiPath(owner)
		}
		w.owners[v.ID] = owner
		w.add(owner)
	}
	r.index = w
	return w
}

// add notes a path and everything above it.
func (w *weightIndex) add(path string) {
	for path != "" {
		if _, known := w.paths[path]; known {
			return
		}
		w.paths[path] = true
		path = path[:max(strings.LastIndexByte(path, '.'), 0)]
		if path != "" {
			w.holds[path] = true
		}
	}
}

// bySegment lists the paths that end in a segment, in natural order ("layers.2.attn" before "layers.10.attn").
func (w *weightIndex) bySegment(segment string) []string {
	if w.bySegm == nil {
		w.bySegm = map[string][]string{}
		for p := range w.paths {
			s := lastSegment(p)
			w.bySegm[s] = append(w.bySegm[s], p)
		}
		for _, l := range w.bySegm {
			slices.SortFunc(l, func(a, b string) int { return cmp.Or(compareNatural(a, b), strings.Compare(a, b)) })
		}
	}
	return w.bySegm[segment]
}

// isWeight reports whether a value is stored, or an alias of a stored one: exporters merge equal weights and leave an
// Identity under the name of each.
func isWeight(v *graph.Value) bool {
	if v.Init != nil {
		return true
	}
	p := v.Producer
	return p != nil && p.Op == "Identity" && p.Input(0) != nil && p.Input(0).Init != nil
}

func localName(v *graph.Value) string {
	if v.Local != "" {
		return v.Local
	}
	return v.Name
}

// ownerPath is the module of a parameter name: "encoder.layer.0.output.dense" of "encoder.layer.0.output.dense.weight_quantized".
// Names without a module give "": "onnx::MatMul_1734", "/Constant_output_0", "Attention_17_qkv_weight". onnxruntime-genai's
// builder puts the operator between module and parameter ("model.layers.0.attn.q_proj.MatMulNBits.qweight").
func ownerPath(name string) string {
	i := strings.LastIndexByte(name, '.')
	if i <= 0 || len(name) > maxName || strings.ContainsAny(name, "/:") {
		return ""
	}
	path := name[:i]
	if path[0] == '.' || path[i-1] == '.' || strings.Contains(path, "..") || isDigits(name[i+1:]) {
		return ""
	}
	if j := strings.LastIndexByte(path, '.'); j > 0 {
		switch path[j+1:] {
		case "MatMul", "MatMulNBits", "MatMul_Q4", "Gemm", "Gather", "GatherBlockQuantized":
			path = path[:j]
		}
	}
	return path
}

// weights places the nodes that alone read a weight with a module path in its name: tools that merge equal weights make
// the norms of every layer read the first layer's. Identity, Transpose, casts and dequantisation in between are looked
// through. Where the place of a bias is known, the matrix product before it, whose folded weight lost its own, goes with it.
func (r *resolver) weights() {
	w := r.weightIndexOf()
	owners := make([]weightOwner, len(r.g.Nodes))
	for _, v := range r.g.Values {
		owner := w.owners[v.ID]
		if owner == "" {
			continue
		}
		u, n := w.reader(v, 0)
		if n == 1 && r.places[u.Node.ID].Scope == nil {
			owners[u.Node.ID].add(owner, u.Slot, spans(u.Node))
		}
	}
	for _, n := range r.g.Nodes {
		c := owners[n.ID]
		if !c.known {
			continue
		}
		r.set(n, r.space.module(c.path), Weight)
	}
	r.merged()
	r.biased(owners)
	for _, n := range r.g.Nodes {
		if r.places[n.ID].Scope == nil && spans(n) {
			if raw, source := rawOf(n, OutputName); source != "" {
				r.set(n, r.space.module(strings.ReplaceAll(raw, "/", ".")), OutputName)
			}
		}
	}
}

// merged places the first normalization that reads weights which other nodes read too, where what it computes from stands in
// the module that its weights name: equal weights go by the name of one of them, and "embeddings.LayerNorm" right after
// the tables of "embeddings" is that one. A module with a list inside proves nothing: a norm of "decoder" may come first or last.
func (r *resolver) merged() {
	w := r.weightIndexOf()
	done := map[string]bool{}
	var up []origin
	for _, n := range r.g.Nodes {
		scale, shift := n.Input(1), n.Input(2)
		if n.Op != "LayerNormalization" || scale == nil || shift == nil || r.places[n.ID].Scope != nil {
			continue
		}
		owner := w.owners[scale.ID]
		if owner == "" || done[owner] || w.owners[shift.ID] != owner {
			continue
		}
		done[owner] = true
		if up == nil {
			up = r.upward(nil)
		}
		parent := parentPath(owner)
		if from := up[n.ID].scope; parent == "" || from == nil || from.Module != parent || w.hasList(parent) {
			continue
		}
		r.set(n, r.space.module(owner), Weight)
	}
}

// hasList reports whether a module holds a list of modules.
func (w *weightIndex) hasList(path string) bool {
	for p := range w.paths {
		if p != path && within(p, path) && isDigits(p[strings.LastIndexByte(p, '.')+1:]) {
			return true
		}
	}
	return false
}

// biased places a product with the sum that adds its bias, wherever that is known from, and with it the casts and scalings
// that a quantiser puts in between.
func (r *resolver) biased(owners []weightOwner) {
	for _, n := range r.g.Nodes {
		s := r.places[n.ID].Scope
		if s == nil || n.Op != "Add" && n.Op != "QLinearAdd" {
			continue
		}
		for i, in := range n.Inputs {
			p := product(in, 0)
			if p == nil || owners[p.ID].known || !owners[n.ID].known && (len(n.Inputs) != 2 || !isBias(n.Inputs[1-i]) || !readsWeight(p)) {
				continue
			}
			for v := in; ; v = v.Producer.Input(0) {
				r.set(v.Producer, s, Weight)
				if v.Producer == p {
					break
				}
			}
		}
	}
}

// isBias reports whether a value is stored and spans one axis.
func isBias(v *graph.Value) bool {
	return v != nil && v.Init != nil && len(v.Init.Dims) == 1 && v.Init.Dims[0] > 1
}

// weightOwner is the module whose weights a node reads, by its first such input.
type weightOwner struct {
	known bool
	path  string
	slot  int
}

// add notes a weight. An operator that spans modules belongs to the one that encloses all it reads from.
func (c *weightOwner) add(owner string, slot int, spans bool) {
	switch {
	case spans && c.known:
		for !within(owner, c.path) {
			c.path = parentPath(c.path)
		}
	case spans:
		*c = weightOwner{true, parentPath(owner), slot}
	case !c.known || slot < c.slot:
		*c = weightOwner{true, owner, slot}
	}
}

// spans reports whether an operator does the work of several modules: ONNX Runtime's fused attention holds the projections,
// its fused embedding three tables and a norm.
func spans(n *graph.Node) bool {
	if n.Domain != "com.microsoft" {
		return false
	}
	switch n.Op {
	case "Attention", "QAttention", "DecoderAttention", "LongformerAttention", "EmbedLayerNormalization", "QEmbedLayerNormalization":
		return true
	}
	return false
}

// reader returns a node that reads a weight and how many do, counting to 2. Aliases under a path of their own count apart.
func (w *weightIndex) reader(v *graph.Value, deep int) (use graph.Use, n int) {
	for _, u := range v.Consumers {
		out := u.Node.Output(0)
		if out != nil && w.owners[out.ID] != "" {
			continue
		}
		if deep < 4 && out != nil && seeThrough(u.Node.Op) && u.Slot == 0 {
			inner, m := w.reader(out, deep+1)
			if m > 0 {
				use = inner
			}
			n += m
		} else if n == 0 || use.Node != u.Node {
			use = u
			n++
		}
		if n > 1 {
			break
		}
	}
	return use, n
}

// seeThrough reports whether an operator hands a weight on in another form.
func seeThrough(op string) bool {
	switch op {
	case "Identity", "Transpose", "Cast", "DequantizeLinear", "QuantizeLinear", "Reshape", "Unsqueeze", "Squeeze":
		return true
	}
	return false
}

// product returns the matrix product or convolution whose result reaches v alone, through the casts and scalings that
// quantisers add.
func product(v *graph.Value, deep int) *graph.Node {
	if v == nil || v.Producer == nil || len(v.Consumers) != 1 {
		return nil
	}
	p := v.Producer
	if isProduct(p.Op) {
		return p
	}
	switch p.Op {
	case "Cast", "Mul", "DequantizeLinear", "QuantizeLinear":
		if deep < 3 {
			return product(p.Input(0), deep+1)
		}
	}
	return nil
}

// isProduct reports whether an operator is a matrix product or a convolution.
func isProduct(op string) bool {
	switch op {
	case "MatMul", "Gemm", "Conv", "FusedMatMul", "FusedGemm", "MatMulInteger", "ConvInteger", "QLinearMatMul", "QLinearConv", "MatMulNBits":
		return true
	}
	return false
}

// compareNatural orders numbers within names by value.
func compareNatural(a, b string) int {
	for a != "" && b != "" {
		i, j := digitsLen(a), digitsLen(b)
		if i > 0 && j > 0 {
			x, y := strings.TrimLeft(a[:i], "0"), strings.TrimLeft(b[:j], "0")
			if len(x) != len(y) {
				return len(x) - len(y)
			}
			if c := strings.Compare(x, y); c != 0 {
				return c
			}
			a, b = a[i:], b[j:]
			continue
		}
		if a[0] != b[0] {
			return int(a[0]) - int(b[0])
		}
		a, b = a[1:], b[1:]
	}
	return len(a) - len(b)
}

func digitsLen(s string) int {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i
}
