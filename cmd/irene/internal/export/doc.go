// Package export writes a report for other programs: Graphviz, pprof, Model Explorer.
package export
