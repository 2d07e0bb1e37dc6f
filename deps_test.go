package irene_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const module = "github.com/irene-onnx/irene"

// policy says what each package may import of this module, its tests aside: "a: b c" lets a import b and c and nothing
// else. "a/..." stands for every package directly below a that has no line of its own. Edit the code so that it follows
// the policy, not the policy so that the code passes; a new package gets a line.
//
// The order is one way: the graph knows nothing of ours, derivations read it, prediction reads derivations, the command
// reads all. Prediction and the profiler never meet: what passes between them is a file of records.
const policy = `
.: graph graph/align graph/analysis onnx energy energy/coefficients energy/paired energy/predict
internal/nearest:
graph:
graph/ops: graph
graph/scope: graph
graph/kernel: graph graph/ops
graph/align: graph
graph/analysis: graph graph/ops graph/scope
onnx/internal/wire:
onnx: graph onnx/internal/wire
onnx/onnxgo: graph onnx/internal/wire
onnx/onnxgo/internal/oracle:
energy: internal/nearest energy/stats
energy/stats:
energy/doubts: energy
energy/trace: energy
energy/irene: graph energy
energy/irene/model: energy energy/irene
energy/coefficients: graph energy
energy/law: graph energy energy/coefficients
energy/paired: graph energy/stats energy/coefficients energy/law
energy/predict: graph graph/kernel graph/analysis energy energy/coefficients energy/law energy/paired
energy/operator: internal/nearest graph graph/analysis energy energy/coefficients energy/law energy/predict
energy/measured: graph graph/kernel graph/analysis energy energy/irene energy/trace energy/coefficients energy/law energy/predict
energy/sweep: graph graph/analysis energy energy/law energy/predict
energy/generate: graph graph/kernel graph/analysis energy energy/coefficients energy/law energy/predict energy/sweep
energy/fit: graph graph/kernel graph/analysis energy energy/stats energy/irene energy/coefficients energy/law energy/paired energy/predict energy/operator energy/measured
energy/validate: graph energy energy/stats energy/irene energy/irene/model energy/coefficients energy/law energy/paired energy/operator energy/measured energy/fit
energy/internal/energytest: fixtures graph graph/analysis graph/kernel onnx internal/onnxtest energy energy/coefficients
energy/internal/predicttest: graph graph/analysis energy energy/irene energy/coefficients energy/predict energy/internal/energytest
profiler: graph energy energy/stats
profiler/...: profiler graph energy
profiler/internal/profilertest: profiler energy
profiler/claims: energy
cmd/irene: internal/nearest graph graph/ops graph/kernel graph/analysis onnx energy energy/doubts energy/irene energy/irene/model energy/trace energy/coefficients energy/law energy/predict energy/operator energy/measured energy/sweep energy/generate energy/fit energy/validate profiler profiler/... cmd/irene/internal/folder cmd/irene/internal/loopback cmd/irene/internal/render cmd/irene/internal/report cmd/irene/internal/export cmd/irene/internal/compare cmd/irene/internal/page cmd/irene/internal/plots cmd/irene/internal/validation cmd/irene/internal/worklist
cmd/irene/web: onnx cmd/irene/internal/page cmd/irene/internal/report
cmd/irene/internal/folder:
cmd/irene/internal/loopback:
cmd/irene/internal/workload: graph graph/analysis onnx profiler
cmd/irene/internal/worklist: graph graph/kernel graph/analysis onnx energy profiler cmd/irene/internal/workload
cmd/irene/internal/render: graph energy
cmd/irene/internal/report: graph graph/ops graph/scope graph/analysis energy energy/coefficients energy/law energy/predict energy/sweep energy/generate cmd/irene/internal/render
cmd/irene/internal/export: graph graph/analysis energy cmd/irene/internal/render cmd/irene/internal/report
cmd/irene/internal/compare: graph graph/align graph/analysis energy energy/paired cmd/irene/internal/render cmd/irene/internal/report
cmd/irene/internal/validation: energy/stats energy/irene energy/measured energy/validate cmd/irene/internal/render
cmd/irene/internal/plots: energy energy/irene energy/law energy/sweep energy/validate cmd/irene/internal/report cmd/irene/internal/validation
cmd/irene/internal/page: graph graph/kernel graph/align graph/analysis energy energy/coefficients energy/law energy/paired energy/predict cmd/irene/internal/render cmd/irene/internal/report cmd/irene/internal/compare
cmd/irene/internal/report/reporttest: fixtures onnx internal/onnxtest graph graph/analysis energy energy/coefficients energy/predict cmd/irene/internal/report
internal/bounded:
internal/onnxtest: graph
fixtures:
`

// testOnly lists the packages that only tests may import.
var testOnly = []string{
	"fixtures", "internal/bounded", "internal/onnxtest", "profiler/internal/profilertest", "energy/internal/energytest", "energy/internal/predicttest",
	"cmd/irene/internal/report/reporttest",
}

// withC lists the packages that may use cgo.
var withC = []string{"profiler/nvml", "profiler/ort"}

// TestImportOrder holds every Go file of the module against the policy. The files are opened here, not by a go command, so
// that a change of any of them makes the test run again.
func TestImportOrder(t *testing.T) {
	found, err := violations(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		t.Error(v)
	}
}

// TestImportOrderFails shows the check what it is to find.
func TestImportOrderFails(t *testing.T) {
	ours := func(name string) string { return strconv.Quote(module + "/" + name) }
	for _, tt := range []struct{ name, file, imports, want string }{
		{"allowed", "graph/ops/x.go", ours("graph"), ""},
		{"not in the line", "graph/x.go", ours("energy"), "graph/x.go: graph may not import energy"},
		{"upwards", "energy/predict/x.go", ours("cmd/irene/internal/report"), "energy/predict/x.go: energy/predict may not import cmd/irene/internal/report"},
		{"not by way of another", "graph/scope/x.go", ours("graph/ops"), "graph/scope/x.go: graph/scope may not import graph/ops"},
		{"fixtures in a test", "graph/x_test.go", ours("fixtures"), ""},
		{"fixtures in the program", "cmd/irene/x.go", ours("fixtures"), "cmd/irene/x.go: fixtures is for tests alone"},
		{"the builder in the program", "onnx/x.go", ours("internal/onnxtest"), "onnx/x.go: internal/onnxtest is for tests alone"},
		{"a report that measures", "cmd/irene/internal/report/x.go", ours("profiler"), "cmd/irene/internal/report/x.go: cmd/irene/internal/report may not import profiler"},
		{"prediction that measures", "energy/predict/x.go", ours("profiler/fake"), "energy/predict/x.go: energy/predict may not import profiler/fake"},
		{"a leaf", "profiler/nvml/x.go", `"C"; ` + ours("profiler"), ""},
		{"the command and a leaf", "cmd/irene/x.go", ours("profiler/nvml"), ""},
		{"cgo elsewhere", "onnx/x.go", `"C"`, "onnx/x.go: cgo is for profiler/nvml, profiler/ort alone"},
		{"the adapter in the program", "cmd/irene/x.go", ours("onnx/onnxgo"), "cmd/irene/x.go: cmd/irene may not import onnx/onnxgo"},
		{"a package without a line", "graph/odd/x.go", `"fmt"`, "graph/odd/x.go: graph/odd has no line in the policy"},
		{"no line for the imported", "graph/x.go", ours("odd"), "graph/x.go: graph may not import odd"},
		{"elsewhere", "graph/x.go", `"strings"; "github.com/irene-onnx/other"`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			source := fmt.Sprintf("package p\nimport (%s)\n", tt.imports)
			got, err := violations(fstest.MapFS{tt.file: {Data: []byte(source)}})
			if err != nil {
				t.Fatal(err)
			}
			if strings.Join(got, "\n") != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestPolicyUsed looks for permissions that nothing needs.
func TestPolicyUsed(t *testing.T) {
	found, err := unused(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range found {
		t.Errorf("nothing needs this of the policy: %s", line)
	}
	source := fmt.Sprintf("package energy\nimport %q\n", module+"/energy/stats")
	found, err = unused(fstest.MapFS{"energy/x_test.go": {Data: []byte(source)}, "energy/y.go": {Data: []byte("package energy")}})
	if err != nil || !slices.Contains(found, "energy: energy/stats") || slices.Contains(found, "energy:") || !slices.Contains(found, "graph:") {
		t.Errorf("a test makes no permission needed, and a line needs its package: %v, %v", found, err)
	}
}

// TestRooms: ARCHITECTURE.md has one line for each package, after those of all packages that it imports.
func TestRooms(t *testing.T) {
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	place := map[string]int{}
	for i, m := range regexp.MustCompile("(?m)^\\| `([^`]+)`(?: •)? \\| .+ \\|$").FindAllStringSubmatch(string(text), -1) {
		if place[m[1]] != 0 {
			t.Errorf("%s has two lines", m[1])
		}
		place[m[1]] = i + 1
	}
	packages := map[string]bool{}
	err = eachFile(os.DirFS("."), func(file string, imports []string) {
		name := path.Dir(file)
		packages[name] = true
		if place[name] == 0 {
			t.Errorf("%s has no line", name)
		}
		for _, imported := range imports {
			of, ours := strings.CutPrefix(imported, module+"/")
			if ours && !strings.HasSuffix(file, "_test.go") && place[of] > place[name] {
				t.Errorf("the line of %s stands before that of %s, which it imports", name, of)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range place {
		if !packages[name] {
			t.Errorf("there is no %s", name)
		}
	}
}

// TestPolicyOneWay holds the policy itself: no package reaches itself through the lines of those it may import.
func TestPolicyOneWay(t *testing.T) {
	allowed := parsePolicy()
	var reaches func(from, to string, seen map[string]bool) bool
	reaches = func(from, to string, seen map[string]bool) bool {
		for _, next := range allowed[from] {
			if next == to {
				return true
			}
			if !seen[next] {
				seen[next] = true
				if reaches(next, to, seen) {
					return true
				}
			}
		}
		return false
	}
	for _, name := range slices.Sorted(maps.Keys(allowed)) {
		if reaches(name, name, map[string]bool{}) {
			t.Errorf("%s may import itself by way of others", name)
		}
	}
}

// violations lists what breaks the policy in the Go files of a module, sorted by file.
func violations(root fs.FS) ([]string, error) {
	allowed := parsePolicy()
	var found []string
	asked := map[string]bool{} // packages without a line, which are named once
	err := eachFile(root, func(file string, imports []string) {
		if _, known := lineOf(allowed, path.Dir(file)); !known {
			if !asked[path.Dir(file)] {
				found = append(found, fmt.Sprintf("%s: %s has no line in the policy", file, path.Dir(file)))
			}
			asked[path.Dir(file)] = true
		}
		found = append(found, judge(allowed, file, imports)...)
	})
	return found, err
}

// unused lists what the policy allows and nothing but tests, or nothing at all, makes use of, as "a: b".
func unused(root fs.FS) ([]string, error) {
	allowed := parsePolicy()
	used := map[string]bool{}
	err := eachFile(root, func(file string, imports []string) {
		name := path.Dir(file)
		if _, own := allowed[name]; !own {
			name = path.Dir(name) + "/..."
		}
		used[name+":"] = true
		if strings.HasSuffix(file, "_test.go") {
			return
		}
		for _, imported := range imports {
			of := strings.TrimPrefix(imported, module+"/")
			used[name+": "+of], used[name+": "+path.Dir(of)+"/..."] = true, true
		}
	})
	var found []string
	for _, name := range slices.Sorted(maps.Keys(allowed)) {
		for _, of := range append([]string{""}, allowed[name]...) {
			if line := strings.TrimSpace(name + ": " + of); !used[line] {
				found = append(found, line)
			}
		}
	}
	return found, err
}

// eachFile calls f with every Go file of a module and its imports, sorted by file.
func eachFile(root fs.FS, f func(file string, imports []string)) error {
	return fs.WalkDir(root, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(file)
		if entry.IsDir() {
			if file != "." && (base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(file) != ".go" {
			return nil
		}
		imports, err := importsOf(root, file)
		if err == nil {
			f(file, imports)
		}
		return err
	})
}

// importsOf lists the import paths of a file.
func importsOf(root fs.FS, file string) ([]string, error) {
	source, err := fs.ReadFile(root, file)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, spec := range parsed.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		paths = append(paths, p)
	}
	return paths, nil
}

// judge says what is wrong with the imports of one file. Tests may import what they like, but no C.
func judge(allowed map[string][]string, file string, imports []string) []string {
	pkg, test := path.Dir(file), strings.HasSuffix(file, "_test.go")
	var found []string
	say := func(format string, args ...any) {
		found = append(found, file+": "+fmt.Sprintf(format, args...))
	}
	line, known := lineOf(allowed, pkg)
	for _, imported := range imports {
		name, ours := strings.CutPrefix(imported, module+"/")
		switch {
		case imported == "C" && !slices.Contains(withC, pkg):
			say("cgo is for %s alone", strings.Join(withC, ", "))
		case !ours || test || !known:
		case slices.Contains(testOnly, name) && !slices.Contains(testOnly, pkg):
			say("%s is for tests alone", name)
		case !slices.Contains(line, name) && !slices.Contains(line, path.Dir(name)+"/..."):
			say("%s may not import %s", pkg, name)
		}
	}
	return found
}

// lineOf is the line of the policy that holds for a package.
func lineOf(allowed map[string][]string, pkg string) (line []string, known bool) {
	if line, known = allowed[pkg]; !known {
		line, known = allowed[path.Dir(pkg)+"/..."]
	}
	return line, known
}

// parsePolicy reads the lines of the policy.
func parsePolicy() map[string][]string {
	allowed := map[string][]string{}
	for line := range strings.Lines(policy) {
		if name, list, ok := strings.Cut(line, ":"); ok {
			allowed[name] = strings.Fields(list)
		}
	}
	return allowed
}
