// Package measured joins what was measured of a model (IrEne's trees, records, traces of other tools) to its graph, and
// puts it in the place of predictions.
package measured
