// Package operator predicts single kernels that are given by their shapes, without a model: rows of JSON Lines in, time
// and energy out.
package operator
