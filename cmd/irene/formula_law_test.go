package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// formulaFile is what the evaluator reads of the JSON of irene formula.
type formulaFile struct {
	Symbols    []string
	Equalities map[string]any
	Law        *struct {
		Waits, First  []string
		Rules         []formulaRule
		Before, After []formulaLine
		Calls         []struct {
			Time, Energy, Rule string
			Runs               *string
			Parts              []struct {
				Rule      string
				Arguments []string
			}
			TimeS   *float64 `json:"time_s"`
			EnergyJ *float64 `json:"energy_j"`
		}
	}
	Modules []struct {
		Path     string
		Unknown  int
		Formulas map[string]*struct {
			Python string
			Terms  []struct {
				Coefficient float64
				Expression  string
			}
			Value *float64
		}
	}
}

type formulaLine struct{ Name, Expression string }

type formulaRule struct {
	Name             string
	Parameters       []string
	When, Then, Else *string
	Lines, Tried     []formulaLine
	Choices          []struct {
		Names  []string
		Values [][]float64
	}
	Returns []string
}

// call evaluates a rule: a number, a record of what a kernel waits for, or one of time and energy.
func (f *formulaFile) call(name string, args []any) any {
	i := slices.IndexFunc(f.Law.Rules, func(r formulaRule) bool { return r.Name == name })
	if i < 0 {
		panic("no rule " + name)
	}
	r := &f.Law.Rules[i]
	p := python{names: map[string]any{}, call: f.call}
	for i, v := range args {
		p.names[r.Parameters[i]] = v
	}
	if r.When != nil {
		if p.number(*r.When) != 0 {
			return p.evaluate(*r.Then)
		}
		return p.evaluate(*r.Else)
	}
	assign := func(lines []formulaLine) {
		for _, line := range lines {
			p.names[line.Name] = p.evaluate(line.Expression)
		}
	}
	assign(r.Lines)
	result := func() map[string]float64 {
		out := map[string]float64{}
		for _, n := range r.Returns {
			out[n] = p.names[n].(float64)
		}
		return out
	}
	if len(r.Choices) == 0 {
		if len(r.Returns) == 1 {
			return p.names[r.Returns[0]]
		}
		return result()
	}
	var best map[string]float64
	least := math.Inf(1)
	var try func(choice int)
	try = func(choice int) {
		if choice < len(r.Choices) {
			for _, values := range r.Choices[choice].Values {
				for i, n := range r.Choices[choice].Names {
					p.names[n] = values[i]
				}
				try(choice + 1)
			}
			return
		}
		assign(r.Tried)
		if t := p.names["seconds"].(float64); t < least {
			least, best = t, result()
		}
	}
	try(0)
	return best
}

// at evaluates the pass, and returns the names that formulas of modules are written in.
func (f *formulaFile) at(dims map[string]int64) python {
	p := python{names: map[string]any{}, call: f.call}
	for _, s := range f.Symbols {
		v, ok := dims[s]
		for name, size := range dims { // of names that Python does not take
			if !ok && strings.TrimRight(s, "_") == strings.TrimRight(report.Identifier(name), "_") {
				v, ok = size, true
			}
		}
		if !ok {
			panic("no size for " + s)
		}
		p.names[s] = float64(v)
	}
	for _, line := range f.Law.Before {
		p.names[line.Name] = p.evaluate(line.Expression)
	}
	for _, c := range f.Law.Calls {
		p.names[c.Time], p.names[c.Energy] = 0.0, 0.0
		if c.Runs != nil && p.number(*c.Runs) == 0 {
			continue
		}
		var x map[string]float64
		for _, part := range c.Parts {
			var args []any
			for _, a := range part.Arguments {
				args = append(args, p.evaluate(a))
			}
			y := f.call(part.Rule, args).(map[string]float64)
			if x == nil {
				x = y
				continue
			}
			for _, w := range f.Law.Waits {
				if !slices.Contains(f.Law.First, w) {
					x[w] += y[w]
				}
			}
		}
		out := f.call(c.Rule, []any{x}).(map[string]float64)
		p.names[c.Time], p.names[c.Energy] = out["time"], out["energy"]
	}
	for _, line := range f.Law.After {
		p.names[line.Name] = p.evaluate(line.Expression)
	}
	return p
}

// runJSON runs a command and reads its JSON.
func runJSON(t *testing.T, into any, args ...string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if status := run(args, strings.NewReader(""), &stdout, &stderr); status != exitDone {
		t.Fatalf("%v: status %d: %s", args, status, stderr.String())
	}
	if err := json.Unmarshal(stdout.Bytes(), into); err != nil {
		t.Fatal(err)
	}
}

// analyzedAt is what irene analyze says of a model.
type analyzedAt struct {
	Dims map[string]int64
	Tree analyzed
}

// checkFormulas evaluates the JSON of formula at some dims, and holds every module against analyze.
func checkFormulas(t *testing.T, f *formulaFile, dims map[string]int64, args ...string) {
	t.Helper()
	var want analyzedAt
	args = append([]string{"analyze", "--format", "json"}, args...)
	for _, name := range slices.Sorted(maps.Keys(dims)) {
		args = append(args, "--dim", fmt.Sprintf("%s=%d", name, dims[name]))
	}
	runJSON(t, &want, args...)
	p := f.at(want.Dims)
	modules := map[string]*analyzed{}
	want.Tree.walk(func(m *analyzed) { modules[m.Path] = m })
	if len(modules) != len(f.Modules) {
		t.Errorf("%d modules, want %d", len(f.Modules), len(modules))
	}
	bad := 0
	for _, m := range f.Modules {
		all := modules[m.Path].Metrics
		if moved := p.number(m.Formulas["bytes"].Python); m.Path == "" && !within(moved, all["bytes_read"]+all["bytes_written"], 1e-9) {
			t.Errorf("%v: %v bytes by formula, analyze has %v", want.Dims, moved, all["bytes_read"]+all["bytes_written"])
		}
		for _, key := range []string{"energy_j", "time_s"} {
			sum := 0.0
			for _, term := range m.Formulas[key].Terms {
				sum += term.Coefficient * p.number(term.Expression)
			}
			for what, got := range map[string]float64{"terms": sum, "python": p.number(m.Formulas[key].Python)} {
				if v := modules[m.Path].Metrics[key]; !within(got, v, 1e-9) && bad < 5 {
					bad++
					t.Errorf("%v: %s of %q by %s is %v, analyze has %v", want.Dims, key, m.Path, what, got, v)
				}
			}
			if v := m.Formulas[key].Value; v != nil && !within(*v, sum, 1e-9) {
				t.Errorf("%v: %s of %q: value %v, evaluated %v", want.Dims, key, m.Path, *v, sum)
			}
		}
	}
}

// lawModel writes a model and returns its path.
func lawModel(t *testing.T, name string, b []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name+".onnx")
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestFormulaLaw evaluates the rules, calls and sums that irene formula writes, by what the file says alone: a compute-bound
// encoder and a decoder with its cache, under several runtimes, types and limits, on devices of every kind.
func TestFormulaLaw(t *testing.T) {
	bert, gpt2, qwen := lawModel(t, "bert", fixtures.Model(t, "bert-base")), lawModel(t, "gpt2", fixtures.Model(t, "gpt2-past")), lawModel(t, "qwen", fixtures.Model(t, "qwen2-3layers-decode"))
	ort := lawModel(t, "ort", fixtures.Model(t, "bert-base-ortextended"))
	sizes := []map[string]int64{{"batch": 1, "sequence": 1}, {"batch": 3, "sequence": 77}, {"batch": 64, "sequence": 512}}
	past := func(names ...string) (out []map[string]int64) {
		for _, v := range [][]int64{{1, 1, 1}, {7, 1, 1000}, {2, 33, 5}, {96, 1, 900}} {
			dims := map[string]int64{}
			for i, n := range names {
				if n != "" {
					dims[n] = v[i]
				}
			}
			out = append(out, dims)
		}
		return out
	}
	for _, c := range []struct {
		file string
		dims []map[string]int64
		args []string
	}{
		{bert, sizes, []string{"--device", "h100-sxm"}},
		{bert, sizes, []string{"--device", "p100-sxm2-16gb", "--runtime", "vllm"}},
		{bert, sizes, []string{"--device", "t4", "--runtime", "eager", "--as", "float16"}},
		{bert, sizes, []string{"--device", "b200", "--runtime", "vllm", "--as", "fp8", "--power-limit", "500"}},
		{bert, sizes, []string{"--device", "l4", "--runtime", "ort-extended", "--as", "bfloat16", "--clock", "1200"}},
		{bert, sizes, []string{"--device", "a100-sxm-80gb", "--as", "int4-weights", "--boundary", "plug", "--host-watts", "150"}},
		{ort, sizes, []string{"--device", "l40s", "--host-launch", "20us"}},
		{gpt2, past("batch", "sequence", "past_sequence"), []string{"--device", "h100-sxm", "--runtime", "vllm"}},
		{gpt2, past("batch", "sequence", "past_sequence"), []string{"--device", "a30", "--runtime", "eager", "--as", "float16"}},
		{qwen, past("batch", "", "past_sequence"), []string{"--device", "h100-sxm", "--runtime", "vllm"}},
	} {
		t.Run(filepath.Base(c.file)+strings.Join(c.args, " "), func(t *testing.T) {
			var f formulaFile
			args := append(c.args, c.file)
			runJSON(t, &f, append([]string{"formula", "--format", "json"}, args...)...)
			for _, dims := range c.dims {
				checkFormulas(t, &f, dims, args...)
			}
		})
	}
}

// TestFormulaExperts does so for a layer of experts as one operator, and for experts one by one, to which at one token
// nobody may be routed.
func TestFormulaExperts(t *testing.T) {
	layer := Model(
		Opset("", 18), Opset("com.microsoft", 1), In("x", graph.Float16, "n", 64), Weight("gate", graph.Float16, 64, 8), Node("MatMul", "x gate", "scores"),
		Weight("up", graph.Float16, 8, 256, 64), Weight("down", graph.Float16, 8, 64, 128),
		Node("MoE", "x scores up - down", "y", Domain("com.microsoft"), Attr("k", 2), Attr("activation_type", "swiglu"), Attr("swiglu_fusion", 1)), Out("y", graph.Float16, "n", 64),
	)
	parts := []Part{
		Opset("", 17), In("x", graph.Float16, "n", 64), Weight("gate", graph.Float16, 64, 4), Node("MatMul", "x gate", "logits"), Node("Softmax", "logits", "scores", Attr("axis", -1)),
		Ints("k", 1), Node("TopK", "scores k", "best chosen", Attr("axis", -1)), Int("4", 4), Ints("off_on", 0, 1), Node("OneHot", "chosen 4 off_on", "hot"),
		Node("Transpose", "hot", "mask", Attr("perm", []int64{2, 1, 0})), Ints("rows", 0),
	}
	for i := range 4 {
		name := func(s string) string { return fmt.Sprint(s, i) }
		parts = append(parts,
			Int(name("e"), int64(i)), Node("Gather", "mask "+name("e"), name("mine"), Attr("axis", 0)), Node("NonZero", name("mine"), name("at")), Ints(name("both"), 1, 1),
			Node("Split", name("at")+" "+name("both"), name("which")+" "+name("where"), Attr("axis", 0)), Node("Squeeze", name("where")+" rows", name("token")),
			Node("Gather", "x "+name("token"), name("h"), Attr("axis", 0)), Weight(name("w"), graph.Float16, 64, 256),
			Node("MatMul", name("h")+" "+name("w"), name("y")), Out(name("y"), graph.Float16, NoShape),
		)
	}
	for _, c := range []struct {
		name, runtime string
		model         File
	}{{"layer", "vllm", layer}, {"layer", "eager", layer}, {"single", "eager", Model(parts...)}, {"single", "ort-extended", Model(parts...)}} {
		t.Run(c.name+" "+c.runtime, func(t *testing.T) {
			file := lawModel(t, c.name, c.model.Bytes())
			args := []string{"--device", "h100-sxm", "--runtime", c.runtime, file}
			var f formulaFile
			runJSON(t, &f, append([]string{"formula", "--format", "json"}, args...)...)
			for _, n := range []int64{1, 2, 5, 1000, 50000} {
				checkFormulas(t, &f, map[string]int64{"n": n}, args...)
			}
		})
	}
}

// TestFormulaAt: where no dim is open, formulas bring their values, and calls theirs.
func TestFormulaAt(t *testing.T) {
	bert := lawModel(t, "bert", fixtures.Model(t, "bert-base"))
	var f formulaFile
	runJSON(t, &f, "formula", "--format", "json", "--device", "h100-sxm", "--at", "batch=4", "--at", "sequence=128", bert)
	checkFormulas(t, &f, map[string]int64{"batch": 4, "sequence": 128}, "--device", "h100-sxm", bert)
	p := f.at(nil)
	for _, c := range f.Law.Calls {
		if c.TimeS == nil || c.EnergyJ == nil || !within(*c.TimeS, p.number(c.Time), 1e-9) || !within(*c.EnergyJ, p.number(c.Energy), 1e-9) {
			t.Errorf("%s: %v s, %v J; evaluated %v, %v", c.Time, c.TimeS, c.EnergyJ, p.number(c.Time), p.number(c.Energy))
		}
	}
	for _, m := range f.Modules {
		if m.Formulas["energy_j"].Value == nil {
			t.Errorf("%q has no value", m.Path)
		}
	}
}

// TestFormulaEveryModel holds the formulas of every shared model at the sizes that analyze assumes, under a server of
// decoders and as the files are run eagerly.
func TestFormulaEveryModel(t *testing.T) {
	for _, name := range fixtures.EveryModel(t) {
		t.Run(name, func(t *testing.T) {
			file := lawModel(t, name, fixtures.Model(t, name))
			for _, runtime := range []string{"vllm", "eager"} {
				var f formulaFile
				runJSON(t, &f, "formula", "--format", "json", "--device", "h100-sxm", "--runtime", runtime, file)
				checkFormulas(t, &f, nil, "--device", "h100-sxm", "--runtime", runtime, file)
			}
		})
	}
}
