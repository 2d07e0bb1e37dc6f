package ops

import (
	"testing"

	"github.com/irene-onnx/irene/graph"
)

const (
	int64Max = "9223372036854775807"
	int64Min = "-9223372036854775808"
)

func TestSlice(t *testing.T) {
	at := func(in, starts, ends, axes, steps string, want ...string) ruleRow {
		return ruleRow{op: "Slice", since: 13, in: []string{in, starts, ends, axes, steps}, want: want}
	}
	testRules(t, []ruleRow{
		{op: "Slice", since: 1, attrs: attrs(intsAttr("starts", 0, 1), intsAttr("ends", -1, 1000)), in: []string{"float32[2, 4]"}, want: []string{"float32[1, 3]"}, cost: "0, 12, 12"},
		{op: "Slice", since: 1, attrs: attrs(intsAttr("starts", 1), intsAttr("ends", 3), intsAttr("axes", 1)), in: []string{"float32[n, 4]"}, want: []string{"float32[n, 2]"}, cost: "0, 8*n, 8*n"},
		at("float32[1, 512]", "int64[1]{0}", "int64[1]{sequence}", "int64[1]{1}", "", "float32[1, min(512, sequence)]"),
		at("float32[batch, sequence, 8]", "int64[1]{0}", "int64[1]{"+int64Max+"}", "int64[1]{1}", "int64[1]{1}", "float32[batch, sequence, 8]"),
		at("float32[batch, sequence]", "int32[1]{1}", "int32[1]{2147483647}", "int32[1]{1}", "", "float32[batch, sequence - 1]"),
		at("float32[batch, sequence]", "int64[1]{0}", "int64[1]{-1}", "int64[1]{-1}", "", "float32[batch, sequence - 1]"),
		at("float32[batch, sequence]", "int64[1]{-1}", "int64[1]{"+int64Max+"}", "int64[1]{1}", "", "float32[batch, 1]"),
		at("float32[sequence]", "int64[1]{-4}", "int64[1]{"+int64Max+"}", "", "", "float32[min(4, sequence)]"),
		at("float32[past + sequence]", "int64[1]{past}", "int64[1]{past + sequence}", "", "", "float32[sequence]"),
		at("float32[past + sequence]", "int64[1]{-sequence}", "int64[1]{"+int64Max+"}", "", "", "float32[sequence]"),
		at("float32[sequence]", "int64[1]{2}", "int64[1]{5}", "", "", "float32[max(0, min(5, sequence) - 2)]"),
		at("float32[n]", "int64[1]{0}", "int64[1]{"+int64Max+"}", "", "int64[1]{2}", "float32[(n + 1)//2]"),
		at("float32[n]", "int64[1]{-1}", "int64[1]{"+int64Min+"}", "", "int64[1]{-1}", "float32[n]"),
		at("float32[n]", "int64[1]{"+int64Max+"}", "int64[1]{0}", "", "int64[1]{-1}", "float32[n - 1]"),
		at("float32[10]", "int64[1]{8}", "int64[1]{1}", "", "int64[1]{-3}", "float32[3]"),
		at("float32[n]", "int64[1]{sequence - past}", "int64[1]{"+int64Max+"}", "", "",
			"float32[max(0, min(-n*min(1, max(0, past - sequence)) + n + past - sequence, n))]"),
		at("float32[?, 4]", "int64[1]{0}", "int64[1]{2}", "int64[1]{0}", "", "float32[?, 4]"),
		at("float32[9, 4]", "int64[1]", "int64[1]{2}", "int64[1]{0}", "", "float32[?, 4]"),
		at("float32[9, 4]", "int64[1]{1}", "int64[1]{2}", "int64[1]", "", "float32[?, ?]"),
		at("float32[9]", "int64[?]", "int64[?]", "", "", "float32[?]"),
		at("float32?", "int64[1]{1}", "int64[1]{2}", "", "", "float32?"),
		at("int64[4]{batch, 12, sequence, 64}", "int64[1]{1}", "int64[1]{-1}", "int64[1]{0}", "int64[1]{1}", "int64[2]{12, sequence}"),
		at("int64[4]{batch, 12, sequence, ?}", "int64[1]{-1}", "int64[1]{"+int64Min+"}", "int64[1]{0}", "int64[1]{-1}", "int64[4]{?, sequence, 12, batch}"),
		at("int64[2, 2]{1, 2, 3, n}", "int64[1]{1}", "int64[1]{2}", "int64[1]{1}", "", "int64[2, 1]{2, n}"),
		at("float32[4]", "int64[1]{5}", "int64[1]{9}", "", "", "float32[0]"),
		at("float32[4]", "int64[1]{0}", "int64[1]{2}", "int64[1]{1}", "", "error: axis 1"),
		at("float32[4]", "int64[2]{0, 0}", "int64[2]{2, 2}", "", "", "error: 2 axes"),
		at("float32[4]", "int64[1]{0}", "int64[2]{2, 2}", "int64[1]{0}", "", "error: for 1 axes"),
		at("float32[4]", "int64[1]{0}", "int64[1]{2}", "", "int64[1]{0}", "error: step 0 is 0"),
	})
}

// TestSliceNumbers holds the closed forms for the size and the first place of a slice against counting.
func TestSliceNumbers(t *testing.T) {
	sym := graph.Symbol
	for _, step := range []int64{-3, -2, -1, 1, 2, 3} {
		symbolic := cutAxis(sym("d"), sym("s_past").AddInt(-9), sym("e_past").AddInt(-9), graph.Const(step))
		for d := int64(1); d < 7; d++ {
			for s := int64(-9); s < 9; s++ {
				for e := int64(-9); e < 9; e++ {
					want := countSlice(d, s, e, step)
					x := cutAxis(graph.Const(d), graph.Const(s), graph.Const(e), graph.Const(step))
					env := map[string]int64{"d": d, "s_past": s + 9, "e_past": e + 9}
					y, _ := symbolic.count.Eval(func(n string) (int64, bool) { v, ok := env[n]; return v, ok })
					if !x.count.Is(want) || y != want {
						t.Fatalf("[%d:%d:%d] of %d: %v, symbolic %d, want %d", s, e, step, d, x.count, y, want)
					}
				}
			}
		}
	}
}

// countSlice follows the words of the specification.
func countSlice(d, s, e, step int64) (n int64) {
	if s < 0 {
		s += d
	}
	if e < 0 {
		e += d
	}
	if step > 0 {
		s, e = min(max(s, 0), d), min(max(e, 0), d)
		for i := s; i < e; i += step {
			n++
		}
		return n
	}
	s, e = min(max(s, 0), d-1), min(max(e, -1), d-1)
	for i := s; i > e; i += step {
		n++
	}
	return n
}

func TestGather(t *testing.T) {
	testRules(t, []ruleRow{
		{op: "Gather", since: 13, in: []string{"float32[30522, 768]", "int64[batch, sequence]"}, want: []string{"float32[batch, sequence, 768]"}, cost: "0, 3080*batch*sequence, 3072*batch*sequence"},
		{op: "Gather", since: 13, attrs: attrs(intAttr("axis", -1)), in: []string{"float32[batch, 5]", "int64[]"}, want: []string{"float32[batch]"}},
		{op: "Gather", since: 13, in: []string{"int64[3]{batch, sequence, 768}", "int64[]{1}"}, want: []string{"int64[]{sequence}"}},
		{op: "Gather", since: 13, in: []string{"int64[3]{batch, sequence, 768}", "int64[2]{-1, 0}"}, want: []string{"int64[2]{768, batch}"}},
		{op: "Gather", since: 13, in: []string{"int64[2]{batch, ?}", "int64[2]{1, n}"}, want: []string{"int64[2]{?, ?}"}},
		{op: "Gather", since: 13, attrs: attrs(intAttr("axis", 1)), in: []string{"int64[2, 2]{1, 2, n, 4}", "int64[1]{0}"}, want: []string{"int64[2, 1]{1, n}"}},
		{op: "Gather", since: 13, in: []string{"float32?", "int64[2]"}, want: []string{"float32?"}},
		{op: "Gather", since: 13, in: []string{"int64[2]{1, 2}", "int64[]{2}"}, want: []string{"error: index 2"}},
		{op: "Gather", since: 13, attrs: attrs(intAttr("axis", 2)), in: []string{"float32[2]", "int64[]"}, want: []string{"error: axis 2"}},
		{op: "GatherElements", since: 13, in: []string{"float32[batch, 512]", "int64[batch, n]"}, want: []string{"float32[batch, n]"}, cost: "0, 12*batch*n, 4*batch*n"},
		{op: "GatherElements", since: 13, in: []string{"float32[2, 3]", "int64?"}, want: []string{"float32[?, ?]"}},
		{op: "GatherElements", since: 13, in: []string{"float32[2, 3]", "int64[2]"}, want: []string{"error: rank 1"}},
		{op: "GatherND", since: 11, in: []string{"float32[2, n, 4]", "int64[3, 2]"}, want: []string{"float32[3, 4]"}, cost: "0, 96, 48"},
		{op: "GatherND", since: 12, attrs: attrs(intAttr("batch_dims", 1)), in: []string{"float32[batch, n, 4]", "int64[batch, 5, 1]"}, want: []string{"float32[batch, 5, 4]"}},
		{op: "GatherND", since: 11, in: []string{"float32[2, 3]", "int64[3, ?]"}, want: []string{"float32?"}},
		{op: "GatherND", since: 11, in: []string{"float32[2, 3]", "int64[3, 3]"}, want: []string{"error: indices of 3 numbers"}},
		{op: "GatherND", since: 12, attrs: attrs(intAttr("batch_dims", 2)), in: []string{"float32[2, 3]", "int64[3, 1]"}, want: []string{"error: batch_dims 2"}},
		{op: "Scatter", since: 9, in: []string{"float32[n]", "int64[2]", "float32[2]"}, want: []string{"float32[n]"}, cost: "0, 4*n + 24, 4*n"},
		{op: "ScatterElements", since: 16, attrs: attrs(strAttr("reduction", "add")), in: []string{"float32[n]", "int64[2]", "float32[2]"}, want: []string{"float32[n]"}, cost: "2, 4*n + 24, 4*n"},
		{op: "ScatterND", since: 18, in: []string{"float32[n]", "int64[2, 1]", "float32[2]"}, want: []string{"float32[n]"}, cost: "0, 4*n + 24, 4*n"},
		{op: "TensorScatter", since: 24, in: []string{"float16[batch, 8, 4096, 64]", "float16[batch, 8, n, 64]", "int64[batch]"}, want: []string{"float16[batch, 8, 4096, 64]"}, cost: "0, 1024*batch*n + 8*batch, 1024*batch*n"},
	})
}

func TestConcatSplit(t *testing.T) {
	axis := func(n int64) []graph.Attr { return attrs(intAttr("axis", n)) }
	testRules(t, []ruleRow{
		{op: "Concat", since: 13, attrs: axis(2), in: []string{"float32[batch, 8, past, 64]", "float32[batch, 8, sequence, 64]"}, want: []string{"float32[batch, 8, past + sequence, 64]"}, cost: "0, 2048*batch*past + 2048*batch*sequence, 2048*batch*past + 2048*batch*sequence"},
		{op: "Concat", since: 13, attrs: axis(-1), in: []string{"float32[n, 2]", "float32[n, 3]"}, want: []string{"float32[n, 5]"}},
		{op: "Concat", since: 1, in: []string{"float32[2, 2]", "float32[2, 3]"}, want: []string{"float32[2, 5]"}},
		{op: "Concat", since: 13, attrs: axis(0), in: []string{"int64[1]{batch}", "int64[1]", "int64[2]{12, 64}"}, want: []string{"int64[4]{batch, ?, 12, 64}"}},
		{op: "Concat", since: 13, attrs: axis(0), in: []string{"int64[1]", "int64[1]"}, want: []string{"int64[2]"}},
		{op: "Concat", since: 13, attrs: axis(0), in: []string{"float32[2]{1, 1}", "float32[1]{1.5}"}, want: []string{"float32[3]{1, 1, 1.5}"}},
		{op: "Concat", since: 13, attrs: axis(1), in: []string{"int64[2, 1]{1, 2}", "int64[2, 2]{3, 4, 5, n}"}, want: []string{"int64[2, 3]{1, 3, 4, 2, 5, n}"}},
		{op: "Concat", since: 13, attrs: axis(1), in: []string{"float32[?, 2]", "float32[4, 3]"}, want: []string{"float32[4, 5]"}},
		{op: "Concat", since: 13, attrs: axis(1), in: []string{"float32[4, 2]", "float32?"}, want: []string{"float32[4, ?]"}},
		{op: "Concat", since: 13, attrs: axis(1), in: []string{"float32?", "float32?"}, want: []string{"float32?"}},
		{op: "Concat", since: 13, attrs: axis(0), in: []string{"float32[4, 2]", "float32[4, 3]"}, want: []string{"error: differ"}},
		{op: "Concat", since: 13, attrs: axis(0), in: []string{"float32[4, 2]", "float32[4]"}, want: []string{"error: rank 1"}},
		{op: "Concat", since: 13, in: []string{"float32[4, 2]"}, want: []string{"error: no axis"}},
		{op: "Split", since: 1, in: []string{"float32[6]", "float32[2]{2, 4}"}, want: []string{"float32[2]", "float32[4]"}},
		{op: "Split", since: 11, attrs: attrs(intAttr("axis", 2), intsAttr("split", 768, 768, 768)), in: []string{"float32[batch, n, 2304]"}, want: []string{"float32[batch, n, 768]", "float32[batch, n, 768]", "float32[batch, n, 768]"}, cost: "0, 9216*batch*n, 9216*batch*n"},
		{op: "Split", since: 13, in: []string{"float32[n]", "int64[2]{3, ?}"}, want: []string{"float32[3]", "float32[n - 3]"}},
		{op: "Split", since: 13, in: []string{"float32[n]"}, want: []string{"float32[n//2]", "float32[n//2]"}},
		{op: "Split", since: 18, attrs: attrs(intAttr("num_outputs", 3)), in: []string{"float32[8]"}, want: []string{"float32[3]", "float32[3]", "float32[2]"}},
		{op: "Split", since: 18, attrs: attrs(intAttr("num_outputs", 2)), in: []string{"float32[n]"}, want: []string{"float32[(n + 1)//2]", "float32[max(0, n - (n + 1)//2)]"}},
		{op: "Split", since: 13, in: []string{"int64[3]{batch, n, 64}", "int64[2]{2, 1}"}, want: []string{"int64[2]{batch, n}", "int64[1]{64}"}},
		{op: "Split", since: 13, in: []string{"float32[7]", "int64[2]"}, want: []string{"float32[?]", "float32[?]"}},
		{op: "Split", since: 13, in: []string{"float32?"}, want: []string{"float32?", "float32?"}},
		{op: "Split", since: 13, in: []string{"float32[7]", "int64[1]{6}"}, want: []string{"error: differ"}},
		{op: "Split", since: 13, in: []string{"float32[7]", "int64[2]{3, 4}"}, want: []string{"error: 2 sizes for 1 outputs"}},
	})
}

func TestMoves(t *testing.T) {
	testRules(t, []ruleRow{
		{op: "Transpose", since: 13, attrs: attrs(intsAttr("perm", 0, 2, 1, 3)), in: []string{"float32[batch, sequence, 12, 64]"}, want: []string{"float32[batch, 12, sequence, 64]"}, cost: "0, 3072*batch*sequence, 3072*batch*sequence"},
		{op: "Transpose", since: 13, in: []string{"float16[n, 3]"}, want: []string{"float16[3, n]"}},
		{op: "Transpose", since: 13, in: []string{"int64[2, 2]{1, 2, 3, n}"}, want: []string{"int64[2, 2]{1, 3, 2, n}"}},
		{op: "Transpose", since: 13, attrs: attrs(intsAttr("perm", 1, 0)), in: []string{"float32?"}, want: []string{"float32[?, ?]"}},
		{op: "Transpose", since: 13, attrs: attrs(intsAttr("perm", 0, -2, -1, 1)), in: []string{"float32[batch, sequence, 12, 64]"}, want: []string{"float32[batch, 12, 64, sequence]"}},
		{op: "Transpose", since: 13, attrs: attrs(intsAttr("perm", 0, -2)), in: []string{"float32[2, 3]"}, want: []string{"error: does not permute"}},
		{op: "Transpose", since: 13, attrs: attrs(intsAttr("perm", 0, -3)), in: []string{"float32[2, 3]"}, want: []string{"error: does not permute"}},
		{op: "Transpose", since: 13, attrs: attrs(intsAttr("perm", 0, 0)), in: []string{"float32[2, 3]"}, want: []string{"error: does not permute"}},
		{op: "Transpose", since: 13, attrs: attrs(intsAttr("perm", 0)), in: []string{"float32[2, 3]"}, want: []string{"error: perm has 1 axes"}},
		{op: "Expand", since: 13, in: []string{"float32[1, 1, 768]", "int64[3]{batch, -1 + 2, 768}"}, want: []string{"float32[batch, 1, 768]"}, cost: "0, 3096, 3072*batch"},
		{op: "Expand", since: 13, in: []string{"float32[3, 1]", "int64[3]{2, 1, n}"}, want: []string{"float32[2, 3, n]"}},
		{op: "Expand", since: 13, in: []string{"float32[3, 1]", "int64[2]"}, want: []string{"float32[3, ?]"}},
		{op: "Expand", since: 13, in: []string{"float32[3, 1]", "int64[?]"}, want: []string{"float32?"}},
		{op: "Expand", since: 13, in: []string{"int64[1]{n}", "int64[1]{3}"}, want: []string{"int64[3]{n, n, n}"}},
		{op: "Expand", since: 13, in: []string{"float32[3]", "int64[1]{4}"}, want: []string{"error: do not broadcast"}},
		{op: "Expand", since: 13, in: []string{"float32[3]", "int64[1]{-4}"}, want: []string{"error: is -4"}},
		{op: "Tile", since: 13, in: []string{"float32[n, 3]", "int64[2]{2, sequence}"}, want: []string{"float32[2*n, 3*sequence]"}, cost: "0, 12*n + 16, 24*n*sequence"},
		{op: "Tile", since: 13, in: []string{"float32[n, 3]", "int64[2]"}, want: []string{"float32[?, ?]"}},
		{op: "Tile", since: 13, in: []string{"int64[2]{1, n}", "int64[1]{2}"}, want: []string{"int64[4]{1, n, 1, n}"}},
		{op: "Tile", since: 1, in: []string{"float32[n, 3]", "float32[]{4}", "float32[]{1}"}, want: []string{"float32[n, 12]"}},
		{op: "Tile", since: 13, in: []string{"float32[n, 3]", "int64[1]{2}"}, want: []string{"error: 1 repeats"}},
		{op: "Pad", since: 1, attrs: attrs(intsAttr("paddings", 0, 0, 2, 1)), in: []string{"float32[n, 3]"}, want: []string{"float32[n + 2, 4]"}, cost: "0, 12*n, 16*n + 32"},
		{op: "Pad", since: 2, attrs: attrs(intsAttr("pads", 0, 2, 0, 0)), in: []string{"float32[n, 3]"}, want: []string{"float32[n, 5]"}},
		{op: "Pad", since: 13, in: []string{"float32[n, 3]", "int64[4]{0, n, 0, ?}"}, want: []string{"float32[n, ?]"}},
		{op: "Pad", since: 13, in: []string{"float32[n, 3]", "int64[4]"}, want: []string{"float32[?, ?]"}},
		{op: "Pad", since: 18, in: []string{"float32[n, 3]", "int64[2]{1, -2}", "", "int64[1]{-1}"}, want: []string{"float32[n, 2]"}},
		{op: "Pad", since: 18, in: []string{"float32[n, 3]", "int64[2]", "", "int64[1]{1}"}, want: []string{"float32[n, ?]"}},
		{op: "Pad", since: 13, in: []string{"float32[3]", "int64[2]{-2, -2}"}, want: []string{"error: becomes -1"}},
		{op: "Pad", since: 13, in: []string{"float32[3]", "int64[4]{0, 0, 0, 0}"}, want: []string{"error: 4 pads for 1 axes"}},
		{op: "CenterCropPad", since: 18, attrs: attrs(intsAttr("axes", 1)), in: []string{"float32[n, 3]", "int64[1]{8}"}, want: []string{"float32[n, 8]"}},
		{op: "Trilu", since: 14, in: []string{"float32[n, 3]"}, want: []string{"float32[n, 3]"}, cost: "0, 12*n, 12*n"},
		{op: "ReverseSequence", since: 10, in: []string{"float32[n, 3]", "int64[3]"}, want: []string{"float32[n, 3]"}},
		{op: "DepthToSpace", since: 13, attrs: attrs(intAttr("blocksize", 2)), in: []string{"float32[n, 8, 3, m]"}, want: []string{"float32[n, 2, 6, 2*m]"}, cost: "0, 96*m*n, 96*m*n"},
		{op: "DepthToSpace", since: 13, attrs: attrs(intAttr("blocksize", 2)), in: []string{"float32[n, 6, 3, 4]"}, want: []string{"error: 6 does not divide by 4"}},
		{op: "SpaceToDepth", since: 13, attrs: attrs(intAttr("blocksize", 2)), in: []string{"float32[n, 2, 6, 8]"}, want: []string{"float32[n, 8, 3, 4]"}},
		{op: "SpaceToDepth", since: 13, in: []string{"float32[n, 2, 6, 8]"}, want: []string{"error: blocksize 0"}},
	})
}

func TestSelect(t *testing.T) {
	testRules(t, []ruleRow{
		{op: "OneHot", since: 11, in: []string{"int64[n, 2]", "int64[]{10}", "float32[2]"}, want: []string{"float32[n, 2, 10]"}, cost: "0, 16*n + 16, 80*n"},
		{op: "OneHot", since: 11, attrs: attrs(intAttr("axis", 0)), in: []string{"int64[n]", "float32[1]{3.5}", "int32[2]"}, want: []string{"int32[3, n]"}},
		{op: "OneHot", since: 11, in: []string{"int64[n]", "int64[]", "int32[2]"}, want: []string{"int32[n, ?]"}},
		{op: "NonZero", since: 13, in: []string{"bool[n, 3]"}, want: []string{"int64[2, y0_dim1]"}, cost: "3*n, 3*n, 16*y0_dim1"},
		{op: "NonZero", since: 13, in: []string{"int64[3]{1, 0, n}"}, want: []string{"int64[1, 2]"}},
		{op: "NonZero", since: 13, in: []string{"bool?"}, want: []string{"int64[?, y0_dim1]"}},
		{op: "Compress", since: 11, in: []string{"float32[n, 3]", "bool[4]"}, want: []string{"float32[y0_dim0]"}},
		{op: "Compress", since: 11, attrs: attrs(intAttr("axis", 1)), in: []string{"float32[n, 3]", "bool[3]{1, 0, 1}"}, want: []string{"float32[n, 2]"}},
		{op: "Compress", since: 11, attrs: attrs(intAttr("axis", 1)), in: []string{"float32[n, 3]", "bool[3]"}, want: []string{"float32[n, y0_dim1]"}},
		{op: "Unique", since: 11, in: []string{"float32[n, 3]"}, want: []string{"float32[y0_dim0]", "int64[y0_dim0]", "int64[3*n]", "int64[y0_dim0]"}},
		{op: "Unique", since: 11, in: []string{"float32[4]{2, 1, 1, 3}"}, want: []string{"float32[3]", "int64[3]", "int64[4]", "int64[3]"}},
		{op: "Unique", since: 11, attrs: attrs(intAttr("axis", 1)), in: []string{"float32[n, 3]"}, want: []string{"float32[n, y0_dim1]", "int64[y0_dim1]", "int64[3]", "int64[y0_dim1]"}},
		{op: "com.microsoft:UnfoldTensor", since: 1, attrs: attrs(intAttr("size", 3), intAttr("step", 2)), in: []string{"float32[n, 9]"}, want: []string{"float32[n, 4, 3]"}},
		{op: "com.microsoft:DynamicTimeWarping", since: 1, in: []string{"float32[4, 5]"}, want: []string{"int32[2, y0_dim1]"}},
	})
}
