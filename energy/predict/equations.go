package predict

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/kernel"
)

// classKey names one set of coefficients.
type classKey struct {
	Class string
	DType graph.DType
}

// equation is one measured node: the sums of its kernels' features by class, and what was measured; an energy or a time
// of zero was not.
type equation struct {
	Level    energy.Level
	Kind     string // class of the measured module or operator
	Model    string // group that is left out together
	Device   string // of rows given by shape
	Shape    string // of records: the dims that they were measured at
	Batch    int64
	Sequence int64
	X        map[classKey]*TermValues
	Energy   energy.Joules
	Time     energy.Seconds
}

// subject is a model whose measurements are trained on: its kernels, with costs as expressions in its dims.
type subject struct {
	name   string
	a      *analysis.Analysis
	plan   *kernel.Plan
	scopes *irene.Scopes
	batch  []string // declared dims that a tree's batch size and sequence length bind
	seq    []string
}

func newSubject(name string, g *graph.Graph, runtime string) (*subject, error) {
	a, err := analysis.Run(g, analysis.Options{Symbolic: true})
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", name, err)
	}
	plan, err := kernel.Group(g, a.Inference, a.Costs, func(n *graph.Node) bool { return a.Tree.Of[n.ID] != nil }, runtime)
	if err != nil {
		return nil, err
	}
	s := &subject{name: name, a: a, plan: plan, scopes: irene.NewScopes(a.Tree)}
	for _, d := range analysis.Declared(g) {
		if analysis.IsBatch(g, d) {
			s.batch = append(s.batch, d)
		} else {
			s.seq = append(s.seq, d)
		}
	}
	return s, nil
}

// equations joins the nodes of a measured tree to the modules and operators of its model. Nodes the model does not have
// are returned by scope.
func (s *subject) equations(t *irene.Tree, m machine, seen ranges) (eqs []equation, missing []string) {
	eval := s.eval(t)
	feats := make([]Features, len(s.plan.Kernels))
	for i := range feats {
		feats[i] = m.features(&s.plan.Kernels[i], eval)
		seen.widen(&feats[i])
	}
	calls := s.calls(m, eval)
	sums := s.sums(feats, calls)
	done := map[string]bool{}
	t.Root.Walk(func(n *irene.Node) {
		if n.Energy <= 0 || n.Time <= 0 || isCopy(n) {
			return
		}
		module, op := s.scopes.Find(n)
		if module == nil && op == nil {
			missing = append(missing, n.Scope)
			return
		}
		key := fmt.Sprint(n.InstanceType, n.Energy)
		if done[key] { // equal layers share one measurement
			return
		}
		done[key] = true
		e := equation{
			Kind: n.InstanceType, Model: s.name, Batch: t.Batch, Sequence: t.Sequence,
			Energy: energy.Joules(n.Energy), Time: energy.Seconds(n.Time), Level: levelOf(n.Type),
		}
		if module != nil {
			e.X = sums[module]
		} else if k := s.plan.Of[op.ID]; k >= 0 {
			e.X = map[classKey]*TermValues{}
			accumulate(e.X, &feats[k])
		}
		if len(e.X) > 0 {
			eqs = append(eqs, e)
		}
	})
	return eqs, missing
}

// eval gives dims their values at the batch size and sequence length of a tree.
func (s *subject) eval(t *irene.Tree) func(graph.Dim) (int64, bool) {
	dims := map[string]int64{}
	for _, d := range s.batch {
		dims[d] = t.Batch
	}
	for _, d := range s.seq {
		dims[d] = t.Sequence
	}
	return func(d graph.Dim) (int64, bool) {
		return d.Eval(func(name string) (int64, bool) { v, ok := dims[name]; return v, ok })
	}
}

// isCopy recognises values that were published but not measured: attention's second product carries the first one's.
func isCopy(n *irene.Node) bool {
	return n.Type == irene.TypeMLNoParam && strings.HasSuffix(n.Scope, ".matmul_1")
}

func levelOf(kind string) energy.Level {
	switch kind {
	case irene.TypeModel:
		return energy.LevelModel
	case irene.TypeModule:
		return energy.LevelModule
	}
	return energy.LevelOperator
}

// calls is the share of a launch that each call without a kernel takes, by node.
func (s *subject) calls(m machine, eval func(graph.Dim) (int64, bool)) map[*graph.Node]float64 {
	out := map[*graph.Node]float64{}
	for _, n := range s.plan.Calls {
		if bytes, ok := eval(s.a.Inference.Facts[n.Outputs[0].ID].Bytes()); ok {
			out[n] = m.host(2 * float64(bytes))
		}
	}
	return out
}

// sums adds up the features of every module's kernels and calls.
func (s *subject) sums(feats []Features, calls map[*graph.Node]float64) map[*graph.Module]map[classKey]*TermValues {
	out := map[*graph.Module]map[classKey]*TermValues{}
	var visit func(m *graph.Module) map[classKey]*TermValues
	visit = func(m *graph.Module) map[classKey]*TermValues {
		sum := map[classKey]*TermValues{}
		for _, n := range m.Nodes {
			if k := s.plan.Of[n.ID]; k >= 0 && s.plan.Kernels[k].Node == n {
				accumulate(sum, &feats[k])
			}
			if h := calls[n]; h > 0 {
				add(sum, classKey{hostClass, graph.Float32}, &TermValues{Launches: h})
			}
		}
		for _, c := range m.Children {
			child := visit(c)
			for _, key := range slices.SortedFunc(maps.Keys(child), compareKeys) {
				add(sum, key, child[key])
			}
		}
		out[m] = sum
		return sum
	}
	visit(s.a.Tree.Root)
	return out
}

func accumulate(sum map[classKey]*TermValues, f *Features) {
	add(sum, classKey{f.Class, f.DType}, &f.X)
	if f.Host > 0 {
		add(sum, classKey{hostClass, graph.Float32}, &TermValues{Launches: f.Host})
	}
}

func add(sum map[classKey]*TermValues, key classKey, x *TermValues) {
	have := sum[key]
	if have == nil {
		have = &TermValues{}
		sum[key] = have
	}
	for i, v := range x {
		have[i] += v
	}
}

func compareKeys(a, b classKey) int {
	if c := strings.Compare(a.Class, b.Class); c != 0 {
		return c
	}
	return int(a.DType) - int(b.DType)
}

// ranges holds what kernels of each class were like in training.
type ranges map[classKey]map[string]Range

// The quantities whose range is kept, beside which a prediction is an extrapolation.
const (
	rangeBytes = "bytes"
	rangeFLOPs = "flops"
	rangeDepth = "k"    // of products
	rangeRows  = "rows" // of products
)

// quantities are the values of a kernel that ranges are kept of.
func (f *Features) quantities() map[string]float64 {
	q := map[string]float64{rangeBytes: f.X[Bytes]}
	if f.Depth > 0 {
		q[rangeFLOPs], q[rangeDepth], q[rangeRows] = f.X[FLOPs], f.Depth, f.Rows
	}
	return q
}

func (r ranges) widen(f *Features) {
	key := classKey{f.Class, f.DType}
	have := r[key]
	if have == nil {
		have = map[string]Range{}
		r[key] = have
	}
	for name, v := range f.quantities() {
		if old, ok := have[name]; ok {
			have[name] = Range{Low: min(old.Low, v), High: max(old.High, v)}
		} else {
			have[name] = Range{Low: v, High: v}
		}
	}
}
