package kernel

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// experts: a layer of experts that is spelled out, each on the tokens that the router sends to it. A server of decoders runs
// it as one kernel: from what marks the router's choices, over the products of every expert, to the sum of what they say.
func experts(gr *grouping, mark *graph.Node) []*graph.Node {
	router := gr.routerOf(mark)
	if router == nil {
		return nil
	}
	marks := gr.downstream([]*graph.Node{router}, router.Output(1), "NonZero")
	var picks []*graph.Node
	for _, n := range marks {
		if n.Op == "NonZero" {
			picks = append(picks, n)
		}
	}
	if len(picks) == 0 || !slices.Contains(marks, mark) {
		return nil
	}
	members := append([]*graph.Node{mark}, slices.DeleteFunc(marks, func(n *graph.Node) bool { return n == mark })...)
	members = append(members, gr.downstream(picks, nil, "ScatterND", "ScatterElements")...)
	if e := gr.expertsOf(router, members); e == nil {
		return nil
	}
	return members
}

// routerOf is the TopK whose choices a node reads.
func (gr *grouping) routerOf(n *graph.Node) *graph.Node {
	for _, v := range n.Inputs {
		if v != nil && v.Producer != nil && v.Producer.Op == "TopK" && v.Producer.Domain == "" && v.Producer.Output(1) == v && v.Producer.Body == n.Body {
			return v.Producer
		}
	}
	return nil
}

// maxExpertNodes bounds the nodes of a layer of experts.
const maxExpertNodes = 1 << 15

// downstream lists the nodes behind some, up to and with those of some operators; from one output where it is given. None
// where they lead to an output of the graph.
func (gr *grouping) downstream(from []*graph.Node, only *graph.Value, last ...string) []*graph.Node {
	var out []*graph.Node
	seen := map[*graph.Node]bool{}
	queue := slices.Clone(from)
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		for _, v := range n.Outputs {
			if v == nil || only != nil && n == from[0] && v != only {
				continue
			}
			if v.IsOutput {
				return nil
			}
			for _, u := range v.Consumers {
				if seen[u.Node] {
					continue
				}
				if len(out) == maxExpertNodes || u.Node.Body != n.Body || gr.taken[u.Node.ID] {
					return nil
				}
				seen[u.Node] = true
				out = append(out, u.Node)
				if !slices.Contains(last, u.Node.Op) {
					queue = append(queue, u.Node)
				}
			}
		}
	}
	return out
}

// expertsOf reads the geometry off the products of a layer: two or three matrices an expert, as many experts as the router
// scores. nil where they are not that.
func (gr *grouping) expertsOf(router *graph.Node, members []*graph.Node) *graph.Experts {
	scores, chosen := gr.shape(router.Input(0)), gr.shape(router.Output(1))
	if len(scores) == 0 || len(chosen) == 0 {
		return nil
	}
	count, ok := scores[len(scores)-1].Const()
	if !ok || count < 1 {
		return nil
	}
	var ps []graph.Product
	for _, n := range members {
		switch c := gr.costs[n.ID]; c.Class {
		case "gemm":
			ps = append(ps, c.Products...)
		case "bmm", "attention", "softmax", "conv", "norm":
			return nil // beyond the layer
		}
	}
	each := int64(len(ps)) / count
	if each*count != int64(len(ps)) || each != 2 && each != 3 {
		return nil
	}
	hidden, inter := ps[0].K, graph.Dim{}
	for _, p := range ps { // the last matrix of an expert leads back
		if p.N.Equal(hidden) {
			inter = p.K
		}
	}
	k := chosen[len(chosen)-1]
	return &graph.Experts{
		Tokens: chosen[:len(chosen)-1].Elements(), Hidden: hidden, Inter: inter, TopK: k, Experts: graph.Const(count),
		Gated: each == 3 || ps[0].N.Equal(inter.MulInt(2)),
	}
}

// finishExperts says what the layer is.
func finishExperts(gr *grouping, k *Kernel) {
	k.Cost.Free, k.Cost.Experts = false, gr.expertsOf(gr.routerOf(k.Node), k.Members)
	for _, n := range k.Members {
		if c := gr.costs[n.ID]; c.Class == "gemm" {
			k.Cost.DType, k.Cost.Quant = c.DType, c.Quant
		}
	}
}

// dense lists the products that run every expert on every token where a router chooses some: none of a batch is left out.
func (gr *grouping) dense(g *graph.Graph, include func(*graph.Node) bool) []*graph.Node {
	routed := map[int64]bool{}
	for _, n := range g.Nodes {
		if s := gr.shape(n.Input(0)); n.Op == "TopK" && n.Domain == "" && len(s) > 0 && gr.static[n.Input(0).ID] == dynamic {
			if experts, ok := s[len(s)-1].Const(); ok && experts > 1 {
				routed[experts] = true
			}
		}
	}
	var out []*graph.Node
	for _, n := range g.Nodes {
		c := gr.costs[n.ID]
		if !include(n) || len(routed) == 0 || c.Class != "bmm" || len(c.Products) != 1 || !c.Products[0].Weight {
			continue
		}
		if batch, ok := c.Products[0].Batch.Const(); ok && routed[batch] {
			out = append(out, n)
		}
	}
	return out
}
