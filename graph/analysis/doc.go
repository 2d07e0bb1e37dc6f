// Package analysis runs the whole derivation over one decoded graph: shapes, dims that the user left open, costs, the
// module tree, parameters and memory. It is the table of contents between decoding and prediction:
//
//	g, _ := onnx.Decode("model.onnx", onnx.Options{})
//	a, err := analysis.Run(g, analysis.Options{Dims: map[string]int64{"batch": 8}})
//
// The graph is not changed; everything derived lies in the Analysis, by node or value ID.
package analysis
