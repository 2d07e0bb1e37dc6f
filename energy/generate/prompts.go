package generate

import (
	"fmt"
	"maps"
	"slices"

	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/energy/sweep"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// pass is one run of a graph at sizes of its open dims.
type pass struct {
	grid *sweep.Grid
	at   []int64
}

// over is a run at the sizes of what open dims the grid has.
func over(grid *sweep.Grid, sizes ...int64) pass {
	return pass{grid, sizes[:len(grid.Open.Names)]}
}

// stepPasses are the runs of one decode step.
func (g *Generator) stepPasses(past, prompt int64) []pass {
	out := []pass{{g.Step, g.stepAt(g.Step.Open.Names, past, prompt)}}
	if g.embeddings != nil {
		out = append(out, over(g.embeddings, 1))
	}
	return out
}

// prefillPasses are the runs that read a batch of prompts, but for what is estimated.
func (g *Generator) prefillPasses(prompt int64) (out []pass) {
	if prompt == 0 {
		return nil
	}
	tokens := prompt
	if g.in.Decoder.Encoder {
		tokens = 1
	}
	if g.encoder != nil {
		out = append(out, over(g.encoder, prompt))
	}
	if g.start != nil {
		out = append(out, over(g.start, g.source(prompt)))
	}
	if g.prompts != nil {
		out = append(out, over(g.prompts, prompt))
	}
	if g.embeddings != nil {
		out = append(out, over(g.embeddings, tokens))
	}
	return out
}

// Prefill is what reading a batch of prompts takes.
func (g *Generator) Prefill(prompt int64) (law.Share, error) {
	sum, err := sharesAt(g.prefillPasses(prompt))
	if err == nil && g.estimate != nil && prompt > 0 {
		sum = sum.Plus(g.estimate.prefill(prompt))
	}
	return sum, err
}

func sharesAt(passes []pass) (sum law.Share, err error) {
	for _, p := range passes {
		s, err := shareAt(p.grid, p.at)
		if err != nil {
			return law.Share{}, err
		}
		sum = sum.Plus(s)
	}
	return sum, nil
}

// prefillKernels predicts the kernels that read a batch of prompts, and says how often each runs; once where times is nil.
func (g *Generator) prefillKernels(prompt int64) (out []predict.Kernel, times []int64) {
	out = kernelsAt(g.prefillPasses(prompt))
	if g.estimate == nil || prompt == 0 {
		return out, nil
	}
	times = slices.Repeat([]int64{1}, len(out))
	kernels, often := g.estimate.kernels(prompt)
	return append(out, kernels...), append(times, often...)
}

// kernelsAt predicts the kernels of runs.
func kernelsAt(passes []pass) (out []predict.Kernel) {
	for _, p := range passes {
		env := p.grid.Open.Env(p.at)
		out = append(out, p.grid.Programs[0].At(func(d graph.Dim) (int64, bool) { return d.Eval(env) }).Kernels...)
	}
	return out
}

// prepareParts compiles the graphs beside the decoder.
func (g *Generator) prepareParts() (err error) {
	if p := g.in.Encoder; p != nil {
		if g.encoder, err = g.reader(p); err != nil {
			return err
		}
		if len(g.encoder.Open.Names) == 0 && g.source(g.in.Prompt) != g.in.Prompt {
			g.warn(fmt.Sprintf("the encoder %s makes %d tokens of whatever it reads: --prompt %d changes nothing", p.File, g.source(g.in.Prompt), g.in.Prompt))
		}
	}
	if p := g.in.Embeddings; p != nil {
		g.embeddings, err = g.reader(p)
	}
	return err
}

// preparePrompts finds how prompts are predicted.
func (g *Generator) preparePrompts() error {
	d := g.in.Decoder
	switch {
	case d.Encoder:
		g.Way = PromptsByEncoder
		if g.encoder == nil {
			g.warn("the encoder is not counted: --encoder FILE gives it")
		}
		return g.prepareStart()
	case g.in.Prompts != nil:
		g.Way = PromptsByFile
		var err error
		g.prompts, err = g.reader(g.in.Prompts)
		return err
	case d.Sequence != "":
		opts := g.uncached()
		var err error
		if g.prompts, err = g.grid(d.Graph, opts, d.Sequence, max(g.in.Prompt, 1)); err == nil {
			g.Way = PromptsByGraph
			return nil
		}
		g.warn("the graph does not take an empty cache: " + err.Error())
	}
	g.Way = PromptsByRows
	var err error
	if d.Batch == "" {
		return fmt.Errorf("%s: a graph of one token and a fixed batch says nothing of prompts: --prefill-model FILE", d.Graph.File)
	}
	g.estimate, err = newPromptEstimate(g)
	return err
}

// uncached are the options of a run of the decoder with an empty cache: of a merged one, of its branch without a cache.
func (g *Generator) uncached() analysis.Options {
	d, opts := g.in.Decoder, g.options()
	opts.Values = d.Values(g.in.Options.Values, false)
	opts.Dims[d.Past] = 0
	if d.Switch == nil {
		return opts
	}
	if size := d.Uncached(); !size.Is(0) {
		delete(opts.Dims, d.Past)
		opts.Ties = maps.Clone(opts.Ties)
		opts.Ties[d.Past] = size
	}
	return opts
}

// dimsOf are the dims of the options that a graph beside the decoder has.
func (g *Generator) dimsOf(p *graph.Graph) map[string]int64 {
	out := map[string]int64{}
	for name, n := range g.in.PartDims {
		if _, _, err := analysis.Resolve(p, name); err == nil {
			out[name] = n
		}
	}
	return out
}

// prepareStart compiles the decoder's first run behind an encoder, which fills the cache of the encoder's keys and values:
// the branch of a merged decoder that does so, or another export. Without either it is not counted.
func (g *Generator) prepareStart() (err error) {
	d, opts := g.in.Decoder, g.options()
	switch {
	case g.in.Prompts != nil:
		if d, err = analysis.FindReader(g.in.Prompts); err != nil {
			return err
		}
		opts.Dims, opts.Values, opts.Ties = g.dimsOf(d.Graph), valuesOf(d.Graph, g.in.Options.Values), d.Ties
		if d.Batch != "" {
			opts.Dims[d.Batch] = g.in.Batch
		}
	case d.Switch != nil:
		opts = g.uncached()
	default:
		return nil
	}
	if d.Sequence != "" {
		opts.Dims[d.Sequence] = 1
	}
	g.start, err = g.grid(d.Graph, opts, d.Source, g.source(g.in.Prompt))
	return err
}

// source is how many tokens the encoder makes of a prompt: as many as it has, where no encoder tells.
func (g *Generator) source(prompt int64) int64 {
	prompt = max(prompt, 1)
	if g.encoder == nil {
		return prompt
	}
	open := g.encoder.Open
	env := open.Env([]int64{prompt}[:len(open.Names)])
	for _, of := range []struct{ rank, axis int }{{3, 1}, {4, 2}} { // hidden states, else keys and values of the decoder's heads
		for _, v := range open.Graph.Main.Outputs {
			if v == nil || len(open.Inference.Facts[v.ID].Shape) != of.rank {
				continue
			}
			if n, ok := open.Inference.Facts[v.ID].Shape[of.axis].Eval(env); ok {
				return max(n, 1)
			}
		}
	}
	return prompt
}

// reader compiles a graph that reads prompts, or tokens, over their length. Dims that the graph's equalities fix are
// theirs; where the length is fixed, or the prompt is not of a length that the graph takes, no dim is left open.
func (g *Generator) reader(p *graph.Graph) (*sweep.Grid, error) {
	opts := analysis.Options{Dims: g.dimsOf(p), Values: valuesOf(p, g.in.Options.Values), As: g.in.Options.As}
	var lengths []string
	for _, name := range analysis.Declared(p) {
		if _, given := opts.Dims[name]; given {
			continue
		}
		if analysis.IsBatch(p, name) {
			opts.Dims[name] = g.in.Batch
		} else if isLength(p, name) {
			lengths = append(lengths, name)
		}
	}
	open := opts
	open.Symbolic = true
	a, err := analysis.Run(p, open)
	if err != nil {
		return nil, err
	}
	lengths = slices.DeleteFunc(lengths, func(name string) bool { _, fixed := a.Inference.Solved[name].Const(); return fixed })
	length := ""
	if len(lengths) > 0 {
		length = lengths[0] // the graph's equalities give the others
	}
	if d, err := analysis.FindReader(p); err == nil && slices.Contains(lengths, d.Sequence) {
		length = d.Sequence
	}
	out, err := g.grid(p, opts, length, max(g.in.Prompt, 1))
	if length != "" && (err != nil || len(out.Open.Example.Inference.Conflicts) > 0) {
		if own, e := g.grid(p, opts, "", 0); e == nil && len(own.Open.Example.Inference.Conflicts) == 0 {
			out, err = own, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.File, err)
	}
	g.warn(out.Warnings...)
	return out, nil
}

// isLength reports whether a dim may count tokens, or frames of sound: one of ids, or of features in a row. Those of
// images and of samples of sound are no lengths of prompts.
func isLength(p *graph.Graph, name string) bool {
	return slices.ContainsFunc(p.Main.Inputs, func(v *graph.Value) bool {
		shape := v.Type.Shape
		return (len(shape) == 3 || len(shape) < 3 && v.Type.DType.IsInt()) && slices.ContainsFunc(shape, func(x graph.Dim) bool { return slices.Contains(x.Symbols(), name) })
	})
}

// valuesOf are the elements of those inputs that a graph has.
func valuesOf(p *graph.Graph, values map[string][]float64) map[string][]float64 {
	out := map[string][]float64{}
	for _, v := range p.Main.Inputs {
		if list, ok := values[v.Name]; ok {
			out[v.Name] = list
		}
	}
	return out
}

// grid compiles a graph with one dim open, or none where its name is "", and holds it at a size.
func (g *Generator) grid(p *graph.Graph, opts analysis.Options, name string, size int64) (*sweep.Grid, error) {
	names, at := []string{name}, []int64{size}
	if name == "" {
		names, at = nil, nil
	}
	return sweep.NewGrid(p, opts, names, [][]int64{at}, []predict.Target{g.in.Target}, graph.TwoMACPlusElementwise)
}
