package law

import (
	"fmt"
	"math"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

// Attention is one fused attention kernel: batch sequences of Query tokens that look at Context tokens.
type Attention struct {
	Batch, Heads, KVHeads, HeadDim float64
	Query, Context                 float64     // tokens
	Window                         float64     // tokens that each looks back at most; 0: all
	Causal                         bool        // tokens look at those before them only
	DType                          graph.DType // element type of queries; undefined: the kernel's
	CacheBytes                     float64     // of an element of keys and values
	Float8                         bool        // computes in 8 bits
}

// decodes says that one token a sequence looks at its cache.
func (a *Attention) decodes() bool { return a.Query == 1 }

// Pairs is how many scores a head has.
func (a *Attention) Pairs() float64 {
	context := a.Context
	if a.Window > 0 {
		context = math.Min(context, a.Window)
	}
	if a.Causal && a.Query > 1 && a.Window == 0 {
		return a.Query*(a.Query+diagonal)/2 + a.Query*math.Max(0, a.Context-a.Query)
	}
	return a.Query * context
}

// diagonal is the width of the blocks on the diagonal, which causal kernels compute whole.
const diagonal = 128

// AttentionConstants are those of fused attention.
type AttentionConstants struct {
	// Of more than one query token.
	Tensor  float64                 // share of the tensor cores' peak
	Exp     float64                 // clocks of a multiprocessor for 16 exponentials, and what is around them
	Tail    float64                 // exponent of the mean block and the longest one; 0: the mean alone
	Block   float64                 // s a block of 128 queries, on stacked memory
	Stream  float64                 // share of the bandwidth
	L2      [numMemoryKinds]float64 // bandwidth of the L2 cache, of the memory's
	Prepare float64                 // passes over q, k and v before a causal kernel: split, rotation, writing the cache
	Floor   float64                 // s, causal, on stacked memory
	Encoder float64                 // s, not causal, on stacked memory
	GDDR    float64                 // factor on floors and blocks of boards with GDDR, which clock higher
	Float8  [numMemoryKinds]float64 // share of the peak in 8 bits, beside that of 16
	// Of one query token.
	Cache    float64                 // share of the bandwidth, of a cache that a measuring loop replays
	Cold     float64                 // share of the bandwidth, of a model's cache in pages
	Units    float64                 // exponent of multiprocessors over units of work
	Part     float64                 // tokens of the cache that make a unit
	KVHead   float64                 // thousand clocks a sequence and head of the cache
	Head     float64                 // thousand clocks a sequence and head of the query
	Single   float64                 // factor on KVHead where each head has a cache of its own
	Tensor10 float64                 // factor on both on data-centre Blackwell
	CacheL2  [numMemoryKinds]float64 // bandwidth of the L2 cache, of the memory's
	Start    [numMemoryKinds]float64 // s
	Combine  float64                 // s of the second kernel that adds up parts, where kernels are FlashAttention 2's
	Convert  float64                 // 8-bit elements that Hopper turns into 16 a clock and multiprocessor
}

// padded is the head's size as kernels compute it.
func padded(headDim float64) float64 { return 16 * math.Ceil(headDim/16) }

// attention is a fused kernel on elements of a type, perhaps with keys and values or arithmetic in 8 bits, and why it
// stands for another.
func (l *Overlap) attention(a *Attention, t graph.DType, warm bool) (waits, string) {
	size, why := float64(t.Bits())/8, ""
	if !half(t) {
		why = fmt.Sprintf("no fused attention was measured in %v; those in 16 bit stand for it", t)
	}
	if a.decodes() {
		return l.decode(a, size, warm), why
	}
	peak := l.machine.peak(t.String())
	if a.Float8 {
		peak, why = l.machine.path(energy.Float8)
		peak *= l.constants.Attention.Float8[l.machine.memory]
	}
	return l.prefill(a, size, peak), why
}

// fromCache is the seconds that bytes take which a cache of that many bytes holds the better the fewer they are.
func (m *machine) fromCache(bytes, cache, steep, memory, l2 float64) float64 {
	hit := 1 / (1 + math.Pow(bytes/cache, steep))
	return bytes * ((1-hit)/(memory*m.bandwidth) + hit/(l2*m.bandwidth))
}

// exponentials is how many a multiprocessor begins in a clock.
func (m *machine) exponentials() float64 {
	if m.dev.ComputeCapability == "10.3" { // twice the units: Blackwell Ultra
		return 32
	}
	return 16
}

// converts says that kernels turn a cache of 8 bits into 16 before they compute.
func (m *machine) converts() bool { return m.kind == hopper }

// scale is the factor on floors and blocks.
func (c *AttentionConstants) scale(m *machine) float64 {
	if m.memory == gddr {
		return c.GDDR
	}
	return 1
}

// blackwell is the factor on the clocks of heads.
func (c *AttentionConstants) blackwell(m *machine) float64 {
	if m.kind == blackwell {
		return c.Tensor10
	}
	return 1
}

// combine is the seconds of a second kernel that adds up parts of grouped heads.
func (c *AttentionConstants) combine(m *machine) float64 {
	if m.kind == ampere || m.kind == graphics {
		return c.Combine
	}
	return 0
}

// prefill is attention with many query tokens, on elements of so many bytes, with products at a peak in FLOP/s.
func (l *Overlap) prefill(a *Attention, size, peak float64) waits {
	m, c := &l.machine, &l.constants.Attention
	d := padded(a.HeadDim)
	rate := c.Tensor * peak / m.sms
	score := norm(4, 4*d/rate, c.Exp/(m.exponentials()*m.clock))
	scale := c.scale(m)
	pairs := a.Batch * a.Heads * a.Pairs()
	x := waits{p: 3, floor: c.Encoder * scale, flops: 4 * pairs * d, joules: 1, scores: pairs, capped: true}
	blocks := a.Batch * a.Heads * math.Ceil(a.Query/diagonal)
	x.busy = clamp(blocks / m.sms)
	work := pairs * score / m.sms
	if c.Tail > 0 {
		work = norm(c.Tail, work, diagonal*a.Context*score)
	}
	x.overlap[waitArithmetic] = work + c.Block*scale*blocks/m.sms
	q, kv := size*a.Batch*a.Query*a.Heads*d, 2*size*a.Batch*a.Context*a.KVHeads*d
	x.traffic = 2*q + kv
	x.overlap[waitMemory] = m.fromCache(x.traffic, m.l2, 2, c.Stream, c.L2[m.memory])
	if a.Causal {
		prepare := c.Prepare * (q + kv*(1+(size-a.CacheBytes)/2))
		x.floor = c.Floor * scale
		x.before = m.fromCache(prepare, m.l2, 2, c.Stream, c.L2[m.memory])
		x.traffic += prepare
	}
	return x
}

// decode is attention of one new token a sequence, of elements of so many bytes, with its cache, which only a measuring
// loop finds on the chip.
func (l *Overlap) decode(a *Attention, size float64, warm bool) waits {
	m, c := &l.machine, &l.constants.Attention
	d := padded(a.HeadDim)
	context := a.Pairs()
	elements := 2 * a.Batch * a.KVHeads * context * d
	x := waits{p: 2, floor: c.Start[m.memory], flops: 4 * a.Batch * a.Heads * context * d, joules: 1, busy: 1, capped: true}
	x.traffic = elements*a.CacheBytes + 2*size*a.Batch*a.Heads*d
	units := a.Batch * a.KVHeads * (1 + context/c.Part)
	x.busy = clamp(units / m.sms)
	moving := x.traffic / (c.Cold * m.bandwidth)
	if warm {
		moving = m.fromCache(x.traffic, 0.95*m.l2, 8, c.Cache, c.CacheL2[m.memory])
	}
	x.overlap[waitMemory] = moving * (1 + math.Pow(m.sms/units, c.Units))
	kv := c.KVHead * a.KVHeads
	if a.Heads == a.KVHeads {
		kv *= c.Single
	}
	clocks := 1000 * a.Batch * (kv + c.Head*a.Heads) * c.blackwell(m)
	x.overlap[waitArithmetic] = clocks / (m.sms * m.clock)
	if a.CacheBytes < size && m.converts() {
		x.overlap[waitLatency] = elements / (c.Convert * m.sms * m.clock)
	}
	if a.Heads > a.KVHeads {
		x.floor += c.combine(m)
	}
	return x
}
