package law

import "math"

// Experts is a layer of experts on one of TP·EP devices: tokens go through TopK of the experts.
type Experts struct {
	Tokens, Hidden, Inter, TopK, Experts float64
	TP, EP                               float64
	Distribution                         string // of tokens over experts: balanced, power_law_1.01, power_law_1.2
	Gated                                bool   // three matrices an expert, not two
}

// expertJoules is the share of a product's joules that experts take: set to what steady readings of power on B200 bear out.
const expertJoules = 0.5

// imbalance is the exponent of EP in how many more pairs the busiest device has than the mean, and whether tokens meet
// in the same experts. Of the power laws it is that of the samples that the measurements were drawn from.
func (e *Experts) imbalance() (exponent float64, uneven bool) {
	for _, d := range unevenDistributions() {
		if d.name == e.Distribution {
			return d.exponent, true
		}
	}
	return 0, false
}

// distribution is one of tokens over experts.
type distribution struct {
	name     string
	exponent float64
}

func unevenDistributions() [2]distribution {
	return [...]distribution{{Uneven, 0.44}, {"power_law_1.2", 0.50}}
}

// ExpertConstants are those of layers of experts in one element type or quantisation.
type ExpertConstants struct {
	Tensor    float64 // share of the peak
	Stream    float64 // share of the bandwidth
	Overlap   float64 // exponent
	Pad       float64 // rows that tiles add to each expert touched
	Moved     float64 // passes over the activations
	Floor     float64 // s
	PerExpert float64 // s
	PerWidth  float64 // s at 2 GHz, an element of hidden and inter
	Meet      float64 // how soon uneven tokens meet in the same experts
}

// expertType is how the elements of experts are stored and computed.
type expertType struct {
	name   string  // of the constants
	weight float64 // bytes of an element
	peak   float64 // FLOP/s
	joules float64 // per FLOP, of those of bfloat16
}

// experts is the busiest device's part of a layer of experts, whose weights only a measuring loop finds on the chip.
func (l *Overlap) experts(e *Experts, t *expertType, warm bool) waits {
	m, c := &l.machine, l.constants.Experts[t.name]
	held, inter := e.Experts/e.EP, e.Inter/e.TP
	exponent, uneven := e.imbalance()
	pairs := math.Min(e.Tokens*e.TopK/e.EP*math.Pow(e.EP, exponent), e.Tokens*math.Min(e.TopK, held))
	touched := math.Min(held, pairs)
	if uneven {
		touched = held * -math.Expm1(-c.Meet*pairs/held)
	}
	matrices := 2.
	if e.Gated {
		matrices = 3
	}
	x := waits{p: c.Overlap, flops: 2 * pairs * matrices * e.Hidden * inter, joules: t.joules, busy: 1, capped: true}
	x.overlap[waitArithmetic] = 2 * (pairs + c.Pad*touched) * matrices * e.Hidden * inter / (c.Tensor * t.peak)
	weights := touched * matrices * e.Hidden * inter * t.weight
	rate := c.Stream
	if warm && weights < m.l2 {
		rate = l.constants.ExpertL2[m.memory]
	}
	x.overlap[waitMemory] = weights / (rate * m.bandwidth)
	moved := pairs*2*(2*e.Hidden+(2*matrices-2)*inter) + 4*e.Tokens*e.Hidden
	x.traffic = weights + moved
	x.before = c.Moved * moved / (0.91 * m.bandwidth)
	x.floor = c.Floor + c.PerExpert*held + c.PerWidth*(e.Hidden+inter)*2e9/m.clock
	return x
}
