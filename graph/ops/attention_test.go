package ops

import "testing"

func TestAttention(t *testing.T) {
	q, kv := "float32[batch, 8, sequence, 64]", "float32[batch, 8, n, 64]"
	testProducts(t, []productRow{
		{
			op: "Attention", since: 23, in: []string{q, kv, kv}, want: []string{q}, macs: "1024*batch*n*sequence", work: "48*batch*n*sequence",
			bytes:    "4096*batch*n + 2048*batch*sequence, 2048*batch*sequence",
			products: []string{"8*batch: sequence n 64 transB", "8*batch: sequence 64 n"}, class: "attention", dtype: "float32",
		},
		{ // grouped heads, three dimensions, a cache and a mask; values are narrower than keys
			op: "Attention", since: 24, attrs: attrs(intAttr("q_num_heads", 8), intAttr("kv_num_heads", 2), intAttr("is_causal", 1), floatAttr("softcap", 30)),
			in: []string{
				"float16[batch, sequence, 512]", "float16[batch, sequence, 128]", "float16[batch, sequence, 64]", "bool[sequence, past + sequence]",
				"float16[batch, 2, past, 64]", "float16[batch, 2, past, 32]",
			},
			want: []string{"float16[batch, sequence, 256]", "float16[batch, 2, past + sequence, 64]", "float16[batch, 2, past + sequence, 32]", "float16[batch, 8, sequence, past + sequence]"},
			macs: "768*batch*past*sequence + 768*batch*sequence**2", work: "80*batch*past*sequence + 80*batch*sequence**2",
		},
		{ // the mask tells what the total is
			op: "Attention", since: 23, in: []string{"float32[1, 2, 1, 4]", "float32[1, 2, 1, 4]", "float32[1, 2, 1, 4]", "float32[1, total]", "float32[1, 2, past, 4]", "float32[1, 2, past, 4]"},
			want: []string{"float32[1, 2, 1, 4]", "float32[1, 2, past + 1, 4]", "float32[1, 2, past + 1, 4]"}, macs: "16*past + 16",
		},
		{
			op: "Attention", since: 25, attrs: attrs(intAttr("left_window_size", 127), intAttr("is_causal", 1)), in: []string{q, kv, kv}, want: []string{q},
			macs: "1024*batch*sequence*min(128, n)", work: "56*batch*sequence*min(128, n)",
		},
		{op: "Attention", since: 25, attrs: attrs(intAttr("left_window_size", 127)), in: []string{q, kv, kv}, want: []string{q}, macs: "1024*batch*n*sequence"},
		{op: "Attention", since: 23, in: []string{"float32[batch, sequence, 512]", kv, kv}, want: []string{"float32[batch, sequence, ?]"}, macs: "?"},
		{op: "Attention", since: 23, in: []string{"float32[1, 2, 3, 4]", "float32[1, 2, 3, 5]", "float32[1, 2, 3, 4]"}, want: []string{"error: dimensions 4 and 5 differ"}},
		{op: "Attention", since: 23, in: []string{"float32[3, 4]", kv, kv}, want: []string{"error: rank 2"}},
		{op: "Attention", since: 23, in: []string{"float32?", kv, kv}, want: []string{"float32?"}, macs: "?"},
		{op: "ai.onnx.preview:FlexAttention", in: []string{q, kv, kv}, want: []string{q}, macs: "1024*batch*n*sequence", work: "48*batch*n*sequence"},
	})
}

func TestRotary(t *testing.T) {
	testProducts(t, []productRow{
		{
			op: "RotaryEmbedding", since: 23, in: []string{"float32[batch, 4, sequence, 8]", "float32[50, 4]", "float32[50, 4]", "int64[batch, sequence]"}, want: []string{"float32[batch, 4, sequence, 8]"},
			work: "96*batch*sequence", bytes: "136*batch*sequence + 32*min(50, batch*sequence), 128*batch*sequence", class: "elementwise",
		},
		{
			op: "RotaryEmbedding", since: 23, attrs: attrs(intAttr("num_heads", 4), intAttr("rotary_embedding_dim", 4)), in: []string{"float32[batch, sequence, 32]", "float32[batch, sequence, 2]", "float32[batch, sequence, 2]"},
			want: []string{"float32[batch, sequence, 32]"}, work: "48*batch*sequence", bytes: "144*batch*sequence, 128*batch*sequence",
		},
		{op: "com.microsoft:RotaryEmbedding", in: []string{"float16[2, 3, 32]", "int64[1]", "float16[50, 4]", "float16[50, 4]"}, want: []string{"float16[2, 3, 32]"}, work: "576", bytes: "440, 384"},
		{
			op: "com.microsoft:MRotaryEmbedding", in: []string{"float16[2, 4, 3, 8]", "int64[3, 2, 3]", "float16[50, 4]", "float16[50, 4]"}, want: []string{"float16[2, 4, 3, 8]"},
			work: "576",
		},
		{
			op:   "com.microsoft:GemmaRotaryEmbedding",
			in:   []string{"float32[1, n, 8]", "float16[1, 4, n, 8]", "float16[1, 4, n, 8]", "float16[1, 2, n, 8]", "float16[1, 2, n, 8]"},
			want: []string{"float16[1, 4, n, 8]", "float16[1, 2, n, 8]"}, work: "160*n",
		},
		{op: "RotaryEmbedding", since: 23, in: []string{"float32[3, 4]"}, want: []string{"error: rank 2"}},
	})
}

func TestProjectingAttention(t *testing.T) {
	heads := intAttr("num_heads", 12)
	x, w, b := "float32[batch, sequence, 768]", "=float32[768, 2304]", "=float32[2304]"
	testProducts(t, []productRow{
		{
			op: "com.microsoft:Attention", attrs: attrs(heads), in: []string{x, w, b, "int32[batch, sequence]"}, want: []string{x},
			macs: "1536*batch*sequence**2 + 1769472*batch*sequence", work: "84*batch*sequence**2 + 2304*batch*sequence",
			products: []string{"1: batch*sequence 2304 768 weight", "12*batch: sequence sequence 64 transB", "12*batch: sequence 64 sequence"}, class: "attention",
		},
		{
			op: "com.microsoft:Attention", attrs: attrs(intAttr("num_heads", 2), intsAttr("qkv_hidden_sizes", 8, 8, 4), intAttr("unidirectional", 1)), in: []string{"float32[1, n, 6]", "=float32[6, 20]"},
			want: []string{"float32[1, n, 4]", "float32[2, 1, 2, n, 4]"}, macs: "12*n**2 + 120*n", work: "14*n**2",
		},
		{
			op: "com.microsoft:Attention", attrs: attrs(heads), in: []string{x, w, b, "", "float32[2, batch, 12, past, 64]"}, want: []string{x, "float32[2, batch, 12, past + sequence, 64]"},
			macs:  "1536*batch*past*sequence + 1536*batch*sequence**2 + 1769472*batch*sequence",
			bytes: "6144*batch*past + 3072*batch*sequence + 7087104, 6144*batch*past + 9216*batch*sequence",
		},
		{ // in a buffer for 100 positions, 4 are attended and 1 is new: a position has 2·12·64 floats
			op: "com.microsoft:Attention", attrs: attrs(heads, intAttr("past_present_share_buffer", 1)),
			in:   []string{"float32[1, 1, 768]", w, b, "", "float32[2, 1, 12, 100, 64]", "", "int32[]{4}"},
			want: []string{"float32[1, 1, 768]", "float32[2, 1, 12, 100, 64]"}, macs: "1777152", bytes: "7114756, 9216",
		},
		{
			op: "com.microsoft:Attention", attrs: attrs(heads, intAttr("past_present_share_buffer", 1)),
			in:   []string{"float32[1, 1, 768]", w, b, "", "float32[2, 1, 12, 100, 64]", "", "int32[]"},
			want: []string{"float32[1, 1, 768]", "float32[2, 1, 12, 100, 64]"}, macs: "?", bytes: "?, 9216",
		},
		{
			op: "com.microsoft:DecoderMaskedSelfAttention", attrs: attrs(intAttr("num_heads", 2)), in: []string{"float16[batch, 1, 8]", "=float16[8, 24]", "=float16[24]", "", "float16[2, batch, 2, past, 4]"},
			want: []string{"float16[batch, 1, 8]", "float16[2, batch, 2, past + 1, 4]"}, macs: "16*batch*past + 208*batch",
		},
		{
			op: "com.microsoft:QAttention", attrs: attrs(intAttr("num_heads", 2)), in: []string{"uint8[batch, n, 8]", "=int8[8, 24]", "=float32[24]", "float32[]", "float32[]", "int32[batch]"},
			want: []string{"float32[batch, n, 8]"}, macs: "16*batch*n**2 + 192*batch*n", work: "14*batch*n**2 + 48*batch*n", dtype: "uint8",
		},
		{op: "com.microsoft:Attention", attrs: attrs(heads), in: []string{"float32[1, 2, 8]", "=float32[6, 20]"}, want: []string{"error: differ"}},
		{op: "com.microsoft:Attention", in: []string{"float32[1, 2, 8]", "=float32[8, 24]"}, want: []string{"float32[1, 2, ?]"}, macs: "?"},
	})
}

func TestMultiHeadAttention(t *testing.T) {
	op, heads := "com.microsoft:MultiHeadAttention", attrs(intAttr("num_heads", 4))
	testProducts(t, []productRow{
		{
			op: op, attrs: heads, in: []string{"float32[batch, sequence, 32]", "float32[batch, n, 32]", "float32[batch, n, 64]", "=float32[128]"}, want: []string{"float32[batch, sequence, 64]"},
			macs: "96*batch*n*sequence", work: "24*batch*n*sequence + 96*batch*n + 32*batch*sequence",
			products: []string{"4*batch: sequence n 8 transB", "4*batch: sequence 16 n"},
		},
		{op: op, attrs: heads, in: []string{"float32[batch, n, 4, 3, 8]"}, want: []string{"float32[batch, n, 32]"}, macs: "64*batch*n**2"},
		{op: op, attrs: heads, in: []string{"float32[batch, sequence, 32]", "float32[batch, n, 4, 2, 8]"}, want: []string{"float32[batch, sequence, 32]"}, macs: "64*batch*n*sequence"},
		{
			op: op, attrs: heads, in: []string{"float32[batch, sequence, 32]", "float32[batch, 4, n, 8]", "float32[batch, 4, n, 8]", "", "int32[batch, n]", "float32[1, 4, sequence, n]"},
			want: []string{"float32[batch, sequence, 32]"}, macs: "64*batch*n*sequence", work: "32*batch*n*sequence",
		},
		{
			op: op, attrs: heads, in: []string{"float16[batch, 1, 32]", "float16[batch, 1, 32]", "float16[batch, 1, 32]", "", "", "", "float16[batch, 4, past, 8]", "float16[batch, 4, past, 8]"},
			want:  []string{"float16[batch, 1, 32]", "float16[batch, 4, past + 1, 8]", "float16[batch, 4, past + 1, 8]", "float16[batch, 4, 1, past + 1]"},
			bytes: "128*batch*past + 192*batch, 136*batch*past + 200*batch",
		},
		{ // buffers for 100 positions of which 9 are filled
			op: op, attrs: heads, in: []string{"float16[1, 1, 32]", "float16[1, 1, 32]", "float16[1, 1, 32]", "", "", "", "float16[1, 4, 100, 8]", "float16[1, 4, 100, 8]", "int32[]{9}"},
			want: []string{"float16[1, 1, 32]", "float16[1, 4, 100, 8]", "float16[1, 4, 100, 8]"}, macs: "640", bytes: "1348, 192",
		},
		{op: op, attrs: heads, in: []string{"float16[2, 1, 32]", "float16[3, 1, 32]"}, want: []string{"error: differ"}},
		{
			op: "com.microsoft:DecoderMaskedMultiHeadAttention", attrs: heads, in: []string{"float16[batch, 1, 96]", "", "", "", "", "float16[batch, 4, past, 8]", "float16[batch, 4, past, 8]"},
			want: []string{"float16[batch, 1, 32]", "float16[batch, 4, past + 1, 8]"}, macs: "64*batch*past + 64*batch",
		},
	})
}

func TestGroupQueryAttention(t *testing.T) {
	op := "com.microsoft:GroupQueryAttention"
	base := attrs(intAttr("num_heads", 8), intAttr("kv_num_heads", 2))
	cache := "float16[batch, 2, past, 64]"
	testProducts(t, []productRow{
		{ // the total length is that of past and new keys
			op: op, attrs: base, in: []string{"float16[batch, sequence, 512]", "float16[batch, sequence, 128]", "float16[batch, sequence, 128]", cache, cache, "int32[batch]", "int32[]{total}"},
			want: []string{"float16[batch, sequence, 512]", "float16[batch, 2, past + sequence, 64]", "float16[batch, 2, past + sequence, 64]"},
			macs: "1024*batch*past*sequence + 1024*batch*sequence**2", work: "56*batch*past*sequence + 56*batch*sequence**2",
			products: []string{"8*batch: sequence past + sequence 64 transB", "8*batch: sequence 64 past + sequence"}, class: "attention", dtype: "float16",
		},
		{ // packed, rotated
			op: op, attrs: append(base, intAttr("do_rotary", 1)),
			in:   []string{"float16[1, 1, 768]", "", "", "float16[1, 2, 10, 64]", "float16[1, 2, 10, 64]", "int32[1]", "int32[]", "float16[100, 32]", "float16[100, 32]"},
			want: []string{"float16[1, 1, 512]", "float16[1, 2, 11, 64]", "float16[1, 2, 11, 64]"}, macs: "11264", work: "2536", // 7·88 scores, 3·640 rotated
			bytes: "6792, 6656", // query 1536, caches 5120, lengths 8, rows 128
		},
		{ // a buffer of 100: the total is 11
			op: op, attrs: base, in: []string{"float16[1, 1, 512]", "float16[1, 1, 128]", "float16[1, 1, 128]", "float16[1, 2, 100, 64]", "float16[1, 2, 100, 64]", "int32[1]", "int32[]{11}"},
			want: []string{"float16[1, 1, 512]", "float16[1, 2, 100, 64]", "float16[1, 2, 100, 64]"}, macs: "11264", bytes: "6664, 1536",
		},
		{ // a window
			op: op, attrs: append(base, intAttr("local_window_size", 128)),
			in:   []string{"float16[batch, sequence, 512]", "float16[batch, sequence, 128]", "float16[batch, sequence, 128]", "", "", "int32[batch]", "int32[]"},
			want: []string{"float16[batch, sequence, 512]", "float16[batch, 2, sequence, 64]", "float16[batch, 2, sequence, 64]"}, macs: "1024*batch*sequence*min(128, sequence)",
		},
		{ // a cache of 4 bits: two numbers in a byte
			op: op, attrs: append(base, intAttr("kv_cache_bit_width", 4)),
			in:   []string{"float16[1, 1, 512]", "float16[1, 1, 128]", "float16[1, 1, 128]", "uint8[1, 2, past, 32]", "uint8[1, 2, past, 32]", "int32[1]", "int32[]", "", "", "", "", "", "float32[1]", "float32[1]", "=float16[64]", "=float16[64]"},
			want: []string{"float16[1, 1, 512]", "uint8[1, 2, past + 1, 32]", "uint8[1, 2, past + 1, 32]"}, macs: "1024*past + 1024", work: "56*past + 2616",
		},
		{op: op, attrs: base, in: []string{"float16[1, 512]"}, want: []string{"error: rank 2"}},
		{
			op: "com.microsoft:SparseAttention", attrs: attrs(intAttr("num_heads", 8), intAttr("kv_num_heads", 2), intAttr("sparse_block_size", 16)),
			in:   []string{"float16[1, 1, 768]", "", "", "float16[1, 2, 100, 64]", "float16[1, 2, 100, 64]", "int32[1, 9]", "int32[1, 20]", "int32[]{11}", "int32[1]"},
			want: []string{"float16[1, 1, 512]", "float16[1, 2, 100, 64]", "float16[1, 2, 100, 64]"}, macs: "11264",
		},
	})
}

func TestPagedAttention(t *testing.T) {
	cache := "float16[64, 16, 2, 32]"
	testProducts(t, []productRow{
		{ // 3 sequences of at most 4 blocks of 16
			op: "com.microsoft:PagedAttention", attrs: attrs(intAttr("num_heads", 8), intAttr("kv_num_heads", 2)),
			in:   []string{"float16[n, 256]", "float16[n, 64]", "float16[n, 64]", cache, cache, "int32[4]", "int32[3]", "int32[3, 4]"},
			want: []string{"float16[n, 256]", cache, cache}, macs: "32768*n", bytes: "768*n + 49228, 768*n",
		},
		{
			op: "com.microsoft:PagedAttention", attrs: attrs(intAttr("num_heads", 8), intAttr("kv_num_heads", 2)),
			in:   []string{"float16[2, 384]", "", "", cache, cache, "int32[2]{0, 2}", "int32[1]{5}", "int32[1, 4]"},
			want: []string{"float16[2, 256]"}, macs: "7168",
		},
	})
}

func TestPackedAttention(t *testing.T) {
	ms, heads := "com.microsoft:", attrs(intAttr("num_heads", 2))
	testProducts(t, []productRow{
		{
			op: ms + "PackedAttention", attrs: heads, in: []string{"float32[n, 8]", "=float32[8, 24]", "=float32[24]", "int32[batch, sequence]", "int32[batch + 1]"}, want: []string{"float32[n, 8]"},
			macs: "16*n*sequence + 192*n", work: "12*n*sequence + 24*n",
		},
		{
			op: ms + "PackedMultiHeadAttention", attrs: heads, in: []string{"float32[n, 8]", "float32[n, 8]", "float32[n, 4]", "", "int32[batch, sequence]", "int32[batch + 1]"}, want: []string{"float32[n, 4]"},
			macs: "12*n*sequence",
		},
		{op: ms + "PackedMultiHeadAttention", attrs: heads, in: []string{"float32[n, 2, 3, 4]", "", "", "=float32[24]", "int32[batch, sequence]", "int32[batch + 1]"}, want: []string{"float32[n, 8]"}, work: "12*n*sequence + 24*n"},
		{
			op: ms + "LongformerAttention", attrs: attrs(intAttr("num_heads", 2), intAttr("window", 16)),
			in:   []string{"float32[batch, 64, 8]", "=float32[8, 24]", "=float32[24]", "float32[batch, 64]", "=float32[8, 24]", "=float32[24]", "int32[batch, 64]"},
			want: []string{"float32[batch, 64, 8]"}, macs: "54272*batch", // 64·8·40 projected, 16·64·33 attended
		},
		{
			op: ms + "QOrderedAttention", attrs: heads,
			in: []string{
				"int8[1, n, 8]", "float32[]", "float32[]", "float32[]", "float32[]", "=int8[8, 8]", "=int8[8, 8]", "=int8[8, 8]", "float32[8]", "float32[8]", "float32[8]",
				"=float32[8]", "=float32[8]", "=float32[8]", "float32[]", "float32[]", "float32[]",
			},
			want: []string{"int8[1, n, 8]"}, macs: "16*n**2 + 192*n", work: "12*n**2 + 96*n", dtype: "int8",
		},
		{ // cross attention whose keys are in the cache
			op: ms + "DecoderAttention", attrs: heads,
			in:   []string{"float32[1, batch, 8]", "float32[n, batch, 8]", "=float32[8, 8]", "=float32[8, 16]", "=float32[24]", "", "float32[batch, 2, m, 4]", "float32[batch, 2, m, 4]", "bool[]{1}", "bool[]{1}", "bool[]", "bool[]"},
			want: []string{"float32[1, batch, 8]", "float32[batch, 2, m, 4]", "float32[batch, 2, m, 4]"}, macs: "16*batch*m + 64*batch",
		},
		{
			op: ms + "DecoderAttention", attrs: heads,
			in:   []string{"float32[1, batch, 8]", "float32[n, batch, 8]", "=float32[8, 8]", "=float32[8, 16]", "=float32[24]", "", "", "", "bool[]", "bool[]"},
			want: []string{"float32[1, batch, 8]"}, macs: "?",
		},
	})
}

func TestAroundAttention(t *testing.T) {
	ms := "com.microsoft:"
	testProducts(t, []productRow{
		{op: ms + "RelativePositionBias", in: []string{"=float32[32, 8]", "int64[]{n}", "int64[]{m}"}, want: []string{"float32[1, 8, n, m]"}, work: "6*m*n", class: "gather"},
		{
			op: ms + "RemovePadding", in: []string{"float16[batch, sequence, 8]", "int32[batch]"},
			want: []string{"float16[y0_dim0, 8]", "int32[batch, sequence]", "int32[batch + 1]", "int32[1]"}, work: "0", class: "move",
		},
		{op: ms + "RestorePadding", in: []string{"float16[n, 8]", "int32[batch, sequence]"}, want: []string{"float16[batch, sequence, 8]"}},
		{
			op: ms + "NGramHashMapping", attrs: attrs(intAttr("max_ngram_size", 3), intAttr("n_head_per_ngram", 4)), in: []string{"int64[batch, n]", "int64[3]", "int64[8]"},
			want: []string{"int64[batch, n, 8]", "int64[batch, 2]"}, work: "14*batch*n",
		},
		{
			op: ms + "VarlenNGramHashMapping", attrs: attrs(intAttr("max_ngram_size", 3), intAttr("n_head_per_ngram", 4)), in: []string{"int64[n]", "int64[3]", "int64[8]", "int32[5]"},
			want: []string{"int64[n, 8]", "int64[4, 2]", "int32[4, 2]"}, work: "14*n",
		},
		{op: ms + "GatedAdd", in: []string{"float16[n, 8]", "float16[n, 8]", "float16[n, 1]"}, want: []string{"float16[n, 8]"}, work: "16*n"},
		{op: ms + "BiasSplitGelu", in: []string{"float16[batch, n, 16]", "=float16[16]"}, want: []string{"float16[batch, n, 8]"}, work: "64*batch*n", class: "activation"},
		{
			op: ms + "GatedRelativePositionBias", attrs: attrs(intAttr("num_heads", 2)),
			in:   []string{"float32[batch, n, 8]", "=float32[8]", "float32[1, 2, n, n]", "=float32[4, 6]", "=float32[6]", "=float32[1, 2, 1, 1]"},
			want: []string{"float32[batch, 2, n, n]"}, macs: "48*batch*n", work: "2*batch*n**2 + 42*batch*n", // 8 + 2·12 + 2·5
		},
	})
}
