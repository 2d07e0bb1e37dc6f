package onnx

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
)

// TestFault truncates a mapped file before it is annotated: an error, not the end of the process.
func TestFault(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.onnx")
	if err := os.WriteFile(path, make([]byte, skimFrom), 0o644); err != nil {
		t.Fatal(err)
	}
	b, mapped, err := mapModel(path, Options{}.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	if !mapped {
		t.Skip("files are not mapped here")
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	write := func() (err error) {
		defer recoverFault("m.onnx", &err)()
		return annotate(io.Discard, b, "m.onnx", Annotation{Properties: func(int) []graph.Property { return nil }})
	}
	if err := write(); err == nil || !strings.Contains(err.Error(), "m.onnx: the file changed while it was read") {
		t.Errorf("error %v", err)
	}
}
