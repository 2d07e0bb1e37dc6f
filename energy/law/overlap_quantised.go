package law

import "math"

// QuantConstants are those of products in one quantisation, and of the kernel that quantises what arrives in 16 bit.
type QuantConstants struct {
	Launch  [numSMKinds]float64 // s of the quantiser's launch and floor
	Peak    [numSMKinds]float64 // share of the type's peak
	Latency [numSMKinds]float64 // factor on the latency of 16 bit: these kernels split K seldom
	Depth   float64             // clocks an element of K
	// Of a quantiser, where activations are quantised.
	Row    float64 // clocks a row of activations
	Rate   float64 // bytes a clock and multiprocessor that it reads and writes
	Joules float64 // per FLOP, of those of bfloat16
}

// Quantisation is how elements of a product are stored and computed.
type Quantisation struct {
	Name           string
	weight, active float64 // bytes of an element, scales included
	fill           float64 // factor on fill and epilogue
	joules         float64 // per FLOP, as a share of bfloat16's
	peak           string  // the element type whose peak counts
}

// quantises says that a kernel before the product quantises what arrives in 16 bit.
func (q *Quantisation) quantises() bool { return q.active < 2 }

// Quantisations lists the quantisations that operators name.
func Quantisations() []Quantisation { table := quantisations(); return table[:] }

// quantisations is the table of quantisations.
func quantisations() [9]Quantisation {
	return [...]Quantisation{
		{Name: "fp8", weight: 1, active: 1, fill: 2, joules: 0.8, peak: "float8"},             // dynamic, a scale per tensor or row
		{Name: "fp8_static", weight: 1, active: 1, fill: 2, joules: 0.8, peak: "float8"},      // scales known beforehand
		{Name: "fp8_block", weight: 1, active: 1, fill: 2, joules: 0.8, peak: "float8"},       // a scale per 1×128 and 128×128
		{Name: "nvfp4", weight: 0.5625, active: 0.5625, fill: 4, joules: 0.3, peak: "float4"}, // a scale of 8 bit per 16 elements
		{Name: "sq", weight: 1, active: 1, fill: 2, joules: 0.4, peak: "int8"},                // smooth quantisation, int8 × int8
		{Name: "int8_wo", weight: 1, active: 2, fill: 1, joules: 0.9, peak: "float16"},        // weights alone
		{Name: "int4_wo", weight: 0.5, active: 2, fill: 1, joules: 0.9, peak: "float16"},      // weights alone
		{Name: "w4a16_mxfp4", weight: 0.53125, active: 2, fill: 1, joules: 1, peak: "float16"},
		{Name: "w4a8_mxfp4_mxfp8", weight: 0.53125, active: 1, fill: 2, joules: 0.6, peak: "float8"},
	}
}

// quantisation finds a row of the table.
func quantisation(name string) (Quantisation, bool) {
	for _, q := range quantisations() {
		if q.Name == name {
			return q, true
		}
	}
	return Quantisation{}, false
}

// weightsAlone is the quantisation of weights alone whose kernels come next to a product's that keeps its weights in q.
func (q *Quantisation) weightsAlone() Quantisation {
	name := "int8_wo"
	if q.weight < 1 {
		name = "int4_wo"
	}
	alone, _ := quantisation(name)
	alone.weight = q.weight
	return alone
}

// quantisedOperand is that of products in a quantisation, and why they are another type's.
func (l *Overlap) quantisedOperand(s *Quantisation) (operand, string) {
	c, kind := l.constants.Quant[s.Name], l.machine.kind
	rate, why := l.machine.path(s.peak)
	return operand{weight: s.weight, active: s.active, peak: rate * c.Peak[kind], latency: c.Latency[kind], fill: s.fill, joules: c.Joules, floor: c.Launch[kind]}, why
}

// quantised is a product in a quantisation, and its quantiser before it.
func (l *Overlap) quantised(q Product, w *productWay, warm bool) waits {
	m, s, o := &l.machine, w.quantisation, w.operand
	c := l.constants.Quant[s.Name]
	o.before = q.K * c.Depth / m.clock
	if s.quantises() {
		bytes := (2 + s.active) * q.M * q.K
		o.before += math.Max(1, q.M/m.sms)*c.Row/m.clock + bytes/(m.sms*m.clock*c.Rate)
		o.traffic = bytes * beyond(bytes, m.nearL2()/2)
	}
	return l.product(q, &o, warm)
}
