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
