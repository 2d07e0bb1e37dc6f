package law

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strconv"

	"github.com/irene-onnx/irene/energy/coefficients"
)

// Variation is what the errors of a law are drawn from: laws of resampled measurements, and how far it is off beyond what
// these differ by. See [coefficients.Spread] for which errors two predictions share.
type Variation struct {
	Of     string                                // names the law's constants and device: laws of one name share their errors, others what comes with From alone
	From   string                                // names the constants: on all devices that these are carried to, one resampling of the measurements is drawn
	Drawn  []Law                                 // of the same device; none where nothing was resampled
	Spread func(o *Outcome) coefficients.Spreads // of a kernel
	Energy float64                               // [coefficients.Spread].Model of energies
	Time   float64                               // and of times
}

// Variation implements [Law].
func (l *additive) Variation() *Variation {
	s := l.coefficients.Spreads()
	estimated := wider(s, coefficients.WiderStandIn, coefficients.LeastStandIn/coefficients.Normal90)
	extrapolated := wider(s, coefficients.WiderExtrapolated, 0)
	from := nameOf(l.coefficients)
	v := &Variation{Of: l.device.ID + " " + from, From: from, Energy: s.Energy.Model, Time: s.Time.Model}
	if l.rates.Estimated {
		s, v.Energy, v.Time = estimated, estimated.Energy.Model, estimated.Time.Model
	}
	v.Spread = func(o *Outcome) coefficients.Spreads {
		switch {
		case o.StandIn:
			return estimated
		case o.Extrapolated && !l.rates.Estimated:
			return extrapolated
		}
		return s
	}
	for _, c := range l.coefficients.Resampled() {
		drawn, err := New(c, l.device, l.options)
		if err != nil {
			break // as the law itself would have
		}
		v.Drawn = append(v.Drawn, drawn)
	}
	return v
}

// wider is the spreads of a law further from home.
func wider(s coefficients.Spreads, by, least float64) coefficients.Spreads {
	return coefficients.Spreads{Energy: s.Energy.Wider(by, least), Time: s.Time.Wider(by, least)}
}

// modelSpread is how far models are off beside their kernels: 1.1 % of energies and 0.6 % of times, of the trees of the
// GTX 1070.
const modelSpread = 0.01

// Variation implements [Law]. A stand-in's group is as far off as kinds of multiprocessors that were left out.
func (l *Overlap) Variation() *Variation {
	from := nameOf(l.source)
	return &Variation{Of: l.nameFrom(from), From: from, Energy: modelSpread, Time: modelSpread, Spread: func(o *Outcome) coefficients.Spreads {
		g := l.groups[o.Group]
		if f := l.own[o.Group]; f != nil && o.Origin == OriginFitted {
			g = f.group
		}
		s := g.Spreads()
		if !o.StandIn {
			return s
		}
		least := leastSpread(&g)
		s.Energy.Group, s.Time.Group = max(least, s.Energy.Group), max(least, s.Time.Group)
		return s
	}}
}

// leastSpread is how far off the group of a stand-in is at the least.
func leastSpread(g *coefficients.Group) float64 {
	return max(coefficients.LeastStandIn, g.StandIn.P90) / coefficients.Normal90
}

// nameFrom tells the law's constants, by their name, and device from others.
func (l *Overlap) nameFrom(constants string) string { return l.machine.dev.ID + " " + constants }

// nameOf tells constants from others.
func nameOf(constants any) string {
	h := fnv.New64a()
	if err := json.NewEncoder(h).Encode(constants); err != nil {
		return err.Error() // numbers that no file holds
	}
	return strconv.FormatUint(h.Sum64(), 16)
}

// Identity tells kernels of one work at one size from others.
func (k *Kernel) Identity() string {
	b := fmt.Appendf(nil, "%s|%d|%g|%g|%g|%s|%g|%s|%v|%d", k.Class, k.DType, k.MACs, k.Bytes, k.Rereads, k.Op, k.Elements, k.Quant, k.Replayed, k.Rounding)
	for _, p := range k.Products {
		b = fmt.Appendf(b, "|%g,%g,%g,%g", p.Batch, p.M, p.N, p.K)
	}
	if k.Attention != nil {
		b = fmt.Appendf(b, "|%+v", *k.Attention)
	}
	if k.Experts != nil {
		b = fmt.Appendf(b, "|%+v", *k.Experts)
	}
	return string(b)
}
