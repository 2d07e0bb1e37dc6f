// Package fit makes coefficients of measurements: trees, records and single operators become equations for the same
// unknowns, solved by non-negative least squares, with intervals from what was held out.
package fit
