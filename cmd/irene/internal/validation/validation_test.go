package validation

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/energy/stats"
	"github.com/irene-onnx/irene/energy/validate"
)

// group has one model or level off by a mean of 12.345 %, all of it below what was measured.
func group(model, level, class string) validate.Group {
	f := validate.Figures{N: 4, Mean: 0.12345, Median: 0.1, P90: stats.Number(math.NaN()), Bias: -0.12345}
	return validate.Group{
		Label:  validate.Label{Level: level, Class: class, Model: model},
		Errors: map[validate.Target]validate.Errors{validate.TargetEnergy: {Distinct: f, Rows: f}},
	}
}

// onTrees is a validation with one split, in which one method is told measurements and another has no figures.
func onTrees() *validate.Validation {
	return &validate.Validation{
		Schema: validate.Schema, Kind: measured.KindTrees, Target: validate.TargetEnergy, Profile: "eager",
		Data: []validate.DataSummary{{Device: "gtx-1070", Trees: 7, Rows: 90, Distinct: 40, Models: []string{"a", "b"}, Families: [][]string{{"a"}, {"b"}}, Batch: [2]int64{1, 8}, Sequence: [2]int64{16, 128}}},
		Splits: []validate.SplitResult{{
			Split: validate.SplitModel, Device: "gtx-1070",
			Parts: []validate.SplitPart{{Left: []string{"a"}, From: "gtx-1080-ti", Train: 3, Test: 4}},
			Methods: []validate.MethodResult{
				{
					Method: validate.MethodAdditive, Levels: []validate.Group{group("", irene.TypeModel, "")},
					Models: []validate.Group{group("a", irene.TypeMLNoParam, "")}, Classes: []validate.Group{group("", "odd", "softmax")},
					Residues: []validate.Residue{{Model: "a", Level: irene.TypeML, Class: "gemm", Share: 0.5, Bias: 0.25}},
					Decision: &validate.Decision{Models: validate.Choices{All: validate.Choice{Pairs: 6, Right: 0.5, Tau: -1}}},
					Coverage: []validate.Coverage{{Level: irene.TypeModel, N: 4, Half: 0.25, Ninety: 0.75, Width50: 0.03, Width90: 0.09}},
				},
				{Method: "told", Told: true, Levels: []validate.Group{group("", irene.TypeModule, "")}},
				{Method: "mute", Missing: "nothing to go by"},
			},
		}},
	}
}

// written is a sheet in a format.
func written(t *testing.T, format string, s *Sheet) string {
	t.Helper()
	for _, f := range Formats() {
		if f.Name == format {
			var b bytes.Buffer
			if err := f.Write(&b, s); err != nil {
				t.Fatal(err)
			}
			return b.String()
		}
	}
	t.Fatalf("no format %s", format)
	return ""
}

// TestTrees reads the tables as Markdown: shares in per cent, numbers that there are none of as a dash, a column for each
// method and level.
func TestTrees(t *testing.T) {
	got := written(t, "markdown", Of(onTrees(), validate.Targets()))
	for _, want := range []string{
		"## Measurements on gtx-1070\n\n7 runs of 2 models in 2 families, batch 1 to 8, sequence 16 to 128; 90 measured nodes that rest on 40 distinct measurements (equal layers share one). Energy at the plug, runtime profile eager.\n",
		"| method | model |\n| --- | ---: |\n| additive | 12.35 / – / – / – |\n| told † | – / 12.35 / – / – |\n| mute | – |\n",
		"Methods marked † are told",
		"## A model left out\n\nLeft out: a (4 runs, from 3 others of gtx-1080-ti). No figures for mute: nothing to go by.\n",
		"| models | additive | 4 | 12.35 | 10.00 | – | -12.35 | 4 | 12.35 | 10.00 | – | -12.35 |\n",
		"| a | operators without weights | 4 | 12.35 | 10.00 | – | -12.35 |\n",
		"| odd | softmax | 4 | 12.35 |",
		"| a | operators with weights | gemm | 50.00 | +25.00 |\n",
		"| additive | 6 | 50.0 | 0.00 | 0.00 | 0.00 | -1.00 | 0 | 0.0 | 0.00 | 0.00 | 0.00 | 0.00 |\n",
		"| models | additive | 4 | 25.0 | 75.0 | ±3.0 | ±9.0 |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// TestSheetFormats: text underlines its large headings, and JSON has the figures themselves.
func TestSheetFormats(t *testing.T) {
	v := onTrees()
	text := written(t, "text", Of(v, validate.Targets()))
	for _, want := range []string{"\nA model left out\n================\n", "\nOf two models at the same batch and sequence, which takes less?\nmethod ", "\nadditive  12.35 / – / – / –\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	var got validate.Validation
	if err := json.Unmarshal([]byte(written(t, "json", Of(v, validate.Targets()))), &got); err != nil || got.Profile != v.Profile || len(got.Splits) != 1 || got.Splits[0].Methods[1].Method != "told" {
		t.Errorf("%v: %+v", err, got)
	}
}

// TestRecords: of records, energies are left out where none was measured, and many parts are counted.
func TestRecords(t *testing.T) {
	parts := []validate.SplitPart{}
	for range 8 {
		parts = append(parts, validate.SplitPart{Left: []string{"x", "y", "z"}, Train: 5, Test: 3})
	}
	v := &validate.Validation{
		Kind: measured.KindRecords, Profile: "eager", Data: []validate.DataSummary{{Device: "t4", Distinct: 3, Records: 4, Models: []string{"a"}, Shapes: []string{"1", "2"}, Passed: map[string]int{"cv": 1}}},
		Splits: []validate.SplitResult{{Split: validate.PartShape, Parts: parts}},
	}
	got := written(t, "markdown", Of(v, validate.Targets()))
	for _, want := range []string{
		"3 distinct measurements of 4 records, 1 model, 2 shapes, runtime profile eager. No energy was measured. Passed over: 1 cv.\n",
		"Left out: x and 2 more shapes (3, from 5 others); ", "; and 2 others.\n", "### Errors of time by level, %\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "Errors of energy") {
		t.Errorf("energies that nobody measured:\n%s", got)
	}
}
