package sweep

import (
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
)

// Estimate is the energy of a row with its intervals, which closed forms do not have: the prediction itself at the row's
// point, which takes far longer than the row did.
func (s *Sweep) Estimate(r *Row) (law.Estimate, error) {
	on := &s.Settings[r.Setting]
	return s.Grids[on.grid].estimate(r.Values, on.target)
}

func (g *Grid) estimate(values []int64, target int) (law.Estimate, error) {
	if g.Direct == "" {
		p := g.Programs[target]
		return p.At(g.eval(values)).Modules[p.Analysis.Tree.Root].Estimate, nil
	}
	a, err := g.Bound(values)
	if err != nil {
		return law.Estimate{}, err
	}
	programs, err := predict.BindAll(a, g.targets[target:target+1])
	if err != nil {
		return law.Estimate{}, err
	}
	return programs[0].At(a.Eval).Modules[a.Tree.Root].Estimate, nil
}

// eval gives the open dims their values.
func (g *Grid) eval(values []int64) func(graph.Dim) (int64, bool) {
	at := map[string]int64{}
	for i, name := range g.Open.Names {
		at[name] = values[i]
	}
	return func(d graph.Dim) (int64, bool) {
		return d.Eval(func(name string) (int64, bool) { v, ok := at[name]; return v, ok })
	}
}
