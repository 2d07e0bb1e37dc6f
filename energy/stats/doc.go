// Package stats summarises repeated measurements and the errors of predictions.
//
// Nothing is assumed about how values are distributed: the centre of a sample is its median, its uncertainty an
// interval between two of its own values. No value is left out silently. A figure that does not exist (the median of
// nothing, a relative error against zero) is NaN, not zero.
package stats
