// Package predict turns costs into energy and time: features of kernels, the additive model and its coefficients,
// training on measurements, and prediction of every node and module with what stands behind it.
//
// The model is linear in its coefficients, per operator class and element type (see Coefficients), so a module's
// prediction is exactly the sum of its operators' predictions, and every measured node, operator or module, is one
// equation for the same coefficients.
package predict
