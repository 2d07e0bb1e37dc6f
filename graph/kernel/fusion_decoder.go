package kernel

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// The fusions of a served decoder, as vLLM and its like run it: each finds its nodes by what they compute, in the
// spellings of the dynamo and TorchScript exporters.

// isView reports whether a node shows its first input in another shape, order or type, which a fused kernel reads through.
func isView(n *graph.Node) bool {
	if n.Domain != "" {
		return false
	}
	switch n.Op {
	case "Reshape", "Transpose", "Unsqueeze", "Squeeze", "Expand", "Identity", "Cast", "Dropout", "Flatten", "Slice":
		return true
	}
	return false
}

// readsShape reports whether a node reads nothing of its input but the shape.
func readsShape(n *graph.Node) bool { return n.Domain == "" && (n.Op == "Shape" || n.Op == "Size") }

// readOnlyBy reports whether all nodes that read the elements of v are among members.
func readOnlyBy(v *graph.Value, members []*graph.Node) bool {
	return v != nil && len(v.Consumers) > 0 && !slices.ContainsFunc(v.Consumers, func(u graph.Use) bool {
		return !readsShape(u.Node) && !slices.Contains(members, u.Node)
	})
}

// elementReader is the node that alone reads the elements of n's only output.
func elementReader(n *graph.Node) *graph.Node {
	if n == nil || len(n.Outputs) != 1 || n.Outputs[0] == nil || n.Outputs[0].IsOutput {
		return nil
	}
	var out *graph.Node
	for _, u := range n.Outputs[0].Consumers {
		if readsShape(u.Node) || u.Node == out {
			continue
		}
		if out != nil || u.Node.Body != n.Body {
			return nil
		}
		out = u.Node
	}
	return out
}

// recount takes from the cost of a kernel what it does not read, and what other nodes read the shape of alone.
func (gr *grouping) recount(k *Kernel) {
	var seen []*graph.Value
	for _, v := range k.Unread {
		if !slices.Contains(seen, v) {
			seen = append(seen, v)
			k.Cost.Read = k.Cost.Read.Sub(gr.inf.Facts[v.ID].Bytes())
		}
	}
	k.Unread = seen
	for _, n := range k.Members {
		for _, v := range n.Outputs {
			if v == nil || v.IsOutput || !readOnlyBy(v, k.Members) {
				continue
			}
			if slices.ContainsFunc(v.Consumers, func(u graph.Use) bool { return readsShape(u.Node) && !slices.Contains(k.Members, u.Node) }) {
				k.Cost.Written = k.Cost.Written.Sub(gr.inf.Facts[v.ID].Bytes())
			}
		}
	}
}

func (gr *grouping) isConstant(v *graph.Value) bool { return v == nil || gr.static[v.ID] == constant }

// projections: products of one input with several weights, as queries, keys and values, or gate and up, are one product
// with the weights side by side. Biases are added in the product.
func projections(gr *grouping, n *graph.Node) []*graph.Node {
	if n.Op != "MatMul" || n.Domain != "" || gr.costs[n.ID].Class != "gemm" || n.Input(0) == nil || !gr.isConstant(n.Input(1)) {
		return nil
	}
	var members []*graph.Node
	for _, u := range n.Input(0).Consumers {
		m := u.Node
		if m.Op != "MatMul" || m.Domain != "" || m.Body != n.Body || m.Input(0) != n.Input(0) || !gr.isConstant(m.Input(1)) || gr.costs[m.ID].Quant != gr.costs[n.ID].Quant || gr.taken[m.ID] || slices.Contains(members, m) {
			continue
		}
		if with := biasAdd(gr, m); with != nil {
			members = append(members, with...)
		} else {
			members = append(members, m)
		}
	}
	if len(members) < 2 || members[0] != n {
		return biasAdd(gr, n)
	}
	return members
}

// finishProjections joins the products.
func finishProjections(_ *grouping, k *Kernel) {
	ps := k.Cost.Products
	if len(ps) < 2 {
		return
	}
	sum := ps[0]
	for _, p := range ps[1:] {
		if !p.Batch.Equal(sum.Batch) || !p.M.Equal(sum.M) || !p.K.Equal(sum.K) {
			return
		}
		sum.N = sum.N.Add(p.N)
	}
	k.Cost.Products = []graph.Product{sum}
}

// pointwise reports whether a node computes each element of its output from elements of its inputs.
func (gr *grouping) pointwise(n *graph.Node) bool {
	if n.Domain != "" && n.Domain != "com.microsoft" {
		return false
	}
	c := gr.costs[n.ID]
	return c.Known && !c.Free && (c.Class == "elementwise" || c.Class == "activation") && len(n.Outputs) == 1 && len(n.Bodies()) == 0
}

// chain: element-wise operators that only feed each other, as a compiler of the framework joins them: SwiGLU, GELU and
// its approximations, scalings.
func chain(gr *grouping, last *graph.Node) []*graph.Node {
	if !gr.pointwise(last) || last.Outputs[0] == nil || gr.static[last.Outputs[0].ID] != dynamic {
		return nil
	}
	if next := elementReader(last); next != nil && gr.pointwise(next) && !gr.taken[next.ID] {
		return nil
	}
	members := []*graph.Node{last}
	for len(members) < longestChain {
		p := gr.feeder(members)
		if p == nil {
			break
		}
		members = append(members, p)
	}
	if len(members) < 2 {
		return nil
	}
	return members
}

// longestChain bounds the nodes of a chain.
const longestChain = 32

// feeder finds an element-wise node that only members read.
func (gr *grouping) feeder(members []*graph.Node) *graph.Node {
	for _, m := range members {
		for _, v := range m.Inputs {
			if v == nil || v.Producer == nil || v.IsOutput || gr.taken[v.Producer.ID] || slices.Contains(members, v.Producer) {
				continue
			}
			if p := v.Producer; p.Body == m.Body && gr.static[v.ID] == dynamic && gr.pointwise(p) && readOnlyBy(v, members) {
				return p
			}
		}
	}
	return nil
}

// finishChain calls a kernel with an activation in it one, and one of two inputs of equal size a gated activation.
func finishChain(gr *grouping, k *Kernel) {
	for _, n := range k.Members {
		if gr.costs[n.ID].Class == "activation" || n.Op == "Sigmoid" || n.Op == "Tanh" || n.Op == "Erf" {
			k.Cost.Class = "activation"
		}
	}
	if k.Cost.Class == "activation" && gr.operands(k) == 2 {
		k.Cost.Row = "silu_and_mul"
	}
}

// operands is how many values that are no weights, of as many elements as its result, a kernel reads.
func (gr *grouping) operands(k *Kernel) int {
	var seen []*graph.Value
	for _, n := range k.Members {
		for _, v := range n.Inputs {
			if v == nil || v.Producer != nil && slices.Contains(k.Members, v.Producer) || slices.Contains(seen, v) {
				continue
			}
			if gr.static[v.ID] == dynamic && gr.shape(v).Elements().Equal(k.Cost.Elements) {
				seen = append(seen, v)
			}
		}
	}
	return len(seen)
}

// unneeded finds the nodes whose results no kernel reads: masks and angles of fused kernels, and what leads to them.
func (gr *grouping) unneeded(g *graph.Graph, kernels map[*graph.Node]Kernel) {
	kernelOf := map[*graph.Node]*Kernel{}
	for _, k := range kernels {
		for _, m := range k.Members {
			kernelOf[m] = &k
		}
	}
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		n := g.Nodes[i]
		read := slices.ContainsFunc(n.Outputs, func(v *graph.Value) bool { return v != nil && len(v.Consumers) > 0 })
		if gr.taken[n.ID] || len(n.Bodies()) > 0 || !read {
			continue // what has no reader in the file is a result
		}
		gr.dead[n.ID] = !slices.ContainsFunc(n.Outputs, func(v *graph.Value) bool {
			return v != nil && (v.IsOutput || slices.ContainsFunc(v.Consumers, func(u graph.Use) bool {
				if gr.dead[u.Node.ID] || readsShape(u.Node) {
					return false
				}
				k := kernelOf[u.Node]
				return k == nil || !slices.Contains(k.Unread, v)
			}))
		})
	}
}
