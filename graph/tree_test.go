package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
)

// TestBuildTree: modules hang under the call they were made in, containers do not show, calls of a module are numbered.
func TestBuildTree(t *testing.T) {
	root := &graph.Scope{}
	enc := &graph.Scope{Parent: root, Path: "encoder", Module: "encoder"}
	first := &graph.Scope{Parent: enc, Path: "encoder.layer.0", Module: "encoder.layer.0"}
	second := &graph.Scope{Parent: enc, Path: "encoder.layer.0_1", Module: "encoder.layer.0"}
	dense := &graph.Scope{Parent: second, Path: "encoder.layer.0_1.dense", Module: "encoder.layer.0.dense"}
	shared := &graph.Scope{Parent: enc, Path: "encoder.shared", Module: "shared"}
	element := &graph.Scope{Parent: enc, Path: "encoder.0", Module: "encoder.0"}

	g := &graph.Graph{}
	var places []graph.Placement
	for _, s := range []*graph.Scope{first, dense, nil, shared, root, first, element} {
		g.Nodes = append(g.Nodes, &graph.Node{ID: len(g.Nodes)})
		places = append(places, graph.Placement{Scope: s})
	}
	tree := graph.BuildTree(g, places, map[string]string{"": "Net", "encoder.layer.0": "Layer"}, func(n *graph.Node) bool { return n.ID != 5 })

	var b strings.Builder
	tree.Root.Walk(func(m *graph.Module) {
		fmt.Fprintf(&b, "%q %q %q %s %d:", m.Name, m.Path, m.Canonical, m.Class, m.Call)
		for _, n := range m.Nodes {
			fmt.Fprintf(&b, " %d", n.ID)
		}
		b.WriteByte('\n')
	})
	want := `"" "" "" Net 0: 2 4
"encoder" "encoder" "encoder"  0:
"layer.0" "encoder.layer.0" "encoder.layer.0" Layer 0: 0
"layer.0_1" "encoder.layer.0_1" "encoder.layer.0" Layer 1:
"dense" "encoder.layer.0_1.dense" "encoder.layer.0.dense"  0: 1
"shared" "encoder.shared" "shared"  0: 3
"0" "encoder.0" "encoder.0"  0: 6
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
	if tree.Of[5] != nil || tree.Of[1].Parent.Path != "encoder.layer.0_1" {
		t.Error("operators do not find their modules")
	}
}

// TestChildren: modules come in the order in which they begin to work, whatever copies of their weights come first.
func TestChildren(t *testing.T) {
	root := &graph.Scope{}
	scope := func(name string) *graph.Scope { return &graph.Scope{Parent: root, Path: name, Module: name} }
	embed, layer, pool, idle := scope("embed"), scope("layer"), scope("pool"), scope("idle")
	weight := &graph.Value{Init: &graph.Tensor{}}
	x := &graph.Value{}

	g := &graph.Graph{}
	var places []graph.Placement
	node := func(op string, s *graph.Scope, in ...*graph.Value) *graph.Value {
		n := &graph.Node{ID: len(g.Nodes), Op: op, Inputs: in}
		out := &graph.Value{Producer: n}
		n.Outputs = []*graph.Value{out}
		g.Nodes, places = append(g.Nodes, n), append(places, graph.Placement{Scope: s})
		return out
	}
	copied := node("Identity", pool, weight)
	turned := node("Transpose", layer, node("Constant", layer))
	node("Shape", idle, x)
	h := node("Gather", embed, weight, x)
	h = node("MatMul", layer, h, turned)
	node("MatMul", pool, h, copied)

	var got []string
	for _, m := range graph.BuildTree(g, places, nil, nil).Root.Children {
		got = append(got, m.Name)
	}
	if want := "embed layer pool idle"; strings.Join(got, " ") != want {
		t.Errorf("modules %q, want %q", got, want)
	}
}
