package fit

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
)

// none is a constant at which a term that divides by it is nothing.
const none = 1e30

// removal is how a term is taken out of the law.
type removal struct {
	value float64 // of its constant, at which it has no part
	what  string
}

// removals are those of terms that a value takes out, by class and name of the constant.
func removals() map[string]removal {
	return map[string]removal{
		"product.fill": {0, "fill and epilogue of tiles"}, "product.overlap": {1, "overlap: waits add up"}, "product.split": {1, "K split over multiprocessors"},
		"product.latency": {0, "latency of the pipeline"}, "product.load": {none, "operands on their way, mma.sync"},
		"vector.split": {1, "K split over multiprocessors"}, "vector.stored": {1, "weights stored N×K, 6.x"}, "vector.wide": {1, "wide weights, from 7.0 on"},
		"vector.reread": {none, "weights read again, 6.x"}, "quantised.launch": {0, "launch of the quantiser"}, "quantised.latency": {0, "latency of the pipeline"},
		"quantised.row": {0, "rows of the quantiser"}, "quantised.depth": {0, "K not split"}, "quantised.rate": {none, "bytes of the quantiser"},
		"prefill.exp": {0, "exponentials"}, "prefill.tail": {0, "longest block"}, "prefill.block": {0, "cost of a block"}, "prefill.prepare": {0, "split, rotation, cache"},
		"prefill.gddr": {1, "faster floors with GDDR"}, "decode.part": {1e-9, "too few parts of the cache"}, "decode.kvhead": {0, "heads of the cache"},
		"decode.head": {0, "heads of the query"}, "decode.single": {1, "caches of one head"}, "decode.blackwell": {1, "faster heads on 10.x"},
		"decode.combine": {0, "second kernel of 8.x and 12.x"}, "decode.convert": {none, "8 bits made 16 on 9.0"}, "row.work": {0, "work of an element"},
		"row.floor": {0, "floors"}, "experts.overlap": {1, "overlap: waits add up"}, "experts.pad": {0, "padding of an expert's rows"},
		"experts.moved": {0, "activations moved"}, "experts.expert": {0, "time of an expert"}, "experts.width": {0, "time by width"},
	}
}

// removalOf is how the term of a constant is taken out. False where no value does.
func removalOf(s *law.Slot) (removal, bool) {
	class, name, _ := strings.Cut(s.Name, ".")
	if i := strings.LastIndexByte(name, '.'); i >= 0 { // experts.fp8.pad
		name = name[i+1:]
	}
	if slices.ContainsFunc(law.Quantisations(), func(q law.Quantisation) bool { return q.Name == class }) {
		class = "quantised"
	}
	r, ok := removals()[class+"."+name]
	return r, ok
}

// Ablation is what the error of a group of kernels becomes without a term of the law, all else fitted anew.
type Ablation struct {
	Group, Term   string
	Constant      string  // of the term; "" where it has none
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
		r, ok := removalOf(s)
		if !ok || done[s.Name] || len(f.rows[s.Group]) == 0 {
			continue
		}
		done[s.Name] = true
		a, err := f.without(s.Group, s.Name, &r)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

// cost notes beside constants what the removal of their terms costs.
func (f *overlapFit) cost(list []coefficients.Constant) error {
	all, err := f.ablate()
	for i := range list {
		for _, a := range all {
			if a.Constant == list[i].Name {
				list[i].Cost = a.Cost()
			}
		}
	}
	return err
}

// without refits a group with a constant held where its term has no part, and puts all constants back.
func (f *overlapFit) without(group, name string, r *removal) (Ablation, error) {
	a, err := f.compare(group, r.what, func(m *solver) {
		for _, s := range f.slots {
			if s.Name == name {
				*s.Value = r.value
			}
		}
		m.drop(name)
	})
	a.Constant = name
	return a, err
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
