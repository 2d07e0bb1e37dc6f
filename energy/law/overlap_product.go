package law

import (
	"math"

	"github.com/irene-onnx/irene/graph"
)

// ProductConstants are those of matrix products on tensor cores in 16 bit; products of other types stretch them by theirs.
type ProductConstants struct {
	Fill      float64             // fill and epilogue of a tile, in steps of K
	Bandwidth float64             // share of the bandwidth that streams reach
	Overlap   float64             // exponent of overlap
	Split     float64             // s of the second pass where K is split over multiprocessors
	Floor     [numSMKinds]float64 // clocks of an empty kernel
	Latency   [numSMKinds]float64 // clocks of the pipeline per 128 bytes of K
	Load      [numSMKinds]float64 // bytes of operands a clock into a multiprocessor
}

// Numbers that were set, not fitted: their neighbours do as well.
const (
	peakShare  = 1.1  // the norm lengthens arithmetic by about 1.15 near the peak
	kStep      = 64   // K runs in steps of it
	leastSplit = 128  // of K
	secondPass = 30   // bytes a clock and multiprocessor that the second pass adds up
	replayed   = 6    // copies of a weight that a measuring loop cycles through
	replayEdge = 0.1  // of the cache, over which a replayed weight gets cold
	lineBytes  = 128. // of K that latency counts by
)

// tiles are the blocks of a product that one multiprocessor computes.
func tiles() [5][2]float64 {
	return [...][2]float64{{256, 128}, {128, 128}, {128, 64}, {64, 64}, {16, 64}}
}

// splits are the parts that K is split in.
func splits() [12]float64 { return [...]float64{1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64} }

// operand says how a product's elements lie in memory and what computes them.
type operand struct {
	weight, active float64 // bytes of an element
	peak           float64 // FLOP/s
	latency        float64 // factor on the pipeline's latency
	fill           float64 // factor on fill and epilogue
	joules         float64 // per FLOP, of those of bfloat16
	floor, before  float64 // s beside the kernel's own: see waits
	traffic        float64 // bytes beside its own
}

// product is the fastest of a few tiles and splits of K for batch products of M×K by K×N. Weights that a measuring loop
// replays stay in the cache where they fit it; a model's are cold.
func (l *Overlap) product(q Product, o *operand, warm bool) waits {
	m, c := &l.machine, &l.constants.Product
	near := m.nearL2()
	wb, ab, ob := o.weight*q.Batch*q.N*q.K, o.active*q.Batch*q.M*q.K, 2*q.Batch*q.M*q.N
	cold := 1.0
	if warm {
		cold = clamp((wb/(near/replayed) - 1) / replayEdge)
	}
	base := waits{floor: c.Floor[m.kind]/m.clock + o.floor, before: o.before, p: c.Overlap, flops: 2 * q.Batch * q.M * q.N * q.K, joules: o.joules}
	base.traffic = wb*cold + ab*beyond(ab, near/2) + ob*beyond(ob, near/2)
	base.overlap[waitMemory] = base.traffic / (m.bandwidth * c.Bandwidth)
	base.traffic += o.traffic
	best, least := base, math.Inf(1)
	best.floor = least // where constants are lacking
	latency := c.Latency[m.kind] * o.latency * o.active / lineBytes / m.clock
	for _, tile := range tiles() {
		tm, tn := tile[0], tile[1]
		blocks := q.Batch * math.Ceil(q.M/tm) * math.Ceil(q.N/tn)
		arithmetic := 2 * tm * tn * m.sms / (peakShare * o.peak)
		load := (math.Min(tm, q.M)*o.active + math.Min(tn, q.N)*o.weight) / (c.Load[m.kind] * m.clock)
		for _, s := range splits() {
			if s > 1 && q.K/s < leastSplit {
				break
			}
			k := kStep * math.Ceil(q.K/s/kStep)
			waves := math.Ceil(blocks * s / m.sms)
			x := base
			x.overlap[waitArithmetic] = waves * arithmetic * (k + c.Fill*o.fill)
			x.overlap[waitLoad] = waves * load * k
			x.overlap[waitLatency] = waves * latency * k
			if s > 1 {
				x.split = c.Split + 8*s*q.Batch*q.M*q.N/(m.sms*m.clock*secondPass)
			}
			if x.longest() >= least {
				continue
			}
			if t := x.time(1); t < least {
				x.busy, x.tile = clamp(blocks*s/m.sms), tile
				best, least = x, t
			}
		}
	}
	return best
}

// longest is a time that overlap cannot fall below.
func (x *waits) longest() float64 {
	o := &x.overlap
	return x.floor + x.before + x.split + math.Max(math.Max(o[0], o[1]), math.Max(o[2], o[3]))
}

// plainOperand is that of products whose type tensor cores take as it is: 16 bit, TF32, and float32 in their place.
func (l *Overlap) plainOperand(t graph.DType) operand {
	size := float64(t.Bits()) / 8
	return operand{weight: size, active: size, peak: l.machine.peak(t.String()), latency: 1, fill: 1, joules: 1}
}
