package report_test

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/cmd/irene/internal/report/reporttest"
	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

func rendered(tb testing.TB, r *report.Report, format string) []byte {
	tb.Helper()
	return reporttest.Write(tb, report.Formats(), r, format)
}

type jsonNode struct {
	Path      string
	Metrics   map[string]any
	Operators []int
	Children  []jsonNode
}

type jsonReport struct {
	Tree      jsonNode
	Operators []struct{ Metrics map[string]any }
	Values    map[string]struct{ Shape []any }
}

// additive are the metrics of a module that are the sums of those of its operators and its children.
var additive = []string{"macs", "flops", "bytes_read", "bytes_written", "operators", "unknown", "time_s", "energy_j"}

func (r *jsonReport) check(t *testing.T, n *jsonNode, symbolic bool) {
	for _, key := range additive {
		want, ok := n.Metrics[key].(float64)
		if !ok {
			if !symbolic {
				t.Errorf("module %q: %s is %v", n.Path, key, n.Metrics[key])
			}
			continue
		}
		sum := 0.0
		for _, i := range n.Operators {
			v, _ := r.Operators[i].Metrics[key].(float64)
			sum += v
		}
		for _, c := range n.Children {
			v, _ := c.Metrics[key].(float64)
			sum += v
		}
		if math.Abs(sum-want) > 1e-9*math.Abs(want) {
			t.Errorf("module %q: %s is %v, its parts sum to %v", n.Path, key, want, sum)
		}
	}
	for i := range n.Children {
		r.check(t, &n.Children[i], symbolic)
	}
}

// TestModels holds every model against what the formats promise: valid JSON, sums that add up, the same bytes
// twice, every operator in one module, text without trailing blanks.
func TestModels(t *testing.T) {
	for _, name := range fixtures.EveryModel(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := reporttest.Fixture(t, name)
			for _, symbolic := range []bool{false, true} {
				r := reporttest.Build(t, g, symbolic)
				checkJSON(t, r)
				checkText(t, rendered(t, r, "text"))
				for _, f := range report.Formats() {
					if !bytes.Equal(rendered(t, r, f.Name), rendered(t, reporttest.Build(t, g, symbolic), f.Name)) {
						t.Errorf("%s differs from run to run", f.Name)
					}
				}
			}
		})
	}
}

func checkJSON(t *testing.T, r *report.Report) {
	t.Helper()
	for _, depth := range []int{-1, 0, 2} {
		r.View.Depth = depth
		var parsed jsonReport
		if err := json.Unmarshal(rendered(t, r, "json"), &parsed); err != nil {
			t.Fatal(err)
		}
		parsed.check(t, &parsed.Tree, r.Symbolic)
		seen := make([]int, len(parsed.Operators))
		var count func(*jsonNode)
		count = func(n *jsonNode) {
			for _, i := range n.Operators {
				seen[i]++
			}
			for i := range n.Children {
				count(&n.Children[i])
			}
		}
		count(&parsed.Tree)
		for i, n := range seen {
			if n != 1 {
				t.Fatalf("depth %d: operator %d is in %d modules", depth, i, n)
			}
		}
		if len(parsed.Values) != len(r.Values) {
			t.Errorf("%d values have %d names", len(r.Values), len(parsed.Values))
		}
	}
	r.View.Depth = -1
}

func checkText(t *testing.T, text []byte) {
	t.Helper()
	for i, line := range strings.Split(string(text), "\n") {
		if strings.TrimRight(line, " ") != line {
			t.Errorf("line %d ends in blanks: %q", i+1, line)
		}
	}
	if bytes.Contains(text, []byte("\x1b")) {
		t.Error("colours that nobody asked for")
	}
}

func TestColor(t *testing.T) {
	g, err := onnx.DecodeBytes(onnxtest.Model(onnxtest.Opset("", 17), onnxtest.In("x", graph.Float32, 2), onnxtest.Node("Relu", "x", "y"), onnxtest.Out("y", graph.Float32, 2)).Bytes(), "m", "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := reporttest.Build(t, g, false)
	plain := rendered(t, r, "text")
	r.View.Color = true
	colored := rendered(t, r, "text")
	if !bytes.Contains(colored, []byte("\x1b[1mmodel\x1b[0m")) {
		t.Errorf("no bold in %q", colored)
	}
	for _, code := range []string{"\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[33m"} {
		colored = bytes.ReplaceAll(colored, []byte(code), nil)
	}
	if !bytes.Equal(plain, colored) {
		t.Errorf("colours change the layout:\n%s\nwant\n%s", colored, plain)
	}
}

func TestMatchPath(t *testing.T) {
	for _, tt := range []struct {
		pattern, path string
		want          bool
	}{
		{"encoder", "encoder", true},
		{"encoder", "encoder.layer", false},
		{"encoder.layer.*", "encoder.layer.11", true},
		{"encoder.layer.*", "encoder.layer.11.output", false},
		{"encoder.layer.*", "encoder.layer", false},
		{"encoder.**", "encoder.layer.11.output", true},
		{"**.dense", "encoder.layer.11.output.dense", true},
		{"**.dense", "dense", false},
		{"**dense", "dense", true},
		{"**.layer.?.**", "encoder.layer.3.output", true},
		{"layer.?", "layer.11", false},
		{"*_proj", "q_proj", true},
		{"", "", true},
		{"**", "", true},
	} {
		if got := report.MatchPath(tt.pattern, tt.path); got != tt.want {
			t.Errorf("MatchPath(%q, %q) = %v", tt.pattern, tt.path, got)
		}
	}
}

func BenchmarkJSON(b *testing.B) {
	a, err := analysis.Run(reporttest.Fixture(b, "bert-base"), analysis.Options{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		r := report.Build(a, nil, report.Options{Convention: graph.TwoMACPlusElementwise, Values: true})
		rendered(b, r, "json")
	}
}
