package generate

import (
	"maps"
	"math"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/kernel"
)

// promptEstimate predicts prompts from a graph of one new token: a row for each token of the prompt in place of a row for
// each sequence. Attention is corrected, since the tokens of a sequence share their keys and values.
type promptEstimate struct {
	*predict.Program // in open batch and past
	d                *analysis.Decoder
	batch            int64
	causal           bool           // attention skips what the mask hides
	parts            []promptKernel // by step
}

// promptKernel is what of a kernel does not grow like its rows.
type promptKernel struct {
	last   bool          // of the last token alone: the logits
	scores []graph.Shape // values that hold an element for each pair of tokens
	sizes  []graph.DType // of their elements
}

func newPromptEstimate(g *Generator) (*promptEstimate, error) {
	d := g.in.Decoder
	opts := g.options()
	delete(opts.Dims, d.Batch)
	if d.Sequence != "" {
		opts.Dims[d.Sequence] = 1
	}
	names, example := []string{d.Batch, d.Past}, []int64{g.in.Batch, max(g.in.Prompt, 1)}
	open, err := analysis.NewOpen(d.Graph, opts, names, example)
	if err != nil {
		return nil, err
	}
	r := &promptEstimate{d: d, batch: g.in.Batch, causal: g.inPlace()}
	if r.Program, err = g.in.Target.Bind(open.Analysis); err != nil {
		return nil, err
	}
	caches, logits := r.cacheLike(), r.logits()
	for i := range r.Steps {
		k := &r.Steps[i]
		part := promptKernel{last: logits[k.Node]}
		for _, v := range outer(k.Kernel) {
			f := &r.Analysis.Inference.Facts[v.ID]
			if !caches[v] && slices.ContainsFunc(f.Shape, r.grows) {
				part.scores, part.sizes = append(part.scores, f.Shape), append(part.sizes, f.DType)
			}
		}
		r.parts = append(r.parts, part)
	}
	return r, nil
}

// outer lists the values that a kernel reads from others and writes for others.
func outer(k *kernel.Kernel) []*graph.Value {
	var out []*graph.Value
	for _, n := range k.Members {
		for _, v := range n.Inputs {
			if v != nil && (v.Producer == nil || !slices.Contains(k.Members, v.Producer)) && !slices.Contains(k.Unread, v) && !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
		for _, v := range n.Outputs {
			if v != nil && (v.IsOutput || slices.ContainsFunc(v.Consumers, func(u graph.Use) bool { return !slices.Contains(k.Members, u.Node) })) {
				out = append(out, v)
			}
		}
	}
	return out
}

// carries lists the operators whose outputs hold keys and values where an input does.
var carries = []string{
	"Concat", "Reshape", "Transpose", "Expand", "Unsqueeze", "Squeeze", "Cast", "Slice", "Identity", "Split", "Tile", "Gather",
	"ScatterND", "ScatterElements", "DequantizeLinear", "QuantizeLinear", "Mul", "Div", "Flatten",
}

// cacheLike finds the values that hold keys and values of all tokens.
func (r *promptEstimate) cacheLike() map[*graph.Value]bool {
	out := map[*graph.Value]bool{}
	for _, v := range r.d.CachesOf(r.Analysis) {
		out[v] = true
	}
	for _, n := range r.Analysis.Graph.Nodes {
		if n.Domain != "" || !slices.Contains(carries, n.Op) || !slices.ContainsFunc(n.Inputs, func(v *graph.Value) bool { return out[v] }) {
			continue
		}
		for _, v := range n.Outputs {
			out[v] = true
		}
	}
	return out
}

// logits finds the nodes that make the graph's outputs from the last hidden states: of a prompt only the last token's
// are needed. They are the products that outputs without a cache length come from, and what stands between.
func (r *promptEstimate) logits() map[*graph.Node]bool {
	out := map[*graph.Node]bool{}
	for _, v := range r.Analysis.Graph.Main.Outputs {
		if v == nil || len(r.Analysis.Inference.Facts[v.ID].Shape) > 3 {
			continue
		}
		for n := v.Producer; n != nil && !out[n]; {
			out[n] = true
			if r.Analysis.Costs[n.ID].Class == "gemm" || n.Input(0) == nil {
				break
			}
			n = n.Input(0).Producer
		}
	}
	return out
}

// chunkTokens is how many tokens of prompts a server reads in one pass: vLLM's default of max_num_batched_tokens for an API
// server on GPUs of 70 GiB and more, https://docs.vllm.ai/en/stable/configuration/optimization.html
const chunkTokens = 8192

// chunk is so many equal passes over a part of the prompts: of so many sequences so many tokens each, after those that were
// read before.
type chunk struct{ passes, sequences, tokens, before int64 }

// chunks are the passes that read a batch of prompts: one, or as many as a server takes.
func (r *promptEstimate) chunks(prompt int64) (out []chunk) {
	if !r.causal || r.batch*prompt <= chunkTokens {
		return []chunk{{1, r.batch, prompt, 0}}
	}
	for at := int64(0); prompt > chunkTokens && at < prompt; at += chunkTokens {
		out = append(out, chunk{r.batch, 1, min(chunkTokens, prompt-at), at})
	}
	if len(out) > 0 {
		return out
	}
	each := chunkTokens / prompt
	out = append(out, chunk{r.batch / each, each, prompt, 0})
	if rest := r.batch % each; rest > 0 {
		out = append(out, chunk{1, rest, prompt, 0})
	}
	return out
}

// kernels predicts the kernels of all passes over a batch of prompts, and says how often each of them runs.
func (r *promptEstimate) kernels(prompt int64) (out []predict.Kernel, times []int64) {
	for _, c := range r.chunks(prompt) {
		kernels := r.pass(c)
		out = append(out, kernels...)
		times = append(times, slices.Repeat([]int64{c.passes}, len(kernels))...)
	}
	return out, times
}

// pass predicts the kernels of one pass.
func (r *promptEstimate) pass(c chunk) []predict.Kernel {
	rows := r.eval(c.sequences*c.tokens, 0)
	return r.Predict(func(i int) law.Kernel {
		if s := &r.Steps[i]; s.IsCall() {
			return s.At(rows)
		}
		return r.sizes(i, c)
	})
}

// prefill predicts a batch of prompts.
func (r *promptEstimate) prefill(prompt int64) (kernels law.Share) {
	var calls []law.Share
	list, times := r.kernels(prompt)
	for i, k := range list {
		n := float64(times[i])
		if s := (law.Share{Energy: k.Energy * energy.Joules(n), Time: k.Time * energy.Seconds(n)}); k.IsCall() {
			calls = append(calls, s)
		} else {
			kernels = kernels.Plus(s)
		}
	}
	for _, s := range calls {
		kernels = kernels.Plus(s)
	}
	return kernels
}

// eval evaluates expressions at that many rows and tokens in the cache.
func (r *promptEstimate) eval(rows, past int64) func(graph.Dim) (int64, bool) {
	dims := maps.Clone(r.Analysis.Dims)
	dims[r.d.Batch], dims[r.d.Past] = rows, past
	return func(d graph.Dim) (int64, bool) {
		return d.Eval(func(name string) (int64, bool) { v, ok := dims[name]; return v, ok })
	}
}

// sizes are those of a kernel in a pass over prompts. Where it grows with the cache, keys and values count once for each
// token and scores once for each pair.
func (r *promptEstimate) sizes(i int, c chunk) law.Kernel {
	cost, part := r.Steps[i].Cost, &r.parts[i]
	rows, prompt := c.sequences*c.tokens, c.tokens
	if part.last {
		rows, prompt = c.sequences, 1
	}
	length := prompt
	if r.causal {
		length = (prompt + 1) / 2
	}
	k := law.Kernel{Class: cost.Class, DType: cost.DType, Known: cost.Known}
	number := func(eval func(graph.Dim) (int64, bool), d graph.Dim) float64 {
		v, ok := eval(d)
		k.Known = k.Known && ok
		return float64(v)
	}
	first, all, one := r.eval(rows, 0), r.eval(rows, prompt-1), r.eval(rows/prompt, length-1)
	k.Bytes = number(first, cost.Read) + number(first, cost.Written)
	for i, s := range part.scores {
		pairs := number(all, s.Elements()) - number(first, s.Elements())
		k.Bytes += math.Floor(pairs * float64(part.sizes[i].Bits()) / 8)
	}
	for _, p := range cost.Products {
		at, times := first, int64(1)
		if r.grows(p.N) || r.grows(p.K) {
			at, times = one, prompt
		}
		q := law.Product{Batch: number(at, p.Batch), M: number(at, p.M) * float64(times), N: number(at, p.N), K: number(at, p.K)}
		k.MACs += q.Batch * q.M * q.N * q.K
		k.Products = append(k.Products, q)
	}
	if len(cost.Products) == 0 {
		k.MACs = number(first, cost.MACs)
	}
	if a := cost.Attention; a != nil {
		per := r.eval(1, 0)
		k.Attention = &law.Attention{
			Batch: float64(c.sequences), Heads: number(per, a.Heads.Mul(a.Batch)), KVHeads: number(per, a.KVHeads.Mul(a.Batch)), HeadDim: number(per, a.HeadDim),
			Query: float64(c.tokens), Context: float64(c.before + c.tokens), Causal: true, DType: a.DType, CacheBytes: float64(a.Cache.Bits()) / 8,
		}
		if w, ok := a.Window.Const(); ok && float64(w) < k.Attention.Context {
			k.Attention.Window = float64(w)
		}
	}
	if e := cost.Experts; e != nil {
		at := law.KernelAt(cost, first)
		k.Experts = at.Experts
	}
	k.Op, k.Quant = cost.Row, cost.Quant
	if n, ok := first(cost.Elements); ok {
		k.Elements = float64(n)
	}
	return k
}

// grows reports whether a size grows with the tokens in the cache.
func (r *promptEstimate) grows(d graph.Dim) bool { return slices.Contains(d.Symbols(), r.d.Past) }
