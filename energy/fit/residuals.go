package fit

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/stats"
)

// leastBand is the number of residuals from which on a band of its own is kept for a class or a size.
const leastBand = 40

// residual is one held-out prediction.
type residual struct {
	level energy.Level
	class string // of an operator that is one kernel; "" otherwise
	small bool
	split int     // which held-out fit predicted it
	ape   float64 // relative to the prediction
}

// Residuals predicts every measurement from fits without its model, and where there are several families, from fits
// without its family, the stricter of which decides; and, so that sizes count too, from fits to the smaller half of the
// token counts for the larger half and back.
func Residuals(eqs []Equation, in *TrainInput) (coefficients.Residuals, error) {
	return residualsOver(eqs, in, splits(eqs))
}

// residualsOver predicts the energies of each part from a fit to the others.
func residualsOver(eqs []Equation, in *TrainInput, parts []func(*Equation) bool) (coefficients.Residuals, error) {
	var all []residual
	for number, split := range parts {
		rest := Filter(eqs, func(e *Equation) bool { return !split(e) })
		if len(rest) == 0 || len(rest) == len(eqs) {
			continue
		}
		c, err := Fit(rest, in)
		if err != nil {
			return coefficients.Residuals{}, fmt.Errorf("held-out errors: %w", err)
		}
		for i := range eqs {
			if e := &eqs[i]; split(e) && e.Energy > 0 {
				r := residualOf(e, c)
				r.split = number
				if !math.IsInf(r.ape, 1) { // classes that nothing stands in for have no prediction to be off
					all = append(all, r)
				}
			}
		}
	}
	return summarizeResiduals(all), nil
}

// splits returns what each held-out fit leaves out.
func splits(eqs []Equation) []func(*Equation) bool {
	var out []func(*Equation) bool
	groups := Families(eqs)
	if len(groups) > 1 {
		for _, g := range groups {
			out = append(out, func(e *Equation) bool { return slices.Contains(g, e.Model) })
		}
		return out
	}
	for _, name := range ModelNames(eqs) {
		out = append(out, func(e *Equation) bool { return e.Model == name })
	}
	middle := MedianTokens(eqs)
	return append(out,
		func(e *Equation) bool { return e.Tokens() > middle },
		func(e *Equation) bool { return e.Tokens() <= middle })
}

func (e *Equation) Tokens() int64 { return e.Batch * e.Sequence }

func MedianTokens(eqs []Equation) int64 {
	all := make([]float64, len(eqs))
	for i := range eqs {
		all[i] = float64(eqs[i].Tokens())
	}
	return int64(stats.Median(all))
}

func ModelNames(eqs []Equation) []string {
	names := map[string]bool{}
	for i := range eqs {
		names[eqs[i].Model] = true
	}
	return slices.Sorted(maps.Keys(names))
}

func Filter(eqs []Equation, keep func(*Equation) bool) []Equation {
	var out []Equation
	for i := range eqs {
		if keep(&eqs[i]) {
			out = append(out, eqs[i])
		}
	}
	return out
}

func residualOf(e *Equation, c *coefficients.Coefficients) residual {
	j, s := PredictEquation(e, c)
	r := residual{level: e.Level, small: s < coefficients.SmallTime, ape: math.Inf(1)}
	if j > 0 {
		r.ape = math.Abs(float64(e.Energy-j) / float64(j))
	}
	if e.Level == energy.LevelOperator {
		r.class = e.Class()
	}
	return r
}

// Class is the class of an equation of one kernel, hidden launches aside.
func (e *Equation) Class() string {
	name := ""
	for k := range e.X {
		switch {
		case k.Class == coefficients.HostClass:
		case name != "":
			return ""
		default:
			name = k.Class
		}
	}
	return name
}

func summarizeResiduals(all []residual) coefficients.Residuals {
	out := coefficients.Residuals{Levels: map[energy.Level]coefficients.Band{}, Small: map[energy.Level]coefficients.Band{}, Classes: map[string]coefficients.Band{}}
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
	for level, v := range levels {
		out.Levels[level] = bandOf(v)
	}
	for level, v := range small {
		if len(v) >= leastBand {
			out.Small[level] = bandOf(v)
		}
	}
	for class, v := range classes {
		if len(v) >= leastBand {
			out.Classes[class] = bandOf(v)
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
		parts[r.split] = append(parts[r.split], r.ape)
	}
	for _, v := range parts {
		out.P50, out.P90 = max(out.P50, conformal(v, 0.5)), max(out.P90, conformal(v, 0.9))
	}
	return out
}

// conformal is the quantile that a new error exceeds with at most the stated chance, if it is drawn like these: the
// ⌈(n+1)·p⌉-th smallest.
func conformal(v []float64, p float64) float64 {
	v = slices.Sorted(slices.Values(v))
	i := int(math.Ceil(float64(len(v)+1)*p)) - 1
	return v[min(i, len(v)-1)]
}
