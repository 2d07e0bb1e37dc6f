package law

import "github.com/irene-onnx/irene/energy/coefficients"

// run is the rule of time and energy for kernels that wait as some do: [machine.run].
func (b *Rulebook) run(x *waits) string {
	name, about := "run", "time and energy under the power limit: the clock falls until the power meets it"
	switch {
	case x.vector:
		name, about = "run_vector", about+"; without tensor cores"
	case x.capped:
		name, about = "run_capped", about+"; of kernels whose times hold the limit of the boards that they were measured on"
	}
	if b.Rule(name) != nil {
		return name
	}
	b.norm()
	m, c := &b.law.machine, &b.law.constants.Power
	r := &Rule{Name: name, About: about, Parameters: []string{"x"}, Returns: []string{"time", "energy"}}
	all := func(string) bool { return true }
	r.Lines = append(r.Lines, Line{RuleLeast, overlapped("x.", "", all), "s"})
	r.line("joules", "J", "%v*x.busy*(boost - x.floor) + x.flop_joules*x.flops + %v*x.scores + %v*x.traffic", m.busy, c.Score, c.Byte[m.generation])
	if x.capped {
		r.line("dynamic", "W", "min(joules/boost, %v)", m.fittedDynamic())
	} else {
		r.line("dynamic", "W", "joules/boost")
	}
	limit, p := m.limit*atLimit, processOf(&m.dev)
	r.line("full", "W", "%v + dynamic*%v", m.idle, c.drawn(p, m.most, x.vector))
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
		Line{"time", overlapped("x.", "clock", all), "s"},
	)
	r.line("energy", "J", "power*time")
	if s := b.law.shift; s != coefficients.Same() {
		r.Lines[len(r.Lines)-1].Expression = written("%v*power*time + %v*time", []float64{s.Factor, float64(s.Watts)})
	}
	return b.add(r)
}

// flopJoules is the line of what an operation takes at boost.
func (b *Rulebook) flopJoules(r *Rule, x *waits) {
	l := b.law
	joules := l.constants.Power.perFLOP(&l.machine, x)
	if l.model && !x.vector {
		joules *= l.constants.Power.Data
	}
	r.line("flop_joules", "J/FLOP", "%v", joules)
}
