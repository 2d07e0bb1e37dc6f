package fit

import (
	"fmt"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/operator"
)

// operatorEquations writes measured operators in units of a reference device: an operator's terms on the device it was
// measured on, scaled as the reference's coefficients would be to predict it, so that one fit serves all devices.
func operatorEquations(rows []operator.Operator, ref energy.Device, seen Ranges) ([]Equation, error) {
	devices, err := operator.DevicesOf(rows, ref)
	if err != nil {
		return nil, err
	}
	var eqs []Equation
	for i := range rows {
		o := &rows[i]
		if o.Time == 0 && o.Energy == 0 {
			return nil, fmt.Errorf("%s:%d: neither latency_ms nor energy_j: nothing was measured", o.File, o.Line)
		}
		dev := devices[i]
		k, err := o.Kernel(dev)
		if err != nil {
			return nil, &energy.SyntaxError{File: o.File, Line: o.Line, Msg: err.Error()}
		}
		f := law.NewMachine(dev).Features(&k)
		seen.widen(&f)
		by := coefficients.Scales(ref, dev, f.DType)
		for t := range f.X {
			f.X[t] *= by[t]
		}
		e := Equation{
			Level: energy.LevelOperator, Kind: f.Class, Model: dev.ID, Device: dev.ID,
			Time: o.Time, Energy: o.Energy / energy.Joules(float64(dev.TDP)/float64(ref.TDP)), X: map[coefficients.Key]*coefficients.TermValues{},
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
func fold(eqs []Equation) {
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

// ReferenceDevice is the device in whose units the coefficients of measured operators are written: the one that most of
// them were measured on, the first by id among equals. Rows without a device are of the given one, if any.
func ReferenceDevice(rows []operator.Operator, given *energy.Device) (energy.Device, error) {
	var otherwise energy.Device
	if given != nil {
		otherwise = *given
	}
	devices, err := operator.DevicesOf(rows, otherwise)
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
func sameDevice(rows []operator.Operator, dev energy.Device) error {
	devices, err := operator.DevicesOf(rows, dev)
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
func thinClasses(c *coefficients.Coefficients) []string {
	var out []string
	for _, cc := range c.Classes {
		if cc.Equations < fewRows && cc.Class != coefficients.HostClass {
			out = append(out, fmt.Sprintf("class %s in %s rests on %d measurements only", cc.Class, cc.DType, cc.Equations))
		}
	}
	slices.Sort(out)
	return out
}

// besideTrees are the equations of operators that were measured beside whole models, which one fit takes together.
func besideTrees(in *TrainInput, seen Ranges) ([]Equation, error) {
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
