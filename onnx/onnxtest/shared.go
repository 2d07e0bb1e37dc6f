package onnxtest

import (
	"archive/zip"
	"compress/gzip"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"testing"
)

// Shared returns the path of a file or folder among those that lie beside the repository in a folder called shared. The
// test is skipped where it is absent.
func Shared(tb testing.TB, elem ...string) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			tb.Skip("no go.mod in the folders above")
		}
	}
	for _, place := range []string{"../shared", "shared"} {
		file := filepath.Join(append([]string{dir, place}, elem...)...)
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	tb.Skipf("shared/%s is not here", path.Join(elem...))
	return ""
}

// Gunzip reads a shared file that is compressed.
func Gunzip(tb testing.TB, elem ...string) []byte {
	tb.Helper()
	f, err := os.Open(Shared(tb, elem...))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// Conformance calls visit with every model of the official node tests, sorted by name, and what reads the other files
// of the case ("test_data_set_0/input_0.pb"; nil where there is no such file).
func Conformance(tb testing.TB, visit func(name string, model []byte, file func(string) []byte)) {
	tb.Helper()
	z, err := zip.OpenReader(Shared(tb, "conformance", "onnx-node-tests.zip"))
	if err != nil {
		tb.Fatal(err)
	}
	defer z.Close()
	files := make(map[string]*zip.File, len(z.File))
	var cases []string
	for _, f := range z.File {
		files[f.Name] = f
		if dir, base := path.Split(f.Name); base == "model.onnx" {
			cases = append(cases, path.Clean(dir))
		}
	}
	slices.Sort(cases)
	read := func(name string) []byte {
		f := files[name]
		if f == nil {
			return nil
		}
		r, err := f.Open()
		if err != nil {
			tb.Fatal(err)
		}
		defer r.Close()
		b, err := io.ReadAll(r)
		if err != nil {
			tb.Fatal(err)
		}
		return b
	}
	for _, c := range cases {
		visit(c, read(c+"/model.onnx"), func(name string) []byte { return read(c + "/" + name) })
	}
}
