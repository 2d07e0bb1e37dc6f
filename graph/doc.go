// Package graph is the model of an ONNX file that everything else reads: operations, values, tensors left where they
// are stored, symbolic dimensions, element types, the module tree and costs.
//
// A [Graph] is filled once, by a decoder, and never changes afterwards. Facts that are derived from it (shapes, costs,
// module paths, energies) are kept beside it in slices indexed by [Node.ID] and [Value.ID].
//
// The package imports nothing of this module.
package graph
