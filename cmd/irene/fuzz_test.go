package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/internal/bounded"
	"github.com/irene-onnx/irene/internal/onnxtest"
)

// maxFuzzed bounds the files that are tried: what larger ones take is a matter of their size.
const maxFuzzed = 1 << 15

// seedModels adds hostile models, and real ones that are small.
func seedModels(f *testing.F, add func(model []byte)) {
	f.Helper()
	for _, m := range onnxtest.Hostile() {
		if b := m.Bytes(); len(b) <= maxFuzzed {
			add(b)
		}
	}
	for _, name := range fixtures.Models() {
		if b := fixtures.Model(f, name); len(b) <= maxFuzzed {
			add(b)
		}
	}
}

// ends runs a command line, which has to end without an internal error, in bounds, with one line of error or none.
func ends(t *testing.T, args ...string) {
	t.Helper()
	var stderr bytes.Buffer
	status := 0
	bounded.Run(t, strings.Join(args[:1], " "), func() { status = run(args, strings.NewReader(""), io.Discard, &stderr) })
	if status == exitDone {
		return
	}
	text := stderr.String()
	if strings.Contains(text, "internal error") || strings.Count(lastError(text), "\n") > 1 {
		t.Errorf("%v: status %d: %.2000s", args, status, text)
	}
}

// lastError is what standard error says from its error on.
func lastError(text string) string {
	if at := strings.LastIndex(text, "irene: "); at >= 0 {
		return text[at:]
	}
	return text
}

// written is a file of these bytes.
func written(t *testing.T, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// FuzzAnalyze: a file is decoded, analyzed and reported, at numbers and in symbols, or refused.
func FuzzAnalyze(f *testing.F) {
	seedModels(f, func(b []byte) { f.Add(b, false); f.Add(b, true) })
	f.Fuzz(func(t *testing.T, b []byte, symbolic bool) {
		if len(b) > maxFuzzed {
			return
		}
		args := []string{"analyze", written(t, "m.onnx", b), "--format", "json"}
		if symbolic {
			args = append(args, "--symbolic", "--device", "none")
		}
		ends(t, args...)
	})
}

// FuzzDims: a dim is given a size by an expression in place of its name.
func FuzzDims(f *testing.F) {
	for _, d := range onnxtest.HostileDims() {
		f.Add(d, "(batch)*2")
		f.Add("batch", d)
	}
	f.Fuzz(func(t *testing.T, declared, given string) {
		if len(declared)+len(given) > maxFuzzed || strings.ContainsRune(given, 0) {
			return
		}
		m := onnxtest.Model(onnxtest.In("x", 1, declared, 4), onnxtest.Node("Relu", "x", "y"), onnxtest.Out("y", 1))
		ends(t, "analyze", written(t, "m.onnx", m.Bytes()), "--dim", given+"=4")
	})
}

// FuzzExport: every format is written of a file, or refused.
func FuzzExport(f *testing.F) {
	formats := []string{"m.dot", "m.svg", "m.html", "m.onnx", "m.pb.gz", "m.json"}
	seedModels(f, func(b []byte) {
		for i := range formats {
			f.Add(b, uint8(i))
		}
	})
	f.Fuzz(func(t *testing.T, b []byte, format uint8) {
		if len(b) > maxFuzzed {
			return
		}
		path := written(t, "m.onnx", b)
		ends(t, "export", path, "-o", filepath.Join(filepath.Dir(path), "out."+formats[int(format)%len(formats)]))
	})
}

// FuzzCompare: two files are compared, or one of them is refused.
func FuzzCompare(f *testing.F) {
	var last []byte
	seedModels(f, func(b []byte) {
		f.Add(b, b)
		f.Add(b, last)
		last = b
	})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if len(a)+len(b) > maxFuzzed {
			return
		}
		ends(t, "compare", written(t, "a.onnx", a), written(t, "b.onnx", b), "--format", "json")
	})
}
