package validate

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/operator"
	"github.com/irene-onnx/irene/energy/stats"
)

// SplitKind leaves kinds of multiprocessors out, each with all its devices.
const SplitKind = "kind"

// OperatorSplits lists the ways of leaving single operators out.
func OperatorSplits() []string { return []string{SplitDevice, SplitKind} }

// OperatorInput is measured operators, and what is left out of them.
type OperatorInput struct {
	Operators []operator.Operator
	Device    energy.Device // of operators that name none
	Splits    []string      // of OperatorSplits; none given: all of them
	Thin      int           // products are fitted to every n-th of theirs
	Progress  func(done, total int)
}

// Operators is how far the law of overlapping kernels is off on single operators that it was not fitted to.
type Operators struct {
	Schema int             `json:"schema"`                // version of the format
	Rows   int             `json:"rows"`                  // that were read
	Shapes int             `json:"shapes"`                // operators on a device: rows of one that different software ran are one
	Passed map[string]int  `json:"passed_over,omitempty"` // rows, by the reason
	Splits []OperatorSplit `json:"splits"`
	Limits []LimitError    `json:"power_limits,omitempty"`
}

// OperatorSplit is one way of leaving devices out.
type OperatorSplit struct {
	Split  string          `json:"split"`    // device or kind
	Left   []string        `json:"left_out"` // in turn
	Kinds  []OperatorError `json:"kinds"`    // by kind of operator and device
	Pooled OperatorError   `json:"pooled"`   // all kinds and devices
}

// OperatorError is how far a kind of operator on a device is off.
type OperatorError struct {
	Kind   string           `json:"kind"`             // as linear bfloat16; "" where all are pooled
	Device string           `json:"device"`           // by ID; "" where all are pooled
	Aside  string           `json:"aside,omitempty"`  // why rows are judged alone, are never fitted, and are not pooled
	Time   OperatorFigures  `json:"time"`             // of seconds
	Energy *OperatorFigures `json:"energy,omitempty"` // of joules, where readings of the meter can be trusted
}

// OperatorFigures are relative errors, as shares of what was measured. The 90th percentile is one of the errors: nothing is
// interpolated.
type OperatorFigures struct {
	N        int          `json:"n"`         // shapes
	Mean     stats.Number `json:"mean"`      // absolute error
	Median   stats.Number `json:"median"`    // of the absolute errors
	P90      stats.Number `json:"p90"`       // of the absolute errors
	Bias     stats.Number `json:"bias"`      // median of the signed errors; positive: predicted too high
	Ninety   stats.Number `json:"within_90"` // share within 90 % intervals, which come from the errors of other devices
	Roofline *Baseline    `json:"roofline,omitempty"`
	Copy     *Baseline    `json:"copy,omitempty"` // the nearest device's time for the shape, scaled by rooflines
}

// Baseline is the mean absolute error of a simpler method, on the shapes that it can say something of.
type Baseline struct {
	N    int          `json:"n"`    // shapes
	Mean stats.Number `json:"mean"` // absolute error, as a share of what was measured
}

// RunOperators fits the law without each device, and without each kind of multiprocessor, and predicts what was left out.
func RunOperators(in OperatorInput) (*Operators, error) {
	out := &Operators{Schema: Schema, Rows: len(in.Operators)}
	free, limited := partLimited(in.Operators)
	var err error
	if out.Limits, err = limitErrors(limited, in.Device); err != nil || len(free) == 0 {
		return out, err
	}
	covered, others, err := coveredOf(free, in.Device)
	if err != nil {
		return nil, err
	}
	shapes, passed, err := fit.Shapes(covered, in.Device)
	if err != nil {
		return nil, err
	}
	if others > 0 {
		passed["a row of the additive law"] = others
	}
	out.Shapes, out.Passed = len(shapes), passed
	folds := map[string][]*fit.Fold{}
	for _, split := range OperatorSplits() {
		if folds[split], err = fit.HoldOut(shapes, leftOut(split), in.Thin, in.Progress); err != nil {
			return nil, err
		}
	}
	for _, split := range OperatorSplits() {
		if len(in.Splits) > 0 && !slices.Contains(in.Splits, split) {
			continue
		}
		if len(folds[split]) < 2 {
			return nil, fmt.Errorf("rows of one %s: without it there is nothing to fit to", split)
		}
		var around []*fit.Fold
		for _, f := range folds[split] {
			g := *f
			around = append(around, &g)
		}
		if err := fit.Surround(around, folds[SplitDevice], folds[SplitKind]); err != nil {
			return nil, err
		}
		out.Splits = append(out.Splits, judgeOperators(split, around, newCopies(shapes)))
	}
	return out, nil
}

func leftOut(split string) fit.LeftOut {
	if split == SplitKind {
		return fit.OverlapByKind
	}
	return fit.OverlapByDevice
}

// coveredOf are the operators that the law of overlapping kernels speaks of, and how many others there are.
func coveredOf(ops []operator.Operator, otherwise energy.Device) (covered []operator.Operator, others int, err error) {
	devices, err := operator.DevicesOf(ops, otherwise)
	if err != nil {
		return nil, 0, err
	}
	for i := range ops {
		k, err := ops[i].Kernel(devices[i])
		if err != nil {
			return nil, 0, &energy.SyntaxError{File: ops[i].File, Line: ops[i].Line, Msg: err.Error()}
		}
		if law.Covers(&k) {
			covered = append(covered, ops[i])
		} else {
			others++
		}
	}
	return covered, others, nil
}

// tally gathers the errors of one kind of operator on a device.
type tally struct {
	time, energy     []float64 // signed
	inTime, inEnergy int       // within intervals
	roofline, copied []float64 // absolute
}

// judgeOperators compares predictions of what was left out with what was measured.
func judgeOperators(split string, folds []*fit.Fold, copies *copies) OperatorSplit {
	out := OperatorSplit{Split: split}
	type key struct{ kind, device, aside string }
	cells, pooled := map[key]*tally{}, &tally{}
	for _, f := range folds {
		out.Left = append(out.Left, f.Name)
		own := map[string]bool{}
		for i := range f.Held {
			own[f.Held[i].Device.ID] = true
		}
		for i := range f.Held {
			h := &f.Held[i]
			k := key{h.Kind, h.Device.ID, h.Aside}
			if cells[k] == nil {
				cells[k] = &tally{}
			}
			cells[k].add(h, copies, own)
			if h.Aside == "" {
				pooled.add(h, copies, own)
			}
		}
	}
	for k, t := range cells {
		e := t.figures()
		e.Kind, e.Device, e.Aside = k.kind, k.device, k.aside
		out.Kinds = append(out.Kinds, e)
	}
	slices.SortFunc(out.Kinds, func(a, b OperatorError) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Device, b.Device), cmp.Compare(a.Aside, b.Aside))
	})
	out.Pooled = pooled.figures()
	return out
}

// add takes in one shape that was left out with the devices given.
func (t *tally) add(h *fit.Held, copies *copies, without map[string]bool) {
	if m := h.Shape.Time; m > 0 {
		t.time = append(t.time, float64(h.Law.Time)/m-1)
		if float64(h.Law.LowTime) <= m && m <= float64(h.Law.HighTime) {
			t.inTime++
		}
		if s, ok := law.Roofline(&h.Kernel, &h.Device); ok {
			t.roofline = append(t.roofline, math.Abs(s/m-1))
		}
		if s, ok := copies.time(h.Shape, without); ok {
			t.copied = append(t.copied, math.Abs(s/m-1))
		}
	}
	if m := h.Shape.Energy; m > 0 {
		t.energy = append(t.energy, float64(h.Law.Energy)/m-1)
		if float64(h.Law.Low) <= m && m <= float64(h.Law.High) {
			t.inEnergy++
		}
	}
}

func (t *tally) figures() OperatorError {
	e := OperatorError{Time: operatorFigures(t.time, t.inTime)}
	e.Time.Roofline, e.Time.Copy = baseline(t.roofline), baseline(t.copied)
	if len(t.energy) > 0 {
		f := operatorFigures(t.energy, t.inEnergy)
		e.Energy = &f
	}
	return e
}

func operatorFigures(signed []float64, within int) OperatorFigures {
	f := OperatorFigures{N: len(signed), Mean: stats.Number(math.NaN()), Median: stats.Number(math.NaN()), P90: stats.Number(math.NaN()), Bias: stats.Number(math.NaN()), Ninety: stats.Number(math.NaN())}
	if f.N == 0 {
		return f
	}
	absolute := make([]float64, f.N)
	for i, e := range signed {
		absolute[i] = math.Abs(e)
	}
	slices.Sort(absolute)
	f.Mean, f.Median, f.P90 = stats.Number(stats.Mean(absolute)), stats.Number(stats.Median(absolute)), stats.Number(absolute[int(0.9*float64(f.N-1))])
	f.Bias, f.Ninety = stats.Number(stats.Median(signed)), stats.Number(float64(within)/float64(f.N))
	return f
}

func baseline(absolute []float64) *Baseline {
	if len(absolute) == 0 {
		return nil
	}
	return &Baseline{N: len(absolute), Mean: stats.Number(stats.Mean(absolute))}
}

// copies predicts a shape by what the nearest other device takes for it.
type copies struct{ of map[string][]*fit.Shape }

func newCopies(shapes []*fit.Shape) *copies {
	c := &copies{of: map[string][]*fit.Shape{}}
	for _, s := range shapes {
		if s.Time > 0 && s.Aside == "" {
			id := s.Operator.Identity()
			c.of[id] = append(c.of[id], s)
		}
	}
	return c
}

// time is the time of the shape on the device whose peak and bandwidth are the most alike, scaled by the ratio of
// rooflines; false where no other device ran the shape.
func (c *copies) time(s *fit.Shape, without map[string]bool) (seconds float64, ok bool) {
	own, ok := law.Roofline(&s.Kernel, &s.Device)
	if !ok {
		return 0, false
	}
	least := math.Inf(1)
	for _, o := range c.of[s.Operator.Identity()] {
		if without[o.Device.ID] {
			continue
		}
		if theirs, ok := law.Roofline(&o.Kernel, &o.Device); ok {
			if d := distance(&s.Device, &o.Device); d < least {
				least, seconds = d, o.Time*own/theirs
			}
		}
	}
	return seconds, !math.IsInf(least, 1)
}

// distance says how unlike two devices are: the logarithms of the ratios of their rates and bandwidths.
func distance(a, b *energy.Device) float64 {
	rate := func(d *energy.Device) float64 { r, _ := d.MatrixRate("float16"); return float64(r) }
	return math.Abs(math.Log(rate(a)/rate(b))) + math.Abs(math.Log(float64(a.Bandwidth)/float64(b.Bandwidth)))
}

// LimitError is a row of a board under a power limit, which is never fitted, beside what the shipped coefficients say.
type LimitError struct {
	Name      string       `json:"name"`          // of the row
	Device    string       `json:"device"`        // by ID
	Operator  string       `json:"operator"`      // its name, sizes and element type
	Limit     float64      `json:"power_limit_w"` // of the board, in watts
	Time      float64      `json:"time_s"`        // measured, in seconds
	Energy    float64      `json:"energy_j"`      // measured, in joules
	Predicted PredictedRow `json:"predicted"`
	TimeOff   stats.Number `json:"time_error"`   // as a share of what was measured
	EnergyOff stats.Number `json:"energy_error"` // as a share of what was measured
}

// PredictedRow is what coefficients say of a row.
type PredictedRow struct {
	Time   float64 `json:"time_s"`   // in seconds
	Energy float64 `json:"energy_j"` // in joules
}

// partLimited parts rows of boards under a power limit from others.
func partLimited(ops []operator.Operator) (free, limited []operator.Operator) {
	for _, o := range ops {
		if o.Limit > 0 {
			limited = append(limited, o)
		} else {
			free = append(free, o)
		}
	}
	return free, limited
}

// limitErrors compares rows of products in 16 bit under a power limit with the shipped coefficients. Loads in other types
// ran other kernels than their name says.
func limitErrors(ops []operator.Operator, otherwise energy.Device) ([]LimitError, error) {
	devices, err := operator.DevicesOf(ops, otherwise)
	if err != nil {
		return nil, err
	}
	var out []LimitError
	for i := range ops {
		o := &ops[i]
		if o.DType.Bits() != 16 || o.Time == 0 || o.Energy == 0 {
			continue
		}
		c, err := coefficients.OfDevice(devices[i])
		if err != nil {
			return nil, err
		}
		said, err := underLimit(c, devices[i], o)
		if err != nil {
			return nil, &energy.SyntaxError{File: o.File, Line: o.Line, Msg: err.Error()}
		}
		out = append(out, LimitError{
			Name: o.Name, Device: devices[i].ID, Operator: o.String(), Limit: float64(o.Limit), Time: float64(o.Time), Energy: float64(o.Energy),
			Predicted: PredictedRow{float64(said.Time), float64(said.Energy)},
			TimeOff:   stats.Number(float64(said.Time)/float64(o.Time) - 1), EnergyOff: stats.Number(float64(said.Energy)/float64(o.Energy) - 1),
		})
	}
	return out, nil
}

// underLimit is what coefficients say of an operator under its row's power limit.
func underLimit(c *coefficients.Coefficients, dev energy.Device, o *operator.Operator) (law.Prediction, error) {
	p, err := operator.New(c, dev, operator.Options{PowerLimit: o.Limit})
	if err != nil {
		return law.Prediction{}, err
	}
	return p.Predict(o)
}
