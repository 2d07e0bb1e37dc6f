// Package reporttest builds reports for tests.
package reporttest

import (
	"testing"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/onnx"
)

// Build analyzes a model at the dims it declares, with assumptions, and predicts where they have numbers.
func Build(tb testing.TB, g *graph.Graph, symbolic bool) *report.Report {
	tb.Helper()
	a, err := analysis.Run(g, analysis.Options{Symbolic: symbolic})
	if err != nil {
		tb.Fatal(err)
	}
	var p *predict.Result
	if !symbolic {
		c, err := coefficients.ForDevice(coefficients.DefaultDevice)
		if err != nil {
			tb.Fatal(err)
		}
		d, err := energy.LookupDevice(coefficients.DefaultDevice)
		if err != nil {
			tb.Fatal(err)
		}
		if p, err = (predict.Target{Coefficients: c, Device: d}).Run(a); err != nil {
			tb.Fatal(err)
		}
	}
	return report.Build(a, p, report.Options{Version: "test", Mode: "spec", Convention: graph.TwoMACPlusElementwise, Values: true})
}

func Fixture(tb testing.TB, name string) *graph.Graph {
	tb.Helper()
	g, err := onnx.DecodeBytes(fixtures.Model(tb, name), name+".onnx", "", onnx.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return g
}
