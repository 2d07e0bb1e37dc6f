package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/fixtures"
)

// comparison is what tests read of the JSON format.
type comparison struct {
	Models []struct {
		File    string
		Metrics map[string]float64
		ratioOf
		TimeRatio ratioOf `json:"time_ratio"`
	}
	Rows []struct {
		Paths   []*string
		Matched *string
		Metrics []map[string]float64
		Energy  []*ratioOf `json:"energy_ratio"`
	}
	Points []struct {
		At     string
		Models []struct{ Metrics map[string]float64 }
		Rows   []struct{ Paths []*string }
	}
	Crossovers []struct {
		Dim        string
		ClosedForm bool `json:"closed_form"`
		Cheaper    *int
		Changes    []struct{ From, Cheaper int }
	}
	Differences []struct {
		Models [2]int
		Parts  []struct{ Values []*float64 }
	}
}

// ratioOf is a verdict with what it rests on.
type ratioOf struct {
	Verdict string
	Ratio   *float64
	Low     *float64 `json:"ratio_low"`
	High    *float64 `json:"ratio_high"`
}

// fixtureFiles writes fixtures to a folder.
func fixtureFiles(t *testing.T, names ...string) []string {
	t.Helper()
	var out []string
	for i, n := range names {
		file := filepath.Join(t.TempDir(), fmt.Sprintf("%d-%s.onnx", i, n))
		if err := os.WriteFile(file, fixtures.Model(t, n), 0o644); err != nil {
			t.Fatal(err)
		}
		out = append(out, file)
	}
	return out
}

func runComparison(t *testing.T, args ...string) comparison {
	t.Helper()
	var stdout, stderr bytes.Buffer
	args = slices.Concat([]string{"compare", "--format", "json"}, args)
	if status := run(args, strings.NewReader(""), &stdout, &stderr); status != 0 {
		t.Fatalf("%v: status %d: %s", args, status, stderr.String())
	}
	var c comparison
	if err := json.Unmarshal(stdout.Bytes(), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// beside finds what answers to a module of the first model.
func (c *comparison) beside(path string) string {
	for _, r := range c.Rows {
		if r.Paths[0] != nil && *r.Paths[0] == path {
			if r.Paths[1] == nil {
				return "nothing"
			}
			return *r.Paths[1]
		}
	}
	return "no row"
}

// TestCompareModels holds the pairs that the manual speaks of, and that every number of a row is that of analyze.
func TestCompareModels(t *testing.T) {
	files := fixtureFiles(t, "bert-base", "distilbert-base", "bert-base-ortfused")
	c := runComparison(t, files[0], files[1])
	for a, b := range map[string]string{
		"encoder.layer.3": "transformer.layer.3", "encoder.layer.3.attention.self": "transformer.layer.3.attention",
		"encoder.layer.5.attention.output.dense": "transformer.layer.5.attention.out_lin", "encoder.layer.6": "nothing",
		"encoder.layer.0.intermediate.dense": "transformer.layer.0.ffn.lin1", "embeddings": "embeddings", "pooler": "nothing",
	} {
		if got := c.beside(a); got != b {
			t.Errorf("%s: beside %s, want %s", a, got, b)
		}
	}
	unfused := runComparison(t, files[2], files[0])
	for _, path := range []string{"embeddings", "encoder.layer.7.attention.self", "encoder.layer.11.output.dense"} {
		if got := unfused.beside(path); got != path {
			t.Errorf("%s of the fused model: beside %s", path, got)
		}
	}
	var stdout, stderr bytes.Buffer
	if run([]string{"analyze", "--format", "json", files[1]}, strings.NewReader(""), &stdout, &stderr) != 0 {
		t.Fatal(stderr.String())
	}
	var alone struct{ Tree analyzed }
	if err := json.Unmarshal(stdout.Bytes(), &alone); err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]float64{}
	alone.Tree.walk(func(m *analyzed) { want[m.Path] = m.Metrics })
	for _, r := range c.Rows {
		if r.Paths[1] == nil {
			continue
		}
		for key, v := range want[*r.Paths[1]] {
			if r.Metrics[1][key] != v {
				t.Errorf("%s %s: %v, analyze has %v", *r.Paths[1], key, r.Metrics[1][key], v)
			}
		}
		delete(want, *r.Paths[1])
	}
	for path := range want {
		t.Errorf("%s: in no row", path)
	}
}

// TestVerdicts: models that share their layers are told apart on devices that nothing was measured on, too; a model and
// itself are the same work, whatever the device.
func TestVerdicts(t *testing.T) {
	files := fixtureFiles(t, "bert-base", "distilbert-base")
	for _, device := range []string{"gtx-1070", "h100-sxm", "a100-sxm-80gb", "l4", "t4"} {
		c := runComparison(t, files[0], files[1], files[0], "--device", device, "--dim", "sequence=128", "--dim", "batch=8")
		for what, r := range map[string]ratioOf{"energy": c.Models[1].ratioOf, "time": c.Models[1].TimeRatio} {
			if r.Verdict != "lower" || !(*r.Low < *r.Ratio && *r.Ratio < *r.High && *r.High < 0.6 && *r.Low > 0.4) {
				t.Errorf("%s on %s: %s, %v in %v … %v", what, device, r.Verdict, *r.Ratio, *r.Low, *r.High)
			}
		}
		if r := c.Models[2].ratioOf; r.Verdict != "open" || *r.Low != 1 || *r.High != 1 {
			t.Errorf("BERT beside itself on %s: %s, %v … %v", device, r.Verdict, *r.Low, *r.High)
		}
		for _, r := range c.Rows {
			if p := r.Paths[0]; p != nil && *p == "encoder.layer.2.attention.output.dense" && (r.Energy[1] == nil || *r.Energy[1].High != 1) {
				t.Errorf("a layer of both on %s: %+v", device, r.Energy[1])
			}
		}
	}
}

// TestVerdictUnknown: without a prediction there is no verdict.
func TestVerdictUnknown(t *testing.T) {
	files := fixtureFiles(t, "bert-base", "distilbert-base")
	c := runComparison(t, files[0], files[1], "--device", "none")
	if r := c.Models[1].ratioOf; r.Verdict != "unknown" || r.Ratio != nil || r.Low != nil || r.High != nil {
		t.Errorf("%+v", r)
	}
}

type analyzed struct {
	Path     string
	Metrics  map[string]float64
	Children []*analyzed
}

func (m *analyzed) walk(visit func(*analyzed)) {
	visit(m)
	for _, c := range m.Children {
		c.walk(visit)
	}
}

// TestDifferencesAddUp holds that the disjoint parts add up to the models.
func TestDifferencesAddUp(t *testing.T) {
	for _, names := range [][]string{
		{"bert-base", "distilbert-base"},
		{"bert-base-ortfused", "bert-base"},
		{"distilbert-base", "gpt2-past", "bert-base-int8"},
		{"qwen2-3layers-decode", "gpt2-past"},
	} {
		c := runComparison(t, fixtureFiles(t, names...)...)
		for _, d := range c.Differences {
			var sums [2]float64
			for _, p := range d.Parts {
				for i, v := range p.Values {
					if v != nil {
						sums[i] += *v
					}
				}
			}
			for i, model := range d.Models {
				if want := c.Models[model].Metrics["energy_j"]; !within(sums[i], want, 1e-9) {
					t.Errorf("%v: parts of %s: %v J, want %v J", names, names[model], sums[i], want)
				}
			}
		}
	}
}

func within(got, want, tolerance float64) bool {
	return got-want <= tolerance*want && want-got <= tolerance*want
}

// TestCrossover holds the size at which the cheaper model changes against analyses on both sides of it, on devices of both
// laws.
func TestCrossover(t *testing.T) {
	for _, device := range []string{"gtx-1070", "h100-sxm"} {
		t.Run(device, func(t *testing.T) { testCrossover(t, device) })
	}
}

func testCrossover(t *testing.T, device string) {
	files := fixtureFiles(t, "bert-base", "bert-base-ortfused")
	c := runComparison(t, files[0], files[1], "--device", device, "--dim", "1:batch=8", "--dim", "2:batch=1,64", "--dim", "sequence=100")
	if len(c.Crossovers) != 1 || len(c.Crossovers[0].Changes) != 1 || !c.Crossovers[0].ClosedForm || c.Crossovers[0].Cheaper == nil {
		t.Fatalf("crossovers %+v", c.Crossovers)
	}
	if len(c.Points) != 2 || c.Points[1].At != "2:batch=64" || len(c.Points[1].Rows) != len(c.Rows) {
		t.Errorf("%d points", len(c.Points))
	}
	from := c.Crossovers[0].Changes[0].From
	energy := func(batch int) (a, b float64) {
		c := runComparison(t, files[0], files[1], "--device", device, "--dim", "1:batch=8", "--dim", fmt.Sprintf("2:batch=%d", batch), "--dim", "sequence=100")
		return c.Models[0].Metrics["energy_j"], c.Models[1].Metrics["energy_j"]
	}
	if a, b := energy(from - 1); b >= a {
		t.Errorf("below %d: %v J and %v J", from, a, b)
	}
	if a, b := energy(from); b <= a {
		t.Errorf("at %d: %v J and %v J", from, a, b)
	}
}
