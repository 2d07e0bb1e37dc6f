package scope

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// neighbours places what is left by the nodes around it, in two sweeps over the graph.
//
// Forward, every node learns the common scope of what it computes from, through other nodes without a place. Backward, it
// learns the common scope of the nodes that read it, the root for results of the graph. A constant belongs to its readers.
// For a node that has both see between. Where layers repeat, a node never leaves its layer.
func (r *resolver) neighbours() {
	bound, elements := r.layers()
	up := r.upward(bound)
	for i := len(r.g.Nodes) - 1; i >= 0; i-- {
		n := r.g.Nodes[i]
		if r.places[n.ID].Scope != nil {
			continue
		}
		from, to, limit := up[n.ID], r.downward(n), bound[n.ID]
		if limit != nil {
			from.scope, to = inside(from.scope, limit), inside(to, limit)
		} else {
			from.scope = outside(from.scope, elements)
			if from.scope != nil && isWeighted(n) {
				to = outside(to, elements)
			}
		}
		r.set(n, r.between(n, from, to, limit == nil && outside(to, elements) != to), Neighbours)
	}
}

// inside is a scope as seen from the layer that holds the node which asks: what lies elsewhere counts as the layer itself.
func inside(s, limit *graph.Scope) *graph.Scope {
	if s == nil || isAncestor(limit, s) {
		return s
	}
	return limit
}

// outside is a scope as seen from a node that stands in none of the layers: what one of them holds counts as what holds them.
func outside(s *graph.Scope, elements map[*graph.Scope]bool) *graph.Scope {
	for e := s; e != nil; e = e.Parent {
		if elements[e] {
			s = e.Parent
		}
	}
	return s
}

// between decides on a node that computes from one scope and is read in another.
//   - It stays where it computes from while that is a module with modules inside: scores made from "self.query" and
//     "self.key" belong to "self", and so does the softmax of them.
//   - But it goes down to its readers where these stand inside that module (a norm spelled out in nodes of which only the
//     last reads the weight). Of a module without modules inside it goes to the parent where it joins different modules (a
//     residual sum before a norm). What feeds a product with a weight stays: that is all there is to a linear module, and
//     nothing tells whether the module around it holds both.
//   - After one module without modules inside it belongs to the common scope of both.
//   - What computes from nothing known belongs to its readers, but for a product with a weight that a layer reads first: it
//     may well stand before the layers.
//   - A product with a weight is a module of its own, and so is the sum with its bias: see productBetween. What is computed
//     from one whose module is not known is of the common scope of both.
func (r *resolver) between(n *graph.Node, up origin, down *graph.Scope, first bool) *graph.Scope {
	weighted := isWeighted(n)
	switch {
	case up.scope == nil && weighted && first:
		return r.enclosing(n)
	case up.scope == nil:
		return r.holder(n, down)
	case down == nil && (weighted || up.loose || !r.space.inner[up.scope]):
		return common(up.scope, r.enclosing(n))
	case down == nil:
		return up.scope
	case up.loose && !isAncestor(up.scope, down):
		return common(up.scope, down)
	case weighted && !up.joins:
		return r.productBetween(up.scope, down)
	}
	switch {
	case down != up.scope && isAncestor(up.scope, down):
		if feedsProduct(n) {
			return up.scope
		}
		if up.joins && !r.space.inner[down] {
			return down.Parent
		}
		return r.holder(n, down)
	case r.space.inner[up.scope] || up.scope.Parent == nil:
		return up.scope
	}
	return common(up.scope, down)
}

// holder is a scope where it can hold a node: no module without modules inside holds a product that is not its own, as one
// is whose bias it may add.
func (r *resolver) holder(n *graph.Node, s *graph.Scope) *graph.Scope {
	if s == nil || s.Parent == nil || !isProduct(n.Op) || r.space.inner[s] {
		return s
	}
	if o := n.Output(0); o != nil && !slices.ContainsFunc(o.Consumers, func(u graph.Use) bool { return u.Node.Op != "Add" }) {
		return s
	}
	return s.Parent
}

// productBetween decides on a product whose weight lost its name. In a module with modules inside, whose operators it
// computes from, it stays. After a module without modules inside it may be of the same module around both ("self_attn" after
// "input_layernorm") or of the one that follows ("intermediate.dense" after "attention.output.LayerNorm"): it goes into the
// module that reads it where that stands beside the one before, else the common scope of both is all that is known.
func (r *resolver) productBetween(up, down *graph.Scope) *graph.Scope {
	if !r.space.inner[down] && down.Parent != nil {
		down = down.Parent
	}
	around := up
	if !r.space.inner[up] && up.Parent != nil {
		around = up.Parent
	}
	switch {
	case isAncestor(around, down):
		return down
	case around == up:
		return up
	}
	return common(around, down)
}

// isWeighted reports whether an operator multiplies by a stored matrix or adds a stored bias to such a product.
func isWeighted(n *graph.Node) bool {
	if isProduct(n.Op) {
		return readsWeight(n)
	}
	if n.Op != "Add" && n.Op != "QLinearAdd" || !readsWeight(n) {
		return false
	}
	return slices.ContainsFunc(n.Inputs, func(in *graph.Value) bool {
		p := product(in, 0)
		return p != nil && readsWeight(p)
	})
}

func feedsProduct(n *graph.Node) bool {
	for u := range n.Readers() {
		if isProduct(u.Node.Op) && readsWeight(u.Node) {
			return true
		}
	}
	return false
}

func readsWeight(n *graph.Node) bool {
	return slices.ContainsFunc(n.Inputs, func(in *graph.Value) bool { return in != nil && isWeight(in) })
}

// origin is where a node's data comes from.
type origin struct {
	scope *graph.Scope
	joins bool // from different scopes
	loose bool // through a product of which only an enclosing scope is known
}

// upward finds the origin of every node: its place where it has one, else the common scope of what its data comes from.
// Shapes and what is computed from them alone have no origin: they belong to whom they are for. What a product with a
// weight computes comes from beside the module before it.
func (r *resolver) upward(bound []*graph.Scope) []origin {
	up := make([]origin, len(r.g.Nodes))
	for _, n := range r.g.Nodes {
		if s := r.places[n.ID].Scope; s != nil {
			up[n.ID].scope = s
			continue
		}
		o := &up[n.ID]
		for _, p := range dataProducers(n) {
			s := up[p.ID].scope
			if s == nil {
				continue
			}
			if bound != nil && bound[p.ID] != nil && r.places[p.ID].Scope == nil {
				s = inside(s, bound[p.ID])
			}
			o.loose = o.loose || up[p.ID].loose
			if r.places[p.ID].Scope == nil && !r.space.inner[s] && s.Parent != nil && isWeighted(p) {
				o.loose = true
				s = s.Parent
			}
			o.joins = o.joins || o.scope != nil && o.scope != s
			o.scope = common(o.scope, s)
		}
	}
	return up
}

func isShape(op string) bool { return op == "Shape" || op == "Size" }

// carriesData reports whether an operator computes from an input, not merely by it.
func carriesData(op string, slot int) bool {
	switch op {
	case "Reshape", "Expand", "Slice", "Unsqueeze", "Squeeze", "Tile", "Pad", "Split", "Gather", "Trilu", "Resize", "TopK":
		return slot == 0
	case "Where":
		return slot > 0
	case "Shape", "Size":
		return false
	}
	return true
}

// downward is the common scope of the nodes that read a node's results; nil where no placed node does. Who asks for a shape
// alone counts only where nobody reads the data. Results of a body are read by the node that holds it.
func (r *resolver) downward(n *graph.Node) *graph.Scope {
	var down, shapes *graph.Scope
	for u := range n.Readers() {
		if s := r.places[u.Node.ID].Scope; isShape(u.Node.Op) {
			shapes = common(shapes, s)
		} else {
			down = common(down, s)
		}
	}
	isResult := slices.ContainsFunc(n.Outputs, func(o *graph.Value) bool { return o != nil && o.IsOutput })
	if isResult && n.Body != nil && n.Body.Owner != nil {
		down = common(down, r.places[n.Body.Owner.ID].Scope)
	}
	if down == nil {
		return shapes
	}
	return down
}

// isAncestor reports whether a encloses b.
func isAncestor(a, b *graph.Scope) bool {
	for ; b != nil; b = b.Parent {
		if a == b {
			return true
		}
	}
	return false
}
