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

// Prediction is what one operator takes; nil is a number that the coefficients cannot give.
type Prediction struct {
	Time   *energy.Seconds
	Energy *energy.Joules
	// StandIn says that coefficients of another device, class or element type stand for those of the operator.
	StandIn      bool
	Extrapolated bool   // outside the range that the coefficients were fitted on
	Why          string // of Extrapolated, or of StandIn by class or element type
}

// Predict predicts one operator, which Check has passed.
func (o *Predictor) Predict(op *Operator) (Prediction, error) {
	k, err := op.Kernel(o.Device)
	if err != nil {
		return Prediction{}, err
	}
	pr := o.law.Kernel(&k)
	out := Prediction{StandIn: pr.StandIn || o.Warning != "", Extrapolated: pr.Extrapolated, Why: pr.Why}
	if o.time && pr.Time > 0 {
		out.Time = &pr.Time
	}
	if o.energy && pr.Energy > 0 {
		out.Energy = &pr.Energy
	}
	return out, nil
}
