// Package scope finds the module of the original network that each node of a graph belongs to.
//
// ONNX has no module scopes; every exporter leaves them somewhere else. Each place is a source with a file of its own,
// and the table in scope.go ranks them. Sources that read a node alone (metadata, function calls, node names, output
// names) come first, then the weights a node reads, then the nodes around it, then the root.
//
// A scope has two paths. Path names the call: "layers.0_1" is the second call of "layers.0". Module is the canonical path,
// the one PyTorch's named_modules gives and the weights carry. A list of modules is never called, so it is no scope of
// its own: the child of "encoder" is "encoder.layer.0".
package scope
