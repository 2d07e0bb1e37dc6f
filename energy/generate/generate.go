package generate

import (
	"fmt"
	"maps"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/energy/sweep"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// Input says what generates text, and on what.
type Input struct {
	Decoder *analysis.Decoder
	Options analysis.Options // dims of the decoder that are no part of generation, and values of inputs
	// Other files of the model, nil where there is none: the encoder, the decoder's export that reads prompts (behind an
	// encoder, its first token), and the embeddings of tokens for a decoder that takes them.
	Encoder, Prompts, Embeddings *graph.Graph
	PartDims                     map[string]int64 // of these files, and perhaps of the decoder

	Target predict.Target
	Batch  int64
	// Prompt and Tokens are the lengths that closed forms are checked at.
	Prompt, Tokens int64
}

// The ways in which prompts are predicted.
const (
	PromptsByGraph   = "graph"     // the decoder itself, with an empty cache
	PromptsByFile    = "file"      // another graph
	PromptsByRows    = "estimated" // the decode step at a row per token, attention corrected
	PromptsByEncoder = "encoder"   // another graph, which runs once; the decoder begins with a token and an empty cache
)

// Generator predicts generation at one batch size.
type Generator struct {
	Way      string      // one of the PromptsBy… constants
	Step     *sweep.Grid // one decode step, over the tokens in the cache and, where there is an encoder, its tokens
	Warnings []string

	in         Input
	moe        law.Share   // what even routing to experts takes less than Step says
	serving    law.Share   // what a server does around a step beside the kernels of the graph
	encoder    *sweep.Grid // over the length of a prompt, where the file leaves it open
	start      *sweep.Grid // the decoder's first token without a cache, over the encoder's tokens
	prompts    *sweep.Grid // over the tokens of a prompt; nil for PromptsByRows
	embeddings *sweep.Grid // over tokens
	estimate   *promptEstimate
}

// Generation is what one batch of equal requests takes.
type Generation struct {
	Batch, Prompt, Tokens int64 // Tokens are decode steps
	Prefill, Decode       law.Share
}

// Total is prefill and decode.
func (g *Generation) Total() law.Share { return g.Prefill.Plus(g.Decode) }

// PerToken is the energy per generated token, that of the prompt included.
func (g *Generation) PerToken() energy.Joules {
	return g.Total().Energy / energy.Joules(g.Batch*g.Tokens)
}

// New compiles the decode step and what reads prompts.
func New(in Input) (*Generator, error) {
	d := in.Decoder
	if d.Batch == "" && d.Size != in.Batch && d.Size > 0 {
		return nil, fmt.Errorf("%s: the file fixes the batch at %d", d.Graph.File, d.Size)
	}
	g := &Generator{in: in}
	if err := g.prepareParts(); err != nil {
		return nil, err
	}
	if err := g.prepareStep(); err != nil {
		return nil, err
	}
	if profile := g.Basis().Profile; profile != in.Target.Options.Profile { // that of the step is that of all graphs
		g.in.Target.Options.Profile = profile
		if err := g.prepareParts(); err != nil {
			return nil, err
		}
	}
	if s, ok := g.program().Law().(law.Server); ok {
		g.serving = s.Sample(float64(in.Batch), float64(g.vocabulary()))
	} else {
		g.experts()
	}
	return g, g.preparePrompts()
}

// prepareStep compiles the decode step, over the cache and what comes from the encoder.
func (g *Generator) prepareStep() error {
	d, in := g.in.Decoder, &g.in
	names := []string{d.Past}
	if d.Source != "" {
		names = append(names, d.Source)
	}
	first := int64(0)
	if !d.Encoder {
		first = in.Prompt
	}
	low, high := g.stepAt(names, first, in.Prompt), g.stepAt(names, first+in.Tokens-1, in.Prompt)
	opts := g.options()
	if d.Sequence != "" {
		opts.Dims[d.Sequence] = 1
	}
	var err error
	points := slices.CompactFunc([][]int64{low, high}, slices.Equal)
	if g.Step, err = sweep.NewGrid(d.Graph, opts, names, points, []predict.Target{in.Target}, graph.TwoMACPlusElementwise); err != nil {
		return err
	}
	g.warn(g.Step.Warnings...)
	if g.Step.Direct != "" {
		g.warn("decode steps are interpolated: " + g.Step.Direct)
	}
	return nil
}

// stepAt are the sizes of the named dims of a decode step: the tokens in the cache, and those of the encoder.
func (g *Generator) stepAt(names []string, past, prompt int64) []int64 {
	return []int64{max(past, 1), g.source(prompt)}[:len(names)]
}

// warn adds warnings, each once.
func (g *Generator) warn(list ...string) {
	for _, w := range list {
		if !slices.Contains(g.Warnings, w) {
			g.Warnings = append(g.Warnings, w)
		}
	}
}

// options are what every run of the decoder shares that reads the cache.
func (g *Generator) options() analysis.Options {
	opts := g.in.Options
	opts.Dims = maps.Clone(opts.Dims)
	if opts.Dims == nil {
		opts.Dims = map[string]int64{}
	}
	opts.Values = g.in.Decoder.Values(opts.Values, true)
	opts.Ties = g.in.Decoder.Ties
	if b := g.in.Decoder.Batch; b != "" {
		opts.Dims[b] = g.in.Batch
	}
	return opts
}

func shareAt(g *sweep.Grid, at []int64) (law.Share, error) {
	var p sweep.Point
	if err := g.At(at, &p); err != nil {
		return law.Share{}, err
	}
	return law.Share{Energy: p.Energy[0], Time: p.Time[0]}, nil
}

// At is what one decode step takes with that many tokens in the cache.
func (g *Generator) At(past, prompt int64) (law.Share, error) {
	s, err := sharesAt(g.stepPasses(past, prompt))
	return law.Share{Energy: s.Energy - g.moe.Energy, Time: s.Time - g.moe.Time}.Plus(g.serving), err
}

// vocabulary is the number of logits that a step makes for each sequence; 0 where the graph makes none.
func (g *Generator) vocabulary() int64 {
	a := g.Step.Open.Analysis
	for _, v := range a.Graph.Main.Outputs {
		if v == nil {
			continue
		}
		shape := a.Inference.Facts[v.ID].Shape
		if n := len(shape); n == 2 || n == 3 {
			if size, ok := shape[n-1].Const(); ok && a.Inference.Facts[v.ID].DType.IsFloat() {
				return size
			}
		}
	}
	return 0
}

// first is the number of tokens in the cache at the first decode step.
func (g *Generator) first(prompt int64) int64 {
	if g.in.Decoder.Encoder {
		return 0
	}
	return prompt
}

// mostDirect is the number of decode steps that are analyzed one by one where there is no closed form.
const mostDirect = 33

// Decode sums the steps that make that many tokens.
func (g *Generator) Decode(prompt, tokens int64) (law.Share, error) {
	if g.Step.Direct != "" && tokens > mostDirect {
		return g.interpolate(prompt, tokens)
	}
	var sum, lost law.Share
	for t := range tokens {
		s, err := g.At(g.first(prompt)+t, prompt)
		if err != nil {
			return law.Share{}, err
		}
		addExactly(&sum, &lost, s)
	}
	return sum, nil
}

// addExactly adds with the error that is lost to rounding kept (Kahan).
func addExactly(sum, lost *law.Share, s law.Share) {
	e := s.Energy - lost.Energy
	next := sum.Energy + e
	lost.Energy = (next - sum.Energy) - e
	sum.Energy = next
	t := s.Time - lost.Time
	later := sum.Time + t
	lost.Time = (later - sum.Time) - t
	sum.Time = later
}

// interpolate takes the steps between a few to lie on lines.
func (g *Generator) interpolate(prompt, tokens int64) (law.Share, error) {
	var sum law.Share
	var before law.Share
	last := int64(0)
	for k := range int64(mostDirect) {
		t := k * (tokens - 1) / (mostDirect - 1)
		s, err := g.At(g.first(prompt)+t, prompt)
		if err != nil {
			return law.Share{}, err
		}
		if k == 0 {
			sum = s
		} else if n := float64(t - last); n > 0 { // steps last+1 … t
			sum.Energy += energy.Joules(n)*(before.Energy+s.Energy)/2 + (s.Energy-before.Energy)/2
			sum.Time += energy.Seconds(n)*(before.Time+s.Time)/2 + (s.Time-before.Time)/2
		}
		before, last = s, t
	}
	return sum, nil
}

// Generate predicts a batch of equal requests.
func (g *Generator) Generate(prompt, tokens int64) (*Generation, error) {
	out := &Generation{Batch: g.in.Batch, Prompt: prompt, Tokens: tokens}
	var err error
	if out.Prefill, err = g.Prefill(prompt); err != nil {
		return nil, err
	}
	out.Decode, err = g.Decode(prompt, tokens)
	return out, err
}

// Interval is the 90 % interval of the energy of the decode step in the middle, as parts of it.
func (g *Generator) Interval(prompt, tokens int64) (low, high float64, err error) {
	at := g.stepAt(g.Step.Open.Names, g.first(prompt)+tokens/2, prompt)
	a, err := g.Step.Bound(at)
	if err != nil {
		return 0, 0, err
	}
	r, err := g.in.Target.Run(a)
	if err != nil {
		return 0, 0, err
	}
	s := r.Modules[a.Tree.Root]
	return float64(s.Low / s.Energy), float64(s.High / s.Energy), nil
}

// Memory is what the last decode step holds, the most of all, beside the weights of encoder and embeddings. Where the runtime keeps the cache in place it holds it
// once, and the graph's own sum holds it twice. False where it is not known.
func (g *Generator) Memory(prompt, tokens int64) (m analysis.Memory, cache int64, ok bool) {
	at := g.stepAt(g.Step.Open.Names, g.first(prompt)+tokens-1, prompt)
	var p sweep.Point
	if err := g.Step.At(at, &p); err != nil || !p.Memory.Known {
		return analysis.Memory{}, 0, false
	}
	a, err := g.Step.Bound(at)
	if err != nil {
		return analysis.Memory{}, 0, false
	}
	cache, ok = a.Eval(g.in.Decoder.CacheBytes(a))
	if ok && g.inPlace() {
		p.Memory.PeakBytes = max(p.Memory.PeakBytes-cache, cache)
	}
	for _, part := range []*sweep.Grid{g.encoder, g.embeddings} {
		if part != nil {
			p.Memory.WeightBytes += part.Open.Example.Memory.WeightBytes
		}
	}
	return p.Memory, cache, ok
}

// inPlace reports whether the runtime writes new keys and values into the cache.
func (g *Generator) inPlace() bool { return g.Basis().Profile == "vllm" }

// Basis is what the predictions rest on.
func (g *Generator) Basis() *predict.Basis { return &g.program().Basis }

// program is the decode step.
func (g *Generator) program() *predict.Program { return g.Step.Programs[0] }
