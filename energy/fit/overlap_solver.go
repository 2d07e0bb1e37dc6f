package fit

import (
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
)

// solver finds the constants of one group that all devices share.
type solver struct {
	search
	group  string
	rows   []*Shape
	laws   map[string]*law.Overlap
	speaks [][]bool // by slot and row
}

const (
	energyWeight = 1    // of an energy beside a time
	prior        = 1e-4 // weight of a logarithm's distance from its start beside squares of errors: it holds what rows do not
	priorSpread  = 1.5  // standard deviation of logarithms around their starts, where rows say nothing of them
)

// newSolver chooses the slots of a group that rows speak of; the others keep no value.
func newSolver(group string, slots []law.Slot, rows []*Shape, laws map[string]*law.Overlap) *solver {
	m := &solver{group: group, rows: rows, laws: laws}
	m.pull, m.residuals = func(*law.Slot) float64 { return prior }, m.evaluate
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

// solve fits the slots.
func (m *solver) solve() error {
	if len(m.slots) == 0 {
		return nil
	}
	r := m.search.solve()
	return m.uncertainty(r, m.variance(r), priorSpread)
}

// evaluate are the residuals of those rows that a slot speaks of; others keep what base says.
func (m *solver) evaluate(base []float64, slot int) []float64 {
	var of []bool
	if slot >= 0 {
		of = m.speaks[slot]
	}
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
