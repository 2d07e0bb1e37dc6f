package generate

import (
	"maps"
	"slices"

	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/kernel"
)

// rowEstimate predicts prompts from a graph of one new token: a row for each token of the prompt in place of a row for
// each sequence. Attention is corrected, since the tokens of a sequence share their keys and values.
type rowEstimate struct {
	d      *analysis.Decoder
	a      *analysis.Analysis // in open batch and past
	p      *law.Additive
	plan   *kernel.Plan
	batch  int64
	causal bool // attention skips what the mask hides
	parts  []rowKernel
}

// rowKernel is what of a kernel does not grow like its rows.
type rowKernel struct {
	last   bool          // of the last token alone: the logits
	grows  bool          // with the tokens in the cache
	scores []graph.Shape // values that hold an element for each pair of tokens
	sizes  []graph.DType // of their elements
}

func newRowEstimate(g *Generator) (*rowEstimate, error) {
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
	r := &rowEstimate{d: d, a: open.Analysis, batch: g.in.Batch, causal: g.inPlace()}
	b, _, err := predict.Prepare(r.a, g.in.Target.Coefficients, g.in.Target.Device, g.in.Target.Options)
	if err != nil {
		return nil, err
	}
	r.p, r.plan = b.Additive, b.Plan
	caches, logits := r.cacheLike(), r.logits()
	for i := range r.plan.Kernels {
		k := &r.plan.Kernels[i]
		part := rowKernel{last: logits[k.Node]}
		for _, e := range append([]graph.Dim{k.Cost.Read, k.Cost.Written, k.Cost.MACs}, k.Cost.Elementwise) {
			part.grows = part.grows || slices.Contains(e.Symbols(), d.Past)
		}
		for _, v := range outer(k) {
			f := &r.a.Inference.Facts[v.ID]
			if !caches[v] && slices.ContainsFunc(f.Shape, func(x graph.Dim) bool { return slices.Contains(x.Symbols(), d.Past) }) {
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
func (r *rowEstimate) cacheLike() map[*graph.Value]bool {
	out := map[*graph.Value]bool{}
	for _, v := range r.d.Caches {
		out[v] = true
	}
	for _, n := range r.a.Graph.Nodes {
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
func (r *rowEstimate) logits() map[*graph.Node]bool {
	out := map[*graph.Node]bool{}
	for _, v := range r.a.Graph.Main.Outputs {
		if v == nil || len(r.a.Inference.Facts[v.ID].Shape) > 3 {
			continue
		}
		for n := v.Producer; n != nil && !out[n]; {
			out[n] = true
			if r.a.Costs[n.ID].Class == "gemm" || n.Input(0) == nil {
				break
			}
			n = n.Input(0).Producer
		}
	}
	return out
}

// kernel is a kernel with numbers for its cost at a batch of prompts.
func (r *rowEstimate) kernel(i int, prompt int64) kernel.Kernel {
	rows := r.batch * prompt
	if r.parts[i].last {
		rows, prompt = r.batch, 1
	}
	return r.at(&r.plan.Kernels[i], &r.parts[i], rows, prompt)
}

// prefill predicts a batch of prompts.
func (r *rowEstimate) prefill(prompt int64) law.Share {
	var sum law.Share
	rows := r.batch * prompt
	for i := range r.plan.Kernels {
		c := r.kernel(i, prompt)
		f := r.p.Machine.Features(&c, func(d graph.Dim) (int64, bool) { return d.Const() })
		pr := r.p.Predict(&f)
		sum = sum.Plus(law.Share{Energy: pr.Energy, Time: pr.Time})
	}
	for _, n := range r.plan.Calls {
		if bytes, ok := r.eval(rows, 0)(r.a.Inference.Facts[n.Outputs[0].ID].Bytes()); ok {
			j, s := r.p.Host(r.p.Machine.Host(2 * float64(bytes)))
			sum = sum.Plus(law.Share{Energy: j, Time: s})
		}
	}
	return sum
}

// eval evaluates expressions at that many rows and tokens in the cache.
func (r *rowEstimate) eval(rows, past int64) func(graph.Dim) (int64, bool) {
	dims := maps.Clone(r.a.Dims)
	dims[r.d.Batch], dims[r.d.Past] = rows, past
	return func(d graph.Dim) (int64, bool) {
		return d.Eval(func(name string) (int64, bool) { v, ok := dims[name]; return v, ok })
	}
}

// at is a kernel with numbers for its cost. Where it grows with the cache, keys and values count once for each token and
// scores once for each pair.
func (r *rowEstimate) at(k *kernel.Kernel, part *rowKernel, rows, prompt int64) kernel.Kernel {
	out := *k
	first, all := r.eval(rows, 0), r.eval(rows, prompt-1)
	length := prompt
	if r.causal {
		length = (prompt + 1) / 2
	}
	number := func(eval func(graph.Dim) (int64, bool), d graph.Dim) graph.Dim {
		v, ok := eval(d)
		out.Cost.Known = out.Cost.Known && ok
		return graph.Const(v)
	}
	out.Cost.Read, out.Cost.Written, out.Cost.Elementwise = number(first, k.Cost.Read), number(first, k.Cost.Written), graph.Const(0)
	for i, s := range part.scores {
		pairs, once := number(all, s.Elements()), number(first, s.Elements())
		bits := int64(part.sizes[i].Bits())
		out.Cost.Read = out.Cost.Read.Add(pairs.Sub(once).MulInt(bits).FloorDiv(graph.Const(8)))
	}
	out.Cost.Products = nil
	macs := graph.Const(0)
	for _, p := range k.Cost.Products {
		q := graph.Product{Batch: number(first, p.Batch), M: number(first, p.M), N: number(first, p.N), K: number(first, p.K), Weight: p.Weight, TransB: p.TransB}
		if grows := func(d graph.Dim) bool { return slices.Contains(d.Symbols(), r.d.Past) }; grows(p.N) || grows(p.K) {
			one := r.eval(rows/prompt, length-1)
			q = graph.Product{Batch: number(one, p.Batch), M: number(one, p.M).MulInt(prompt), N: number(one, p.N), K: number(one, p.K), TransB: p.TransB}
		}
		macs = macs.Add(q.MACs())
		out.Cost.Products = append(out.Cost.Products, q)
	}
	out.Cost.MACs = macs
	if len(k.Cost.Products) == 0 {
		out.Cost.MACs = number(first, k.Cost.MACs)
	}
	return out
}
