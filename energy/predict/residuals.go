package predict

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/stats"
)

// Residuals are quantiles of the relative errors of held-out predictions, from which intervals are made.
type Residuals struct {
	Levels  map[energy.Level]Band `json:"levels"`
	Small   map[energy.Level]Band `json:"small,omitempty"`   // of nodes that take less than smallTime
	Classes map[string]Band       `json:"classes,omitempty"` // of operators measured alone, by class
}

// Band holds quantiles of |measured - predicted| / predicted.
type Band struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	N   int     `json:"n"`
}

// smallTime parts nodes whose time is mostly launches from the others.
const smallTime energy.Seconds = 100e-6

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

// residuals predicts every measurement from fits without its model, and where there are several families, from fits
// without its family, the stricter of which decides; and, so that sizes count too, from fits to the smaller half of the
// token counts for the larger half and back.
func residuals(eqs []equation, in *TrainInput) (Residuals, error) {
	return residualsOver(eqs, in, splits(eqs))
}

// residualsOver predicts the energies of each part from a fit to the others.
func residualsOver(eqs []equation, in *TrainInput, parts []func(*equation) bool) (Residuals, error) {
	var all []residual
	for number, split := range parts {
		rest := filter(eqs, func(e *equation) bool { return !split(e) })
		if len(rest) == 0 || len(rest) == len(eqs) {
			continue
		}
		c, err := fit(rest, in)
		if err != nil {
			return Residuals{}, fmt.Errorf("held-out errors: %w", err)
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
func splits(eqs []equation) []func(*equation) bool {
	var out []func(*equation) bool
	groups := families(eqs)
	if len(groups) > 1 {
		for _, g := range groups {
			out = append(out, func(e *equation) bool { return slices.Contains(g, e.Model) })
		}
		return out
	}
	for _, name := range modelNames(eqs) {
		out = append(out, func(e *equation) bool { return e.Model == name })
	}
	middle := medianTokens(eqs)
	return append(out,
		func(e *equation) bool { return e.tokens() > middle },
		func(e *equation) bool { return e.tokens() <= middle })
}

func (e *equation) tokens() int64 { return e.Batch * e.Sequence }

func medianTokens(eqs []equation) int64 {
	all := make([]float64, len(eqs))
	for i := range eqs {
		all[i] = float64(eqs[i].tokens())
	}
	return int64(stats.Median(all))
}

func modelNames(eqs []equation) []string {
	names := map[string]bool{}
	for i := range eqs {
		names[eqs[i].Model] = true
	}
	return slices.Sorted(maps.Keys(names))
}

func filter(eqs []equation, keep func(*equation) bool) []equation {
	var out []equation
	for i := range eqs {
		if keep(&eqs[i]) {
			out = append(out, eqs[i])
		}
	}
	return out
}

func residualOf(e *equation, c *Coefficients) residual {
	j, s := predictEquation(e, c)
	r := residual{level: e.Level, small: s < smallTime, ape: math.Inf(1)}
	if j > 0 {
		r.ape = math.Abs(float64(e.Energy-j) / float64(j))
	}
	if e.Level == energy.LevelOperator {
		r.class = e.class()
	}
	return r
}

// class is the class of an equation of one kernel, hidden launches aside.
func (e *equation) class() string {
	name := ""
	for k := range e.X {
		switch {
		case k.Class == hostClass:
		case name != "":
			return ""
		default:
			name = k.Class
		}
	}
	return name
}

func summarizeResiduals(all []residual) Residuals {
	out := Residuals{Levels: map[energy.Level]Band{}, Small: map[energy.Level]Band{}, Classes: map[string]Band{}}
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
func bandOf(all []residual) Band {
	out := Band{N: len(all)}
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

// band is the width of the interval of a node of a level: that of its class where it has one, else of its size, else
// of the level.
func (r *Residuals) band(level energy.Level, class string, t energy.Seconds) Band {
	if b, ok := r.Classes[class]; ok && level == energy.LevelOperator {
		return b
	}
	if b, ok := r.Small[level]; ok && t < smallTime {
		return b
	}
	if b, ok := r.Levels[level]; ok && b.N > 0 {
		return b
	}
	return Band{P50: unknownResidual / 2, P90: unknownResidual}
}
