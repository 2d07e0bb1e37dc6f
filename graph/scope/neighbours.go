package scope

import "github.com/irene-onnx/irene/graph"

// neighbours places what is left by the nodes around it, in two sweeps over the graph.
//
// Forward, every node learns the common scope of what it computes from, through other nodes without a place. Backward, it
// learns the common scope of the nodes that read it. A constant belongs to its readers. A node that has both:
//   - stays where it computes from while that is a module with modules inside: scores made from "self.query" and "self.key"
//     belong to "self", and so does the softmax of them;
//   - but goes down to its readers where these stand inside that module (a norm spelled out in nodes of which only the last
//     reads the weight), or to their parent where it joins different modules (a residual sum before a norm);
//   - belongs to the common scope of both where it computes from one module without modules inside.
func (r *resolver) neighbours() {
	up := r.upward()
	for i := len(r.g.Nodes) - 1; i >= 0; i-- {
		n := r.g.Nodes[i]
		if r.places[n.ID].Scope != nil {
			continue
		}
		down := r.downward(n)
		from := up[n.ID]
		switch {
		case from.scope == nil || down == nil:
			from.scope = common(from.scope, down)
		case down != from.scope && isAncestor(from.scope, down):
			from.scope = down
			if from.joins && down.Parent != nil {
				from.scope = down.Parent
			}
		case !r.space.inner[from.scope]:
			from.scope = common(from.scope, down)
		}
		r.set(n, from.scope, Neighbours)
	}
}

// origin is where a node's data comes from.
type origin struct {
	scope *graph.Scope
	joins bool // from different scopes
}

// upward finds the origin of every node: its place where it has one, else the common scope of what its inputs come from.
func (r *resolver) upward() []origin {
	up := make([]origin, len(r.g.Nodes))
	for _, n := range r.g.Nodes {
		if s := r.places[n.ID].Scope; s != nil {
			up[n.ID].scope = s
			continue
		}
		o := &up[n.ID]
		for _, in := range n.Inputs {
			if in == nil || in.Producer == nil || isWeight(in) {
				continue
			}
			s := up[in.Producer.ID].scope
			if s == nil {
				continue
			}
			o.joins = o.joins || o.scope != nil && o.scope != s
			o.scope = common(o.scope, s)
		}
	}
	return up
}

// downward is the common scope of the nodes that read a node's results. Results of a body are read by the node that holds it.
func (r *resolver) downward(n *graph.Node) *graph.Scope {
	var down *graph.Scope
	for _, o := range n.Outputs {
		if o == nil {
			continue
		}
		for _, u := range o.Consumers {
			down = common(down, r.places[u.Node.ID].Scope)
		}
		if o.IsOutput && n.Body != nil && n.Body.Owner != nil {
			down = common(down, r.places[n.Body.Owner.ID].Scope)
		}
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
