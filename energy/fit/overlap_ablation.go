package fit

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy/law"
)

// none is a constant at which a term that divides by it is nothing.
const none = 1e30

// removal is the value of a constant at which its term has no part in the law. False where no value takes it out.
func removal(s *law.Slot) (float64, bool) {
	class, name, _ := strings.Cut(s.Name, ".")
	if i := strings.LastIndexByte(name, '.'); i >= 0 { // experts.fp8.pad
		name = name[i+1:]
	}
	if slices.ContainsFunc(law.Quantisations(), func(q law.Quantisation) bool { return q.Name == class }) {
		class = "quantised"
	}
	v, ok := map[string]float64{
		"product.fill": 0, "product.overlap": 1, "product.split": 1, "product.latency": 0, "product.load": none,
		"vector.split": 1, "vector.stored": 1, "vector.wide": 1, "vector.reread": none,
		"quantised.launch": 0, "quantised.latency": 0, "quantised.row": 0, "quantised.depth": 0, "quantised.rate": none,
		"prefill.exp": 0, "prefill.tail": 0, "prefill.block": 0, "prefill.prepare": 0, "prefill.gddr": 1,
		"decode.part": 1e-9, "decode.kvhead": 0, "decode.head": 0, "decode.single": 1, "decode.blackwell": 1, "decode.combine": 0, "decode.convert": none,
		"row.work": 0, "row.floor": 0,
		"experts.overlap": 1, "experts.pad": 0, "experts.moved": 0, "experts.expert": 0, "experts.width": 0,
	}[class+"."+name]
	return v, ok
}

// Ablation is what the error of a group of kernels becomes without a term of the law, all else fitted anew.
type Ablation struct {
	Group, Term   string  // the term by the name of its constant
	With, Without float64 // mean over devices of the mean relative error of times
	Worst         string  // the device that it costs most
	WorstWith     float64
	WorstWithout  float64
}

// Cost is the error that the removal adds.
func (a *Ablation) Cost() float64 { return a.Without - a.With }

// ablate leaves out each term that a constant's value takes out.
func (f *overlapFit) ablate() ([]Ablation, error) {
	var out []Ablation
	done := map[string]bool{}
	for i := range f.slots {
		s := &f.slots[i]
		value, ok := removal(s)
		if !ok || done[s.Name] || len(f.rows[s.Group]) == 0 {
			continue
		}
		done[s.Name] = true
		a, err := f.without(s.Group, s.Name, value)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

// without refits a group with a constant held at a value, and puts all constants back.
func (f *overlapFit) without(group, name string, value float64) (Ablation, error) {
	return f.compare(group, name, func(m *solver) {
		for _, s := range f.slots {
			if s.Name == name {
				*s.Value = value
			}
		}
		m.drop(name)
	})
}

// compare refits a group after a change, from the constants that hold, and puts them back.
func (f *overlapFit) compare(group, term string, change func(*solver)) (Ablation, error) {
	kept := make([]float64, len(f.slots))
	for i, s := range f.slots {
		kept[i] = *s.Value
	}
	m := newSolver(group, f.slots, f.rows[group], f.laws)
	f.restore(kept)
	with := m.errors()
	change(m)
	err := m.solve()
	without := m.errors()
	f.restore(kept)
	if err != nil {
		return Ablation{}, fmt.Errorf("%s without %s: %w", group, term, err)
	}
	return newAblation(group, term, with, without), nil
}

// newAblation compares errors by device.
func newAblation(group, term string, with, without map[string]float64) Ablation {
	a := Ablation{Group: group, Term: term}
	worst := math.Inf(-1)
	for _, d := range slices.Sorted(maps.Keys(with)) {
		a.With += with[d] / float64(len(with))
		a.Without += without[d] / float64(len(with))
		if by := without[d] - with[d]; by > worst {
			worst, a.Worst, a.WorstWith, a.WorstWithout = by, d, with[d], without[d]
		}
	}
	return a
}

func (f *overlapFit) restore(values []float64) {
	for i, s := range f.slots {
		*s.Value = values[i]
	}
}

// drop leaves constants of a name as they are.
func (m *solver) drop(name string) {
	var slots []law.Slot
	var speaks [][]bool
	for i, s := range m.slots {
		if s.Name != name {
			slots, speaks = append(slots, s), append(speaks, m.speaks[i])
		}
	}
	m.slots, m.speaks = slots, speaks
}

// errors are the mean relative errors of times, by device.
func (m *solver) errors() map[string]float64 {
	sum, n := map[string]float64{}, map[string]float64{}
	for _, s := range m.rows {
		if s.Time > 0 {
			sum[s.Device.ID] += errorOf(m.laws[s.Device.ID].Time(&s.Kernel), s.Time)
			n[s.Device.ID]++
		}
	}
	for d := range sum {
		sum[d] /= n[d]
	}
	return sum
}
