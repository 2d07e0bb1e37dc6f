package law

import (
	"strings"

	"github.com/irene-onnx/irene/energy/coefficients"
)

// run is the rule of time and energy for kernels that wait as one does: [Overlap.run].
func (b *Rulebook) run(k *Kernel) string {
	l := b.law
	x, _, group, _ := l.run(k)
	name, about := "run", "time and energy under the power limit: the clock falls until the power meets it"
	switch {
	case x.vector:
		name, about = "run_vector", about+"; without tensor cores"
	case x.capped:
		name, about = "run_capped", about+"; of kernels whose times hold the limit of the boards that they were measured on"
	}
	stretch, draw := 1.0, l.draw(k, &x, group)
	if own := l.ownOf(k, group); own != nil {
		stretch = own.time
		name, about = name+"_"+ruleName(l.ownGroup(k, group)), about+"; as the device itself runs "+l.ownGroup(k, group)
	}
	if b.Rule(name) != nil {
		return name
	}
	r := &Rule{Name: name, About: about, Parameters: []string{"x"}, Returns: []string{"time", "energy"}}
	over, limit := b.limited(r, "x.", &x, stretch, draw)
	r.line("power", "W", "where("+over+", %v, full)", limit)
	r.line("energy", "J", "power*time")
	if s := l.shift; s != coefficients.Same() {
		r.Lines[len(r.Lines)-1].Expression = written("%v*power*time + %v*time", []float64{s.Factor, float64(s.Watts)})
	}
	return b.add(r)
}

// within is the rule of the seconds by which kernels like one are chosen: [Overlap.within]. It takes what they wait for, in
// the order of [RuleWaits].
func (b *Rulebook) within(x *waits) string {
	name, about := "within", "seconds under the clock and the power limit, by which the fastest of several ways counts"
	if x.vector {
		name, about = name+"_vector", about+"; without tensor cores"
	}
	r := &Rule{Name: name, About: about, Parameters: RuleWaits(), Returns: []string{"time"}}
	b.limited(r, "", x, 1, b.law.toggled(x))
	return b.add(r)
}

// limited writes the lines of [machine.run] up to the time, of waits whose names begin with a prefix and that a factor
// stretches. It returns the condition under which the power limit holds, and the watts that it leaves.
func (b *Rulebook) limited(r *Rule, prefix string, x *waits, stretch, draw float64) (over string, limit float64) {
	m, c := &b.law.machine, &b.law.constants.Power
	p := processOf(&m.dev)
	limit = m.limit * atLimit
	stretched := func(expression string) string {
		if stretch == 1 {
			return expression
		}
		return written("%v*("+expression+")", []float64{stretch})
	}
	r.Lines = append(r.Lines, Line{"boost", stretched(overlapped(prefix, "")), "s"})
	r.line("joules", "J", "%v*"+prefix+"busy*(boost - "+stretched(prefix+"floor")+") + "+prefix+"flop_joules*"+prefix+"flops + %v*"+prefix+"scores + %v*"+prefix+"traffic", m.busy, c.Score, c.Byte[m.generation])
	drawn := "joules/boost"
	if draw != 1 {
		drawn = written("%v*joules/boost", []float64{draw})
	}
	if x.capped {
		r.line("dynamic", "W", "min("+drawn+", %v)", m.fittedDynamic())
	} else {
		r.line("dynamic", "W", drawn)
	}
	full := written("%v + dynamic", []float64{m.idle})
	if m.most < 1 {
		full += written("*%v", []float64{c.drawn(p, m.most, x.vector)})
	}
	r.Lines = append(r.Lines, Line{"full", full, "W"})
	r.line("share", "", "max(0.01, %v/max(dynamic, 1e-300))", limit-m.idle)
	slow := "sqrt(share)"
	if !x.vector {
		slow = written("min(1, pow(share, %v), pow(share/%v, %v))", []float64{1 / (1 + c.Slope), c.Least[p], 1 / 1.5})
	}
	over = written("full > %v", []float64{limit * (1 + 1e-9)})
	r.line("clock", "of boost", "where("+over+", "+slow+", %v)", m.most)
	r.Lines = append(r.Lines, Line{"time", stretched(overlapped(prefix, "clock")), "s"})
	return over, limit
}

// flopJoules is the line of what an operation takes at boost.
func (b *Rulebook) flopJoules(r *Rule, x *waits) {
	r.line("flop_joules", "J/FLOP", "%v", b.law.constants.Power.perFLOP(&b.law.machine, x))
}

// ruleName makes a name of words.
func ruleName(words string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, words)
}
