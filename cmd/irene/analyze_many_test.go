package main

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/fixtures"
)

// TestLines holds the line of every fixture among others to its schema, and to what analyze says of the fixture alone.
func TestLines(t *testing.T) {
	v := newValidator(t)
	files := append(fixtureFiles(t, fixtures.Models()...), "missing.onnx")
	var out, errs bytes.Buffer
	if status := run(append([]string{"analyze", "--format", "json", "--jobs", "3"}, files...), strings.NewReader(""), &out, &errs); status != exitFailed {
		t.Fatalf("status %d, want %d: %s", status, exitFailed, &errs)
	}
	lines := bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n"))
	if len(lines) != len(files) {
		t.Fatalf("%d lines of %d files", len(lines), len(files))
	}
	type numbers struct {
		Metrics map[string]any `json:"metrics"`
	}
	for i, line := range lines {
		v.check("analyze-line", files[i], bytes.NewReader(line))
		var got struct {
			File     string
			Error    string
			Dims     map[string]any
			Memory   map[string]any
			Warnings []string
			numbers
		}
		if err := json.Unmarshal(line, &got); err != nil || got.File != files[i] || (got.Error != "") != (files[i] == "missing.onnx") {
			t.Fatalf("%s: %s, %v", files[i], line, err)
		}
		if got.Error != "" {
			continue
		}
		var want struct {
			Dims     map[string]any
			Memory   map[string]any
			Warnings []string
			Tree     numbers
		}
		if err := json.Unmarshal(output(t, "analyze", "--format", "json", files[i]), &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got.Metrics, want.Tree.Metrics) || !reflect.DeepEqual(got.Dims, want.Dims) ||
			!reflect.DeepEqual(got.Memory, want.Memory) || !reflect.DeepEqual(got.Warnings, want.Warnings) {
			t.Errorf("%s: %+v among others, %+v alone", files[i], got, want)
		}
	}
}

// TestEachPath reads lists of paths as programs write them.
func TestEachPath(t *testing.T) {
	for _, c := range []struct{ list, want, fails string }{
		{"a.onnx\nb c.onnx\n\n d.onnx", "a.onnx|b c.onnx| d.onnx", ""},
		{"a.onnx\r\nb.onnx\r\n", "a.onnx|b.onnx", ""},
		{"a.onnx\n" + strings.Repeat("x", 1<<17), "a.onnx", "list:2: more than 65536 bytes are no path"},
	} {
		var got []string
		err := eachPath(strings.NewReader(c.list), "list", func(m candidate) bool {
			got = append(got, m.file)
			return true
		})
		if strings.Join(got, "|") != c.want || (err == nil) != (c.fails == "") || err != nil && err.Error() != c.fails {
			t.Errorf("%.20q: %q, %v", c.list, got, err)
		}
	}
}
