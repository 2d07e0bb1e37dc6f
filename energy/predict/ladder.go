package predict

import (
	"fmt"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

// choice is the coefficients that stand for a class in an element type on a device.
type choice struct {
	energy, time TermValues
	scaled       bool
	why          string
	ranges       map[string]Range
}

// outside reports whether a kernel lies outside the range its coefficients were fitted on, with a tenth of tolerance.
// Below a range that reaches down to kernels that a launch outlasts (hidden bytes) there is nothing new.
func (c *choice) outside(f *Features, hidden float64) (string, bool) {
	for _, name := range []string{rangeRows, rangeDepth, rangeBytes, rangeFLOPs} {
		v, ok := f.quantities()[name]
		r, known := c.ranges[name]
		if !ok || !known {
			continue
		}
		below := v < 0.9*r.Low && (name == rangeDepth || name == rangeRows || c.ranges[rangeBytes].Low > hidden)
		if below || v > 1.1*r.High {
			return fmt.Sprintf("%s of %s outside the fitted %.3g … %.3g", name, f.Class, r.Low, r.High), true
		}
	}
	return "", false
}

// choose walks the ladder: the class in this element type, the class in another one scaled by the device's peaks, the
// class that stands in for it, and the device's roofline at its power limit.
func (p *predictor) choose(key classKey) choice {
	if ch, ok := p.chosen[key]; ok {
		return ch
	}
	ch := p.climb(key)
	if p.from != nil {
		p.transfer(&ch, key.DType)
	}
	if joules, _ := p.c.holds(); !joules {
		ch.energy = TermValues{}
	}
	p.chosen[key] = ch
	return ch
}

func (p *predictor) climb(key classKey) choice {
	name := key.Class
	for range len(classes) {
		if cc, t, ok := p.nearest(name, key.DType); ok {
			ch := choice{energy: cc.Energy, time: cc.Time, ranges: cc.Range}
			if name != key.Class || t != key.DType {
				ch.scaled = true
				ch.why = fmt.Sprintf("%s in %v was not measured; %s in %v stands for it", key.Class, key.DType, name, t)
			}
			if t != key.DType {
				p.retype(&ch, t, key.DType)
			}
			return ch
		}
		next := classOf(name).like
		if next == "" || next == name {
			break
		}
		name = next
	}
	return p.roofline(key)
}

// nearest finds a class's coefficients in an element type, or else in the type measured that is closest in width.
func (p *predictor) nearest(name string, want graph.DType) (*ClassCoefficients, graph.DType, bool) {
	var best *ClassCoefficients
	var bestType graph.DType
	for i := range p.c.Classes {
		cc := &p.c.Classes[i]
		t, _ := graph.ParseDType(cc.DType)
		if cc.Class != name || !cc.usable(p.c) {
			continue
		}
		if best == nil || distance(t, want) < distance(bestType, want) {
			best, bestType = cc, t
		}
	}
	return best, bestType, best != nil
}

// usable reports whether any coefficient of the class was observed: all zeros predict nothing.
func (cc *ClassCoefficients) usable(c *Coefficients) bool {
	joules, seconds := c.holds()
	for t := range cc.Energy {
		if (cc.Energy[t] > 0 || !joules) && (cc.Time[t] > 0 || !seconds) {
			return true
		}
	}
	return false
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
func (p *predictor) retype(ch *choice, from, to graph.DType) {
	dev := p.dev
	if p.from != nil {
		dev = *p.from
	}
	a, okA := peak(dev, from)
	b, okB := peak(dev, to)
	if !okA || !okB {
		return
	}
	ratio := float64(a / b)
	for _, t := range []Term{FLOPs, WavesL, WavesM, WavesS} {
		ch.energy[t] *= ratio
		ch.time[t] *= ratio
	}
}

// peak is the rate of matrix products in an element type.
func peak(d energy.Device, t graph.DType) (energy.FLOPsPerSecond, bool) {
	return d.MatrixRate(t.String())
}

// transfer scales coefficients to another device: the time of operations by the ratio of sustained peaks, of bytes by that of
// bandwidths, launches take the host the same. Energy follows the power that each term draws.
func (p *predictor) transfer(ch *choice, t graph.DType) {
	for term, by := range scales(*p.from, p.dev, t) {
		was := ch.time[term]
		ch.time[term] *= by
		if was > 0 {
			ch.energy[term] = float64(p.power(energy.Watts(ch.energy[term]/was))) * ch.time[term]
		} else { // only energies were measured
			ch.energy[term] *= by * float64(p.dev.TDP/p.from.TDP)
		}
	}
}

// power is what the device draws while the one measured draws that much, at the same meter: the board's part grows with
// the power limits, the host's stays or is the one the user gave. The measured card's own limit is the largest power
// the fit saw of it, since cards ship with limits above and below their maker's figure.
func (p *predictor) power(measured energy.Watts) energy.Watts {
	host, factor := p.hostPower()
	board := max(0, measured-host) / energy.Watts(factor)
	limit := max(1, (p.c.Power.High/powerMargin-host)/energy.Watts(factor))
	newHost := host
	switch {
	case p.hostWatts != nil:
		newHost = *p.hostWatts
	case p.dev.IncludesHost:
		newHost = 0
	}
	return newHost + board*energy.Watts(factor)*p.dev.TDP/limit
}

// hostPower is the host's share of the coefficients' power and the loss factor of its supply.
func (p *predictor) hostPower() (energy.Watts, float64) {
	switch {
	case p.c.Boundary != energy.BoundaryWall:
		return 0, 1
	case p.c.Host != nil:
		return p.c.Host.Watts, p.c.Host.Factor
	}
	return max(0, p.c.Power.Low-p.from.Idle), 1
}

// roofline predicts from specifications alone: operations at the peak, bytes at the bandwidth, a launch each, all at the
// power limit.
func (p *predictor) roofline(key classKey) choice {
	dev := p.dev
	if p.from != nil {
		dev = *p.from
	}
	ch := choice{scaled: true, why: fmt.Sprintf("%s in %v was not measured; the device's roofline stands for it", key.Class, key.DType)}
	if rate, ok := peak(dev, key.DType); ok && rate > 0 {
		ch.time[FLOPs] = 1 / float64(rate)
	}
	if dev.Bandwidth > 0 {
		ch.time[Bytes] = 1 / float64(dev.Bandwidth)
	}
	ch.time[Launches] = float64(launchTime)
	for t := range ch.energy {
		ch.energy[t] = ch.time[t] * float64(dev.TDP)
	}
	return ch
}
