package ops

import "testing"

// TestBlocked is about images in blocks of channels. Sizes are those of the same convolutions before ONNX Runtime
// blocked them: 2·32²·16·27 products and so on.
func TestBlocked(t *testing.T) {
	const d = "com.microsoft.nchwc:"
	testProducts(t, []productRow{
		{
			op: d + "Conv", attrs: attrs(intsAttr("pads", 1, 1, 1, 1), strAttr("activation", "Relu")), in: []string{"float32[b, 3, 32, 32]", "=float32[16, 3, 3, 3]", "=float32[16]"},
			want: []string{"float32[b, 16, 32, 32]"}, macs: "442368*b", work: "32768*b", class: "conv",
		},
		{ // the last input is added to the product
			op: d + "Conv", in: []string{"float32[b, 16, 4, 4]", "=float32[16, 16, 1, 1]", "", "float32[b, 16, 4, 4]"},
			want: []string{"float32[b, 16, 4, 4]"}, macs: "4096*b", work: "256*b",
		},
		{ // depthwise
			op: d + "Conv", attrs: attrs(intAttr("group", 16)), in: []string{"float32[b, 16, 9, 9]", "=float32[16, 1, 7, 7]"},
			want: []string{"float32[b, 16, 3, 3]"}, macs: "7056*b",
		},
		{op: d + "MaxPool", attrs: attrs(intsAttr("kernel_shape", 2, 2), intsAttr("strides", 2, 2)), in: []string{"float32[b, 16, 8, 8]"}, want: []string{"float32[b, 16, 4, 4]"}, work: "1024*b"},
		{op: d + "AveragePool", attrs: attrs(intsAttr("kernel_shape", 2, 2)), in: []string{"float32[b, 16, 8, 8]"}, want: []string{"float32[b, 16, 7, 7]"}},
		{op: d + "GlobalAveragePool", in: []string{"float32[b, 16, 8, 8]"}, want: []string{"float32[b, 16, 1, 1]"}, work: "1024*b"},
		{op: d + "Upsample", attrs: attrs(intsAttr("scales", 1, 1, 2, 3)), in: []string{"float32[b, 16, h, w]"}, want: []string{"float32[b, 16, 2*h, 3*w]"}},
		{op: d + "Upsample", attrs: attrs(intsAttr("scales", 1, 1)), in: []string{"float32[b, 16, h, w]"}, want: []string{"error: 2 scales"}},
		{op: d + "Upsample", attrs: attrs(intsAttr("scales", 1, 1, 0, 1)), in: []string{"float32[b, 16, h, w]"}, want: []string{"error: scale 2 is 0"}},
		{op: d + "ReorderInput", attrs: attrs(intAttr("channels_last", 1)), in: []string{"float32[b, 8, 9, 32]"}, want: []string{"float32[b, 32, 8, 9]"}, class: "move"},
		{op: d + "ReorderInput", in: []string{"float32[b, 20, 8, 9]"}, want: []string{"float32[b, ?, 8, 9]"}},
		{op: d + "ReorderInput", in: []string{"float32[b]"}, want: []string{"error: rank 1"}},
		{op: d + "ReorderOutput", attrs: attrs(intAttr("channels", 20)), in: []string{"float32[b, 32, 8, 9]"}, want: []string{"float32[b, 20, 8, 9]"}, bytes: "9216*b, 5760*b"},
		{op: d + "ReorderOutput", attrs: attrs(intAttr("channels", 32), intAttr("channels_last", 1)), in: []string{"float32[b, 32, 8, 9]"}, want: []string{"float32[b, 8, 9, 32]"}},
		{op: d + "ReorderOutput", in: []string{"float32[b, 32, 8, 9]"}, want: []string{"error: 0 channels"}},
	})
}

// TestChannelsLast is about ONNX's operators on images with the channels last.
func TestChannelsLast(t *testing.T) {
	const d = "com.ms.internal.nhwc:"
	testProducts(t, []productRow{
		{
			op: d + "Conv", since: 11, attrs: attrs(intsAttr("strides", 2, 2), intsAttr("pads", 1, 1, 1, 1)), in: []string{"float32[b, 8, 8, 16]", "=float32[24, 16, 3, 3]", "=float32[24]"},
			want: []string{"float32[b, 4, 4, 24]"}, macs: "55296*b", work: "384*b", class: "conv",
		},
		{op: d + "ConvTranspose", since: 11, attrs: attrs(intsAttr("strides", 2, 2)), in: []string{"float32[b, 3, 3, 4]", "=float32[4, 2, 2, 2]"}, want: []string{"float32[b, 6, 6, 2]"}, macs: "288*b"},
		{op: d + "MaxPool", since: 12, attrs: attrs(intsAttr("kernel_shape", 2, 2)), in: []string{"float32[b, 8, 6, 3]"}, want: []string{"float32[b, 7, 5, 3]"}, work: "420*b"},
		{op: d + "GlobalAveragePool", since: 11, in: []string{"float32[b, 8, 6, 3]"}, want: []string{"float32[b, 1, 1, 3]"}, work: "144*b"},
		{op: d + "SpaceToDepth", since: 13, attrs: attrs(intAttr("blocksize", 2)), in: []string{"float32[b, 8, 6, 3]"}, want: []string{"float32[b, 4, 3, 12]"}},
		{op: d + "DepthToSpace", since: 13, attrs: attrs(intAttr("blocksize", 2)), in: []string{"float32[b, 4, 3, 12]"}, want: []string{"float32[b, 8, 6, 3]"}},
		{op: d + "BatchNormalization", since: 15, in: []string{"float32[b, 8, 6, 3]", "=float32[3]", "=float32[3]", "float32[3]", "float32[3]"}, want: []string{"float32[b, 8, 6, 3]"}, work: "576*b"},
		{op: d + "GridSample", since: 16, in: []string{"float32[b, 8, 6, 3]", "float32[b, 4, 5, 2]"}, want: []string{"float32[b, 4, 5, 3]"}},
		{op: d + "Resize", since: 13, in: []string{"float32[1, 8, 6, 3]", "", "float32[4]{1, 2, 2, 1}"}, want: []string{"float32[1, 16, 12, 3]"}},
		{op: d + "Conv", since: 11, in: []string{"float32[b, 16, 8, 8]", "=float32[24, 16, 3, 3]"}, want: []string{"error: 8 channels"}},
	})
}

// TestNhwcWeights is about the two layouts that files store the weights of NhwcConv in.
func TestNhwcWeights(t *testing.T) {
	const op = "com.microsoft:NhwcConv"
	testProducts(t, []productRow{
		{op: op, attrs: attrs(intsAttr("strides", 2, 2), intsAttr("pads", 1, 1, 1, 1)), in: []string{"float16[b, 8, 8, 16]", "=float16[24, 3, 3, 16]"}, want: []string{"float16[b, 4, 4, 24]"}, macs: "55296*b"},
		{op: op, attrs: attrs(intAttr("group", 16)), in: []string{"float16[b, 8, 8, 16]", "=float16[16, 3, 5, 1]"}, want: []string{"float16[b, 6, 4, 16]"}, macs: "5760*b"},
		{op: op, in: []string{"float16[b, 8, 8, 3]", "=float16[24, 3, 3, 3]"}, want: []string{"float16[b, 6, 6, 24]"}, macs: "23328*b"},
		{op: op, attrs: attrs(intsAttr("kernel_shape", 1, 3)), in: []string{"float16[b, 8, 8, 3]", "=float16[24, 3, 1, 3]"}, want: []string{"float16[b, 8, 6, 24]"}, macs: "10368*b"},
		{op: op, in: []string{"float16[b, n, 8]", "=float16[24, 3, 8]"}, want: []string{"float16[b, n - 2, 24]"}},
		{op: op, in: []string{"float16[b, 8, 8, 16]", "=float16[24, 3, 3, 5]"}, want: []string{"error: 16 channels"}},
	})
}
