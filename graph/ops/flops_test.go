package ops_test

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
	"github.com/irene-onnx/irene/onnx"
)

// TestModelFLOPs holds twice the multiply-accumulates of the reference models against what PyTorch's FlopCounterMode
// counted, and every product against the MACs it stands for.
func TestModelFLOPs(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared(t, "models"), "*.onnx.gz"))
	if err != nil || len(files) == 0 {
		t.Skip("no models")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".onnx.gz"), func(t *testing.T) {
			g, err := onnx.Decode(file, onnx.Options{})
			if err != nil {
				t.Fatal(err)
			}
			ref := readFLOPs(t, strings.TrimSuffix(file, ".onnx.gz")+".json.gz")
			dims := map[string]graph.Dim{}
			for k, v := range ref.Dims {
				dims[k] = graph.Const(v)
			}
			sum := graph.Const(0)
			for i, c := range ops.Count(g, ops.Infer(g, ops.Options{Dims: dims})) {
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

// flopReference is what PyTorch counted of a model, by module and operator.
type flopReference struct {
	Dims  map[string]int64            `json:"dims"`
	FLOPs map[string]map[string]int64 `json:"flops"`
}

func readFLOPs(t *testing.T, path string) flopReference {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var ref flopReference
	if err := json.NewDecoder(z).Decode(&ref); err != nil {
		t.Fatal(err)
	}
	return ref
}

// TestBodies holds what operators count against what their function bodies count, which the official node tests spell
// out as models of their own: the same multiply-accumulates, and of normalizations nearly the same other operations,
// since those done once per row are left out.
func TestBodies(t *testing.T) {
	cases := map[string]*nodeCase{}
	for _, c := range readCases(t, shared(t, "conformance", "onnx-node-tests.zip")) {
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
	g, err := onnx.DecodeBytes(c.files["model.onnx"], c.name, "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sum := graph.Cost{MACs: graph.Const(0), Elementwise: graph.Const(0)}
	for _, k := range ops.Count(g, ops.Infer(g, ops.Options{Values: c.values(g)})) {
		sum.MACs, sum.Elementwise = sum.MACs.Add(k.MACs), sum.Elementwise.Add(k.Elementwise)
	}
	return g, sum
}
