package main

import (
	"slices"
	"strings"
	"testing"
)

func TestArrange(t *testing.T) {
	c := analyzeCommand()
	for _, tt := range []struct{ name, args, want string }{
		{"flags first", "--dim a=1 m.onnx", "--dim a=1 -- m.onnx"},
		{"flags last", "m.onnx --dim a=1", "--dim a=1 -- m.onnx"},
		{"both", "--symbolic m.onnx --top 3", "--symbolic --top 3 -- m.onnx"},
		{"joined value", "m.onnx --dim=a=1", "--dim=a=1 -- m.onnx"},
		{"one dash", "m.onnx -dim a=1", "-dim a=1 -- m.onnx"},
		{"value with a dash", "m.onnx --depth=-1", "--depth=-1 -- m.onnx"},
		{"number with a dash", "--depth -1 m.onnx", "--depth -1 -- m.onnx"},
		{"standard input", "- --top 3", "--top 3 -- -"},
		{"standard output", "m.onnx -o -", "-o - -- m.onnx"},
		{"end of flags", "--top 3 -- --symbolic", "--top 3 -- --symbolic"},
		{"help", "m.onnx --help", "--help"},
		{"nothing", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, help, err := arrange(&c, strings.Fields(tt.args))
			if err != nil {
				t.Fatal(err)
			}
			if help {
				got = []string{"--help"}
			}
			if !slices.Equal(got, strings.Fields(tt.want)) {
				t.Errorf("arrange(%q) = %q, want %q", tt.args, strings.Join(got, " "), tt.want)
			}
		})
	}
}

func TestArrangeRefuses(t *testing.T) {
	c := analyzeCommand()
	for _, tt := range []struct{ args, want string }{
		{"m.onnx --dims a=1", "did you mean --dim?"},
		{"m.onnx --dim", "needs a value"},
		{"--dim --symbolic m.onnx", "written --dim=--symbolic"},
		{"--module -x m.onnx", "written --module=-x"},
	} {
		_, _, err := arrange(&c, strings.Fields(tt.args))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("arrange(%q): %v, want %q", tt.args, err, tt.want)
		}
	}
}

func TestParseDimsAndValues(t *testing.T) {
	dims, err := parseDims("dim", []string{"batch=2", "past_sequence + 1=4", "batch=2"})
	if err != nil || dims["batch"] != 2 || dims["past_sequence + 1"] != 4 {
		t.Errorf("parseDims: %v, %v", dims, err)
	}
	values, err := parseValues([]string{"x=1,-2.5,true", "y=", "a=b=0"})
	if err != nil || !slices.Equal(values["x"], []float64{1, -2.5, 1}) || values["y"] == nil || len(values["y"]) != 0 || !slices.Equal(values["a=b"], []float64{0}) {
		t.Errorf("parseValues: %v, %v", values, err)
	}
	for _, bad := range []string{"x", "=1", "x=1,,2", "x=one"} {
		if _, err := parseValues([]string{bad}); err == nil {
			t.Errorf("parseValues(%q) succeeds", bad)
		}
	}
}

// panicking is a reader whose use is a bug.
type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("broken\nreader") }

func TestRunRecovers(t *testing.T) {
	var out, errs strings.Builder
	if got := run([]string{"analyze", "-"}, panicking{}, &out, &errs); got != exitFailed {
		t.Errorf("exit status %d, want %d", got, exitFailed)
	}
	line := errs.String()
	if strings.Count(line, "\n") != 1 || !strings.HasPrefix(line, "irene: internal error: broken; reader in ") || !strings.Contains(line, "please report") {
		t.Errorf("stderr %q", line)
	}
	if out.Len() > 0 {
		t.Errorf("stdout %q", out.String())
	}
}
