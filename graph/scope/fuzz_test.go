package scope

import (
	"reflect"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/internal/bounded"
)

// FuzzScope: whatever names and metadata say, Resolve ends, places every node in a tree, and says the same again.
func FuzzScope(f *testing.F) {
	f.Add("/encoder/layer.0/attention_5/Softmax", "/encoder/layer.0/attention/MatMul", "encoder.layer.0.attention.weight",
		"['', 'a', 'a.b', 'mm']", ": X/a: Y/mm: aten.mm", "/R/B.0/L.q", "m_Linear_encoder_layer_0_1")
	f.Add("/a/b/MatMul/MatMulScaleFusion/", "fused /a_1/Gemm", "a.b.weight", "['x'", ": ", "/", "Linear_a_b_1_2_x")
	f.Add("x/y/z", "/net/net.0/Conv", "net.0.weight", "[\"it's\"], ['a']", "a/b", "//", "_modules_Embedding_net__1_0")
	deep, wide := strings.Repeat("/a.0", 5000), strings.Repeat("a_1.", 5000)
	f.Add(deep+"/Relu", deep+"_1/Relu", wide+"weight", "['"+strings.Repeat("', '", 5000)+"']", deep+": "+wide+"/", wide, deep)
	f.Fuzz(func(t *testing.T, name, other, weight, scopes, namespace, tag, function string) {
		make := func() *graph.Graph {
			g := build(t, "- MatMul x,w.w -> a", "- Add a,a -> b", "- Mul b,v.v -> c", "- Neg c -> d", "- Abs d -> e")
			for _, v := range g.Values {
				if v.Name == "w.w" {
					v.Local = weight
				}
			}
			for i, n := range []string{name, other, other + "_1", "", name + "/" + other} {
				g.Nodes[i].Name = n
			}
			withMeta(g, keyNameScopes, "", scopes, "", scopes)
			withMeta(g, keyClasses, "", namespace)
			withMeta(g, keyNamespace, "", "", namespace)
			withMeta(g, "winml.hierarchy.tag", tag)
			call := &graph.Call{Domain: "pkg.x", Function: function, Node: name}
			g.Nodes[4].Call = &graph.Call{Parent: call, Domain: "pkg.onnxscript.torch_lib", Function: other, Node: function}
			return g
		}
		var first, second *Result
		bounded.Run(t, "placing", func() { first, second = Resolve(make(), Options{}), Resolve(make(), Options{}) })
		paths := map[string]*graph.Scope{}
		for i, p := range first.Places {
			q := second.Places[i]
			if p.Source != q.Source || p.Path != q.Path || p.Module != q.Module {
				t.Fatalf("node %d: %q (%s), then %q (%s)", i, p.Path, p.Source, q.Path, q.Source)
			}
			for s := p.Scope; s != nil; s = s.Parent {
				if old := paths[s.Path]; old != nil && old != s {
					t.Fatalf("two scopes at %q", s.Path)
				}
				paths[s.Path] = s
				if s.Parent != nil && (s.Path == "" || !strings.HasPrefix(s.Path, s.Parent.Path)) {
					t.Fatalf("%q below %q", s.Path, s.Parent.Path)
				}
			}
		}
		if !reflect.DeepEqual(first.Classes, second.Classes) {
			t.Fatalf("classes %v, then %v", first.Classes, second.Classes)
		}
	})
}
