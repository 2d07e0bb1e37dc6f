package law

import (
	"fmt"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/graph"
)

// Choice is the coefficients that stand for a class in an element type on a device.
type Choice struct {
	Energy, Time coefficients.TermValues
	StandIn      bool
	Why          string
	Ranges       map[string]coefficients.Range
}

// outside reports whether a kernel lies outside the range its coefficients were fitted on, with a tenth of tolerance.
// Below a range that reaches down to kernels that a launch outlasts (hidden bytes) there is nothing new.
func (c *Choice) outside(f *Features, hidden float64) (string, bool) {
	for _, name := range []string{rangeRows, RangeDepth, RangeBytes, RangeFLOPs} {
		v, ok := f.Quantities()[name]
		r, known := c.Ranges[name]
		if !ok || !known {
			continue
		}
		below := v < 0.9*r.Low && (name == RangeDepth || name == rangeRows || c.Ranges[RangeBytes].Low > hidden)
		if below || v > 1.1*r.High {
			return fmt.Sprintf("%s of %s outside the fitted %.3g … %.3g", name, f.Class, r.Low, r.High), true
		}
	}
	return "", false
}

// Choose walks the ladder: the class in this element type, the class in another one scaled by the device's peaks, the
// class that stands in for it, and the device's roofline at its power limit.
func (p *Additive) Choose(key coefficients.Key) Choice {
	if ch, ok := p.Chosen[key]; ok {
		return ch
	}
	ch := p.climb(key)
	if p.From != nil {
		p.Transfer(&ch, key.DType)
	}
	if joules, _ := p.C.Holds(); !joules {
		ch.Energy = coefficients.TermValues{}
	}
	p.Chosen[key] = ch
	return ch
}

func (p *Additive) climb(key coefficients.Key) Choice {
	name := key.Class
	for range len(coefficients.Classes) {
		if cc, t, ok := p.nearest(name, key.DType); ok {
			ch := Choice{Energy: cc.Energy, Time: cc.Time, Ranges: cc.Range}
			if name != key.Class || t != key.DType {
				ch.StandIn = true
				ch.Why = fmt.Sprintf("%s in %v was not measured; %s in %v stands for it", key.Class, key.DType, name, t)
			}
			if t != key.DType {
				p.retype(&ch, t, key.DType)
			}
			return ch
		}
		next := coefficients.ClassOf(name).Like
		if next == "" || next == name {
			break
		}
		name = next
	}
	return p.roofline(key)
}

// nearest finds a class's coefficients in an element type, or else in the type measured that is closest in width.
func (p *Additive) nearest(name string, want graph.DType) (*coefficients.ClassCoefficients, graph.DType, bool) {
	var best *coefficients.ClassCoefficients
	var bestType graph.DType
	for i := range p.C.Classes {
		cc := &p.C.Classes[i]
		if cc.Class != name || !cc.Usable(p.C) {
			continue
		}
		if best == nil || distance(cc.DType, want) < distance(bestType, want) {
			best, bestType = cc, cc.DType
		}
	}
	return best, bestType, best != nil
}

func distance(a, b graph.DType) int64 {
	d := a.Bits() - b.Bits()
	if d < 0 {
		d = -d
	}
	d *= 2
	if a != b {
		d++
	}
	return d
}

// retype scales the terms that count operations by the device's peaks in the two element types. Bytes count true
// widths already.
func (p *Additive) retype(ch *Choice, from, to graph.DType) {
	dev := p.Dev
	if p.From != nil {
		dev = *p.From
	}
	a, okA := coefficients.Peak(dev, from)
	b, okB := coefficients.Peak(dev, to)
	if !okA || !okB {
		return
	}
	ratio := float64(a / b)
	for _, t := range []coefficients.Term{coefficients.FLOPs, coefficients.WavesL, coefficients.WavesM, coefficients.WavesS} {
		ch.Energy[t] *= ratio
		ch.Time[t] *= ratio
	}
}

// Transfer scales coefficients to another device: the time of operations by the ratio of sustained peaks, of bytes by that of
// bandwidths, launches take the host the same. Energy follows the power that each term draws.
func (p *Additive) Transfer(ch *Choice, t graph.DType) {
	for term, by := range coefficients.Scales(*p.From, p.Dev, t) {
		was := ch.Time[term]
		ch.Time[term] *= by
		if was > 0 {
			ch.Energy[term] = float64(p.Power(energy.Watts(ch.Energy[term]/was))) * ch.Time[term]
		} else { // only energies were measured
			ch.Energy[term] *= by * float64(p.Dev.TDP/p.From.TDP)
		}
	}
}

// Power is what the device draws while the one measured draws that much, at the same meter: the board's part grows with
// the power limits, the host's stays or is the one the user gave. The measured card's own limit is the largest power
// the fit saw of it, since cards ship with limits above and below their maker's figure.
func (p *Additive) Power(measured energy.Watts) energy.Watts {
	host, factor := p.hostPower()
	board := max(0, measured-host) / energy.Watts(factor)
	limit := max(1, (p.C.Power.High/coefficients.PowerMargin-host)/energy.Watts(factor))
	newHost := host
	switch {
	case p.HostWatts != nil:
		newHost = *p.HostWatts
	case p.Dev.IncludesHost:
		newHost = 0
	}
	return newHost + board*energy.Watts(factor)*p.Dev.TDP/limit
}

// hostPower is the host's share of the coefficients' power and the loss factor of its supply.
func (p *Additive) hostPower() (energy.Watts, float64) {
	switch {
	case p.C.Boundary != energy.BoundaryWall:
		return 0, 1
	case p.C.Host != nil:
		return p.C.Host.Watts, p.C.Host.Factor
	}
	return max(0, p.C.Power.Low-p.From.Idle), 1
}

// roofline predicts from specifications alone: operations at the peak, bytes at the bandwidth, a launch each, all at the
// power limit.
func (p *Additive) roofline(key coefficients.Key) Choice {
	dev := p.Dev
	if p.From != nil {
		dev = *p.From
	}
	ch := Choice{StandIn: true, Why: fmt.Sprintf("%s in %v was not measured; the device's roofline stands for it", key.Class, key.DType)}
	if rate, ok := coefficients.Peak(dev, key.DType); ok && rate > 0 {
		ch.Time[coefficients.FLOPs] = 1 / float64(rate)
	}
	if dev.Bandwidth > 0 {
		ch.Time[coefficients.Bytes] = 1 / float64(dev.Bandwidth)
	}
	ch.Time[coefficients.Launches] = float64(LaunchTime)
	for t := range ch.Energy {
		ch.Energy[t] = ch.Time[t] * float64(dev.TDP)
	}
	return ch
}
