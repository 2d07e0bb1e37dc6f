package scope

import (
	"testing"

	"github.com/irene-onnx/irene/graph"
)

var twoNodes = []string{"node_a MatMul x,y -> a", "node_b Add a,a -> b"}

func TestNameScopes(t *testing.T) {
	for _, c := range []struct {
		name, first, second string
		want                [2]string
	}{
		{"cumulative, fx node last", `['', 'lm', 'lm.model', 'lm.model.layers.1', 'mm']`, `['', 'lm', 'add']`, [2]string{"lm.model.layers.1", "lm"}},
		{"root", `['', 'mm']`, `['', 'add']`, [2]string{"", ""}},
		{"quotes and escapes", `["", "it's", 'mm']`, `['', 'a\'b', 'add']`, [2]string{"it's", "a'b"}},
		{"a Sequential and its element", `['', 'net', 'net.0', 'mm']`, `['', 'net', 'add']`, [2]string{"net.0", "net"}},
		{"a module called away from its place", `['', 'encoder', 'shared', 'mm']`, `['', 'encoder', 'add']`, [2]string{"encoder.shared|shared", "encoder"}},
		{"second call", `['', 'l', 'mm']`, `['', 'l@1', 'add']`, [2]string{"l|l", "l_1|l"}},
		{"merged by a rewriter", `['', 'a', 'a.b', 'mm'], ['', 'a', 'a.c', 'mul']`, `['', 'a', 'add']`, [2]string{"a", "a"}},
		{"placeholder falls to the neighbour", `['_empty_nn_module_stack_from_metadata_hook', 'sym']`, `['', 'a', 'add']`, [2]string{"a", "a"}},
		{"malformed falls to the neighbour", `['', 'x'`, `['', 'a', 'add']`, [2]string{"a", "a"}},
		{"no list at all", `None`, `['', 'a', 'add']`, [2]string{"a", "a"}},
		{"only the fx node", `['mm']`, `['', 'a', 'add']`, [2]string{"a", "a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := withMeta(build(t, twoNodes...), keyNameScopes, c.first, c.second)
			checkPaths(t, g, c.want[0], c.want[1])
		})
	}
}

func TestClasses(t *testing.T) {
	g := withMeta(build(t, twoNodes...), keyNameScopes, `['', 'f', 'mm']`, `['', 'f', 'add']`)
	withMeta(g, keyClasses, `['specs.Decoder', 'm.f.<locals>.Block', 'aten.mm.default']`, `['x']`)
	res := checkPaths(t, g, "f", "f")
	if res.Classes[""] != "Decoder" || res.Classes["f"] != "Block" || len(res.Classes) != 2 {
		t.Errorf("classes %v", res.Classes)
	}
}

func TestNamespace(t *testing.T) {
	g := withMeta(build(t, twoNodes...), keyNamespace,
		": specs.Decoder/lm: pkg.Llama/lm.model: pkg.Model/mm: aten.mm.default", ": specs.Decoder/add: aten.add.Tensor")
	res := checkPaths(t, g, "lm.model", "")
	if res.Classes["lm.model"] != "Model" {
		t.Errorf("classes %v", res.Classes)
	}
	// A name_scopes list that cannot be read leaves the word to the namespace.
	g = withMeta(build(t, twoNodes...), keyNamespace, ": D/a: A/mm: aten.mm", ": D/a: A/b: B/add: aten.add")
	checkPaths(t, withMeta(g, keyNameScopes, "[", "['"), "a", "a.b")
	// GraphBuilder: relative names, no operator at the end.
	g = withMeta(build(t, twoNodes...), keyNamespace, "layer1: DecoderLayer/self_attn: Attention", "layer1: DecoderLayer")
	checkPaths(t, withMeta(g, keyScriptClasses, "x", "x"), "layer1.self_attn", "layer1")
	g = withMeta(build(t, twoNodes...), keyScriptNameScopes, "['', 'layer1', 'layer1.self_attn']", "['layer1', 'mlp']")
	checkPaths(t, g, "layer1.self_attn", "layer1.mlp")
}

// TestBranchScope: inside an If the module stack starts afresh.
func TestBranchScope(t *testing.T) {
	b := &builder{g: &graph.Graph{Main: &graph.Body{}}, values: map[string]*graph.Value{}}
	owner := b.lines(t, b.g.Main, []string{"node_cond If c -> y"})[0]
	body := &graph.Body{Owner: owner}
	owner.Attrs = []graph.Attr{{Name: "then_branch", Type: graph.AttrGraph, Body: body}}
	b.lines(t, body, []string{"node_mul Mul x,x -> m", "node_lin MatMul m,w -> n", "node_abs Add n,n -> o", "- Neg o -> p", "- Constant - -> q"})
	withMeta(b.g, keyNameScopes, `['', 'a', 'a.b', 'cond']`, `['mul']`, `['sub', 'linear']`, `['', 'z', 'add']`)
	checkPaths(t, b.g, "a.b", "a.b", "a.b.sub", "z", "", "a.b")
}

func TestWinml(t *testing.T) {
	g := withMeta(build(t, twoNodes...), "winml.hierarchy.tag", "/Root/Blk.0/Linear.query", "/Root")
	res := checkPaths(t, g, "Blk.0.query", "")
	if res.Classes["Blk.0.query"] != "Linear" || res.Classes[""] != "Root" {
		t.Errorf("classes %v", res.Classes)
	}
	checkPaths(t, withMeta(build(t, twoNodes...), "winml.hierarchy.tag", "//", "/R/a/"), "", "")
}

// TestRewritten: a convolution that took in a batch norm says it stands where the norm stood.
func TestRewritten(t *testing.T) {
	lines := []string{"node_conv Conv x,head.fuse.weight -> a", "node_mm MatMul a,head.wte.weight -> b"}
	g := withMeta(build(t, lines...), keyNameScopes, `['', 'head', 'head.norm', 'bn']`, `['', 'head', 'head.out', 'mm']`)
	withMeta(g, keyRule, "FuseBatchNormIntoConv")
	checkPaths(t, g, "head.fuse", "head.out")
}
