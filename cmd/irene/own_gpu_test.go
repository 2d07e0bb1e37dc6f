package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestModelIn reads the file that NVIDIA's driver keeps of a GPU, in the form that its README shows.
func TestModelIn(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"Model: \t\t NVIDIA L4\nIRQ:   \t\t 146\nGPU UUID: \t GPU-6b1b\nVideo BIOS: \t 95.04.29.00.05\n", "NVIDIA L4"},
		{"IRQ:   \t\t 146\nModel: \t\t NVIDIA GeForce GTX 1070", "NVIDIA GeForce GTX 1070"},
		{"IRQ:   \t\t 146\n", ""},
		{"", ""},
	} {
		path := filepath.Join(t.TempDir(), "information")
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := modelIn(path); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.text, got, tt.want)
		}
	}
	if got := modelIn(filepath.Join(t.TempDir(), "information")); got != "" {
		t.Errorf("a file that is not there: %q", got)
	}
}
