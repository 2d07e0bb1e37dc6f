package onnxgo_test

import (
	"fmt"

	onnxlib "github.com/owulveryck/onnx-go"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	ot "github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx/onnxgo"
)

// A program that has an onnx-go model analyzes it.
func ExampleBackend() {
	data := ot.Model(ot.In("x", graph.Float32, 8, 64), ot.Weight("w", graph.Float32, 64, 32), ot.Node("MatMul", "x w", "y"),
		ot.Out("y", graph.Float32, 8, 32)).Bytes()

	b := onnxgo.NewBackend()
	m := onnxlib.NewModel(b)
	if err := m.UnmarshalBinary(data); err != nil {
		fmt.Println(err)
		return
	}
	g, err := b.Graph(onnxgo.Model(m), onnxgo.Opset(17))
	if err != nil {
		fmt.Println(err)
		return
	}
	a, err := analysis.Run(g, analysis.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.ModuleMetrics()[a.Tree.Root].MACs)
	// Output: 16384
}
