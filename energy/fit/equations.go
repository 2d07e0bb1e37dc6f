package fit

import (
	"fmt"
	"maps"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/kernel"
)

// Equation is one measured node: the sums of its kernels' features by class, and what was measured; an energy or a time
// of zero was not.
type Equation struct {
	Level    energy.Level
	Kind     string // class of the measured module or operator
	Model    string // group that is left out together
	Device   string // of rows given by shape
	Shape    string // of records: the dims that they were measured at
	Batch    int64
	Sequence int64
	X        map[coefficients.Key]*coefficients.TermValues
	Energy   energy.Joules
	Time     energy.Seconds
}

// Subject is a model whose measurements are trained on: its kernels, with costs as expressions in its dims.
type Subject struct {
	name   string
	A      *analysis.Analysis
	Plan   *kernel.Plan
	Scopes *irene.Scopes
	batch  []string // declared dims that a tree's batch size and sequence length bind
	seq    []string
}

func NewSubject(name string, g *graph.Graph, runtime string) (*Subject, error) {
	a, err := analysis.Run(g, analysis.Options{Symbolic: true})
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", name, err)
	}
	plan, err := kernel.Group(g, a.Inference, a.Costs, func(n *graph.Node) bool { return a.Tree.Of[n.ID] != nil }, runtime)
	if err != nil {
		return nil, err
	}
	s := &Subject{name: name, A: a, Plan: plan, Scopes: irene.NewScopes(a.Tree)}
	for _, d := range analysis.Declared(g) {
		if analysis.IsBatch(g, d) {
			s.batch = append(s.batch, d)
		} else {
			s.seq = append(s.seq, d)
		}
	}
	return s, nil
}

// Equations joins the nodes of a measured tree to the modules and operators of its model. Nodes the model does not have
// are returned by scope.
func (s *Subject) Equations(t *irene.Tree, m law.Machine, seen Ranges) (eqs []Equation, missing []string) {
	eval := s.Eval(t)
	feats := make([]law.Features, len(s.Plan.Kernels))
	for i := range feats {
		k := law.KernelAt(&s.Plan.Kernels[i].Cost, eval)
		feats[i] = m.Features(&k)
		seen.widen(&feats[i])
	}
	calls := s.Calls(m, eval)
	sums := s.sums(feats, calls)
	done := map[string]bool{}
	t.Root.Walk(func(n *irene.Node) {
		if n.Energy <= 0 || n.Time <= 0 || measured.IsCopy(n) {
			return
		}
		module, op := s.Scopes.Find(n)
		if module == nil && op == nil {
			missing = append(missing, n.Scope)
			return
		}
		key := fmt.Sprint(n.InstanceType, n.Energy)
		if done[key] { // equal layers share one measurement
			return
		}
		done[key] = true
		e := Equation{
			Kind: n.InstanceType, Model: s.name, Batch: t.Batch, Sequence: t.Sequence,
			Energy: energy.Joules(n.Energy), Time: energy.Seconds(n.Time), Level: levelOf(n.Type),
		}
		if module != nil {
			e.X = sums[module]
		} else if k := s.Plan.Of[op.ID]; k >= 0 {
			e.X = map[coefficients.Key]*coefficients.TermValues{}
			accumulate(e.X, &feats[k])
		}
		if len(e.X) > 0 {
			eqs = append(eqs, e)
		}
	})
	return eqs, missing
}

// Eval gives dims their values at the batch size and sequence length of a tree.
func (s *Subject) Eval(t *irene.Tree) func(graph.Dim) (int64, bool) {
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

func levelOf(kind string) energy.Level {
	switch kind {
	case irene.TypeModel:
		return energy.LevelModel
	case irene.TypeModule:
		return energy.LevelModule
	}
	return energy.LevelOperator
}

// Calls is the share of a launch that each call without a kernel takes, by node.
func (s *Subject) Calls(m law.Machine, eval func(graph.Dim) (int64, bool)) map[*graph.Node]float64 {
	out := map[*graph.Node]float64{}
	for _, n := range s.Plan.Calls {
		if bytes, ok := eval(s.A.Inference.Facts[n.Outputs[0].ID].Bytes()); ok {
			out[n] = m.Host(2 * float64(bytes))
		}
	}
	return out
}

// sums adds up the features of every module's kernels and calls.
func (s *Subject) sums(feats []law.Features, calls map[*graph.Node]float64) map[*graph.Module]map[coefficients.Key]*coefficients.TermValues {
	out := map[*graph.Module]map[coefficients.Key]*coefficients.TermValues{}
	var visit func(m *graph.Module) map[coefficients.Key]*coefficients.TermValues
	visit = func(m *graph.Module) map[coefficients.Key]*coefficients.TermValues {
		sum := map[coefficients.Key]*coefficients.TermValues{}
		for _, n := range m.Nodes {
			if k := s.Plan.Of[n.ID]; k >= 0 && s.Plan.Kernels[k].Node == n {
				accumulate(sum, &feats[k])
			}
			if h := calls[n]; h > 0 {
				add(sum, coefficients.HostKey, &coefficients.TermValues{coefficients.Launches: h})
			}
		}
		for _, c := range m.Children {
			child := visit(c)
			for _, key := range slices.SortedFunc(maps.Keys(child), coefficients.CompareKeys) {
				add(sum, key, child[key])
			}
		}
		out[m] = sum
		return sum
	}
	visit(s.A.Tree.Root)
	return out
}

func accumulate(sum map[coefficients.Key]*coefficients.TermValues, f *law.Features) {
	add(sum, f.Key, &f.X)
	if f.Host > 0 {
		add(sum, coefficients.HostKey, &coefficients.TermValues{coefficients.Launches: f.Host})
	}
}

func add(sum map[coefficients.Key]*coefficients.TermValues, key coefficients.Key, x *coefficients.TermValues) {
	have := sum[key]
	if have == nil {
		have = &coefficients.TermValues{}
		sum[key] = have
	}
	for i, v := range x {
		have[i] += v
	}
}

// Ranges holds what kernels of each class were like in training.
type Ranges map[coefficients.Key]map[string]coefficients.Range

func (r Ranges) widen(f *law.Features) {
	key := f.Key
	have := r[key]
	if have == nil {
		have = map[string]coefficients.Range{}
		r[key] = have
	}
	for name, v := range f.Quantities() {
		if old, ok := have[name]; ok {
			have[name] = coefficients.Range{Low: min(old.Low, v), High: max(old.High, v)}
		} else {
			have[name] = coefficients.Range{Low: v, High: v}
		}
	}
}

func Widened(r [2]int64, v int64) [2]int64 { return [2]int64{min(r[0], v), max(r[1], v)} }

// Merge widens r by what o has seen.
func (r Ranges) Merge(o Ranges) {
	for key, quantities := range o {
		have := r[key]
		if have == nil {
			have = map[string]coefficients.Range{}
			r[key] = have
		}
		for name, v := range quantities {
			if old, ok := have[name]; ok {
				v = coefficients.Range{Low: min(old.Low, v.Low), High: max(old.High, v.High)}
			}
			have[name] = v
		}
	}
}
