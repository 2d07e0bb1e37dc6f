package workload

import (
	"slices"
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/onnx"
)

// Nodes of one name are told apart within their body, without taking a name that another node has; unnamed ones stay so.
func TestNameNodes(t *testing.T) {
	main, inner := &graph.Body{}, &graph.Body{}
	g := &graph.Graph{Main: main}
	for _, name := range []string{"a", "b", "a", "", "a'2", "", "a", "a", "b"} {
		g.Nodes = append(g.Nodes, &graph.Node{Name: name, Body: main})
	}
	g.Nodes = append(g.Nodes, &graph.Node{Name: "a", Body: inner})
	nameNodes(g)
	var got []string
	seen := map[string]bool{}
	for _, n := range g.Nodes[:9] {
		if n.Name != "" && seen[n.Name] {
			t.Errorf("%q twice", n.Name)
		}
		seen[n.Name] = true
		got = append(got, n.Name)
	}
	if first := []string{"a", "b"}; !slices.Equal(got[:2], first) || got[3] != "" || got[4] != "a'2" || got[5] != "" {
		t.Errorf("%q: the first of a name, others' names and nodes without one stay as they are", got)
	}
	if g.Nodes[9].Name != "a" {
		t.Errorf("the only %q of its body became %q", "a", g.Nodes[9].Name)
	}
}

// The functions of this BERT are called for each of its layers: in the file, a node of a function has one name for all.
func TestFunctions(t *testing.T) {
	a := analyzed(t, "bert-2layers-functions", nil)
	path, err := Hollow(Part{a, a.Graph.Main.Nodes, "bert"}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	g, err := onnx.Decode(path, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, n := range g.Main.Nodes {
		if n.Name != "" && seen[n.Name] {
			t.Errorf("two nodes %q", n.Name)
		}
		seen[n.Name] = true
	}
	if len(seen) < 300 {
		t.Errorf("%d names, want those of two layers", len(seen))
	}
}
