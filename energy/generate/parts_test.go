package generate

import (
	"slices"
	"testing"

	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// halves are the two exports of a decoder of one layer, which Optimum merges: the first run, and those after it.
type halves struct {
	inputs, outputs []Part
	first, later    []Part
}

// attend is attention of queries over keys and values, and logits.
func attend(k, v string) []Part {
	return []Part{
		Node("Transpose", k, "kt", Attr("perm", []int64{0, 1, 3, 2})), Node("MatMul", "new kt", "scores"), Node("Softmax", "scores", "p", Attr("axis", -1)),
		Node("MatMul", "p "+v, "o"), Node("Transpose", "o", "ot", Attr("perm", []int64{0, 2, 1, 3})), Node("Reshape", "ot join", "h"), Node("MatMul", "h head", "logits"),
	}
}

// decoderHalves reads ids and, where it is of an encoder, attends to what that made, of which it keeps a projection.
func decoderHalves(encoder bool) halves {
	query := []Part{
		Node("Gather", "table input_ids", "x"), Node("Reshape", "x heads", "xh"), Node("Transpose", "xh", "new", Attr("perm", []int64{0, 2, 1, 3})),
	}
	h := halves{
		inputs: []Part{
			In("input_ids", graph.Int64, "batch", "sequence"),
			energytest.FloatIn("past_key_values.0.decoder.key", "batch", 2, "past", 4), energytest.FloatIn("past_key_values.0.decoder.value", "batch", 2, "past", 4),
			energytest.FloatWeight("table", 100, 8), energytest.FloatWeight("head", 8, 100), Ints("heads", 0, 0, 2, 4), Ints("join", 0, 0, 8),
		},
		first: append(slices.Clone(query), Node("Identity", "new", "k"), Node("Identity", "new", "v")),
		later: append(slices.Clone(query), Node("Concat", "past_key_values.0.decoder.key new", "k", Attr("axis", -2)), Node("Concat", "past_key_values.0.decoder.value new", "v", Attr("axis", -2))),
	}
	h.first, h.later = append(h.first, attend("k", "v")...), append(h.later, attend("k", "v")...)
	h.outputs = []Part{Out("logits", graph.Float32, NoShape), Out("k", graph.Float32, NoShape), Out("v", graph.Float32, NoShape)}
	if encoder {
		h.inputs = append(h.inputs, energytest.FloatIn("encoder_hidden_states", "batch", "source", 8), energytest.FloatWeight("project", 8, 8), energytest.FloatIn("past_key_values.0.encoder.key", "batch", 2, 4, "source_out"))
		cross := []Part{Node("MatMul", "new c", "cs"), Node("Softmax", "cs", "cp", Attr("axis", -1))}
		h.first = append(h.first, Node("MatMul", "encoder_hidden_states project", "e"), Node("Reshape", "e heads", "eh"), Node("Transpose", "eh", "c", Attr("perm", []int64{0, 2, 3, 1})))
		h.first = append(h.first, cross...)
		h.later = append(append(h.later, Node("Identity", "past_key_values.0.encoder.key", "c")), cross...)
		h.outputs = append(h.outputs, Out("cp", graph.Float32, NoShape))
	}
	return h
}

// build is one of the exports by itself, of all inputs.
func (h *halves) build(t *testing.T, nodes []Part) *graph.Graph {
	t.Helper()
	return energytest.Built(t, slices.Concat(h.inputs, nodes, h.outputs)...)
}

// merge puts both under an If, with what stands between its condition and the inputs.
func (h *halves) merge(t *testing.T, condition []Part, then, other []Part) *graph.Graph {
	t.Helper()
	names := "logits k v"
	if len(h.outputs) > 3 {
		names += " cp"
	}
	branch := func(name string, nodes []Part) Part {
		return Attr(name, Graph(name, slices.Concat(nodes, h.outputs)...))
	}
	return energytest.Built(t, slices.Concat(h.inputs, condition, []Part{Node("If", "condition", names, branch("then_branch", then), branch("else_branch", other))}, h.outputs)...)
}

// TestMerged: a merged decoder reads prompts as the export of the first run does, and makes tokens as that of the later
// ones, however its condition is made of which input.
func TestMerged(t *testing.T) {
	const batch, prompt, tokens = 2, 7, 5
	h := decoderHalves(false)
	flag := func(name string, dims ...any) Part { return In(name, graph.Bool, dims...) }
	for _, c := range []struct {
		name        string
		condition   []Part
		then, other []Part
	}{
		{"Optimum", []Part{flag("use_cache_branch", 1), Node("Identity", "use_cache_branch", "condition")}, h.later, h.first},
		{"a scalar that says the contrary", []Part{flag("is_first"), Node("Not", "is_first", "condition")}, h.later, h.first},
		{"branches the other way round", []Part{flag("use_past", 1), Node("Not", "use_past", "condition")}, h.first, h.later},
		{
			"by way of a number, beside another flag",
			[]Part{
				flag("training", 1), Node("Not", "training", "unused"), flag("cached", 1),
				Node("Cast", "cached", "number", Attr("to", int64(graph.Int64))), Ints("one", 1), Node("Equal", "number one", "equal"), Ints("none"), Node("Reshape", "equal none", "condition"),
			},
			h.later, h.first,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := generator(t, h.merge(t, c.condition, c.then, c.other), "gtx-1070", "eager", batch, prompt, tokens, nil)
			if g.in.Decoder.Switch == nil {
				t.Fatal("no switch is found")
			}
			got, err := g.Generate(prompt, tokens)
			if err != nil {
				t.Fatal(err)
			}
			if len(g.Warnings) > 0 || g.Way != PromptsByGraph {
				t.Errorf("prompts by %s, warnings %q", g.Way, g.Warnings)
			}
			first, later := h.build(t, slices.Concat(c.condition, h.first)), h.build(t, slices.Concat(c.condition, h.later))
			want, err := generator(t, later, "gtx-1070", "eager", batch, prompt, tokens, nil).Decode(prompt, tokens)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "decode", got.Decode, want)
			near(t, "prefill", got.Prefill, wholeAt(t, g, first, map[string]int64{"batch": batch, "sequence": prompt, "past": 1}))
		})
	}
}

func near(t *testing.T, what string, got, want law.Share) {
	t.Helper()
	if want.Energy <= 0 || energytest.Relative(float64(got.Energy), float64(want.Energy)) > 1e-9 || energytest.Relative(float64(got.Time), float64(want.Time)) > 1e-9 {
		t.Errorf("%s takes %+v, want %+v", what, got, want)
	}
}

// TestUncached: a mask over "past + 1" tokens is over the prompt in the run that reads no cache.
func TestUncached(t *testing.T) {
	const prompt = 7
	h := decoderHalves(false)
	masked := func(nodes []Part) []Part {
		return append(slices.Clone(nodes), Node("Cast", "attention_mask", "bias", Attr("to", int64(graph.Float32))), Node("Unsqueeze", "bias axes", "wide"), Node("Add", "scores wide", "masked"))
	}
	h.inputs = append(h.inputs, In("attention_mask", graph.Int64, "batch", "past + 1"), Ints("axes", 1, 2))
	condition := []Part{In("use_cache_branch", graph.Bool, 1), Node("Identity", "use_cache_branch", "condition")}
	g := generator(t, h.merge(t, condition, masked(h.later), masked(h.first)), "gtx-1070", "eager", 2, prompt, 3, nil)
	got, err := g.Prefill(prompt)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "prefill", got, wholeAt(t, g, h.build(t, masked(h.first)), map[string]int64{"batch": 2, "sequence": prompt, "past": prompt - 1}))
}

// TestImages: an encoder of images reads no prompt; what it makes of a picture decides how much the decoder attends to.
func TestImages(t *testing.T) {
	encoder := energytest.Built(
		t, energytest.FloatIn("pixel_values", "batch", 3, "height", "width"), energytest.FloatWeight("w", 8, 3, 16, 16), Node("Conv", "pixel_values w", "y", Attr("strides", []int64{16, 16})),
		Ints("flat", 0, 8, -1), Node("Reshape", "y flat", "patches"), Node("Transpose", "patches", "states", Attr("perm", []int64{0, 2, 1})), Out("states", graph.Float32, NoShape))
	h := decoderHalves(true)
	g := parts(t, Input{Decoder: decoder(t, h.build(t, h.later)), Encoder: encoder, PartDims: map[string]int64{"height": 32, "width": 64}})
	// 32 × 64 pixels are 2 · 4 patches.
	if n := g.source(100); n != 8 || len(g.Warnings) > 0 {
		t.Errorf("%d tokens of the encoder, want 8; warnings %q", n, g.Warnings)
	}
	got, err := g.Prefill(8)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "prefill", got, wholeAt(t, g, encoder, map[string]int64{"batch": 2, "height": 32, "width": 64}))
}

// TestNoSwitch: an If over something else, and a flag that changes nothing of the cache, are none.
func TestNoSwitch(t *testing.T) {
	h := decoderHalves(false)
	flag := []Part{In("flag", graph.Bool, 1), Node("Identity", "flag", "condition")}
	for name, g := range map[string]*graph.Graph{
		"both branches read the cache": h.merge(t, flag, h.later, h.later),
		"no branch does":               h.merge(t, flag, h.first, h.first),
		"no If":                        h.build(t, append(flag, h.later...)),
	} {
		if d, err := analysis.FindDecoder(g, analysis.DecoderNames{}); err != nil || d.Switch != nil {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
}

// parts is a generator of several files.
func parts(t *testing.T, in Input) *Generator {
	t.Helper()
	dev := energytest.Device(t, "gtx-1070")
	c, err := coefficients.OfDevice(dev)
	if err != nil {
		t.Fatal(err)
	}
	in.Target = predict.Target{Coefficients: c, Device: dev, Options: predict.Options{Profile: "eager"}}
	in.Batch, in.Prompt, in.Tokens = 2, 8, 4
	g, err := New(in)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func decoder(t *testing.T, g *graph.Graph) *analysis.Decoder {
	t.Helper()
	d, err := analysis.FindDecoder(g, analysis.DecoderNames{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestEncoderDecoder: an encoder that halves the length, the first token, then the steps; of a merged decoder and of its
// two exports the same.
func TestEncoderDecoder(t *testing.T) {
	encoder := energytest.Built(
		t, energytest.FloatIn("features", "batch", 8, "frames"), energytest.FloatWeight("w", 8, 8, 3), Node("Conv", "features w", "y", Attr("strides", []int64{2}), Attr("pads", []int64{1, 1})),
		Node("Transpose", "y", "states", Attr("perm", []int64{0, 2, 1})), Out("states", graph.Float32, NoShape))
	h := decoderHalves(true)
	first, later := h.build(t, h.first), h.build(t, h.later)
	merged := h.merge(t, []Part{In("use_cache_branch", graph.Bool, 1), Node("Identity", "use_cache_branch", "condition")}, h.later, h.first)
	for name, g := range map[string]*Generator{
		"merged": parts(t, Input{Decoder: decoder(t, merged), Encoder: encoder}),
		"apart":  parts(t, Input{Decoder: decoder(t, later), Encoder: encoder, Prompts: first}),
	} {
		got, err := g.Generate(8, 4)
		if err != nil {
			t.Fatal(err)
		}
		if g.Way != PromptsByEncoder || len(g.Warnings) > 0 {
			t.Errorf("%s: prompts by %s, warnings %q", name, g.Way, g.Warnings)
		}
		// 8 frames at a stride of 2 are 4 tokens of the encoder.
		near(t, name+": prefill", got.Prefill, wholeAt(t, g, encoder, map[string]int64{"batch": 2, "frames": 8}).
			Plus(wholeAt(t, g, first, map[string]int64{"batch": 2, "sequence": 1, "source": 4, "source_out": 4, "past": 1})))
		var want law.Share
		for _, past := range []int64{1, 1, 2, 3} { // an empty cache counts as one of one token
			want = want.Plus(wholeAt(t, g, later, map[string]int64{"batch": 2, "sequence": 1, "source": 4, "source_out": 4, "past": past}))
		}
		near(t, name+": decode", got.Decode, want)
	}
	if g := parts(t, Input{Decoder: decoder(t, later)}); len(g.Warnings) != 1 {
		t.Errorf("without the encoder: warnings %q", g.Warnings)
	}
}

// TestCrossOutputs: an encoder that hands out the decoder's keys, and no hidden states, as that of ONNX Runtime GenAI.
func TestCrossOutputs(t *testing.T) {
	encoder := energytest.Built(
		t, energytest.FloatIn("audio_features", "batch", 8, "frames"), energytest.FloatWeight("w", 8, 8, 3), Node("Conv", "audio_features w", "y", Attr("strides", []int64{2}), Attr("pads", []int64{1, 1})),
		Node("Transpose", "y", "states", Attr("perm", []int64{0, 2, 1})), Ints("heads", 0, 0, 2, 4), Node("Reshape", "states heads", "apart"),
		Node("Transpose", "apart", "present_key_cross_0", Attr("perm", []int64{0, 2, 1, 3})), Out("present_key_cross_0", graph.Float32, NoShape))
	step := decoderOf(t, energytest.FloatIn("past_key_cross_0", "batch", 2, "frames_out", 4), Node("Relu", "past_key_cross_0", "c"), Out("c", graph.Float32, NoShape))
	d := decoder(t, step)
	if !d.Encoder || d.Source != "frames_out" || d.Past != "past" {
		t.Fatalf("%+v", d)
	}
	if n := parts(t, Input{Decoder: d, Encoder: encoder}).source(8); n != 4 {
		t.Errorf("%d tokens of the encoder, want 4", n)
	}
}

// TestEmbeddings: a file of its own embeds the prompt, then each token.
func TestEmbeddings(t *testing.T) {
	embed := energytest.Built(t, In("input_ids", graph.Int64, "batch_size", "length"), energytest.FloatWeight("table", 100, 8), Node("Gather", "table input_ids", "inputs_embeds"), Out("inputs_embeds", graph.Float32, NoShape))
	step := energytest.Built(t, slices.Concat([]Part{
		energytest.FloatIn("inputs_embeds", "batch", "sequence", 8), energytest.FloatIn("past.0.key", "batch", 2, "past", 4), energytest.FloatWeight("head", 8, 100), Ints("heads", 0, 0, 2, 4), Ints("join", 0, 0, 8),
		Node("Reshape", "inputs_embeds heads", "xh"), Node("Transpose", "xh", "new", Attr("perm", []int64{0, 2, 1, 3})), Node("Concat", "past.0.key new", "k", Attr("axis", -2)),
	}, attend("k", "k"), []Part{Out("logits", graph.Float32, NoShape), Out("k", graph.Float32, NoShape)})...)
	d := decoder(t, step)
	if !d.Embeds {
		t.Error("the decoder takes embeddings")
	}
	alone, both := parts(t, Input{Decoder: d}), parts(t, Input{Decoder: d, Embeddings: embed})
	a, errA := alone.Generate(8, 4)
	b, errB := both.Generate(8, 4)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	near(t, "prefill", b.Prefill, a.Prefill.Plus(wholeAt(t, both, embed, map[string]int64{"batch_size": 2, "length": 8})))
	one := wholeAt(t, both, embed, map[string]int64{"batch_size": 2, "length": 1})
	near(t, "decode", b.Decode, a.Decode.Plus(one).Plus(one).Plus(one).Plus(one))
	// The table's 100·8 float32 are weights that the device holds, too.
	m, _, okM := alone.Memory(8, 4)
	n, _, okN := both.Memory(8, 4)
	if !okM || !okN || n.WeightBytes-m.WeightBytes != 100*8*4 {
		t.Errorf("weights of %d and %d bytes", m.WeightBytes, n.WeightBytes)
	}
}
