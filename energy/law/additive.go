package law

import (
	"fmt"
	"math"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/graph"
)

// The HTML report calculates by itself: its engine.js mirrors this file, function by function. What changes here changes
// there.

// additive is the law of the coefficient files.
type additive struct {
	rates   *coefficients.Rates
	machine Machine

	coefficients *coefficients.Coefficients
	device       energy.Device
	options      Options
}

// NewAdditive makes the law of additive coefficients on a device.
//
// In models, where the device was not measured, a launch is hidden by as many bytes as the memory moves in the time that
// the host coefficient says it takes, so that a kernel that grows never gets faster: with a faster memory than the
// measured one, that would show over megabytes.
func NewAdditive(c *coefficients.Coefficients, dev energy.Device, opts Options) (Law, error) {
	rates, err := coefficients.For(c, dev, opts.HostWatts, opts.Boundary)
	if err != nil {
		return nil, err
	}
	m := NewMachine(dev)
	if rates.Estimated && !opts.Alone {
		m.hidden = max(m.hidden, math.Round(float64(dev.Bandwidth)*rates.Host.Time[coefficients.Launches]))
	}
	return &additive{rates: rates, machine: m, coefficients: c, device: dev, options: opts}, nil
}

// Idle implements [Law].
func (l *additive) Idle() energy.Watts { return l.rates.Idle }

// Excess implements [Law]. Launches that are not hidden are terms of the kernels.
func (l *additive) Excess(int, energy.Seconds) Share { return Share{} }

// Cache implements [Law]. Additive terms know no caches.
func (l *additive) Cache() float64 { return 0 }

// Rate is what a unit of each term of a cost takes.
func (l *additive) Rate(c *graph.Cost) *coefficients.Rate {
	return l.rates.Of(coefficients.Key{Class: c.Class, DType: coefficients.ClassType(c.Class, c.DType)})
}

// Launch is what a launch that nothing hides takes, and how many bytes hide one.
func (l *additive) Launch() (share Share, hidden float64) { return l.host(1), l.machine.hidden }

// Kernel implements [Law].
func (l *additive) Kernel(k *Kernel) Prediction {
	f := l.machine.Features(k)
	out := Prediction{Outcome: Outcome{Known: f.Known, Class: f.Class, DType: f.DType, Group: f.Class}}
	if !f.Known {
		return out
	}
	rate := l.rates.Of(f.Key)
	var j, s float64
	for t, x := range f.X {
		j += rate.Energy[t] * x
		s += rate.Time[t] * x
	}
	host := l.host(f.Host)
	out.Energy, out.Time = energy.Joules(j)+host.Energy, energy.Seconds(s)+host.Time
	out.Causes = causesOf(rate, &f)
	out.Causes[Host] = host
	if len(k.Products) > 0 {
		out.Tile, out.Fill = bestTile(rate, &f)
	}
	out.StandIn, out.Why = rate.StandIn, rate.Why
	switch {
	case rate.StandIn:
		out.Origin = OriginStandIn
	case l.rates.Estimated:
		out.Origin = OriginEstimated
	default:
		out.Origin = OriginFitted
	}
	if !rate.StandIn {
		out.Why = outside(rate, &f, l.machine.hidden)
		out.Extrapolated = out.Why != ""
	}
	l.surround(&out)
	return out
}

// Call implements [Law].
func (l *additive) Call(bytes float64) Prediction {
	out := Prediction{Outcome: Outcome{Known: true, Class: View, Group: coefficients.HostClass}}
	host := l.host(l.machine.Host(bytes))
	out.Energy, out.Time, out.Causes[Host] = host.Energy, host.Time, host
	l.surround(&out)
	return out
}

// host is what the share of a launch that no work hides takes.
func (l *additive) host(share float64) Share {
	rate := &l.rates.Host
	return Share{energy.Joules(share * rate.Energy[coefficients.Launches]), energy.Seconds(share * rate.Time[coefficients.Launches])}
}

// surround puts the intervals around a prediction of one operator.
func (l *additive) surround(p *Prediction) {
	band := l.rates.Residuals.Band(energy.LevelOperator, p.Class, p.Time)
	switch {
	case p.StandIn || l.rates.Estimated:
		band.P50, band.P90 = max(coefficients.LeastStandIn/2, band.P50*coefficients.WiderStandIn), max(coefficients.LeastStandIn, band.P90*coefficients.WiderStandIn)
	case p.Extrapolated:
		band.P50, band.P90 = band.P50*coefficients.WiderExtrapolated, band.P90*coefficients.WiderExtrapolated
	}
	p.Surround(energy.Joules(band.P50)*p.Energy, energy.Joules(band.P90)*p.Energy)
}

// Features are the terms of one kernel, in FLOP, bytes and launches.
type Features struct {
	coefficients.Key
	X     coefficients.TermValues
	Host  float64 // share of a launch that the device does not hide: 1 for an empty kernel, 0 from a few µs of work on
	Known bool    // false: a size is unknown
	M     float64 // over all products
	Depth float64 // the largest K
}

// Machine is what of a device the features depend on.
type Machine struct {
	sms    float64
	hidden float64 // bytes that the memory moves while a launch lasts
}

// NewMachine reads a device's row.
func NewMachine(d energy.Device) Machine {
	return Machine{sms: float64(d.SMs), hidden: float64(d.Bandwidth) * float64(coefficients.LaunchTime)}
}

// Host is the share of a launch that work on that many bytes does not hide.
func (m Machine) Host(bytes float64) float64 {
	if m.hidden <= 0 {
		return 0
	}
	return max(0, 1-bytes/m.hidden)
}

// Features are the terms of a kernel.
func (m Machine) Features(k *Kernel) Features {
	f := Features{Key: coefficients.Key{Class: k.Class, DType: coefficients.ClassType(k.Class, k.DType)}, Known: k.Known}
	f.X[coefficients.FLOPs] = 2 * k.MACs
	f.X[coefficients.Bytes] = k.Bytes + k.Rereads
	f.X[coefficients.Launches] = 1
	f.Host = m.Host(k.Bytes)
	for _, p := range k.Products {
		for t, size := range coefficients.Tiles {
			f.X[t] += m.waves(p, size)
		}
		f.M += p.Batch * p.M
		f.Depth = max(f.Depth, p.K)
	}
	if len(k.Products) == 0 {
		for t := range coefficients.Tiles {
			f.X[t] = f.X[coefficients.FLOPs]
		}
	}
	return f
}

// waves is the FLOPs of a product when its tiles fill whole waves of the multiprocessors:
// 2·⌈batch·⌈m/tm⌉·⌈n/tn⌉/SMs⌉·SMs·tm·tn·K.
func (m Machine) waves(p Product, tile [2]float64) float64 {
	tm, tn := Side(p.M, tile[0]), Side(p.N, tile[1])
	blocks := p.Batch * math.Ceil(p.M/tm) * math.Ceil(p.N/tn)
	if m.sms > 0 {
		blocks = math.Ceil(blocks/m.sms) * m.sms
	}
	return 2 * blocks * tm * tn * p.K
}

// VectorRows is the number of rows from which on a product runs in tiles; with fewer it runs as products of a matrix and
// a few vectors.
const VectorRows = 8

// Side is the side of a tile for a product of n rows or columns.
func Side(n, tile float64) float64 {
	if n < VectorRows {
		return max(n, 1)
	}
	return tile
}

// The quantities whose range is kept, beside which a prediction is an extrapolation.
const (
	rangeBytes = "bytes"
	rangeFLOPs = "flops"
	rangeDepth = "k"    // of products
	rangeRows  = "rows" // of products
)

// Quantities are the values of a kernel that ranges are kept of.
func (f *Features) Quantities() map[string]float64 {
	q := map[string]float64{rangeBytes: f.X[coefficients.Bytes]}
	if f.Depth > 0 {
		q[rangeFLOPs], q[rangeDepth], q[rangeRows] = f.X[coefficients.FLOPs], f.Depth, f.M
	}
	return q
}

// outside says how a kernel lies outside the range that its rate was fitted on, with a tenth of tolerance, and behind a colon
// what of it does; "" where it does not. Below a range that reaches down to kernels that a launch outlasts (hidden bytes) there is nothing new.
func outside(r *coefficients.Rate, f *Features, hidden float64) string {
	quantities := f.Quantities()
	for _, name := range []string{rangeRows, rangeDepth, rangeBytes, rangeFLOPs} {
		v, ok := quantities[name]
		fitted, known := r.Range[name]
		if !ok || !known {
			continue
		}
		switch {
		case v < 0.9*fitted.Low && (name == rangeDepth || name == rangeRows || r.Range[rangeBytes].Low > hidden):
			return fmt.Sprintf("smaller than any measured: %s below %s", name, energy.FormatCount(fitted.Low))
		case v > 1.1*fitted.High:
			return fmt.Sprintf("larger than any measured: %s above %s", name, energy.FormatCount(fitted.High))
		}
	}
	return ""
}

// causesOf splits what the terms take. Terms that count rounded operations are arithmetic as far as the operations go, the
// rest is Waves.
func causesOf(r *coefficients.Rate, f *Features) (out Causes) {
	put := func(c Cause, t int, x float64) {
		out[c] = out[c].Plus(Share{energy.Joules(r.Energy[t] * x), energy.Seconds(r.Time[t] * x)})
	}
	for t, x := range f.X {
		switch coefficients.Term(t) {
		case coefficients.Bytes:
			put(Memory, t, x)
		case coefficients.Launches:
			put(Launch, t, x)
		default:
			useful := min(x, f.X[coefficients.FLOPs])
			put(Waves, t, x-useful)
			put(Arithmetic, t, useful)
		}
	}
	return out
}

// bestTile is the tile whose waves hold the fewest slots among those that the rate speaks of, or else among all that the
// class takes, and how full they are.
func bestTile(r *coefficients.Rate, f *Features) (tile [2]float64, fill float64) {
	weighted := r.Time[coefficients.WavesL] > 0 || r.Time[coefficients.WavesM] > 0 || r.Time[coefficients.WavesS] > 0
	slots := math.Inf(1)
	for _, t := range coefficients.ClassOf(f.Class).Terms { // in the order of the class: the same tile every time
		size, ok := coefficients.Tiles[t]
		if !ok || (weighted && r.Time[t] == 0) || f.X[t] >= slots {
			continue
		}
		tile, slots = size, f.X[t]
	}
	flops := f.X[coefficients.FLOPs]
	if flops == 0 || slots == 0 || math.IsInf(slots, 1) {
		return [2]float64{}, 0
	}
	return tile, min(1, flops/slots)
}

// Sum is the prediction of a subtree: the sums over its operators.
type Sum struct {
	Estimate
	Unknown      int // operators without a prediction
	StandIns     int
	Extrapolated int

	// The energy whose error is that of held-out subtrees like this, and the half widths of the operators that stand
	// outside with wider intervals.
	fitted, wide50, wide90 energy.Joules
}

// Add adds an operator. One that is certain, as it was metered, has no part in the width of intervals; one that is wide
// lies on a device that was not measured.
func (s *Sum) Add(p *Outcome, certain, wide bool) {
	if !p.Known {
		s.Unknown++
		return
	}
	s.Energy += p.Energy
	s.Time += p.Time
	if certain {
		return
	}
	if p.StandIn || p.Extrapolated || wide {
		s.wide50 += p.High50 - p.Energy
		s.wide90 += p.High - p.Energy
	} else {
		s.fitted += p.Energy
	}
	if p.StandIn {
		s.StandIns++
	}
	if p.Extrapolated {
		s.Extrapolated++
	}
}

// AddSum adds a child.
func (s *Sum) AddSum(c *Sum) {
	s.Energy, s.Time = s.Energy+c.Energy, s.Time+c.Time
	s.Unknown, s.StandIns, s.Extrapolated = s.Unknown+c.Unknown, s.StandIns+c.StandIns, s.Extrapolated+c.Extrapolated
	s.fitted, s.wide50, s.wide90 = s.fitted+c.fitted, s.wide50+c.wide50, s.wide90+c.wide90
}

// Bound puts the intervals around a whole subtree: that of its level around the part that was measured like this, and the
// sum of the operators' intervals around the others.
func (s *Sum) Bound(level energy.Level, r *coefficients.Residuals) {
	band := r.Band(level, "", s.Time)
	s.Surround(energy.Joules(band.P50)*s.fitted+s.wide50, energy.Joules(band.P90)*s.fitted+s.wide90)
}
