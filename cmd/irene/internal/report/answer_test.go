package report_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/cmd/irene/internal/report/reporttest"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

// TestAnswerFirst: of every model, on a screen of 80 columns, the first twelve lines say energy, time, whether it fits and how
// sure that is, and no line is wider than the screen.
func TestAnswerFirst(t *testing.T) {
	answers := map[string]*regexp.Regexp{
		"energy": regexp.MustCompile(`(?m)^energy +(≥ )?[0-9.]+ [mk]?J \(90 % interval [0-9.]+ .?J to [0-9.]+ .?J\)`),
		"time":   regexp.MustCompile(`(?m)^time +(≥ )?[0-9.]+ .?s at [0-9.]+ W of 700 W`),
		"memory": regexp.MustCompile(`(?m)^memory +[0-9.]+ .iB fits 80.00 GiB \(weights `),
		"sure":   regexp.MustCompile(`(?m)^sure +[0-9.]+ % (fitted|estimated|stand-in)[^:]* [0-9]+ %\s+off\s+on\s+GPUs\s+left\s+out\s+of\s+the\s+fit$`),
	}
	for _, name := range fixtures.EveryModel(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := analysis.Run(reporttest.Fixture(t, name), analysis.Options{})
			if err != nil {
				t.Fatal(err)
			}
			p, err := reporttest.Target(t, energy.DefaultDevice).Run(a)
			if err != nil {
				t.Fatal(err)
			}
			r := report.Build(a, p, report.Options{Mode: predict.ModeSpec, Convention: graph.TwoMACPlusElementwise, DefaultDevice: true, DefaultProfile: true})
			r.Model.File = strings.Repeat("a folder with a long name/", 4) + name
			r.View.Width = 80
			lines := strings.Split(string(rendered(t, r, "text")), "\n")
			head := strings.Join(lines[:12], "\n")
			for what, answer := range answers {
				if !answer.MatchString(head) {
					t.Errorf("%s is not in\n%s", what, head)
				}
			}
			for _, line := range lines {
				if render.Width(line) > 80 {
					t.Errorf("%d columns: %s", render.Width(line), line)
				}
			}
		})
	}
}

// TestDimsText: the many dims of a file whose exporter named each axis stand together where they are of one size.
func TestDimsText(t *testing.T) {
	few := []report.Dim{{Name: "b", Value: 1, Assumed: true}, {Name: "s", Value: 8}, {Name: "p", Value: 8}}
	many := append(slices.Clone(few), report.Dim{Name: "q", Value: 8, Assumed: true}, report.Dim{Name: "r", Value: 8}, report.Dim{Name: "t", Value: 9}, report.Dim{Name: "u", Value: 1, Assumed: true})
	var alike, unlike []report.Dim
	for i := range 50000 {
		alike = append(alike, report.Dim{Name: fmt.Sprintf("d%d", i), Value: 1})
		unlike = append(unlike, report.Dim{Name: fmt.Sprintf("d%d", i), Value: int64(i)})
	}
	for _, tt := range []struct {
		dims []report.Dim
		want string
	}{
		{few, "b = 1 (assumed), s = 8, p = 8"},
		{many, "b = u = 1 (assumed), s = p = r = 8, q = 8 (assumed), t = 9"},
		{alike, "d0 = d1 = d2 = d3 = d4 = … (49995 more) = 1"},
		{unlike, "d0 = 0, d1 = 1, d2 = 2, d3 = 3, d4 = 4, d5 = 5, d6 = 6, d7 = 7, d8 = 8, d9 = 9, d10 = 10, d11 = 11, 49988 sizes more"},
	} {
		if got := (&report.Report{Dims: tt.dims}).DimsText(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// TestNothingKnown: where no cost is known there is no interval, and nothing is claimed of how sure it is.
func TestNothingKnown(t *testing.T) {
	g, err := onnx.DecodeBytes(onnxtest.Model(onnxtest.In("x", graph.Float32, 4), onnxtest.Node("NoSuchOperator", "x", "y"), onnxtest.Out("y", graph.Float32, 4)).Bytes(), "m.onnx", "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	text := string(rendered(t, reporttest.Build(t, g, false), "text"))
	for _, want := range []string{"\nenergy   ?\n", "\nsure     of nothing: no operator that takes time has a known cost\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
