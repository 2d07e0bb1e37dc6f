// Package predict puts the kernels of an analyzed graph and a law together: energy and time of every node and module with
// what stands behind them, their causes, and their closed forms in the sizes.
package predict
