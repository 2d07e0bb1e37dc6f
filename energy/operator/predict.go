package operator

import (
	"fmt"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
)

// Predictor predicts operators given by shape, without a model.
type Predictor struct {
	Device  energy.Device
	Warning string // that the coefficients are another device's; "" where they are not

	law          law.Law
	energy, time bool // that the coefficients hold
}

// New prepares predictions on a device. Coefficients of another device are scaled to it by public specifications.
func New(c *coefficients.Coefficients, dev energy.Device) (*Predictor, error) {
	l, err := law.New(c, dev, law.Options{Alone: true})
	if err != nil {
		return nil, err
	}
	o := &Predictor{Device: dev, law: l}
	o.energy, o.time = c.Holds()
	if dev.ID != c.Device {
		from := c.Device
		if n := len(c.Provenance.Devices); n > 1 {
			from = fmt.Sprintf("%d devices", n)
		}
		o.Warning = fmt.Sprintf("nothing was measured on %s: coefficients of %s are scaled to it by public specifications", dev.ID, from)
	}
	return o, nil
}

// Predict predicts one operator, which Check has passed. A number that the coefficients cannot give is 0; what
// coefficients of another device predict is a stand-in.
func (o *Predictor) Predict(op *Operator) (law.Prediction, error) {
	k, err := op.Kernel(o.Device)
	if err != nil {
		return law.Prediction{}, err
	}
	p := o.law.Kernel(&k)
	p.StandIn = p.StandIn || o.Warning != ""
	if !o.time {
		p.Time = 0
	}
	if !o.energy {
		p.Energy = 0
	}
	return p, nil
}
