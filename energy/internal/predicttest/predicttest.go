package predicttest

import (
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// Predicted predicts an analyzed model on a device.
func Predicted(t testing.TB, a *analysis.Analysis, c *coefficients.Coefficients, dev energy.Device) *predict.Result {
	t.Helper()
	r, err := predict.Target{Coefficients: c, Device: dev}.Run(a)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TreeOf is what a meter would say of a model that takes exactly what is predicted.
func TreeOf(a *analysis.Analysis, r *predict.Result, model string, batch, sequence int64) *irene.Tree {
	var node func(m *graph.Module) *irene.Node
	node = func(m *graph.Module) *irene.Node {
		s := r.Modules[m]
		n := &irene.Node{Scope: irene.WithoutLists(m.Path), Type: irene.TypeModule, InstanceType: m.Path, Energy: float64(s.Energy), Time: float64(s.Time)}
		switch {
		case m.Parent == nil:
			n.Type = irene.TypeModel
		case len(m.Children) == 0:
			n.Type = irene.TypeML
		}
		for _, c := range m.Children {
			n.Children = append(n.Children, node(c))
		}
		for _, op := range m.Nodes {
			if op.Op == "Softmax" {
				p := r.Nodes[op.ID]
				n.Children = append(n.Children, &irene.Node{
					Scope: n.Scope + ".softmax", Type: irene.TypeMLNoParam, InstanceType: "softmax", Energy: float64(p.Energy), Time: float64(p.Time),
				})
			}
		}
		return n
	}
	return &irene.Tree{Model: model, Batch: batch, Sequence: sequence, Root: node(a.Tree.Root)}
}

// Synthetic are measurements of the small model under two names, without any noise, and the model.
func Synthetic(t testing.TB) ([]*irene.Tree, *graph.Graph) {
	t.Helper()
	g := energytest.Encoder(t)
	var trees []*irene.Tree
	for i, batch := range []int64{1, 2, 3, 8, 16, 32} {
		for _, sequence := range []int64{16, 50, 128, 256} {
			a := energytest.Analyzed(t, g, map[string]int64{"batch": batch, "sequence": sequence})
			trees = append(trees, TreeOf(a, Predicted(t, a, energytest.Truth(), energytest.Device(t, "gtx-1070")), []string{"a", "b"}[i%2], batch, sequence))
		}
	}
	return trees, g
}
