package ops

import (
	"testing"

	"github.com/irene-onnx/irene/graph"
)

func TestWindow(t *testing.T) {
	c := &Context{}
	for _, r := range []struct {
		in                                 string
		kernel, stride, dilation, pad, end int64
		auto                               string
		ceil                               bool
		want                               string
	}{
		{"224", 16, 16, 1, 0, 0, "", false, "14"},
		{"n", 3, 1, 1, 1, 1, "NOTSET", false, "n"},
		{"n", 3, 2, 1, 1, 1, "", false, "(n + 1)//2"},
		{"n", 3, 2, 1, 0, 0, "VALID", false, "(n + 1)//2 - 1"},
		{"n", 3, 2, 1, 0, 0, "SAME_UPPER", false, "(n + 1)//2"},
		{"n", 5, 1, 2, 0, 0, "SAME_LOWER", true, "n"},
		{"7", 3, 2, 2, 0, 0, "", false, "2"},
		{"4", 3, 2, 1, 0, 0, "", true, "2"},
		{"2", 1, 2, 1, 0, 0, "", true, "1"}, // ⌈1/2⌉ + 1 = 2, but a window at 2 starts outside
		{"3", 2, 3, 1, 1, 1, "", true, "2"},
		{"?", 3, 1, 1, 0, 0, "", false, "?"},
		{"8", 3, 0, 1, 0, 0, "", false, "?"},
		{"8", 1 << 62, 1, 1 << 62, 0, 0, "", false, "?"},
	} {
		got := c.window(parseNumber(r.in, nil), r.kernel, r.stride, r.dilation, r.pad, r.end, r.auto, r.ceil)
		if got.String() != r.want {
			t.Errorf("window(%s, %d, %d, %d, %d, %d, %q, %v) = %v, want %s", r.in, r.kernel, r.stride, r.dilation, r.pad, r.end, r.auto, r.ceil, got, r.want)
		}
	}
}

// TestWindowCounts holds the closed form of window against trying every place.
func TestWindowCounts(t *testing.T) {
	c := &Context{}
	for in := int64(1); in < 12; in++ {
		for kernel := int64(1); kernel < 5; kernel++ {
			for stride := int64(1); stride < 5; stride++ {
				for pad := range kernel {
					for _, ceil := range []bool{false, true} {
						want := int64(0)
						for at := int64(0); ; at += stride {
							whole := at+kernel <= in+2*pad
							begun := at+kernel-stride < in+2*pad && at < in+pad // the one before did not reach the end
							if !whole && !(ceil && begun) {
								break
							}
							want++
						}
						if want == 0 || in+2*pad < kernel {
							continue
						}
						for _, d := range []graph.Dim{graph.Const(in), graph.Symbol("d")} {
							got := c.window(d, kernel, stride, 1, pad, pad, "", ceil)
							n, _ := got.Eval(func(string) (int64, bool) { return in, true })
							if n != want {
								t.Fatalf("in %d kernel %d stride %d pad %d ceil %v: %v = %d, want %d", in, kernel, stride, pad, ceil, got, n, want)
							}
						}
					}
				}
			}
		}
	}
}

func TestPool(t *testing.T) {
	k := func(as ...graph.Attr) []graph.Attr { return append(as, intsAttr("kernel_shape", 3, 3)) }
	testRules(t, []ruleRow{
		{op: "MaxPool", since: 12, attrs: k(intsAttr("strides", 2, 2), intsAttr("pads", 1, 1, 1, 1)), in: []string{"float32[batch, 64, 112, 112]"}, want: []string{"float32[batch, 64, 56, 56]", "int64[batch, 64, 56, 56]"}, cost: "1806336*batch, 3211264*batch, 2408448*batch"},
		{op: "MaxPool", since: 12, attrs: k(intAttr("ceil_mode", 1), intsAttr("strides", 2, 2)), in: []string{"float32[1, 1, 4, 4]"}, want: []string{"float32[1, 1, 2, 2]"}},
		{op: "MaxPool", since: 12, attrs: k(intsAttr("dilations", 2, 2)), in: []string{"float32[1, 1, 7, n]"}, want: []string{"float32[1, 1, 3, n - 4]"}},
		{op: "MaxPool", since: 12, attrs: k(strAttr("auto_pad", "SAME_UPPER"), intsAttr("strides", 2, 2)), in: []string{"float32[1, 1, 7, n]"}, want: []string{"float32[1, 1, 4, (n + 1)//2]"}},
		{op: "MaxPool", since: 12, attrs: k(), in: []string{"float32?"}, want: []string{"float32[?, ?, ?, ?]"}},
		{op: "MaxPool", since: 12, in: []string{"float32[1, 1, 7, 7]"}, want: []string{"error: no kernel_shape"}},
		{op: "MaxPool", since: 12, attrs: k(), in: []string{"float32[1, 1, 7]"}, want: []string{"error: kernel of 2 axes"}},
		{op: "MaxPool", since: 12, attrs: k(intsAttr("pads", 1)), in: []string{"float32[1, 1, 7, 7]"}, want: []string{"error: pads has 1 numbers"}},
		{op: "MaxPool", since: 12, attrs: k(intsAttr("strides", 0, 1)), in: []string{"float32[1, 1, 7, 7]"}, want: []string{"error: have to be positive"}},
		{op: "MaxPool", since: 12, attrs: k(), in: []string{"float32[1, 1, 1, 7]"}, want: []string{"error: does not fit"}},
		{op: "AveragePool", since: 19, attrs: attrs(intAttr("ceil_mode", 1), intsAttr("kernel_shape", 80, 80), intsAttr("strides", 80, 80)), in: []string{"float32[n, 8, 2, 3]"}, want: []string{"float32[n, 8, 1, 1]"}, cost: "48*n, 192*n, 32*n"},
		{op: "AveragePool", since: 19, attrs: k(), in: []string{"float32[1, 1, 7, 7]"}, want: []string{"float32[1, 1, 5, 5]"}, cost: "225, 196, 100"},
		{op: "LpPool", since: 18, attrs: k(), in: []string{"float32[1, 1, 7, 7]"}, want: []string{"float32[1, 1, 5, 5]"}, cost: "450, 196, 100"},
		{op: "GlobalAveragePool", since: 1, in: []string{"float32[n, 5, 7, 7]"}, want: []string{"float32[n, 5, 1, 1]"}, cost: "245*n, 980*n, 20*n"},
		{op: "GlobalLpPool", since: 2, in: []string{"float32[n, 5, 7, 7]"}, want: []string{"float32[n, 5, 1, 1]"}, cost: "490*n, 980*n, 20*n"},
		{op: "MaxUnpool", since: 9, attrs: k(intsAttr("strides", 2, 2)), in: []string{"float32[1, 1, 4, n]", "int64[1, 1, 4, n]"}, want: []string{"float32[1, 1, 9, 2*n + 1]"}},
		{op: "MaxUnpool", since: 9, attrs: k(), in: []string{"float32[1, 1, 4, 4]", "int64[1, 1, 4, 4]", "int64[4]{1, 1, 8, n}"}, want: []string{"float32[1, 1, 8, n]"}},
		{op: "MaxRoiPool", since: 1, attrs: attrs(intsAttr("pooled_shape", 2, 3)), in: []string{"float32[1, 4, 9, 9]", "float32[n, 5]"}, want: []string{"float32[n, 4, 2, 3]"}, cost: "?, 20*n + 1296, 96*n"},
		{op: "RoiAlign", since: 16, attrs: attrs(intAttr("output_height", 5), intAttr("sampling_ratio", 2)), in: []string{"float32[1, 4, 9, 9]", "float32[n, 4]", "int64[n]"}, want: []string{"float32[n, 4, 5, 1]"}, cost: "640*n, 24*n + 1296, 80*n"},
		{op: "com.microsoft:NhwcMaxPool", since: 1, attrs: k(), in: []string{"uint8[n, 7, 8, 4]"}, want: []string{"uint8[n, 5, 6, 4]"}},
	})
}

func TestResize(t *testing.T) {
	testRules(t, []ruleRow{
		{op: "Upsample", since: 1, attrs: attrs(floatAttr("height_scale", 2), floatAttr("width_scale", 1.5)), in: []string{"float32[n, 1, 4, 5]"}, want: []string{"float32[n, 1, 8, 7]"}, cost: "0, 80*n, 224*n"},
		{op: "Upsample", since: 7, attrs: attrs(floatsAttr("scales", 1, 1, 2, 0.5)), in: []string{"float32[n, 1, m, m]"}, want: []string{"float32[n, 1, 2*m, m//2]"}},
		{op: "Upsample", since: 9, in: []string{"float32[n, 4]", "float32[2]{1, 2.5}"}, want: []string{"float32[n, 10]"}},
		{op: "Resize", since: 10, attrs: attrs(strAttr("mode", "linear")), in: []string{"float32[n, 1, 4, 4]", "float32[4]{1, 1, 2, 2}"}, want: []string{"float32[n, 1, 8, 8]"}, cost: "448*n, 64*n + 16, 256*n"},
		{op: "Resize", since: 11, attrs: attrs(strAttr("mode", "cubic")), in: []string{"float32[1, 1, m, m]", "float32[0]", "float32[0]", "int64[4]{1, 1, 4, n}"}, want: []string{"float32[1, 1, 4, n]"}, cost: "124*n, 4*m**2 + 32, 16*n"},
		{op: "Resize", since: 13, in: []string{"float32[1, n]", "", "float32[2]{1, 0.6}"}, want: []string{"float32[1, (3*n)//5]"}},
		{op: "Resize", since: 13, in: []string{"float32[1, n]", "", "float32[2]"}, want: []string{"float32[?, ?]"}},
		{op: "Resize", since: 13, in: []string{"float32[1, 4]", "", "float32[2]{1, m}"}, want: []string{"float32[1, 4*m]"}},
		{op: "Resize", since: 13, attrs: attrs(strAttr("coordinate_transformation_mode", "tf_crop_and_resize")), in: []string{"float32[4, 4]", "float32[4]{0, 0.25, 1, 0.75}", "float32[2]{1, 3}"}, want: []string{"float32[4, 6]"}},
		{op: "Resize", since: 18, attrs: attrs(intsAttr("axes", 3, 2)), in: []string{"float32[n, 1, 4, 4]", "", "float32[2]{2, 3}"}, want: []string{"float32[n, 1, 12, 8]"}},
		{op: "Resize", since: 18, attrs: attrs(intsAttr("axes", 0, 1), strAttr("keep_aspect_ratio_policy", "not_larger")), in: []string{"float32[2, 4]", "", "", "int64[2]{7, 8}"}, want: []string{"float32[4, 8]"}},
		{op: "Resize", since: 18, attrs: attrs(intsAttr("axes", 0, 1), strAttr("keep_aspect_ratio_policy", "not_smaller")), in: []string{"float32[2, 4]", "", "", "int64[2]{7, 8}"}, want: []string{"float32[7, 14]"}},
		{op: "Resize", since: 13, in: []string{"float32[4, 4]", "", "float32[1]{2}"}, want: []string{"error: 1 scales for 2 axes"}},
		{op: "Resize", since: 13, in: []string{"float32[4, 4]"}, want: []string{"error: neither"}},
		{op: "GridSample", since: 20, in: []string{"float32[n, 3, 8, 8]", "float32[n, 4, m, 2]"}, want: []string{"float32[n, 3, 4, m]"}, cost: "84*m*n, 32*m*n + 768*n, 48*m*n"},
		{op: "AffineGrid", since: 20, in: []string{"float32[n, 2, 3]", "int64[4]{n, 3, 5, m}"}, want: []string{"float32[n, 5, m, 2]"}, cost: "40*m*n, 24*n + 32, 40*m*n"},
		{op: "Col2Im", since: 18, in: []string{"float32[n, 50, 4]", "int64[2]{5, m}", "int64[2]{1, 5}"}, want: []string{"float32[n, 10, 5, m]"}},
		{op: "Col2Im", since: 18, in: []string{"float32[n, 9, 4]", "int64[2]{5, 5}", "int64[2]{1, 5}"}, want: []string{"error: do not divide"}},
		{op: "NonMaxSuppression", since: 11, in: []string{"float32[1, n, 4]", "float32[1, 1, n]"}, want: []string{"int64[y0_dim0, 3]"}, cost: "?, 20*n, 24*y0_dim0"},
		{op: "ImageDecoder", since: 20, attrs: attrs(strAttr("pixel_format", "Grayscale")), in: []string{"uint8[n]"}, want: []string{"uint8[y0_dim0, y0_dim1, 1]"}},
		{op: "com.microsoft:CropAndResize", since: 1, in: []string{"float32[1, 3, 8, 8]", "float32[n, 4]", "int32[n]", "int32[2]{5, 6}"}, want: []string{"float32[n, 3, 5, 6]"}},
	})
}
