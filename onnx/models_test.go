package onnx_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/onnx"
	ot "github.com/irene-onnx/irene/onnx/onnxtest"
)

// TestConformanceModels decodes every model of the official node tests.
func TestConformanceModels(t *testing.T) {
	n := 0
	ot.Conformance(t, func(name string, model []byte, _ func(string) []byte) {
		n++
		g, err := onnx.DecodeBytes(model, name, "", onnx.Options{})
		if err != nil {
			t.Error(err)
			return
		}
		if err := graph.CheckValid(g); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(g.Main.Outputs) == 0 {
			t.Errorf("%s: no outputs", name)
		}
		for _, w := range g.Warnings {
			t.Errorf("%s: %s", name, w)
		}
	})
	if n != 1056 {
		t.Errorf("%d models, want 1056", n)
	}
}

// TestExportedModels decodes real exports. Every value whose shape ONNX Runtime computed must be there under its name.
func TestExportedModels(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(ot.Shared(t, "models"), "*.onnx.gz"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no models: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".onnx.gz"), func(t *testing.T) {
			g, err := onnx.Decode(file, onnx.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := graph.CheckValid(g); err != nil {
				t.Error(err)
			}
			for _, w := range g.Warnings {
				t.Errorf("warning: %s", w)
			}
			names := map[string]bool{}
			for _, v := range g.Values {
				names[v.Name] = true
			}
			for name := range answers(t, strings.TrimSuffix(file, ".onnx.gz")+".json.gz").Shapes {
				if !names[name] {
					t.Errorf("no value %q", name)
				}
			}
		})
	}
}

type answer struct {
	Shapes map[string]any `json:"shapes"`
}

func answers(t *testing.T, file string) answer {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if b, err = io.ReadAll(z); err != nil {
		t.Fatal(err)
	}
	var a answer
	if err := json.Unmarshal(b, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// TestDeterministic decodes twice: names, order and warnings are the same.
func TestDeterministic(t *testing.T) {
	b := ot.Gunzip(t, "models", "bert-2layers-functions.onnx.gz")
	var got [2]string
	for i := range got {
		g, err := onnx.DecodeBytes(b, "m", "", onnx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got[i] = edges(g) + valueNames(g.Values)
	}
	if got[0] != got[1] {
		t.Error("two runs differ")
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"bert-base", "bert-base-dynamo", "bert-2layers-functions", "qwen3-8b-decode"} {
		b.Run(name, func(b *testing.B) {
			model := ot.Gunzip(b, "models", name+".onnx.gz")
			b.SetBytes(int64(len(model)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := onnx.DecodeBytes(model, name, "", onnx.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
