package coefficients

import (
	"math"
	"strings"

	"github.com/irene-onnx/irene/energy"
)

// joulesByClock is how the dynamic energy of the same work goes with the clock f of a card. It goes with V², and V about
// with f, but for the memory and below the least voltage: more than f, less than f². With 1.5 float32 linear products of
// a Tesla P4 at its 75 W come out as fast in the mean as published with NeuSight (ASPLOS 2025), with 1 a sixth slower.
const joulesByClock = 1.5

// siblings says that both cards are made of the same multiprocessors, those of compute capability 6.1, and that the clock
// is known at which the one was measured. Between them joules are carried, not watts.
func (t *transfer) siblings() bool {
	for _, d := range []*energy.Device{&t.from, &t.to} {
		if d.ComputeCapability != "6.1" || d.SMs <= 0 || d.BoostClock <= 0 || d.Bandwidth <= 0 || d.TDP <= d.Idle {
			return false
		}
	}
	return t.clock > 0
}

// fastest is the highest clock that the other card reaches, relative to the measured one's. GeForce cards go beyond the
// boost clock of their row as far as power and temperature allow: as far as the measured one. Others keep to it.
func (t *transfer) fastest() float64 {
	if strings.Contains(t.to.Name, "GeForce") {
		return float64(t.to.BoostClock / t.from.BoostClock)
	}
	return float64(t.to.BoostClock / t.clock)
}

// carry carries the coefficients of a class to a sibling. The host and the board at rest draw their watts as long as a term
// lasts, the rest of its energy is dynamic, and the same for the same work at the same clock:
//
//	E = host·t + factor·(idle·t + dynamic)        dynamic' = dynamic·(f'/f)^joulesByClock
//
// Operations go by multiprocessors times clock, bytes by bandwidth, launches take the host the same. Where that would draw
// more than the power limit the clock gives way, and the term takes as much longer.
func (t *transfer) carry(joules, seconds *TermValues) {
	for term, was := range *seconds {
		dynamic := max(0, joules[term]-t.atRest(t.host, t.from)*was) / t.factor
		clock, rate := t.fastest(), 1.0
		switch Term(term) {
		case Launches:
		case Bytes:
			rate = float64(t.to.Bandwidth/t.from.Bandwidth) * MemoryShare(t.to) / MemoryShare(t.from)
		default:
			rate = clock * float64(t.to.SMs) / float64(t.from.SMs)
		}
		now := was / rate
		if now > 0 {
			power := dynamic * math.Pow(clock, joulesByClock) / now
			slower := max(1, math.Pow(power/float64(t.to.TDP-t.to.Idle), 1/(1+joulesByClock)))
			clock, now = clock/slower, now*slower
		}
		seconds[term] = now
		joules[term] = t.atRest(t.newHost, t.to)*now + t.factor*dynamic*math.Pow(clock, joulesByClock)
	}
}

// atRest is what the meter shows of a machine whose card computes nothing, in watts.
func (t *transfer) atRest(host energy.Watts, card energy.Device) float64 {
	return float64(host) + t.factor*float64(card.Idle)
}
