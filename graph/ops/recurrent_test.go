package ops

import "testing"

func TestRecurrent(t *testing.T) {
	testProducts(t, []productRow{
		{
			op: "LSTM", since: 14, attrs: attrs(intAttr("hidden_size", 8)), in: []string{"float32[sequence, batch, 4]", "=float32[1, 32, 4]", "=float32[1, 32, 8]", "=float32[1, 64]"},
			want: []string{"float32[sequence, 1, batch, 8]", "float32[1, batch, 8]", "float32[1, batch, 8]"}, macs: "384*batch*sequence", work: "168*batch*sequence",
			products: []string{"1: batch*sequence 32 4 weight transB", "sequence: batch 32 8 weight transB"}, class: "recurrent",
		},
		{
			op: "GRU", since: 22, attrs: attrs(strAttr("direction", "bidirectional"), intAttr("layout", 1)), in: []string{"float32[batch, sequence, 4]", "=float32[2, 24, 4]", "=float32[2, 24, 8]"},
			want: []string{"float32[batch, sequence, 2, 8]", "float32[batch, 2, 8]"}, macs: "576*batch*sequence", work: "176*batch*sequence",
		},
		{op: "RNN", since: 7, in: []string{"float32[n, 1, 4]", "=float32[1, 8, 4]", "=float32[1, 8, 8]"}, want: []string{"-", "float32[1, 1, 8]"}, macs: "96*n", work: "16*n"},
		{op: "RNN", in: []string{"float32[n, 4]"}, want: []string{"error: rank 2"}},
		{op: "LSTM", in: []string{"float32[n, 1, 4]", "=float32[1, 32, 5]", "=float32[1, 32, 8]"}, want: []string{"error: differ"}},
		{
			op: "com.microsoft:DynamicQuantizeLSTM", in: []string{"float32[n, 1, 4]", "=uint8[1, 4, 32]", "=uint8[1, 8, 32]"}, want: []string{"float32[n, 1, 1, 8]", "float32[1, 1, 8]", "float32[1, 1, 8]"},
			macs: "384*n", products: []string{"1: n 32 4 weight", "n: 1 32 8 weight"},
		},
	})
}

func TestLinearAttention(t *testing.T) {
	testProducts(t, []productRow{
		{ // per token and state of 8×16: product 128, retrieval 128, two queries 256
			op: "LinearAttention", since: 27, attrs: attrs(intAttr("q_num_heads", 4), intAttr("kv_num_heads", 2)),
			in:   []string{"float16[batch, sequence, 32]", "float16[batch, sequence, 16]", "float16[batch, sequence, 32]", "float32[batch, 2, 8, 16]", "float16[batch, sequence, 2]", "float16[batch, sequence, 2]"},
			want: []string{"float16[batch, sequence, 64]", "float32[batch, 2, 8, 16]"}, macs: "1024*batch*sequence", work: "386*batch*sequence", class: "recurrent",
		},
		{
			op: "com.microsoft:LinearAttention", attrs: attrs(intAttr("q_num_heads", 2), intAttr("kv_num_heads", 4), strAttr("update_rule", "linear"), intAttr("state_window", 2)),
			in:   []string{"float16[1, n, 16]", "float16[1, n, 16]", "float16[1, n, 64]"},
			want: []string{"float16[1, n, 64]", "float16[2, 1, 4, 8, 16]"}, macs: "1024*n", work: "64*n",
		},
		{
			op: "com.microsoft:GatedDeltaNet", attrs: attrs(intAttr("qk_l2_norm", 1), strAttr("gate_activation", "qwen"), strAttr("beta_activation", "sigmoid")),
			in: []string{
				"float16[n, 2, 8]", "float16[n, 2, 8]", "float16[n, 4, 16]", "int32[3]", "float32[n, 4]", "float32[n, 4]", "float32[2, 4, 16, 8]", "=float32[4]", "=float32[4]",
			},
			want: []string{"float16[n, 4, 16]", "float32[2, 4, 16, 8]"}, macs: "1536*n", work: "828*n", // 64 + 128 + 512, gates 24, rates 4, norms 96
		},
		{op: "com.microsoft:GatedDeltaNet", in: []string{"float16[1, n, 2, 8]", "float16[1, n, 2, 8]", "float16[1, n, 4, 16]", "", "", "", "float32[1, 4, 16, 8]"}, want: []string{"float16[1, n, 4, 16]"}},
		{
			op: "com.microsoft:LinearAttentionGate", in: []string{"float16[batch, n, 4]", "=float32[4]", "=float32[4]", "float16[batch, n, 4]"}, want: []string{"float16[batch, n, 4]", "float16[batch, n, 4]"},
			work: "24*batch*n",
		},
	})
}
