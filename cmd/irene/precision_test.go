package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/fixtures"
)

// TestPrecisionHint: where a model's products are in a type that the device's tensor cores do not take, the answer names one that
// they take. Those of the T4 take float16 and no bfloat16, those of the L4 both, and the P4 has none.
func TestPrecisionHint(t *testing.T) {
	file := lawModel(t, "bert", fixtures.Model(t, "bert-base"))
	for _, tt := range []struct {
		flags string
		want  string // "" for no such line
	}{
		{"--device t4", "products in float32: without tensor cores; --as float16 costs"},
		{"--device t4 --as bfloat16", "products in bfloat16: without tensor cores; --as float16 costs"},
		{"--device t4 --as float16", ""},
		{"--device l4", "products in float32: without tensor cores; --as bfloat16 costs"},
		{"--device l4 --as bfloat16", ""},
		{"--device p4", ""},
	} {
		var stdout, stderr bytes.Buffer
		if status := run(append([]string{"analyze", file}, strings.Fields(tt.flags)...), strings.NewReader(""), &stdout, &stderr); status != exitDone {
			t.Fatalf("%s: status %d: %s", tt.flags, status, stderr.String())
		}
		if text := stdout.String(); !strings.Contains(text, tt.want) || tt.want == "" && strings.Contains(text, "\ntype ") {
			t.Errorf("%s: want %q in\n%s", tt.flags, tt.want, text)
		}
	}
	var stdout, stderr bytes.Buffer
	if status := run([]string{"compare", file, "--device", "t4,p4,l4"}, strings.NewReader(""), &stdout, &stderr); status != exitDone {
		t.Fatal(stderr.String())
	}
	text := strings.Join(strings.Fields(stdout.String()), " ")
	for _, want := range []string{"type on t4 products in float32: without tensor cores; --as float16 costs", "type on l4 products in float32: without tensor cores; --as bfloat16 costs"} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q in\n%s", want, stdout.String())
		}
	}
}
