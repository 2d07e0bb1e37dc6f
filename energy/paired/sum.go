package paired

import (
	"maps"
	"math"
	"slices"

	"github.com/irene-onnx/irene/energy/law"
)

// The quantities that are compared.
const (
	Energy = iota
	Time
	quantities
)

// Amounts are joules and seconds.
type Amounts [quantities]float64

func (a Amounts) plus(b Amounts) Amounts { return Amounts{a[Energy] + b[Energy], a[Time] + b[Time]} }

// Sum is what a part of a model takes, by kernel. The zero value is the sum of nothing.
type Sum struct {
	Unknown int // operators without a prediction

	of      *source         // of the law; nil where nothing was predicted
	kernels map[int]Amounts // by their places in Draws
	certain Amounts         // that a meter told
}

// Add adds what a kernel takes in all, or the part of it that one operator does, as a law of that variation predicts it.
func (s *Sum) Add(d *Draws, v *law.Variation, l law.Law, k *law.Kernel, o *law.Outcome, a Amounts) {
	if s.kernels == nil {
		s.kernels = map[int]Amounts{}
	}
	s.of = d.source(v, l)
	i := d.place(s.of, k, o)
	s.kernels[i] = s.kernels[i].plus(a)
}

// AddCertain adds what a meter told.
func (s *Sum) AddCertain(a Amounts) { s.certain = s.certain.plus(a) }

// AddSum adds another part.
func (s *Sum) AddSum(o *Sum) {
	s.Unknown += o.Unknown
	s.certain = s.certain.plus(o.certain)
	if o.of != nil {
		s.of = o.of
	}
	if s.kernels == nil && len(o.kernels) > 0 {
		s.kernels = map[int]Amounts{}
	}
	for i, a := range o.kernels {
		s.kernels[i] = s.kernels[i].plus(a)
	}
}

// rounding is how far amounts of the same work may be apart that were added up in another order.
const rounding = 1e-9

// same says that two sums are the same work; list are the kernels of both.
func (s *Sum) same(o *Sum, list []int, q int) bool {
	near := func(x, y float64) bool { return math.Abs(x-y) <= rounding*max(x, y) }
	return near(s.certain[q], o.certain[q]) && !slices.ContainsFunc(list, func(i int) bool { return !near(s.kernels[i][q], o.kernels[i][q]) })
}

// total is the whole of a sum. Kernels are added in their order: the same sum every time.
func (s *Sum) total(q int) float64 {
	t := s.certain[q]
	for _, i := range slices.Sorted(maps.Keys(s.kernels)) {
		t += s.kernels[i][q]
	}
	return t
}
