package onnx

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFault truncates a mapped file before it is decoded: an error, not the end of the process.
func TestFault(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.onnx")
	if err := os.WriteFile(path, make([]byte, 1<<16), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, ok := mapFile(f, 1<<16)
	if !ok {
		t.Skip("files are not mapped here")
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := decode(source{data: b, mapped: true}, "m.onnx", "", Options{}); err == nil ||
		!strings.Contains(err.Error(), "m.onnx: the file changed while it was read") {
		t.Errorf("error %v", err)
	}
}
