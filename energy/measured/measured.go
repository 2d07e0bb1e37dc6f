package measured

import (
	"fmt"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// Measurement is what was measured of a module or an operator. Zero is not measured.
type Measurement struct {
	Energy energy.Joules
	Time   energy.Seconds
	Wall   energy.Joules // at the plug, beside Energy
}

// Overlay holds the measurements of one model at the dims it is analyzed at.
type Overlay struct {
	Modules  map[*graph.Module]Measurement
	Nodes    map[*graph.Node]Measurement
	Kernels  []Kernel // of several nodes
	Traced   []Kernel // of another tool's trace, as that tool formed them
	AllRun   bool     // Traced are all that ran: the other operators took no time of their own
	Boundary energy.Boundary
	Missing  []string // measured places that the model does not have
	Notes    []string // what there is to say of the source
}

// Kernel is what was measured of several nodes that run as one kernel.
type Kernel struct {
	Nodes []*graph.Node
	Measurement
}

// FromTree joins a measured tree to an analyzed graph.
func FromTree(a *analysis.Analysis, t *irene.Tree) *Overlay {
	m := &Overlay{Modules: map[*graph.Module]Measurement{}, Nodes: map[*graph.Node]Measurement{}, Boundary: energy.BoundaryWall}
	scopes := irene.NewScopes(a.Tree)
	t.Root.Walk(func(n *irene.Node) {
		if IsCopy(n) {
			return
		}
		got := Measurement{Energy: energy.Joules(n.Energy), Time: energy.Seconds(n.Time)}
		switch module, op := scopes.Find(n); {
		case module != nil:
			m.Modules[module] = got
		case op != nil:
			m.Nodes[op] = got
		default:
			m.Missing = append(m.Missing, n.Scope)
		}
	})
	return m
}

// sameDims reports whether no dim that both name differs.
func sameDims(a, b map[string]int64) bool {
	for name, v := range a {
		if w, ok := b[name]; ok && v != w {
			return false
		}
	}
	return true
}

// overlaid is a result that measurements are put on, in the mode of the result.
type overlaid struct {
	*predict.Result
	fixed []bool // nodes that have theirs, by ID
}

// Apply puts measurements in the place of predictions and sums the subtrees anew.
//
// In the runtime mode, the operators of every measured leaf take the measured time at the power that was predicted for
// them: measured energies are not looked at, since they are what is predicted. In the measured mode, nodes take what the
// meter said, deepest first; what a module took beyond its measured parts is spread over its other operators in
// proportion to their predictions, so that every subtree stays the sum of its parts.
func Apply(res *predict.Result, a *analysis.Analysis, m *Overlay, mode predict.Mode, c *coefficients.Coefficients) error {
	r := overlaid{res, make([]bool, len(res.Nodes))}
	if mode == predict.ModeMetered && m.Boundary != "" && m.Boundary != r.Boundary && !r.NoEnergy {
		if r.Boundary != energy.BoundaryWall || !m.atWall() {
			return fmt.Errorf("the measurements are of %s energy, the coefficients of %s energy", m.Boundary, r.Boundary)
		}
		m = m.wall()
	}
	r.Mode = mode
	for i := range r.Nodes {
		r.Nodes[i].Outcome = new(*r.Nodes[i].Outcome) // kernels of equal sizes share theirs
	}
	r.Warnings = append(r.Warnings, m.Notes...)
	r.applyTraced(a, m)
	for _, k := range m.Kernels {
		var ids []int
		for _, n := range k.Nodes {
			ids = append(ids, n.ID)
		}
		r.applyTo(ids, k.Measurement)
	}
	for _, n := range a.Graph.Nodes {
		if got, ok := m.Nodes[n]; ok {
			r.applyTo([]int{n.ID}, got)
		}
	}
	r.applyModule(a.Tree.Root, m)
	r.Sum(a.Tree.Root, &c.Residuals)
	if len(m.Missing) > 0 {
		slices.Sort(m.Missing)
		r.Warnf("%d measured places are not in the model, such as %q", len(m.Missing), m.Missing[0])
	}
	return nil
}

// applyTo makes what is known of operators add up to a measurement of theirs.
func (r overlaid) applyTo(ids []int, got Measurement) {
	ids = slices.DeleteFunc(ids, func(id int) bool { return !r.Nodes[id].Known })
	r.scaleTo(ids, got)
	for _, id := range ids {
		r.fixed[id] = true
	}
}

// applyModule makes the measured modules of a subtree add up, the deepest first, and lists its operators.
func (r overlaid) applyModule(mod *graph.Module, m *Overlay) []int {
	var ids []int
	for _, n := range mod.Nodes {
		ids = append(ids, n.ID)
	}
	for _, child := range mod.Children {
		ids = append(ids, r.applyModule(child, m)...)
	}
	if got, ok := m.Modules[mod]; ok && (r.Mode != predict.ModeTimes || len(mod.Children) == 0) {
		r.distribute(ids, got)
	}
	return ids
}

// distribute makes the operators of a measured module add up to it: those not measured themselves take the rest, or all are
// scaled where nothing is left for them.
func (r overlaid) distribute(ids []int, got Measurement) {
	var known Measurement
	var open []int
	for _, id := range ids {
		if r.fixed[id] {
			known.Energy += r.Nodes[id].Energy
			known.Time += r.Nodes[id].Time
		} else if r.Nodes[id].Known {
			open = append(open, id)
		}
	}
	rest := Measurement{Energy: got.Energy - known.Energy, Time: got.Time - known.Time}
	joules := !r.NoEnergy && got.Energy > 0 // else the times alone say what is left
	var predicted Measurement
	for _, id := range open {
		predicted.Energy += r.Nodes[id].Energy
		predicted.Time += r.Nodes[id].Time
	}
	if rest.Time > 0 && predicted.Time > 0 && (!joules || rest.Energy > 0 && predicted.Energy > 0) {
		r.scaleTo(open, rest)
	} else {
		r.scaleTo(ids, got)
	}
	for _, id := range ids {
		r.fixed[id] = true
	}
}

// scaleTo scales operators so that they add up to a measurement.
func (r overlaid) scaleTo(ids []int, got Measurement) {
	var sum Measurement
	for _, id := range ids {
		sum.Energy += r.Nodes[id].Energy
		sum.Time += r.Nodes[id].Time
	}
	if sum.Time <= 0 || sum.Energy <= 0 && !r.NoEnergy || got.Time <= 0 {
		return
	}
	time := float64(got.Time / sum.Time)
	joules := time
	metered := r.Mode == predict.ModeMetered && got.Energy > 0 && !r.NoEnergy
	if metered {
		joules = float64(got.Energy / sum.Energy)
	}
	for _, id := range ids {
		p := &r.Nodes[id]
		p.Time *= energy.Seconds(time)
		for _, e := range []*energy.Joules{&p.Energy, &p.Low, &p.High, &p.Low50, &p.High50} {
			*e *= energy.Joules(joules)
		}
		if metered {
			p.Low, p.High, p.Low50, p.High50 = p.Energy, p.Energy, p.Energy, p.Energy
			p.Metered = true
		}
		p.StandIn, p.Extrapolated, p.Why = false, false, ""
	}
}

// TreeFits reports whether a tree was measured at the dims of an analysis.
func TreeFits(a *analysis.Analysis, t *irene.Tree) bool {
	for _, d := range analysis.Declared(a.Graph) {
		want := t.Sequence
		if analysis.IsBatch(a.Graph, d) {
			want = t.Batch
		}
		if v, ok := a.Dims[d]; ok && v != want {
			return false
		}
	}
	return true
}
