package report

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/scope"
)

// Options says what goes into a report.
type Options struct {
	Version    string
	Mode       predict.Mode
	Convention graph.Convention
	Values     bool
	Tariff     Tariff
	// DefaultDevice and DefaultProfile say that nobody chose the device, or the runtime profile.
	DefaultDevice, DefaultProfile bool
}

// Build gathers a report. The prediction may be nil: the report then has no energies.
func Build(a *analysis.Analysis, p *predict.Result, opts Options) *Report {
	b := &builder{a: a, p: p, conv: opts.Convention, index: make([]int, len(a.Graph.Nodes)), calls: map[string]int{}}
	r := &Report{
		Version: opts.Version, Model: model(a.Graph), Dims: dims(a), Assumed: a.Assumed, Symbolic: a.Symbolic, As: a.As,
		Mode: opts.Mode, Convention: opts.Convention, Memory: a.Memory, Work: workOf(a), Tariff: opts.Tariff, Coverage: a.Scope.Coverage,
		Warnings: slices.Clone(a.Warnings), View: View{Depth: -1, Top: -1},
		Graph: a.Graph, Facts: a.Inference.Facts, Prediction: p,
	}
	if p != nil {
		r.Device = &Device{Device: p.Device, Boundary: p.Boundary, Origin: p.Origin, Profile: p.Profile, Default: opts.DefaultDevice, DefaultProfile: opts.DefaultProfile, LeftOut: p.LeftOut, Set: p.PowerLimit}
		r.Warnings = append(r.Warnings, p.Warnings...)
	}
	r.Operators = b.operators()
	r.Unknown = b.unknown(r.Operators)
	b.ops = r.Operators
	a.Tree.Root.Walk(func(m *graph.Module) { b.calls[m.Canonical]++ })
	r.Tree, _ = b.module(a.Tree.Root)
	r.share()
	if opts.Values {
		r.Values = b.values()
	}
	return r
}

type builder struct {
	a     *analysis.Analysis
	p     *predict.Result
	conv  graph.Convention
	ops   []Operator
	index []int // Node.ID → index in ops
	calls map[string]int
}

func model(g *graph.Graph) Model {
	m := Model{File: g.File, Producer: strings.TrimSpace(g.Producer + " " + g.ProducerVersion), IR: g.IRVersion, Nodes: len(g.Nodes)}
	for _, d := range slices.Sorted(maps.Keys(g.Opsets)) {
		m.Opsets = append(m.Opsets, render.Member[int64]{Name: d, Value: g.Opsets[d]})
	}
	return m
}

// dims lists the declared dims in their order, then any others by name.
func dims(a *analysis.Analysis) []Dim {
	var out []Dim
	listed := map[string]bool{}
	for _, n := range append(analysis.Declared(a.Graph), slices.Sorted(maps.Keys(a.Dims))...) {
		v, ok := a.Dims[n]
		if !ok || listed[n] {
			continue
		}
		_, assumed := slices.BinarySearch(a.Assumed, n)
		out, listed[n] = append(out, Dim{Name: n, Value: v, Assumed: assumed}), true
	}
	return out
}

// operators lists the nodes of the tree in graph order.
func (b *builder) operators() []Operator {
	out := make([]Operator, 0, len(b.a.Graph.Nodes))
	classes, equal := b.classes(), map[metricsKey]*Metrics{}
	for _, n := range b.a.Graph.Nodes {
		m := b.a.Tree.Of[n.ID]
		if m == nil {
			continue
		}
		cost := b.a.Costs[n.ID]
		op := Operator{Node: n, Path: m.Path, Class: cmp.Or(classes[n], cost.Class), DType: cost.DType}
		if b.p != nil {
			b.explain(&op, &b.p.Nodes[n.ID])
		}
		k := b.metricsKey(n)
		if op.Metrics = equal[k]; op.Metrics == nil {
			op.Metrics = b.metrics(n)
			equal[k] = op.Metrics
		}
		b.index[n.ID] = len(out)
		out = append(out, op)
	}
	return out
}

// metricsKey is what the metrics of an operator follow from.
type metricsKey struct {
	work          analysis.Metrics
	known, row    bool
	predicted     *law.Outcome
	read, written int64 // of its kernel's bytes
}

func (b *builder) metricsKey(n *graph.Node) metricsKey {
	k := metricsKey{work: b.a.NodeMetrics(n), known: b.a.Costs[n.ID].Known, row: b.a.Inference.Rows[n.ID] != nil}
	if b.p != nil {
		p := &b.p.Nodes[n.ID]
		k.predicted, k.read, k.written = p.Outcome, p.Read, p.Written
	}
	return k
}

// metrics are the numbers of one operator, without its share.
func (b *builder) metrics(n *graph.Node) *Metrics {
	m := OperatorMetrics(b.a, b.conv, n)
	if b.p == nil {
		return &m
	}
	p := &b.p.Nodes[n.ID]
	if !p.Known {
		m.Unknown = 1
		return &m
	}
	m.Predicted, m.NoEnergy, m.Estimate = true, b.p.NoEnergy, p.Estimate
	m.Read, m.Written = p.Moved(m.Read, m.Written)
	return &m
}

// classes are those of the kernels, by the operator that does the work: a GELU of five operators is predicted as an
// activation.
func (b *builder) classes() map[*graph.Node]string {
	if b.p == nil {
		return nil
	}
	out := make(map[*graph.Node]string, len(b.p.Kernels))
	for i := range b.p.Kernels {
		if k := &b.p.Kernels[i]; !k.IsCall() {
			out[k.Node] = k.Cost.Class
		}
	}
	return out
}

// OperatorMetrics are the numbers of one operator at the bound dims, without prediction and share.
func OperatorMetrics(a *analysis.Analysis, convention graph.Convention, n *graph.Node) Metrics {
	am := a.NodeMetrics(n)
	m := Metrics{
		Params: graph.Const(am.Params), Operators: 1, Unknown: am.Unknown,
		MACs: a.Bound(am.MACs), FLOPs: a.Bound(am.FLOPs(convention)), Read: a.Bound(am.Read), Written: a.Bound(am.Written),
	}
	if !a.Costs[n.ID].Known {
		m.MACs, m.FLOPs, m.Read, m.Written = graph.Dim{}, graph.Dim{}, graph.Dim{}, graph.Dim{}
		if a.Inference.Rows[n.ID] == nil {
			m.Params = graph.Dim{}
		}
	}
	for _, d := range []graph.Dim{m.MACs, m.FLOPs, m.Read, m.Written} {
		if d.IsUnknown() {
			m.Unknown = 1
		}
	}
	return m
}

// explain says what the prediction of an operator rests on.
func (b *builder) explain(op *Operator, p *predict.Operator) {
	if !p.Known {
		return
	}
	if op.Class == "" {
		op.Class = p.Class
	}
	if p.Kernel != nil && p.Kernel != op.Node {
		op.Kernel = p.Kernel
	}
	op.StandIn, op.Extrapolated, op.Why, op.Origin = p.StandIn, p.Extrapolated, p.Why, p.Origin
}

// module builds a module and everything below it, and counts the nodes of the subtree by scope source.
func (b *builder) module(m *graph.Module) (*Module, map[string]int) {
	out := &Module{
		Module: m, Calls: b.calls[m.Canonical],
		Metrics: zeroMetrics(), Operators: make([]int, 0, len(m.Nodes)),
	}
	sources := map[string]int{}
	for _, n := range m.Nodes {
		i := b.index[n.ID]
		out.Operators = append(out.Operators, i)
		out.Metrics.Add(b.ops[i].Metrics)
		sources[b.a.Scope.Places[n.ID].Source]++
	}
	for _, c := range m.Children {
		child, below := b.module(c)
		out.Children = append(out.Children, child)
		out.Metrics.Add(&child.Metrics)
		for s, n := range below {
			sources[s] += n
		}
	}
	out.Metrics.Params = graph.Const(b.a.Params.Module(m))
	out.Source = b.shares(sources, out.Metrics.Operators)
	if b.p != nil { // its interval is no sum
		out.Metrics.Predicted, out.Metrics.NoEnergy, out.Metrics.Estimate = true, b.p.NoEnergy, b.p.Modules[m].Estimate
	}
	return out, sources
}

// shares lists what part of n nodes each scope source placed, best source first.
func (b *builder) shares(sources map[string]int, n int) []scope.Share {
	var out []scope.Share
	for _, s := range b.a.Scope.Coverage {
		if k := sources[s.Source]; k > 0 {
			out = append(out, scope.Share{Source: s.Source, Nodes: k, Share: float64(k) / float64(n)})
		}
	}
	return out
}

// Add sums the known parts of o into m.
func (m *Metrics) Add(o *Metrics) {
	m.Params, m.MACs, m.FLOPs = plus(m.Params, o.Params), plus(m.MACs, o.MACs), plus(m.FLOPs, o.FLOPs)
	m.Read, m.Written = plus(m.Read, o.Read), plus(m.Written, o.Written)
	m.Operators += o.Operators
	m.Unknown += o.Unknown
	m.Share += o.Share
	if o.Predicted {
		m.Predicted = true
		m.NoEnergy = m.NoEnergy || o.NoEnergy
		m.Estimate.Add(&o.Estimate)
	}
}

// plus leaves out what is unknown; a sum beyond 63 bits is unknown.
func plus(x, y graph.Dim) graph.Dim {
	if y.IsUnknown() && !y.Overflowed() {
		return x
	}
	return x.Add(y)
}

// zeroMetrics is the sum of nothing.
func zeroMetrics() Metrics {
	zero := graph.Const(0)
	return Metrics{Params: zero, MACs: zero, FLOPs: zero, Read: zero, Written: zero}
}

// share sets what part of the whole each module and operator is.
func (r *Report) share() {
	x := FindMetric(r.ShareOf())
	total := 0.0
	if x != nil {
		total, _ = x.Of(&r.Tree.Metrics)
	}
	set := func(m *Metrics) {
		switch v := 0.0; {
		case x == nil:
			m.Share = math.NaN()
		case total > 0:
			v, _ = x.Of(m)
			m.Share = v / total
		}
	}
	r.Tree.Walk(func(m *Module) { set(&m.Metrics) })
	for i := range r.Operators {
		set(r.Operators[i].Metrics)
	}
}

// unknown counts the operators without a cost by their type, and says why.
func (b *builder) unknown(list []Operator) []Kind {
	counts := map[Kind]int{}
	for i := range list {
		op := &list[i]
		if op.Metrics.Unknown == 0 {
			continue
		}
		k := Kind{Op: op.Node.Kind(), Why: b.why(op)}
		counts[k]++
	}
	var out []Kind
	for k, n := range counts {
		k.Count = n
		out = append(out, k)
	}
	slices.SortFunc(out, func(x, y Kind) int {
		if c := strings.Compare(x.Op, y.Op); c != 0 {
			return c
		}
		return strings.Compare(x.Why, y.Why)
	})
	return out
}

// why says what keeps an operator's cost from being known.
func (b *builder) why(op *Operator) string {
	n := op.Node
	cost := b.a.Costs[n.ID]
	switch {
	case b.a.Inference.Rows[n.ID] == nil:
		return fmt.Sprintf("operator set %q has no such operator in irene's table", domain(n.Domain))
	case !cost.Known:
		return "no cost rule"
	}
	for _, d := range []graph.Dim{cost.MACs, cost.Elementwise, cost.Read, cost.Written} {
		switch {
		case d.Overflowed():
			return "a number beyond 63 bits"
		case d.DependsOnData():
			return "sizes that input data decides"
		}
	}
	return "sizes that are not known"
}

// domain is how messages call an operator domain.
func domain(d string) string {
	if d == "" {
		return "ai.onnx"
	}
	return d
}

// values lists every value that has a name. Those of subgraphs have names of their own.
func (b *builder) values() []Value {
	out := make([]Value, 0, len(b.a.Graph.Values))
	for _, v := range b.a.Graph.Values {
		if v.Name != "" {
			out = append(out, Value{Name: v.Name, Fact: &b.a.Inference.Facts[v.ID]})
		}
	}
	return out
}
