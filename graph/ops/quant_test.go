package ops

import (
	"testing"

	"github.com/irene-onnx/irene/graph"
)

func TestQuantize(t *testing.T) {
	testProducts(t, []productRow{
		{op: "QuantizeLinear", since: 10, in: []string{"float32[n, 4]", "float32[]", "int8[]"}, want: []string{"int8[n, 4]"}, work: "16*n", bytes: "16*n + 5, 4*n", class: "elementwise"},
		{op: "QuantizeLinear", since: 13, in: []string{"float32[n, 4]", "float32[]"}, want: []string{"uint8[n, 4]"}, work: "12*n"},
		{op: "QuantizeLinear", since: 21, attrs: attrs(intAttr("output_dtype", int64(graph.Int4))), in: []string{"float32[3]", "float32[3]"}, want: []string{"int4[3]"}, bytes: "24, 2"},
		{op: "DequantizeLinear", since: 10, in: []string{"=int8[768, 768]", "float32[]", "int8[]"}, want: []string{"float32[768, 768]"}, work: "1179648", bytes: "589829, 2359296"},
		{op: "DequantizeLinear", since: 21, in: []string{"uint4[2, 4]", "float16[2]"}, want: []string{"float16[2, 4]"}, work: "8", bytes: "8, 16"},
		{op: "DequantizeLinear", since: 23, attrs: attrs(intAttr("output_dtype", int64(graph.BFloat16))), in: []string{"float8e5m2[4]", "float32[]"}, want: []string{"bfloat16[4]"}},
		{op: "com.microsoft:DequantizeLinear", in: []string{"int8[4]", "float16[]", "int8[]"}, want: []string{"float16[4]"}},
		{op: "com.microsoft:QuantizeLinear", in: []string{"float16[4]", "float16[]", "uint16[]"}, want: []string{"uint16[4]"}},
		{op: "DynamicQuantizeLinear", since: 11, in: []string{"float32[batch, 4]"}, want: []string{"uint8[batch, 4]", "float32[]", "uint8[]"}, work: "24*batch", bytes: "16*batch, 4*batch + 5"},
	})
}

func TestMatMulNBits(t *testing.T) {
	nk := attrs(intAttr("N", 1024), intAttr("K", 2048), intAttr("bits", 4), intAttr("block_size", 32))
	qkv := []string{
		"float16[batch, 1, 64]", "float16[batch, 1, 64]", "=float16[64]", "=uint8[128, 2, 16]", "=float16[128, 2]", "",
		"=uint8[32, 2, 16]", "=float16[32, 2]", "=float16[32]", "=uint8[32, 2, 16]", "=float16[32, 2]", "",
	}
	testProducts(t, []productRow{
		{
			op: "com.microsoft:MatMulNBits", attrs: nk, in: []string{"float16[batch, sequence, 2048]", "=uint8[1024, 64, 16]", "=float16[1024, 64]", "=uint8[1024, 32]"},
			want: []string{"float16[batch, sequence, 1024]"}, macs: "2097152*batch*sequence", work: "0", bytes: "4096*batch*sequence + 1212416, 2048*batch*sequence",
			products: []string{"1: batch*sequence 1024 2048 weight transB"}, class: "gemm", dtype: "float16",
		},
		{
			op: "com.microsoft:MatMulNBits", attrs: nk, in: []string{"float32[n, 2048]", "=uint8[1024, 64, 16]", "=float32[65536]", "", "", "=float32[1024]"}, want: []string{"float32[n, 1024]"},
			work: "1024*n",
		},
		{op: "com.microsoft:MatMulNBits", attrs: nk, in: []string{"float16[n, 1024]", "=uint8[1024, 64, 16]"}, want: []string{"error: rows of 1024"}},
		{op: "com.microsoft:MatMulNBits", in: []string{"float16[n, 1024]", "=uint8[1024, 64, 16]"}, want: []string{"float16[n, ?]"}, macs: "?"},
		{
			op: "com.microsoft:MatMulNBitsMlp", attrs: append(nk, strAttr("activation", "silu")),
			in: []string{"float16[1, n, 2048]", "", "=float16[2048]", "=uint8[1024, 64, 16]", "=float16[1024, 64]", "", "=uint8[1024, 64, 16]", "=float16[1024, 64]"}, want: []string{"float16[1, n, 1024]"},
			macs: "4194304*n", work: "11264*n", products: []string{"1: n 1024 2048 weight transB", "1: n 1024 2048 weight transB"},
		},
		{
			op: "com.microsoft:MatMulNBitsQkv", attrs: attrs(intAttr("Nq", 128), intAttr("Nkv", 32), intAttr("K", 64), intAttr("block_size", 32)), in: qkv,
			want: []string{"float16[batch, 1, 128]", "float16[batch, 1, 32]", "float16[batch, 1, 32]", "float16[batch, 1, 64]"}, macs: "12288*batch", work: "352*batch",
		},
		{
			op: "com.microsoft:MatMulBnb4", attrs: attrs(intAttr("N", 8), intAttr("K", 16)), in: []string{"float16[n, 16]", "=uint8[64]", "=float16[2]"}, want: []string{"float16[n, 8]"},
			macs: "128*n", bytes: "32*n + 68, 16*n",
		},
		{op: "com.microsoft:MatMulBnb4", attrs: attrs(intAttr("N", 8), intAttr("K", 16), intAttr("transB", 0)), in: []string{"float16[n, 8]", "=uint8[64]", "=float16[2]"}, want: []string{"float16[n, 16]"}},
		{op: "com.microsoft:MatMulFpQ4", in: []string{"float32[n, 16]", "=uint8[90]", "int64[2]{16, 8}"}, want: []string{"float32[n, 8]"}, macs: "128*n"},
		{op: "com.microsoft:MatMulBlockQuantizedFp4Weight", in: []string{"float16[n, 16]", "=uint8[8, 8]", "uint8[8, 1]", "float32[]", "", "=float16[8]"}, want: []string{"float16[n, 8]"}, macs: "128*n", work: "8*n"},
		{op: "com.microsoft:MatMulBlockQuantizedFp8Weight", in: []string{"bfloat16[n, 16]", "=float8e4m3fn[8, 16]", "float32[8, 1]"}, want: []string{"bfloat16[n, 8]"}, macs: "128*n", work: "0", dtype: "bfloat16"},
		{
			op: "com.microsoft:MatMulBlockQuantizedFp8Weight", in: []string{"bfloat16[n, 16]", "=float8e4m3fn[8, 16]", "float32[8, 1]", "float32[]"}, want: []string{"bfloat16[n, 8]"},
			work: "64*n", dtype: "float8e4m3fn",
		},
	})
}

func TestGatherBlockQuantized(t *testing.T) {
	testProducts(t, []productRow{
		{
			op: "com.microsoft:GatherBlockQuantized", attrs: attrs(intAttr("bits", 4), intAttr("block_size", 32), intAttr("quantize_axis", 1)),
			in: []string{"=uint8[1000, 32]", "int64[batch, sequence]", "=float16[1000, 2]", "=uint8[1000, 1]"}, want: []string{"float16[batch, sequence, 64]"},
			work: "128*batch*sequence", bytes: "8*batch*sequence + 37*min(1000, batch*sequence), 128*batch*sequence", class: "gather",
		},
		{op: "com.microsoft:GatherBlockQuantized", in: []string{"=int4[10, 64]", "int64[3]", "=float32[10, 2]"}, want: []string{"float32[3, 64]"}, bytes: "144, 768"},
		{op: "com.microsoft:GatherBlockQuantized", attrs: attrs(intAttr("gather_axis", 5)), in: []string{"=int4[10, 64]", "int64[3]", "=float32[10, 2]"}, want: []string{"error: axis 5"}},
	})
}

func TestPackedParams(t *testing.T) {
	for _, c := range []struct {
		op           string
		attrs        []graph.Attr
		slot         int
		stored, want int64
	}{
		{"MatMulNBits", attrs(intAttr("N", 1024), intAttr("K", 2048)), 1, 1024 * 64 * 16, 1024 * 2048},
		{"MatMulNBits", attrs(intAttr("N", 1024), intAttr("K", 2048)), 5, 1024, 1024},
		{"MatMulNBits", nil, 1, 77, 77},
		{"MatMulNBitsMlp", attrs(intAttr("N", 8), intAttr("K", 16)), 6, 64, 128},
		{"MatMulNBitsQkv", attrs(intAttr("Nq", 8), intAttr("Nkv", 4), intAttr("K", 16)), 9, 32, 64},
		{"MatMulBnb4", attrs(intAttr("N", 8), intAttr("K", 16)), 1, 64, 128},
		{"MatMulBlockQuantizedFp4Weight", nil, 1, 64, 128},
		{"MatMulBlockQuantizedFp8Weight", nil, 1, 64, 64},
		{"QMoE", nil, 2, 64, 128},
		{"QMoE", attrs(intAttr("expert_weight_bits", 2)), 5, 64, 256},
		{"QMoE", attrs(strAttr("quant_type", "fp8")), 5, 64, 64},
		{"QMoE", nil, 4, 64, 64},
	} {
		row, ok := Lookup("com.microsoft", c.op, 1)
		if !ok || row.Params == nil {
			t.Fatalf("%s: no parameter rule", c.op)
		}
		n := &graph.Node{Op: c.op, Domain: "com.microsoft", Attrs: c.attrs}
		if got := row.Params(n, c.slot, c.stored); got != c.want {
			t.Errorf("%s slot %d: %d parameters, want %d", c.op, c.slot, got, c.want)
		}
	}
}

func TestQLinear(t *testing.T) {
	ms := "com.microsoft:"
	testProducts(t, []productRow{
		{op: ms + "QLinearAdd", in: []string{"int8[n, 4]", "float32[]", "int8[]", "int8[4]", "float32[]", "int8[]", "float32[]", "int8[]"}, want: []string{"int8[n, 4]"}, work: "36*n", dtype: "int8", class: "elementwise"},
		{op: ms + "QLinearMul", in: []string{"uint8[4]", "float32[]", "uint8[]", "uint8[n, 4]", "float32[]", "uint8[]", "float32[]"}, want: []string{"uint8[n, 4]"}, work: "36*n"},
		{op: ms + "QLinearSigmoid", in: []string{"uint8[n]", "float32[]", "", "float32[]"}, want: []string{"uint8[n]"}, work: "7*n", class: "activation"},
		{op: ms + "QLinearLeakyRelu", in: []string{"uint8[n]", "float32[]", "", "float32[]"}, want: []string{"uint8[n]"}, work: "9*n"},
		{op: ms + "QLinearSoftmax", in: []string{"uint8[n]", "float32[]", "", "float32[]", "uint8[]"}, want: []string{"uint8[n]"}, work: "11*n", class: "softmax"},
		{
			op: ms + "QLinearConcat", attrs: attrs(intAttr("axis", 1)), in: []string{"float32[]", "uint8[]", "uint8[n, 4]", "float32[]", "uint8[]", "uint8[n, 3]", "float32[]", "uint8[]"}, want: []string{"uint8[n, 7]"},
			work: "42*n",
		},
		{op: ms + "QLinearConcat", attrs: attrs(intAttr("axis", 1)), in: []string{"float32[]", "uint8[]", "uint8[2, 4]", "float32[]", "uint8[]", "uint8[3, 3]", "float32[]", "uint8[]"}, want: []string{"error: differ"}},
		{
			op: ms + "QLinearWhere", in: []string{"bool[n, 1]", "int8[4]", "float32[]", "int8[]", "int8[1]", "float32[]", "int8[]", "float32[]", "int8[]"}, want: []string{"int8[n, 4]"},
			work: "28*n",
		},
		{
			op: ms + "QLinearAveragePool", attrs: attrs(intsAttr("kernel_shape", 2, 2), intsAttr("strides", 2, 2)), in: []string{"uint8[1, 3, 4, 4]", "float32[]", "uint8[]", "float32[]", "uint8[]"}, want: []string{"uint8[1, 3, 2, 2]"},
			work: "204", class: "pool", // 12 windows of 4·3 + 5
		},
		{op: ms + "QLinearGlobalAveragePool", attrs: attrs(intAttr("channels_last", 1)), in: []string{"uint8[1, 4, 4, 3]", "float32[]", "uint8[]", "float32[]", "uint8[]"}, want: []string{"uint8[1, 1, 1, 3]"}, work: "159"},
		{
			op: ms + "QLinearReduceMean", attrs: attrs(intsAttr("axes", 1), intAttr("keepdims", 0)), in: []string{"uint8[n, 4]", "float32[]", "uint8[]", "float32[]", "uint8[]"}, want: []string{"uint8[n]"},
			work: "17*n",
		},
		{op: ms + "ReduceSumInteger", attrs: attrs(intsAttr("axes", 1), intAttr("keepdims", 1)), in: []string{"uint8[n, 4]"}, want: []string{"uint32[n, 1]"}},
		{op: ms + "MulInteger", in: []string{"int8[n, 4]", "int8[]", "int8[4]"}, want: []string{"int32[n, 4]"}, work: "12*n"},
		{op: ms + "QuantizeWithOrder", in: []string{"float16[n, 4]", "float32[]"}, want: []string{"int8[n, 4]"}},
		{op: ms + "DequantizeWithOrder", attrs: attrs(intAttr("to", 10)), in: []string{"int8[n, 4]", "float32[]"}, want: []string{"float16[n, 4]"}},
		{op: ms + "QOrderedGelu", in: []string{"int8[n, 4]", "float32[]", "float32[]"}, want: []string{"int8[n, 4]"}, work: "44*n"},
		{op: ms + "QuantizeBFP", in: []string{"float32[n, 4]"}, want: []string{"uint8[?]", "int64[2]{n, 4}", "int64[2]"}},
		{op: ms + "DequantizeBFP", attrs: attrs(intAttr("dtype", 16)), in: []string{"uint8[?]", "int64[2]{n, 4}", "int64[2]"}, want: []string{"bfloat16[n, 4]"}},
	})
}
