package fit

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/irene-onnx/irene/energy/law"
)

// search finds constants by Levenberg and Marquardt's method (Marquardt, SIAM J. Appl. Math. 11, 1963) in their logarithms,
// on logarithms of predicted over measured values under the soft L1 loss 2·(√(1 + r²/s²) − 1), whose weights are those of
// iteratively reweighted least squares.
type search struct {
	slots  []law.Slot
	weight []float64 // by row
	// residuals are the logarithms of predicted over measured values with the constants as they are. Base are those from
	// before the constant of a slot was changed; nil and -1 where everything is to be evaluated.
	residuals func(base []float64, slot int) []float64
	pull      func(*law.Slot) float64 // weight of a logarithm's distance from its start beside squares of errors
	spread    []float64               // standard error of each logarithm
}

const (
	lossScale  = 0.1  // errors far above count linearly
	difference = 0.01 // of logarithms, for derivatives
	longStep   = 0.5  // the largest step of a logarithm
	iterations = 30
	converged  = 1e-5 // relative gain of a step that ends the search
)

// away is the logarithm of a constant over its start.
func (m *search) away(slot int) float64 { return math.Log(*m.slots[slot].Value / m.slots[slot].Start) }

// cost is the robust loss, and the prior's.
func (m *search) cost(r []float64) float64 {
	sum := 0.0
	for j := range m.slots {
		d := m.away(j)
		sum += m.pull(&m.slots[j]) * d * d / (lossScale * lossScale)
	}
	for i, v := range r {
		sum += m.weight[i] * 2 * (math.Sqrt(1+v*v/(lossScale*lossScale)) - 1)
	}
	return sum
}

// shift multiplies every constant by the exponential of a step.
func (m *search) shift(step []float64) {
	for i := range m.slots {
		move(&m.slots[i], min(longStep, max(-longStep, step[i])))
	}
}

// move multiplies a constant by the exponential of a step, as far as it goes.
func move(s *law.Slot, step float64) {
	*s.Value *= math.Exp(step)
	if s.Most > 0 {
		*s.Value = min(*s.Value, s.Most)
	}
}

// values and restore keep and bring back the constants.
func (m *search) values() []float64 {
	out := make([]float64, len(m.slots))
	for i, s := range m.slots {
		out[i] = *s.Value
	}
	return out
}

func (m *search) restore(v []float64) {
	for i, s := range m.slots {
		*s.Value = v[i]
	}
}

// solve searches until steps gain nothing, and returns the residuals.
func (m *search) solve() []float64 {
	r := m.residuals(nil, -1)
	c, damping := m.cost(r), 0.01
	for range iterations {
		gram, slope := m.normal(r)
		better := false
		for range 6 {
			step, err := solveDamped(gram, slope, damping)
			if err != nil {
				damping *= 5
				continue
			}
			before := m.values()
			m.shift(step)
			next := m.residuals(nil, -1)
			if cost := m.cost(next); cost < c {
				better = c-cost > converged*c
				r, c, damping = next, cost, max(1e-6, damping/4)
				break
			}
			m.restore(before)
			damping *= 5
		}
		if !better {
			break
		}
	}
	return r
}

// normal are the normal equations of the reweighted problem.
func (m *search) normal(r []float64) (*mat.SymDense, *mat.VecDense) {
	n := len(m.slots)
	jacobian := make([][]float64, n)
	for j, s := range m.slots {
		was := *s.Value
		*s.Value *= math.Exp(difference)
		jacobian[j] = m.residuals(r, j)
		*s.Value = was
		for i := range jacobian[j] {
			jacobian[j][i] = (jacobian[j][i] - r[i]) / difference
		}
	}
	gram, slope := mat.NewSymDense(n, nil), mat.NewVecDense(n, nil)
	for i := range r {
		w := m.weight[i] / math.Sqrt(1+r[i]*r[i]/(lossScale*lossScale))
		for j := range n {
			x := jacobian[j][i]
			if x == 0 {
				continue
			}
			slope.SetVec(j, slope.AtVec(j)-w*x*r[i])
			for k := j; k < n; k++ {
				gram.SetSym(j, k, gram.At(j, k)+w*x*jacobian[k][i])
			}
		}
	}
	for j := range n {
		pull := m.pull(&m.slots[j])
		slope.SetVec(j, slope.AtVec(j)-pull*m.away(j))
		gram.SetSym(j, j, gram.At(j, j)+pull)
	}
	return gram, slope
}

// solveDamped is a step of Levenberg and Marquardt.
func solveDamped(gram *mat.SymDense, slope *mat.VecDense, damping float64) ([]float64, error) {
	n := slope.Len()
	damped := mat.NewSymDense(n, nil)
	damped.CopySym(gram)
	for j := range n {
		damped.SetSym(j, j, gram.At(j, j)*(1+damping))
	}
	var step mat.VecDense
	if err := step.SolveVec(damped, slope); err != nil {
		return nil, err
	}
	return step.RawVector().Data, nil
}

// variance is that of a residual, as the reweighted ones scatter.
func (m *search) variance(r []float64) float64 {
	sum := 0.0
	for i, v := range r {
		sum += m.weight[i] * v * v / math.Sqrt(1+v*v/(lossScale*lossScale))
	}
	return sum / float64(max(1, len(r)-len(m.slots)))
}

// uncertainty notes the standard error of each logarithm, from the curvature of the loss at a variance of residuals and a
// standard deviation of logarithms around their starts where rows say nothing of them.
func (m *search) uncertainty(r []float64, variance, around float64) error {
	gram, _ := m.normal(r)
	n := len(m.slots)
	precision := mat.NewDense(n, n, nil)
	precision.Scale(1/max(variance, 1e-12), gram)
	for j := range n {
		precision.Set(j, j, precision.At(j, j)+1/(around*around))
	}
	var inverse mat.Dense
	if err := inverse.Inverse(precision); err != nil {
		return fmt.Errorf("the rows do not tell its constants apart: %w", err)
	}
	m.spread = make([]float64, n)
	for j := range n {
		m.spread[j] = math.Sqrt(max(0, inverse.At(j, j)))
	}
	return nil
}
