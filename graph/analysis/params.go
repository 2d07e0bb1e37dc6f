package analysis

import (
	"fmt"
	"strings"

	"github.com/irene-onnx/irene/graph"
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
	stored *graph.Value
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
	o := owners{calls: map[string]int{}, of: map[*graph.Value]string{}}
	a.Tree.Root.Walk(func(m *graph.Module) { o.calls[m.Canonical]++ })
	a.Tree.Root.Walk(func(m *graph.Module) {
		ordinal := 0
		for _, n := range m.Nodes {
			p.byNode[n.ID] = weightsOf(a, n, &o, &ordinal)
		}
	})
	p.collect(a.Tree.Root)
	return p
}

// owners names what a stored tensor counts under.
type owners struct {
	calls map[string]int          // instances of a canonical module
	of    map[*graph.Value]string // stored tensors that have an owner
}

// owner returns the name a weight counts under. Exporters that fold constants store an unnamed copy of a module's
// weight for every call of the module: the k-th weight of each call is the same parameter.
func (o *owners) owner(v *graph.Value, alias bool, m *graph.Module, ordinal int) string {
	if alias {
		return v.Name + "@" + m.Canonical
	}
	if name, ok := o.of[v]; ok {
		return name
	}
	name := v.Name
	if o.calls[m.Canonical] > 1 && !named(v) {
		name = fmt.Sprintf("%s#%d%v", m.Canonical, ordinal, v.Init.Dims)
	}
	o.of[v] = name
	return name
}

// collect counts the distinct weights of a subtree and returns them.
func (p *Params) collect(m *graph.Module) map[string]int64 {
	all := map[string]int64{}
	for _, n := range m.Nodes {
		for _, x := range p.byNode[n.ID] {
			all[x.owner] = x.n
		}
	}
	for _, c := range m.Children {
		for k, v := range p.collect(c) {
			all[k] = v
		}
	}
	sum := int64(0)
	for _, n := range all {
		sum += n
	}
	p.modules[m] = sum
	return all
}

// weightsOf lists the parameters a node reads through its weight slots.
func weightsOf(a *Analysis, n *graph.Node, o *owners, ordinal *int) []param {
	op := a.Inference.Rows[n.ID]
	if op == nil {
		return nil
	}
	var out []param
	for i, v := range n.Inputs {
		sure, maybe := op.Weights.Has(i), op.Maybe.Has(i)
		if v == nil || (!sure && !maybe) {
			continue
		}
		stored, alias := source(v)
		if stored == nil || (maybe && !sure && !named(stored)) || !trained(stored, sure) {
			continue
		}
		count := stored.Init.Len()
		if op.Params != nil {
			count = op.Params(n, i, count)
		}
		out = append(out, param{owner: o.owner(stored, alias, a.Tree.Of[n.ID], *ordinal), n: count, stored: stored})
		*ordinal++
	}
	return out
}

// source looks through operators that keep a stored tensor what it is, and returns it; alias says that an Identity
// stood between: exporters merge equal tensors that way, so each module that reads one owns a parameter.
func source(v *graph.Value) (stored *graph.Value, alias bool) {
	for range 16 {
		if v.Init != nil {
			return v, alias
		}
		n := v.Producer
		if n == nil || n.Input(0) == nil {
			return nil, false
		}
		switch n.Op {
		case "Identity":
			alias = true
		case "Transpose", "Cast", "CastLike", "DequantizeLinear", "QuantizeLinear", "Reshape", "Unsqueeze", "Squeeze", "Flatten":
		default:
			return nil, false
		}
		v = n.Input(0)
	}
	return nil, false
}

// trained reports whether a stored tensor can be a parameter: numbers with a shape. Slots that only may hold one want
// floats of more than one element.
func trained(v *graph.Value, sure bool) bool {
	t := v.Init
	if t.DType == graph.Bool || t.DType == graph.String || t.Len() <= 0 {
		return false
	}
	if sure {
		return t.DType.IsFloat() || len(t.Dims) > 0
	}
	return t.DType.IsFloat() && t.Len() > 1
}

// named reports whether the name of a stored tensor is that of a parameter: a dotted path as PyTorch's state_dict
// spells it, and not one of the tables that modules keep beside their parameters.
func named(v *graph.Value) bool {
	name := strings.ToLower(v.Local)
	if strings.HasPrefix(name, "/") || strings.Contains(name, "::") || strings.HasPrefix(name, "_") {
		return false
	}
	for _, table := range []string{"mask", "inv_freq", "freqs", "rotary", "sinusoid", "lifted_tensor", "_folded", "constant"} {
		if strings.Contains(name, table) {
			return false
		}
	}
	return strings.ContainsRune(name, '.')
}

// StoredParams is the number of elements of the tensors a file stores once tied weights are counted as often as they
// are stored; it is named beside the tree's count where the two differ.
func (a *Analysis) StoredParams() int64 {
	sum := int64(0)
	for _, v := range a.Graph.Main.Inits {
		if v.Init.DType.IsFloat() {
			sum += v.Init.Len()
		}
	}
	return sum
}
