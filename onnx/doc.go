// Package onnx reads ONNX model files into the graph that the rest of the module works on.
//
// [Decode] reads the file in ranges, [DecodeReaderAt] whatever else can be read so, [DecodeReader] a stream; the elements of
// large tensors are gone over (skim.go). It reads the protobuf messages with a reader of its own (one file per message: model.go,
// graph.go, node.go, attribute.go, tensor.go, value_info.go, functions.go), and links the names into values (link.go).
// Model-local functions are inlined (inline.go), subgraphs become bodies of their nodes (subgraph.go), and operations
// are brought into an order in which producers come before consumers ([graph.Graph.Order]). Weights are never read: a large
// tensor keeps the place of its elements, in the model file or beside it (external.go).
//
// [AnnotateFile] writes a file anew with other metadata on its nodes and every other byte as it was (annotate.go).
// [Extract] cuts nodes out of a graph, [Repeat] adds copies of some to it (extract.go), and [Encode] makes a file of one
// (encode.go).
//
// What the decoder decides where files leave a choice:
//
//   - The domain "ai.onnx" is spelled "".
//   - A graph input that has an initializer is a value with both IsInput and Init set. It stands among the Inits of the
//     main body and not among its Inputs, whatever the IR version; formal inputs of subgraphs are positional and stay.
//   - Values of the main graph keep exactly the name the file gives them. A value inside a subgraph is called
//     "node/attribute:name", one inside an inlined function "call/name", nested as deep as the calls are; where a node has no
//     name, its operator and its ordinal stand for it ("If_12"). Names that would collide get "#2", "#3" ….
//   - A function output that is one of its inputs, and a subgraph output that is a value of an enclosing graph, are
//     made by an Identity node, so that every body produces what it returns.
//   - What a newer or odd file holds beyond this package's knowledge is a warning in Graph.Warnings, not an error.
//
// The format is described by the ONNX IR specification, https://github.com/onnx/onnx/blob/main/docs/IR.md, and the
// field numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, IR versions 1 to 14.
package onnx
