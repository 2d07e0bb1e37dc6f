package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/fixtures"
)

// validator holds JSON to the schemas in docs/schema.
type validator struct {
	t      *testing.T
	schema map[string]*jsonschema.Schema
}

func newValidator(t *testing.T) *validator {
	v := &validator{t, map[string]*jsonschema.Schema{}}
	c := jsonschema.NewCompiler()
	for _, f := range schemaFiles {
		s, err := c.Compile(filepath.Join(schemaDir, f.name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		v.schema[f.name] = s
	}
	return v
}

func (v *validator) check(name, what string, text io.Reader) {
	v.t.Helper()
	of, err := jsonschema.UnmarshalJSON(text)
	if err == nil {
		err = v.schema[name].Validate(of)
	}
	if err != nil {
		v.t.Errorf("%s: %v", what, err)
	}
}

// run checks the output of a command against the schema of its name.
func (v *validator) run(args ...string) {
	v.t.Helper()
	v.check(args[0], strings.Join(args, " "), bytes.NewReader(output(v.t, append(args, "--format", "json")...)))
}

// output is what a command writes.
func output(t *testing.T, args ...string) []byte {
	t.Helper()
	var out, err bytes.Buffer
	if status := run(args, strings.NewReader(""), &out, &err); status != exitDone {
		t.Fatalf("%v: status %d: %s", args, status, &err)
	}
	return out.Bytes()
}

// timesAlone writes coefficients that hold no energies.
func timesAlone(t *testing.T) string {
	t.Helper()
	c, err := coefficients.OfTrees()
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.Classes {
		c.Classes[i].Energy = coefficients.TermValues{}
	}
	var b bytes.Buffer
	if err := c.Write(&b); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "times.json")
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestSchemaOfModels holds what commands write of every fixture to their schemas.
func TestSchemaOfModels(t *testing.T) {
	times := timesAlone(t)
	first := fixtureFiles(t, "bert-base")[0]
	for _, name := range fixtures.Models() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newValidator(t)
			model, batch := fixtureFiles(t, name)[0], "batch"
			if name == "bert-2layers-functions" {
				batch = "s0"
			}
			for _, flags := range [][]string{
				nil,
				{"--values", "--top", "3", "--depth", "1", "--module", "*"},
				{"--device", "h100-sxm"},
				{"--device", "l4", "--runtime", "ort-extended"},
				{"--device", "none"},
				{"--symbolic"},
				{"--coefficients", times},
			} {
				v.run(append([]string{"analyze", model}, flags...)...)
			}
			for _, flags := range [][]string{nil, {"--device", "h100-sxm", "--top", "5"}, {"--coefficients", times}} {
				v.run(append([]string{"explain", model}, flags...)...)
				v.run(append([]string{"formula", model, "--metric", strings.Join(report.FormulaMetrics(), ",")}, flags[:min(2, len(flags))]...)...)
			}
			v.run("compare", first, model)
			v.run("compare", model, first, "--device", "none")
			v.run("compare", first, model, "--coefficients", times)
			v.run("compare", first, model, "--dim", "batch=1,64")
			v.run("sweep", model, "--dim", batch+"=1,8")
			v.run("sweep", model, "--dim", batch+"=1,8", "--device", "h100-sxm,l4")
			v.run("sweep", model, "--dim", batch+"=1", "--coefficients", times)
		})
	}
}

// TestSchemaOfGeneration holds every part of what generate writes to its schema.
func TestSchemaOfGeneration(t *testing.T) {
	v := newValidator(t)
	for _, model := range fixtureFiles(t, "gpt2-past", "qwen2-3layers-decode") {
		v.run("generate", model, "--prompt", "32", "--tokens", "8", "--batch", "2")
		v.run("generate", model, "--prompt", "0", "--tokens", "8", "--device", "h100-sxm", "--runtime", "vllm", "--price", "0.3EUR/kWh", "--carbon", "0.4kg/kWh")
		v.run("generate", model, "--lengths", "10:20=3,30:5", "--rate", "2")
		v.run("generate", model, "--lengths", "10:20=3", "--coefficients", timesAlone(t))
	}
}

// TestSchemaOfTables holds lists and files to their schemas: devices, operators, records, coefficients.
func TestSchemaOfTables(t *testing.T) {
	v := newValidator(t)
	v.run("devices")
	v.run("operators")
	records := filepath.Join(t.TempDir(), "r.jsonl")
	output(t, "profile", "--executor", "fake", fixtureFiles(t, "distilbert-base")[0], "--dim", "batch=1,4", "--dim", "sequence=32,128", "-o", records)
	v.run("records", records)
	text, err := os.ReadFile(records)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		v.check("record", string(line), bytes.NewReader(line))
	}
	trained := filepath.Join(t.TempDir(), "c.json")
	output(t, "train", "--data", records, "-o", trained)
	files, err := filepath.Glob("../../energy/coefficients/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no coefficients: %v", err)
	}
	for _, file := range append(files, trained) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		v.check("coefficients", file, bytes.NewReader(text))
	}
}

// TestSchemaOfOperatorValidation holds errors on single operators to their schema, those that cannot be given, too.
func TestSchemaOfOperatorValidation(t *testing.T) {
	rows := filepath.Join(t.TempDir(), "rows.jsonl")
	text := `{"op":"linear","M":16,"N":4096,"K":4096,"dtype":"bfloat16","device":"l40s","latency_ms":0.05}
{"op":"linear","M":4096,"N":4096,"K":4096,"dtype":"bfloat16","device":"h100-sxm","latency_ms":0.18}
{"op":"linear","M":4096,"N":4096,"K":8192,"dtype":"bfloat16","device":"b200-sxm","latency_ms":0.3,"power_w":900,"energy_j":0.27,"steady":true}
{"gpu":"h100-sxm","name":"cap","precision":"bf16","power_limit_w":700,"time_per_iteration_s":0.0015,"energy_per_iteration_j":1,"op":"linear","M":8192,"N":8192,"K":8192}
`
	if err := os.WriteFile(rows, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	out := output(t, "validate", "--operators", rows, "--format", "json")
	newValidator(t).check("validate-operators", "validate", bytes.NewReader(out))
}

// TestSchemaRefuses makes sure that the schemas can fail.
func TestSchemaRefuses(t *testing.T) {
	s := newValidator(t).schema["devices"]
	for text, good := range map[string]bool{
		`{"schema": 1, "devices": []}`:             true,
		`{"schema": 1}`:                            false,
		`{"schema": "1", "devices": []}`:           false,
		`{"schema": 1, "devices": [{}]}`:           false,
		`{"schema": 1, "devices": [], "other": 1}`: false,
	} {
		of, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(of); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
}
