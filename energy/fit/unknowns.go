package fit

import (
	"math"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
)

// unknowns numbers the unknowns of a fit: two per class and term. With the class's seconds per unit of a term written as
// u + v, its joules per unit are low·u + high·v, so that no operator's power leaves the range for u, v ≥ 0.
type unknowns struct {
	keys    []coefficients.Key
	index   map[coefficients.Key]int
	power   coefficients.PowerRange
	joules  bool // any energy was measured
	seconds bool // any time was
}

func newUnknowns(eqs []*equation, dev *energy.Device) *unknowns {
	u := &unknowns{index: map[coefficients.Key]int{}, power: powerRange(eqs, dev)}
	for _, e := range eqs {
		u.joules, u.seconds = u.joules || e.energy > 0, u.seconds || e.time > 0
		for i := range e.sums {
			if k := e.sums[i].Key; !u.has(k) {
				u.index[k] = 0
				u.keys = append(u.keys, k)
			}
		}
	}
	slices.SortFunc(u.keys, coefficients.CompareKeys)
	for i, k := range u.keys {
		u.index[k] = i
	}
	return u
}

// powerRange encloses the measured powers, with a margin; where nothing has both energy and time, those of the device.
func powerRange(eqs []*equation, dev *energy.Device) coefficients.PowerRange {
	p := coefficients.PowerRange{Low: energy.Watts(math.Inf(1))}
	for _, e := range eqs {
		if e.energy <= 0 || e.time <= 0 {
			continue
		}
		w := e.energy.Over(e.time)
		p.Low, p.High = min(p.Low, w), max(p.High, w)
	}
	if math.IsInf(float64(p.Low), 1) {
		low := max(1, dev.Idle/coefficients.PowerMargin)
		return coefficients.PowerRange{Low: low, High: max(low, dev.TDP*coefficients.PowerMargin)}
	}
	return coefficients.PowerRange{Low: p.Low / coefficients.PowerMargin, High: p.High * coefficients.PowerMargin}
}

func (u *unknowns) has(k coefficients.Key) bool { _, ok := u.index[k]; return ok }

func (u *unknowns) n() int { return 2 * int(coefficients.NumTerms) * len(u.keys) }

// at is the first of the two unknowns of a class's term.
func (u *unknowns) at(k coefficients.Key, t coefficients.Term) int {
	return 2 * (int(coefficients.NumTerms)*u.index[k] + int(t))
}

// timeWeight is the weight of an equation of time beside one of energy.
const timeWeight = 0.03

// timeWeightOf is that weight, or 1 in the place of energies where none was measured.
func timeWeightOf(joules bool) float64 {
	if joules {
		return timeWeight
	}
	return 1
}

// add adds the equations of what was measured of an item, on relative errors.
func (u *unknowns) add(ls *leastSquares, e *equation, w weight) {
	if e.energy > 0 {
		u.addQuantity(ls, e, float64(e.energy), float64(u.power.Low), float64(u.power.High), w.energy)
	}
	if e.time > 0 {
		u.addQuantity(ls, e, float64(e.time), 1, 1, w.time*timeWeightOf(u.joules))
	}
}

// addQuantity adds one equation, in which the two unknowns of a term count low and high.
func (u *unknowns) addQuantity(ls *leastSquares, e *equation, measured, low, high, weight float64) {
	var col []int
	var coef []float64
	for i := range e.sums {
		has := coefficients.ClassOf(e.sums[i].Class).Terms
		for t, x := range e.sums[i].x {
			if x == 0 || !slices.Contains(has, coefficients.Term(t)) {
				continue
			}
			at := u.at(e.sums[i].Key, coefficients.Term(t))
			col = append(col, at, at+1)
			coef = append(coef, low*x/measured, high*x/measured)
		}
	}
	ls.add(col, coef, 1, weight)
}

// tie adds the equations that hold the bytes of tied classes to those of the base class in the same element type,
// relative to one byte at the device's bandwidth.
func (u *unknowns) tie(ls *leastSquares, bandwidth float64, joules bool) {
	low, high := float64(u.power.Low), float64(u.power.High)
	for _, k := range u.keys {
		strength := coefficients.ClassOf(k.Class).Tie
		base := coefficients.Key{Class: coefficients.BaseClass, DType: k.DType}
		if strength == 0 || !u.has(base) || bandwidth <= 0 {
			continue
		}
		i, j := u.at(k, coefficients.Bytes), u.at(base, coefficients.Bytes)
		col := []int{i, i + 1, j, j + 1}
		e := 2 * bandwidth / (low + high)
		if joules {
			ls.add(col, []float64{low * e, high * e, -low * e, -high * e}, 0, strength*strength)
		}
		ls.add(col, []float64{bandwidth, bandwidth, -bandwidth, -bandwidth}, 0, strength*strength*timeWeightOf(joules))
	}
}

// The strengths of the ridge prior: how firmly coefficients are held to what the device's data sheet says of them,
// relative to their size. They only decide where the measurements leave coefficients open.
const (
	priorLaunch = 0.2
	priorRate   = 0.1
)

// prior adds the equations that hold each coefficient to the data sheet: operations at the peak rate, of which a fifth
// as whole waves, bytes at the bandwidth, launches at [coefficients.LaunchTime], all at the middle of the power range.
func (u *unknowns) prior(ls *leastSquares, d *energy.Device) {
	low, high := float64(u.power.Low), float64(u.power.High)
	middle := (low + high) / 2
	for _, k := range u.keys {
		rate, hasRate := coefficients.Peak(*d, k.DType)
		for _, t := range coefficients.ClassOf(k.Class).Terms {
			strength, seconds := priorRate, 0.0
			switch t {
			case coefficients.Launches:
				strength, seconds = priorLaunch, float64(coefficients.LaunchTime)
			case coefficients.Bytes:
				seconds = 1 / float64(d.Bandwidth)
			case coefficients.FLOPs:
				seconds = 0.8 / float64(rate)
			default:
				seconds = 0.2 / float64(rate)
			}
			if (t != coefficients.Launches && t != coefficients.Bytes && !hasRate) || seconds <= 0 || math.IsInf(seconds, 0) {
				continue
			}
			i := u.at(k, t)
			col := []int{i, i + 1}
			if u.joules {
				ls.add(col, []float64{low / (middle * seconds), high / (middle * seconds)}, 1, strength*strength)
			}
			ls.add(col, []float64{1 / seconds, 1 / seconds}, 1, strength*strength*timeWeightOf(u.joules))
		}
	}
}

// floor is the least that coefficients may be: bytes of products with a weight take the memory's time, at the lowest
// power. Where many rows share the weight, arithmetic hides much of it, and the fit would take the time off the bytes;
// but with few rows nothing hides it.
func (u *unknowns) floor(d *energy.Device) []float64 {
	out := make([]float64, u.n())
	for _, k := range u.keys {
		if k.Class == "gemm" && d.Bandwidth > 0 {
			out[u.at(k, coefficients.Bytes)] = 1 / float64(d.Bandwidth)
		}
	}
	return out
}

// coefficients turns the unknowns into joules and seconds per unit. Those of a quantity that was not measured are zero.
func (u *unknowns) coefficients(x []float64, eqs []*equation) *coefficients.Coefficients {
	out := &coefficients.Coefficients{Schema: coefficients.CoefficientSchema, Power: u.power}
	count := map[coefficients.Key]int{}
	for _, e := range eqs {
		for i := range e.sums {
			count[e.sums[i].Key]++
		}
	}
	for _, k := range u.keys {
		cc := coefficients.ClassCoefficients{Key: k, Equations: count[k]}
		for t := range coefficients.NumTerms {
			low, high := x[u.at(k, t)], x[u.at(k, t)+1]
			if u.seconds {
				cc.Time[t] = low + high
			}
			if u.joules {
				cc.Energy[t] = float64(u.power.Low)*low + float64(u.power.High)*high
			}
		}
		out.Classes = append(out.Classes, cc)
	}
	return out
}
