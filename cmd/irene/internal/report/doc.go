// Package report renders what irene knows of a model: one value, [Report], built once from an analysis and its
// prediction, and one file per format that reads it.
//
//	r := report.Build(a, result, report.Options{Convention: graph.TwoMACPlusElementwise})
//	err := report.Formats()[0].Write(os.Stdout, r)
//
// The formats only render: what is selected, sorted and folded is decided before, in the report's [View].
package report
