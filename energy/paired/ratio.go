package paired

import (
	"maps"
	"math"
	"slices"

	"github.com/irene-onnx/irene/energy/stats"
)

// Verdict says how one prediction stands to another.
type Verdict string

// The verdicts.
const (
	Lower   Verdict = "lower"   // the interval of the ratio lies below 1
	Higher  Verdict = "higher"  // above 1
	Open    Verdict = "open"    // holds 1
	Unknown Verdict = "unknown" // there is no such interval
)

// Ratio is what one prediction takes over what another does, and its 90 % interval. Not a number is what is not known:
// where operators of unknown cost come on top of the first alone, Low is; of the second alone, High.
type Ratio struct {
	Value, Low, High float64
}

// unknown is the ratio of what is not known.
func unknown() Ratio { return Ratio{math.NaN(), math.NaN(), math.NaN()} }

// Verdict is what the interval decides; a single known bound may.
func (r Ratio) Verdict() Verdict {
	switch {
	case r.High < 1:
		return Lower
	case r.Low > 1:
		return Higher
	case math.IsNaN(r.Value):
		return Unknown
	}
	return Open
}

// kernelsOf are the places of the kernels of two sums, in order.
func kernelsOf(a, b *Sum) []int {
	list := slices.Collect(maps.Keys(a.kernels))
	for i := range b.kernels {
		if _, both := a.kernels[i]; !both {
			list = append(list, i)
		}
	}
	slices.Sort(list)
	return list
}

// Ratio is what b takes over what a does, in one quantity.
func (d *Draws) Ratio(a, b *Sum, q int) Ratio {
	r, list := unknown(), kernelsOf(a, b)
	below, above := a.total(q), b.total(q)
	if !(below > 0 && above > 0) || a.Unknown > 0 && b.Unknown > 0 {
		return r
	}
	if a.same(b, list, q) && a.Unknown+b.Unknown == 0 {
		return Ratio{1, 1, 1}
	}
	drawn := d.draw(a, b, list, q)
	low, high := stats.Quantile(drawn, 0.05), stats.Quantile(drawn, 0.95)
	switch {
	case a.Unknown > 0:
		r.High = high
	case b.Unknown > 0:
		r.Low = low
	default:
		r = Ratio{above / below, low, high}
	}
	return r
}

// draw is the ratio in every draw: kernels of both err alike, and each model has an error of its own besides.
func (d *Draws) draw(a, b *Sum, list []int, q int) []float64 {
	ownA, ownB := d.own(a, "first", q), d.own(b, "second", q)
	below, above := slices.Repeat([]float64{a.certain[q]}, draws), slices.Repeat([]float64{b.certain[q]}, draws)
	for _, i := range list {
		f := &d.factors(i)[q]
		x, y := a.kernels[i][q], b.kernels[i][q]
		for n, factor := range f {
			below[n] += factor * x * ownA[n]
			above[n] += factor * y * ownB[n]
		}
	}
	for n := range above {
		above[n] /= below[n]
	}
	return above
}

// own are the factors of the error that one of two sums has alone.
func (d *Draws) own(s *Sum, which string, q int) *[draws]float64 {
	out := &[draws]float64{}
	if s.of == nil {
		return out
	}
	spread := s.of.Energy
	if q == Time {
		spread = s.of.Time
	}
	for n, z := range d.normals(which) {
		out[n] = math.Exp(spread * z)
	}
	return out
}

// Apart is how far two sums are apart in what they do not share, as multiples of the variances of a
// [coefficients.Spread]: of groups, kernels and models.
type Apart [3]float64

// Apart measures two sums in one quantity, by the shares of their totals.
func (d *Draws) Apart(a, b *Sum, q int) (out Apart) {
	totalA, totalB := a.total(q), b.total(q)
	type sourceGroup struct {
		*source
		group
	}
	gaps, at := []float64{}, map[sourceGroup]int{}
	for _, i := range kernelsOf(a, b) {
		k := &d.kernels[i]
		x, y := a.kernels[i][q], b.kernels[i][q]
		gap := x/totalA - y/totalB
		out[1] += gap * gap
		g := sourceGroup{k.of, k.group()}
		n, ok := at[g]
		if !ok {
			n, gaps = len(gaps), append(gaps, 0)
			at[g] = n
		}
		gaps[n] += gap
	}
	for _, gap := range gaps {
		out[0] += gap * gap
	}
	if out[1] > 0 {
		out[2] = 2 // one of each
	}
	return out
}

// Resampled is the variance of the logarithm of the ratio of two sums by resampled measurements.
func (d *Draws) Resampled(a, b *Sum, q int) float64 {
	x, y := d.refits(a, q), d.refits(b, q)
	if a.of != b.of {
		return variance(x) + variance(y)
	}
	for i := range x {
		x[i] -= y[i]
	}
	return variance(x)
}

// refits are the logarithms of what the laws of resampled measurements make of a sum.
func (d *Draws) refits(s *Sum, q int) []float64 {
	if s.of == nil {
		return nil
	}
	out := slices.Repeat([]float64{s.certain[q]}, len(s.of.Drawn))
	for _, i := range kernelsOf(s, &Sum{}) {
		refits := d.kernels[i].resampled()
		for n := range out {
			if refits == nil {
				out[n] += s.kernels[i][q]
			} else {
				out[n] += s.kernels[i][q] * refits[n][q]
			}
		}
	}
	for n := range out {
		out[n] = math.Log(out[n])
	}
	return out
}

// variance is about the mean; 0 of nothing.
func variance(v []float64) float64 {
	var sum, squares float64
	for _, x := range v {
		sum += x / float64(len(v))
	}
	for _, x := range v {
		squares += (x - sum) * (x - sum) / float64(len(v))
	}
	return squares
}

// Log is the logarithm of what b takes over what a does, in one quantity.
func Log(a, b *Sum, q int) float64 { return math.Log(b.total(q) / a.total(q)) }
