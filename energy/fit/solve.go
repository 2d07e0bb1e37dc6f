package fit

import (
	"math"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
)

// solve finds the coefficients of equations: non-negative least squares on relative errors of energy and time together.
func (o *Options) solve(eqs []*equation, dev *energy.Device) (*coefficients.Coefficients, error) {
	eqs = mergeClasses(atOneClock(eqs))
	u := newUnknowns(eqs, dev)
	floor := make([]float64, u.n())
	if o.DataSheet {
		floor = u.floor(dev)
	}
	even := o.weights(eqs)
	var c *coefficients.Coefficients
	for solution := range 1 + o.Robust.Reweights {
		ls := newLeastSquares(u.n())
		for i, e := range eqs {
			w := weight{even[i], even[i]}
			if solution > 0 {
				w = o.Robust.weight(e, c, even[i])
			}
			u.add(ls, e, w)
		}
		u.tie(ls, float64(dev.Bandwidth), u.joules || o.EnergyTies)
		if o.DataSheet {
			u.prior(ls, dev)
		}
		x, err := ls.solveAbove(floor)
		if err != nil {
			return nil, err
		}
		c = u.coefficients(x, eqs)
		if o.DataSheet { // else what nothing holds makes it boundless
			c.Condition = ls.condition(x)
		}
	}
	return c, nil
}

// weights of the equations before any error is known.
func (o *Options) weights(eqs []*equation) []float64 {
	out := make([]float64, len(eqs))
	for i, e := range eqs {
		out[i] = 1
		if w, ok := o.LevelWeights[e.Level]; ok {
			out[i] = w
		}
	}
	if !o.EvenDevices {
		return out
	}
	type key struct{ class, device string }
	count, total, devices := map[key]float64{}, map[string]float64{}, map[string]float64{}
	for _, e := range eqs {
		k := key{e.class, e.Device.ID}
		if count[k] == 0 {
			devices[e.class]++
		}
		count[k]++
		total[e.class]++
	}
	for i, e := range eqs {
		out[i] *= math.Sqrt(total[e.class] / devices[e.class] / count[key{e.class, e.Device.ID}])
	}
	return out
}

// mergeClasses counts classes that cannot be told apart from others with the class that stands in for them: those that no
// measurement has alone and that only one group has.
func mergeClasses(eqs []*equation) []*equation {
	alone, groups, all := map[coefficients.Key]bool{}, map[coefficients.Key]map[string]bool{}, map[string]bool{}
	for _, e := range eqs {
		all[e.Group] = true
		for i := range e.sums {
			k := e.sums[i].Key
			alone[k] = alone[k] || k.Class == e.class
			if groups[k] == nil {
				groups[k] = map[string]bool{}
			}
			groups[k][e.Group] = true
		}
	}
	into := map[coefficients.Key]coefficients.Key{}
	for k, in := range groups {
		if standIn := coefficients.ClassOf(k.Class).Like; !alone[k] && len(in) == 1 && len(all) > 1 && standIn != "" {
			into[k] = coefficients.Key{Class: standIn, DType: k.DType}
		}
	}
	if len(into) == 0 {
		return eqs
	}
	out := make([]*equation, len(eqs))
	for i, e := range eqs {
		merged := *e
		merged.sums = nil
		for _, s := range e.sums {
			to, ok := into[s.Key]
			if !ok {
				to = s.Key
			}
			merged.sums.add(to, &s.x, 1)
		}
		out[i] = &merged
	}
	return out
}
