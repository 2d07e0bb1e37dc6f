package ops

import (
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
)

// wide is a tensor of so many axes.
func wide(rank int) string { return "float32[" + strings.Repeat("1, ", rank-1) + "1]" }

func TestReshape(t *testing.T) {
	testRules(t, []ruleRow{
		{op: "Reshape", since: 1, attrs: attrs(intsAttr("shape", 0, -1)), in: []string{"float32[batch, 3, 4]"}, want: []string{"float32[batch, 12]"}, cost: "free"},
		{op: "Reshape", since: 13, in: []string{"float32[batch, sequence, 768]", "int64[4]{0, 0, 12, 64}"}, want: []string{"float32[batch, sequence, 12, 64]"}, cost: "free"},
		{op: "Reshape", since: 13, in: []string{"float32[batch, sequence, 768]", "int64[4]{batch, sequence, 12, -1}"}, want: []string{"float32[batch, sequence, 12, 64]"}},
		{op: "Reshape", since: 13, in: []string{"float32[batch, 12, sequence, sequence]", "int64[3]{-1, sequence, sequence}"}, want: []string{"float32[12*batch, sequence, sequence]"}},
		{op: "Reshape", since: 13, in: []string{"float32[batch, past + 1, 64]", "int64[1]{-1}"}, want: []string{"float32[64*batch*past + 64*batch]"}},
		{op: "Reshape", since: 13, in: []string{"float32[?, 128, 768]", "int64[4]{0, -1, 12, 64}"}, want: []string{"float32[?, 128, 12, 64]"}},
		{op: "Reshape", since: 13, in: []string{"float32[2, 6]", "int64[2]{?, 4}"}, want: []string{"float32[3, 4]"}},
		{op: "Reshape", since: 13, in: []string{"float32[2, n]", "int64[2]{4, -1}"}, want: []string{"float32[4, n//2]"}},
		{op: "Reshape", since: 13, in: []string{"float32[2, 6]", "int64[3]"}, want: []string{"float32[?, ?, ?]"}},
		{op: "Reshape", since: 13, in: []string{"float32[2, 6]", "int64[1]"}, want: []string{"float32[12]"}},
		{op: "Reshape", since: 13, in: []string{"float32[2, 6]", "int64?"}, want: []string{"float32?"}},
		{op: "Reshape", since: 13, in: []string{"float32?", "int64[3]{0, -1, 4}"}, want: []string{"float32[?, ?, 4]"}},
		{op: "Reshape", since: 13, in: []string{"float32[0, 3]", "int64[2]{0, 5}"}, want: []string{"float32[0, 5]"}},
		{op: "Reshape", since: 14, attrs: attrs(intAttr("allowzero", 1)), in: []string{"float32[0, 3, 4]", "int64[3]{3, 4, 0}"}, want: []string{"float32[3, 4, 0]"}},
		{op: "Reshape", since: 13, in: []string{"int64[3]{1, n, ?}", "int64[2]{3, 1}"}, want: []string{"int64[3, 1]{1, n, ?}"}},
		{op: "Reshape", since: 13, in: []string{"float32[n]", "int64[1]{8}"}, want: []string{"float32[8]"}},
		{op: "Reshape", since: 13, in: []string{"float32[2, 6]", "int64[2]{5, -1}"}, want: []string{"error: does not divide"}},
		{op: "Reshape", since: 13, in: []string{"float32[2, 6]", "int64[2]{5, 2}"}, want: []string{"error: has not the elements"}},
		{op: "Reshape", since: 13, in: []string{"float32[2, 6]", "int64[2]{-1, -1}"}, want: []string{"error: more than one"}},
		{op: "Reshape", since: 13, in: []string{"float32[2, 6]", "int64[2]{-2, 6}"}, want: []string{"error: dimension 0 is -2"}},
		{op: "Reshape", since: 13, in: []string{"float32[2]", "int64[2]{2, 0}"}, want: []string{"error: to be copied"}},
		{op: "Reshape", since: 13, in: []string{"float32[2]"}, want: []string{"error: no shape"}},
	})
}

func TestSqueezeUnsqueeze(t *testing.T) {
	testRules(t, []ruleRow{
		{op: "Squeeze", since: 11, attrs: attrs(intsAttr("axes", 0, -1)), in: []string{"float32[1, n, 1]"}, want: []string{"float32[n]"}, cost: "free"},
		{op: "Squeeze", since: 13, in: []string{"float32[1, n, 1]", "int64[1]{-1}"}, want: []string{"float32[1, n]"}},
		{op: "Squeeze", since: 13, in: []string{"float32[1, 3, 1]"}, want: []string{"float32[3]"}},
		{op: "Squeeze", since: 13, in: []string{"float32[1, n, 3]"}, want: []string{"float32?"}},
		{op: "Squeeze", since: 13, in: []string{"float32[1, past + 2]"}, want: []string{"float32[past + 2]"}},
		{op: "Squeeze", since: 13, in: []string{"float32[1, n, 3]", "int64[1]"}, want: []string{"float32[?, ?]"}},
		{op: "Squeeze", since: 13, in: []string{"float32[1, n]", "int64[?]"}, want: []string{"float32?"}},
		{op: "Squeeze", since: 13, in: []string{"int64[1]{n}", "int64[1]{0}"}, want: []string{"int64[]{n}"}},
		{op: "Squeeze", since: 13, in: []string{"float32[2, 3]", "int64[1]{0}"}, want: []string{"error: has size 2"}},
		{op: "Squeeze", since: 13, in: []string{"float32[1, 3]", "int64[1]{2}"}, want: []string{"error: axis 2"}},
		{op: "Unsqueeze", since: 11, attrs: attrs(intsAttr("axes", 1, 2)), in: []string{"float32[batch, sequence]"}, want: []string{"float32[batch, 1, 1, sequence]"}, cost: "free"},
		{op: "Unsqueeze", since: 13, in: []string{"int64[]{n}", "int64[1]{0}"}, want: []string{"int64[1]{n}"}},
		{op: "Unsqueeze", since: 13, in: []string{"float32[2]", "int64[1]{-1}"}, want: []string{"float32[2, 1]"}},
		{op: "Unsqueeze", since: 13, in: []string{wide(255), "int64[1]{0}"}, want: []string{wide(256)}},
		{op: "Unsqueeze", since: 13, in: []string{wide(256), "int64[1]{0}"}, want: []string{"float32?"}}, // files may add axes without end
		{op: "Unsqueeze", since: 13, in: []string{"float32[2]", "int64[2]"}, want: []string{"float32[?, ?, ?]"}},
		{op: "Unsqueeze", since: 13, in: []string{"float32[2]", "int64[2]{0, -3}"}, want: []string{"error: named twice"}},
		{op: "com.microsoft:ExpandDims", since: 1, in: []string{"float32[2, 3]", "int32[]{1}"}, want: []string{"float32[2, 1, 3]"}, cost: "free"},
	})
}

func TestFlattenShapeSize(t *testing.T) {
	testRules(t, []ruleRow{
		{op: "Flatten", since: 13, in: []string{"float32[batch, 3, 4]"}, want: []string{"float32[batch, 12]"}, cost: "free"},
		{op: "Flatten", since: 13, attrs: attrs(intAttr("axis", 0)), in: []string{"float32[batch, 3, 4]"}, want: []string{"float32[1, 12*batch]"}},
		{op: "Flatten", since: 13, attrs: attrs(intAttr("axis", -1)), in: []string{"float32[batch, 3, 4]"}, want: []string{"float32[3*batch, 4]"}},
		{op: "Flatten", since: 13, in: []string{"float32?"}, want: []string{"float32[?, ?]"}},
		{op: "Flatten", since: 13, attrs: attrs(intAttr("axis", 4)), in: []string{"float32[2]"}, want: []string{"error: axis 4"}},
		{op: "Shape", since: 13, in: []string{"float32[batch, 3, ?]"}, want: []string{"int64[3]{batch, 3, ?}"}, cost: "free"},
		{op: "Shape", since: 15, attrs: attrs(intAttr("start", -2), intAttr("end", -1)), in: []string{"float32[batch, 3, 4]"}, want: []string{"int64[1]{3}"}},
		{op: "Shape", since: 15, attrs: attrs(intAttr("start", 2), intAttr("end", 1)), in: []string{"float32[batch, 3, 4]"}, want: []string{"int64[0]{}"}},
		{op: "Shape", since: 15, attrs: attrs(intAttr("start", -10), intAttr("end", 10)), in: []string{"float32[2]"}, want: []string{"int64[1]{2}"}},
		{op: "Shape", since: 15, in: []string{"float32?"}, want: []string{"int64[?]"}},
		{op: "Shape", since: 15, in: []string{"float32[]"}, want: []string{"int64[0]{}"}},
		{op: "Size", since: 13, in: []string{"float32[batch, 3]"}, want: []string{"int64[]{3*batch}"}, cost: "free"},
		{op: "Size", since: 13, in: []string{"float32[batch, ?]"}, want: []string{"int64[]"}},
		{op: "Identity", since: 16, in: []string{"int64[2]{1, n}"}, want: []string{"int64[2]{1, n}"}, cost: "free"},
		{op: "EyeLike", since: 9, attrs: attrs(intAttr("dtype", int64(graph.Float16))), in: []string{"float32[n, 4]"}, want: []string{"float16[n, 4]"}, cost: "0, 0, 8*n"},
		{op: "EyeLike", since: 9, in: []string{"float32[4]"}, want: []string{"error: rank 1"}},
	})
}

func TestDropout(t *testing.T) {
	testRules(t, []ruleRow{
		{op: "Dropout", since: 7, in: []string{"float32[n]"}, want: []string{"float32[n]", "float32[n]"}, cost: "free"},
		{op: "Dropout", since: 10, in: []string{"float32[n]"}, want: []string{"float32[n]", "bool[n]"}, cost: "free"},
		{op: "Dropout", since: 22, in: []string{"float32[n]", "float32[]{0.1}", "bool[]{0}"}, want: []string{"float32[n]"}, cost: "free"},
		{op: "Dropout", since: 22, in: []string{"float32[n]", "float32[]{0.1}", "bool[]{1}"}, want: []string{"float32[n]"}, cost: "2*n, 4*n + 5, 4*n"},
	})
}

func TestConstants(t *testing.T) {
	testRules(t, []ruleRow{
		{op: "Constant", since: 13, attrs: attrs(intAttr("value_int", 7)), want: []string{"int64[]{7}"}, cost: "free"},
		{op: "Constant", since: 13, attrs: attrs(intsAttr("value_ints", 7, 8)), want: []string{"int64[2]{7, 8}"}},
		{op: "Constant", since: 13, attrs: attrs(floatAttr("value_float", 0.5)), want: []string{"float32[]{0.5}"}},
		{op: "Constant", since: 13, attrs: attrs(floatsAttr("value_floats", 1, 2)), want: []string{"float32[2]{1, 2}"}},
		{op: "Constant", since: 13, attrs: attrs(strAttr("value_string", "a")), want: []string{"string[]"}},
		{op: "Constant", since: 13, attrs: attrs(graph.Attr{Name: "value_strings", Type: graph.AttrStrings, Strs: []string{"a", "b"}}), want: []string{"string[2]"}},
		{op: "Constant", since: 1, attrs: attrs(tensorAttr("value", graph.Int64, []int64{2, 1}, 3, 4)), want: []string{"int64[2, 1]"}},
		{op: "Constant", since: 1, attrs: attrs(tensorAttr("value", graph.Int64, []int64{-2})), want: []string{"error: is -2"}},
		{op: "ConstantOfShape", since: 9, in: []string{"int64[2]{batch, 3}"}, want: []string{"float32[batch, 3]"}, cost: "0, 16, 12*batch"},
		{op: "ConstantOfShape", since: 9, attrs: attrs(tensorAttr("value", graph.Int64, []int64{1}, 5)), in: []string{"int64[1]{2}"}, want: []string{"int64[2]{5, 5}"}},
		{op: "ConstantOfShape", since: 9, in: []string{"int64[0]"}, want: []string{"float32[]{0}"}},
		{op: "ConstantOfShape", since: 9, in: []string{"int64[2]"}, want: []string{"float32[?, ?]"}},
		{op: "ConstantOfShape", since: 9, in: []string{"int64[1]{-1}"}, want: []string{"error: is -1"}},
		{op: "Range", since: 11, in: []string{"int64[]{0}", "int64[]{sequence}", "int64[]{1}"}, want: []string{"int64[sequence]"}, cost: "2*sequence, 24, 8*sequence"},
		{op: "Range", since: 11, in: []string{"int64[]{past}", "int64[]{past + sequence}", "int64[]{1}"}, want: []string{"int64[sequence]"}},
		{op: "Range", since: 11, in: []string{"int64[]{n}", "int64[]{n + 5}", "int64[]{2}"}, want: []string{"int64[3]{n, n + 2, n + 4}"}},
		{op: "Range", since: 11, in: []string{"int64[]{10}", "int64[]{4}", "int64[]{-2}"}, want: []string{"int64[3]{10, 8, 6}"}},
		{op: "Range", since: 11, in: []string{"int64[]{4}", "int64[]{10}", "int64[]{-2}"}, want: []string{"int64[0]{}"}},
		{op: "Range", since: 11, in: []string{"float32[]{0}", "float32[]{1}", "float32[]{0.3}"}, want: []string{"float32[4]{0, 0.30000001192092896, 0.6000000238418579, 0.9000000357627869}"}},
		{op: "Range", since: 11, in: []string{"int64[]{0}", "int64[]", "int64[]{1}"}, want: []string{"int64[?]"}},
		{op: "Range", since: 11, in: []string{"int64[]{0}", "int64[]{4}", "int64[]{0}"}, want: []string{"error: delta is 0"}},
		{op: "com.microsoft:Range", since: 1, in: []string{"int64[]{1}", "int64[]{3}"}, want: []string{"int64[2]{1, 2}"}},
	})
}
