package fit

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/measured"
)

// ownErrors are what a device's own constants are judged by, before any of the others.
func ownErrors(kind measured.Kind) []Partition {
	if kind == measured.KindOperators {
		return []Partition{ByFifth, ByItem}
	}
	return []Partition{ByFamily, ByModel, ByShape, ByFifth, ByItem}
}

// WhyNoOwn says why the law of overlapping kernels is not fitted to data; "" where it is.
func (d *Data) WhyNoOwn() string {
	switch {
	case d.Kind == measured.KindTrees:
		return "trees are predicted by additive coefficients"
	case !law.Overlaps(&d.Device):
		return fmt.Sprintf("%s is predicted by additive coefficients: the law of overlapping kernels is of devices in the table, of compute capability 7.0 and later", d.Device.ID)
	case d.Boundary != "" && d.Boundary != energy.BoundaryBoard:
		return fmt.Sprintf("energies are of the scope %s: the law of overlapping kernels speaks of the board", d.Boundary)
	}
	return ""
}

// FitOwn fits what is the device's own in the law of overlapping kernels, beginning with constants that all devices share,
// or with an earlier fit of it. Its errors are those on families of models that are left out in turn, or on models, shapes
// or parts of the data where there is one family only.
func FitOwn(base *coefficients.Overlap, d *Data, o Options) (coefficients.Own, *OwnReport, error) {
	if why := d.WhyNoOwn(); why != "" {
		return coefficients.Own{}, nil, errors.New(why)
	}
	f, err := newOwnFit(base, d.Device, d.Items, &o)
	if err == nil {
		err = f.solve()
	}
	if err != nil {
		return coefficients.Own{}, nil, fmt.Errorf("constants of %s: %w", d.Device.ID, err)
	}
	if len(f.rows) == 0 {
		return coefficients.Own{}, nil, fmt.Errorf("no measurement is left to train on%s", Listed(": passed over are ", measured.Reasons(d.Passed)))
	}
	own := f.own(strings.Join(baseNames(d.Files), " "))
	if own.Launch > 0 || own.TF32 != nil {
		own.Runtime = d.Profile
	}
	parts, what := d.leaveOut(ownErrors(d.Kind))
	held, err := heldOwn(base, d, parts, &o)
	if err != nil {
		return own, nil, err
	}
	if len(held) > 0 {
		own.LeftOut = what
	}
	before, err := predictOwn(base, d.Device, d.Items)
	if err != nil {
		return own, nil, err
	}
	own.Groups = ownGroups(base, f.law, d, held)
	after, err := predictOwn(base.WithOwn(own), d.Device, d.Items)
	if err != nil {
		return own, nil, err
	}
	return own, newOwnReport(&own, before, after, held), nil
}

// ownHeld is an item and what the law says of it.
type ownHeld struct {
	*Item
	group string // of a single kernel; "" of several
	law.Estimate
}

// heldOwn predicts each part from a fit to the others.
func heldOwn(base *coefficients.Overlap, d *Data, parts []Part, o *Options) ([]ownHeld, error) {
	var out []ownHeld
	for _, p := range parts {
		var train, test []*Item
		for _, it := range d.Items {
			switch {
			case p.Test(it):
				test = append(test, it)
			case p.trains(it):
				train = append(train, it)
			}
		}
		if len(train) == 0 || len(test) == 0 {
			continue
		}
		fitted, err := fittedOwn(base, d.Device, train, o)
		if err != nil {
			return nil, err
		}
		out = append(out, predictedBy(fitted, test)...)
	}
	return out, nil
}

// PredictOwn predicts by what is the device's own, fitted to data as [FitOwn] does; nothing is left out for its errors.
func PredictOwn(base *coefficients.Overlap, d *Data) (*OwnPredictor, error) {
	if why := d.WhyNoOwn(); why != "" {
		return nil, errors.New(why)
	}
	o := OptionsFor(d.Kind)
	return fittedOwn(base, d.Device, d.Items, &o)
}

func fittedOwn(base *coefficients.Overlap, dev energy.Device, items []*Item, o *Options) (*OwnPredictor, error) {
	f, err := newOwnFit(base, dev, items, o)
	if err != nil {
		return nil, err
	}
	f.find()
	return NewOwnPredictor(base.WithOwn(f.own("")), dev)
}

// predictOwn predicts items by coefficients as they are.
func predictOwn(o *coefficients.Overlap, dev energy.Device, items []*Item) ([]ownHeld, error) {
	p, err := NewOwnPredictor(o, dev)
	if err != nil {
		return nil, err
	}
	return predictedBy(p, items), nil
}

func predictedBy(p *OwnPredictor, items []*Item) (out []ownHeld) {
	for _, it := range items {
		h := ownHeld{Item: it, Estimate: p.Predict(it)}
		if k, l := it.Work.alone(), p.under(it); k != nil && l != nil {
			h.group = l.OwnGroup(&k.Kernel)
		}
		out = append(out, h)
	}
	return out
}

// ownGroups are the groups of kernels that items ran, with the errors on what was left out. Groups that were left out less
// often than fewRows are as uncertain as the law is on a device that was not measured.
func ownGroups(base *coefficients.Overlap, l *law.Overlap, d *Data, held []ownHeld) []coefficients.Group {
	groups := map[string]*coefficients.Group{}
	for _, it := range d.Items {
		alone := it.Work.alone()
		it.Work.All(func(k *Kernel) {
			name := l.OwnGroup(&k.Kernel)
			g := groups[name]
			if g == nil {
				g = &coefficients.Group{Name: name, Devices: []string{d.Device.ID}, Data: baseNames(d.Files)}
				if known, ok := knownGroup(base, d.Device.ID, name, l.Group(&k.Kernel)); ok {
					g.Time, g.Energy, g.StandIn = known.Time, known.Energy, known.StandIn
				}
				groups[name] = g
			}
			if alone == k {
				g.Rows++
			}
		})
	}
	var out []coefficients.Group
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		g := groups[name]
		g.Time, g.Energy = ownBand(held, name, timeOf, g.Time), ownBand(held, name, energyOf, g.Energy)
		if off, n := ownOff(held, name, timeOf); n > 0 {
			g.LeftOut = []coefficients.LeftOut{{Device: d.Device.ID, Rows: n, Error: off}}
		}
		out = append(out, *g)
	}
	return out
}

// knownGroup is what was known of a group before: of the device by itself, or of the group of constants that all share.
func knownGroup(base *coefficients.Overlap, device, own, shared string) (*coefficients.Group, bool) {
	if earlier, ok := base.OwnOf(device); ok {
		if g, ok := earlier.Group(own); ok {
			return g, true
		}
	}
	return base.Group(shared)
}

// of is a quantity as it was predicted and measured; false where one is lacking.
func (h *ownHeld) of(quantity int) (predicted, measured float64, ok bool) {
	predicted, measured = float64(h.Estimate.Time), float64(h.Item.Time)
	if quantity == energyOf {
		predicted, measured = float64(h.Estimate.Energy), float64(h.Item.Energy)
	}
	return predicted, measured, predicted > 0 && measured > 0
}

// ownBand is the quantiles of errors over predictions of a group on what was left out; otherwise where they are too few.
func ownBand(held []ownHeld, group string, quantity int, otherwise coefficients.Band) coefficients.Band {
	var all []float64
	for i := range held {
		if predicted, measured, ok := held[i].of(quantity); ok && held[i].group == group {
			all = append(all, errorOf(measured, predicted))
		}
	}
	if len(all) < fewRows {
		return otherwise
	}
	return coefficients.Band{P50: conformalQuantile(all, 0.5), P90: conformalQuantile(all, 0.9), N: len(all)}
}

// ownOff is the mean error of a group on what was left out.
func ownOff(held []ownHeld, group string, quantity int) (off float64, n int) {
	for i := range held {
		if predicted, measured, ok := held[i].of(quantity); ok && held[i].group == group {
			off, n = off+errorOf(predicted, measured), n+1
		}
	}
	return off / float64(max(1, n)), n
}
