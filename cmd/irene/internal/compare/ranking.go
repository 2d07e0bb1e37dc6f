package compare

import (
	"cmp"
	"math"
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy/paired"
)

// ranking puts several models, or one model on several devices, in an order by one metric, the best first.
type ranking struct {
	metric *report.Metric
	draws  *paired.Draws
	list   []*standing
}

// standing is one of those that are ranked. Its numbers are of a share of a run.
type standing struct {
	place  int // in the order given
	report *report.Report
	sum    *paired.Sum // nil where nothing was predicted
	share  float64     // how many shares a run is
	runs   bool        // as far as it is known: it fits the device's memory, and keeps a deadline

	rank   int          // from 1 on, the same for what takes the same; 0 where it does not run, or something is missing
	front  bool         // no other one is at once faster and takes less energy
	energy paired.Ratio // to the best
	time   paired.Ratio // to the best
}

// amount is a number of a share of a run; a model itself is not shared.
func (s *standing) amount(x *report.Metric) amount {
	m := &s.report.Tree.Metrics
	v, ok := x.Of(m)
	if !x.Exact {
		v /= s.share
	}
	return amount{value: v, known: ok, some: true, more: x.More(m)}
}

// rank orders the list, and sets what the best decides. Where nothing runs, all are taken to.
func (r *ranking) rank() {
	if !slices.ContainsFunc(r.list, func(s *standing) bool { return s.runs }) {
		for _, s := range r.list {
			s.runs = true
		}
	}
	slices.SortStableFunc(r.list, func(a, b *standing) int {
		return cmp.Or(cmp.Compare(r.class(a), r.class(b)), compareAmounts(a.amount(r.metric), b.amount(r.metric)))
	})
	for i, s := range r.list {
		s.energy, s.time = r.ratio(s, paired.Energy), r.ratio(s, paired.Time)
		if r.class(s) > ranks {
			continue
		}
		if s.rank = i + 1; i > 0 && compareAmounts(s.amount(r.metric), r.list[i-1].amount(r.metric)) == 0 {
			s.rank = r.list[i-1].rank
		}
	}
	r.markFront()
}

// The classes of standings, in their order.
const (
	ranks   = iota // it runs, and all of it is known
	failed         // it does not run
	atMost         // operators of unknown cost come on top of what is known
	nothing        // nothing is known
)

func (r *ranking) class(s *standing) int {
	switch a := s.amount(r.metric); {
	case !a.known:
		return nothing
	case a.more:
		return atMost
	case !s.runs:
		return failed
	}
	return ranks
}

// compareAmounts orders numbers that are known; those are equal that differ by rounding alone.
func compareAmounts(a, b amount) int {
	if math.Abs(a.value-b.value) <= leastGap*max(math.Abs(a.value), math.Abs(b.value)) {
		return 0
	}
	return cmp.Compare(a.value, b.value)
}

// best is the first of those that have a rank; nil where none has.
func (r *ranking) best() *standing {
	if len(r.list) == 0 || r.class(r.list[0]) != ranks {
		return nil
	}
	return r.list[0]
}

// ratio is what a share of a run takes over what it does of the best.
func (r *ranking) ratio(s *standing, quantity int) paired.Ratio {
	best := r.best()
	if best == nil || best.sum == nil || s.sum == nil {
		return paired.Ratio{Value: math.NaN(), Low: math.NaN(), High: math.NaN()}
	}
	return scaled(r.draws.Ratio(best.sum, s.sum, quantity), best.share/s.share)
}

// ratioOf is the ratio to the best in a metric; false where it is not predicted.
func (s *standing) ratioOf(x *report.Metric) (paired.Ratio, bool) {
	switch q, ok := quantityOf(x); {
	case !ok || s.sum == nil:
		return paired.Ratio{}, false
	case q == paired.Energy:
		return s.energy, !s.report.Tree.Metrics.NoEnergy
	}
	return s.time, true
}

// apart reports whether a standing is beyond doubt worse than the best.
func (s *standing) apart(x *report.Metric) bool {
	r, ok := s.ratioOf(x)
	return ok && r.Verdict() == paired.Higher
}

// markFront marks those that no other one is at once faster than, and cheaper by energy.
func (r *ranking) markFront() {
	energy, time := report.FindMetric("energy"), report.FindMetric("time")
	var list []*standing
	for _, s := range r.list {
		if r.class(s) == ranks && s.amount(energy).known && s.amount(time).known && !s.amount(time).more {
			list = append(list, s)
		}
	}
	for _, s := range list {
		s.front = !slices.ContainsFunc(list, func(o *standing) bool {
			e, t := compareAmounts(o.amount(energy), s.amount(energy)), compareAmounts(o.amount(time), s.amount(time))
			return e <= 0 && t <= 0 && e+t < 0
		})
	}
}

// ranking ranks the models at a point, once.
func (c *Comparison) ranking(point int) *ranking {
	if r := c.rankings[point]; r != nil {
		return r
	}
	r := &ranking{metric: c.shown()[0], draws: c.ratios[point].draws}
	for k, x := range c.Points[point].Reports {
		fits, known := x.Fits()
		s := &standing{place: k, report: x, share: c.shares[point][k], runs: fits || !known}
		if of := c.ratios[point].modules[k]; of != nil {
			s.sum = of[x.Tree.Module]
		}
		r.list = append(r.list, s)
	}
	r.rank()
	c.rankings[point] = r
	return r
}

// ranked reports whether the models are ranked: three and more. Two are compared with each other.
func (c *Comparison) ranked() bool { return len(c.Names) > 2 }
