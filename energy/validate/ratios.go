package validate

import (
	"cmp"
	"maps"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/energy/stats"
)

// Ratios are a number of quotients: their median and their range.
type Ratios struct {
	N      int          `json:"n"`
	Median stats.Number `json:"median"`
	Low    stats.Number `json:"low"`
	High   stats.Number `json:"high"`
}

func ratiosOf(v []float64) Ratios {
	r := Ratios{N: len(v), Median: stats.Middle(v)}
	r.Low, r.High = r.Median, r.Median
	if len(v) > 0 {
		r.Low, r.High = stats.Number(slices.Min(v)), stats.Number(slices.Max(v))
	}
	return r
}

// ContextRatio is what operators of a class take within their models over what they take alone.
type ContextRatio struct {
	Class  string `json:"class,omitempty"` // "" for all
	Energy Ratios `json:"energy"`
	Time   Ratios `json:"time"`
}

// contextRatios compares operators measured within their models to the same operators alone: over all, then by class.
func contextRatios(d *fit.Data) []ContextRatio {
	alone := map[string]*fit.Item{}
	for _, it := range d.Items {
		if it.Record != nil && it.Level == energy.LevelOperator && it.Record.Signature != "" {
			alone[it.Record.Signature] = it
		}
	}
	joules, seconds := map[string][]float64{}, map[string][]float64{}
	for _, in := range d.Context {
		out := alone[in.Record.Signature]
		if out == nil {
			continue
		}
		for _, class := range []string{"", in.Record.Class} {
			if in.Energy > 0 && out.Energy > 0 {
				joules[class] = append(joules[class], float64(in.Energy/out.Energy))
			}
			if in.Time > 0 && out.Time > 0 {
				seconds[class] = append(seconds[class], float64(in.Time/out.Time))
			}
		}
	}
	classes := maps.Clone(joules)
	maps.Copy(classes, seconds)
	var list []ContextRatio
	for _, class := range slices.Sorted(maps.Keys(classes)) {
		list = append(list, ContextRatio{Class: class, Energy: ratiosOf(joules[class]), Time: ratiosOf(seconds[class])})
	}
	return list
}

// AdditiveRatio compares a measured module or model to the sum of its operators, each measured alone.
type AdditiveRatio struct {
	Level energy.Level `json:"level"`
	Model string       `json:"model"`
	Path  string       `json:"path,omitempty"`
	Shape string       `json:"shape,omitempty"`
	// Covered is the share of the kernels that an operator of the same work was measured for, CoveredTime what share of
	// the predicted time those take.
	Covered     stats.Number `json:"covered"`
	CoveredTime stats.Number `json:"covered_time"`
	// Energy and Time are the sums over the measured operators, the rest as operators predict it, over the measured
	// module: 1 is additive. Not a number where the operators or the module lack it.
	Energy stats.Number `json:"energy_ratio"`
	Time   stats.Number `json:"time_ratio"`
}

// additivity sums the operators of records over modules and models, those that operators cover best first within a level.
func additivity(d *fit.Data) []AdditiveRatio {
	if d.Kind != measured.KindRecords {
		return nil
	}
	operators := d.Select(func(it *fit.Item) bool { return it.Level == energy.LevelOperator })
	if len(operators.Items) == 0 {
		return nil
	}
	o := fit.OptionsFor(d.Kind)
	o.Errors, o.Intervals, o.Bootstrap = nil, nil, false
	c, _, err := fit.Fit(operators, o)
	if err != nil {
		return nil // there is nothing to sum with
	}
	p, err := d.Predictor(c)
	if err != nil {
		return nil
	}
	s := sums{alone: map[string]*fit.Item{}, predict: p}
	for _, it := range operators.Items {
		if len(it.Work.Kernels) == 1 {
			s.alone[it.Record.Work[0].Identity()] = it
		}
	}
	var out []AdditiveRatio
	for _, it := range d.Items {
		if it.Level != energy.LevelOperator {
			out = append(out, s.over(it))
		}
	}
	slices.SortStableFunc(out, func(a, b AdditiveRatio) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(b.CoveredTime, a.CoveredTime))
	})
	return out
}

// sums adds up operators: measured ones where one of the same work was, else as they are predicted.
type sums struct {
	alone   map[string]*fit.Item
	predict *fit.Predictor
}

// over is the sum of the operators of a module or a model over what it took.
func (s *sums) over(it *fit.Item) AdditiveRatio {
	var kernels, covered, predicted, coveredTime float64
	var joules, seconds float64
	hasEnergy, hasTime := it.Energy > 0, it.Time > 0
	for i := range it.Work.Kernels {
		n := it.Work.Kernels[i].Count
		e := s.predict.Kernel(it.Work, i)
		j, t := float64(e.Energy), float64(e.Time)
		kernels += n
		predicted += t
		if o := s.alone[it.Record.Work[i].Identity()]; o != nil {
			covered += n
			coveredTime += t
			each := n / o.Work.Kernels[0].Count
			j, t = float64(o.Energy)*each, float64(o.Time)*each
		}
		hasEnergy, hasTime = hasEnergy && j > 0, hasTime && t > 0
		joules += j
		seconds += t
	}
	return AdditiveRatio{
		Level: it.Level, Model: it.Model, Path: it.Record.Path, Shape: it.Shape,
		Covered: quotient(true, covered, kernels), CoveredTime: quotient(true, coveredTime, predicted),
		Energy: quotient(hasEnergy, joules, float64(it.Energy)), Time: quotient(hasTime, seconds, float64(it.Time)),
	}
}

func quotient(ok bool, a, b float64) stats.Number {
	if !ok || b == 0 {
		return stats.Middle(nil)
	}
	return stats.Number(a / b)
}
