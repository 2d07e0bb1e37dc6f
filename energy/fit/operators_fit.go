package fit

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/operator"
	"github.com/irene-onnx/irene/energy/stats"
)

// OperatorInput is what coefficients are fitted on, or adapted to, where single operators were measured.
type OperatorInput struct {
	Rows    []operator.Operator
	Device  energy.Device // in whose units the coefficients are; rows without a device are of it
	Profile string        // kernel profile; "" is eager
	Data    []string      // names of the files, for the provenance
	Note    string
}

// OperatorReport says how well coefficients fit single operators.
type OperatorReport struct {
	Rows     int
	Devices  []string
	Groups   []OperatorErrors // by device and class, sorted
	Warnings []string
}

// OperatorErrors are the errors of one class on one device, from fits without the device where there are several, else
// without the fifth of the rows that the operator is in.
type OperatorErrors struct {
	Device, Class string
	Time, Energy  stats.Errors
}

// TrainOperators fits coefficients to single operators of one or more devices. Those of several are fitted together in
// units relative to each device's specifications and written in the units of the reference device, from which
// predictions scale them to any other.
func TrainOperators(in OperatorInput) (*coefficients.Coefficients, *OperatorReport, error) {
	if len(in.Rows) == 0 {
		return nil, nil, fmt.Errorf("no measurement is left to train on")
	}
	seen := Ranges{}
	eqs, err := operatorEquations(in.Rows, in.Device, seen)
	if err != nil {
		return nil, nil, err
	}
	c, err := fitOperators(eqs, &in)
	if err != nil {
		return nil, nil, err
	}
	for i := range c.Classes {
		c.Classes[i].Range = seen[c.Classes[i].Key]
	}
	report := &OperatorReport{Rows: len(eqs), Devices: c.Provenance.Devices, Warnings: thinClasses(c)}
	held, err := holdOut(eqs, &in)
	if err != nil {
		return nil, nil, err
	}
	report.Groups = groupErrors(eqs, held)
	c.Residuals = operatorResiduals(eqs, held)
	return c, report, nil
}

// The fit is reweighted so many times by the errors of the one before, no error counting as less than leastError: the
// mean of the absolute errors matters, not that of their squares.
const (
	reweights  = 12
	leastError = 0.02
)

// fitOperators solves for the coefficients of the operators' classes, on relative errors of what was measured.
func fitOperators(eqs []Equation, in *OperatorInput) (*coefficients.Coefficients, error) {
	train := &TrainInput{Device: in.Device, Profile: in.Profile, Data: in.Data, Note: in.Note}
	if train.Profile == "" {
		train.Profile = "eager"
	}
	cols := newColumns(eqs)
	var joules, seconds bool
	cols.power, joules, seconds = operatorPower(eqs, in.Device)
	even := evenWeights(eqs)
	weights := slices.Clone(even)
	var c *coefficients.Coefficients
	for range reweights {
		ls := newLeastSquares(cols.n())
		for i := range eqs {
			cols.addOperator(ls, &eqs[i], weights[i], joules)
		}
		cols.tie(ls, float64(in.Device.Bandwidth))
		x, err := ls.solve()
		if err != nil {
			return nil, err
		}
		c = cols.coefficients(x, eqs, train)
		for i := range eqs {
			weights[i] = even[i] / max(leastError, errorOf(&eqs[i], c))
		}
	}
	strip(c, joules, seconds)
	describeOperators(c, eqs, in.Device)
	return c, nil
}

// evenWeights brings the devices nearer to counting alike within a class, however many rows each has: what is asked for is
// another device. A device counts with the root of its rows, one of average size with all of them.
func evenWeights(eqs []Equation) []float64 {
	type key struct{ class, device string }
	count, devices := map[key]float64{}, map[string]map[string]bool{}
	total := map[string]float64{}
	for i := range eqs {
		class := eqs[i].Class()
		count[key{class, eqs[i].Device}]++
		total[class]++
		if devices[class] == nil {
			devices[class] = map[string]bool{}
		}
		devices[class][eqs[i].Device] = true
	}
	out := make([]float64, len(eqs))
	for i := range eqs {
		class := eqs[i].Class()
		out[i] = math.Sqrt(total[class] / float64(len(devices[class])) / count[key{class, eqs[i].Device}])
	}
	return out
}

// addOperator adds the equations of what was measured of an operator.
func (c *columns) addOperator(ls *leastSquares, e *Equation, weight float64, joules bool) {
	add := func(measured float64, forTime bool, weight float64) {
		if measured <= 0 {
			return
		}
		col, coef := c.row(e, forTime)
		for j := range coef {
			coef[j] /= measured
		}
		ls.add(col, coef, 1, weight)
	}
	add(float64(e.Energy), false, weight)
	if joules {
		weight *= timeWeight
	}
	add(float64(e.Time), true, weight)
}

// errorOf is the absolute relative error of a prediction in what was measured, the larger of the two.
func errorOf(e *Equation, c *coefficients.Coefficients) float64 {
	j, s := PredictEquation(e, c)
	worst := 0.0
	if e.Energy > 0 {
		worst = math.Abs(float64(j/e.Energy) - 1)
	}
	if e.Time > 0 {
		worst = max(worst, math.Abs(float64(s/e.Time)-1))
	}
	return worst
}

// operatorPower is the range of powers of the rows that have both energy and time; where none has, that of the device.
func operatorPower(eqs []Equation, dev energy.Device) (p coefficients.PowerRange, joules, seconds bool) {
	both := Filter(eqs, func(e *Equation) bool { return e.Energy > 0 && e.Time > 0 })
	for i := range eqs {
		joules, seconds = joules || eqs[i].Energy > 0, seconds || eqs[i].Time > 0
	}
	if len(both) == 0 {
		low := max(1, dev.Idle/coefficients.PowerMargin)
		return coefficients.PowerRange{Low: low, High: max(low, dev.TDP*coefficients.PowerMargin)}, joules, seconds
	}
	return powerRange(both), joules, seconds
}

// strip drops the numbers that follow from no measurement.
func strip(c *coefficients.Coefficients, joules, seconds bool) {
	for i := range c.Classes {
		if !joules {
			c.Classes[i].Energy = coefficients.TermValues{}
		}
		if !seconds {
			c.Classes[i].Time = coefficients.TermValues{}
		}
	}
}

// describe says what coefficients rest on. Those of several devices are relative to the power limits.
func describeOperators(c *coefficients.Coefficients, eqs []Equation, ref energy.Device) {
	c.Boundary = energy.BoundaryBoard
	c.Provenance.Models, c.Provenance.Batch, c.Provenance.Sequence = []string{}, [2]int64{}, [2]int64{}
	c.Provenance.Devices = devicesIn(eqs)
	if len(c.Provenance.Devices) > 1 {
		c.Power.High = ref.TDP * coefficients.PowerMargin
	}
}

func devicesIn(eqs []Equation) []string {
	ids := map[string]bool{}
	for i := range eqs {
		ids[eqs[i].Device] = true
	}
	return slices.Sorted(maps.Keys(ids))
}

// heldOutRow is an operator predicted without its group.
type heldOutRow struct {
	joules  energy.Joules
	seconds energy.Seconds
	known   bool
}

// holdOut predicts every operator from the other groups: devices, or parts of one device's rows.
func holdOut(eqs []Equation, in *OperatorInput) ([]heldOutRow, error) {
	out := make([]heldOutRow, len(eqs))
	names := ModelNames(eqs)
	if len(names) < 2 {
		return out, nil
	}
	for _, name := range names {
		c, err := fitOperators(Filter(eqs, func(e *Equation) bool { return e.Model != name }), in)
		if err != nil {
			return nil, fmt.Errorf("held-out errors: without %s: %w", name, err)
		}
		for i := range eqs {
			if e := &eqs[i]; e.Model == name && covers(c, e) {
				out[i].joules, out[i].seconds = PredictEquation(e, c)
				out[i].known = true
			}
		}
	}
	return out, nil
}

// covers reports whether there are coefficients of the equation's class.
func covers(c *coefficients.Coefficients, e *Equation) bool {
	for k := range e.X {
		if k.Class != coefficients.HostClass && c.Find(k) == nil {
			return false
		}
	}
	return true
}

func groupErrors(eqs []Equation, held []heldOutRow) []OperatorErrors {
	type key struct{ device, class string }
	times, energies := map[key][]stats.Pair{}, map[key][]stats.Pair{}
	for i := range eqs {
		e := &eqs[i]
		k := key{e.Device, e.Class()}
		times[k] = append(times[k], pairOf(held[i].known, float64(held[i].seconds), float64(e.Time)))
		energies[k] = append(energies[k], pairOf(held[i].known, float64(held[i].joules), float64(e.Energy)))
	}
	var out []OperatorErrors
	for k, t := range times {
		out = append(out, OperatorErrors{Device: k.device, Class: k.class, Time: stats.Summarize(t), Energy: stats.Summarize(energies[k])})
	}
	slices.SortFunc(out, func(a, b OperatorErrors) int { return strings.Compare(a.Device+" "+a.Class, b.Device+" "+b.Class) })
	return out
}

// pairOf is a pair that counts only where both sides are known.
func pairOf(known bool, predicted, measured float64) stats.Pair {
	if !known || measured <= 0 {
		return stats.Pair{Predicted: predicted, Measured: 0}
	}
	return stats.Pair{Predicted: predicted, Measured: measured}
}

// operatorResiduals keeps the held-out errors of energy, from which intervals are made.
func operatorResiduals(eqs []Equation, held []heldOutRow) coefficients.Residuals {
	var all []residual
	for i := range eqs {
		e := &eqs[i]
		if !held[i].known || e.Energy <= 0 || held[i].joules <= 0 {
			continue
		}
		j := held[i].joules
		all = append(all, residual{
			level: e.Level, class: e.Class(), small: held[i].seconds < coefficients.SmallTime,
			ape: math.Abs(float64((e.Energy - j) / j)),
		})
	}
	return summarizeResiduals(all)
}

// String lists the held-out errors by device and class, in per cent.
func (r *OperatorReport) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d operators of %s\n", r.Rows, strings.Join(r.Devices, ", "))
	for _, g := range r.Groups {
		fmt.Fprintf(&b, "%-16s %-12s", g.Device, g.Class)
		for _, x := range []struct {
			name string
			e    stats.Errors
		}{{"time", g.Time}, {"energy", g.Energy}} {
			if x.e.N > 0 {
				fmt.Fprintf(&b, "  n %5d  %s held out: error %5.1f %%  bias %+6.1f %%", x.e.N, x.name, 100*x.e.MAPE, 100*x.e.Bias)
			}
		}
		b.WriteByte('\n')
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", w)
	}
	return b.String()
}
