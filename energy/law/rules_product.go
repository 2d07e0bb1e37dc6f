package law

import (
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// products are the rules of a kernel's products, one after the other: [Overlap.productWaits].
func (b *Rulebook) products(k *Kernel, products []graph.Product) (parts []RulePart) {
	way := b.law.productOf(k)
	x := b.law.productBy(&way, k.Products[0], false)
	var rule string
	if way.vector {
		rule = b.vectorProduct(&way, &x)
	} else {
		rule = b.tensorProduct(&way, &x)
	}
	for _, p := range products {
		parts = append(parts, RulePart{rule, []graph.Dim{p.Batch, p.M, p.N, p.K}, !way.vector})
	}
	return parts
}

// tensorProduct is the rule of products on tensor cores: [Overlap.product], and the quantiser before it.
func (b *Rulebook) tensorProduct(w *productWay, x *waits) string {
	r := &Rule{
		Name: "product_" + w.name, About: "batch products of m×k by k×n in " + w.name + " on tensor cores: the fastest of the tiles tm×tn and of the parts of k",
		Parameters: []string{"batch", "m", "n", "k", "warm"},
	}
	if b.Rule(r.Name) != nil {
		return r.Name
	}
	m, c, o := &b.law.machine, &b.law.constants.Product, &w.operand
	near := m.nearL2()
	r.line("flops", "FLOP", "2*batch*m*n*k")
	b.flopJoules(r, x)
	r.line("exponent", "", "%v", x.p)
	r.line("floor", "s", "%v", c.Floor[m.kind]/m.clock+o.floor)
	r.line("weights", "B", "%v*batch*n*k", o.weight)
	r.line("inputs", "B", "%v*batch*m*k", o.active)
	r.line("outputs", "B", "2*batch*m*n")
	r.line("cold", "", "where(warm > 0, min(1, max(0, (weights/%v - 1)/%v)), 1)", near/replayed, replayEdge)
	r.line("moved", "B", "weights*cold + inputs*min(1, max(0, inputs/%v - 1)) + outputs*min(1, max(0, outputs/%v - 1))", near/2, near/2)
	r.line("memory", "s", "moved/%v", m.bandwidth*c.Bandwidth)
	if w.quantisation == nil {
		r.line("traffic", "B", "moved")
	} else {
		b.quantiser(r, w.quantisation)
	}
	r.Choices = []Choice{{Names: []string{"tm", "tn"}}, partChoice("parts")}
	for _, t := range c.Tiles {
		r.Choices[0].Values = append(r.Choices[0].Values, t[:])
	}
	r.try("blocks", "", "batch*ceil(m/tm)*ceil(n/tn)")
	r.try("part", "", "where(parts > 1, max(%v, %v*ceil(k/parts/%v)), %v*ceil(k/%v))", leastSplit, kStep, kStep, kStep, kStep)
	r.try("waves", "", "ceil(blocks*parts/%v)", m.sms)
	r.try("arithmetic", "s", "waves*tm*tn*(part + %v)/%v", c.Fill*o.fill, peakShare*o.peak/(2*m.sms))
	if c.Load[m.kind] > 0 {
		r.try("load", "s", "waves*part*(min(tm, m)*%v + min(tn, n)*%v)/%v", o.active, o.weight, c.Load[m.kind]*m.clock)
	}
	r.try("latency", "s", "waves*part*%v", c.Latency[m.kind]*o.latency*o.active/lineBytes/m.clock)
	r.try("split", "s", "where(parts > 1, %v + parts*8*batch*m*n/%v, 0)", c.Split, m.sms*m.clock*secondPass)
	r.try("busy", "", "min(1, blocks*parts/%v)", m.sms)
	b.fastest(r, x)
	r.returns()
	return b.add(r)
}

// fastest is the line by which the choice is made between kernels that wait for what a rule says so far.
func (b *Rulebook) fastest(r *Rule, x *waits) {
	waits := RuleWaits()
	for i, name := range waits {
		if !r.has(name) {
			waits[i] = "0"
		}
	}
	r.try(RuleLeast, "s", b.within(x)+"("+strings.Join(waits, ", ")+")")
}

// partChoice is the parts of k that are tried.
func partChoice(name string) Choice {
	c := Choice{Names: []string{name}}
	parts, _ := splits(0)
	for _, p := range parts {
		c.Values = append(c.Values, []float64{p})
	}
	return c
}

// quantiser is what a quantisation adds to a product: [Overlap.quantised].
func (b *Rulebook) quantiser(r *Rule, s *Quantisation) {
	m, c := &b.law.machine, b.law.constants.Quant[s.Name]
	if !s.quantises() {
		r.line("before", "s", "k*%v/%v", c.Depth, m.clock)
		r.line("traffic", "B", "moved")
		return
	}
	r.line("quantised", "B", "%v*m*k", 2+s.active)
	r.line("before", "s", "k*%v/%v + max(1, m/%v)*%v + quantised/%v", c.Depth, m.clock, m.sms, c.Row/m.clock, m.sms*m.clock*c.Rate)
	r.line("traffic", "B", "moved + quantised*min(1, max(0, quantised/%v - 1))", m.nearL2()/2)
}

// vectorProduct is the rule of products without tensor cores: [Overlap.vector].
func (b *Rulebook) vectorProduct(w *productWay, x *waits) string {
	r := &Rule{
		Name: "vector_product_" + w.name, About: "batch products of m×k by k×n in " + w.name + " without tensor cores: the fastest of the parts of k",
		Parameters: []string{"batch", "m", "n", "k"},
	}
	if !w.weights {
		r.Name, r.About = r.Name+"_batched", r.About+"; neither operand is weights"
	}
	if b.Rule(r.Name) != nil {
		return r.Name
	}
	m, c := &b.law.machine, &b.law.constants.Vector
	d := &m.dev
	rows, step := vectorSteps(d, w.weights)
	r.line("flops", "FLOP", "2*batch*m*n*k")
	b.flopJoules(r, x)
	r.line("exponent", "", "%v", x.p)
	r.line("floor", "s", "%v", b.law.vectorFloor())
	r.line("moved", "B", "4*batch*(m*k + k*n + m*n)")
	r.line("memory", "s", "moved/%v", m.bandwidth*vectorStream)
	if w.convert {
		r.line("converted", "B", "%v*batch*k*n", c.Convert*6)
		r.line("before", "s", "converted/%v", m.bandwidth*vectorStream)
		r.line("traffic", "B", "moved + converted")
	} else {
		r.line("traffic", "B", "moved")
	}
	if drift := c.drift(d); drift != 0 && w.weights {
		r.line("steps", "", "k*m*n/%v", 4*vectorTile*vectorTile*m.sms)
		r.line("load", "s", "2*m*n*k/%v*min(1, n/%v)*steps/(steps + %v)", 64*c.Reread, waveColumns*m.sms, drift)
	}
	rate := float64(d.CoresPerSM) * m.clock * c.lanes(d)
	r.line("tiles", "", "batch*ceil(m/%v)*ceil(n/%v)", vectorTile, vectorTile)
	switch {
	case rows <= vectorThin:
		r.line("rows", "", "%v", rows)
	case w.weights:
		r.line("rows", "", "where(m <= %v, %v, %v)", vectorThin, vectorThin, rows)
	default:
		r.line("rows", "", "where(m <= %v, %v, %v)", vectorThin/2, vectorThin, rows)
	}
	r.line("covered", "", "rows*ceil(m/rows)*32*ceil(n/32)")
	r.line("mean", "", "covered/max(1, ceil(m/%v)*ceil(n/%v))", vectorTile, vectorTile)
	r.line("largest", "", "min(%v, rows*ceil(m/rows))*min(%v, 32*ceil(n/32))", vectorTile, vectorTile)
	if w.weights {
		r.line("rate", "1/s", "where(n > %v, %v, %v)", wideN, rate*c.weights(d, wideN+1), rate*c.weights(d, 1))
	} else {
		r.line("rate", "1/s", "%v", rate)
	}
	r.Choices = []Choice{partChoice("tried")}
	r.try("parts", "", "where(batch > 1, 1, tried)")
	r.try("part", "", "where(parts > 1, max(%v, %v*ceil(k/parts/%v)), %v*ceil(k/%v))", leastSplit, step, step, step, step)
	r.try("arithmetic", "s", "((ceil(tiles*parts/%v) - 1)*mean + largest)*part/rate", m.sms)
	r.try("split", "s", "where(parts > 1, %v + 8*parts*m*n/%v, 0)", c.Split, m.sms*m.clock*secondPass)
	if m.vectorBusy() > 0 {
		r.try("busy", "", "%v*min(1, tiles*parts/%v)", m.vectorBusy(), m.sms)
	}
	b.fastest(r, x)
	r.returns()
	return b.add(r)
}
