package main

import (
	"bytes"
	"compress/gzip"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/onnx"
)

var benchModels = flag.String("models", "", "files to benchmark instead of the fixtures, separated by commas")

// BenchmarkAnalyze takes models from their bytes to everything that a report says. "assumed" gives no dims: shapes are
// inferred with symbols, then with the numbers that are assumed for them, and energy is predicted, as irene analyze
// does. "symbolic" stops at expressions in the dims.
func BenchmarkAnalyze(b *testing.B) {
	paceCollections(&pacer{})
	device, err := energy.LookupDevice(coefficients.TreesDevice)
	if err != nil {
		b.Fatal(err)
	}
	coefficients, err := coefficients.OfTrees()
	if err != nil {
		b.Fatal(err)
	}
	for name, model := range benchInputs(b) {
		for _, mode := range []string{"assumed", "symbolic"} {
			b.Run(name+"/"+mode, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					g, err := onnx.DecodeBytes(model, name, "", onnx.Options{})
					if err != nil {
						b.Fatal(err)
					}
					a, err := analysis.Run(g, analysis.Options{Symbolic: mode == "symbolic"})
					if err != nil {
						b.Fatal(err)
					}
					a.ModuleMetrics()
					if mode == "symbolic" {
						continue
					}
					if _, err := (predict.Target{Coefficients: coefficients, Device: device}).Run(a); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// benchInputs reads the models to benchmark, by name.
func benchInputs(b *testing.B) map[string][]byte {
	models := map[string][]byte{}
	if *benchModels == "" {
		for _, name := range fixtures.Models() {
			models[name] = fixtures.Model(b, name)
		}
		return models
	}
	for _, file := range strings.Split(*benchModels, ",") {
		data, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		if z, err := gzip.NewReader(bytes.NewReader(data)); err == nil {
			if data, err = io.ReadAll(z); err != nil {
				b.Fatal(err)
			}
		}
		name, _, _ := strings.Cut(filepath.Base(file), ".onnx")
		models[name] = data
	}
	return models
}
