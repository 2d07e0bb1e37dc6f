// Package onnxtest writes small ONNX models, so that a test can show the graph it is about:
//
//	b := onnxtest.Model(
//		onnxtest.Opset("", 17),
//		onnxtest.In("x", graph.Float32, "batch", 4),
//		onnxtest.Weight("w", graph.Float32, 4, 8),
//		onnxtest.Node("MatMul", "x w", "y", onnxtest.Name("/fc/MatMul")),
//		onnxtest.Out("y", graph.Float32, "batch", 8),
//	).Bytes()
//
// It encodes what it is told, malformed or not; only misuse of its own functions panics. It is for tests alone, and
// finds the files that tests share ([Shared]).
package onnxtest
