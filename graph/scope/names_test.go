package scope

import (
	"reflect"
	"slices"
	"testing"
)

func TestSegments(t *testing.T) {
	for _, c := range []struct{ path, parent, last string }{
		{"", "", ""},
		{"encoder", "", "encoder"},
		{"encoder.layer.0", "encoder", "layer.0"},
		{"encoder.layer.0.attention", "encoder.layer.0", "attention"},
		{"blocks.0.0", "", "blocks.0.0"},
		{"a.blocks.0.1.fn", "a.blocks.0.1", "fn"},
		{"0.1", "", "0.1"},
	} {
		if up, last := parentPath(c.path), lastSegment(c.path); up != c.parent || last != c.last {
			t.Errorf("%q: %q and %q, want %q and %q", c.path, up, last, c.parent, c.last)
		}
	}
}

func TestNodeScope(t *testing.T) {
	for _, c := range []struct {
		name, scope string
		ok          bool
	}{
		{"/encoder/layer.0/attention/self/query/MatMul_1", "encoder/layer.0/attention/self/query", true},
		{"/MatMul", "", true},
		{"MatMul_12", "", false},
		{"", "", false},
		{"/", "", false},
		{"///", "", false},
		{"fused /pooler/dense/Gemm", "pooler/dense", true},
		{"InsertedPrecisionFreeCast_/a/b/Add", "a/b", true},
		{"/a/self/MatMul/MatMulScaleFusion/", "a/self", true},
		{"/a/self/Mul/MulAddFusion", "a/self", true},
		{"/a/LayerNormFusion_token_3/", "", true},
		{"/a//b/Add/", "a/b", true},
		{"/a/b/MatMul_quant_scales_mul", "a/b", true},
		{"/a/b/Add_output_0_QuantizeLinear", "a/b", true},
		{"StatefulPartitionedCall/model/conv2d/Conv2D", "", false},
		{"optimum::if", "", false},
	} {
		if got, ok := nodeScope(c.name); got != c.scope || ok != c.ok {
			t.Errorf("%q: %q %v, want %q %v", c.name, got, ok, c.scope, c.ok)
		}
	}
}

func TestTensorScope(t *testing.T) {
	for name, want := range map[string]string{
		"/encoder/act/Mul_1_output_0":                 "encoder/act",
		"/model/layers.0/attn/q_proj/MatMul/output_0": "model/layers.0/attn/q_proj",
		"/model/layers.0/input_layernorm/output_3":    "model/layers.0",
	} {
		if got, ok := tensorScope(name); !ok || got != want {
			t.Errorf("%q: %q %v, want %q", name, got, ok, want)
		}
	}
	if _, ok := tensorScope("last_hidden_state"); ok {
		t.Error("a plain name has no scope")
	}
}

func TestOwnerPath(t *testing.T) {
	for name, want := range map[string]string{
		"encoder.layer.0.output.dense.bias":              "encoder.layer.0.output.dense",
		"embeddings.word_embeddings.weight_quantized":    "embeddings.word_embeddings",
		"embeddings.word_embeddings.weight_zero_point":   "embeddings.word_embeddings",
		"model.layers.0.attn.q_proj.MatMul.weight":       "model.layers.0.attn.q_proj",
		"model.layers.0.attn.q_proj.MatMulNBits.qweight": "model.layers.0.attn.q_proj",
		"linear_0.w_0":                          "linear_0",
		"weight":                                "",
		"onnx::MatMul_1734":                     "",
		"/encoder/layer.0/Constant_output_0":    "",
		"Attention_17_qkv_weight":               "",
		"bert/encoder/layer_._0/query/kernel:0": "",
		".weight":                               "",
		"a..weight":                             "",
		"x.0":                                   "",
		"pos_conv_embed.conv.parametrizations.weight.original0": "pos_conv_embed.conv.parametrizations.weight",
	} {
		if got := ownerPath(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestGenaiPath(t *testing.T) {
	for path, want := range map[string]string{
		"":                                         "",
		"model.embed_tokens":                       "model.embed_tokens",
		"model.layers.0.attn.q_proj":               "model.layers.0.self_attn.q_proj",
		"model.layers.12.attn":                     "model.layers.12.self_attn",
		"model.layers.0.moe.router":                "model.layers.0.mlp.router",
		"model.layers.0.mlp.act_fn":                "model.layers.0.mlp.act_fn",
		"model.layers.16.final_norm_layernorm":     "model.norm",
		"model.attn_mask_reformat.sub.Gather.Cast": "model.attn_mask_reformat.sub",
		"model.constant_nodes.INT64":               "model",
		"lm_head":                                  "lm_head",
	} {
		if got := genaiPath(path); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}

func TestParseLists(t *testing.T) {
	for _, c := range []struct {
		text string
		want [][]string
	}{
		{`[]`, [][]string{nil}},
		{`['', 'lm', 'lm.model']`, [][]string{{"", "lm", "lm.model"}}},
		{`['a.<locals>.B', "it's", 'a\'b', 'c\\d']`, [][]string{{"a.<locals>.B", "it's", "a'b", `c\d`}}},
		{`['a, b', 'c]'], ['d']`, [][]string{{"a, b", "c]"}, {"d"}}},
	} {
		if got, ok := parseLists(c.text); !ok || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %q %v, want %q", c.text, got, ok, c.want)
		}
	}
	for _, bad := range []string{``, `[`, `]`, `['a'`, `['a',]`, `['a'] `, `['a'], `, `['a`, `[a]`, `['a' 'b']`, `['a\`, `["a']`, `None`} {
		if got, ok := parseLists(bad); ok {
			t.Errorf("%s: read as %q", bad, got)
		}
	}
}

func TestCompareNatural(t *testing.T) {
	got := []string{"l.10.a", "l.2.b", "l.2.a", "l", "l.02"}
	slices.SortFunc(got, compareNatural)
	if want := []string{"l", "l.02", "l.2.a", "l.2.b", "l.10.a"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
