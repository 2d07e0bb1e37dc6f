package main

import (
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/internal/onnxtest"
)

// decoderModel is a decode step of one layer and one new token: attention over a cache, and logits.
func decoderModel(more ...onnxtest.Part) onnxtest.File {
	return onnxtest.Model(append(more,
		onnxtest.Producer("pytorch"), onnxtest.Opset("", 17),
		onnxtest.In("input_ids", graph.Int64, "batch", 1), onnxtest.In("attention_mask", graph.Int64, "batch", "total"),
		onnxtest.In("past.0.key", graph.Float32, "batch", 2, "past", 4), onnxtest.In("past.0.value", graph.Float32, "batch", 2, "past", 4),
		onnxtest.Weight("table", graph.Float32, 100, 8), onnxtest.Weight("q", graph.Float32, 8, 8), onnxtest.Weight("head", graph.Float32, 8, 100),
		onnxtest.Ints("split", 0, 0, 2, 4), onnxtest.Ints("join", 0, 0, 8),
		onnxtest.Node("Gather", "table input_ids", "x"),
		onnxtest.Node("MatMul", "x q", "xq"), onnxtest.Node("Reshape", "xq split", "xs"),
		onnxtest.Node("Transpose", "xs", "new", onnxtest.Attr("perm", []int64{0, 2, 1, 3})),
		onnxtest.Node("Concat", "past.0.key new", "present.0.key", onnxtest.Attr("axis", -2)),
		onnxtest.Node("Concat", "past.0.value new", "present.0.value", onnxtest.Attr("axis", -2)),
		onnxtest.Node("Transpose", "present.0.key", "kt", onnxtest.Attr("perm", []int64{0, 1, 3, 2})),
		onnxtest.Node("MatMul", "new kt", "scores"), onnxtest.Node("Softmax", "scores", "p", onnxtest.Attr("axis", -1)),
		onnxtest.Node("MatMul", "p present.0.value", "o"), onnxtest.Node("Transpose", "o", "ot", onnxtest.Attr("perm", []int64{0, 2, 1, 3})),
		onnxtest.Node("Reshape", "ot join", "h"), onnxtest.Node("MatMul", "h head", "logits"),
		onnxtest.Out("logits", graph.Float32, "batch", 1, 100),
		onnxtest.Out("present.0.key", graph.Float32, "batch", 2, nil, 4), onnxtest.Out("present.0.value", graph.Float32, "batch", 2, nil, 4),
	)...)
}

// crossModel is that step behind an encoder, with an operator that nobody knows.
func crossModel() onnxtest.File {
	return decoderModel(
		onnxtest.In("encoder_hidden_states", graph.Float32, "batch", "source", 8), onnxtest.Opset("com.example", 1),
		onnxtest.Node("Frobnicate", "encoder_hidden_states", "heard", onnxtest.Domain("com.example")), onnxtest.Out("heard", graph.Float32, "batch", "source", 8),
	)
}
