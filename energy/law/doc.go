// Package law says what one kernel takes on a device: energy, time and their causes.
//
// [Law] is what all who predict ask; it knows nothing of graphs. [New] makes the law of the coefficient files: linear in
// the terms of a kernel (see coefficients.Term), so that modules are exactly the sums of their operators. Another law is
// another type in a file of its own.
package law
