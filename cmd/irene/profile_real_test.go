//go:build cgo && linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/fixtures"
)

// TestProfileReal measures DistilBERT at two shapes with the ONNX Runtime that IRENE_TEST_ORT names, on this machine's processor,
// then trains on the records and validates them. Its windows are too short for the times to be worth anything: it shows
// that everything runs.
func TestProfileReal(t *testing.T) {
	library := os.Getenv("IRENE_TEST_ORT")
	if library == "" {
		t.Skip("IRENE_TEST_ORT names no libonnxruntime.so (make test-ort fetches one)")
	}
	b := &bench{t: t, dir: t.TempDir()}
	if err := os.WriteFile(filepath.Join(b.dir, "bert.onnx"), fixtures.Model(t, "distilbert-base"), 0o600); err != nil {
		t.Fatal(err)
	}
	status, _, stderr := b.irene(nil, "profile", "bert.onnx", "--provider", "cpu", "--meter", "none", "--ort-lib", library,
		"--dim", "batch=1", "--dim", "sequence=8,16", "--windows", "1", "--window", "20ms", "--warmup", "5ms",
		"--max-cv", "10", "-o", "r.jsonl")
	if status != exitDone {
		t.Fatalf("exit status %d: %s", status, stderr)
	}
	seen := map[string]bool{}
	for _, r := range b.records("r.jsonl") {
		if r.Time == nil || r.Device.Kind != "cpu" || r.Runtime.Name != "onnxruntime" || len(r.Work) == 0 {
			t.Errorf("%s %s: %+v", r.Level, r.Op, r)
		}
		what := string(r.Level)
		if r.Level == energy.LevelOperator {
			what = strings.TrimPrefix(r.Op, "com.microsoft:")
		}
		seen[what+r.Context] = true
	}
	for _, want := range []string{"model", "module", "Gemm", "Gelu", "SkipLayerNormalization", "Softmax", "Gather", "MatMul", "Transpose"} {
		if !seen[want] {
			t.Errorf("nothing was measured of %s: %v", want, seen)
		}
	}
	if status, _, stderr := b.irene(nil, "train", "--data", "r.jsonl", "-o", "c.json"); status != exitDone {
		t.Errorf("train: %s", stderr)
	}
	status, stdout, stderr := b.irene(nil, "analyze", "bert.onnx", "--coefficients", "c.json", "--dim", "batch=1", "--dim", "sequence=24", "--format", "json")
	if status != exitDone || !strings.Contains(stdout, `"energy_j": null`) || strings.Contains(stdout, `"time_s": null`) {
		t.Errorf("analyze with times alone: %s", stderr)
	}
	if status, stdout, stderr := b.irene(nil, "validate", "--data", "r.jsonl"); status != exitDone || !strings.Contains(stdout, "A shape left out") {
		t.Errorf("validate: %s%s", stdout, stderr)
	}
	b.leavesNothing()
}
