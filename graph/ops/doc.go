// Package ops is the operator table: what is known of each ONNX operator, one row per domain, name and first opset
// version. A row holds the shape rule, the cost rule, the class in the energy model and the slots that read weights.
//
// [Infer] runs the shape rules over a graph. Dims stay symbolic, and small integer tensors are carried along element by
// element, which is how a Reshape to a computed shape is understood. Equalities that operators imply are solved for
// symbols. [Count] runs the cost rules on what was inferred.
//
// To add an operator like its neighbours, add a row to its family file:
//
//	row("Softsign", 1, "activation", sameAsFirst, pointwise(3))
//
// An operator with arithmetic of its own gets a file with its rules and its row; a new family is one line in table.go. An
// operator without work has the rule freeCost; one without a row is unknown in every report, never zero.
//
// The rules follow the pages that [Op.Documentation] gives: https://onnx.ai/onnx/operators/ for the domains of ONNX, and
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md for the domain com.microsoft. Work per
// element is that of the function bodies there, where an operator has one.
package ops
