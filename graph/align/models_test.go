package align_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/align"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/onnx"
)

// tree is the module tree of a model, with its weights. Parameters, multiply-accumulates and bytes are those of the file.
func tree(t testing.TB, name string) align.Tree {
	t.Helper()
	g, err := onnx.DecodeBytes(fixtures.Model(t, name), name, "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := analysis.Run(g, analysis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	metrics := a.ModuleMetrics()
	return align.Tree{Root: a.Tree.Root, Weigh: func(m *graph.Module) align.Weight {
		number := func(d graph.Dim) float64 { n, _ := a.Eval(d); return float64(n) }
		x := metrics[m]
		return align.Weight{Params: float64(x.Params), MACs: number(x.MACs), Work: 0.1*number(x.MACs) + number(x.Read) + number(x.Written)}
	}}
}

// rows prints the rows of a tree: how they were matched, and the paths. Rows that differ in equal numbers only are one
// line, with their count.
func rows(root *align.Row) string {
	var lines []string
	counts := map[string]int{}
	root.Walk(func(r *align.Row) {
		line := fmt.Sprintf("%-6s", r.Reason)
		if r.Reason == align.ByNone {
			line = "alone "
		}
		for _, p := range starred(r) {
			line += fmt.Sprintf("  %-48s", p)
		}
		line = strings.TrimRight(line, " ")
		if counts[line]++; counts[line] == 1 {
			lines = append(lines, line)
		}
	})
	for i, l := range lines {
		lines[i] = fmt.Sprintf("%3d %s\n", counts[l], l)
	}
	return strings.Join(lines, "")
}

var index = regexp.MustCompile(`(^|\.)([0-9_]+)(\.|$)`)

// starred are the paths of a row, with # for numbers where all paths have the same ones.
func starred(r *align.Row) []string {
	var out []string
	first, same := "", true
	for _, m := range r.Modules {
		if m == nil {
			continue
		}
		numbers := fmt.Sprint(index.FindAllString(m.Path, -1))
		numbers = strings.ReplaceAll(numbers, ".", "")
		same = same && (first == "" || first == numbers)
		first = numbers
	}
	for _, m := range r.Modules {
		switch {
		case m == nil:
			out = append(out, "-")
		case m.Path == "":
			out = append(out, "(model)")
		case same:
			out = append(out, index.ReplaceAllString(m.Path, "$1#$3"))
		default:
			out = append(out, m.Path)
		}
	}
	return out
}

// TestModels holds what answers to what in pairs of real exports.
func TestModels(t *testing.T) {
	for _, names := range [][]string{
		{"bert-base", "distilbert-base"},
		{"bert-base", "bert-base-ortfused"},
		{"bert-base", "bert-base-dynamo"},
		{"bert-base-ortfused", "distilbert-base"},
		{"gpt2", "openai-gpt"},
		{"gpt2", "distilgpt2-like-dynamo"},
		{"bert-base", "gpt2"},
		{"albert-base", "bert-base"},
		{"llama-1b-prefill", "llama-3.2-1b-fp16-decode"},
		{"llama-3.2-1b-fp16-decode", "qwen3-8b-decode"},
		{"bert-2layers-functions", "bert-base"},
		{"bert-base", "distilbert-base", "bert-base-dynamo"},
		{"vit-base", "bert-base"},
		{"t5-small-encoder", "whisper-tiny-encoder"},
	} {
		t.Run(strings.Join(names, "+"), func(t *testing.T) {
			var trees []align.Tree
			for _, n := range names {
				trees = append(trees, tree(t, n))
			}
			got := rows(align.Align(trees...))
			if again := rows(align.Align(trees...)); again != got {
				t.Error("a second run gives other rows")
			}
			fixtures.Golden(t, strings.Join(names, "+"), got)
		})
	}
}
