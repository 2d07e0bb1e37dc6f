package ops_test

import (
	"strings"
	"testing"

	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
	"github.com/irene-onnx/irene/onnx"
)

// TestModelFLOPs holds twice the multiply-accumulates of the reference models against what PyTorch's FlopCounterMode
// counted, and every product against the MACs it stands for.
func TestModelFLOPs(t *testing.T) {
	for _, name := range fixtures.EveryModel(t) {
		t.Run(name, func(t *testing.T) {
			g, ref := decode(t, name), fixtures.Answers(t, name)
			sum := graph.Const(0)
			for i, c := range ops.Count(g, ops.Infer(g, ops.Options{Dims: boundTo(ref)})) {
				products := graph.Const(0)
				for _, p := range c.Products {
					products = products.Add(p.MACs())
				}
				if len(c.Products) > 0 && !products.Equal(c.MACs) {
					t.Errorf("%s: products of %v MACs, %v counted", g.Nodes[i].Label(), products, c.MACs)
				}
				if !c.Known {
					t.Errorf("%s: no cost", g.Nodes[i].Kind())
				}
				sum = sum.Add(c.MACs)
			}
			if got := sum.MulInt(2); !got.Is(ref.FLOPs["<total>"]["total"]) {
				t.Errorf("%v FLOPs, PyTorch counted %d", got, ref.FLOPs["<total>"]["total"])
			}
		})
	}
}

// TestBodies holds what operators count against what their function bodies count, which the official node tests spell
// out as models of their own: the same multiply-accumulates, and of normalizations nearly the same other operations,
// since those done once per row are left out.
func TestBodies(t *testing.T) {
	cases := map[string]*nodeCase{}
	for _, c := range readCases(t) {
		cases[c.name] = c
	}
	compared := 0
	for name, c := range cases {
		body := cases[name+"_expanded"]
		if body == nil {
			continue
		}
		g, rule := counted(t, c)
		_, spelled := counted(t, body)
		if spelled.MACs.IsUnknown() || len(g.Main.Nodes) != 1 {
			continue
		}
		compared++
		if !rule.MACs.Equal(spelled.MACs) {
			t.Errorf("%s: %v MACs, its body %v", name, rule.MACs, spelled.MACs)
		}
		if !strings.HasSuffix(g.Main.Nodes[0].Op, "Normalization") {
			continue
		}
		x, _ := rule.Elementwise.Const()
		y, _ := spelled.Elementwise.Const()
		if x > y || 3*y > 4*x {
			t.Errorf("%s: %d elementwise operations, its body %d", name, x, y)
		}
	}
	if compared < 100 {
		t.Errorf("%d bodies compared", compared)
	}
}

// counted sums the costs of a case's nodes.
func counted(t *testing.T, c *nodeCase) (*graph.Graph, graph.Cost) {
	t.Helper()
	g, err := onnx.DecodeBytes(c.model, c.name, "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sum := graph.Cost{MACs: graph.Const(0), Elementwise: graph.Const(0)}
	for _, k := range ops.Count(g, ops.Infer(g, ops.Options{Values: c.values(g)})) {
		sum.MACs, sum.Elementwise = sum.MACs.Add(k.MACs), sum.Elementwise.Add(k.Elementwise)
	}
	return g, sum
}
