package predict

import (
	"maps"
	"slices"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// TestModels holds, on every shared model, measured and scaled to another device: every operator is predicted, nothing
// with work in it is free, subtrees are exactly the sums of their parts, and intervals hold their values.
func TestModels(t *testing.T) {
	c := energytest.Embedded(t)
	for _, name := range fixtures.EveryModel(t) {
		t.Run(name, func(t *testing.T) {
			g := energytest.Shared(t, name)
			a := energytest.Analyzed(t, g, nil)
			for _, id := range []string{c.Device, "h200"} {
				r := predicted(t, a, c, energytest.Device(t, id))
				checkWork(t, a, r)
				checkSums(t, a, r)
				checkIntervals(t, a, r)
				if again := predicted(t, a, c, energytest.Device(t, id)); !maps.Equal(again.Modules, r.Modules) || !slices.EqualFunc(again.Nodes, r.Nodes, equalOperators) {
					t.Errorf("%s: other numbers the second time", id)
				}
			}
		})
	}
}

func equalOperators(x, y Operator) bool {
	same := *x.Outcome == *y.Outcome
	x.Outcome, y.Outcome = nil, nil
	return same && x == y
}

// fromData tells which values depend on the data of the graph's inputs, by Value.ID, and not on their sizes alone.
func fromData(g *graph.Graph) []bool {
	out := make([]bool, len(g.Values))
	for _, v := range g.Values {
		out[v.ID] = v.IsInput
	}
	for _, n := range g.Nodes {
		depends := len(n.Bodies()) > 0 || slices.ContainsFunc(n.Inputs, func(v *graph.Value) bool { return v != nil && out[v.ID] })
		for _, v := range n.Outputs {
			if v != nil {
				out[v.ID] = depends && n.Op != "Shape" && n.Op != "Size"
			}
		}
	}
	return out
}

// views are the operators that may move no data: those whose output is the input seen differently.
var views = []string{"Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Dropout", "Slice", "Split", "Expand", "Gather", "Cast", "If", "Loop", "Scan"}

// checkWork: what works on input data and is no view takes energy and time, on its own node or on its kernel's.
func checkWork(t *testing.T, a *analysis.Analysis, r *Result) {
	t.Helper()
	data := fromData(a.Graph)
	for _, n := range a.Graph.Nodes {
		if a.Tree.Of[n.ID] == nil {
			continue
		}
		p, macs := r.Nodes[n.ID], int64(0)
		macs, _ = a.Eval(a.Costs[n.ID].MACs)
		if !p.Known {
			t.Errorf("%s: %s is unknown", r.Device.ID, n.Label())
		}
		if p.Kernel != nil {
			if r.Nodes[p.Kernel.ID].Kernel != nil {
				t.Errorf("%s: %s is part of a kernel that is none", r.Device.ID, n.Label())
			}
		}
		if p.Energy > 0 && p.Time > 0 {
			continue
		}
		works := data[n.Outputs[0].ID] && !slices.Contains(views, n.Op) && !shapeOnly(n)
		if macs > 0 || works {
			t.Errorf("%s: %s (%s, class %s) takes %v in %v", r.Device.ID, n.Label(), n.Op, p.Class, p.Energy, p.Time)
		}
	}
}

// shapeOnly reports whether nothing but the shape of a node's output is read.
func shapeOnly(n *graph.Node) bool {
	v := n.Outputs[0]
	return !v.IsOutput && !slices.ContainsFunc(v.Consumers, func(u graph.Use) bool { return u.Node.Op != "Shape" && u.Node.Op != "Size" })
}

func checkSums(t *testing.T, a *analysis.Analysis, r *Result) {
	t.Helper()
	a.Tree.Root.Walk(func(m *graph.Module) {
		var sum law.Sum
		for _, n := range m.Nodes {
			p := r.Nodes[n.ID]
			sum.Energy, sum.Time = sum.Energy+p.Energy, sum.Time+p.Time
			if p.StandIn {
				sum.StandIns++
			}
			if p.Extrapolated {
				sum.Extrapolated++
			}
		}
		for _, c := range m.Children {
			s := r.Modules[c]
			sum.Energy, sum.Time, sum.StandIns, sum.Extrapolated = sum.Energy+s.Energy, sum.Time+s.Time, sum.StandIns+s.StandIns, sum.Extrapolated+s.Extrapolated
		}
		s := r.Modules[m]
		if s.Energy != sum.Energy || s.Time != sum.Time || s.StandIns != sum.StandIns || s.Extrapolated != sum.Extrapolated || s.Unknown != 0 {
			t.Errorf("%s: %q is %+v, its parts %+v", r.Device.ID, m.Path, s, sum)
		}
	})
}

func checkIntervals(t *testing.T, a *analysis.Analysis, r *Result) {
	t.Helper()
	for _, n := range a.Graph.Nodes {
		if p := r.Nodes[n.ID]; !(0 <= p.Low && p.Low <= p.Energy && p.Energy <= p.High) {
			t.Errorf("%s: %s: %v … %v around %v", r.Device.ID, n.Label(), p.Low, p.High, p.Energy)
		}
	}
	for m, s := range r.Modules {
		if !(0 <= s.Low && s.Low <= s.Energy && s.Energy <= s.High) || (s.Energy > 0 && s.Low == s.High) {
			t.Errorf("%s: %q: %v … %v around %v", r.Device.ID, m.Path, s.Low, s.High, s.Energy)
		}
	}
}

// TestRange: what was measured is not an extrapolation; eight times the tokens are, with a wider interval.
func TestRange(t *testing.T) {
	g, c := energytest.Shared(t, "bert-base"), energytest.Embedded(t)
	dev := energytest.Device(t, c.Device)
	width := func(s law.Sum) energy.Joules { return (s.High - s.Low) / s.Energy }
	root := func(batch, sequence int64) law.Sum {
		a := energytest.Analyzed(t, g, map[string]int64{"batch": batch, "sequence": sequence})
		return predicted(t, a, c, dev).Modules[a.Tree.Root]
	}
	for _, sequence := range []int64{32, 128, 256} {
		if s := root(8, sequence); s.Extrapolated > 0 || s.StandIns > 0 {
			t.Errorf("sequence %d: %d operators extrapolated, %d scaled", sequence, s.Extrapolated, s.StandIns)
		}
	}
	inside, outside := root(32, 256), root(128, 512)
	if outside.Extrapolated == 0 || !(width(outside) > width(inside)) {
		t.Errorf("batch 128, sequence 512: %d operators extrapolated, %v … %v", outside.Extrapolated, outside.Low, outside.High)
	}
}
