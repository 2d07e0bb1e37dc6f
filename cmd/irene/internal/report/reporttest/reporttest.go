// Package reporttest builds reports for tests.
package reporttest

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/internal/onnxtest"
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
		if p, err = Target(tb, coefficients.TreesDevice).Run(a); err != nil {
			tb.Fatal(err)
		}
	}
	return report.Build(a, p, report.Options{Version: "test", Mode: predict.ModeSpec, Convention: graph.TwoMACPlusElementwise, Values: true})
}

// Target predicts for a device by its own coefficients.
func Target(tb testing.TB, device string) predict.Target {
	tb.Helper()
	d, err := energy.LookupDevice(device)
	if err != nil {
		tb.Fatal(err)
	}
	c, err := coefficients.OfDevice(d)
	if err != nil {
		tb.Fatal(err)
	}
	return predict.Target{Coefficients: c, Device: d}
}

// Write writes a report in the format of that name.
func Write(tb testing.TB, formats []report.Format, r *report.Report, name string) []byte {
	tb.Helper()
	i := slices.IndexFunc(formats, func(f report.Format) bool { return f.Name == name })
	if i < 0 {
		tb.Fatalf("no format %s", name)
	}
	var b bytes.Buffer
	if err := formats[i].Write(&b, r); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// Layers is a stack of n equal layers: x[2, 4] @ w[4, 4], then Relu, all float32.
func Layers(tb testing.TB, file string, n int) *graph.Graph {
	tb.Helper()
	parts := []onnxtest.Part{onnxtest.Opset("", 17), onnxtest.Producer("pytorch"), onnxtest.In("h0", graph.Float32, 2, 4)}
	for i := range n {
		in, out, mid, w := fmt.Sprintf("h%d", i), fmt.Sprintf("h%d", i+1), fmt.Sprintf("m%d", i), fmt.Sprintf("layer.%d.weight", i)
		parts = append(
			parts, onnxtest.Weight(w, graph.Float32, 4, 4),
			onnxtest.Node("MatMul", in+" "+w, mid, onnxtest.Name(fmt.Sprintf("/layer.%d/MatMul", i))),
			onnxtest.Node("Relu", mid, out, onnxtest.Name(fmt.Sprintf("/layer.%d/Relu", i))),
		)
	}
	parts = append(parts, onnxtest.Out(fmt.Sprintf("h%d", n), graph.Float32, 2, 4))
	g, err := onnx.DecodeBytes(onnxtest.Model(parts...).Bytes(), file, "", onnx.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

// Fixture decodes a model of the fixtures.
func Fixture(tb testing.TB, name string) *graph.Graph {
	tb.Helper()
	g, err := onnx.DecodeBytes(fixtures.Model(tb, name), name+".onnx", "", onnx.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return g
}
