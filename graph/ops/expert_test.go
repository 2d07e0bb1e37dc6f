package ops

import "testing"

func TestExperts(t *testing.T) {
	testProducts(t, []productRow{
		{ // 2 of 8 experts of width 32 on 16 channels, gate and up fused: per token 2·(64·16 + 16·32)
			op: "com.microsoft:MoE", attrs: attrs(intAttr("k", 2), strAttr("activation_type", "swiglu"), intAttr("swiglu_fusion", 1)),
			in:   []string{"float16[batch, sequence, 16]", "float16[batch*sequence, 8]", "=float16[8, 64, 16]", "", "=float16[8, 16, 32]"},
			want: []string{"float16[batch, sequence, 16]"}, macs: "3072*batch*sequence", work: "432*batch*sequence", // 2·(2·16 + 5·32) + 48
			bytes:    "48*batch*sequence + 3072*min(2*batch*sequence, 8), 32*batch*sequence",
			products: []string{"1: 2*batch*sequence 64 16 weight transB", "1: 2*batch*sequence 16 32 weight transB"}, class: "moe", dtype: "float16",
		},
		{ // one expert of three layers with biases
			op: "com.microsoft:MoE", attrs: attrs(strAttr("activation_type", "silu")),
			in:   []string{"float32[n, 16]", "float32[n, 4]", "=float32[4, 32, 16]", "=float32[4, 32]", "=float32[4, 16, 32]", "=float32[4, 16]", "=float32[4, 32, 16]"},
			want: []string{"float32[n, 16]"}, macs: "1536*n", work: "200*n", // 32 + 24 + 3·32 + biases 32 + 16
			bytes: "80*n + 6336*min(4, n), 64*n",
		},
		{ // 4 bits
			op: "com.microsoft:QMoE", attrs: attrs(intAttr("k", 2)),
			in:   []string{"float16[n, 16]", "float16[n, 4]", "=uint8[4, 32, 8]", "=float16[4, 32]", "", "=uint8[4, 16, 16]", "=float16[4, 16]", ""},
			want: []string{"float16[n, 16]"}, macs: "2048*n", bytes: "40*n + 608*min(2*n, 4), 32*n", dtype: "float16",
		},
		{op: "com.microsoft:MoE", in: []string{"float32?", "float32[n, 4]", "=float32[4, 32, 16]", "", "=float32[4, 16, 32]"}, want: []string{"float32?"}, macs: "?"},
	})
}
