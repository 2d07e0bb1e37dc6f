// Package kernel says which nodes of a graph run as one kernel under a runtime profile. Energy coefficients belong to
// the profile they were measured under: eager PyTorch runs a GELU as one kernel that ONNX spells in five nodes, and a
// slice not at all.
package kernel

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
)

// Kernel is one launch: the node whose work it is, and the nodes that it takes in.
type Kernel struct {
	Node    *graph.Node
	Members []*graph.Node  // Node among them
	Cost    *graph.Cost    // of all members, intermediate values neither read nor written; a single one's own, which nobody may change
	Unread  []*graph.Value // inputs of members that the kernel does without: masks, tables
}

// Plan is the kernels of a graph under a profile.
type Plan struct {
	Profile string
	Kernels []Kernel
	Of      []int32 // index into Kernels by Node.ID; -1 for nodes that launch nothing
	// Calls are nodes that launch nothing and still are calls of the framework: views of values that depend on the
	// input data. Only the host spends time on them.
	Calls []*graph.Node
	Notes []string // on what the plan takes a graph for
}

// profile is one row of the table of runtime profiles.
type profile struct {
	Name, Help string
	views      []string // operators that launch nothing beside those that are free anyhow
	fold       bool     // constant subgraphs are computed before the run
	calls      bool     // the host makes a call for every node, views included
	biasCopy   bool     // a bias is copied to the output first, which the product then adds to
	fusions    []fusion
	functions  []fusion // of calls of the framework that a file spells out; only with [Functions]
	stages     bool     // the fusions go over the graph one after the other, not together, and what none reads in the end is never computed
}

// fusion finds the nodes that run together with n, the one that does the work first; nil where it does not apply.
type fusion struct {
	class string // of the kernel; "" keeps that of the working node
	find  func(*grouping, *graph.Node) []*graph.Node
	// finish changes the cost of the kernel where it is not that of its members; nil where it is.
	finish func(*grouping, *Kernel)
}

// profiles is the table of runtime profiles, the default first. The levels of ONNX Runtime are those of
// https://onnxruntime.ai/docs/performance/model-optimizations/graph-optimizations.html
func profiles() []profile {
	bias, gelu, norm := fusion{find: biasAdd}, fusion{class: "activation", find: gelu}, fusion{class: "norm", find: layerNorm}
	transposes := fusion{find: transposes}
	return []profile{
		{
			Name: "eager", Help: "PyTorch without a compiler: one kernel per framework call",
			views: []string{"Slice", "Split", "Expand", "Identity", "Dropout"}, fold: true, calls: true, biasCopy: true,
			fusions:   []fusion{bias, gelu, norm, transposes},
			functions: []fusion{{class: "attention", find: sdpa, finish: finishSDPA}, {class: "activation", find: silu}, {find: rsqrt}},
		},
		{
			Name: "ort-basic", Help: "ONNX Runtime, optimization level basic: constants folded, bias added in the product",
			views: []string{"Identity", "Dropout"}, fold: true, fusions: []fusion{bias},
		},
		{
			Name: "ort-extended", Help: "ONNX Runtime, optimization level extended: GELU, LayerNorm with the sum before it, and scaled products fused too",
			views: []string{"Identity", "Dropout"}, fold: true,
			fusions: []fusion{bias, gelu, norm, {class: "norm", find: addNorm}, {find: scaledProduct}},
		},
		{
			Name: "vllm", Help: "a served decoder: attention over the cache in place, layers of experts, norms, rotations, projections and element-wise chains fused, no host calls",
			views: []string{"Slice", "Split", "Expand", "Identity", "Dropout", "Cast", "Transpose", "Unsqueeze", "Squeeze"}, fold: true,
			stages: true, fusions: []fusion{
				{class: "attention", find: attention, finish: finishAttention},
				{class: "moe", find: experts, finish: finishExperts},
				{class: "norm", find: rmsNorm, finish: finishRMSNorm},
				norm,
				{class: "norm", find: addNorm, finish: finishAddNorm},
				{class: "elementwise", find: rotary, finish: finishRotary},
				{find: projections, finish: finishProjections},
				{find: chain, finish: finishChain},
			},
		},
		{Name: "none", Help: "every node of the file is one kernel"},
	}
}

// Profiles lists the names of the runtime profiles with what each stands for, the default first.
func Profiles() (names, help []string) {
	for _, p := range profiles() {
		names, help = append(names, p.Name), append(help, p.Help)
	}
	return names, help
}

// grouping is one run of Group.
type grouping struct {
	inf    *ops.Inference
	costs  []*graph.Cost
	static []staticness // by Value.ID
	taken  []bool       // by Node.ID: already in a kernel
	dead   []bool       // by Node.ID: nobody reads what it makes
	seen   []bool       // by Node.ID: a transposition that its readers see through
	read   map[readMask]masking
	inside bool // branches of an If are grouped, too
}

// Option changes what a profile groups.
type Option uint8

// Functions groups what an eager framework runs as one kernel and a file spells in several nodes, beside what the
// coefficients of trees were measured on: attention as scaled_dot_product_attention is exported, SiLU, the inverse root.
// Branches of an If are grouped like the graph around them. For laws of single kernels, which know these.
const Functions Option = 1

// staticness tells what a value depends on.
type staticness uint8

const (
	dynamic  staticness = iota // on input data
	shaped                     // on input sizes alone
	constant                   // on nothing
)

// Group forms the kernels of the included nodes. It fails on an unknown profile.
func Group(g *graph.Graph, inf *ops.Inference, costs []*graph.Cost, include func(*graph.Node) bool, name string, options ...Option) (*Plan, error) {
	all := profiles()
	i := slices.IndexFunc(all, func(p profile) bool { return p.Name == name })
	if i < 0 {
		names, _ := Profiles()
		return nil, fmt.Errorf("unknown runtime profile %q; there are %s", name, strings.Join(names, ", "))
	}
	gr := &grouping{inf: inf, costs: costs, taken: make([]bool, len(g.Nodes)), dead: make([]bool, len(g.Nodes)), seen: make([]bool, len(g.Nodes)), read: map[readMask]masking{}}
	gr.classify(g)
	plan := &Plan{Profile: name, Of: make([]int32, len(g.Nodes))}
	for i := range plan.Of {
		plan.Of[i] = -1
	}
	if gr.inside = slices.Contains(options, Functions); !gr.inside {
		all[i].functions = nil
	}
	fused := gr.kernels(g, include, &all[i])
	var heads []*graph.Node
	for _, n := range g.Nodes {
		_, ok := fused[n]
		switch {
		case !include(n) || gr.dead[n.ID] || gr.taken[n.ID] && !ok && !gr.seen[n.ID]:
		case !ok && (gr.seen[n.ID] || gr.silent(n, &all[i])):
			if all[i].calls && gr.viewsData(n) {
				plan.Calls = append(plan.Calls, n)
			}
		default:
			heads = append(heads, n)
		}
	}
	plan.Kernels = make([]Kernel, 0, len(heads))
	for _, n := range heads {
		k, ok := fused[n]
		if !ok {
			k = Kernel{Node: n, Members: g.Nodes[n.ID : n.ID+1 : n.ID+1], Cost: costs[n.ID]}
		}
		for _, m := range k.Members {
			plan.Of[m.ID] = int32(len(plan.Kernels))
		}
		if all[i].biasCopy && hasBias(&k) {
			cost := *k.Cost
			cost.Read, cost.Written = cost.Read.Add(cost.Written), cost.Written.MulInt(2)
			k.Cost = &cost
		}
		plan.Kernels = append(plan.Kernels, k)
	}
	if dense := gr.dense(g, include); len(dense) > 0 {
		plan.Notes = append(plan.Notes, fmt.Sprintf("%s: the graph runs every expert on every token, and is counted as it is written; a server runs those alone that the router chooses", dense[0].Label()))
	}
	return plan, nil
}

// kernels finds the kernels of several nodes.
func (gr *grouping) kernels(g *graph.Graph, include func(*graph.Node) bool, p *profile) map[*graph.Node]Kernel {
	out := map[*graph.Node]Kernel{}
	if len(p.functions) > 0 {
		out = gr.fuse(g, include, p.functions)
		gr.unneeded(g, out)
		gr.seeThrough(g, out)
	}
	if !p.stages {
		maps.Copy(out, gr.fuse(g, include, p.fusions))
		return out
	}
	for _, f := range p.fusions {
		maps.Copy(out, gr.fuse(g, include, []fusion{f}))
		gr.unneeded(g, out)
	}
	return out
}

// typed gives a kernel the element type that it writes: its arithmetic may be in a wider one.
func typed(gr *grouping, k *Kernel) {
	for _, n := range k.Members {
		for _, v := range n.Outputs {
			if v != nil && !readOnlyBy(v, k.Members) {
				k.Cost.DType = gr.inf.Facts[v.ID].DType
				return
			}
		}
	}
}

// grouped reports whether nodes of a body are: those of loops are left as they are, their costs are of all rounds.
func (gr *grouping) grouped(b *graph.Body) bool {
	for ; b.Owner != nil; b = b.Owner.Body {
		if !gr.inside || b.Owner.Op != "If" {
			return false
		}
	}
	return true
}

// fuse finds the kernels of several nodes, by the node that does the work.
func (gr *grouping) fuse(g *graph.Graph, include func(*graph.Node) bool, fusions []fusion) map[*graph.Node]Kernel {
	out := map[*graph.Node]Kernel{}
	for _, n := range g.Nodes {
		if !include(n) || gr.taken[n.ID] || gr.dead[n.ID] || !gr.grouped(n.Body) {
			continue
		}
		for _, f := range fusions {
			members := f.find(gr, n)
			if members == nil || slices.ContainsFunc(members, func(m *graph.Node) bool { return gr.taken[m.ID] || !include(m) }) {
				continue
			}
			for _, m := range members {
				gr.taken[m.ID] = true
			}
			cost := gr.cost(members)
			k := Kernel{Node: n, Members: members, Cost: &cost}
			if f.class != "" {
				k.Cost.Class = f.class
			}
			if f.finish != nil {
				f.finish(gr, &k)
			}
			out[n] = k
			break
		}
	}
	return out
}

// silent reports whether a node alone launches nothing.
func (gr *grouping) silent(n *graph.Node, p *profile) bool {
	if gr.costs[n.ID].Free || (n.Domain == "" && slices.Contains(p.views, n.Op)) || gr.idleCast(n) {
		return true
	}
	if !p.fold || len(n.Outputs) == 0 {
		return false
	}
	least := constant
	for _, v := range n.Outputs {
		if v == nil {
			continue
		}
		s := gr.static[v.ID]
		if s == shaped && len(gr.inf.Facts[v.ID].Shape) > 1 {
			s = dynamic // a table made from sizes: position buckets, a causal mask
		}
		least = min(least, s)
	}
	if least != dynamic {
		return true
	}
	// an element picked at a constant place is a view, and what only its shape is read of is never computed
	return p.calls && (n.Op == "Gather" && n.Domain == "" && gr.scalarIndex(n) || measuredOnly(n))
}

// hasBias reports whether a kernel is a product with a bias.
func hasBias(k *Kernel) bool {
	return k.Cost.Class == "gemm" && (len(k.Members) > 1 || (k.Node.Op == "Gemm" && k.Node.Input(2) != nil))
}

// measuredOnly reports whether the outputs of a node are read for their shape alone.
func measuredOnly(n *graph.Node) bool {
	for _, v := range n.Outputs {
		if v != nil && (v.IsOutput || len(v.Consumers) == 0) {
			return false
		}
	}
	for u := range n.Readers() {
		if !readsShape(u.Node) {
			return false
		}
	}
	return len(n.Outputs) > 0
}

// viewsData reports whether a silent node is a view of a value that depends on input data.
func (gr *grouping) viewsData(n *graph.Node) bool {
	out := n.Output(0)
	return out != nil && gr.static[out.ID] == dynamic && n.Op != "Constant" && n.Op != "Identity" && len(n.Bodies()) == 0
}

// idleCast reports whether a node casts a type to itself.
func (gr *grouping) idleCast(n *graph.Node) bool {
	in, out := n.Input(0), n.Output(0)
	return n.Op == "Cast" && n.Domain == "" && in != nil && out != nil && gr.inf.Facts[in.ID].DType == gr.inf.Facts[out.ID].DType
}

func (gr *grouping) scalarIndex(n *graph.Node) bool {
	i := n.Input(1)
	return i != nil && gr.static[i.ID] != dynamic && gr.inf.Facts[i.ID].Shape != nil && len(gr.inf.Facts[i.ID].Shape) == 0
}

// classify finds what every value depends on.
func (gr *grouping) classify(g *graph.Graph) {
	gr.static = make([]staticness, len(g.Values))
	for _, v := range g.Values {
		if v.Init != nil && !v.IsInput {
			gr.static[v.ID] = constant
		}
	}
	for _, n := range g.Nodes {
		s := constant
		for _, v := range n.Inputs {
			if v != nil {
				s = min(s, gr.static[v.ID])
			}
		}
		switch {
		case readsShape(n):
			s = max(s, shaped)
		case strings.HasPrefix(n.Op, "Random") || n.Op == "Bernoulli" || n.Op == "Multinomial" || len(n.Bodies()) > 0:
			s = dynamic
		}
		for _, v := range n.Outputs {
			if v != nil {
				gr.static[v.ID] = s
			}
		}
	}
}

// cost sums the members; values that only members read or write cost nothing.
func (gr *grouping) cost(members []*graph.Node) graph.Cost {
	out := *gr.costs[members[0].ID]
	inside := func(n *graph.Node) bool { return slices.Contains(members, n) }
	zero := graph.Const(0)
	out.MACs, out.Elementwise, out.Read, out.Written, out.Elements, out.Products = zero, zero, zero, zero, zero, nil
	var seen []*graph.Value
	for _, n := range members {
		c := gr.costs[n.ID]
		out.MACs, out.Elementwise = out.MACs.Add(c.MACs), out.Elementwise.Add(c.Elementwise)
		out.Products = append(out.Products, c.Products...)
		runs := graph.Const(1)
		if len(c.Products) > 0 {
			runs = c.Products[0].Runs()
		}
		out.Known = out.Known && c.Known
		for _, v := range n.Inputs {
			if v != nil && (v.Producer == nil || !inside(v.Producer)) && !slices.Contains(seen, v) {
				seen = append(seen, v)
				out.Read = out.Read.Add(gr.inf.Facts[v.ID].Bytes().Mul(runs))
			}
		}
		for _, v := range n.Outputs {
			if v != nil && (v.IsOutput || slices.ContainsFunc(v.Consumers, func(u graph.Use) bool { return !inside(u.Node) })) {
				out.Written = out.Written.Add(gr.inf.Facts[v.ID].Bytes())
				out.Elements = out.Elements.Max(gr.inf.Facts[v.ID].Shape.Elements())
			}
		}
	}
	if len(out.Products) > 0 {
		out.Elements = graph.Dim{}
	}
	return out
}
