// Package sweep evaluates predictions over grids of sizes and devices, by closed forms wherever the graph allows.
package sweep
