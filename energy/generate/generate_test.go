package generate

import (
	"errors"
	"math"
	"testing"

	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// generator prepares a decoder on a device under a runtime profile.
func generator(t testing.TB, g *graph.Graph, dev, profile string, batch, prompt, tokens int64, prompts *graph.Graph) *Generator {
	t.Helper()
	d, err := analysis.FindDecoder(g, analysis.DecoderNames{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := coefficients.OfDevice(energytest.Device(t, dev))
	if err != nil {
		t.Fatal(err)
	}
	in := Input{
		Decoder: d, Prompts: prompts, Target: predict.Target{Coefficients: c, Device: energytest.Device(t, dev), Options: predict.Options{Profile: profile}},
		Batch: batch, Prompt: prompt, Tokens: tokens,
	}
	if d.Encoder {
		in.Encoder, in.Prompts = prompts, nil
	}
	out, err := New(in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestGenerate holds the sum against an analysis of every step.
func TestGenerate(t *testing.T) {
	for _, c := range []struct {
		model, dev, profile, way string
		dims                     map[string]int64 // of a step, without the cache
	}{
		{"gpt2-past", "gtx-1070", "eager", PromptsByGraph, map[string]int64{"batch": 3, "sequence": 1}},
		{"gpt2-past", "h100-sxm", "vllm", PromptsByGraph, map[string]int64{"batch": 3, "sequence": 1}},
		{"qwen2-3layers-decode", "h100-sxm", "eager", PromptsByRows, map[string]int64{"batch": 3}},
		{"qwen2-3layers-decode", "h100-sxm", "vllm", PromptsByRows, map[string]int64{"batch": 3}},
	} {
		t.Run(c.model+" "+c.profile, func(t *testing.T) {
			const prompt, tokens = 5, 9
			g := generator(t, energytest.Shared(t, c.model), c.dev, c.profile, 3, prompt, tokens, nil)
			if g.Way != c.way || g.Step.Direct != "" {
				t.Errorf("prompts by %s, want %s; direct: %q", g.Way, c.way, g.Step.Direct)
			}
			got, err := g.Generate(prompt, tokens)
			if err != nil {
				t.Fatal(err)
			}
			var want law.Share
			for past := int64(prompt); past < prompt+tokens; past++ {
				dims := map[string]int64{"past_sequence": past}
				for k, v := range c.dims {
					dims[k] = v
				}
				want = want.Plus(wholeAt(t, g, g.in.Decoder.Graph, dims)).Plus(g.serving)
			}
			if energytest.Relative(float64(got.Decode.Energy), float64(want.Energy)) > 1e-9 || energytest.Relative(float64(got.Decode.Time), float64(want.Time)) > 1e-9 {
				t.Errorf("decode %+v, want %+v", got.Decode, want)
			}
			if got.Prefill.Energy <= 0 || got.Prefill.Energy > got.Decode.Energy {
				t.Errorf("prefill of %d tokens takes %v, %d steps %v", prompt, got.Prefill.Energy, tokens, got.Decode.Energy)
			}
			if c.way == PromptsByGraph {
				p := wholeAt(t, g, g.in.Decoder.Graph, map[string]int64{"batch": 3, "sequence": prompt, "past_sequence": 0})
				if energytest.Relative(float64(got.Prefill.Energy), float64(p.Energy)) > 1e-9 {
					t.Errorf("prefill %v, want %v", got.Prefill.Energy, p.Energy)
				}
			}
		})
	}
}

// wholeAt analyzes a graph at some dims and predicts it as the generator's target does.
func wholeAt(t *testing.T, g *Generator, of *graph.Graph, dims map[string]int64) law.Share {
	t.Helper()
	a := energytest.Analyzed(t, of, dims)
	r, err := g.in.Target.Run(a)
	if err != nil {
		t.Fatal(err)
	}
	s := r.Modules[a.Tree.Root]
	return law.Share{Energy: s.Energy, Time: s.Time}
}

// TestPromptsByRows holds prompts estimated from a decode step against the same model's own reading of prompts: a graph
// that takes any number of tokens, and one of it fixed to a token.
func TestPromptsByRows(t *testing.T) {
	shared := energytest.Shared(t, "gpt2-past")
	for _, c := range []struct {
		profile string
		most    float64
	}{{"vllm", 0.05}, {"eager", 0.1}} {
		const batch, prompt = 4, 256
		own := generator(t, shared, "h100-sxm", c.profile, batch, prompt, 8, nil)
		want, err := own.Prefill(prompt)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := newPromptEstimate(own)
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows.parts {
			rows.parts[i].last = false // the graph makes the logits of all tokens
		}
		got := rows.prefill(prompt)
		if e := energytest.Relative(float64(got.Energy), float64(want.Energy)); e > c.most {
			t.Errorf("%s: %v estimated, %v by the graph (%.0f %%)", c.profile, got.Energy, want.Energy, 100*e)
		}
		if e := energytest.Relative(float64(got.Time), float64(want.Time)); e > c.most {
			t.Errorf("%s: %v estimated, %v by the graph (%.0f %%)", c.profile, got.Time, want.Time, 100*e)
		}
	}
}

// TestPromptsByFile reads prompts with another graph, at its own closed form.
func TestPromptsByFile(t *testing.T) {
	file := energytest.Shared(t, "bert-base")
	g := generator(t, energytest.Shared(t, "qwen2-3layers-decode"), "h100-sxm", "eager", 2, 64, 4, file)
	got, err := g.Prefill(64)
	if err != nil {
		t.Fatal(err)
	}
	if want := wholeAt(t, g, file, map[string]int64{"batch": 2, "sequence": 64}); g.Way != PromptsByFile || energytest.Relative(float64(got.Energy), float64(want.Energy)) > 1e-9 {
		t.Errorf("%s: %v, want %v", g.Way, got.Energy, want.Energy)
	}
}

// TestServe: requests take their parts of prompts and steps.
func TestServe(t *testing.T) {
	g := generator(t, energytest.Shared(t, "gpt2-past"), "gtx-1070", "", 4, 30, 20, nil)
	var energySum, tokens float64
	requests := []Request{{Prompt: 10, Tokens: 20, Count: 3}, {Prompt: 30, Tokens: 5, Count: 1}}
	for _, r := range requests {
		one, err := g.Generate(r.Prompt, r.Tokens)
		if err != nil {
			t.Fatal(err)
		}
		energySum += r.Count * float64(one.Total().Energy) / 4
		tokens += r.Count * float64(r.Tokens)
	}
	s, err := g.Serve(requests, 100)
	if err != nil {
		t.Fatal(err)
	}
	if energytest.Relative(float64(s.Energy), energySum/4) > 1e-9 || energytest.Relative(float64(s.PerToken), energySum/tokens) > 1e-9 || s.Requests != 4 || s.Prompt != 15 || s.Tokens != 16.25 {
		t.Errorf("%+v, want %v J a request", s, energySum/4)
	}
	load := 100 * float64(s.Time)
	if s.Devices != int(math.Ceil(load)) || energytest.Relative(s.Busy*float64(s.Devices), load) > 1e-9 {
		t.Errorf("%d devices busy %v, want a load of %v", s.Devices, s.Busy, load)
	}
	power := 100*float64(s.Energy) + float64(s.Devices)*(1-s.Busy)*float64(s.Idle)
	if energytest.Relative(float64(s.Power), power) > 1e-9 || energytest.Relative(float64(s.Month), power*month) > 1e-9 {
		t.Errorf("%v, %v a month; want %v W", s.Power, s.Month, power)
	}
}

// decoderOf is a decoder of one layer: cached keys and values, and what else it is given.
func decoderOf(t *testing.T, parts ...Part) *graph.Graph {
	t.Helper()
	return energytest.Built(t, append([]Part{
		In("input_ids", graph.Int64, "batch", 1), energytest.FloatWeight("table", 100, 8), Node("Gather", "table input_ids", "x"),
		energytest.FloatIn("past.0.key", "batch", 2, "past", 4), energytest.FloatIn("past.0.value", "batch", 2, "past", 4),
		Ints("heads", 0, 0, 2, 4), Node("Reshape", "x heads", "xh"), Node("Transpose", "xh", "new", Attr("perm", []int64{0, 2, 1, 3})),
		Node("Concat", "past.0.key new", "present.0.key", Attr("axis", -2)), Node("Concat", "past.0.value new", "present.0.value", Attr("axis", -2)),
		Out("present.0.key", graph.Float32, "batch", 2, nil, 4), Out("present.0.value", graph.Float32, "batch", 2, nil, 4),
	}, parts...)...)
}

// TestExperts: 4 of 8 tokens' ways go through 2 of 16 experts each; even routing touches 16·(1 - (14/16)^4) of them.
func TestExperts(t *testing.T) {
	ms := Domain("com.microsoft")
	moe := func(b int64) *Generator {
		g := decoderOf(
			t, Opset("com.microsoft", 1), energytest.FloatWeight("router", 8, 16), energytest.FloatWeight("up", 16, 32, 8), energytest.FloatWeight("down", 16, 8, 32),
			Ints("rows", -1, 8), Node("Reshape", "x rows", "flat"), Node("MatMul", "flat router", "r"),
			Node("MoE", "flat r up - down", "y", ms, Attr("k", 2)), Out("y", graph.Float32, nil, 8),
		)
		return generator(t, g, "gtx-1070", "eager", b, 5, 3, nil)
	}
	g := moe(4)
	perExpert := 4.0 * 2 * 32 * 8
	less := (8 - 16*(1-math.Pow(14.0/16, 4))) * perExpert
	rates, err := coefficients.For(g.in.Target.Coefficients, g.in.Target.Device, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if want := less * rates.Of(coefficients.Key{Class: "moe", DType: graph.Float32}).Energy[coefficients.Bytes]; energytest.Relative(float64(g.moe.Energy), want) > 1e-9 {
		t.Errorf("even routing takes %v J less, want %v", g.moe.Energy, want)
	}
	if g := moe(1); math.Abs(float64(g.moe.Energy)) > 1e-15 {
		t.Errorf("one token touches its own 2 experts: %v J less", g.moe.Energy)
	}
}

// TestFindDecoder is about names and shapes of caches.
func TestFindDecoder(t *testing.T) {
	out := Out("y", graph.Float32, NoShape)
	relu := Node("Relu", "past_key_values.0.key", "y")
	ids := In("input_ids", graph.Int64, "batch", "sequence")
	for _, c := range []struct {
		name                          string
		parts                         []Part
		told                          analysis.DecoderNames
		batch, past, sequence, source string
		ties                          map[string]string
		missing                       bool
	}{
		{
			name:  "Optimum",
			parts: []Part{ids, In("attention_mask", graph.Int64, "batch", "total_sequence_length"), energytest.FloatIn("past_key_values.0.key", "batch", 2, "past_length", 4), relu, out},
			batch: "batch", past: "past_length", sequence: "sequence", ties: map[string]string{"total_sequence_length": "past_length + sequence"},
		},
		{
			name: "of an encoder",
			parts: []Part{
				ids, energytest.FloatIn("encoder_hidden_states", "batch", "source", 8), energytest.FloatIn("past_key_values.0.key", "batch", 2, "past_decoder", 4),
				energytest.FloatIn("past_key_values.0.encoder.key", "batch", 2, "encoder_past", 4), relu, out,
			},
			batch: "batch", past: "past_decoder", sequence: "sequence", source: "encoder_past", ties: map[string]string{"source": "encoder_past"},
		},
		{
			name:  "a length for each layer",
			parts: []Part{ids, energytest.FloatIn("past_key_values.0.key", "batch", 2, "p0", 4), energytest.FloatIn("past_key_values.1.key", "batch", 2, "p1", 4), relu, out},
			batch: "batch", past: "p0", sequence: "sequence", ties: map[string]string{"p1": "p0"},
		},
		{
			name:  "pairs without a name",
			parts: []Part{ids, energytest.FloatIn("k", "batch", 2, "n", 4), energytest.FloatIn("v", "batch", 2, "n", 4), Node("Add", "k v", "y"), out},
			batch: "batch", past: "n", sequence: "sequence",
		},
		{
			name:  "told",
			parts: []Part{ids, energytest.FloatIn("state", "batch", "n", 8), Node("Relu", "state", "y"), out}, told: analysis.DecoderNames{Past: "n"},
			batch: "batch", past: "n", sequence: "sequence",
		},
		{name: "none", parts: []Part{ids, Node("Cast", "input_ids", "y", Attr("to", int64(graph.Float32))), out}, missing: true},
		{name: "of a fixed length", parts: []Part{ids, energytest.FloatIn("past_key_values.0.key", "batch", 2, 128, 4), relu, out}, missing: true},
		{name: "no tokens", parts: []Part{energytest.FloatIn("past_key_values.0.key", "batch", 2, "n", 4), relu, out}, missing: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := analysis.FindDecoder(energytest.Built(t, c.parts...), c.told)
			var none *analysis.NoCacheError
			if c.missing {
				if !errors.As(err, &none) {
					t.Errorf("%v, want that there is no cache", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d.Batch != c.batch || d.Past != c.past || d.Sequence != c.sequence || d.Source != c.source {
				t.Errorf("batch %q, past %q, sequence %q, source %q", d.Batch, d.Past, d.Sequence, d.Source)
			}
			if len(d.Ties) != len(c.ties) {
				t.Errorf("ties %v, want %v", d.Ties, c.ties)
			}
			for name, want := range c.ties {
				if got := d.Ties[name].String(); got != want {
					t.Errorf("%s is %s, want %s", name, got, want)
				}
			}
		})
	}
}

// TestEncoder: an encoder reads the prompt once, and the decoder begins with an empty cache.
func TestEncoder(t *testing.T) {
	encoder := energytest.Built(t, energytest.FloatIn("features", "batch", "length", 8), energytest.FloatWeight("w", 8, 8), Node("MatMul", "features w", "y"), Out("y", graph.Float32, NoShape))
	decoder := decoderOf(t, energytest.FloatIn("encoder_hidden_states", "batch", "source", 8), energytest.FloatWeight("w", 8, 8), Node("MatMul", "encoder_hidden_states w", "c"), Out("c", graph.Float32, NoShape))
	g := generator(t, decoder, "gtx-1070", "eager", 2, 7, 3, encoder)
	got, err := g.Generate(7, 3)
	if err != nil {
		t.Fatal(err)
	}
	if want := wholeAt(t, g, encoder, map[string]int64{"batch": 2, "length": 7}); g.Way != PromptsByEncoder || energytest.Relative(float64(got.Prefill.Energy), float64(want.Energy)) > 1e-9 {
		t.Errorf("%s: prefill %v, want %v", g.Way, got.Prefill.Energy, want.Energy)
	}
	var want law.Share
	for _, past := range []int64{1, 1, 2} { // an empty cache counts as one of one token
		want = want.Plus(wholeAt(t, g, decoder, map[string]int64{"batch": 2, "source": 7, "past": past}))
	}
	if energytest.Relative(float64(got.Decode.Energy), float64(want.Energy)) > 1e-9 {
		t.Errorf("decode %v, want %v", got.Decode.Energy, want.Energy)
	}
	if _, err := g.Serve([]Request{{Prompt: 1, Tokens: 1, Count: 1}}, 0); err == nil {
		t.Error("requests of several lengths with an encoder")
	}
}
