package coefficients

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/energy"
)

// Spreads are how far predictions of a law are off in the part that two of them need not share.
type Spreads struct {
	Energy Spread `json:"energy"`
	Time   Spread `json:"time"`
}

// Spread holds standard deviations of the logarithm of measured over predicted values. Predictions by one law share the
// error of a group of kernels, and that of a kernel at its sizes where both run it; that of a model as a whole they do not.
type Spread struct {
	Group  float64 `json:"group"`  // of a group of kernels as a whole
	Kernel float64 `json:"kernel"` // of a kernel at its sizes, beside its group's
	Model  float64 `json:"model"`  // of a model as a whole, beside its kernels'; the same work shares it
}

// Wider is a spread of a law further from home: each part by a factor, those of kernels no less than least.
func (s Spread) Wider(by, least float64) Spread {
	return Spread{max(least, by*s.Group), max(least, by*s.Kernel), by * s.Model}
}

// Normal90 is the number of standard deviations that 90 % of a normal variable lie within.
const Normal90 = 1.6449

// Spreads are those that the file tells; else groups of kernels are as far off as the intervals of models say, and kernels
// as those of operators.
func (c *Coefficients) Spreads() Spreads {
	if c.Spread != nil {
		return *c.Spread
	}
	width := func(level energy.Level) float64 { return c.Residuals.Band(level, "", SmallTime).P90 / Normal90 }
	s := Spread{Group: width(energy.LevelModel), Kernel: width(energy.LevelOperator)}
	return Spreads{Energy: s, Time: s}
}

// Values are numbers that a file keeps as one line.
type Values []float64

// MarshalText writes numbers with four digits.
func (v Values) MarshalText() ([]byte, error) {
	words := make([]string, len(v))
	for i, x := range v {
		words[i] = strconv.FormatFloat(x, 'g', 4, 64)
	}
	return []byte(strings.Join(words, " ")), nil
}

// UnmarshalText reads numbers. Coefficients are finite and not negative.
func (v *Values) UnmarshalText(text []byte) error {
	*v = nil
	for _, w := range strings.Fields(string(text)) {
		x, err := strconv.ParseFloat(w, 64)
		if err != nil || x < 0 || math.IsInf(x, 0) || math.IsNaN(x) {
			return fmt.Errorf("%q among draws of a coefficient: they are finite and not negative", w)
		}
		*v = append(*v, x)
	}
	return nil
}

// Draws are the coefficients of a class that fits to resampled measurements gave, by term: the i-th of all terms and
// classes are of one fit.
type Draws struct {
	Energy map[string]Values `json:"energy_j"` // joules per FLOP, per byte, per launch: one for each fit, in a line
	Time   map[string]Values `json:"time_s"`   // seconds per FLOP, per byte, per launch: one for each fit, in a line
}

// NewDraws lists the coefficients of fits by term; terms that are zero in all of them are left out.
func NewDraws(energies, times []TermValues) *Draws {
	of := func(list []TermValues) map[string]Values {
		out := map[string]Values{}
		for t, name := range TermNames {
			v, any := make(Values, len(list)), false
			for i := range list {
				v[i] = list[i][t]
				any = any || v[i] > 0
			}
			if any {
				out[name] = v
			}
		}
		return out
	}
	return &Draws{of(energies), of(times)}
}

// drawn puts the i-th draw of each term in the place of a coefficient.
func drawn(of map[string]Values, i int) (out TermValues) {
	for t, name := range TermNames {
		if v := of[name]; i < len(v) {
			out[t] = v[i]
		}
	}
	return out
}

// Resampled are the coefficients of each fit to resampled measurements; none where the file keeps none.
func (c *Coefficients) Resampled() []*Coefficients {
	n := 0
	for i := range c.Classes {
		if d := c.Classes[i].Draws; d != nil {
			for _, v := range d.Time {
				n = max(n, len(v))
			}
		}
	}
	out := make([]*Coefficients, n)
	for i := range out {
		r := *c
		r.Classes = make([]ClassCoefficients, len(c.Classes))
		for k := range c.Classes {
			cc := c.Classes[k]
			if cc.Draws != nil {
				cc.Energy, cc.Time = drawn(cc.Draws.Energy, i), drawn(cc.Draws.Time, i)
			}
			r.Classes[k] = cc
		}
		out[i] = &r
	}
	return out
}
