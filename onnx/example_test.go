package onnx_test

import (
	"fmt"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

func ExampleDecodeBytes() {
	model := onnxtest.Model(
		onnxtest.In("x", graph.Float32, "batch", 4),
		onnxtest.Weight("w", graph.Float32, 4, 8),
		onnxtest.Node("MatMul", "x w", "y", onnxtest.Name("/fc/MatMul")),
		onnxtest.Out("y", graph.Float32, "batch", 8),
	).Bytes()
	g, err := onnx.DecodeBytes(model, "fc.onnx", "", onnx.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range g.Nodes {
		fmt.Println(n.Label(), n.Op, n.Opset, n.Outputs[0].Name, n.Outputs[0].Type.Shape)
	}
	// Output: /fc/MatMul MatMul 17 y [batch, 8]
}
