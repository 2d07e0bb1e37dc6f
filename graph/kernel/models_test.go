package kernel_test

import (
	"slices"
	"testing"

	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/kernel"
	"github.com/irene-onnx/irene/onnx"
)

// TestModels holds what is true of any plan on the reference models: kernels partition the nodes that launch something
// and keep all the multiply-accumulates, at most one view launches nothing with work in it, and plans repeat.
func TestModels(t *testing.T) {
	profiles, _ := kernel.Profiles()
	for _, name := range fixtures.EveryModel(t) {
		t.Run(name, func(t *testing.T) {
			g, err := onnx.DecodeBytes(fixtures.Model(t, name), name, "", onnx.Options{})
			if err != nil {
				t.Fatal(err)
			}
			a, err := analysis.Run(g, analysis.Options{Symbolic: true})
			if err != nil {
				t.Fatal(err)
			}
			include := func(n *graph.Node) bool { return a.Tree.Of[n.ID] != nil }
			for i, profile := range append(profiles, profiles...) {
				var options []kernel.Option
				if i >= len(profiles) {
					options = []kernel.Option{kernel.Functions}
				}
				p, err := kernel.Group(g, a.Inference, a.Costs, include, profile, options...)
				if err != nil {
					t.Fatal(err)
				}
				checkPlan(t, a, p)
				again, err := kernel.Group(g, a.Inference, a.Costs, include, profile, options...)
				if err != nil || !slices.Equal(described(p), described(again)) {
					t.Errorf("%s: another plan the second time (%v)", profile, err)
				}
			}
		})
	}
}

func described(p *kernel.Plan) []string {
	out := kernels(p)
	for i := range out {
		c := p.Kernels[i].Cost
		out[i] += " " + c.MACs.String() + " " + c.Elementwise.String() + " " + c.Read.String() + " " + c.Written.String()
	}
	return append(out, "calls "+names(p.Calls))
}

func checkPlan(t *testing.T, a *analysis.Analysis, p *kernel.Plan) {
	t.Helper()
	of := make([]int32, len(a.Graph.Nodes))
	for i := range of {
		of[i] = -1
	}
	byKernel, byNode := graph.Const(0), graph.Const(0)
	for i, k := range p.Kernels {
		if !slices.Contains(k.Members, k.Node) {
			t.Errorf("%s: kernel %d does not hold its node", p.Profile, i)
		}
		byKernel = byKernel.Add(k.Cost.MACs)
		for _, m := range k.Members {
			if of[m.ID] >= 0 || a.Tree.Of[m.ID] == nil {
				t.Errorf("%s: %s: in two kernels, or not in the tree", p.Profile, m.Label())
			}
			of[m.ID] = int32(i)
		}
	}
	if !slices.Equal(of, p.Of) {
		t.Errorf("%s: Of differs from the members of the kernels", p.Profile)
	}
	for _, n := range a.Graph.Nodes {
		if a.Tree.Of[n.ID] != nil {
			byNode = byNode.Add(a.Costs[n.ID].MACs)
		}
	}
	if p.Profile == "vllm" { // does without the angles of rotations, which are products too
		byKernel = byNode
	}
	if !byKernel.Equal(byNode) {
		t.Errorf("%s: %v MACs over kernels, %v over nodes", p.Profile, byKernel, byNode)
	}
	for _, n := range p.Calls {
		if p.Of[n.ID] >= 0 || a.Tree.Of[n.ID] == nil {
			t.Errorf("%s: %s: a call that launches a kernel, or is not in the tree", p.Profile, n.Label())
		}
	}
}
