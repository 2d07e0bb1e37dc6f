package fit

import (
	"math"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
)

// leastBand is the number of residuals from which on a band of its own is kept for a class or a size.
const leastBand = 40

// residual is the error of one held-out prediction of energy.
type residual struct {
	level energy.Level
	class string // of an operator that is one kernel; "" otherwise
	small bool
	part  int     // that was left out
	ape   float64 // relative to the prediction
}

// siblingsIn widens the bands of modules and models where what was left out in turn had siblings among the others, as the
// models of one family have: what is predicted next may have none. It is Student's t of the few parts that there are
// (three models, two halves) over the normal's, at 90 %.
const siblingsIn = 1.3

// residuals are the errors of the energies that were measured. What nothing stands in for has no prediction to be off.
// Operators of models with siblings are pooled: they run alone, whatever model they are of.
func (o *Options) residuals(held []prediction, siblings bool) coefficients.Residuals {
	var all []residual
	for i := range held {
		p := &held[i]
		if p.energy <= 0 || p.joules <= 0 {
			continue
		}
		r := residual{level: p.Level, small: p.seconds < coefficients.SmallTime, part: p.part, ape: math.Abs(float64((p.energy - p.joules) / p.joules))}
		if p.Level == energy.LevelOperator {
			r.class = p.class
		}
		if o.Pooled || siblings && p.Level == energy.LevelOperator {
			r.part = 0
		}
		if siblings && p.Level != energy.LevelOperator {
			r.ape *= siblingsIn
		}
		all = append(all, r)
	}
	return summarizeResiduals(all)
}

func summarizeResiduals(all []residual) coefficients.Residuals {
	levels, small, classes := map[energy.Level][]residual{}, map[energy.Level][]residual{}, map[string][]residual{}
	for _, r := range all {
		levels[r.level] = append(levels[r.level], r)
		if r.small {
			small[r.level] = append(small[r.level], r)
		}
		if r.class != "" {
			classes[r.class] = append(classes[r.class], r)
		}
	}
	return coefficients.Residuals{Levels: bands(levels, 0), Small: bands(small, leastBand), Classes: bands(classes, leastBand)}
}

// bands are those of the lists that are long enough.
func bands[K comparable](lists map[K][]residual, least int) map[K]coefficients.Band {
	out := map[K]coefficients.Band{}
	for name, v := range lists {
		if len(v) >= least {
			out[name] = bandOf(v)
		}
	}
	return out
}

// bandOf takes quantiles of the errors. What is predicted next may be as far from everything trained on as the worst of
// what was left out, so the band is that of the held-out part with the largest errors.
func bandOf(all []residual) coefficients.Band {
	out := coefficients.Band{N: len(all)}
	parts := map[int][]float64{}
	for _, r := range all {
		parts[r.part] = append(parts[r.part], r.ape)
	}
	for _, v := range parts {
		out.P50, out.P90 = max(out.P50, conformalQuantile(v, 0.5)), max(out.P90, conformalQuantile(v, 0.9))
	}
	return out
}

// conformalQuantile is the quantile that a new error exceeds with at most the stated chance, if it is drawn like these: the
// ⌈(n+1)·p⌉-th smallest.
func conformalQuantile(v []float64, p float64) float64 {
	v = slices.Sorted(slices.Values(v))
	i := int(math.Ceil(float64(len(v)+1)*p)) - 1
	return v[min(i, len(v)-1)]
}
