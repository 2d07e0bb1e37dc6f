package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene"
	"github.com/irene-onnx/irene/fixtures"
)

// TestFacade holds what other programs get against what the command says of every fixture, module by module.
func TestFacade(t *testing.T) {
	for i, file := range fixtureFiles(t, fixtures.Models()...) {
		t.Run(fixtures.Models()[i], func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if run([]string{"analyze", "--format", "json", "--device", "l4", file}, nil, &stdout, &stderr) != exitDone {
				t.Fatal(stderr.String())
			}
			var said struct{ Tree analyzed }
			if err := json.Unmarshal(stdout.Bytes(), &said); err != nil {
				t.Fatal(err)
			}
			var want []*analyzed
			said.Tree.walk(func(m *analyzed) { want = append(want, m) })
			modules := predictFacade(t, file, irene.Options{Device: "l4"}).Modules()
			if len(modules) != len(want) {
				t.Fatalf("%d modules, want %d", len(modules), len(want))
			}
			for i, m := range modules {
				got := map[string]float64{
					"energy_j": float64(m.Energy), "energy_low_j": float64(m.Low), "energy_high_j": float64(m.High), "time_s": float64(m.Time),
					"flops": float64(m.FLOPs), "macs": float64(m.MACs), "bytes": float64(m.Bytes), "params": float64(m.Params), "operators": float64(m.Operators),
				}
				from := maps.Clone(want[i].Metrics)
				from["bytes"] = from["bytes_read"] + from["bytes_written"]
				for key, v := range got {
					if m.Path != want[i].Path || !within(v, from[key], 1e-9) {
						t.Errorf("%s %s: %v, analyze has %v", m.Path, key, v, from[key])
					}
				}
			}
		})
	}
}

// TestFacadeCompare holds pairs against those of irene compare.
func TestFacadeCompare(t *testing.T) {
	files := fixtureFiles(t, "bert-base", "distilbert-base")
	options := irene.Options{Dims: map[string]int64{"batch": 2, "sequence": 64}}
	var got, want []string
	for _, p := range irene.Compare(predictFacade(t, files[0], options), predictFacade(t, files[1], options)) {
		var paths []*string
		for _, m := range []*irene.Module{p.A, p.B} {
			if m == nil {
				paths = append(paths, nil)
			} else {
				paths = append(paths, &m.Path)
			}
		}
		got = append(got, pairText(paths, p.By))
	}
	for _, r := range runComparison(t, files[0], files[1], "--dim", "batch=2", "--dim", "sequence=64").Rows {
		by := ""
		if r.Matched != nil {
			by = *r.Matched
		}
		want = append(want, pairText(r.Paths, by))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func pairText(paths []*string, by string) string {
	text := by
	for _, p := range paths {
		if p == nil {
			text += " -"
		} else {
			text += fmt.Sprintf(" %q", *p)
		}
	}
	return text
}

// TestFacadeRatios holds ratios and their intervals against those of irene compare.
func TestFacadeRatios(t *testing.T) {
	files := fixtureFiles(t, "bert-base", "distilbert-base")
	options := irene.Options{Dims: map[string]int64{"batch": 2, "sequence": 64}}
	var stdout, stderr bytes.Buffer
	args := []string{"compare", "--format", "json", files[0], files[1], "--dim", "batch=2", "--dim", "sequence=64"}
	if run(args, nil, &stdout, &stderr) != exitDone {
		t.Fatal(stderr.String())
	}
	type ratio struct {
		Verdict string
		Ratio   *float64
		Low     *float64 `json:"ratio_low"`
		High    *float64 `json:"ratio_high"`
	}
	var said struct {
		Rows []struct {
			Energy []*ratio `json:"energy_ratio"`
			Time   []*ratio `json:"time_ratio"`
		}
	}
	if err := json.Unmarshal(stdout.Bytes(), &said); err != nil {
		t.Fatal(err)
	}
	decided := 0
	for i, p := range irene.Compare(predictFacade(t, files[0], options), predictFacade(t, files[1], options)) {
		for what, pair := range map[string]struct {
			got  irene.Ratio
			want *ratio
		}{"energy": {p.Energy, said.Rows[i].Energy[1]}, "time": {p.Time, said.Rows[i].Time[1]}} {
			got, want := pair.got, pair.want
			if want == nil {
				if p.A != nil && p.B != nil || got.Verdict != "unknown" || !math.IsNaN(got.Value) {
					t.Errorf("row %d %s: %+v, the command has none", i, what, got)
				}
				continue
			}
			if got.Verdict == "lower" {
				decided++
			}
			if got.Verdict != want.Verdict || !within(got.Value, *want.Ratio, 1e-9) || !within(got.Low, *want.Low, 1e-9) || !within(got.High, *want.High, 1e-9) {
				t.Errorf("row %d %s: %+v, the command has %s %v (%v to %v)", i, what, got, want.Verdict, *want.Ratio, *want.Low, *want.High)
			}
		}
	}
	if decided < 2 {
		t.Errorf("%d ratios are lower", decided)
	}
}

// TestFacadeRefuses: errors say what is wrong.
func TestFacadeRefuses(t *testing.T) {
	file := fixtureFiles(t, "bert-base")[0]
	if _, err := irene.Open(file + "x"); err == nil {
		t.Error("a file that is not there is opened")
	}
	m, err := irene.Open(file)
	if err != nil || !slices.Equal(m.Dims(), []string{"batch", "sequence"}) {
		t.Fatalf("dims %v, %v", m.Dims(), err)
	}
	for _, tt := range []struct {
		options irene.Options
		why     string
	}{
		{irene.Options{Dims: map[string]int64{"batches": 1}}, "batches"},
		{irene.Options{Device: "gtx-9999"}, "gtx-9999"},
		{irene.Options{Profile: "swift"}, "swift"},
		{irene.Options{Coefficients: file + "x"}, file + "x"},
	} {
		if _, err := m.Predict(tt.options); err == nil || !strings.Contains(err.Error(), tt.why) {
			t.Errorf("%+v: %v", tt.options, err)
		}
	}
}

func predictFacade(t *testing.T, file string, o irene.Options) *irene.Prediction {
	t.Helper()
	m, err := irene.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Predict(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
