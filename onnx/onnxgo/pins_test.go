package onnxgo_test

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	module = "github.com/irene-onnx/irene"
	root   = "../.."
)

// TestPins holds the versions that work together: later tensors bring a package that panics on start.
func TestPins(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for path, version := range map[string]string{"github.com/owulveryck/onnx-go": "v0.5.0", "gorgonia.org/tensor": "v0.9.3"} {
		m := regexp.MustCompile(`(?m)^\s*(?:require )?` + regexp.QuoteMeta(path) + ` (\S+)`).FindSubmatch(b)
		if m == nil || string(m[1]) != version {
			t.Errorf("go.mod does not require %s %s: %q", path, version, m)
		}
	}
	for _, bad := range []string{"assume-no-moving-gc", "gorgonia.org/tensor =>", "gorgonia.org/gorgonia "} {
		if strings.Contains(string(b), bad) {
			t.Errorf("go.mod mentions %s", bad)
		}
	}
}

// TestCommandDoesNotLink walks the imports of the command: neither this package nor onnx-go may be among them.
func TestCommandDoesNotLink(t *testing.T) {
	seen := map[string]bool{}
	var visit func(path, by string)
	visit = func(path, by string) {
		for _, bad := range []string{"github.com/owulveryck", "gorgonia.org", module + "/onnx/onnxgo"} {
			if strings.HasPrefix(path, bad) {
				t.Errorf("%s imports %s", by, path)
			}
		}
		dir, ours := strings.CutPrefix(path, module)
		if seen[path] || !ours {
			return
		}
		seen[path] = true
		files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Errorf("%s: no files: %v", path, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
			if err != nil {
				t.Error(err)
				continue
			}
			for _, imp := range f.Imports {
				visit(strings.Trim(imp.Path.Value, `"`), path)
			}
		}
	}
	visit(module+"/cmd/irene", "")
	if len(seen) < 5 {
		t.Errorf("only %d packages of the module seen", len(seen))
	}
}
