package page

import (
	"cmp"
	"encoding/binary"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// typeData is the model in one precision.
type typeData struct {
	As       string   `json:"as"`      // "" is that of the file
	Type     string   `json:"type"`    // of most of its weights, for people
	Forms    []int    `json:"forms"`   // by role
	Weights  int64    `json:"weights"` // bytes of all stored tensors
	Sizes    []int    `json:"sizes"`   // in bytes, of the values that lives speak of
	Lives    int      `json:"lives"`
	Profiles []int    `json:"profiles"` // that nobody chose, by device
	Warnings []string `json:"warnings"`
}

// lives says in which order the values of a run begin and end, as numbers of their sizes: the inputs first, then node by
// node; what a node ends, it ends after it has run. See [analysis.Lifetimes].
type lives struct {
	Begin [][]int32 `json:"begin"`
	End   [][]int32 `json:"end"`
}

// form is what equal operators share.
type form struct {
	Op      string      `json:"op"`
	Domain  string      `json:"domain"`
	Class   string      `json:"class"`
	DType   graph.DType `json:"dtype"`
	Params  graph.Dim   `json:"params"`
	MACs    int         `json:"macs"`
	FLOPs   int         `json:"flops"`
	Read    int         `json:"read"`
	Written int         `json:"written"`
	Share   int         `json:"share"`  // in what a kernel of several operators takes
	Inputs  []*value    `json:"inputs"` // null for an absent one
	Outputs []*value    `json:"outputs"`
}

type value struct {
	render.Tuple
	DType  graph.DType `json:"dtype"`
	Shape  *[]int      `json:"shape"`  // null where not even the rank is known
	Weight bool        `json:"weight"` // it has data in the file
}

// roles number the operators that are alike in every type and under every profile.
type roles struct {
	columns [][]int // what each type, then each plan, says of every operator
	ids     map[string]int
	first   []int // operator of each role
}

// of is the role of an operator, once every column is there.
func (r *roles) of(i int) int {
	key := make([]byte, 0, 4*len(r.columns))
	for _, c := range r.columns {
		key = binary.AppendVarint(key, int64(c[i]))
	}
	if r.ids == nil {
		r.ids = map[string]int{}
	}
	id, ok := r.ids[string(key)]
	if !ok {
		id = len(r.first)
		r.ids[string(key)] = id
		r.first = append(r.first, i)
	}
	return id
}

// fill tells types and plans what they say of each role.
func (r *roles) fill(types []typeData, plans []plan) {
	next := 0
	column := func() []int {
		c := r.columns[next]
		next++
		out := make([]int, len(r.first))
		for role, i := range r.first {
			out[role] = c[i]
		}
		return out
	}
	for i := range types {
		types[i].Forms = column()
	}
	for i := range plans {
		plans[i].Work, plans[i].Kernel = column(), column()
	}
}

// precision writes down what is of one type, but for the kernels.
func (b *pageBuilder) precision(t *precision) typeData {
	a := t.open
	forms := make([]int, len(b.operators))
	for i, n := range b.operators {
		forms[i] = b.forms.id(b.form(a, a.Graph.Nodes[n.ID]))
	}
	b.roles.columns = append(b.roles.columns, forms)
	l := a.Lifetimes()
	out := typeData{As: t.as, Weights: l.Weights, Type: storedType(a), Warnings: a.Warnings, Profiles: b.chosen(t)}
	for _, d := range l.Sizes {
		out.Sizes = append(out.Sizes, b.expr(d))
	}
	var x lives
	for _, e := range l.Events {
		x.Begin, x.End = append(x.Begin, e.Begin), append(x.End, e.End)
	}
	out.Lives = b.lives.id(x)
	return out
}

// storedType is the element type that most bytes of the weights are in.
func storedType(a *analysis.Analysis) string {
	sizes := map[graph.DType]int64{}
	most := graph.Undefined
	for _, v := range a.Graph.Values {
		if v.Init == nil {
			continue
		}
		t := a.Inference.Facts[v.ID].DType
		if sizes[t] += t.Size(v.Init.Len()); sizes[t] > sizes[most] {
			most = t
		}
	}
	if most == graph.Undefined {
		return ""
	}
	return most.String()
}

func (b *pageBuilder) form(a *analysis.Analysis, n *graph.Node) form {
	cost, m := a.Costs[n.ID], report.OperatorMetrics(a, b.page.report.Convention, n)
	return form{
		Op: n.Op, Domain: n.Domain, Class: cmp.Or(cost.Class, "view"), DType: cost.DType, Params: m.Params,
		MACs: b.expr(m.MACs), FLOPs: b.expr(m.FLOPs), Read: b.expr(m.Read), Written: b.expr(m.Written), Share: b.share(cost),
		Inputs: b.values(a, n.Inputs), Outputs: b.values(a, n.Outputs),
	}
}

// share numbers the FLOPs by which operators share their kernel; -1 where they are not known.
func (b *pageBuilder) share(c *graph.Cost) int {
	if !c.Known {
		return -1
	}
	return b.expr(c.FLOPs(graph.TwoMACPlusElementwise))
}

func (b *pageBuilder) values(a *analysis.Analysis, list []*graph.Value) []*value {
	out := make([]*value, len(list))
	for i, v := range list {
		if v == nil {
			continue
		}
		f := &a.Inference.Facts[v.ID]
		out[i] = &value{DType: f.DType, Weight: v.Init != nil}
		if f.Shape == nil {
			continue
		}
		ids := make([]int, len(f.Shape))
		for k, d := range f.Shape {
			ids[k] = b.expr(d)
		}
		out[i].Shape = &ids
	}
	return out
}
