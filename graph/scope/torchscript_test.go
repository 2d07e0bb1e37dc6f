package scope

import (
	"testing"

	"github.com/irene-onnx/irene/graph"
)

func TestTorchscript(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{
			"lists, functional code on the parent, call numbers of operators",
			[]string{
				"/emb/Gather Gather emb.weight,ids -> a",
				"/encoder/layer.0/attn/q/MatMul MatMul a,onnx::1 -> b",
				"/encoder/layer.0/attn/q/Add Add encoder.layer.0.attn.q.bias,b -> c",
				"/encoder/layer.0/attn/MatMul_1 MatMul c,c -> d",
				"/encoder/layer.0/Add_3 Add d,a -> e",
				"/Mul Mul e,e -> f",
			},
			[]string{"emb", "encoder.layer.0.attn.q", "encoder.layer.0.attn.q", "encoder.layer.0.attn", "encoder.layer.0", ""},
		},
		{
			"a Sequential calls its own elements; nested lists are one segment",
			[]string{
				"/net/net.0/Conv Conv x,net.0.weight -> a",
				"/net/net.1/Relu Relu a -> b",
				"/blocks.0/blocks.0.0/fn/MatMul MatMul b,blocks.0.0.fn.weight -> c",
				"/ff/net.0/proj/MatMul MatMul c,ff.net.0.proj.weight -> d",
			},
			[]string{"net.0", "net.1", "blocks.0.0.fn", "ff.net.0.proj"},
		},
		{
			"ln_1 is a module, key_proj_1 the second call of key_proj",
			[]string{
				"/h.0/ln_1/LayerNormalization LayerNormalization x,h.0.ln_1.weight -> a",
				"/h.0/ln_2/LayerNormalization LayerNormalization a,h.0.ln_2.weight -> b",
				"/h.0/key_proj/MatMul MatMul b,h.0.key_proj.weight -> c",
				"/h.0/key_proj_1/MatMul MatMul c,h.0.key_proj.weight -> d",
				"/h.0/conv_1/Conv Conv d,onnx::1 -> e",
			},
			[]string{"h.0.ln_1", "h.0.ln_2", "h.0.key_proj", "h.0.key_proj_1|h.0.key_proj", "h.0.conv_1|h.0.conv_1"},
		},
		{
			"conv_1 with a weight of its own is a module though conv is there too",
			[]string{
				"/conv/Conv Conv x,conv.weight -> a",
				"/conv_1/Conv Conv a,conv_1.weight -> b",
				"/conv_1_1/Conv Conv b,conv_1.weight -> c",
			},
			[]string{"conv|conv", "conv_1|conv_1", "conv_1_1|conv_1"},
		},
		{
			"call k of a child hangs under call k of its parent (ALBERT); suffixes do not nest",
			[]string{
				"/enc/in/MatMul MatMul x,enc.in.weight -> a",
				"/enc/g.0/l.0/attn/q/MatMul MatMul a,enc.g.0.l.0.attn.q.weight -> b",
				"/enc/g.0/l.0/attn/Softmax Softmax b -> c",
				"/enc/g.0/l.0/attn/q_1/MatMul MatMul c,enc.g.0.l.0.attn.q.weight -> d",
				"/enc/g.0/l.0/attn_1/Softmax Softmax d -> e",
			},
			[]string{
				"enc.in", "enc.g.0.l.0.attn.q", "enc.g.0.l.0.attn",
				"enc.g.0_1.l.0.attn.q|enc.g.0.l.0.attn.q", "enc.g.0_1.l.0.attn|enc.g.0.l.0.attn",
			},
		},
		{
			"two calls of a child in each call of its parent",
			[]string{
				"/l/p/MatMul MatMul x,l.p.weight -> a",
				"/l/p_1/MatMul MatMul a,l.p.weight -> b",
				"/l/Add Add a,b -> c",
				"/l/p_2/MatMul MatMul c,l.p.weight -> d",
				"/l/p_3/MatMul MatMul d,l.p.weight -> e",
				"/l_1/Add Add d,e -> f",
			},
			[]string{"l.p", "l.p_1|l.p", "l", "l_1.p|l.p", "l_1.p_1|l.p", "l_1|l"},
		},
		{
			"calls that do not divide go to the nearest call of the parent",
			[]string{
				"/l/Add Add x,x -> a",
				"/l/p/MatMul MatMul a,l.p.weight -> b",
				"/l_1/Add Add b,b -> c",
				"/l/p_1/MatMul MatMul c,l.p.weight -> d",
				"/l/p_2/MatMul MatMul d,l.p.weight -> e",
				"/l_1/Add_1 Add e,e -> f",
			},
			[]string{"l", "l.p", "l_1|l", "l_1.p|l.p", "l_1.p_1|l.p", "l_1"},
		},
		{
			"a ModuleDict is not called and does not show",
			[]string{
				"/wte/Gather Gather transformer.wte.weight,ids -> a",
				"/h.0/mlp/MatMul MatMul a,transformer.h.0.mlp.weight -> b",
				"/h.1/mlp/MatMul MatMul b,transformer.h.1.mlp.weight -> c",
			},
			[]string{"transformer.wte", "transformer.h.0.mlp", "transformer.h.1.mlp"},
		},
		{
			"parts of blocks that are not called themselves",
			[]string{
				"/attn/q/MatMul MatMul x,layers.0.attn.q.weight -> a",
				"/attn/q_1/MatMul MatMul a,layers.1.attn.q.weight -> b",
			},
			[]string{"layers.0.attn.q|layers.0.attn.q", "layers.1.attn.q|layers.1.attn.q"},
		},
		{
			"a module called away from its place (T5)",
			[]string{
				"/encoder/shared/Gather Gather shared.weight,ids -> a",
				"/decoder/shared/Gather Gather shared.weight,ids -> b",
			},
			[]string{"encoder.shared|shared", "decoder.shared|shared"},
		},
		{
			"weights merged across layers tell nothing",
			[]string{
				"/h.1/ln_1/LayerNormalization LayerNormalization x,h.0.ln_1.weight -> a",
				"/h.2/ln_1/LayerNormalization LayerNormalization a,h.0.ln_1.weight -> b",
			},
			[]string{"h.1.ln_1|h.1.ln_1", "h.2.ln_1|h.2.ln_1"},
		},
		{
			"quantised names, fused names, names lost but for the output",
			[]string{
				"/l/q/MatMul_quant MatMulInteger x,l.q.weight_quantized -> a",
				"/l/q/MatMul_quant_output_scale_mul Mul a,a -> b",
				"/l/q/Add_output_0_QuantizeLinear QuantizeLinear b -> c",
				"/l/MatMul/MatMulScaleFusion/ FusedMatMul c,c -> d",
				"BiasGelu_token_11 BiasGelu d,l.up.bias -> /l/act/Mul_1_output_0",
			},
			[]string{"l.q", "l.q", "l.q", "l", "l.act"},
		},
	} {
		t.Run(c.name, func(t *testing.T) { checkPaths(t, build(t, c.lines...), c.want...) })
	}
}

// TestPlainIf: both branches of an If in a module hold nodes of that module.
func TestPlainIf(t *testing.T) {
	b := &builder{g: &graph.Graph{Main: &graph.Body{}}, values: map[string]*graph.Value{}}
	owner := b.lines(t, b.g.Main, []string{"/a/b/If If c -> y"})[0]
	for _, branch := range []string{"then", "else"} {
		body := &graph.Body{Owner: owner}
		owner.Attrs = append(owner.Attrs, graph.Attr{Name: branch + "_branch", Type: graph.AttrGraph, Body: body})
		b.lines(t, body, []string{"/a/b/Mul Mul x,x -> m" + branch, "/a/Neg Neg m" + branch + " -> n" + branch, "- Constant - -> k" + branch})
	}
	checkPaths(t, b.g, "a.b", "a.b", "a", "a.b", "a.b", "a", "a.b")
}

func TestGenai(t *testing.T) {
	g := build(t,
		"/model/embed_tokens/Gather Gather model.embed_tokens.weight,ids -> /model/embed_tokens/Gather/output_0",
		"/model/layers.0/attn/q_proj/MatMul MatMul /model/embed_tokens/Gather/output_0,model.layers.0.attn.q_proj.MatMul.weight -> q",
		"/model/layers.1/final_norm_layernorm/SkipLayerNorm SkipLayerNormalization q,model.layers.1.final_norm_layernorm.weight -> n",
		"/lm_head/MatMul MatMul n,lm_head.MatMul.weight -> logits",
	)
	g.Producer = genaiProducer
	checkPaths(t, g, "model.embed_tokens", "model.layers.0.self_attn.q_proj", "model.norm", "lm_head")
}

func TestTensorflow(t *testing.T) {
	g := build(t,
		"StatefulPartitionedCall/bert/encoder/layer_._0/query/Tensordot/MatMul__17 MatMul x,w -> a",
		"StatefulPartitionedCall/bert/encoder/layer_._0/Add Add a,a -> b",
		"Add__3 Add b,b -> c",
	)
	checkPaths(t, g, "bert.encoder.layer_._0.query", "bert.encoder.layer_._0", "bert.encoder.layer_._0")
}
