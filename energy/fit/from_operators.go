package fit

import (
	"fmt"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/energy/operator"
)

// FromOperators takes operators that were measured alone, given by their shapes. Coefficients are written in units of ref,
// which lines without a device are of. A line without a measurement is an error that names it.
func FromOperators(ops []operator.Operator, ref energy.Device, profile string, files []string) (*Data, error) {
	if profile == "" {
		profile = "eager"
	}
	d := &Data{Kind: measured.KindOperators, Device: ref, Boundary: energy.BoundaryBoard, Profile: profile, Files: files}
	devices, err := operator.DevicesOf(ops, ref)
	if err != nil {
		return nil, err
	}
	for i := range ops {
		it, err := operatorItem(&ops[i], &devices[i])
		if err != nil {
			return nil, err
		}
		it.Run = i
		d.Items = append(d.Items, it)
	}
	groupByDevice(d.Items)
	return d, nil
}

// operatorItem is one operator on the device it was measured on.
func operatorItem(o *operator.Operator, dev *energy.Device) (*Item, error) {
	if o.Time == 0 && o.Energy == 0 {
		return nil, fmt.Errorf("%s:%d: neither latency_ms nor energy_j: nothing was measured", o.File, o.Line)
	}
	k, err := o.Kernel(*dev)
	if err != nil {
		return nil, &energy.SyntaxError{File: o.File, Line: o.Line, Msg: err.Error()}
	}
	w := &Work{Kernels: []Kernel{{Kernel: k, Count: 1}}}
	return &Item{
		Level: energy.LevelOperator, Type: string(energy.LevelOperator), Kind: k.Class, Class: k.Class, Device: dev,
		Work: w, FLOPs: w.productFLOPs(), Energy: o.Energy, Time: o.Time, File: o.File, Line: o.Line,
	}, nil
}

// folds is the number of parts that the operators of one device are left out in, to estimate the errors.
const folds = 5

// groupByDevice makes groups of operators: the devices, or where there is one only, a number of parts.
func groupByDevice(items []*Item) {
	one := len(items) >= 2*folds
	for _, it := range items {
		it.Group = it.Device.ID
		one = one && it.Device.ID == items[0].Device.ID
	}
	for i, it := range items {
		if one {
			it.Group = fmt.Sprintf("operators %d", i%folds)
		}
	}
}

// AddOperators puts operators beside the trees of whole models on the same device. They need both energy and time.
func (d *Data) AddOperators(ops []operator.Operator, files []string) error {
	more, err := FromOperators(ops, d.Device, d.Profile, nil)
	if err != nil {
		return err
	}
	if err := oneDevice(more.Items, d.Device); err != nil {
		return err
	}
	for _, it := range more.Items {
		if it.Time == 0 || it.Energy == 0 {
			return &energy.SyntaxError{File: it.File, Line: it.Line, Msg: "operators beside trees need both latency_ms and energy_j"}
		}
		it.Run = -1 - it.Run // apart from the trees'
	}
	d.Items, d.Files, d.linear = append(d.Items, more.Items...), append(d.Files, files...), nil
	return nil
}

// ReferenceDevice is the device in whose units the coefficients of measured operators are written: the one that most of
// them were measured on, the first by id among equals. Lines without a device are of the given one, if any.
func ReferenceDevice(ops []operator.Operator, given *energy.Device) (energy.Device, error) {
	var otherwise energy.Device
	if given != nil {
		otherwise = *given
	}
	devices, err := operator.DevicesOf(ops, otherwise)
	if err != nil {
		return energy.Device{}, err
	}
	count := map[string]int{}
	var best energy.Device
	for i, d := range devices {
		if d.ID == "" {
			return best, &energy.SyntaxError{File: ops[i].File, Line: ops[i].Line, Msg: "no device: name it in the row or with --device"}
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

// oneDevice refuses operators of another device, where one fit of trees and operators, or an adaptation, wants one
// device alone.
func oneDevice(items []*Item, dev energy.Device) error {
	for _, it := range items {
		if it.Device.ID != dev.ID {
			return &energy.SyntaxError{File: it.File, Line: it.Line, Msg: fmt.Sprintf("measured on %s, the other data on %s: train each alone", it.Device.ID, dev.ID)}
		}
	}
	return nil
}
