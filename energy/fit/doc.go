// Package fit makes coefficients of measurements. Trees, records and lines of operators are read into one [Data], whose
// items keep the kernels that ran beside what they took. [Fit] solves for the coefficients of an additive law, to which an
// item is a linear equation, by non-negative least squares, with intervals from what was held out.
package fit
