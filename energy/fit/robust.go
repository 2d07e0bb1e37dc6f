package fit

import (
	"math"

	"github.com/irene-onnx/irene/energy/coefficients"
)

// Robust is a loss that a few large errors do not rule: least squares, solved again with the weights of equations lowered
// by the errors of the solution before (iteratively reweighted least squares). Errors that are no larger than Least count
// with their squares, larger ones with their size.
type Robust struct {
	Reweights int
	Least     float64 // relative error up to which an equation keeps its weight
	Whole     float64 // that weight, beside those of ties and data sheet
	// EnergyOnly says that energies alone are reweighted: times keep their weight.
	EnergyOnly bool
}

// operatorLoss is the loss of single operators of several devices: the mean of the absolute errors matters.
func operatorLoss() Robust { return Robust{Reweights: 11, Least: 0.02, Whole: 1 / 0.02} }

// treeLoss is the loss of IrEne's trees. Some of what a module or model ran is in no file, such as DistilBERT's positions,
// which were looked up for every sequence: their errors say nothing of the other operators.
func treeLoss() Robust { return Robust{Reweights: 4, Least: 0.06, Whole: 1, EnergyOnly: true} }

// weight is that of an equation in energy and in time.
type weight struct{ energy, time float64 }

// weight is what is left of an equation's weight at the errors of coefficients.
func (r *Robust) weight(e *equation, c *coefficients.Coefficients, even float64) weight {
	of := func(err float64) float64 { return even * (r.Whole * r.Least) / max(r.Least, err) }
	joules, seconds := e.errors(c)
	if r.EnergyOnly {
		return weight{of(joules), even * r.Whole}
	}
	w := of(max(joules, seconds))
	return weight{w, w}
}

// errors are the absolute relative errors of a prediction in what was measured; 0 where nothing was.
func (e *equation) errors(c *coefficients.Coefficients) (joules, seconds float64) {
	j, s := e.sums.of(c)
	if e.energy > 0 {
		joules = math.Abs(float64(j/e.energy) - 1)
	}
	if e.time > 0 {
		seconds = math.Abs(float64(s/e.time) - 1)
	}
	return joules, seconds
}
