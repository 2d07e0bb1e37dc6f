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

// equation is one measured node: the sums of its kernels' features by class, and what was measured.
type equation struct {
	Level    energy.Level
	Kind     string // class of the measured module or operator
	Model    string
	Batch    int64
	Sequence int64
	X        map[classKey]*[numTerms]float64
	Energy   energy.Joules
	Time     energy.Seconds
	Single   *Features // of equations of one kernel
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
func (s *subject) equations(t *irene.Tree, sms int) (eqs []equation, missing []string) {
	dims := map[string]int64{}
	for _, d := range s.batch {
		dims[d] = t.Batch
	}
	for _, d := range s.seq {
		dims[d] = t.Sequence
	}
	eval := func(d graph.Dim) (int64, bool) {
		return d.Eval(func(name string) (int64, bool) { v, ok := dims[name]; return v, ok })
	}
	feats := make([]Features, len(s.plan.Kernels))
	for i := range feats {
		feats[i] = featuresOf(&s.plan.Kernels[i], sms, eval)
	}
	sums := s.sums(feats)
	seen := map[string]bool{}
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
		if seen[key] { // equal layers share one measurement
			return
		}
		seen[key] = true
		e := equation{
			Kind: n.InstanceType, Model: s.name, Batch: t.Batch, Sequence: t.Sequence,
			Energy: energy.Joules(n.Energy), Time: energy.Seconds(n.Time), Level: levelOf(n.Type),
		}
		if module != nil {
			e.X = sums[module]
		} else if k := s.plan.Of[op.ID]; k >= 0 {
			e.X = map[classKey]*[numTerms]float64{}
			accumulate(e.X, &feats[k])
		}
		if len(e.X) > 0 {
			eqs = append(eqs, e)
		}
	})
	return eqs, missing
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

// sums adds up the features of every module's kernels.
func (s *subject) sums(feats []Features) map[*graph.Module]map[classKey]*[numTerms]float64 {
	out := map[*graph.Module]map[classKey]*[numTerms]float64{}
	var visit func(m *graph.Module) map[classKey]*[numTerms]float64
	visit = func(m *graph.Module) map[classKey]*[numTerms]float64 {
		sum := map[classKey]*[numTerms]float64{}
		for _, n := range m.Nodes {
			if k := s.plan.Of[n.ID]; k >= 0 && s.plan.Kernels[k].Node == n {
				accumulate(sum, &feats[k])
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

func accumulate(sum map[classKey]*[numTerms]float64, f *Features) {
	add(sum, classKey{f.Class, f.DType}, &f.X)
}

func add(sum map[classKey]*[numTerms]float64, key classKey, x *[numTerms]float64) {
	have := sum[key]
	if have == nil {
		have = &[numTerms]float64{}
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
