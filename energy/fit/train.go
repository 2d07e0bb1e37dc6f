package fit

import (
	"fmt"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/measured"
)

// Train fits what predicts the data's device: additive coefficients, and where its kernels follow the law of overlapping
// ones, the constants that are its own, beginning with those that all devices share. The reports say how far both are off.
func Train(d *Data, shared *coefficients.Overlap) (*coefficients.Coefficients, []fmt.Stringer, error) {
	c, report, err := Fit(d, OptionsFor(d.Kind))
	if err != nil {
		return nil, nil, err
	}
	return d.withOwn(c, shared, report)
}

// TrainFrom adapts coefficients to the data's device, of which a few operators were measured: see [Adapt] and [FitOwn].
func TrainFrom(base *coefficients.Coefficients, d *Data) (*coefficients.Coefficients, []fmt.Stringer, error) {
	if d.Kind == measured.KindRecords && d.Boundary != "" && base.Boundary != "" && d.Boundary != base.Boundary {
		return nil, nil, fmt.Errorf("the measurements are of %s energy, the coefficients of %s energy", d.Boundary, base.Boundary)
	}
	if len(d.Items) > 0 {
		if err := oneDevice(d.Items, d.Device); err != nil {
			return nil, nil, err
		}
	}
	overlaps := base.Overlap != nil && d.WhyNoOwn() == ""
	single := d.Select(func(it *Item) bool {
		k := it.Work.alone()
		return k != nil && it.Level == energy.LevelOperator && (!overlaps || base.Find(k.key()) != nil)
	})
	if overlaps && len(single.Items) == 0 && len(d.Items) > 0 {
		c, err := base.Transferred(d.Device)
		if err != nil {
			return nil, nil, err
		}
		return d.withOwn(c, base.Overlap, nil)
	}
	c, report, err := Adapt(base, single)
	if err != nil {
		return nil, nil, err
	}
	return d.withOwn(c, base.Overlap, report)
}

// withOwn adds what is the device's own in the law of overlapping kernels, where it is that device's law and there are
// constants to begin with.
func (d *Data) withOwn(c *coefficients.Coefficients, shared *coefficients.Overlap, report fmt.Stringer) (*coefficients.Coefficients, []fmt.Stringer, error) {
	var reports []fmt.Stringer
	if report != nil {
		reports = append(reports, report)
	}
	if shared == nil || d.WhyNoOwn() != "" {
		return c, reports, nil
	}
	own, text, err := FitOwn(shared, d, OptionsFor(d.Kind))
	if err != nil {
		return nil, nil, err
	}
	c.Overlap = shared.WithOwn(own)
	return c, append(reports, text), nil
}
