package analysis

import (
	"fmt"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
	"github.com/irene-onnx/irene/graph/scope"
)

// Options says at which dims a graph is analyzed.
type Options struct {
	Dims     map[string]int64     // bound by the user
	Values   map[string][]float64 // elements of small graph inputs, by name
	Symbolic bool                 // assume nothing: dims left open stay symbols
	Ties     map[string]graph.Dim // of a symbolic analysis: dims that are known to be expressions in others
	As       string               // the precision that the model is costed in, of Precisions; "": that of the file
	Scope    scope.Options
}

// Analysis is everything that follows from a graph and its dims.
type Analysis struct {
	Graph     *graph.Graph // the one that was given, or a copy with branches in the place of its Ifs
	Inference *ops.Inference
	Costs     []*graph.Cost // by Node.ID; nodes that cost the same may share it
	Scope     *scope.Result
	Tree      *graph.Tree

	Dims     map[string]int64 // every symbol that has a number: given, solved or assumed
	Assumed  []string         // names of the dims nobody gave, sorted
	Symbolic bool
	As       string // as in Options

	idle []bool // by Node.ID

	Params   *Params
	Memory   Memory
	Warnings []string
}

// Run analyzes a graph. It fails where a dim cannot be bound as asked ([DimError]), what was bound contradicts the graph,
// and on a precision that there is not.
func Run(g *graph.Graph, opts Options) (*Analysis, error) {
	a := &Analysis{Graph: g, Symbolic: opts.Symbolic, Warnings: append([]string(nil), g.Warnings...)}
	if err := a.chooseBranches(opts); err != nil {
		return nil, err
	}
	g = a.Graph
	for _, why := range a.Inference.Unread {
		a.warnf("%s", why)
	}
	if a.Inference.Routed {
		a.warnf("tokens choose their experts by the data; they are counted as spread evenly over them")
	}
	if err := a.count(opts.As); err != nil {
		return nil, err
	}
	for _, name := range a.Inference.Open {
		a.warnf("how often a loop runs is open: --dim %s=N says so", name)
	}
	a.idle = idleNodes(g)
	a.Scope = scope.Resolve(g, opts.Scope)
	a.Tree = graph.BuildTree(g, a.Scope.Places, a.Scope.Classes, nil)
	a.Params = countParams(a)
	a.Memory = measureMemory(a)
	return a, nil
}

// warnf adds a warning.
func (a *Analysis) warnf(format string, args ...any) {
	a.Warnings = append(a.Warnings, fmt.Sprintf(format, args...))
}

// Eval is the value of an expression at the bound dims.
func (a *Analysis) Eval(d graph.Dim) (int64, bool) { return d.Eval(lookup(a.Dims)) }

// Bound is the number an expression has; unknown where data decides it, unless the analysis is symbolic.
func (a *Analysis) Bound(d graph.Dim) graph.Dim {
	if _, ok := d.Const(); ok || a.Symbolic {
		return d
	}
	if n, ok := a.Eval(d); ok {
		return graph.Const(n)
	}
	return graph.Dim{}
}

// Metrics are the sums over the operators of a subtree. Each sum holds the known parts; Unknown counts the operators
// that have none.
type Metrics struct {
	Params      int64
	MACs        graph.Dim
	Elementwise graph.Dim
	Read        graph.Dim
	Written     graph.Dim
	Operators   int
	Unknown     int
}

// NodeMetrics are the metrics of one operator, those that are unknown as unknown dims. An operator of which only the shape
// of its result is wanted does no work.
func (a *Analysis) NodeMetrics(n *graph.Node) Metrics {
	c := a.Costs[n.ID]
	if c.Known && a.idle[n.ID] {
		zero := graph.Const(0)
		return Metrics{MACs: zero, Elementwise: zero, Read: zero, Written: zero, Operators: 1, Params: a.Params.Of(n)}
	}
	m := Metrics{MACs: c.MACs, Elementwise: c.Elementwise, Read: c.Read, Written: c.Written, Operators: 1, Params: a.Params.Of(n)}
	if !c.Known || c.MACs.IsUnknown() || c.Elementwise.IsUnknown() || c.Read.IsUnknown() || c.Written.IsUnknown() {
		m.Unknown = 1
	}
	return m
}

// ModuleMetrics sums the operators of m and of everything below it, by module. Params are those of the module itself:
// a weight that several operators read counts once.
func (a *Analysis) ModuleMetrics() map[*graph.Module]Metrics {
	out := map[*graph.Module]Metrics{}
	var visit func(*graph.Module) Metrics
	visit = func(m *graph.Module) Metrics {
		zero := graph.Const(0)
		sum := Metrics{MACs: zero, Elementwise: zero, Read: zero, Written: zero}
		for _, n := range m.Nodes {
			sum = sum.plus(a.NodeMetrics(n))
		}
		for _, c := range m.Children {
			sum = sum.plus(visit(c))
		}
		sum.Params = a.Params.Module(m)
		out[m] = sum
		return sum
	}
	visit(a.Tree.Root)
	return out
}

func (m Metrics) plus(o Metrics) Metrics {
	add := func(x, y graph.Dim) graph.Dim {
		if y.IsUnknown() && !y.Overflowed() {
			return x
		}
		return x.Add(y)
	}
	m.MACs, m.Elementwise = add(m.MACs, o.MACs), add(m.Elementwise, o.Elementwise)
	m.Read, m.Written = add(m.Read, o.Read), add(m.Written, o.Written)
	m.Operators += o.Operators
	m.Unknown += o.Unknown
	return m
}

// FLOPs counts the operations under a convention.
func (m Metrics) FLOPs(conv graph.Convention) graph.Dim {
	return graph.Cost{MACs: m.MACs, Elementwise: m.Elementwise}.FLOPs(conv)
}
