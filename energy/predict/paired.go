package predict

import (
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/paired"
	"github.com/irene-onnx/irene/graph"
)

// Paired takes every module apart into the kernels that its errors come from, so that draws can compare it to others. What
// a meter told is certain.
func (r *Result) Paired(d *paired.Draws, root *graph.Module) map[*graph.Module]*paired.Sum {
	of := make([]*Kernel, len(r.Nodes)) // that does a node's work
	for i := range r.Kernels {
		k := &r.Kernels[i]
		of[k.Node.ID] = k
		for _, m := range k.Members {
			of[m.ID] = k
		}
	}
	v := r.law.Variation()
	out := map[*graph.Module]*paired.Sum{}
	var visit func(m *graph.Module) *paired.Sum
	visit = func(m *graph.Module) *paired.Sum {
		s := &paired.Sum{}
		for _, n := range m.Nodes {
			p, k := &r.Nodes[n.ID], of[n.ID]
			amounts := paired.Amounts{paired.Energy: float64(p.Energy), paired.Time: float64(p.Time)}
			switch {
			case !p.Known:
				s.Unknown++
			case amounts == paired.Amounts{}:
			case p.Metered || k == nil:
				s.AddCertain(amounts)
			case k.IsCall():
				s.Add(d, v, r.law, &law.Kernel{Class: law.View}, &k.Outcome, amounts)
			default:
				s.Add(d, v, r.law, k.Sizes, &k.Outcome, amounts)
			}
		}
		for _, c := range m.Children {
			s.AddSum(visit(c))
		}
		out[m] = s
		return s
	}
	visit(root)
	return out
}
