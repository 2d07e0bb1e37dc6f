package generate

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/energy/sweep"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// Input says what generates text, and on what.
type Input struct {
	Decoder *analysis.Decoder
	Options analysis.Options // dims that are no part of generation, and values of inputs
	Prompts *graph.Graph     // the graph that reads prompts, where it is another file: a decoder's, or an encoder
	Target  predict.Target
	Batch   int64
	// Prompt and Tokens are the lengths that closed forms are checked at.
	Prompt, Tokens int64
}

// The ways in which prompts are predicted.
const (
	PromptsByGraph   = "graph"     // the decoder itself, with an empty cache
	PromptsByFile    = "file"      // another graph
	PromptsByRows    = "estimated" // the decode step at a row per token, attention corrected
	PromptsByEncoder = "encoder"   // another graph, which runs once; the decoder begins with an empty cache
)

// Generator predicts generation at one batch size.
type Generator struct {
	Way      string      // one of the PromptsBy… constants
	Step     *sweep.Grid // one decode step, over the tokens in the cache and, where there is an encoder, its tokens
	Warnings []string

	in       Input
	moe      law.Share   // what even routing to experts takes less than Step says
	serving  law.Share   // what a server does around a step beside the kernels of the graph
	prompts  *sweep.Grid // over the tokens of a prompt; nil for PromptsByRows
	estimate *promptEstimate
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
	names, low, high := []string{d.Past}, []int64{max(in.Prompt, 1)}, []int64{max(in.Prompt+in.Tokens-1, 1)}
	if d.Source != "" {
		names, low, high = append(names, d.Source), []int64{1, max(in.Prompt, 1)}, []int64{max(in.Tokens-1, 1), max(in.Prompt, 1)}
	}
	opts := g.options()
	if d.Sequence != "" {
		opts.Dims[d.Sequence] = 1
	}
	var err error
	points := slices.CompactFunc([][]int64{low, high}, slices.Equal)
	if g.Step, err = sweep.NewGrid(d.Graph, opts, names, points, []predict.Target{in.Target}, graph.TwoMACPlusElementwise); err != nil {
		return nil, err
	}
	g.Warnings = slices.Clone(g.Step.Warnings)
	if g.Step.Direct != "" {
		g.Warnings = append(g.Warnings, "decode steps are interpolated: "+g.Step.Direct)
	}
	if s, ok := g.program().Law().(law.Server); ok {
		g.serving = s.Sample(float64(in.Batch), float64(g.vocabulary()))
	} else {
		g.experts()
	}
	return g, g.preparePrompts()
}

// options are the dims that every graph of the generation shares.
func (g *Generator) options() analysis.Options {
	opts := g.in.Options
	opts.Dims = maps.Clone(opts.Dims)
	if opts.Dims == nil {
		opts.Dims = map[string]int64{}
	}
	opts.Ties = g.in.Decoder.Ties
	if b := g.in.Decoder.Batch; b != "" {
		opts.Dims[b] = g.in.Batch
	}
	return opts
}

// preparePrompts finds how prompts are predicted.
func (g *Generator) preparePrompts() error {
	d := g.in.Decoder
	switch {
	case g.in.Prompts != nil:
		g.Way = PromptsByFile
		if d.Source != "" {
			g.Way = PromptsByEncoder
		}
		return g.promptFile()
	case d.Source != "":
		g.Way = PromptsByEncoder
		g.Warnings = append(g.Warnings, "the encoder is not counted: --encoder FILE gives it")
		return nil
	case d.Sequence != "":
		opts := g.options()
		opts.Dims[d.Past] = 0
		at := [][]int64{{max(g.in.Prompt, 1)}}
		var err error
		if g.prompts, err = sweep.NewGrid(d.Graph, opts, []string{d.Sequence}, at, []predict.Target{g.in.Target}, graph.TwoMACPlusElementwise); err == nil {
			g.Way = PromptsByGraph
			return nil
		}
		g.Warnings = append(g.Warnings, "the graph does not take an empty cache: "+err.Error())
	}
	g.Way = PromptsByRows
	var err error
	if d.Batch == "" {
		return fmt.Errorf("%s: a graph of one token and a fixed batch says nothing of prompts: --prefill-model FILE", d.Graph.File)
	}
	g.estimate, err = newPromptEstimate(g)
	return err
}

// promptFile compiles the graph that reads prompts, over their length.
func (g *Generator) promptFile() error {
	p := g.in.Prompts
	opts := analysis.Options{Dims: map[string]int64{}, Values: g.in.Options.Values, As: g.in.Options.As}
	var lengths []string
	for _, name := range analysis.Declared(p) {
		if analysis.IsBatch(p, name) {
			opts.Dims[name] = g.in.Batch
		} else {
			lengths = append(lengths, name)
		}
	}
	if len(lengths) > 1 {
		lengths = lengths[:1] // the graph's equalities give the others
	}
	at := make([]int64, len(lengths))
	for i := range at {
		at[i] = max(g.in.Prompt, 1)
	}
	var err error
	g.prompts, err = sweep.NewGrid(p, opts, lengths, [][]int64{at}, []predict.Target{g.in.Target}, graph.TwoMACPlusElementwise)
	if err != nil {
		return fmt.Errorf("%s: %w", p.File, err)
	}
	for _, w := range g.prompts.Warnings {
		if !slices.Contains(g.Warnings, w) {
			g.Warnings = append(g.Warnings, w)
		}
	}
	return nil
}

// Prefill is what reading a batch of prompts takes.
func (g *Generator) Prefill(prompt int64) (law.Share, error) {
	if prompt == 0 || (g.prompts == nil && g.estimate == nil) {
		return law.Share{}, nil
	}
	if g.estimate != nil {
		return g.estimate.prefill(prompt), nil
	}
	at := []int64{prompt}[:len(g.prompts.Open.Names)]
	return shareAt(g.prompts, at)
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
	at := []int64{max(past, 1), max(prompt, 1)}[:len(g.Step.Open.Names)]
	s, err := shareAt(g.Step, at)
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
	if g.Way == PromptsByEncoder {
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
	at := []int64{max(g.first(prompt)+tokens/2, 1), max(prompt, 1)}[:len(g.Step.Open.Names)]
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

// Memory is what the last decode step holds, the most of all. Where the runtime keeps the cache in place it holds it
// once, and the graph's own sum holds it twice. False where it is not known.
func (g *Generator) Memory(prompt, tokens int64) (m analysis.Memory, cache int64, ok bool) {
	at := []int64{max(g.first(prompt)+tokens-1, 1), max(prompt, 1)}[:len(g.Step.Open.Names)]
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
	return p.Memory, cache, ok
}

// inPlace reports whether the runtime writes new keys and values into the cache.
func (g *Generator) inPlace() bool { return g.Basis().Profile == "vllm" }

// Basis is what the predictions rest on.
func (g *Generator) Basis() *predict.Basis { return &g.program().Basis }

// program is the decode step.
func (g *Generator) program() *predict.Program { return g.Step.Programs[0] }

// experts finds what mixtures of experts read less than their costs say by additive laws, which count as many experts as the tokens can
// touch: of E experts, n tokens that go through k each touch E·(1 - (1 - k/E)^n) on average where every expert is as
// likely as any other.
func (g *Generator) experts() {
	a := g.Step.Open.Analysis
	for i := range g.program().Steps {
		k := &g.program().Steps[i]
		if k.Cost.Class != "moe" || len(k.Cost.Products) == 0 || k.Node.Input(2) == nil {
			continue
		}
		active, ok := a.Eval(k.Cost.Products[0].M)
		shape := a.Inference.Facts[k.Node.Input(2).ID].Shape
		if !ok || len(shape) == 0 {
			continue
		}
		n, ok := shape[0].Const()
		per := max(k.Node.Int("k", 1), 1)
		if !ok || per >= n {
			continue
		}
		all := float64(n)
		touched := all * (1 - math.Pow(1-float64(per)/all, float64(active/per)))
		less := (min(all, float64(active)) - touched) * expertBytes(a, k.Node, n)
		pr := g.program().Law().Kernel(&law.Kernel{Class: k.Cost.Class, DType: k.Cost.DType, Known: true, Bytes: less})
		g.moe = g.moe.Plus(pr.Causes[law.Memory])
	}
}

// expertBytes is what one of n experts stores.
func expertBytes(a *analysis.Analysis, node *graph.Node, n int64) float64 {
	sum := 0.0
	for i, v := range node.Inputs {
		if v == nil || i < 2 {
			continue
		}
		f := &a.Inference.Facts[v.ID]
		if bytes, ok := f.Bytes().Const(); ok && len(f.Shape) > 1 && f.Shape[0].Is(n) {
			sum += float64(bytes) / float64(n)
		}
	}
	return sum
}

// Work is what the kernels of one class do.
type Work struct {
	Class   string         `json:"class"`    // of the energy model
	DType   string         `json:"dtype"`    // element type
	Kernels int            `json:"kernels"`  // that the device runs
	FLOPs   float64        `json:"flops"`    // floating-point operations, two a multiply-accumulate
	Bytes   float64        `json:"bytes"`    // read and written
	Energy  energy.Joules  `json:"energy_j"` // joules
	Time    energy.Seconds `json:"time_s"`   // seconds
}

// Work parts one decode step, with that many tokens in the cache, by class, and a batch of prompts likewise. It leaves
// out what even routing to experts saves.
func (g *Generator) Work(past, prompt int64) (step, prefill []Work) {
	step = workOf(kernelsAt(g.Step, []int64{max(past, 1), max(prompt, 1)}), nil)
	if s := g.serving; s.Time > 0 {
		step = append(step, Work{Class: "sampling", DType: graph.Float32.String(), Energy: s.Energy, Time: s.Time})
	}
	switch {
	case prompt == 0:
	case g.estimate != nil:
		prefill = workOf(g.estimate.kernels(prompt))
	case g.prompts != nil:
		prefill = workOf(kernelsAt(g.prompts, []int64{prompt}), nil)
	}
	return step, prefill
}

// kernelsAt predicts the kernels of a grid's graph at sizes of its open dims, of which there may be fewer.
func kernelsAt(g *sweep.Grid, values []int64) []predict.Kernel {
	env := g.Open.Env(values[:len(g.Open.Names)])
	return g.Programs[0].At(func(d graph.Dim) (int64, bool) { return d.Eval(env) }).Kernels
}

// workOf adds kernels by class and type, each so many times, once where that is nil; in the order of energy, the largest
// first.
func workOf(kernels []predict.Kernel, times []int64) []Work {
	sums := map[coefficients.Key]*Work{}
	for i := range kernels {
		k := &kernels[i]
		if k.IsCall() || !k.Known {
			continue
		}
		key := coefficients.Key{Class: k.Class, DType: k.DType}
		sum := sums[key]
		if sum == nil {
			sum = &Work{Class: k.Class, DType: k.DType.String()}
			sums[key] = sum
		}
		n := int64(1)
		if times != nil {
			n = times[i]
		}
		sum.FLOPs += k.FLOPs() * float64(n)
		sum.Bytes += k.Sizes.Bytes * float64(n)
		sum.Kernels += int(n)
		sum.Energy += k.Energy * energy.Joules(n)
		sum.Time += k.Time * energy.Seconds(n)
	}
	var out []Work
	for _, key := range slices.SortedFunc(maps.Keys(sums), coefficients.CompareKeys) {
		out = append(out, *sums[key])
	}
	slices.SortStableFunc(out, func(a, b Work) int { return cmp.Compare(b.Energy, a.Energy) })
	return out
}
