package predict

import (
	"fmt"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

// Operators predicts operators given by shape, without a model.
type Operators struct {
	p       *predictor
	energy  bool // the coefficients hold energies
	time    bool
	Warning string // that the coefficients are another device's; "" where they are not
}

// NewOperators prepares predictions on a device. Coefficients of another device are scaled to it by public
// specifications.
func NewOperators(c *Coefficients, dev energy.Device) (*Operators, error) {
	o := &Operators{p: newPredictor(c, dev)}
	o.energy, o.time = c.holds()
	if dev.ID == c.Device {
		return o, nil
	}
	from, err := c.Row()
	if err != nil {
		return nil, err
	}
	o.p.scaleFrom(&from)
	o.Warning = fmt.Sprintf("nothing was measured on %s: coefficients of %s are scaled to it by public specifications", dev.ID, c.Device)
	if len(c.Provenance.Devices) > 1 {
		o.Warning = fmt.Sprintf("nothing was measured on %s: coefficients of %d devices are scaled to it by public specifications", dev.ID, len(c.Provenance.Devices))
	}
	return o, nil
}

// Device is the device of the predictions.
func (o *Operators) Device() energy.Device { return o.p.dev }

// OperatorPrediction is what one operator takes; nil is a number that the coefficients cannot give.
type OperatorPrediction struct {
	Time   *energy.Seconds
	Energy *energy.Joules
	// Scaled says that coefficients of another device, class or element type stand for those of the operator.
	Scaled       bool
	Extrapolated bool   // outside the range that the coefficients were fitted on
	Why          string // of Extrapolated, or of Scaled by class or element type
}

// Predict predicts one operator, which Check has passed.
func (o *Operators) Predict(op *Operator) (OperatorPrediction, error) {
	f, err := op.features(o.p.dev)
	if err != nil {
		return OperatorPrediction{}, err
	}
	pr := o.p.predict(&f)
	out := OperatorPrediction{Scaled: pr.Scaled || o.p.from != nil, Extrapolated: pr.Extrapolated, Why: pr.Why}
	if o.time && pr.Time > 0 {
		out.Time = &pr.Time
	}
	if o.energy && pr.Energy > 0 {
		out.Energy = &pr.Energy
	}
	return out, nil
}

// HasEnergy reports whether the coefficients hold energies: those of measured times alone do not.
func (c *Coefficients) HasEnergy() bool {
	joules, _ := c.holds()
	return joules
}

// holds tells whether coefficients hold energies and times: measurements may lack one of them.
func (c *Coefficients) holds() (joules, seconds bool) {
	for i := range c.Classes {
		for t := range c.Classes[i].Time {
			joules = joules || c.Classes[i].Energy[t] > 0
			seconds = seconds || c.Classes[i].Time[t] > 0
		}
	}
	return joules, seconds
}

// scales is what a coefficient of one device becomes on another: its time is multiplied by these, and its energy also by
// the ratio of powers. Operations take the ratio of sustained peaks, bytes that of bandwidths, launches are the host's.
func scales(from, to energy.Device, t graph.DType) TermValues {
	rate := 1.0
	a, okA := sustainedPeak(from, t)
	b, okB := sustainedPeak(to, t)
	if okA && okB {
		rate = float64(a / b)
	}
	var out TermValues
	for term := range out {
		switch Term(term) {
		case Bytes:
			out[term] = float64(from.Bandwidth/to.Bandwidth) * memoryShare(from) / memoryShare(to)
		case Launches:
			out[term] = 1
		default:
			out[term] = rate
		}
	}
	return out
}

// operatorEquations writes measured operators in units of a reference device: an operator's terms on the device it was
// measured on, scaled as the reference's coefficients would be to predict it, so that one fit serves all devices.
func operatorEquations(rows []Operator, ref energy.Device, seen ranges) ([]equation, error) {
	devices, err := devicesOf(rows, ref)
	if err != nil {
		return nil, err
	}
	var eqs []equation
	for i := range rows {
		o := &rows[i]
		if o.Time == 0 && o.Energy == 0 {
			return nil, fmt.Errorf("%s:%d: neither latency_ms nor energy_j: nothing was measured", o.File, o.Line)
		}
		dev := devices[i]
		f, err := o.features(dev)
		if err != nil {
			return nil, &energy.SyntaxError{File: o.File, Line: o.Line, Msg: err.Error()}
		}
		seen.widen(&f)
		by := scales(ref, dev, f.DType)
		for t := range f.X {
			f.X[t] *= by[t]
		}
		e := equation{
			Level: energy.LevelOperator, Kind: f.Class, Model: dev.ID, Device: dev.ID,
			Time: o.Time, Energy: o.Energy / energy.Joules(float64(dev.TDP)/float64(ref.TDP)), X: map[classKey]*TermValues{},
		}
		accumulate(e.X, &f)
		eqs = append(eqs, e)
	}
	fold(eqs)
	return eqs, nil
}

// folds is the number of parts that the rows of one device are left out in, to estimate the errors.
const folds = 5

// fold makes groups of the rows of a single device. Those of several devices are left out device by device.
func fold(eqs []equation) {
	for i := range eqs {
		if eqs[i].Device != eqs[0].Device {
			return
		}
	}
	if len(eqs) < 2*folds {
		return
	}
	for i := range eqs {
		eqs[i].Model = fmt.Sprintf("operators %d", i%folds)
	}
}

// devicesOf finds the device of every row; one that names none is of the given device.
func devicesOf(rows []Operator, otherwise energy.Device) ([]energy.Device, error) {
	known := map[string]energy.Device{"": otherwise}
	out := make([]energy.Device, len(rows))
	for i, o := range rows {
		d, ok := known[o.Device]
		if !ok {
			var err error
			if d, err = energy.LookupDevice(o.Device); err != nil {
				return nil, &energy.SyntaxError{File: o.File, Line: o.Line, Msg: err.Error()}
			}
			known[o.Device] = d
		}
		out[i] = d
	}
	return out, nil
}

// ReferenceDevice is the device in whose units the coefficients of measured operators are written: the one that most of
// them were measured on, the first by id among equals. Rows without a device are of the given one, if any.
func ReferenceDevice(rows []Operator, given *energy.Device) (energy.Device, error) {
	var otherwise energy.Device
	if given != nil {
		otherwise = *given
	}
	devices, err := devicesOf(rows, otherwise)
	if err != nil {
		return energy.Device{}, err
	}
	count := map[string]int{}
	var best energy.Device
	for i, d := range devices {
		if d.ID == "" {
			return best, &energy.SyntaxError{File: rows[i].File, Line: rows[i].Line, Msg: "no device: name it in the row or with --device"}
		}
		count[d.ID]++
	}
	if given != nil {
		if count[given.ID] == 0 {
			return best, fmt.Errorf("no row was measured on %s (the first is of %s)", given.ID, devices[0].ID)
		}
		return *given, nil
	}
	for _, d := range devices {
		if n := count[d.ID]; best.ID == "" || n > count[best.ID] || n == count[best.ID] && d.ID < best.ID {
			best = d
		}
	}
	return best, nil
}

// sameDevice refuses rows of another device, where one fit of trees and rows, or an adaptation, wants one device alone.
func sameDevice(rows []Operator, dev energy.Device) error {
	devices, err := devicesOf(rows, dev)
	if err != nil {
		return err
	}
	for i, d := range devices {
		if d.ID != dev.ID {
			return &energy.SyntaxError{File: rows[i].File, Line: rows[i].Line, Msg: fmt.Sprintf("measured on %s, the other data on %s: train each alone", d.ID, dev.ID)}
		}
	}
	return nil
}

// fewRows is the number of rows below which a class's coefficients rest on little.
const fewRows = 8

// thinClasses names the classes with fewer equations than their terms deserve.
func thinClasses(c *Coefficients) []string {
	var out []string
	for _, cc := range c.Classes {
		if cc.Rows < fewRows && cc.Class != hostClass {
			out = append(out, fmt.Sprintf("class %s in %s rests on %d measurements only", cc.Class, cc.DType, cc.Rows))
		}
	}
	slices.Sort(out)
	return out
}

// besideTrees are the equations of operators that were measured beside whole models, which one fit takes together.
func besideTrees(in *TrainInput, seen ranges) ([]equation, error) {
	if len(in.Operators) == 0 {
		return nil, nil
	}
	if err := sameDevice(in.Operators, in.Device); err != nil {
		return nil, err
	}
	for _, o := range in.Operators {
		if o.Time == 0 || o.Energy == 0 {
			return nil, &energy.SyntaxError{File: o.File, Line: o.Line, Msg: "operators beside trees need both latency_ms and energy_j"}
		}
	}
	return operatorEquations(in.Operators, in.Device, seen)
}
