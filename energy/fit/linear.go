package fit

import (
	"slices"
	"sync"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
)

// linear is what an additive law sees of data: the terms of all work, computed once and kept for every selection.
type linear struct {
	once      sync.Once
	terms     map[*Work]*workTerms
	equations map[*Item]*equation
	ranges    map[int]ranges // by run
}

// workTerms are the terms of one piece of work: of each of its kernels for one run, and of all work below it by class.
type workTerms struct {
	kernels []law.Features
	sums    classTerms
}

// classTerms are sums of terms by class, sorted.
type classTerms []classTerm

type classTerm struct {
	coefficients.Key
	x coefficients.TermValues
}

// add adds n times x to the sums of a class.
func (s *classTerms) add(key coefficients.Key, x *coefficients.TermValues, n float64) {
	at, found := slices.BinarySearchFunc(*s, key, func(t classTerm, k coefficients.Key) int { return coefficients.CompareKeys(t.Key, k) })
	if !found {
		*s = slices.Insert(*s, at, classTerm{Key: key})
	}
	for i, v := range x {
		(*s)[at].x[i] += n * v
	}
}

// addKernel adds n runs of a kernel, and of the launches that the host does not hide.
func (s *classTerms) addKernel(f *law.Features, n float64) {
	if f.Key != coefficients.HostKey {
		s.add(f.Key, &f.X, n)
	}
	if f.Host > 0 {
		s.add(coefficients.HostKey, &coefficients.TermValues{coefficients.Launches: 1}, n*f.Host)
	}
}

// equation is an item as an additive law sees it: its numbers are sums over its kernels of coefficients times terms. Lines
// of operators of several devices are in units of the data's device: their terms and energies are scaled as its
// coefficients would be to predict theirs.
type equation struct {
	*Item
	sums   classTerms
	class  string // of kernels of one class; "" otherwise
	energy energy.Joules
	time   energy.Seconds
}

// terms computes the linear view of the data, once.
func (d *Data) terms() *linear {
	if d.linear == nil {
		d.linear = &linear{}
	}
	d.linear.once.Do(func() { d.linear.compute(d) })
	return d.linear
}

func (l *linear) compute(d *Data) {
	l.terms, l.equations, l.ranges = map[*Work]*workTerms{}, map[*Item]*equation{}, map[int]ranges{}
	machines := map[string]law.Machine{}
	for _, it := range d.Items {
		m, ok := machines[it.Device.ID]
		if !ok {
			m = law.NewMachine(*it.Device)
			machines[it.Device.ID] = m
		}
		if l.ranges[it.Run] == nil {
			l.ranges[it.Run] = ranges{}
		}
		t := l.work(it.Work, m, l.ranges[it.Run])
		if !it.Copy && len(t.sums) > 0 {
			l.equations[it] = d.equation(it, t.sums)
		}
		for _, leaf := range it.Leaves {
			l.work(leaf.Work, m, l.ranges[it.Run])
		}
	}
}

// work computes the terms of work and of its parts, and widens the ranges by its kernels.
func (l *linear) work(w *Work, m law.Machine, seen ranges) *workTerms {
	if t := l.terms[w]; t != nil {
		return t
	}
	t := &workTerms{kernels: make([]law.Features, len(w.Kernels))}
	for i := range w.Kernels {
		k := &w.Kernels[i]
		t.kernels[i] = k.features(m)
		t.sums.addKernel(&t.kernels[i], k.Count)
		if !k.IsCall() {
			seen.widen(&t.kernels[i])
		}
	}
	for _, part := range w.Parts {
		for _, c := range l.work(part, m, seen).sums {
			t.sums.add(c.Key, &c.x, 1)
		}
	}
	l.terms[w] = t
	return t
}

// equation is an item in units of the data's device.
func (d *Data) equation(it *Item, sums classTerms) *equation {
	e := &equation{Item: it, sums: sums, energy: it.Energy, time: it.Time, class: it.Work.single()}
	if it.Device.ID == d.Device.ID {
		return e
	}
	e.energy /= energy.Joules(float64(it.Device.TDP) / float64(d.Device.TDP))
	e.sums = slices.Clone(sums)
	for i := range e.sums {
		if c := &e.sums[i]; c.Class != coefficients.HostClass {
			for t, by := range coefficients.Scales(d.Device, *it.Device, c.DType) {
				c.x[t] *= by
			}
		}
	}
	return e
}

// equations are those of the items that a fit takes: measured once and with kernels of their own.
func (d *Data) equations() []*equation {
	l := d.terms()
	var out []*equation
	for _, it := range d.Items {
		if e := l.equations[it]; e != nil {
			out = append(out, e)
		}
	}
	return out
}

// of is what the sums come to with coefficients. Classes that nothing stands in for count as nothing.
func (s classTerms) of(c *coefficients.Coefficients) (energy.Joules, energy.Seconds) {
	var j, t float64
	for i := range s {
		cc := c.StandIn(s[i].Key)
		if cc == nil {
			continue
		}
		for term, x := range s[i].x {
			j += cc.Energy[term] * x
			t += cc.Time[term] * x
		}
	}
	return energy.Joules(j), energy.Seconds(t)
}

// ranges holds what kernels of each class were like.
type ranges map[coefficients.Key]map[string]coefficients.Range

func (r ranges) widen(f *law.Features) {
	for name, v := range f.Quantities() {
		r.add(f.Key, name, coefficients.Range{Low: v, High: v})
	}
}

func (r ranges) add(key coefficients.Key, name string, v coefficients.Range) {
	have := r[key]
	if have == nil {
		have = map[string]coefficients.Range{}
		r[key] = have
	}
	if old, ok := have[name]; ok {
		v = coefficients.Range{Low: min(old.Low, v.Low), High: max(old.High, v.High)}
	}
	have[name] = v
}

// ranges are those of all kernels of the data.
func (d *Data) ranges() ranges {
	l := d.terms()
	out, done := ranges{}, map[int]bool{}
	for _, it := range d.Items {
		if done[it.Run] {
			continue
		}
		done[it.Run] = true
		for key, quantities := range l.ranges[it.Run] {
			for name, v := range quantities {
				out.add(key, name, v)
			}
		}
	}
	return out
}
