package analysis

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/onnx"
)

func TestZZ(t *testing.T) {
	agg := map[string][]string{}
	for _, dir := range strings.Split(os.Getenv("ZZ"), ",") {
		files, _ := filepath.Glob(dir + "/*.onnx.gz")
		for _, f := range files {
			g, err := onnx.Decode(f, onnx.Options{})
			if err != nil {
				t.Log(err)
				continue
			}
			a, err := Run(g, Options{Symbolic: true})
			if err != nil {
				t.Log(err)
				continue
			}
			counted := map[*graph.Value]bool{}
			for _, n := range g.Nodes {
				if a.Tree.Of[n.ID] == nil {
					continue
				}
				for _, x := range a.Params.byNode[n.ID] {
					counted[x.stored] = true
				}
			}
			for _, v := range g.Values {
				if v.Init == nil || counted[v] || v.Init.Len() <= 16 || !v.Init.DType.IsFloat() || len(v.Consumers) == 0 {
					continue
				}
				u := v.Consumers[0]
				w := v
				for u.Node.Op == "Identity" && len(u.Node.Outputs[0].Consumers) > 0 {
					w = u.Node.Outputs[0]
					u = w.Consumers[0]
				}
				op := fmt.Sprintf("%s/%d", u.Node.Kind(), u.Slot)
				if len(w.Consumers) > 1 {
					op += "+"
				}
				agg[op] = append(agg[op], fmt.Sprintf("%s %s%v -> %s", strings.TrimSuffix(filepath.Base(f), ".onnx.gz"), v.Name, v.Init.Dims, u.Node.Label()))
			}
		}
	}
	var keys []string
	for k := range agg {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		fmt.Printf("== %s: %d\n", k, len(agg[k]))
		last, c := "", 0
		for _, s := range agg[k] {
			m, _, _ := strings.Cut(s, " ")
			if m != last {
				last, c = m, 0
			}
			if c++; c <= 3 {
				fmt.Println("   ", s)
			}
		}
	}
}
