// Package law says what one kernel takes on a device: energy, time and their causes.
//
// Additive is the law of the coefficient files: linear in the terms of a kernel (see coefficients.Term), so that modules
// are exactly the sums of their operators. It reads a device's row and coefficients, and knows nothing of graphs.
package law
