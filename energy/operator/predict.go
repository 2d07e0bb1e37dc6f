package operator

import (
	"fmt"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
)

// Predictor predicts operators given by shape, without a model.
type Predictor struct {
	Device  energy.Device
	Warning string // that the coefficients are another device's; "" where they are not

	law          law.Law            // nil: the coefficients hold none of its kind
	overlap      *law.Overlap       // nil: the same
	fitted       []string           // devices of the additive coefficients
	scaled       []coefficients.Key // classes of another device's
	energy, time bool               // that the coefficients hold
	limit        energy.Watts       // 0: the board's own
}

// Options say how the device is set.
type Options struct {
	PowerLimit energy.Watts // 0: the board's own
}

// New prepares predictions on a device. Coefficients of another device are scaled to it by public specifications. It fails
// where no law holds under the power limit asked for.
func New(c *coefficients.Coefficients, dev energy.Device, options Options) (*Predictor, error) {
	o := &Predictor{Device: dev, limit: options.PowerLimit, fitted: append(slices.Clone(c.Provenance.Devices), c.Device)}
	var err error
	if c.Overlap != nil {
		o.fitted = append(o.fitted, c.Overlap.Devices()...)
		if o.overlap, err = law.NewOverlap(c.Overlap, dev); err != nil {
			return nil, err
		}
	}
	if o.limit != 0 {
		if o.overlap == nil {
			return nil, fmt.Errorf("a power limit: the coefficients of %s hold under the limit they were measured with", c.Device)
		}
		if err := o.overlap.Limit(o.limit); err != nil {
			return nil, err
		}
	}
	if !slices.Contains(o.fitted, dev.ID) {
		o.Warning = fmt.Sprintf("nothing was measured on %s: ", dev.ID) + carried(c)
	}
	if len(c.Classes) == 0 {
		return o, nil
	}
	for i := range c.Classes {
		if c.Classes[i].Scaled {
			o.scaled = append(o.scaled, c.Classes[i].Key)
		}
	}
	if o.law, err = law.NewAdditive(c, dev, law.Options{Alone: true}); err != nil {
		return nil, err
	}
	o.energy, o.time = c.Holds()
	return o, nil
}

// carried says how coefficients come to a device that was not measured.
func carried(c *coefficients.Coefficients) string {
	switch n := len(c.Provenance.Devices); {
	case c.Overlap != nil:
		return fmt.Sprintf("its specifications and what was measured on %d devices say this", len(c.Overlap.Devices()))
	case n > 1:
		return fmt.Sprintf("coefficients of %d devices are scaled to it by public specifications", n)
	}
	return fmt.Sprintf("coefficients of %s are scaled to it by public specifications", c.Device)
}

// Predict predicts one operator, which Check has passed. A number that the coefficients cannot give is 0.
func (o *Predictor) Predict(op *Operator) (law.Prediction, error) {
	k, err := op.Kernel(o.Device)
	if err != nil {
		return law.Prediction{}, err
	}
	switch {
	case o.overlap != nil && o.overlap.Covers(&k):
		return o.overlap.Kernel(&k), nil
	case k.Attention != nil, k.Experts != nil, k.Quant != "":
		return law.Prediction{Outcome: law.Outcome{Why: fmt.Sprintf("the coefficients know no %s", op.Op)}}, nil
	case o.law == nil:
		return law.Prediction{Outcome: law.Outcome{Why: fmt.Sprintf("the coefficients know no %s in %v", op.Op, op.DType)}}, nil
	}
	if o.limit != 0 {
		return law.Prediction{Outcome: law.Outcome{Why: fmt.Sprintf("what a power limit costs %s in %v is not known", op.Op, op.DType)}}, nil
	}
	p := o.law.Kernel(&k)
	switch {
	case p.StandIn:
		p.Origin = law.OriginStandIn
	case o.Warning != "" || slices.Contains(o.scaled, coefficients.Key{Class: p.Class, DType: p.DType}):
		p.Origin = law.OriginEstimated
	default:
		p.Origin = law.OriginFitted
	}
	if !o.time {
		p.Time = 0
	}
	if !o.energy {
		p.Energy = 0
	}
	return p, nil
}
