package analysis

import (
	"fmt"
	"strings"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
)

// Params are the trained parameters that operators read.
type Params struct {
	byNode  [][]param // by Node.ID
	modules map[*graph.Module]int64
}

// param is one weight as an operator reads it: the owner is the name it counts under once per module.
type param struct {
	owner string
	n     int64
	// within, where it is not nil, is the innermost module around the operator that holds the weight.
	within *graph.Module
}

// Of is the number of parameters one operator reads.
func (p *Params) Of(n *graph.Node) int64 {
	sum := int64(0)
	for _, x := range p.byNode[n.ID] {
		sum += x.n
	}
	return sum
}

// Module is the number of distinct parameters that the operators of m and below read.
func (p *Params) Module(m *graph.Module) int64 { return p.modules[m] }

func countParams(a *Analysis) *Params {
	p := &Params{byNode: make([][]param, len(a.Graph.Nodes)), modules: map[*graph.Module]int64{}}
	reads := weightReads(a)
	names := ownerNames(a.Tree.Root, reads)
	for i, r := range reads {
		p.byNode[r.node.ID] = append(p.byNode[r.node.ID], param{owner: names[i], n: r.n, within: r.within})
	}
	p.collect(a.Tree.Root)
	a.noteTied(reads)
	return p
}

// collect counts the distinct weights of a subtree and returns them.
func (p *Params) collect(m *graph.Module) map[string]param {
	all := map[string]param{}
	for _, n := range m.Nodes {
		for _, x := range p.byNode[n.ID] {
			all[x.owner] = x
		}
	}
	for _, c := range m.Children {
		for k, x := range p.collect(c) {
			all[k] = x
		}
	}
	sum := int64(0)
	for _, x := range all {
		if x.within == nil || x.within == m {
			x.within = nil
			all[x.owner] = x
			sum += x.n
		}
	}
	p.modules[m] = sum
	return all
}

// weightRead is an input slot that reads parameters.
type weightRead struct {
	weight
	node    *graph.Node
	module  *graph.Module
	class   string
	within  *graph.Module // as in param
	ordinal int           // among those that operators of the module itself read
	n       int64
}

// weightReads lists what reads parameters, module by module.
func weightReads(a *Analysis) []weightRead {
	var out []weightRead
	a.Tree.Root.Walk(func(m *graph.Module) {
		ordinal := 0
		for _, n := range m.Nodes {
			op := a.Inference.Rows[n.ID]
			if op == nil {
				op = &ops.Op{}
			}
			for i, v := range n.Inputs {
				w, ok := storedSource(v)
				if !ok || !a.reads(n, op, i, w) {
					continue
				}
				r := weightRead{weight: w, node: n, module: m, class: op.Class, ordinal: ordinal, n: w.tensor.Len()}
				if op.Params != nil {
					r.n = op.Params(n, i, r.n)
				}
				if op.Weights != 0 && !op.Weights.Has(i) {
					r.within = holder(m, w)
				}
				out = append(out, r)
				ordinal++
			}
		}
	})
	return out
}

// holder is the innermost of m and the modules around it that holds a weight by its name: what a module with weights of
// its own reads as its input is the parameter of one around it. It is nil where none but the root holds it.
func holder(m *graph.Module, w weight) *graph.Module {
	name := w.stored.Local
	if w.alias != nil && hasParameterName(w.alias) {
		name = w.alias.Local
	}
	for ; m != nil && m.Canonical != ""; m = m.Parent {
		if strings.HasPrefix(name, m.Canonical+".") {
			return m
		}
	}
	return nil
}

// ownerNames gives every read the name its weight counts under.
//
// A stored tensor counts once. Exporters that fold constants store an unnamed copy of a module's weight for every call of
// the module: the k-th weight of each call is the same parameter. Exporters that merge equal tensors leave an Identity
// for each: it counts under its own name where it has that of a parameter, else once in every module that reads it.
func ownerNames(root *graph.Module, reads []weightRead) []string {
	calls := map[string]int{}
	root.Walk(func(m *graph.Module) { calls[m.Canonical]++ })
	type place struct {
		stored *graph.Value
		module string
	}
	of, direct := map[*graph.Value]string{}, map[place]bool{}
	for _, r := range reads {
		if r.alias != nil {
			continue
		}
		direct[place{r.stored, r.module.Canonical}] = true
		if _, known := of[r.stored]; known {
			continue
		}
		name := r.stored.Name
		if calls[r.module.Canonical] > 1 && !hasParameterName(r.stored) {
			name = fmt.Sprintf("%s#%d%v", r.module.Canonical, r.ordinal, r.tensor.Dims)
		}
		of[r.stored] = name
	}
	out := make([]string, len(reads))
	for i, r := range reads {
		switch {
		case r.alias != nil && hasParameterName(r.alias):
			out[i] = r.alias.Name
		case r.alias == nil || direct[place{r.stored, r.module.Canonical}]:
			out[i] = of[r.stored]
		default:
			out[i] = r.stored.Name + "@" + r.module.Canonical
		}
	}
	return out
}

// weight is a stored tensor behind an input.
type weight struct {
	stored *graph.Value
	tensor *graph.Tensor
	alias  *graph.Value // output of the Identity that stands between; nil where none does
}

// storedSource looks through operators that keep a stored tensor what it is.
func storedSource(v *graph.Value) (weight, bool) {
	var w weight
	for range 16 {
		if v == nil {
			break
		}
		if v.Init != nil {
			w.stored, w.tensor = v, v.Init
			return w, true
		}
		n := v.Producer
		if n == nil {
			break
		}
		if a, ok := n.Attr("value"); ok && n.Op == "Constant" && n.Domain == "" && a.Tensor != nil {
			w.stored, w.tensor = v, a.Tensor
			return w, true
		}
		if !passesThrough(n) {
			break
		}
		if n.Op == "Identity" && (w.alias == nil || !hasParameterName(w.alias)) {
			w.alias = v
		}
		v = n.Input(0)
	}
	return weight{}, false
}

// passesThrough reports whether the output of an operator is the tensor it reads, in another type or shape.
func passesThrough(n *graph.Node) bool {
	switch n.Op {
	case "Identity", "Transpose", "Cast", "CastLike", "DequantizeLinear", "QuantizeLinear", "Reshape", "Unsqueeze", "Squeeze", "Flatten":
		return true
	}
	return false
}

// reads reports whether an input slot reads parameters: a weight slot, one where the stored tensor has the name of a
// parameter, or one that reads what a folded constant left of one.
func (a *Analysis) reads(n *graph.Node, op *ops.Op, slot int, w weight) bool {
	t := w.tensor
	if t.Len() <= 0 {
		return false
	}
	if op.Weights.Has(slot) {
		return trained(op, w) && !(n.Op == "InstanceNormalization" && scaledAfter(n))
	}
	if !t.DType.IsFloat() || t.Len() == 1 || passesThrough(n) || n.Op == "Shape" || n.Op == "Size" {
		return false
	}
	if hasParameterName(w.stored) || w.alias != nil && hasParameterName(w.alias) {
		return true
	}
	return a.folded(n, op, slot, w)
}

// trained reports whether what a weight slot reads can be a parameter. Indices are none, nor are the tables that
// positions look up, and of the constants in a graph only matrices are.
func trained(op *ops.Op, w weight) bool {
	t := w.tensor
	switch {
	case op.Class == "gather" && isTable(w.stored):
		return false
	case w.stored.Init == nil:
		return t.DType.IsFloat() && wideAxes(t) > 1 && (op.Class == "gemm" || op.Class == "conv")
	case t.DType.IsFloat():
		return true
	case t.DType == graph.Bool || len(t.Dims) == 0:
		return false
	case t.DType == graph.Int32:
		return op.Class != "gather"
	}
	return t.DType.Bits() > 0 && t.DType.Bits() <= 8
}

// scaledAfter reports whether a stored tensor scales the output of a normalization once more: exporters spell group
// normalization so, and the scale and shift of the normalization itself are ones and zeros.
func scaledAfter(n *graph.Node) bool {
	for v := n.Output(0); v != nil && len(v.Consumers) > 0; {
		use := v.Consumers[0]
		if use.Node.Op == "Mul" && use.Slot < 2 {
			_, stored := storedSource(use.Node.Input(1 - use.Slot))
			return stored
		}
		if use.Slot != 0 || !passesThrough(use.Node) {
			return false
		}
		v = use.Node.Output(0)
	}
	return false
}

// folded reports whether a stored tensor without a name is what constant folding left of a parameter: the scale or the
// shift after a normalization, a matrix that a function is applied to, a table that is interpolated or that indices pick
// from.
func (a *Analysis) folded(n *graph.Node, op *ops.Op, slot int, w weight) bool {
	if w.stored.Init == nil || n.Domain != "" || isTable(w.stored) {
		return false
	}
	switch n.Op {
	case "Mul", "Add":
		other := n.Input(1 - slot)
		return other != nil && a.alongAxis(w.tensor.Dims, other) && a.normalized(other)
	case "Resize", "GatherND", "GatherElements":
		return slot == 0 && wideAxes(w.tensor) > 1
	case "Sin", "Cos":
		return false
	}
	return len(n.Inputs) == 1 && (op.Class == "elementwise" || op.Class == "activation") && wideAxes(w.tensor) > 1
}

// alongAxis reports whether a tensor of those dims spans one axis of a value, all of it.
func (a *Analysis) alongAxis(dims []int64, v *graph.Value) bool {
	axis := -1
	for i, d := range dims {
		if d == 1 {
			continue
		}
		if axis >= 0 {
			return false
		}
		axis = i
	}
	shape := a.Inference.Facts[v.ID].Shape
	from := len(shape) - len(dims)
	return axis >= 0 && from+axis >= 0 && shape[from+axis].Is(dims[axis])
}

// normalized reports whether elementwise operators and views alone stand between a value and a normalization, or the
// mean that one is spelled out with.
func (a *Analysis) normalized(v *graph.Value) bool {
	next, seen := []*graph.Value{v}, map[*graph.Node]bool{}
	for len(next) > 0 && len(seen) < 24 {
		n := next[0].Producer
		next = next[1:]
		if n == nil || seen[n] || a.Inference.Rows[n.ID] == nil {
			continue
		}
		seen[n] = true
		class := a.Inference.Rows[n.ID].Class
		if class == "norm" || n.Op == "ReduceMean" {
			return true
		}
		if class != "elementwise" && !passesThrough(n) {
			continue
		}
		for _, in := range n.Inputs {
			if in != nil {
				next = append(next, in)
			}
		}
	}
	return false
}

// wideAxes is the number of axes longer than 1.
func wideAxes(t *graph.Tensor) int {
	n := 0
	for _, d := range t.Dims {
		if d > 1 {
			n++
		}
	}
	return n
}

// hasParameterName reports whether the name of a stored tensor is that of a parameter: a dotted path as PyTorch's state_dict
// spells it or the name of a parameter of the root, and not what modules keep beside their parameters.
func hasParameterName(v *graph.Value) bool {
	name := strings.ToLower(v.Local)
	if strings.HasPrefix(name, "_") || strings.ContainsAny(name, "/:") || isTable(v) {
		return false
	}
	for _, suffix := range []string{"_scale", "_scales", "_zero_point", "_zero_points", "_zp", ".scales", ".zeros", ".qzeros", ".running_mean", ".running_var"} {
		if strings.HasSuffix(name, suffix) {
			return false
		}
	}
	if strings.ContainsRune(name, '.') {
		return true
	}
	for _, word := range []string{"_token", "_embed", "_weight", "_bias"} {
		if strings.HasSuffix(name, word) {
			return true
		}
	}
	return false
}

// isTable reports whether the name of a stored tensor is that of a constant: a mask, the frequencies and the table of
// rotary positions, a constant of the exporter's.
func isTable(v *graph.Value) bool {
	name := strings.ToLower(v.Local)
	for _, word := range []string{"inv_freq", "freqs", "rotary", "sinusoid", "cos_cache", "sin_cache", "lifted_tensor", "_folded", "constant"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	return strings.HasSuffix(last, "mask") || strings.HasPrefix(last, "masked_")
}
