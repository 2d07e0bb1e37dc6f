package kernel_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/kernel"
	"github.com/irene-onnx/irene/onnx"
)

// planned groups a file, under eager with the functions of the framework where asked.
func planned(t *testing.T, name string, file []byte, profile string, options ...kernel.Option) *kernel.Plan {
	t.Helper()
	g, err := onnx.DecodeBytes(file, name, "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := analysis.Run(g, analysis.Options{Symbolic: true})
	if err != nil {
		t.Fatal(err)
	}
	p, err := kernel.Group(g, a.Inference, a.Costs, func(n *graph.Node) bool { return a.Tree.Of[n.ID] != nil }, profile, options...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestAttentionOfModels: every layer of an export is one attention under vllm, and under eager where the export is of
// scaled_dot_product_attention. The geometry is that of the models' published configurations.
func TestAttentionOfModels(t *testing.T) {
	const prefill, decode = "sequence of sequence", "1 of past_sequence + 1 causal"
	for _, c := range []struct {
		file   string
		layers int
		want   string
		sdpa   bool
	}{
		{"qwen2-3layers-decode", 3, "batch×14/2×64, " + decode + " float32/float32", true},
		{"bert-base", 12, "batch×12/12×64, " + prefill + " float32/float32", false},
		{"bert-base-ortfused", 12, "batch×12/12×64, " + prefill + " float32/float32", true}, // one node each
		{"gpt2-past", 12, "batch×12/12×64, sequence of past_sequence + sequence causal float32/float32", false},
		{"gpt2", 12, "batch×12/12×64, " + prefill + " causal float32/float32", false},
		{"openai-gpt", 12, "batch×12/12×64, " + prefill + " causal float32/float32", false},
		{"bert-base-dynamo", 12, "batch×12/12×64, " + prefill + " float32/float32", false},
		{"distilgpt2-like-dynamo", 6, "batch×12/12×64, " + decode + " float32/float32", true},
		{"llama-1b-prefill", 16, "batch×32/8×64, " + prefill + " causal float32/float32", false},
		{"llama-3.1-8b-decode", 32, "batch×32/8×128, " + decode + " bfloat16/bfloat16", true},
		{"llama-3.2-1b-fp16-decode", 16, "batch×32/8×64, " + decode + " float16/float16", true},
		{"qwen3-8b-decode", 36, "batch×32/8×128, " + decode + " bfloat16/bfloat16", true},
		{"t5-small-encoder", 6, "batch×8/8×64, " + prefill + " float32/float32", false},
		{"deberta-v2-small", 6, "batch×12/12×64, " + prefill + " float32/float32", false},
		{"vit-base", 12, "batch×12/12×64, 197 of 197 float32/float32", false},
		{"whisper-tiny-encoder", 4, "batch×6/6×64, 1500 of 1500 float32/float32", true},
		{"gpus/model-energy/models/llama-2-7b-prefill", 32, "batch×32/32×128, " + prefill + " causal bfloat16/bfloat16", true},
		{"gpus/model-energy/models/llama-2-13b-prefill", 40, "batch×40/40×128, " + prefill + " causal bfloat16/bfloat16", true},
		{"gpus/model-energy/models/mistral-7b-prefill", 32, "batch×32/8×128, " + prefill + " window 4096 causal bfloat16/bfloat16", true},
	} {
		t.Run(c.file, func(t *testing.T) {
			var file []byte
			switch {
			case slices.Contains(fixtures.EveryModel(t), c.file):
				file = fixtures.Model(t, c.file)
			case strings.Contains(c.file, "/"):
				file = fixtures.CorpusText(t, c.file+".onnx.gz")
			default:
				file = fixtures.CorpusText(t, "models", c.file+".onnx.gz")
			}
			want := slices.Repeat([]string{c.want}, c.layers)
			if got := attended(planned(t, c.file, file, "vllm")); !slices.Equal(got, want) {
				t.Errorf("vllm: %d × %q", len(got), slices.Compact(got))
			}
			if !c.sdpa {
				want = nil
			}
			if got := attended(planned(t, c.file, file, "eager", kernel.Functions)); !slices.Equal(got, want) {
				t.Errorf("eager: %d × %q", len(got), slices.Compact(got))
			}
		})
	}
}
