package law

import (
	"cmp"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

// anySize is where sizes are put that are not constant, to learn which rules a kernel goes by: they are the same at all.
const anySize = 64

// Call writes a kernel's cost as calls of rules, and adds those that the book lacks. The prediction is that of a kernel like
// it, whose sizes may be others: it is not Known where the kernel is not, and says what stands in.
func (b *Rulebook) Call(c *graph.Cost) (RuleCall, Prediction) {
	k := KernelAt(c, func(d graph.Dim) (int64, bool) {
		if v, ok := d.Const(); ok || d.IsUnknown() {
			return v, ok
		}
		return anySize, true
	})
	out := b.law.Kernel(&k)
	if !out.Known {
		return RuleCall{}, out
	}
	var call RuleCall
	switch {
	case k.Attention != nil:
		call.Parts = b.attentionParts(c, &k)
	case k.Experts != nil:
		call.Parts = b.experts(c, &k)
	case len(k.Products) > 0 && k.Op == "":
		call.Parts = b.products(&k, c.Products)
	default:
		call.Parts = b.rows(c, &k)
	}
	call.Run = b.run(&k)
	if k.Attention == nil && k.Experts == nil {
		call.Sizes = worked(c)
	}
	return call, out
}

// worked is a size that is 0 where a kernel has nothing to do; unknown where it always has: see [Kernel.idle].
func worked(c *graph.Cost) graph.Dim {
	sum := c.Read.Add(c.Written).Add(c.MACs)
	if !c.Elements.IsUnknown() {
		sum = sum.Add(c.Elements)
	}
	for _, p := range c.Products {
		sum = sum.Add(p.M)
	}
	if sum.Positive() {
		return graph.Dim{}
	}
	return sum
}

// rows is the rule of an operator that moves bytes: [Overlap.rows].
func (b *Rulebook) rows(c *graph.Cost, k *Kernel) []RulePart {
	m, s := &b.law.machine, &b.law.constants.Row
	op, _ := s.rowOp(k)
	x, _ := b.law.rows(k)
	part := RulePart{Rule: "rows_" + op, Arguments: []graph.Dim{c.Read.Add(c.Written)}}
	r := &Rule{Name: part.Rule, About: "an operator that goes over rows, as " + op + " does: bytes that it moves", Parameters: []string{"bytes"}}
	r.line("floor", "s", "%v", s.Op[op].Floor*referenceClock/m.clock)
	r.line("exponent", "", "%v", x.p)
	r.line("busy", "", "1")
	r.line("hit", "", "1/(1 + pow(bytes/%v, %v))", s.Size*m.l2, s.Steep)
	r.line("memory", "s", "bytes*((1 - hit)/%v + hit/%v)", s.Stream*m.bandwidth, s.L2[m.memory]*m.bandwidth)
	r.line("traffic", "B", "bytes*(1 - hit)")
	if work := s.work(m, op); work > 0 {
		elements := c.Elements
		if elements.IsUnknown() {
			elements = graph.Const(0)
		}
		part.Arguments = append(part.Arguments, elements)
		r.About, r.Parameters = r.About+", and elements", append(r.Parameters, "elements")
		r.line("arithmetic", "s", "%v*elements/%v", work, m.sms*m.clock)
	}
	r.returns()
	b.add(r)
	return []RulePart{part}
}

// experts is the rule of a layer of experts: [Overlap.experts] on one device.
func (b *Rulebook) experts(c *graph.Cost, k *Kernel) []RulePart {
	l, m := b.law, &b.law.machine
	t, _ := l.expertTypeOf(k)
	x := l.experts(k.Experts, &t, false)
	s, e := l.constants.Experts[t.name], c.Experts
	matrices, kind := 2., ""
	if e.Gated {
		matrices, kind = 3, "_gated"
	}
	part := RulePart{"experts_" + strings.ToLower(cmp.Or(k.Quant, k.DType.String())) + kind, []graph.Dim{e.Tokens, e.Hidden, e.Inter, e.TopK, e.Experts}, true}
	r := &Rule{Name: part.Rule, About: "a layer of experts: tokens of hidden elements go through topk of the experts, of inter elements each", Parameters: []string{"tokens", "hidden", "inter", "topk", "experts", "warm"}}
	r.line("exponent", "", "%v", x.p)
	r.line("busy", "", "1")
	b.flopJoules(r, &x)
	r.line("pairs", "", "min(tokens*topk, tokens*min(topk, experts))")
	if _, uneven := k.Experts.imbalance(); uneven {
		r.line("touched", "", "experts*-expm1(-%v*pairs/experts)", s.Meet)
	} else {
		r.line("touched", "", "min(experts, pairs)")
	}
	r.line("elements", "", "%v*hidden*inter", matrices)
	r.line("flops", "FLOP", "2*pairs*elements")
	r.line("arithmetic", "s", "2*(pairs + %v*touched)*elements/%v", s.Pad, s.Tensor*t.peak)
	r.line("weights", "B", "touched*elements*%v", t.weight)
	r.line("memory", "s", "weights/where(min(warm, where(weights < %v, 1, 0)) > 0, %v, %v)", m.l2, l.constants.ExpertL2[m.memory]*m.bandwidth, s.Stream*m.bandwidth)
	r.line("moved", "B", "pairs*2*(2*hidden + %v*inter) + 4*tokens*hidden", 2*matrices-2)
	r.line("traffic", "B", "weights + moved")
	r.line("before", "s", "%v*moved/%v", s.Moved, 0.91*m.bandwidth)
	r.line("floor", "s", "%v + %v*experts + %v*(hidden + inter)", s.Floor, s.PerExpert, s.PerWidth*2e9/m.clock)
	r.returns()
	b.add(r)
	return []RulePart{part}
}

// attentionParts are the projections of a fused attention kernel, and its rule: [Overlap.attentionWaits].
func (b *Rulebook) attentionParts(c *graph.Cost, k *Kernel) []RulePart {
	part := b.attention(c, k)
	n := len(c.Products) - 2
	if n <= 0 {
		return []RulePart{part}
	}
	before := Kernel{Class: "gemm", DType: k.DType, Quant: k.Quant, Products: k.Products[:n]}
	return append(b.products(&before, c.Products[:n]), part)
}

// attention is the rule of fused attention with one query token a sequence, of that with many, or, where that is open, of
// either.
func (b *Rulebook) attention(c *graph.Cost, k *Kernel) RulePart {
	w := &attentionRules{Rulebook: b, a: *k.Attention, t: cmp.Or(c.Attention.DType, k.DType)}
	a := c.Attention
	if window, ok := a.Window.Const(); !a.Window.IsUnknown() && (!ok || window > 0) {
		w.windowed = true
	}
	w.suffix = "_" + w.t.String()
	if a.Cache != w.t {
		w.suffix += "_" + a.Cache.String()
	}
	sizes := []graph.Dim{a.Batch, a.Heads, a.KVHeads, a.HeadDim, a.Query, a.Context}
	if w.windowed {
		sizes = append(sizes, a.Window)
	}
	query, fixed := a.Query.Const()
	cached := w.a.Causal || a.Context.AddInt(-1).Positive() // see [Attention.decodes]
	if fixed && query == 1 && cached {
		return RulePart{w.decode(), sizes, true}
	}
	prefill := w.prefill()
	if fixed && query > 1 || a.Query.AddInt(-1).Positive() || !w.a.Causal && a.Context.Is(1) {
		return RulePart{prefill, sizes, true}
	}
	decode, when := w.decode(), "query == 1"
	if !cached {
		when = "where(context > 1, query, 0) == 1"
	}
	names := w.parameters()
	arguments := "(" + strings.Join(names, ", ") + ")"
	r := &Rule{Name: strings.Replace(prefill, "prefill", "attention", 1), About: "fused attention", Parameters: names, When: when, Then: decode + arguments, Else: prefill + arguments}
	return RulePart{b.add(r), sizes, true}
}

// attentionRules writes the rules of attention in some types.
type attentionRules struct {
	*Rulebook
	a        Attention
	t        graph.DType // of queries
	windowed bool
	suffix   string
}

func (w *attentionRules) parameters() []string {
	names := []string{"batch", "heads", "kv_heads", "head_dim", "query", "context"}
	if w.windowed {
		names = append(names, "window")
	}
	return append(names, "warm")
}

// decode is the rule of [Overlap.decode].
func (w *attentionRules) decode() string {
	m, c, l := &w.law.machine, &w.law.constants.Attention, w.law
	one := w.a
	one.Query = 1
	size := float64(w.t.Bits()) / 8
	x := l.decode(&one, size, false)
	r := &Rule{Name: "decode" + w.suffix, About: "fused attention of one new token a sequence with its cache", Parameters: w.parameters()}
	seen := "context"
	if w.windowed {
		r.Name, seen = r.Name+"_window", "min(context, window)"
	}
	r.line("exponent", "", "%v", x.p)
	w.flopJoules(r, &x)
	r.line("d", "", "16*ceil(head_dim/16)")
	r.line("seen", "", seen)
	r.line("flops", "FLOP", "4*batch*heads*seen*d")
	r.line("elements", "", "2*batch*kv_heads*seen*d")
	r.line("traffic", "B", "elements*%v + %v*batch*heads*d", w.a.CacheBytes, 2*size)
	r.line("units", "", "batch*kv_heads*(1 + seen/%v)", c.Part)
	r.line("busy", "", "min(1, units/%v)", m.sms)
	r.line("hit", "", "where(warm > 0, 1/(1 + pow(traffic/%v, 8)), 0)", 0.95*m.l2)
	r.line("rate", "B/s", "where(warm > 0, %v, %v)", c.Cache*m.bandwidth, c.Cold*m.bandwidth)
	r.line("memory", "s", "traffic*((1 - hit)/rate + hit/%v)*(1 + pow(%v/units, %v))", c.CacheL2[m.memory]*m.bandwidth, m.sms, c.Units)
	r.line("arithmetic", "s", "batch*(kv_heads*where(heads == kv_heads, %v, %v) + heads*%v)/%v", 1000*c.KVHead*c.Single*c.blackwell(m), 1000*c.KVHead*c.blackwell(m), 1000*c.Head*c.blackwell(m), m.sms*m.clock)
	if w.a.CacheBytes < size && m.converts() {
		r.line("latency", "s", "elements/%v", c.Convert*m.sms*m.clock)
	}
	if combine := c.combine(m); combine > 0 {
		r.line("floor", "s", "%v + where(heads > kv_heads, %v, 0)", c.Start[m.memory], combine)
	} else {
		r.line("floor", "s", "%v", c.Start[m.memory])
	}
	r.returns()
	return w.add(r)
}

// prefill is the rule of [Overlap.prefill].
func (w *attentionRules) prefill() string {
	m, c, l := &w.law.machine, &w.law.constants.Attention, w.law
	many := w.a
	many.Query = anySize
	x, _ := l.attention(&many, w.t, false)
	peak := m.peak(w.t.String())
	if w.a.Float8 {
		peak, _ = m.path(energy.Float8)
		peak *= c.Float8[m.memory]
	}
	size, scale := float64(w.t.Bits())/8, c.scale(m)
	r := &Rule{Name: "prefill" + w.suffix, About: "fused attention of many query tokens a sequence", Parameters: w.parameters()}
	pairs := "query*context"
	if w.a.Causal {
		r.Name, r.About = r.Name+"_causal", r.About+", each of which looks at those before it"
		pairs = written("where(query > 1, query*(query + %v)/2 + query*max(0, context - query), query*context)", []float64{diagonal})
	}
	if w.windowed {
		r.Name, pairs = r.Name+"_window", "where(window < context, query*min(context, window), "+pairs+")"
	}
	r.line("exponent", "", "%v", x.p)
	w.flopJoules(r, &x)
	r.line("d", "", "16*ceil(head_dim/16)")
	r.Lines = append(r.Lines, Line{"scores", "batch*heads*(" + pairs + ")", ""})
	r.line("flops", "FLOP", "4*scores*d")
	r.line("score", "s", "norm(4, 4*d/%v, %v, 0, 0)", c.Tensor*peak/m.sms, c.Exp/(m.exponentials()*m.clock))
	r.line("blocks", "", "batch*heads*ceil(query/%v)", diagonal)
	r.line("busy", "", "min(1, blocks/%v)", m.sms)
	work := written("scores*score/%v", []float64{m.sms})
	if c.Tail > 0 {
		work = written("norm(%v, "+work+", %v*context*score, 0, 0)", []float64{c.Tail, diagonal})
	}
	r.Lines = append(r.Lines, Line{"arithmetic", work + written(" + %v*blocks", []float64{c.Block * scale / m.sms}), "s"})
	r.line("queries", "B", "%v*batch*query*heads*d", size)
	r.line("cache", "B", "%v*batch*context*kv_heads*d", 2*size)
	r.line("moved", "B", "2*queries + cache")
	hit := func(name, bytes string) {
		r.Lines = append(r.Lines, Line{name, written("1/(1 + pow("+bytes+"/%v, 2))", []float64{m.l2}), ""})
	}
	streamed := func(name, bytes, hit string) {
		r.Lines = append(r.Lines, Line{name, written(bytes+"*((1 - "+hit+")/%v + "+hit+"/%v)", []float64{c.Stream * m.bandwidth, c.L2[m.memory] * m.bandwidth}), "s"})
	}
	hit("hit", "moved")
	streamed("memory", "moved", "hit")
	if !w.a.Causal {
		r.line("floor", "s", "%v", c.Encoder*scale)
		r.line("traffic", "B", "moved")
	} else {
		r.line("floor", "s", "%v", c.Floor*scale)
		r.line("prepared", "B", "%v*(queries + cache*%v)", c.Prepare, 1+(size-w.a.CacheBytes)/2)
		hit("prepared_hit", "prepared")
		streamed("before", "prepared", "prepared_hit")
		r.line("traffic", "B", "moved + prepared")
	}
	r.returns()
	return w.add(r)
}
