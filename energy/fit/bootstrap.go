package fit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/stats"
)

// The number of bootstrap fits: of coefficients, and of those of a part for the variance that it gives to ratios alone.
const (
	resamples     = 40
	partResamples = 10
)

// leastGroups is the number of shapes from which on resampling tells anything.
const leastGroups = 5

// identifiedSpread is the relative width of the 90 % bootstrap interval of a coefficient up to which it is called
// identified: read as physics and not as one of several splits that fit as well.
const identifiedSpread = 0.5

// bootstrap fits to resampled shapes (a model at one batch and sequence, drawn with replacement), notes the interval of
// every coefficient, and keeps the draws. The generator is seeded, so the same data give the same intervals.
func (o *Options) bootstrap(c *coefficients.Coefficients, eqs []*equation, dev *energy.Device, fits int) error {
	groups := neighbours(eqs)
	if len(groups) < leastGroups || !c.HasEnergy() {
		return nil
	}
	rng := rand.New(rand.NewPCG(1, uint64(len(eqs))))
	energies := make([][]coefficients.TermValues, len(c.Classes)) // by class, one per resample
	times := make([][]coefficients.TermValues, len(c.Classes))
	for range fits {
		var sample []*equation
		for range groups {
			g := groups[rng.IntN(len(groups))]
			sample = append(sample, eqs[g[0]:g[1]]...)
		}
		b, err := o.solve(sample, dev)
		if err != nil {
			return fmt.Errorf("bootstrap: %w", err)
		}
		for i := range c.Classes {
			var e, t coefficients.TermValues
			if cc := b.Find(c.Classes[i].Key); cc != nil {
				e, t = cc.Energy, cc.Time
			}
			energies[i], times[i] = append(energies[i], e), append(times[i], t)
		}
	}
	for i := range c.Classes {
		bounds(&c.Classes[i], energies[i])
		c.Classes[i].Draws = coefficients.NewDraws(energies[i], times[i])
	}
	return nil
}

// bounds notes the 90 % intervals of a class's coefficients of energy, and which of them are identified.
func bounds(cc *coefficients.ClassCoefficients, draws []coefficients.TermValues) {
	cc.Interval = map[string]coefficients.Range{}
	for t := range cc.Energy {
		v := make([]float64, len(draws))
		for i := range draws {
			v[i] = draws[i][t]
		}
		r := coefficients.Range{Low: stats.Quantile(v, 0.05), High: stats.Quantile(v, 0.95)}
		if r.High == 0 {
			continue
		}
		cc.Interval[coefficients.Term(t).String()] = r
		if cc.Energy[t] > 0 && r.High-r.Low <= identifiedSpread*cc.Energy[t] {
			cc.Identified = append(cc.Identified, coefficients.Term(t).String())
		}
	}
}

// neighbours returns the ranges of equations that are of one model at one shape, as far as they are adjacent.
func neighbours(eqs []*equation) [][2]int {
	var out [][2]int
	for i, e := range eqs {
		last := len(out) - 1
		if last >= 0 {
			p := eqs[out[last][0]]
			if e.Group == p.Group && e.Batch == p.Batch && e.Sequence == p.Sequence && e.Shape == p.Shape {
				out[last][1] = i + 1
				continue
			}
		}
		out = append(out, [2]int{i, i + 1})
	}
	return out
}

// condition is the condition number of the scaled normal equations over the coefficients that are not zero; large
// values say that some of them can be traded against each other.
func (ls *leastSquares) condition(x []float64) float64 {
	var idx []int
	for i, v := range x {
		if v > 0 && ls.gram[i*ls.n+i] > 0 {
			idx = append(idx, i)
		}
	}
	if len(idx) == 0 {
		return math.NaN()
	}
	m := mat.NewSymDense(len(idx), nil)
	for a, i := range idx {
		for b := a; b < len(idx); b++ {
			j := idx[b]
			m.SetSym(a, b, ls.gram[i*ls.n+j]/math.Sqrt(ls.gram[i*ls.n+i]*ls.gram[j*ls.n+j]))
		}
	}
	var e mat.EigenSym
	if !e.Factorize(m, false) {
		return math.NaN()
	}
	v := e.Values(nil)
	high := slices.Max(v)
	return math.Sqrt(high / max(slices.Min(v), high*0x1p-52)) // rounding may take the least below zero
}
