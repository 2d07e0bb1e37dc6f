package ops

import (
	"fmt"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
)

// printGeometry spells what a cost says of its kernel beside products: "depthwise", "int4_wo", "attention batch×heads/key
// heads×size, queries of context window causal type/cache" and "experts tokens of hidden×inter, k of all".
func printGeometry(c *graph.Cost) string {
	var parts []string
	if c.Row != "" {
		parts = append(parts, c.Row)
	}
	if c.Quant != "" {
		parts = append(parts, c.Quant)
	}
	if a := c.Attention; a != nil {
		text := fmt.Sprintf("attention %v×%v/%v×%v, %v of %v", a.Batch, a.Heads, a.KVHeads, a.HeadDim, a.Query, a.Context)
		if !a.Window.IsUnknown() {
			text += fmt.Sprintf(" window %v", a.Window)
		}
		if a.Causal {
			text += " causal"
		}
		parts = append(parts, text+fmt.Sprintf(" %v/%v", a.DType, a.Cache))
	}
	if e := c.Experts; e != nil {
		text := fmt.Sprintf("experts %v of %v×%v, %v of %v", e.Tokens, e.Hidden, e.Inter, e.TopK, e.Experts)
		if e.Gated {
			text += " gated"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

// TestGeometry reads off each node what energy models ask of fused kernels.
func TestGeometry(t *testing.T) {
	ms := "com.microsoft:"
	heads := attrs(intAttr("num_heads", 8), intAttr("kv_num_heads", 2))
	gqa := []string{"float16[batch, n, 512]", "float16[batch, n, 128]", "float16[batch, n, 128]"}
	q, kv := "float16[b, 8, n, 64]", "float16[b, 2, m, 64]"
	x, w := "float32[b, n, 768]", "=float32[768, 2304]"
	twelve := attrs(intAttr("num_heads", 12))
	for i, c := range []struct {
		op    string
		since int64
		attrs []graph.Attr
		in    []string
		outs  int
		want  string
	}{
		{"Attention", 23, nil, []string{q, kv, kv}, 1, "attention b×8/2×64, n of m float16/float16"},
		{"Attention", 23, attrs(intAttr("is_causal", 1)), []string{q, kv, kv, "", "float16[b, 2, past, 64]", "float16[b, 2, past, 64]"}, 3, "attention b×8/2×64, n of m + past causal float16/float16"},
		{"Attention", 25, attrs(intAttr("is_causal", 1), intAttr("left_window_size", 127)), []string{q, kv, kv}, 1, "attention b×8/2×64, n of m window 128 causal float16/float16"},
		{"ai.onnx.preview:FlexAttention", 1, nil, []string{q, q, q}, 1, "attention b×8/8×64, n of n float16/float16"},
		{ms + "Attention", 1, twelve, []string{x, w}, 1, "attention b×12/12×64, n of n float32/float32"},
		{ms + "Attention", 1, append(twelve, intAttr("unidirectional", 1)), []string{x, w, "", "", "float32[2, b, 12, past, 64]"}, 2, "attention b×12/12×64, n of n + past causal float32/float32"},
		{ // integer products, attention in floats
			ms + "QAttention", 1, attrs(intAttr("num_heads", 2)),
			[]string{"uint8[b, n, 8]", "=int8[8, 24]", "=float32[24]", "float32[]", "float32[]"},
			1,
			"attention b×2/2×4, n of n float32/float32",
		},
		{ms + "MultiHeadAttention", 1, attrs(intAttr("num_heads", 4)), []string{"float16[b, n, 32]", "float16[b, m, 32]", "float16[b, m, 32]"}, 1, "attention b×4/4×8, n of m float16/float16"},
		{
			ms + "DecoderMaskedMultiHeadAttention", 1, attrs(intAttr("num_heads", 4)),
			[]string{"float16[b, 1, 96]", "", "", "", "", "float16[b, 4, past, 8]", "float16[b, 4, past, 8]"},
			3,
			"attention b×4/4×8, 1 of past + 1 float16/float16",
		},
		{ms + "GroupQueryAttention", 1, heads, gqa, 1, "attention batch×8/2×64, n of n causal float16/float16"},
		{ms + "GroupQueryAttention", 1, append(heads, intAttr("causal", 0)), gqa, 1, "attention batch×8/2×64, n of n float16/float16"},
		{
			ms + "GroupQueryAttention", 1, append(heads, intAttr("local_window_size", 128)),
			[]string{"float16[1, 1, 512]", "float16[1, 1, 128]", "float16[1, 1, 128]", "float16[1, 2, past, 64]", "float16[1, 2, past, 64]"},
			3,
			"attention 1×8/2×64, 1 of past + 1 window 128 causal float16/float16",
		},
		{ // keys and values in 8 bits, then in 4
			ms + "GroupQueryAttention", 1, heads,
			[]string{"float16[1, 1, 512]", "float16[1, 1, 128]", "float16[1, 1, 128]", "int8[1, 2, past, 64]", "int8[1, 2, past, 64]"},
			3,
			"attention 1×8/2×64, 1 of past + 1 causal float16/int8",
		},
		{
			ms + "GroupQueryAttention", 1, heads,
			[]string{"float16[1, 1, 512]", "float16[1, 1, 128]", "float16[1, 1, 128]", "uint8[1, 2, past, 32]", "uint8[1, 2, past, 32]"},
			3,
			"attention 1×8/2×64, 1 of past + 1 causal float16/int4",
		},
		{ // 3 sequences of one token, and of 5 between them
			ms + "PagedAttention", 1, heads,
			[]string{"float16[3, 256]", "float16[3, 64]", "float16[3, 64]", "float16[64, 16, 2, 32]", "float16[64, 16, 2, 32]", "int32[4]", "int32[3]", "int32[3, 4]"},
			3,
			"attention 3×8/2×32, 1 of 64 causal float16/float16",
		},
		{
			ms + "PagedAttention", 1, heads,
			[]string{"float16[5, 256]", "float16[5, 64]", "float16[5, 64]", "float8e4m3fn[64, 16, 2, 32]", "float8e4m3fn[64, 16, 2, 32]", "int32[4]", "int32[3]", "int32[3, 4]"},
			3,
			"attention 3×8/2×32, 2 of 64 causal float16/float8e4m3fn",
		},
		{ms + "PackedAttention", 1, attrs(intAttr("num_heads", 2)), []string{"float32[20, 8]", "=float32[8, 24]", "=float32[24]", "int32[4, 9]", "int32[5]"}, 1, "attention 4×2/2×4, 5 of 9 float32/float32"},
		{
			ms + "LongformerAttention", 1, attrs(intAttr("num_heads", 2), intAttr("window", 16)),
			[]string{"float32[b, 64, 8]", "=float32[8, 24]", "=float32[24]", "float32[b, 64]", "=float32[8, 24]"},
			1,
			"attention b×2/2×4, 64 of 64 window 33 float32/float32",
		},
		{ms + "MoE", 1, attrs(intAttr("k", 2), strAttr("activation_type", "swiglu"), intAttr("swiglu_fusion", 1)), []string{"float16[b, n, 16]", "float16[b*n, 8]", "=float16[8, 64, 16]", "", "=float16[8, 16, 32]"}, 1, "experts b*n of 16×32, 2 of 8 gated"},
		{ms + "MoE", 1, nil, []string{"float32[n, 16]", "float32[n, 4]", "=float32[4, 32, 16]", "", "=float32[4, 16, 32]", "", "=float32[4, 32, 16]"}, 1, "experts n of 16×32, 1 of 4 gated"},
		{ms + "MoE", 1, nil, []string{"float32[n, 16]", "float32[n, 4]", "=float32[4, 32, 16]", "", "=float32[4, 16, 32]"}, 1, "experts n of 16×32, 1 of 4"},
		{ms + "QMoE", 1, attrs(intAttr("k", 2)), []string{"float16[n, 16]", "float16[n, 4]", "=uint8[4, 32, 8]", "=float16[4, 32]", "", "=uint8[4, 16, 16]"}, 1, "int4_wo; experts n of 16×32, 2 of 4"},
		{ms + "QMoE", 1, attrs(intAttr("expert_weight_bits", 8)), []string{"float16[n, 16]", "float16[n, 4]", "=uint8[4, 32, 16]", "=float16[4, 32]", "", "=uint8[4, 16, 32]"}, 1, "int8_wo; experts n of 16×32, 1 of 4"},
		{ms + "QMoE", 1, attrs(strAttr("quant_type", "fp4")), []string{"float16[n, 16]", "float16[n, 4]", "=uint8[4, 32, 8]", "", "", "=uint8[4, 16, 16]"}, 1, "w4a16_mxfp4; experts n of 16×32, 1 of 4"},
		{ms + "MatMulNBits", 1, attrs(intAttr("N", 8), intAttr("K", 32), intAttr("bits", 4)), []string{"float16[n, 32]", "=uint8[8, 1, 16]", "=float16[8]"}, 1, "int4_wo"},
		{ms + "MatMulNBits", 1, attrs(intAttr("N", 8), intAttr("K", 32), intAttr("bits", 8)), []string{"float16[n, 32]", "=uint8[8, 1, 32]", "=float16[8]"}, 1, "int8_wo"},
		{ms + "MatMulBnb4", 1, attrs(intAttr("N", 8), intAttr("K", 32)), []string{"float16[n, 32]", "=uint8[128]", "=float16[8]"}, 1, "int4_wo"},
		{ms + "MatMulBlockQuantizedFp8Weight", 1, nil, []string{"bfloat16[n, 16]", "=float8e4m3fn[8, 16]", "float32[8, 1]"}, 1, "int8_wo"},
		{ms + "MatMulBlockQuantizedFp8Weight", 1, nil, []string{"bfloat16[n, 16]", "=float8e4m3fn[8, 16]", "float32[8, 1]", "float32[]"}, 1, ""},
		{"RMSNormalization", 23, nil, []string{"float16[n, 16]", "=float16[16]"}, 1, "rmsnorm"},
		{ms + "SkipSimplifiedLayerNormalization", 1, nil, []string{"float16[b, n, 16]", "float16[b, n, 16]", "=float16[16]"}, 1, "add_rmsnorm"},
		{ms + "SkipLayerNormalization", 1, nil, []string{"float16[b, n, 16]", "float16[b, n, 16]", "=float16[16]"}, 1, ""},
		{ms + "RotaryEmbedding", 1, nil, []string{"float16[2, 3, 32]", "int64[1]", "float16[50, 4]", "float16[50, 4]"}, 1, "rope"},
		{"MatMulInteger", 10, nil, []string{"uint8[n, 16]", "=int8[16, 8]"}, 1, ""},
		{"Conv", 11, attrs(intAttr("group", 32)), []string{"float32[b, 32, 9, 9]", "=float32[64, 1, 3, 3]"}, 1, "depthwise"},
		{"Conv", 11, attrs(intAttr("group", 2)), []string{"float32[b, 32, 9, 9]", "=float32[64, 16, 3, 3]"}, 1, ""},
		{"Conv", 11, nil, []string{"float32[b, 1, 9, 9]", "=float32[64, 1, 3, 3]"}, 1, ""},
		{"ConvTranspose", 11, attrs(intAttr("group", 4)), []string{"float32[b, 4, 9, 9]", "=float32[4, 1, 3, 3]"}, 1, "depthwise"},
		{ms + "CausalConvWithState", 1, nil, []string{"float32[b, 16, n]", "=float32[16, 1, 4]"}, 2, "depthwise"},
	} {
		t.Run(fmt.Sprintf("%d-%s", i, c.op), func(t *testing.T) {
			r := productRow{op: c.op, since: c.since, attrs: c.attrs, in: c.in, want: make([]string, c.outs)}
			_, cost, err := r.run(t, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := printGeometry(&cost); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if a := cost.Attention; a != nil {
				own := graph.Const(0)
				for _, p := range cost.Products[max(0, len(cost.Products)-2):] {
					own = own.Add(p.MACs())
				}
				keys := a.Context
				if !a.Window.IsUnknown() {
					keys = keys.Min(a.Window)
				}
				want := a.Batch.Mul(a.Heads).Mul(a.Query).Mul(keys).Mul(a.HeadDim).MulInt(2)
				if packed := strings.Contains(c.op, "Pa"); !packed && !own.Equal(want) {
					t.Errorf("the last products have %v MACs, the geometry says %v", own, want)
				}
			}
		})
	}
}
