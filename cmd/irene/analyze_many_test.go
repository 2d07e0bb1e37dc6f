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
