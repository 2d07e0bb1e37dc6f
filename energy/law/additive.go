package law

import (
	"math"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/graph"
)

// IdlePower is what the meter of the coefficients would show of the device at rest. Where nobody parted the plug's energy
// into the board's and the host's, the least power that the fit saw stands for the machine at rest.
func (p *Additive) IdlePower() energy.Watts {
	switch {
	case p.C.Boundary != energy.BoundaryWall:
		return p.Dev.Idle
	case p.From == nil && p.C.Host == nil:
		return p.C.Power.Low
	}
	host, factor := p.hostPower()
	if p.From != nil && p.HostWatts != nil {
		host = *p.HostWatts
	}
	return host + energy.Watts(factor)*p.Dev.Idle
}

// Additive predicts single kernels.
type Additive struct {
	C       *coefficients.Coefficients
	Dev     energy.Device
	From    *energy.Device // device of the coefficients, where it is another one
	Machine Machine
	Chosen  map[coefficients.Key]Choice

	HostWatts *energy.Watts // of the host that the device is in, where the user gave it
}

// New makes a predictor from coefficients of the device itself; scaleFrom makes it one from another's.
func New(c *coefficients.Coefficients, dev energy.Device) *Additive {
	return &Additive{C: c, Dev: dev, Machine: NewMachine(dev), Chosen: map[coefficients.Key]Choice{}}
}

// Host is the cost of launches that no work hides.
func (p *Additive) Host(share float64) (energy.Joules, energy.Seconds) {
	cc := p.C.Find(coefficients.HostKey)
	if share == 0 || cc == nil || !cc.Usable(p.C) {
		return 0, 0
	}
	ch := p.Choose(coefficients.Key{Class: coefficients.HostClass, DType: graph.Float32})
	return energy.Joules(share * ch.Energy[coefficients.Launches]), energy.Seconds(share * ch.Time[coefficients.Launches])
}

// ScaleFrom makes the predictor scale coefficients of another device. A launch is then hidden by as many bytes as the
// memory moves in the time that the host coefficient says it takes, so that a kernel that grows never gets faster:
// with a faster memory than the measured one, that would show over megabytes.
func (p *Additive) ScaleFrom(from *energy.Device) {
	p.From = from
	if cc := p.C.Find(coefficients.HostKey); cc != nil {
		p.Machine.Hidden = max(p.Machine.Hidden, math.Round(float64(p.Dev.Bandwidth)*cc.Time[coefficients.Launches]))
	}
}

// Predict predicts one kernel.
func (p *Additive) Predict(f *Features) Prediction {
	out := Prediction{Class: f.Class}
	if !f.Known {
		return out
	}
	out.Known = true
	ch := p.Choose(coefficients.Key{Class: f.Class, DType: f.DType})
	var j, s float64
	for t, x := range f.X {
		j += ch.Energy[t] * x
		s += ch.Time[t] * x
	}
	hj, hs := p.Host(f.Host)
	out.Energy, out.Time = energy.Joules(j)+hj, energy.Seconds(s)+hs
	out.StandIn, out.Why = ch.StandIn, ch.Why
	if why, outside := ch.outside(f, p.Machine.Hidden); outside && !ch.StandIn {
		out.Extrapolated, out.Why = true, why
	}
	p.Interval(&out)
	return out
}

// Interval puts the bounds around a prediction of one operator.
func (p *Additive) Interval(pr *Prediction) {
	band := p.C.Residuals.Band(energy.LevelOperator, pr.Class, pr.Time)
	switch {
	case pr.StandIn || p.From != nil:
		band.P50, band.P90 = max(coefficients.LeastStandIn/2, band.P50*coefficients.WiderStandIn), max(coefficients.LeastStandIn, band.P90*coefficients.WiderStandIn)
	case pr.Extrapolated:
		band.P50, band.P90 = band.P50*coefficients.WiderExtrapolated, band.P90*coefficients.WiderExtrapolated
	}
	pr.Low, pr.High = Around(pr.Energy, energy.Joules(band.P90)*pr.Energy)
	pr.Low50, pr.High50 = Around(pr.Energy, energy.Joules(band.P50)*pr.Energy)
}

// Around is the interval of a half width around a value that cannot be negative.
func Around(v, half energy.Joules) (low, high energy.Joules) { return max(0, v-half), v + half }
