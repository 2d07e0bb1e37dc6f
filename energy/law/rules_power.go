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
	m, c := &l.machine, &l.constants.Power
	r := &Rule{Name: name, About: about, Parameters: []string{"x"}, Returns: []string{"time", "energy"}}
	seconds := func(name, clock string) Line {
		e := overlapped("x.", clock, func(string) bool { return true })
		if stretch != 1 {
			e = written("%v*("+e+")", []float64{stretch})
		}
		return Line{name, e, "s"}
	}
	idle := "x.floor"
	if stretch != 1 {
		idle = written("%v*x.floor", []float64{stretch})
	}
	r.Lines = append(r.Lines, seconds(RuleLeast, ""))
	r.line("joules", "J", "%v*x.busy*(boost - "+idle+") + x.flop_joules*x.flops + %v*x.scores + %v*x.traffic", m.busy, c.Score, c.Byte[m.generation])
	drawn := "joules/boost"
	if draw != 1 {
		drawn = written("%v*joules/boost", []float64{draw})
	}
	if x.capped {
		r.line("dynamic", "W", "min("+drawn+", %v)", m.fittedDynamic())
	} else {
		r.line("dynamic", "W", drawn)
	}
	limit, p := m.limit*atLimit, processOf(&m.dev)
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
	over := written("full > %v", []float64{limit * (1 + 1e-9)})
	r.Lines = append(
		r.Lines,
		Line{"clock", written("where("+over+", "+slow+", %v)", []float64{m.most}), "of boost"},
		Line{"power", written("where("+over+", %v, full)", []float64{limit}), "W"},
		seconds("time", "clock"),
	)
	r.line("energy", "J", "power*time")
	if s := l.shift; s != coefficients.Same() {
		r.Lines[len(r.Lines)-1].Expression = written("%v*power*time + %v*time", []float64{s.Factor, float64(s.Watts)})
	}
	return b.add(r)
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
