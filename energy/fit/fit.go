package fit

import (
	"fmt"
	"math"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/measured"
)

// Options say how coefficients are fitted and how far they are to be trusted.
type Options struct {
	LevelWeights map[energy.Level]float64 // of equations by level; 1 for levels without
	DataSheet    bool                     // hold coefficients to the device's data sheet where measurements leave them open
	EnergyTies   bool                     // tied classes count as tied in energy even where only times were measured
	EvenDevices  bool                     // bring devices nearer to counting alike within a class: each with the root of its items
	Robust       Robust                   // loss; the zero value is plain least squares

	// What is left out for the errors that the report tells, and for the residuals that intervals are made of: the first
	// partition that has several parts. None given: there are no such errors, or residuals.
	Errors, Intervals []Partition
	Pairs             []Partition // and for how far ratios of two models are off

	Pooled    bool // intervals are those of all parts together, not those of the part with the largest errors
	OwnClass  bool // what is left out is predicted where the fit knows its class, not where another stands in
	Bootstrap bool // note intervals of the coefficients of energy
}

// OptionsFor are the options that data of a kind are fitted with. Models, modules and operators are fitted together:
// there are few models among many of the others. Operators of several devices are to predict another device.
func OptionsFor(kind measured.Kind) Options {
	if kind == measured.KindOperators {
		parts := []Partition{ByDevice, ByFifth}
		return Options{EnergyTies: true, EvenDevices: true, Robust: operatorLoss(), Errors: parts, Intervals: parts, Pooled: true, OwnClass: true}
	}
	parts := []Partition{ByModel, ByShape, ByFifth}
	o := Options{LevelWeights: map[energy.Level]float64{energy.LevelModel: 10}, DataSheet: true, Bootstrap: true, Errors: parts, Intervals: parts}
	if kind == measured.KindTrees {
		o.Robust = treeLoss()
		o.Errors, o.Intervals = []Partition{ByModel}, []Partition{ByFamily, ByModelOrHalf}
	}
	o.Pairs = []Partition{ByFamily, ByModelOrHalf}
	return o
}

// Fit fits coefficients to data. Those of several devices are fitted together in units relative to each device's
// specifications, and written in the units of the data's device, from which predictions scale them to any other. Data
// without a measurement are an error.
func Fit(d *Data, o Options) (*coefficients.Coefficients, *Report, error) {
	eqs := d.equations()
	if len(eqs) == 0 {
		return nil, nil, fmt.Errorf("no measurement is left to train on%s", Listed(": passed over are ", measured.Reasons(d.Passed)))
	}
	c, err := o.solve(eqs, &d.Device)
	if err != nil {
		return nil, nil, err
	}
	seen := d.ranges()
	for i := range c.Classes {
		c.Classes[i].Range = seen[c.Classes[i].Key]
	}
	d.describe(c)
	parts, what := d.leaveOut(o.Errors)
	held, err := o.heldOut(eqs, parts, &d.Device)
	if err != nil {
		return nil, nil, err
	}
	report := d.report(eqs, c, held, what)
	if !slices.Equal(o.Intervals, o.Errors) {
		parts, what = d.leaveOut(o.Intervals)
		if held, err = o.heldOut(eqs, parts, &d.Device); err != nil {
			return nil, nil, err
		}
	}
	if len(o.Intervals) > 0 {
		c.Residuals = o.residuals(held, what == string(ByModelOrHalf))
	}
	if c.Spread, err = o.spreads(d); err != nil {
		return nil, nil, err
	}
	if o.Bootstrap {
		if err := o.bootstrap(c, eqs, &d.Device, resamples); err != nil {
			return nil, nil, err
		}
	}
	return c, report, nil
}

// describe says in coefficients what they hold for.
func (d *Data) describe(c *coefficients.Coefficients) {
	c.Device, c.Boundary, c.Profile = d.Device.ID, d.Boundary, d.Profile
	if d.Unlisted {
		c.DeviceRow = &d.Device
	}
	if d.Boundary == energy.BoundaryWall {
		c.Host = d.SplitPlugEnergy()
	}
	p := coefficients.Provenance{Data: baseNames(d.Files), Models: d.Models(), Devices: d.devices(), Equations: len(d.equations())}
	p.Batch, p.Sequence = d.Sizes()
	p.Clock = energy.Hertz(math.Round(float64(clock(d.equations()))/1e6) * 1e6) // to a MHz, as drivers report it
	c.Provenance = p
	joules, seconds := c.Holds()
	switch {
	case len(p.Devices) > 1: // energies are relative to the power limits
		c.Power.High = d.Device.TDP * coefficients.PowerMargin
	case d.Kind != measured.KindOperators && (!joules || !seconds):
		c.Power = coefficients.PowerRange{}
	}
}

// prediction is an equation predicted from a fit without it.
type prediction struct {
	*equation
	joules  energy.Joules
	seconds energy.Seconds
	part    int // that was left out
}

// heldOut predicts each part from a fit to the others.
func (o *Options) heldOut(eqs []*equation, parts []Part, dev *energy.Device) ([]prediction, error) {
	var out []prediction
	for number, p := range parts {
		var train, test []*equation
		for _, e := range eqs {
			switch {
			case p.Test(e.Item):
				test = append(test, e)
			case p.trains(e.Item):
				train = append(train, e)
			}
		}
		if len(train) == 0 || len(test) == 0 {
			continue
		}
		c, err := o.solve(train, dev)
		if err != nil {
			return nil, fmt.Errorf("held-out errors: %w", err)
		}
		for _, e := range test {
			if o.OwnClass && !e.covered(c) {
				continue
			}
			r := prediction{equation: e, part: number}
			r.joules, r.seconds = e.sums.of(c)
			out = append(out, r)
		}
	}
	return out, nil
}

// covered reports whether there are coefficients of the equation's own classes.
func (e *equation) covered(c *coefficients.Coefficients) bool {
	for i := range e.sums {
		if k := e.sums[i].Key; k.Class != coefficients.HostClass && c.Find(k) == nil {
			return false
		}
	}
	return true
}
