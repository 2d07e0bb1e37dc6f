package generate

import (
	"math"

	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// experts finds what mixtures of experts read less than their costs say by additive laws, which count as many experts as the tokens can
// touch: of E experts, n tokens that go through k each touch E·(1 - (1 - k/E)^n) on average where every expert is as
// likely as any other.
func (g *Generator) experts() {
	a := g.Step.Open.Analysis
	for i := range g.program().Steps {
		k := &g.program().Steps[i]
		if k.Cost.Class != "moe" || len(k.Cost.Products) == 0 || k.Node.Input(2) == nil {
			continue
		}
		active, ok := a.Eval(k.Cost.Products[0].M)
		shape := a.Inference.Facts[k.Node.Input(2).ID].Shape
		if !ok || len(shape) == 0 {
			continue
		}
		n, ok := shape[0].Const()
		per := max(k.Node.Int("k", 1), 1)
		if !ok || per >= n {
			continue
		}
		all := float64(n)
		touched := all * (1 - math.Pow(1-float64(per)/all, float64(active/per)))
		less := (min(all, float64(active)) - touched) * expertBytes(a, k.Node, n)
		pr := g.program().Law().Kernel(&law.Kernel{Class: k.Cost.Class, DType: k.Cost.DType, Known: true, Bytes: less})
		g.moe = g.moe.Plus(pr.Causes[law.Memory])
	}
}

// expertBytes is what one of n experts stores.
func expertBytes(a *analysis.Analysis, node *graph.Node, n int64) float64 {
	sum := 0.0
	for i, v := range node.Inputs {
		if v == nil || i < 2 {
			continue
		}
		f := &a.Inference.Facts[v.ID]
		if bytes, ok := f.Bytes().Const(); ok && len(f.Shape) > 1 && f.Shape[0].Is(n) {
			sum += float64(bytes) / float64(n)
		}
	}
	return sum
}
