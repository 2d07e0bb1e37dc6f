package validate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/fit"
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
func contextRatios(s *fit.RecordSet) []ContextRatio {
	alone := map[string]*fit.RecordRow{}
	for i := range s.Rows {
		if r := &s.Rows[i]; r.Level == energy.LevelOperator && r.Signature != "" {
			alone[r.Signature] = r
		}
	}
	joules, seconds := map[string][]float64{}, map[string][]float64{}
	for i := range s.Context {
		in := &s.Context[i]
		out := alone[in.Signature]
		if out == nil || in.Signature == "" {
			continue
		}
		for _, class := range []string{"", in.Class} {
			if in.Eq.Energy > 0 && out.Eq.Energy > 0 {
				joules[class] = append(joules[class], float64(in.Eq.Energy/out.Eq.Energy))
			}
			if in.Eq.Time > 0 && out.Eq.Time > 0 {
				seconds[class] = append(seconds[class], float64(in.Eq.Time/out.Eq.Time))
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

// additivity sums operators over modules and models, those that operators cover best first within a level.
func additivity(s *fit.RecordSet, in *fit.TrainInput) []AdditiveRatio {
	operators := map[string]*fit.RecordRow{}
	var alone []int
	for i := range s.Rows {
		if r := &s.Rows[i]; r.Level == energy.LevelOperator {
			alone = append(alone, i)
			if len(r.Work) == 1 {
				operators[workKey(&r.Work[0])] = r
			}
		}
	}
	if len(alone) == 0 {
		return nil
	}
	c, err := fit.Fit(s.Pick(alone), in)
	if err != nil {
		return nil // there is nothing to sum with
	}
	var out []AdditiveRatio
	for i := range s.Rows {
		if r := &s.Rows[i]; r.Level != energy.LevelOperator {
			out = append(out, sumOf(s, r, operators, c))
		}
	}
	slices.SortStableFunc(out, func(a, b AdditiveRatio) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(b.CoveredTime, a.CoveredTime))
	})
	return out
}

// workKey tells kernels of the same work.
func workKey(w *energy.Work) string {
	return fmt.Sprint(w.Class, "|", w.DType, "|", w.MACs, "|", w.Read, "|", w.Written, "|", w.Products)
}

// sumOf adds up the operators of a record: measured where one of the same work was, else predicted.
func sumOf(s *fit.RecordSet, r *fit.RecordRow, operators map[string]*fit.RecordRow, c *coefficients.Coefficients) AdditiveRatio {
	var kernels, covered, predicted, coveredTime float64
	var joules, seconds float64
	hasEnergy, hasTime := r.Eq.Energy > 0, r.Eq.Time > 0
	for i := range r.Work {
		w := &r.Work[i]
		n := float64(w.Count)
		one := energy.Record{Work: []energy.Work{*w}}
		e := fit.RecordEquation(&one, s.Boundary, r.Feats[i:i+1])
		j, t := fit.PredictEquation(&e, c)
		kernels += n
		predicted += float64(t)
		if o := operators[workKey(w)]; o != nil {
			covered += n
			coveredTime += float64(t)
			each := n / float64(o.Work[0].Count)
			j, t = o.Eq.Energy*energy.Joules(each), o.Eq.Time*energy.Seconds(each)
		}
		hasEnergy, hasTime = hasEnergy && j > 0, hasTime && t > 0
		joules += float64(j)
		seconds += float64(t)
	}
	quotient := func(ok bool, a, b float64) stats.Number {
		if !ok || b == 0 {
			return stats.Middle(nil)
		}
		return stats.Number(a / b)
	}
	return AdditiveRatio{
		Level: r.Level, Model: r.Model, Path: r.Path, Shape: r.Eq.Shape,
		Covered: quotient(true, covered, kernels), CoveredTime: quotient(true, coveredTime, predicted),
		Energy: quotient(hasEnergy, joules, float64(r.Eq.Energy)), Time: quotient(hasTime, seconds, float64(r.Eq.Time)),
	}
}
