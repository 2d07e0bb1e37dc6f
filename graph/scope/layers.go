package scope

import (
	"slices"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// Where an exporter or an optimizer left names on some operators of every layer alone, the data that flows between them and
// the repetition of layers tell which layer the others belong to:
//
//   - What is computed from layer i and read in layer i is of layer i.
//   - What stands between layer i and layer i+1 is the end of the one and the beginning of the other. Layers begin alike, and
//     what stands before the first one with names of other modules is not of it: the beginning of the first layer is walked
//     from its named operators backward, in step with every later layer, as long as operators are the same. A layer hands
//     one tensor to the next: where the walk ends elsewhere, nothing is inferred.
//   - The end of the last layer is walked forward in step with that of the layer before it.
//
// Within the layer nothing tells the module where no name is left: a product whose weight is called "val_49" may be that of
// "self.query" or of "output.dense". It hangs on the layer, and so does the attention around it.

// layerList is a list of modules that run one after the other: "encoder.layer.0", "encoder.layer.1" …
type layerList struct {
	elements []*graph.Scope
	of       []int // by Node.ID: which element a node is placed in, or inferred to stand in; noLayer, otherLayer

	low, high []int          // last element that a node's data comes from, first element that its data flows to
	origin    []*graph.Scope // common scope of the placed nodes that a node's data comes from
	worked    []bool         // a product without a place stands between those and the node
	pair      map[*graph.Node]*graph.Node
	nodes     []*graph.Node
}

const (
	noLayer    = -2 // not placed; no data from a placed node
	otherLayer = -1 // placed elsewhere; data from nodes placed elsewhere alone
	maxLists   = 8
	maxTrim    = 64      // operators of a residual sum and a norm are fewer
	maxWork    = 1 << 26 // nodes times layers: no real network has more
)

// layers finds the layer that a node without a place is known to stand in, by Node.ID, nil where there is none, and the
// layers there are.
func (r *resolver) layers() (bound []*graph.Scope, elements map[*graph.Scope]bool) {
	bound, elements = make([]*graph.Scope, len(r.g.Nodes)), map[*graph.Scope]bool{}
	if !slices.ContainsFunc(r.g.Nodes, r.computesUnplaced) {
		return bound, elements
	}
	for _, l := range r.layerLists() {
		for _, e := range l.elements {
			elements[e] = true
		}
		l.flow(r.g, r.places)
		l.beginnings(r.g)
		l.end(r.g)
		for _, n := range r.g.Nodes {
			if i := l.of[n.ID]; i >= 0 && r.places[n.ID].Scope == nil && bound[n.ID] == nil {
				bound[n.ID] = l.elements[i]
			}
		}
	}
	return bound, elements
}

// computesUnplaced reports whether a node without a place computes from data.
func (r *resolver) computesUnplaced(n *graph.Node) bool {
	return r.places[n.ID].Scope == nil && len(dataProducers(n)) > 0
}

// layerLists finds the outermost lists with two or more elements in a row.
func (r *resolver) layerLists() []*layerList {
	type key struct {
		parent *graph.Scope
		name   string
	}
	lists := map[key]*layerList{}
	index := map[*graph.Scope]int{}
	var keys []key
	for _, p := range r.places {
		var element *graph.Scope
		for s := p.Scope; s != nil && s.Parent != nil; s = s.Parent {
			if _, _, ok := cutIndex(s.Name()); ok {
				element = s
			}
		}
		if element == nil {
			continue
		}
		if _, seen := index[element]; seen {
			continue
		}
		name, i, _ := cutIndex(element.Name())
		index[element] = i
		k := key{element.Parent, name}
		if lists[k] == nil {
			lists[k] = &layerList{}
			keys = append(keys, k)
		}
		lists[k].elements = append(lists[k].elements, element)
	}
	var out []*layerList
	for _, k := range keys {
		l := lists[k]
		slices.SortStableFunc(l.elements, func(a, b *graph.Scope) int { return index[a] - index[b] })
		n := len(l.elements)
		if n < 2 || index[l.elements[n-1]]-index[l.elements[0]] != n-1 || len(out) == maxLists || n*len(r.places) > maxWork {
			continue
		}
		l.place(r)
		out = append(out, l)
	}
	return out
}

// cutIndex splits "layer.3" into "layer" and 3.
func cutIndex(name string) (string, int, bool) {
	i := strings.LastIndexByte(name, '.')
	if i < 0 || !isDigits(name[i+1:]) {
		return name, 0, false
	}
	k, err := strconv.Atoi(name[i+1:])
	return name[:i], k, err == nil
}

// place notes what the elements of the list hold.
func (l *layerList) place(r *resolver) {
	number := map[*graph.Scope]int{}
	for i, s := range l.elements {
		number[s] = i
	}
	l.of = make([]int, len(r.places))
	for id, p := range r.places {
		l.of[id] = noLayer
		if p.Scope == nil {
			continue
		}
		l.of[id] = otherLayer
		for s := p.Scope; s != nil; s = s.Parent {
			if i, ok := number[s]; ok {
				l.of[id] = i
			}
		}
	}
}

// flow finds between which elements every node stands, and gives an element what stands in it alone.
func (l *layerList) flow(g *graph.Graph, places []graph.Placement) {
	l.nodes = g.Nodes
	l.low, l.high = make([]int, len(g.Nodes)), make([]int, len(g.Nodes))
	l.origin, l.worked = make([]*graph.Scope, len(g.Nodes)), make([]bool, len(g.Nodes))
	for _, n := range g.Nodes {
		l.low[n.ID] = l.of[n.ID]
		if l.of[n.ID] != noLayer {
			l.origin[n.ID] = places[n.ID].Scope
			continue
		}
		for _, p := range dataProducers(n) {
			l.low[n.ID] = max(l.low[n.ID], l.low[p.ID])
			l.origin[n.ID] = common(l.origin[n.ID], l.origin[p.ID])
			l.worked[n.ID] = l.worked[n.ID] || l.worked[p.ID] || isProduct(n.Op)
		}
	}
	for i := range l.high {
		l.high[i] = len(l.elements)
	}
	for _, n := range slices.Backward(g.Nodes) {
		if l.of[n.ID] >= 0 {
			l.high[n.ID] = l.of[n.ID]
		} else if l.of[n.ID] == otherLayer {
			continue
		}
		for _, p := range dataProducers(n) {
			if l.of[p.ID] == noLayer {
				l.high[p.ID] = min(l.high[p.ID], l.high[n.ID])
			}
		}
	}
	for _, n := range g.Nodes {
		if l.of[n.ID] == noLayer && l.low[n.ID] >= 0 && l.low[n.ID] == l.high[n.ID] {
			l.of[n.ID] = l.low[n.ID]
		}
	}
}

// dataProducer is the node that computes an input's data; nil for weights, shapes and what only steers.
func dataProducer(n *graph.Node, slot int, in *graph.Value) *graph.Node {
	if in == nil || in.Producer == nil || !carriesData(n.Op, slot) || isShape(in.Producer.Op) || isWeight(in) {
		return nil
	}
	return in.Producer
}

// dataProducers are the nodes that compute the data of a node's inputs.
func dataProducers(n *graph.Node) []*graph.Node {
	var out []*graph.Node
	for slot, in := range n.Inputs {
		if p := dataProducer(n, slot, in); p != nil {
			out = append(out, p)
		}
	}
	return out
}

// beginnings splits what stands between two elements.
func (l *layerList) beginnings(g *graph.Graph) {
	starts := make([][]*graph.Node, len(l.elements))
	for _, n := range g.Nodes {
		if i := l.of[n.ID]; i >= 0 {
			starts[i] = append(starts[i], n)
		}
	}
	l.pair = map[*graph.Node]*graph.Node{}
	for i := 1; i < len(l.elements); i++ {
		if !l.pairs(starts[i-1], starts[i], i) {
			continue // nothing in common to start from
		}
		if !l.trim(l.backward(i), i) {
			continue // nowhere to cut
		}
		for _, n := range g.Nodes {
			if l.between(n, i) {
				l.of[n.ID] = i - 1
			}
		}
	}
}

// trim takes from the walked beginning of element i what is too much, as a residual sum that was taken for a sum of
// embeddings: the nodes that come first, until one tensor alone enters the element. It reports whether that can be.
func (l *layerList) trim(head []*graph.Node, i int) bool {
	slices.SortFunc(head, func(a, b *graph.Node) int { return a.ID - b.ID })
	for left := maxTrim; l.tensorsHandedOver(i) > 1; left-- {
		if len(head) == 0 || left == 0 {
			return false
		}
		n := head[0]
		head = head[1:]
		if x := l.pair[n]; x != nil && i == 1 {
			l.of[x.ID] = noLayer
		}
		l.of[n.ID] = noLayer
		delete(l.pair, n)
	}
	return true
}

// tensorsHandedOver counts the tensors of the element before element i, and of what stands between them, that element i reads. What
// later elements read too, as a mask, is none; what a norm adds up before it counts once.
func (l *layerList) tensorsHandedOver(i int) int {
	from, sums := map[*graph.Node]bool{}, map[*graph.Node][]*graph.Node{}
	for _, n := range l.inside(i) {
		for _, p := range dataProducers(n) {
			switch {
			case !l.between(p, i) && l.of[p.ID] != i-1 || l.shared(p, i):
			case strings.HasPrefix(n.Op, "Skip"):
				sums[n] = append(sums[n], p)
			default:
				from[p] = true
			}
		}
	}
	count := len(from)
	for _, parts := range sums {
		if !slices.ContainsFunc(parts, func(p *graph.Node) bool { return from[p] }) {
			count++
		}
	}
	return count
}

// shared reports whether an element beyond i reads a node's results.
func (l *layerList) shared(p *graph.Node, i int) bool {
	for u := range p.Readers() {
		if l.of[u.Node.ID] > i {
			return true
		}
	}
	return false
}

// inside lists the nodes of element i.
func (l *layerList) inside(i int) []*graph.Node {
	var out []*graph.Node
	for _, n := range l.nodes {
		if l.of[n.ID] == i {
			out = append(out, n)
		}
	}
	return out
}

// pairs puts the nodes of element i beside those of the element before it, the k-th of a kind beside the k-th, and reports
// whether there are any.
func (l *layerList) pairs(before, after []*graph.Node, i int) bool {
	type kind struct {
		op, weight string
	}
	group := func(nodes []*graph.Node, element *graph.Scope) map[kind][]*graph.Node {
		groups := map[kind][]*graph.Node{}
		for _, n := range nodes {
			k := kind{op: n.Op}
			for _, in := range n.Inputs {
				if in != nil && isWeight(in) {
					if rest, ok := strings.CutPrefix(localName(in), element.Module+"."); ok {
						k.weight = rest
					}
				}
			}
			groups[k] = append(groups[k], n)
		}
		return groups
	}
	groups := group(before, l.elements[i-1])
	found := false
	for k, b := range group(after, l.elements[i]) {
		a := groups[k]
		if len(a) != len(b) || k.weight == "" && len(a) > 1 {
			continue
		}
		found = true
		for j := range b {
			l.pair[b[j]] = a[j]
		}
	}
	return found
}

// backward walks from the paired nodes of element i and of the one before it against the flow of data, in step, gives to
// the elements what both walks meet, and returns what of it element i got.
func (l *layerList) backward(i int) (met []*graph.Node) {
	var next []*graph.Node
	for n := range l.pair {
		if l.of[n.ID] == i {
			next = append(next, n)
		}
	}
	slices.SortFunc(next, func(a, b *graph.Node) int { return a.ID - b.ID })
	for len(next) > 0 {
		y := next[0]
		x := l.pair[y]
		next = next[1:]
		for slot, in := range y.Inputs {
			q := dataProducer(y, slot, in)
			p := dataProducer(x, slot, x.Input(slot))
			if p == nil || q == nil || p == q || p.Op != q.Op || l.pair[q] != nil || !l.before(p, q, i-1) || !l.between(q, i) {
				continue
			}
			l.pair[q] = p
			if l.of[p.ID] == noLayer {
				l.of[p.ID] = i - 1
			}
			l.of[q.ID] = i
			next, met = append(next, q), append(met, q)
		}
	}
	return met
}

// before reports whether a node, with its pair in the next element, can be of the beginning of element i. What joins data as
// several modules outside the list made it, as the sum of embeddings, is not; what all elements read, as a mask, does not
// count.
func (l *layerList) before(n, pair *graph.Node, i int) bool {
	switch {
	case l.of[n.ID] == i && i > 0:
		return l.low[n.ID] < i
	case l.of[n.ID] != noLayer || l.high[n.ID] != i || l.low[n.ID] >= i:
		return false
	}
	var from *graph.Scope
	for slot, in := range n.Inputs {
		p := dataProducer(n, slot, in)
		if p == nil || l.origin[p.ID] == nil || l.worked[p.ID] || p == dataProducer(pair, slot, pair.Input(slot)) {
			continue
		}
		if from != nil && from != l.origin[p.ID] {
			return false
		}
		from = l.origin[p.ID]
	}
	return true
}

// between reports whether a node stands between element i and the one before it.
func (l *layerList) between(n *graph.Node, i int) bool {
	return l.of[n.ID] == noLayer && l.low[n.ID] == i-1 && l.high[n.ID] == i
}

// end gives the last element what follows it as it follows the element before.
func (l *layerList) end(g *graph.Graph) {
	last := len(l.elements) - 1
	for _, n := range g.Nodes {
		if l.low[n.ID] != last || l.pair[n] != nil || l.of[n.ID] == otherLayer {
			continue
		}
		for slot, in := range n.Inputs {
			p := dataProducer(n, slot, in)
			if p == nil || l.pair[p] == nil {
				continue
			}
			x := l.reader(l.pair[p], n, slot, last-1)
			if x == nil {
				continue
			}
			l.pair[n] = x
			if l.of[n.ID] == noLayer {
				l.of[n.ID] = last
			}
			break
		}
	}
}

// reader finds the reader of a node's results in an element that does what n does.
func (l *layerList) reader(of, n *graph.Node, slot, element int) *graph.Node {
	for u := range of.Readers() {
		if u.Slot == slot && u.Node.Op == n.Op && l.of[u.Node.ID] == element {
			return u.Node
		}
	}
	return nil
}
