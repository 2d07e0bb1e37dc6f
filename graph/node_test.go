package graph

import (
	"slices"
	"testing"
)

// TestNodeAttributes: a getter takes only an attribute of its type; of another type or absent, it is the default.
func TestNodeAttributes(t *testing.T) {
	then, other := &Body{}, &Body{}
	n := &Node{Attrs: []Attr{
		{Name: "axis", Type: AttrInt, Int: -1},
		{Name: "alpha", Type: AttrFloat, Float: 0.5},
		{Name: "mode", Type: AttrString, Str: "linear"},
		{Name: "pads", Type: AttrInts, Ints: []int64{0, 1}},
		{Name: "then_branch", Type: AttrGraph, Body: then},
		{Name: "bodies", Type: AttrGraphs, Bodies: []*Body{other}},
	}}
	if n.Int("axis", 7) != -1 || n.Int("alpha", 7) != 7 || n.Int("none", 7) != 7 {
		t.Error("integers")
	}
	if n.Float("alpha", 2) != 0.5 || n.Float("axis", 2) != 2 || n.Float("none", 2) != 2 {
		t.Error("floats")
	}
	if n.Str("mode", "nearest") != "linear" || n.Str("pads", "nearest") != "nearest" || n.Str("none", "nearest") != "nearest" {
		t.Error("strings")
	}
	if v, ok := n.Ints("pads"); !ok || !slices.Equal(v, []int64{0, 1}) {
		t.Errorf("lists: %d", v)
	}
	if _, ok := n.Ints("axis"); ok {
		t.Error("an integer is read as a list")
	}
	if !slices.Equal(n.Bodies(), []*Body{then, other}) {
		t.Error("bodies are not those of the attributes, in their order")
	}
}

func TestNodeNames(t *testing.T) {
	v := &Value{Name: "y"}
	for _, c := range []struct {
		n           Node
		label, kind string
	}{
		{Node{Op: "MatMul", Name: "/dense/MatMul", Outputs: []*Value{v}}, "/dense/MatMul", "MatMul"},
		{Node{Op: "Attention", Domain: "com.microsoft", Outputs: []*Value{nil, v}}, "Attention → y", "com.microsoft:Attention"},
		{Node{Op: "Identity"}, "Identity", "Identity"},
	} {
		if c.n.Label() != c.label || c.n.Kind() != c.kind {
			t.Errorf("%q, %q; want %q, %q", c.n.Label(), c.n.Kind(), c.label, c.kind)
		}
	}
	n := Node{Inputs: []*Value{nil, v}, Outputs: []*Value{v}}
	if n.Input(1) != v || n.Input(0) != nil || n.Input(2) != nil || n.Input(-1) != nil || n.Output(0) != v || n.Output(1) != nil {
		t.Error("slots")
	}
	props := []Property{{"a", "1"}, {"b", "2"}}
	if Meta(props, "b") != "2" || Meta(props, "c") != "" {
		t.Error("metadata")
	}
}
