package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/internal/onnxtest"
)

// junitElement is what a schema says of an element.
type junitElement struct {
	required, optional []string // attributes
	children           []string
	text               bool
}

// junitSchema are the rules of junit-10.xsd (github.com/jenkinsci/xunit-plugin), as far as they go with those that
// JUnit.xsd (github.com/windyroad/JUnit-Schema) has for the same element.
var junitSchema = map[string]junitElement{
	"":           {children: []string{"testsuites"}},
	"testsuites": {optional: []string{"name", "time", "tests", "failures", "errors"}, children: []string{"testsuite"}},
	"testsuite":  {required: []string{"name", "tests", "failures", "errors", "time"}, children: []string{"testcase"}},
	"testcase":   {required: []string{"name", "classname", "time"}, children: []string{"error", "failure"}},
	"failure":    {required: []string{"type"}, optional: []string{"message"}, text: true},
	"error":      {required: []string{"type"}, optional: []string{"message"}, text: true},
}

// TestJUnit holds what every command writes with --junit to the schema, and its counts to the tests in it.
func TestJUnit(t *testing.T) {
	odd := onnxtest.Model(onnxtest.Opset("", 17), onnxtest.In("x", 1, 2), onnxtest.Node("Relu", "x", "y", onnxtest.Name("/a<b>&\"\x01/Relu")), onnxtest.Out("y", 1, 2))
	for name, args := range map[string][]string{
		"analyze": {"analyze", "tiny.onnx", "--assert", "flops<1", "--assert", "params>1"},
		"module":  {"analyze", "odd & \"<name>.onnx", "--assert", "module:**:flops<1"},
		"many":    {"analyze", "tiny.onnx", "gone.onnx", "unknown.onnx", "--strict", "--assert", "flops<1"},
		"compare": {"compare", "tiny.onnx", "renamed.onnx", "tiny.onnx", "--fail-if", "flops>=1x", "--dim", "batch=1,2"},
		"sweep":   {"sweep", "tiny.onnx", "--dim", "batch=1,2", "--device", "t4,l4", "--assert", "flops<1"},
		"held":    {"sweep", "tiny.onnx", "--dim", "batch=1,2", "--assert", "flops>1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			for file, model := range fixtureModels() {
				writeTestFile(t, file, model.Bytes())
			}
			writeTestFile(t, "odd & \"<name>.onnx", odd.Bytes())
			var said bytes.Buffer
			status := run(append(args, "--junit", "tests.xml"), strings.NewReader(""), io.Discard, &said)
			text, err := os.ReadFile("tests.xml")
			if err != nil {
				t.Fatalf("status %d: %s", status, &said)
			}
			failures, errs := checkJUnit(t, text)
			if want := status == exitAssertion || name == "many"; (failures > 0) != want {
				t.Errorf("%d failures, exit status %d\n%s", failures, status, text)
			}
			if (errs > 0) != (status == exitFailed) {
				t.Errorf("%d errors, exit status %d\n%s", errs, status, text)
			}
		})
	}
}

func writeTestFile(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Clean(name), data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// checkJUnit walks the elements of a file and returns how many failures and errors it has.
func checkJUnit(t *testing.T, text []byte) (failures, errs int) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(text))
	path := []string{""}
	seen := map[string][]int{"testsuites": {0, 0, 0}, "testsuite": {0, 0, 0}} // tests, failures, errors so far
	said := map[string][]int{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		parent := path[len(path)-1]
		switch token := token.(type) {
		case xml.StartElement:
			name := token.Name.Local
			if !slices.Contains(junitSchema[parent].children, name) {
				t.Errorf("<%s> in <%s>", name, parent)
			}
			said[name] = checkAttributes(t, name, token.Attr)
			for i, counted := range []string{"testcase", "failure", "error"} {
				if name == counted {
					seen["testsuites"][i]++
					seen["testsuite"][i]++
				}
			}
			path = append(path, name)
		case xml.EndElement:
			if counts, ok := seen[parent]; ok {
				if !slices.Equal(counts, said[parent]) {
					t.Errorf("<%s> counts %v, holds %v", parent, said[parent], counts)
				}
				failures, errs = counts[1], counts[2]
				seen[parent] = []int{0, 0, 0}
			}
			path = path[:len(path)-1]
		case xml.CharData:
			if strings.TrimSpace(string(token)) != "" && !junitSchema[parent].text {
				t.Errorf("text in <%s>: %q", parent, token)
			}
		}
	}
	return failures, errs
}

// checkAttributes returns the numbers of tests, failures and errors that an element says it holds.
func checkAttributes(t *testing.T, name string, attributes []xml.Attr) []int {
	t.Helper()
	rule := junitSchema[name]
	values := map[string]string{}
	for _, a := range attributes {
		values[a.Name.Local] = a.Value
		if !slices.Contains(slices.Concat(rule.required, rule.optional), a.Name.Local) {
			t.Errorf("<%s %s>", name, a.Name.Local)
		}
	}
	for _, a := range rule.required {
		if values[a] == "" {
			t.Errorf("<%s> without %s", name, a)
		}
	}
	var counts []int
	for _, a := range []string{"tests", "failures", "errors"} {
		n, _ := strconv.Atoi(values[a])
		counts = append(counts, n)
	}
	return counts
}
