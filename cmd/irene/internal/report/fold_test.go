package report_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/cmd/irene/internal/report/reporttest"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

// treeNode is a name over nodes: "a(b c)" in short.
type treeNode struct {
	name     string
	children []*treeNode
}

func (n *treeNode) same(o *treeNode) bool {
	if n.name[:1] != o.name[:1] || len(n.children) != len(o.children) {
		return false
	}
	for i, c := range n.children {
		if !c.same(o.children[i]) {
			return false
		}
	}
	return true
}

func node(name string, children ...*treeNode) *treeNode { return &treeNode{name, children} }

// folded writes rows as the names of their runs, the number of nodes they stand for, and what is below.
func folded(rows []*report.Folded[*treeNode]) string {
	var list []string
	for _, x := range rows {
		var run []string
		for _, n := range x.Run {
			run = append(run, n.name)
		}
		s := fmt.Sprintf("%s:%d", strings.Join(run, "+"), len(x.All))
		if len(x.Children) > 0 {
			s += "(" + folded(x.Children) + ")"
		}
		list = append(list, s)
	}
	return strings.Join(list, " ")
}

func TestFold(t *testing.T) {
	layer := func(i string) *treeNode { return node("l"+i, node("a"+i+"0"), node("a"+i+"1"), node("b"+i)) }
	for _, tt := range []struct {
		name string
		tree []*treeNode
		want string
	}{
		{"nothing", nil, ""},
		{"neighbours alone", []*treeNode{node("a1"), node("b1"), node("a2"), node("a3")}, "a1:1 b1:1 a2+a3:2"},
		{"the same child of equal parents", []*treeNode{layer("0"), layer("1"), layer("2")}, "l0+l1+l2:3(a00+a01:6 b0:3)"},
		{"parents of another build", []*treeNode{layer("0"), node("l1", node("b1"))}, "l0:1(a00+a01:2 b0:1) l1:1(b1:1)"},
	} {
		if got := folded(report.Fold(tt.tree, (*treeNode).same, func(n *treeNode) []*treeNode { return n.children })); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestEqualLayers is about the row that equal layers share, and what takes it apart.
func TestEqualLayers(t *testing.T) {
	r := reporttest.Build(t, reporttest.Layers(t, "m.onnx", 3), false)
	if text := string(rendered(t, r, "text")); !strings.Contains(text, "layer.0…2 ×3") || strings.Contains(text, "─ layer.1") {
		t.Errorf("layers are not in one row:\n%s", text)
	}
	r.View.Expand = true
	if text := string(rendered(t, r, "text")); strings.Contains(text, "×3") || !strings.Contains(text, "─ layer.1") {
		t.Errorf("layers are not apart:\n%s", text)
	}
	r.View.Expand, r.View.Selected = false, append(r.Find("layer.*"), r.Find("layer.1")...)
	if text := string(rendered(t, r, "text")); !strings.Contains(text, "─ layer.0…2 ×3") {
		t.Errorf("selected layers are not in one row:\n%s", text)
	}
}

// TestChains: a module whose only contents are another one shares its row, and so do all of a chain; the model's row names the
// module that is all of it. Here lm holds body and head, body a list of two layers, and nothing else.
func TestChains(t *testing.T) {
	x, two := onnxtest.In("x", graph.Float32, 2, 4), []string{"x", "a", "b", "y"}
	parts := []onnxtest.Part{onnxtest.Opset("", 17), onnxtest.Producer("pytorch"), x, onnxtest.Out("y", graph.Float32, 2, 4)}
	for i, module := range []string{"body.layers.0", "body.layers.1", "head"} {
		w := "lm." + module + ".weight"
		parts = append(parts, onnxtest.Weight(w, graph.Float32, 4, 4), onnxtest.Node("MatMul", two[i]+" "+w, two[i+1], onnxtest.Name("/lm/"+strings.ReplaceAll(module, ".layers", "/layers")+"/MatMul")))
	}
	g, err := onnx.DecodeBytes(onnxtest.Model(parts...).Bytes(), "m.onnx", "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := reporttest.Build(t, g, false)
	for _, tt := range []struct {
		shown []*report.Module
		want  []string
	}{
		{nil, []string{"model (lm)", "├─ body.layers.0…1 ×2", "└─ head"}},
		{r.Find("lm.body"), []string{"model", "└─ lm.body.layers.0…1 ×2"}},
	} {
		r.View.Selected = tt.shown
		text := string(rendered(t, r, "text"))
		_, tree, _ := strings.Cut(text, "\nmodule ")
		var rows []string
		for _, line := range strings.Split(tree, "\n")[1 : len(tt.want)+2] {
			label, _, _ := strings.Cut(line, "  ")
			rows = append(rows, label)
		}
		if !slices.Equal(rows, append(tt.want, "")) {
			t.Errorf("rows %q, want %q:\n%s", rows, tt.want, text)
		}
	}
}

// TestStar is about names that differ in a number alone.
func TestStar(t *testing.T) {
	for path, want := range map[string]string{"": "", "_": "_", "fc1.11": "fc1.*", "encoder": "encoder", "encoder.layer.11.fc1": "encoder.layer.*.fc1", "h.0_1": "h.*"} {
		if got := report.Star(path); got != want {
			t.Errorf("Star(%q) = %q, want %q", path, got, want)
		}
	}
}

// TestJoined is about one path for equal places of several layers: * stands only where their numbers differ.
func TestJoined(t *testing.T) {
	for _, tt := range [][3]string{
		{"a.0.b", "a.0.b", "a.0.b"},
		{"layers.2.blocks.0.fc1", "layers.2.blocks.5.fc1", "layers.2.blocks.*.fc1"},
		{"layers.2.blocks.*.fc1", "layers.3.blocks.0.fc1", "layers.*.blocks.*.fc1"},
		{"h.0.mlp.3", "h.1.mlp.3", "h.*.mlp.3"},
		{"h.0", "h.0_1", "h.*"},
	} {
		if got := report.Joined(tt[0], tt[1]); got != tt[2] {
			t.Errorf("Joined(%q, %q) = %q, want %q", tt[0], tt[1], got, tt[2])
		}
	}
}
