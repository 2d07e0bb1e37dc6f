package fit

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"gonum.org/v1/gonum/mat"

	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
)

// solver finds the constants of one group by Levenberg and Marquardt's method (Marquardt, SIAM J. Appl. Math. 11, 1963) in
// their logarithms, on the logarithms of predicted over measured times under the soft L1 loss 2·(√(1 + r²/s²) − 1), whose
// weights are those of iteratively reweighted least squares.
type solver struct {
	group  string
	slots  []law.Slot // with rows that speak of them
	rows   []*Shape
	laws   map[string]*law.Overlap
	weight []float64 // by row
	speaks [][]bool  // by slot and row
	spread []float64 // standard error of each logarithm
}

const (
	lossScale    = 0.1  // errors far above count linearly
	difference   = 0.01 // of logarithms, for derivatives
	longStep     = 0.5  // the largest step of a logarithm
	iterations   = 30
	energyWeight = 1    // of an energy beside a time
	converged    = 1e-5 // relative gain of a step that ends the search
	prior        = 1e-4 // weight of a logarithm's distance from its start beside squares of errors: it holds what rows do not
	priorSpread  = 1.5  // standard deviation of logarithms around their starts, where rows say nothing of them
)

// newSolver chooses the slots of a group that rows speak of; the others keep no value.
func newSolver(group string, slots []law.Slot, rows []*Shape, laws map[string]*law.Overlap) *solver {
	m := &solver{group: group, rows: rows, laws: laws}
	count := map[string]float64{}
	for _, s := range rows {
		count[s.Device.ID]++
	}
	for _, s := range rows {
		w := 1 / count[s.Device.ID]
		if s.Time == 0 {
			w *= energyWeight
		}
		m.weight = append(m.weight, w)
	}
	for _, slot := range slots {
		if slot.Group != group {
			continue
		}
		speaks := make([]bool, len(rows))
		some := false
		for i, s := range rows {
			speaks[i] = laws[s.Device.ID].Speaks(&s.Kernel, slot.Of)
			some = some || speaks[i]
		}
		if some {
			*slot.Value = slot.Start
			m.slots, m.speaks = append(m.slots, slot), append(m.speaks, speaks)
		} else if slot.Of != "" && !kept(slot) {
			*slot.Value = 0
		}
	}
	return m
}

// kept says that a constant keeps its start where no row speaks of it: what physics or other data set.
func kept(s law.Slot) bool { return s.Group == law.GroupPower || s.Source != "" }

// residuals are the logarithms of predicted over measured times, of those rows that a slot speaks of; others keep what
// base says.
func (m *solver) residuals(base []float64, of []bool) []float64 {
	out := slices.Clone(base)
	if out == nil {
		out = make([]float64, len(m.rows))
	}
	workers := runtime.GOMAXPROCS(0)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := w; i < len(m.rows); i += workers {
				if of == nil || of[i] {
					s := m.rows[i]
					if l := m.laws[s.Device.ID]; s.Time > 0 {
						out[i] = math.Log(l.Time(&s.Kernel) / s.Time)
					} else {
						out[i] = math.Log(l.Energy(&s.Kernel) / s.Energy)
					}
				}
			}
		})
	}
	group.Wait()
	return out
}

// away is the logarithm of a constant over its start.
func (m *solver) away(slot int) float64 { return math.Log(*m.slots[slot].Value / m.slots[slot].Start) }

// cost is the robust loss, and the prior's.
func (m *solver) cost(r []float64) float64 {
	sum := 0.0
	for j := range m.slots {
		d := m.away(j)
		sum += prior * d * d / (lossScale * lossScale)
	}
	for i, v := range r {
		sum += m.weight[i] * 2 * (math.Sqrt(1+v*v/(lossScale*lossScale)) - 1)
	}
	return sum
}

// shift multiplies every constant by the exponential of a step.
func (m *solver) shift(step []float64) {
	for i, s := range m.slots {
		*s.Value *= math.Exp(min(longStep, max(-longStep, step[i])))
	}
}

// values and restore keep and bring back the constants.
func (m *solver) values() []float64 {
	out := make([]float64, len(m.slots))
	for i, s := range m.slots {
		out[i] = *s.Value
	}
	return out
}

func (m *solver) restore(v []float64) {
	for i, s := range m.slots {
		*s.Value = v[i]
	}
}

// solve searches until steps gain nothing.
func (m *solver) solve() error {
	if len(m.slots) == 0 {
		return nil
	}
	r := m.residuals(nil, nil)
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
			next := m.residuals(nil, nil)
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
	return m.uncertainty(r)
}

// normal are the normal equations of the reweighted problem.
func (m *solver) normal(r []float64) (*mat.SymDense, *mat.VecDense) {
	n := len(m.slots)
	jacobian := make([][]float64, n)
	for j, s := range m.slots {
		was := *s.Value
		*s.Value *= math.Exp(difference)
		jacobian[j] = m.residuals(r, m.speaks[j])
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
		slope.SetVec(j, slope.AtVec(j)-prior*m.away(j))
		gram.SetSym(j, j, gram.At(j, j)+prior)
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

// uncertainty notes the standard error of each logarithm, from the curvature of the loss, the residuals' spread and the
// prior.
func (m *solver) uncertainty(r []float64) error {
	gram, _ := m.normal(r)
	n := len(m.slots)
	sum := 0.0
	for i, v := range r {
		sum += m.weight[i] * v * v / math.Sqrt(1+v*v/(lossScale*lossScale))
	}
	variance := sum / float64(max(1, len(r)-n))
	precision := mat.NewDense(n, n, nil)
	precision.Scale(1/max(variance, 1e-12), gram)
	for j := range n {
		precision.Set(j, j, precision.At(j, j)+1/(priorSpread*priorSpread))
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

// normal90 is the half width of the 90 % interval of a normal distribution, in standard deviations.
const normal90 = 1.645

// list is the group's constants as files keep them.
func (m *solver) list() []coefficients.Constant {
	var out []coefficients.Constant
	for i, s := range m.slots {
		rows := 0
		for _, speaks := range m.speaks[i] {
			if speaks {
				rows++
			}
		}
		c := coefficients.Constant{Name: s.Name, Of: s.Of, Value: *s.Value, Unit: s.Unit, Rows: rows}
		if m.spread != nil && m.spread[i] > 0 {
			c.Low, c.High = c.Value*math.Exp(-normal90*m.spread[i]), c.Value*math.Exp(normal90*m.spread[i])
		}
		out = append(out, c)
	}
	return out
}
