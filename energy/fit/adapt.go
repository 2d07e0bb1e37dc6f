package fit

import (
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/stats"
)

// What is taken for granted before any row is seen, as standard deviations of logarithms.
const (
	spreadOne     = 0.3  // of a class's true factor about 1, where the coefficients are of one device
	spreadSeveral = 0.12 // where they are of several
	spreadProduct = 0.25 // of rows about their class's factor: which kernel a library picks for a product is its secret
	spreadBytes   = 0.1
	spreadCount   = 2 // the rows that these two count like
)

// spreadOf is the spread of a class's true factor.
func spreadOf(c *coefficients.Coefficients) float64 {
	if len(c.Provenance.Devices) > 1 {
		return spreadSeveral
	}
	return spreadOne
}

// spreadIn is the spread of a class's rows about its factor.
func spreadIn(class string) float64 {
	if coefficients.ClassOf(class).Multiplies() {
		return spreadProduct
	}
	return spreadBytes
}

// AdaptReport says what adapting has changed.
type AdaptReport struct {
	Device    string
	From      string
	Operators int
	Factors   []AdaptFactor // by class and type
	Time      AdaptErrors
	Energy    AdaptErrors

	Warnings []string
}

// AdaptErrors are the errors of operators predicted without any of them, and each adapted with the others.
type AdaptErrors struct{ Before, After stats.Errors }

// AdaptFactor is what the coefficients of a class are multiplied by.
type AdaptFactor struct {
	coefficients.Key
	Operators    int
	Time, Energy float64
}

// Adapt fits coefficients of another device, or of several, to a device of which a few operators were measured. The
// coefficients are scaled to the device as a prediction would, and those of every class multiplied by a factor, one for
// times and one for energies: the mean of the rows' ratios of measured to predicted in logarithms, shrunk, the more the
// rows scatter, towards the common factor of all products, or of all operators that only move bytes, and that towards 1.
// Factors are positive whatever the rows say; a class of a group without a row keeps its coefficients.
// Energies are to be of the meter that the coefficients are of, wall or board.
func Adapt(base *coefficients.Coefficients, d *Data) (*coefficients.Coefficients, *AdaptReport, error) {
	if len(d.Items) == 0 {
		return nil, nil, fmt.Errorf("no measurement to adapt to")
	}
	if err := oneDevice(d.Items, d.Device); err != nil {
		return nil, nil, err
	}
	c, err := base.Transferred(d.Device)
	if err != nil {
		return nil, nil, err
	}
	a, err := newAdaptation(c, d)
	if err != nil {
		return nil, nil, err
	}
	report := a.report(base.Device)
	for i := range c.Classes {
		cc := &c.Classes[i]
		f := AdaptFactor{Key: cc.Key, Operators: a.count(cc.Key), Time: a.factor(cc.Key, timeOf, -1), Energy: a.factor(cc.Key, energyOf, -1)}
		for term := range cc.Time {
			cc.Time[term] *= f.Time
			cc.Energy[term] *= f.Energy
		}
		cc.Equations, cc.Scaled = cc.Equations+f.Operators, cc.Scaled && f.Operators == 0
		report.Factors = append(report.Factors, f)
	}
	for k, quantities := range d.ranges() {
		if cc := c.Find(k); cc != nil {
			seen := ranges{k: maps.Clone(cc.Range)}
			for name, v := range quantities {
				seen.add(k, name, v)
			}
			cc.Range = seen[k]
		}
	}
	c.Provenance.Data = append(slices.Clone(c.Provenance.Data), baseNames(d.Files)...)
	c.Provenance.Equations += len(d.Items)
	c.Provenance.Note = fmt.Sprintf("coefficients of %s adapted to %s with %d operators", base.Device, d.Device.ID, len(d.Items))
	c.Residuals = a.residuals(base.Residuals)
	if d.Profile != base.Profile {
		report.Warnings = append(report.Warnings, fmt.Sprintf("the coefficients were measured under the runtime profile %s, the rows under %s", base.Profile, d.Profile))
	}
	return c, report, nil
}

// adaptation is the operators beside their predictions.
type adaptation struct {
	device    string
	spread    float64 // of true factors about 1
	operators []adapted
}

// adapted is an operator beside its prediction.
type adapted struct {
	key       coefficients.Key
	predicted [2]float64 // time and energy; 0 where there is none
	ratios    [2]float64 // logarithm of measured over predicted, of time and energy
	has       [2]bool
}

// Indices of adapted's pairs.
const (
	timeOf   = 0
	energyOf = 1
)

func newAdaptation(c *coefficients.Coefficients, d *Data) (*adaptation, error) {
	a := &adaptation{device: d.Device.ID, spread: spreadOf(c)}
	l, err := law.NewAdditive(c, d.Device, law.Options{Alone: true})
	if err != nil {
		return nil, err
	}
	for _, it := range d.Items {
		k := &it.Work.Kernels[0]
		pr := l.Kernel(&k.Kernel)
		row := adapted{key: k.key(), predicted: [2]float64{float64(pr.Time), float64(pr.Energy)}}
		for of, measured := range [2]float64{float64(it.Time), float64(it.Energy)} {
			if measured > 0 && row.predicted[of] > 0 {
				row.ratios[of], row.has[of] = math.Log(measured/row.predicted[of]), true
			}
		}
		a.operators = append(a.operators, row)
	}
	return a, nil
}

func (a *adaptation) count(key coefficients.Key) int {
	n := 0
	for _, r := range a.operators {
		if r.key == key {
			n++
		}
	}
	return n
}

// factor multiplies the coefficients of a class, from all rows but one.
func (a *adaptation) factor(key coefficients.Key, of, without int) float64 {
	if key.Class == coefficients.HostClass {
		return 1
	}
	prior := a.spread * a.spread
	// The group's factor is the mean over its classes, each as certain as its rows make it, and over one class more of
	// which nothing but the spread is known.
	group, weight := 0.0, 1/prior
	var own meanRatio
	for k, m := range a.means(key, of, without) {
		w := 1 / (prior + m.variance/m.n)
		group += w * m.mean
		weight += w
		if k == key {
			own = m
		}
	}
	group /= weight
	if own.n == 0 {
		return math.Exp(group)
	}
	shrink := own.variance / prior // in rows
	return math.Exp((own.n*own.mean + shrink*group) / (own.n + shrink))
}

// meanRatio is the mean of operators' logarithms and the variance of one about it.
type meanRatio struct{ n, mean, variance float64 }

// means are those of the classes in the group of a class: products, or operators that only move bytes. In the order of
// the classes.
func (a *adaptation) means(key coefficients.Key, of, without int) iter.Seq2[coefficients.Key, meanRatio] {
	logs := map[coefficients.Key][]float64{}
	for i, r := range a.operators {
		if i != without && r.has[of] && coefficients.ClassOf(r.key.Class).Multiplies() == coefficients.ClassOf(key.Class).Multiplies() {
			logs[r.key] = append(logs[r.key], r.ratios[of])
		}
	}
	return func(yield func(coefficients.Key, meanRatio) bool) {
		for _, k := range slices.SortedFunc(maps.Keys(logs), coefficients.CompareKeys) {
			m := meanRatio{n: float64(len(logs[k])), mean: stats.Mean(logs[k])}
			squares := spreadCount * spreadIn(k.Class) * spreadIn(k.Class)
			for _, v := range logs[k] {
				squares += (v - m.mean) * (v - m.mean)
			}
			m.variance = squares / (m.n - 1 + spreadCount)
			if !yield(k, m) {
				return
			}
		}
	}
}

// leftOut pairs each row's measured value with its prediction, adapted with the other rows or not at all.
func (a *adaptation) leftOut(of int, adapted bool) []stats.Pair {
	var out []stats.Pair
	for i, r := range a.operators {
		if !r.has[of] {
			continue
		}
		p := r.predicted[of]
		if adapted {
			p *= a.factor(r.key, of, i)
		}
		out = append(out, stats.Pair{Predicted: p, Measured: r.predicted[of] * math.Exp(r.ratios[of])})
	}
	return out
}

func (a *adaptation) errors(of int) AdaptErrors {
	return AdaptErrors{Before: stats.Summarize(a.leftOut(of, false)), After: stats.Summarize(a.leftOut(of, true))}
}

func (a *adaptation) report(from string) *AdaptReport {
	return &AdaptReport{
		Device: a.device, From: from, Operators: len(a.operators),
		Time: a.errors(timeOf), Energy: a.errors(energyOf),
	}
}

// residuals are the errors of the rows' energies, each predicted from the others, or what a scaled class is taken to
// miss where energies were not measured.
func (a *adaptation) residuals(base coefficients.Residuals) coefficients.Residuals {
	var all []residual
	for _, p := range a.leftOut(energyOf, true) {
		all = append(all, residual{level: energy.LevelOperator, ape: math.Abs(p.Measured/p.Predicted - 1)})
	}
	out := summarizeResiduals(all)
	wide := base.Band(energy.LevelOperator, "", coefficients.SmallTime)
	wide.P50, wide.P90 = max(coefficients.LeastStandIn/2, wide.P50), max(coefficients.LeastStandIn, wide.P90)
	if len(all) < fewRows {
		out.Levels[energy.LevelOperator] = wide
	}
	for _, level := range []energy.Level{energy.LevelModule, energy.LevelModel} {
		out.Levels[level] = out.Levels[energy.LevelOperator]
	}
	return out
}

// String says what adapting has changed.
func (r *AdaptReport) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "coefficients of %s adapted to %s with %d operators\n", r.From, r.Device, r.Operators)
	for _, q := range []struct {
		name string
		e    AdaptErrors
	}{{"time", r.Time}, {"energy", r.Energy}} {
		if q.e.Before.N > 0 {
			fmt.Fprintf(&b, "%-7s error of these rows %5.1f %% before, %5.1f %% each adapted with the others\n", q.name, 100*q.e.Before.MAPE, 100*q.e.After.MAPE)
		}
	}
	for _, f := range r.Factors {
		if f.Operators > 0 {
			fmt.Fprintf(&b, "%-12s %-8s %3d rows  time ×%.3g  energy ×%.3g\n", f.Class, f.DType, f.Operators, f.Time, f.Energy)
		}
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", w)
	}
	return b.String()
}
