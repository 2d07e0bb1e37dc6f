package law

import (
	"math"

	"github.com/irene-onnx/irene/graph"
)

// ProductConstants are those of matrix products on tensor cores in 16 bit; products of other types stretch them by theirs.
type ProductConstants struct {
	Tiles     [][2]float64        // blocks of a product, rows by columns, that one multiprocessor computes
	Fill      float64             // fill and epilogue of a tile, in steps of K
	Bandwidth float64             // share of the bandwidth that streams reach
	Overlap   float64             // exponent of overlap
	Split     float64             // s of the second pass where K is split over multiprocessors
	Floor     [numSMKinds]float64 // clocks of an empty kernel
	Latency   [numSMKinds]float64 // clocks of the pipeline per 128 bytes of K
	Load      [numSMKinds]float64 // bytes of operands a clock into a multiprocessor; 0 from 9.0 on, which copies them meanwhile
}

// Numbers that were set, not fitted: their neighbours do as well.
const (
	peakShare  = 1.1  // the norm lengthens arithmetic by about 1.15 near the peak
	kStep      = 64   // K runs in steps of it
	leastSplit = 128  // the shortest part of K
	secondPass = 30   // bytes a clock and multiprocessor that the second pass adds up
	replayed   = 6    // copies of a weight that a measuring loop cycles through
	replayEdge = 0.1  // of the cache, over which a replayed weight gets cold
	lineBytes  = 128. // of K that latency counts by
)

// tiles are the blocks that are tried.
func tiles() [][2]float64 { return [][2]float64{{256, 128}, {128, 128}, {128, 64}, {64, 64}, {16, 64}} }

// splits are the parts that K is split in, and how many of them are worth a try: past that, parts are as long as the
// shortest and more.
func splits(k float64) (parts [12]float64, tried int) {
	parts = [...]float64{1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64}
	for tried = 1; tried < len(parts) && k/parts[tried-1] > leastSplit; tried++ {
	}
	return parts, tried
}

// partOf is how long a part of K is, in whole steps.
func partOf(k, parts, step float64) float64 {
	if parts == 1 {
		return upTo(k, step)
	}
	return math.Max(leastSplit, upTo(k/parts, step))
}

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
	m := &l.machine
	base := l.streams(&q, o, warm)
	best, least := base, math.Inf(1)
	best.floor = least // where constants are lacking
	parts, most := splits(q.K)
	for _, tile := range l.constants.Product.Tiles {
		g := l.grid(&q, o, tile)
		for _, s := range parts[:most] {
			x := base
			g.wait(&x, m, s)
			if x.slower(least) {
				continue
			}
			x.busy, x.tile = clamp(g.blocks*s/m.sms), tile
			if t := l.within(&x, least); t < least {
				best, least = x, t
			}
		}
	}
	return best
}

// streams is what of a product's waits goes by neither tiles nor splits: its floor, and its bytes.
func (l *Overlap) streams(q *Product, o *operand, warm bool) waits {
	m, c := &l.machine, &l.constants.Product
	near := m.nearL2()
	wb, ab, ob := o.weight*q.Batch*q.N*q.K, o.active*q.Batch*q.M*q.K, 2*q.Batch*q.M*q.N
	cold := 1.0
	if warm {
		cold = clamp((wb/(near/replayed) - 1) / replayEdge)
	}
	x := waits{floor: c.Floor[m.kind]/m.clock + o.floor, before: o.before, p: c.Overlap, flops: 2 * q.Batch * q.M * q.N * q.K, joules: o.joules}
	x.traffic = wb*cold + ab*beyond(ab, near/2) + ob*beyond(ob, near/2)
	x.overlap[waitMemory] = x.traffic / (m.bandwidth * c.Bandwidth)
	x.traffic += o.traffic
	return x
}

// grid is a product in blocks of one tile, and what a wave of them takes a step of K, in seconds.
type grid struct {
	blocks                    float64
	arithmetic, load, latency float64
	fill                      float64 // steps of K
	k                         float64
	split                     float64 // s a part that the second pass adds up
	pass                      float64 // s of the second pass itself
}

// grid lays a product out in blocks of a tile.
func (l *Overlap) grid(q *Product, o *operand, tile [2]float64) grid {
	m, c := &l.machine, &l.constants.Product
	tm, tn := tile[0], tile[1]
	g := grid{
		blocks:     q.Batch * math.Ceil(q.M/tm) * math.Ceil(q.N/tn),
		arithmetic: 2 * tm * tn * m.sms / (peakShare * o.peak),
		latency:    c.Latency[m.kind] * o.latency * o.active / lineBytes / m.clock,
		fill:       c.Fill * o.fill,
		k:          q.K,
		split:      8 * q.Batch * q.M * q.N / (m.sms * m.clock * secondPass),
		pass:       c.Split,
	}
	if c.Load[m.kind] > 0 {
		g.load = (math.Min(tm, q.M)*o.active + math.Min(tn, q.N)*o.weight) / (c.Load[m.kind] * m.clock)
	}
	return g
}

// wait puts what the blocks wait for where K runs in so many parts.
func (g *grid) wait(x *waits, m *machine, parts float64) {
	k := partOf(g.k, parts, kStep)
	waves := math.Ceil(g.blocks * parts / m.sms)
	x.overlap[waitArithmetic] = waves * g.arithmetic * (k + g.fill)
	x.overlap[waitLoad] = waves * g.load * k
	x.overlap[waitLatency] = waves * g.latency * k
	if parts > 1 {
		x.split = g.pass + parts*g.split
	}
}

// within is the seconds that a kernel takes under the clock and the power limit, or more than least at boost where it takes
// more: the choice between kernels is among their times as they run, so that neither a lower clock nor a larger product is
// ever the faster one.
func (l *Overlap) within(x *waits, least float64) float64 {
	if t := x.time(1); t >= least {
		return t
	}
	r := l.machine.run(x, &l.constants.Power, l.toggled(x))
	return r.time
}

// slower says that a kernel surely takes longer than that. Norms fall with their exponent: one that takes no powers to
// compute, and leaves out no less than norm does, bounds that of the law from below.
func (x *waits) slower(seconds float64) bool {
	rest := seconds - x.floor - x.before - x.split
	if rest <= 0 {
		return true
	}
	sum := 0.0
	for _, v := range x.overlap {
		if v >= rest {
			return true
		}
		if r := v / rest; r > negligible {
			sum += cheapPower(r, x.p)
		}
	}
	return sum > 1
}

// cheapPower is v, from 0 to 1, to the power of p or a little more.
func cheapPower(v, p float64) float64 {
	switch {
	case p <= 2.5:
		return v * v * math.Sqrt(v)
	case p <= 3:
		return v * v * v
	}
	return 0
}

// plainOperand is that of products of an element type as it is, and why it stands for another.
func (l *Overlap) plainOperand(t graph.DType) (operand, string) {
	size := float64(t.Bits()) / 8
	rate, why := l.machine.path(t.String())
	return operand{weight: size, active: size, peak: rate, latency: 1, fill: 1, joules: 1}, why
}
