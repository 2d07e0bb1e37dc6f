package fit

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/operator"
	"github.com/irene-onnx/irene/energy/stats"
	"github.com/irene-onnx/irene/graph"
)

// TrainInput is what coefficients are fitted on.
type TrainInput struct {
	Trees     []*irene.Tree
	Models    map[string]*graph.Graph // by the model name of the trees
	Exclude   []string                // model names left out
	Operators []operator.Operator     // measured beside the trees, at the same meter; see TrainOperators for operators alone
	Device    energy.Device           // supplies the multiprocessors that tiles run on
	Profile   string                  // kernel profile the measurements were taken under; "" is eager
	Data      []string                // names of the data, for the provenance
	Note      string
}

// TrainReport says how training went.
type TrainReport struct {
	Equations int                           // distinct measured nodes
	Missing   map[string]int                // scopes that were measured and not found in a model, by model
	InSample  map[energy.Level]stats.Errors // of energy
	Time      map[energy.Level]stats.Errors // of time
	HeldOut   map[energy.Level]stats.Errors // of energy, each model predicted by the others
	Warnings  []string
}

// Weights of the equations by level: there are few models among many modules and operators.
var levelWeights = map[energy.Level]float64{energy.LevelModel: 10, energy.LevelModule: 1, energy.LevelOperator: 1}

// timeWeight is the weight of an equation of time beside one of energy.
const timeWeight = 0.03

// Train fits coefficients to measured trees. The intervals of the result rest on the errors of each model predicted
// from the others.
func Train(in TrainInput) (*coefficients.Coefficients, *TrainReport, error) {
	if in.Profile == "" {
		in.Profile = "eager"
	}
	seen := Ranges{}
	eqs, report, err := collect(&in, seen)
	if err != nil {
		return nil, nil, err
	}
	c, err := Fit(eqs, &in)
	if err != nil {
		return nil, nil, err
	}
	for i := range c.Classes {
		cc := &c.Classes[i]
		cc.Range = seen[cc.Key]
	}
	report.InSample, report.Time = errorsOf(eqs, c)
	if report.HeldOut, err = heldOut(eqs, &in); err != nil {
		return nil, nil, err
	}
	if c.Residuals, err = Residuals(eqs, &in); err != nil {
		return nil, nil, err
	}
	if err := bootstrap(c, eqs, &in); err != nil {
		return nil, nil, err
	}
	c.Host = SplitPlugEnergy(in.Trees)
	return c, report, nil
}

// collect joins the trees to their models.
func collect(in *TrainInput, seen Ranges) ([]Equation, *TrainReport, error) {
	report := &TrainReport{Missing: map[string]int{}}
	subjects := map[string]*Subject{}
	var eqs []Equation
	for _, t := range in.Trees {
		if slices.Contains(in.Exclude, t.Model) {
			continue
		}
		s := subjects[t.Model]
		if s == nil {
			g := in.Models[t.Model]
			if g == nil {
				return nil, nil, fmt.Errorf("%s:%d: no model file for %q: give one with --model %s=FILE, or --exclude it", t.File, t.Line, t.Model, t.Model)
			}
			var err error
			if s, err = NewSubject(t.Model, g, in.Profile); err != nil {
				return nil, nil, err
			}
			subjects[t.Model] = s
		}
		e, missing := s.Equations(t, law.NewMachine(in.Device), seen)
		eqs = append(eqs, e...)
		report.Missing[t.Model] += len(missing)
	}
	more, err := besideTrees(in, seen)
	if err != nil {
		return nil, nil, err
	}
	eqs = append(eqs, more...)
	if len(eqs) == 0 {
		return nil, nil, fmt.Errorf("no measurement is left to train on")
	}
	report.Equations = len(eqs)
	for _, name := range slices.Sorted(maps.Keys(report.Missing)) {
		if n := report.Missing[name]; n > 0 {
			report.Warnings = append(report.Warnings, fmt.Sprintf("%d measured nodes of %s are not in its model file", n, name))
		}
	}
	return eqs, report, nil
}

// columns numbers the unknowns: two per class and term. With the class's seconds per unit of a term written as u + v,
// its joules per unit are low·u + high·v, so that no operator's power leaves the range for u, v ≥ 0.
type columns struct {
	keys  []coefficients.Key
	index map[coefficients.Key]int
	power coefficients.PowerRange
	timed bool // there are times alone, no energies
}

// timeWeight is the weight of an equation of time beside one of energy, or in the place of one.
func (c *columns) timeWeight() float64 {
	if c.timed {
		return 1
	}
	return timeWeight
}

func newColumns(eqs []Equation) *columns {
	c := &columns{index: map[coefficients.Key]int{}, power: powerRange(eqs)}
	for _, e := range eqs {
		for k := range e.X {
			if _, ok := c.index[k]; !ok {
				c.index[k] = 0
				c.keys = append(c.keys, k)
			}
		}
	}
	slices.SortFunc(c.keys, coefficients.CompareKeys)
	for i, k := range c.keys {
		c.index[k] = i
	}
	return c
}

// powerRange encloses the measured powers, with a margin.
func powerRange(eqs []Equation) coefficients.PowerRange {
	p := coefficients.PowerRange{Low: energy.Watts(math.Inf(1))}
	for _, e := range eqs {
		if e.Energy <= 0 || e.Time <= 0 {
			continue
		}
		w := e.Energy.Over(e.Time)
		p.Low, p.High = min(p.Low, w), max(p.High, w)
	}
	return coefficients.PowerRange{Low: p.Low / coefficients.PowerMargin, High: p.High * coefficients.PowerMargin}
}

func (c *columns) n() int { return 2 * int(coefficients.NumTerms) * len(c.keys) }

// row writes an equation's features against the unknowns, in energy or in time.
func (c *columns) row(e *Equation, forTime bool) (col []int, coef []float64) {
	low, high := float64(c.power.Low), float64(c.power.High)
	if forTime {
		low, high = 1, 1
	}
	for _, k := range slices.SortedFunc(maps.Keys(e.X), coefficients.CompareKeys) {
		base, has := 2*int(coefficients.NumTerms)*c.index[k], coefficients.ClassOf(k.Class).Terms
		for t, x := range e.X[k] {
			if x == 0 || !slices.Contains(has, coefficients.Term(t)) {
				continue
			}
			col = append(col, base+2*t, base+2*t+1)
			coef = append(coef, low*x, high*x)
		}
	}
	return col, coef
}

// Fit solves for the coefficients: least squares on relative errors of energy and time together, all levels at once.
func Fit(eqs []Equation, in *TrainInput) (*coefficients.Coefficients, error) {
	eqs = foldClasses(eqs)
	cols := newColumns(eqs)
	joules, seconds := quantitiesOf(eqs)
	cols.timed = !joules
	if math.IsInf(float64(cols.power.Low), 1) { // no equation has both
		cols.power, _, _ = operatorPower(eqs, in.Device)
	}
	ls := newLeastSquares(cols.n())
	for i := range eqs {
		e := &eqs[i]
		w := levelWeights[e.Level]
		for _, forTime := range []bool{false, true} {
			b, weight := float64(e.Energy), w
			if forTime {
				b, weight = float64(e.Time), w*cols.timeWeight()
			}
			if b <= 0 { // not measured
				continue
			}
			col, coef := cols.row(e, forTime)
			for j := range coef {
				coef[j] /= b
			}
			ls.add(col, coef, 1, weight)
		}
	}
	cols.tie(ls, float64(in.Device.Bandwidth))
	cols.prior(ls, &in.Device)
	x, err := ls.solveAbove(cols.floor(&in.Device))
	if err != nil {
		return nil, err
	}
	c := cols.coefficients(x, eqs, in)
	c.Condition = ls.condition(x)
	if !joules || !seconds {
		strip(c, joules, seconds)
		c.Power = coefficients.PowerRange{}
	}
	return c, nil
}

// quantitiesOf says which of energy and time any equation has.
func quantitiesOf(eqs []Equation) (joules, seconds bool) {
	for i := range eqs {
		joules, seconds = joules || eqs[i].Energy > 0, seconds || eqs[i].Time > 0
	}
	return joules, seconds
}

// foldClasses counts classes that cannot be told apart from others with the class that stands in for them: those that no
// measurement has alone and that only one model has.
func foldClasses(eqs []Equation) []Equation {
	alone, models := map[coefficients.Key]bool{}, map[coefficients.Key]map[string]bool{}
	for i := range eqs {
		name := eqs[i].Class()
		for k := range eqs[i].X {
			if k.Class == name {
				alone[k] = true
			}
			if models[k] == nil {
				models[k] = map[string]bool{}
			}
			models[k][eqs[i].Model] = true
		}
	}
	into := map[coefficients.Key]coefficients.Key{}
	for k, m := range models {
		if like := coefficients.ClassOf(k.Class).Like; !alone[k] && len(m) == 1 && len(ModelNames(eqs)) > 1 && like != "" {
			into[k] = coefficients.Key{Class: like, DType: k.DType}
		}
	}
	if len(into) == 0 {
		return eqs
	}
	out := slices.Clone(eqs)
	for i := range out {
		x := map[coefficients.Key]*coefficients.TermValues{}
		for _, k := range slices.SortedFunc(maps.Keys(eqs[i].X), coefficients.CompareKeys) {
			to, ok := into[k]
			if !ok {
				to = k
			}
			add(x, to, eqs[i].X[k])
		}
		out[i].X = x
	}
	return out
}

// tie adds the equations that hold the bytes of tied classes to those of the base class in the same element type,
// relative to one byte at the device's bandwidth.
func (c *columns) tie(ls *leastSquares, bandwidth float64) {
	low, high := float64(c.power.Low), float64(c.power.High)
	for _, k := range c.keys {
		strength := coefficients.ClassOf(k.Class).Tie
		base, ok := c.index[coefficients.Key{Class: coefficients.BaseClass, DType: k.DType}]
		if strength == 0 || !ok || bandwidth <= 0 {
			continue
		}
		i, j := 2*(int(coefficients.NumTerms)*c.index[k]+int(coefficients.Bytes)), 2*(int(coefficients.NumTerms)*base+int(coefficients.Bytes))
		col := []int{i, i + 1, j, j + 1}
		e := 2 * bandwidth / (low + high)
		if !c.timed {
			ls.add(col, []float64{low * e, high * e, -low * e, -high * e}, 0, strength*strength)
		}
		ls.add(col, []float64{bandwidth, bandwidth, -bandwidth, -bandwidth}, 0, strength*strength*c.timeWeight())
	}
}

// The strengths with which coefficients are held to what the device's data sheet says of them, relative to their size.
// They only decide where the measurements leave coefficients open.
const (
	priorLaunch = 0.2
	priorRate   = 0.1
)

// floor is the least that coefficients may be: bytes of products with a weight take the memory's time, at the lowest
// power. Where many rows share the weight, arithmetic hides much of it, and the fit would take the time off the bytes;
// but with few rows nothing hides it.
func (c *columns) floor(d *energy.Device) []float64 {
	out := make([]float64, c.n())
	for _, k := range c.keys {
		if k.Class == "gemm" && d.Bandwidth > 0 {
			out[2*(int(coefficients.NumTerms)*c.index[k]+int(coefficients.Bytes))] = 1 / float64(d.Bandwidth)
		}
	}
	return out
}

// prior adds the equations that hold each coefficient to the data sheet: operations at the peak rate, of which a fifth
// as whole waves, bytes at the bandwidth, launches at launchTime, all at the middle of the power range.
func (c *columns) prior(ls *leastSquares, d *energy.Device) {
	low, high := float64(c.power.Low), float64(c.power.High)
	middle := (low + high) / 2
	for _, k := range c.keys {
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
			i := 2 * (int(coefficients.NumTerms)*c.index[k] + int(t))
			col := []int{i, i + 1}
			if !c.timed {
				ls.add(col, []float64{low / (middle * seconds), high / (middle * seconds)}, 1, strength*strength)
			}
			ls.add(col, []float64{1 / seconds, 1 / seconds}, 1, strength*strength*c.timeWeight())
		}
	}
}

// coefficients turns the unknowns into joules and seconds per unit.
func (c *columns) coefficients(x []float64, eqs []Equation, in *TrainInput) *coefficients.Coefficients {
	out := &coefficients.Coefficients{
		Schema: coefficients.CoefficientSchema, Device: in.Device.ID, Boundary: energy.BoundaryWall, Profile: in.Profile, Power: c.power,
		Provenance: provenance(eqs, in),
	}
	for i, k := range c.keys {
		cc := coefficients.ClassCoefficients{Key: k}
		for t := range int(coefficients.NumTerms) {
			u, v := x[2*(int(coefficients.NumTerms)*i+t)], x[2*(int(coefficients.NumTerms)*i+t)+1]
			cc.Time[t] = u + v
			cc.Energy[t] = float64(c.power.Low)*u + float64(c.power.High)*v
		}
		for j := range eqs {
			if _, ok := eqs[j].X[k]; ok {
				cc.Equations++
			}
		}
		out.Classes = append(out.Classes, cc)
	}
	return out
}

func provenance(eqs []Equation, in *TrainInput) coefficients.Provenance {
	p := coefficients.Provenance{Data: baseNames(in.Data), Equations: len(eqs), Note: in.Note, Batch: [2]int64{math.MaxInt64, 0}, Sequence: [2]int64{math.MaxInt64, 0}}
	names := map[string]bool{}
	for _, e := range eqs {
		if e.Device != "" { // an operator given by its shape
			p.Devices = []string{e.Device}
			continue
		}
		names[e.Model] = true
		p.Batch[0], p.Batch[1] = min(p.Batch[0], e.Batch), max(p.Batch[1], e.Batch)
		p.Sequence[0], p.Sequence[1] = min(p.Sequence[0], e.Sequence), max(p.Sequence[1], e.Sequence)
	}
	p.Models = slices.Sorted(maps.Keys(names))
	return p
}

// baseNames drops the folders of files: a coefficient file does not tell where it was trained.
func baseNames(files []string) []string {
	out := make([]string, len(files))
	for i, f := range files {
		out[i] = filepath.Base(f)
	}
	return out
}

// PredictEquation sums an equation's features with coefficients.
func PredictEquation(e *Equation, c *coefficients.Coefficients) (energy.Joules, energy.Seconds) {
	var j, s float64
	for _, k := range slices.SortedFunc(maps.Keys(e.X), coefficients.CompareKeys) {
		cc := c.StandIn(k)
		if cc == nil {
			continue
		}
		for t, x := range e.X[k] {
			j += cc.Energy[t] * x
			s += cc.Time[t] * x
		}
	}
	return energy.Joules(j), energy.Seconds(s)
}

func errorsOf(eqs []Equation, c *coefficients.Coefficients) (joules, seconds map[energy.Level]stats.Errors) {
	je, te := map[energy.Level][]stats.Pair{}, map[energy.Level][]stats.Pair{}
	for i := range eqs {
		e := &eqs[i]
		j, s := PredictEquation(e, c)
		je[e.Level] = append(je[e.Level], stats.Pair{Predicted: float64(j), Measured: float64(e.Energy)})
		te[e.Level] = append(te[e.Level], stats.Pair{Predicted: float64(s), Measured: float64(e.Time)})
	}
	return summarize(je), summarize(te)
}

func summarize(pairs map[energy.Level][]stats.Pair) map[energy.Level]stats.Errors {
	out := map[energy.Level]stats.Errors{}
	for level, p := range pairs {
		out[level] = stats.Summarize(p)
	}
	return out
}

// heldOut predicts every model from the others.
func heldOut(eqs []Equation, in *TrainInput) (map[energy.Level]stats.Errors, error) {
	pairs := map[energy.Level][]stats.Pair{}
	names := map[string]bool{}
	for _, e := range eqs {
		names[e.Model] = true
	}
	if len(names) < 2 {
		return map[energy.Level]stats.Errors{}, nil
	}
	for _, left := range slices.Sorted(maps.Keys(names)) {
		rest := slices.DeleteFunc(slices.Clone(eqs), func(e Equation) bool { return e.Model == left })
		c, err := Fit(rest, in)
		if err != nil {
			return nil, fmt.Errorf("without %s: %w", left, err)
		}
		for i := range eqs {
			if e := &eqs[i]; e.Model == left {
				j, _ := PredictEquation(e, c)
				pairs[e.Level] = append(pairs[e.Level], stats.Pair{Predicted: float64(j), Measured: float64(e.Energy)})
			}
		}
	}
	return summarize(pairs), nil
}

// String lists the errors of a report, in per cent.
func (r *TrainReport) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d distinct measurements\n", r.Equations)
	for _, level := range []energy.Level{energy.LevelModel, energy.LevelModule, energy.LevelOperator} {
		e, held := r.InSample[level], r.HeldOut[level]
		if e.N == 0 {
			fmt.Fprintf(&b, "%-8s  n %5d\n", level, e.N)
			continue
		}
		out := "held out: needs two models  "
		if held.N > 0 {
			out = fmt.Sprintf("held out %5.2f %%  (p90 %5.2f %%)", 100*held.MAPE, 100*held.P90)
		}
		fmt.Fprintf(&b, "%-8s  n %5d  energy error: fitted %5.2f %%  %s  time, fitted %5.2f %%\n", level, e.N, 100*e.MAPE, out, 100*r.Time[level].MAPE)
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", w)
	}
	return b.String()
}
