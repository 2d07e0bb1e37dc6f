package ops

import "testing"

func TestLayerNorm(t *testing.T) {
	x := "float32[batch, sequence, 768]"
	testProducts(t, []productRow{
		{
			op: "LayerNormalization", since: 17, in: []string{x, "=float32[768]", "=float32[768]"}, want: []string{x}, macs: "0",
			work: "5376*batch*sequence", bytes: "3072*batch*sequence + 6144, 3072*batch*sequence", class: "norm",
		},
		{
			op: "LayerNormalization", since: 17, attrs: attrs(intAttr("axis", 1)), in: []string{"float16[batch, 3, 4]", "float16[3, 4]"},
			want: []string{"float16[batch, 3, 4]", "float32[batch, 1, 1]", "float32[batch, 1, 1]"}, work: "72*batch",
		},
		{op: "LayerNormalization", since: 17, attrs: attrs(intAttr("axis", 3)), in: []string{"float32[2, 3]", "float32[3]"}, want: []string{"error: axis 3"}},
		{op: "LayerNormalization", since: 17, in: []string{"float32[2, 3]", "float32[4]"}, want: []string{"error: a scale of 4"}},
		{op: "LayerNormalization", since: 17, in: []string{"float32?", "float32[4]"}, want: []string{"float32?"}, work: "?"},
		{op: "RMSNormalization", since: 23, in: []string{"float32[n, 4]", "=float16[4]"}, want: []string{"float16[n, 4]"}, work: "16*n"},
		{
			op: "SimplifiedLayerNormalization", in: []string{"float16[n, 4]", "=float16[4]"}, want: []string{"float16[n, 4]", "float32[n, 1]"},
			work: "16*n", bytes: "8*n + 8, 12*n",
		},
		{op: "com.microsoft:SimplifiedLayerNormalization", in: []string{"float16[n, 4]", "=float16[4]"}, want: []string{"float16[n, 4]"}, work: "16*n"},
		{op: "com.microsoft:GatedRMSNorm", in: []string{"float16[n, 8]", "=float16[4]", "float16[n, 8]"}, want: []string{"float16[n, 8]"}, work: "56*n"},
	})
}

func TestSkipLayerNorm(t *testing.T) {
	x := "float32[batch, sequence, 8]"
	testProducts(t, []productRow{
		{
			op: "com.microsoft:SkipLayerNormalization", in: []string{x, x, "=float32[8]", "=float32[8]", "=float32[8]"}, want: []string{x, "-", "-", x},
			work: "72*batch*sequence", bytes: "64*batch*sequence + 96, 64*batch*sequence", class: "norm",
		},
		{
			op: "com.microsoft:SkipLayerNormalization", in: []string{x, "float32[1, sequence, 8]", "=float32[8]"}, want: []string{x, "float32[batch, sequence, 1]", "float32[batch, sequence, 1]", x},
			work: "56*batch*sequence",
		},
		{op: "com.microsoft:SkipSimplifiedLayerNormalization", in: []string{x, x, "=float32[8]"}, want: []string{x, "-", "-", x}, work: "40*batch*sequence"},
		{op: "com.microsoft:SkipSimplifiedLayerNormalization", in: []string{x, x, "=float32[8]", "=float32[8]"}, want: []string{x}, work: "48*batch*sequence"},
		{op: "com.microsoft:SkipLayerNormalization", in: []string{x, x, "=float32[4]"}, want: []string{"error: differ"}},
	})
}

func TestEmbedLayerNorm(t *testing.T) {
	ids := "int32[batch, sequence]"
	testProducts(t, []productRow{
		{
			op: "com.microsoft:EmbedLayerNormalization", in: []string{ids, ids, "=float32[30522, 8]", "=float32[512, 8]", "=float32[2, 8]", "=float32[8]", "=float32[8]", ids},
			want: []string{"float32[batch, sequence, 8]", "int32[batch]"}, work: "72*batch*sequence",
			bytes: "12*batch*sequence + 32*min(2, batch*sequence) + 32*min(30522, batch*sequence) + 32*min(512, sequence) + 64, 32*batch*sequence + 4*batch",
		},
		{
			op: "com.microsoft:EmbedLayerNormalization", in: []string{"int32[2, 4]", "", "=float16[100, 8]", "=float16[64, 8]", "", "=float16[8]", "=float16[8]", "", "int32[1, 4]"},
			want: []string{"float16[2, 4, 8]", "-", "float16[2, 4, 8]"}, work: "512", // 8 tokens · 8 · (7 + 1)
			bytes: "272, 256", // ids 32, positions 16, 8 words and 4 positions of 16, scale and bias 32
		},
		{
			op: "com.microsoft:QEmbedLayerNormalization",
			in: []string{
				"int32[2, 4]", "", "=uint8[100, 8]", "=uint8[64, 8]", "", "=uint8[8]", "=uint8[8]", "", "float32[]", "float32[]", "", "float32[]", "float32[]",
				"uint8[]", "uint8[]", "", "uint8[]", "uint8[]",
			},
			want: []string{"float32[2, 4, 8]", "int32[2]"}, work: "768",
		},
		{op: "com.microsoft:EmbedLayerNormalization", in: []string{"int32[2]"}, want: []string{"error: rank 1"}},
	})
}

func TestBatchNorm(t *testing.T) {
	in := []string{"float32[batch, 3, 4, 4]", "=float32[3]", "=float32[3]", "=float32[3]", "=float32[3]"}
	testProducts(t, []productRow{
		{op: "BatchNormalization", since: 15, in: in, want: []string{in[0]}, work: "192*batch", class: "norm"},
		{
			op: "BatchNormalization", since: 15, attrs: attrs(intAttr("training_mode", 1)), in: in, want: []string{in[0], "float32[3]", "float32[3]"},
			work: "384*batch",
		},
		{op: "BatchNormalization", since: 9, in: in, want: []string{in[0], "float32[3]", "float32[3]", "float32[3]", "float32[3]"}},
		{op: "InstanceNormalization", since: 6, in: in[:3], want: in[:1], work: "336*batch"},
		{op: "GroupNormalization", since: 18, in: in[:3], want: in[:1], work: "336*batch"},
		{op: "com.microsoft:GroupNorm", attrs: attrs(intAttr("activation", 1)), in: []string{"float16[1, 4, 4, 3]", "=float32[3]", "=float32[3]"}, want: []string{"float16[1, 4, 4, 3]"}, work: "432"},
		{
			op: "com.microsoft:SkipGroupNorm", in: []string{"float16[1, 4, 4, 3]", "=float32[3]", "=float32[3]", "float16[1, 3]", "=float16[3]"},
			want: []string{"float16[1, 4, 4, 3]", "float16[1, 4, 4, 3]"}, work: "432",
		},
		{op: "LRN", since: 13, attrs: attrs(intAttr("size", 5)), in: in[:1], want: in[:1], work: "432*batch"},
		{op: "LpNormalization", since: 1, in: in[:1], want: in[:1], work: "144*batch"},
		{op: "MeanVarianceNormalization", since: 13, in: in[:1], want: in[:1], work: "240*batch"},
		{
			op: "com.microsoft:EngramGate", in: []string{"float16[batch, n, 2, 8]", "float16[batch, n, 2, 8]", "float16[batch, n, 8]", "=float16[2, 8]", "=float16[2, 8]"},
			want: []string{"float16[batch, n, 2, 8]"}, work: "176*batch*n",
		},
		{op: "com.microsoft:QOrderedLayerNormalization", in: []string{"int8[n, 8]", "float32[]", "=float16[8]", "=float16[8]", "float32[]"}, want: []string{"int8[n, 8]"}, work: "104*n"},
	})
}
