// Package onnxgo lets a program that holds a model of onnx-go (github.com/owulveryck/onnx-go, v0.5.0) hand it to the
// analyzer: [Backend] implements onnx-go's Backend and turns what it receives into a [graph.Graph].
//
//	b := onnxgo.NewBackend()
//	m := onnx.NewModel(b)
//	err := m.UnmarshalBinary(data)
//	g, err := b.Graph(onnxgo.Model(m), onnxgo.Opset(9))
//	a, err := analysis.Run(g, analysis.Options{})
//
// [Unmarshal] does all of it for a model in memory and turns the panics of onnx-go into errors. A program that has the
// file is better served by the module's own decoder, package onnx, since onnx-go loses or breaks:
//
//   - the opset versions: give them with [Opset]; [DefaultOpset] holds otherwise
//   - the domains of operators: give them with [Domain]; every operator is ai.onnx's otherwise
//   - the names and metadata of nodes, so that module paths come from the names of values alone; IR version and producer;
//     functions, whose calls stay operators without a rule
//   - dim_param and dims without a size: ("batch", 3, 4) becomes (3, 4). A backend cannot see that; [Unmarshal] can, and
//     leaves such shapes unknown. Give them with [Declare].
//   - the inputs of nodes that have no output; the order of attributes, and which of its edges a node that reads a value
//     twice keeps in the gonum graph (the slots of the irene graph are right)
//
// and fails altogether on float16 and bfloat16, on uint8 and other narrow tensors, on external data, on tensors without
// elements, on sequences and on attributes that hold graphs (If, Loop, Scan). [Skeleton] makes a copy without these, for
// cross-checks.
//
// In the graph of onnx-go edges run from the output to the input, weighted with the input's slot; its nodes are values.
// Only programs that import this package link onnx-go and gorgonia's tensors, which are large: the irene command does not.
package onnxgo
