package scope

import (
	"slices"
	"testing"
)

func TestWeights(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{
			"torch before 1.13: numbered nodes, weights with paths, a folded weight without",
			[]string{
				"MatMul_0 MatMul x,onnx::1 -> 1",
				"Add_1 Add 1,l.0.q.bias -> 2",
				"MatMul_2 MatMul x,onnx::2 -> 3",
				"Add_3 Add l.0.k.bias,3 -> 4",
				"Transpose_4 Transpose 4 -> 5",
				"MatMul_5 MatMul 2,5 -> 6",
				"Softmax_6 Softmax 6 -> 7",
				"MatMul_7 MatMul 7,l.0.o.weight -> 8",
			},
			[]string{"l.0.q", "l.0.q", "l.0.k", "l.0.k", "l.0", "l.0", "l.0", "l.0.o"},
		},
		{
			"looked through Transpose, Cast and DequantizeLinear",
			[]string{
				"- DequantizeLinear l.a.weight -> 1",
				"- Transpose 1 -> 2",
				"- MatMul x,2 -> 3",
				"- Cast l.b.weight -> 4",
				"- MatMul 3,4 -> 5",
			},
			[]string{"l.a", "l.a", "l.a", "l.b", "l.b"},
		},
		{
			"a weight that several read tells nothing; an alias does",
			[]string{
				"Identity_0 Identity l.0.n.weight -> l.1.n.weight",
				"- LayerNormalization x,l.0.n.weight -> 1",
				"- LayerNormalization 1,l.1.n.weight -> 2",
				"- SkipLayerNormalization 2,m.n.weight -> 3",
				"- SkipLayerNormalization 3,m.n.weight -> 4",
			},
			[]string{"l.1.n", "l.0.n", "l.1.n", "*", "*"},
		},
		{
			"fused operators that span modules",
			[]string{
				"- com.microsoft:EmbedLayerNormalization ids,emb.word.weight,emb.pos.weight,emb.norm.weight -> /emb/norm/Add_1_output_0",
				"- com.microsoft:Attention /emb/norm/Add_1_output_0,h.0.attn.c_attn.weight -> 2",
				"- com.microsoft:Attention 2,qkv -> /h.1/attn/Reshape_3_output_0",
			},
			[]string{"emb", "h.0.attn", "h.1.attn"},
		},
	} {
		t.Run(c.name, func(t *testing.T) { checkPaths(t, build(t, c.lines...), c.want...) })
	}
}

func TestNeighbours(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{
			"constants belong to the common scope of their readers",
			[]string{"Constant_0 Constant - -> c", "/a/b/x/Add Add x,c -> 1", "/a/b/y/Add Add 1,c -> 2", "Constant_3 Constant - -> d", "/a/b/x/Add_1 Add 2,d -> 3"},
			[]string{"a.b", "a.b.x", "a.b.y", "a.b.x", "a.b.x"},
		},
		{
			"a norm spelled out, a residual sum before it",
			[]string{
				"/l.0/o/MatMul MatMul x,w -> 1",
				"- Add 1,y -> 2",
				"/l.1/f/MatMul MatMul z,w2 -> 3",
				"- Add 2,3 -> 4",
				"- ReduceMean 4 -> 5",
				"- Sub 4,5 -> 6",
				"- Mul 6,l.1.out.n.weight -> 7",
			},
			[]string{"l.0.o", "*", "l.1.f", "l.1.out", "l.1.out.n", "l.1.out.n", "l.1.out.n"},
		},
		{
			"a product that lost its name beside the inner module it feeds",
			[]string{
				"/l/n/Mul Mul x,l.n.weight -> 1",
				"- MatMul 1,onnx::1 -> 2",
				"/l/attn/Reshape Reshape 2 -> 3",
				"/l/attn/o/MatMul MatMul 3,l.attn.o.weight -> 4",
				"- Reshape 1 -> 5",
				"/l/mlp/down/MatMul MatMul 5,l.mlp.down.weight -> 6",
			},
			[]string{"l.n", "l.attn", "l.attn", "l.attn.o", "l", "l.mlp.down"},
		},
		{
			"shapes belong to whom they are for, whatever they are taken from",
			[]string{
				"/e/Gather Gather e.weight,ids -> 1",
				"- Shape 1 -> 2",
				"- Gather 2,i -> 3",
				"/l/a/Mul Mul 1,l.a.weight -> 4",
				"/l/b/Reshape Reshape 4,3 -> 5",
			},
			[]string{"e", "l.b", "l.b", "l.a", "l.b"},
		},
		{"nothing known", []string{"- Add x,y -> 1", "- Mul 1,1 -> 2"}, []string{"", ""}},
	} {
		t.Run(c.name, func(t *testing.T) { checkPaths(t, build(t, c.lines...), c.want...) })
	}
}

func TestOptions(t *testing.T) {
	lines := []string{"/a/MatMul MatMul x,b.weight -> /c/MatMul_output_0", "/a/Add Add /c/MatMul_output_0,y -> z"}
	for source, want := range map[string]string{"": "a", NodeName: "a", OutputName: "c", Weight: "b", Metadata: "", "torchscript": "a"} {
		g := build(t, lines...)
		if got := Resolve(g, Options{Source: source}).Places[0].Path; got != want {
			t.Errorf("%q: %q, want %q", source, got, want)
		}
	}
}

func TestCoverage(t *testing.T) {
	g := build(t, "/a/MatMul MatMul x,a.weight -> 1", "- Constant - -> 2", "/a/Add Add 1,2 -> 3", "- Add u,v -> w")
	got := Resolve(g, Options{}).Coverage
	want := []Share{{NodeName, 2, 0.5}, {Neighbours, 1, 0.25}, {Root, 1, 0.25}}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
