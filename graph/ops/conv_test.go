package ops

import "testing"

func TestConv(t *testing.T) {
	testProducts(t, []productRow{
		{ // the patches of a ViT
			op: "Conv", since: 11, attrs: attrs(intsAttr("kernel_shape", 16, 16), intsAttr("strides", 16, 16), intsAttr("pads", 0, 0, 0, 0)),
			in: []string{"float32[batch, 3, 224, 224]", "=float32[768, 3, 16, 16]", "=float32[768]"}, want: []string{"float32[batch, 768, 14, 14]"},
			macs: "115605504*batch", work: "150528*batch", bytes: "602112*batch + 2362368, 602112*batch",
			products: []string{"1: 196*batch 768 768 weight transB"}, class: "conv", dtype: "float32",
		},
		{ // the second convolution of Whisper
			op: "Conv", since: 1, attrs: attrs(intsAttr("strides", 2), intsAttr("pads", 1, 1), intsAttr("dilations", 1)), in: []string{"float32[1, 384, sequence]", "=float32[384, 384, 3]"},
			want: []string{"float32[1, 384, (sequence + 1)//2]"},
			macs: "442368*((sequence + 1)//2)", work: "0",
		},
		{ // depthwise
			op: "Conv", since: 22, attrs: attrs(intAttr("group", 32), strAttr("auto_pad", "SAME_UPPER")), in: []string{"float32[batch, 32, 9, 9]", "=float32[64, 1, 3, 3]"},
			want: []string{"float32[batch, 64, 9, 9]"}, macs: "46656*batch", products: []string{"32: 81*batch 2 9 weight transB"},
		},
		{op: "Conv", in: []string{"float32[1, 3, 8, 8]", "float32?"}, want: []string{"float32[1, ?, ?, ?]"}, macs: "?"},
		{op: "Conv", in: []string{"float32?", "float32[4, 3, 3, 3]"}, want: []string{"float32?"}, macs: "?"},
		{op: "Conv", in: []string{"float32[1, 3, 8, 8]", "float32[4, 4, 3, 3]"}, want: []string{"error: 3 channels"}},
		{op: "Conv", in: []string{"float32[1, 3, 8, 8]", "float32[4, 3, 3]"}, want: []string{"error: does not go with"}},
		{op: "Conv", in: []string{"float32[3]", "float32[4]"}, want: []string{"error: does not go with"}},
		{
			op: "com.microsoft:NhwcConv", attrs: attrs(intsAttr("strides", 2, 2)), in: []string{"float16[batch, 8, 8, 3]", "=float16[16, 3, 2, 2]", "=float16[16]"},
			want: []string{"float16[batch, 4, 4, 16]"}, macs: "3072*batch", work: "256*batch",
		},
		{
			op: "com.microsoft:NhwcFusedConv", attrs: attrs(strAttr("activation", "Relu")), in: []string{"float16[1, 8, 8, 3]", "=float16[16, 3, 1, 1]", "=float16[16]", "float16[1, 8, 8, 16]"},
			want: []string{"float16[1, 8, 8, 16]"}, macs: "3072", work: "3072",
		},
		{
			op: "com.microsoft:FusedConv", attrs: attrs(strAttr("activation", "Relu")), in: []string{"float32[1, 3, 8, 8]", "=float32[16, 3, 1, 1]"}, want: []string{"float32[1, 16, 8, 8]"},
			macs: "3072", work: "1024",
		},
		{
			op: "ConvInteger", since: 10, in: []string{"uint8[1, 1, 3, 3]", "=uint8[1, 1, 2, 2]", "uint8[]"}, want: []string{"int32[1, 1, 2, 2]"},
			macs: "16", work: "0", dtype: "uint8",
		},
		{
			op: "QLinearConv", since: 10, in: []string{"uint8[1, 1, 7, 7]", "float32[]", "uint8[]", "=int8[1, 1, 1, 1]", "float32[1]", "int8[1]", "float32[]", "int8[]", "=int32[1]"},
			want: []string{"int8[1, 1, 7, 7]"}, macs: "49", work: "196", dtype: "uint8",
		},
		{
			op: "com.microsoft:QLinearConv", attrs: attrs(intAttr("channels_last", 1)),
			in:   []string{"uint8[1, 7, 7, 2]", "float32[]", "uint8[]", "=int8[4, 2, 1, 1]", "float32[1]", "int8[1]", "float32[]", "uint8[]"},
			want: []string{"uint8[1, 7, 7, 4]"}, macs: "392",
		},
	})
}

func TestConvTranspose(t *testing.T) {
	in := []string{"float32[batch, 4, 3, 3]", "=float32[4, 2, 3, 3]"}
	testProducts(t, []productRow{
		{
			op: "ConvTranspose", in: in, want: []string{"float32[batch, 2, 5, 5]"}, macs: "648*batch", work: "0",
			products: []string{"1: 9*batch 18 4 weight"}, class: "conv",
		},
		{
			op: "ConvTranspose", since: 22, attrs: attrs(intsAttr("strides", 3, 2), intsAttr("output_padding", 1, 1), intsAttr("pads", 1, 0, 1, 0)), in: in,
			want: []string{"float32[batch, 2, 8, 8]"}, macs: "648*batch",
		},
		{op: "ConvTranspose", attrs: attrs(intsAttr("strides", 3, 2), intsAttr("output_shape", 10, 8)), in: in, want: []string{"float32[batch, 2, 10, 8]"}},
		{op: "ConvTranspose", attrs: attrs(intsAttr("output_shape", 1, 2, 10, 8)), in: in, want: []string{"float32[batch, 2, 10, 8]"}},
		{op: "ConvTranspose", attrs: attrs(intsAttr("strides", 2, 2), strAttr("auto_pad", "SAME_UPPER")), in: in, want: []string{"float32[batch, 2, 6, 6]"}},
		{op: "ConvTranspose", attrs: attrs(intsAttr("dilations", 2, 2)), in: in, want: []string{"float32[batch, 2, 7, 7]"}},
		{
			op: "ConvTranspose", attrs: attrs(intAttr("group", 2)), in: []string{"float32[1, 4, n]", "=float32[4, 3, 2]", "=float32[6]"}, want: []string{"float32[1, 6, n + 1]"},
			macs: "24*n", work: "6*n + 6", products: []string{"2: n 6 2 weight"},
		},
		{op: "ConvTranspose", in: []string{"float32[1, 3, 4, 4]", "float32[4, 2, 3, 3]"}, want: []string{"error: 3 channels"}},
		{op: "ConvTranspose", attrs: attrs(intsAttr("strides", 3)), in: in, want: []string{"error: strides"}},
		{
			op: "com.microsoft:ConvTransposeWithDynamicPads", in: []string{in[0], in[1], "int64[4]{1, 1, 1, 1}", "=float32[2]"}, want: []string{"float32[batch, 2, 3, 3]"},
			macs: "648*batch", work: "18*batch",
		},
		{op: "com.microsoft:ConvTransposeWithDynamicPads", in: []string{in[0], in[1], "int64[4]"}, want: []string{"float32[batch, 2, ?, ?]"}, macs: "648*batch"},
	})
}

func TestDeformConv(t *testing.T) {
	testProducts(t, []productRow{{ // 4 positions, each of 4 values: 16 samples at 8, one more for the mask; 4 biases
		op: "DeformConv", since: 19, in: []string{"float32[1, 1, 3, 3]", "=float32[1, 1, 2, 2]", "float32[1, 8, 2, 2]", "=float32[1]", "float32[1, 4, 2, 2]"},
		want: []string{"float32[1, 1, 2, 2]"}, macs: "16", work: "148", products: []string{"1: 4 1 4 weight transB"},
	}})
}

func TestCausalConv(t *testing.T) {
	testProducts(t, []productRow{
		{
			op: "CausalConvWithState", since: 27, attrs: attrs(strAttr("activation", "silu")), in: []string{"float32[batch, 16, sequence]", "=float32[16, 1, 4]", "=float32[16]", ""},
			want: []string{"float32[batch, 16, sequence]", "float32[batch, 16, 3]"}, macs: "64*batch*sequence", work: "48*batch*sequence",
			products: []string{"16: batch*sequence 1 4 weight transB"}, class: "conv",
		},
		{
			op: "com.microsoft:CausalConvWithState", attrs: attrs(intAttr("dilation", 2), intAttr("channels_last", 1), intAttr("state_window", 3)), in: []string{"float16[batch, sequence, 16]", "=float16[16, 1, 4]"},
			want: []string{"float16[batch, sequence, 16]", "float16[3, batch, 6, 16]"}, macs: "64*batch*sequence", work: "0",
		},
		{
			op: "com.microsoft:VarlenCausalConvWithState", attrs: attrs(intAttr("state_update_capacity", 2)),
			in:   []string{"float16[n, 16]", "=float16[16, 1, 4]", "int32[3]", "", "float16[2, 16, 3]", "int32[2]"},
			want: []string{"float16[n, 16]", "float16[2, 16, 3]", "float16[2, 2, 16]"}, macs: "64*n", work: "0",
		},
		{op: "CausalConvWithState", since: 27, in: []string{"float32[1, 8, 5]", "float32[16, 1, 4]"}, want: []string{"error: differ"}},
	})
}
