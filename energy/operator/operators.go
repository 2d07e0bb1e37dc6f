package operator

import (
	"fmt"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
)

// Predictor predicts operators given by shape, without a model.
type Predictor struct {
	P       *law.Additive
	energy  bool // the coefficients hold energies
	time    bool
	Warning string // that the coefficients are another device's; "" where they are not
}

// New prepares predictions on a device. Coefficients of another device are scaled to it by public
// specifications.
func New(c *coefficients.Coefficients, dev energy.Device) (*Predictor, error) {
	o := &Predictor{P: law.New(c, dev)}
	o.energy, o.time = c.Holds()
	if dev.ID == c.Device {
		return o, nil
	}
	from, err := c.Row()
	if err != nil {
		return nil, err
	}
	o.P.ScaleFrom(&from)
	o.Warning = fmt.Sprintf("nothing was measured on %s: coefficients of %s are scaled to it by public specifications", dev.ID, c.Device)
	if len(c.Provenance.Devices) > 1 {
		o.Warning = fmt.Sprintf("nothing was measured on %s: coefficients of %d devices are scaled to it by public specifications", dev.ID, len(c.Provenance.Devices))
	}
	return o, nil
}

// Device is the device of the predictions.
func (o *Predictor) Device() energy.Device { return o.P.Dev }

// Prediction is what one operator takes; nil is a number that the coefficients cannot give.
type Prediction struct {
	Time   *energy.Seconds
	Energy *energy.Joules
	// Scaled says that coefficients of another device, class or element type stand for those of the operator.
	StandIn      bool
	Extrapolated bool   // outside the range that the coefficients were fitted on
	Why          string // of Extrapolated, or of Scaled by class or element type
}

// Predict predicts one operator, which Check has passed.
func (o *Predictor) Predict(op *Operator) (Prediction, error) {
	f, err := op.Features(o.P.Dev)
	if err != nil {
		return Prediction{}, err
	}
	pr := o.P.Predict(&f)
	out := Prediction{StandIn: pr.StandIn || o.P.From != nil, Extrapolated: pr.Extrapolated, Why: pr.Why}
	if o.time && pr.Time > 0 {
		out.Time = &pr.Time
	}
	if o.energy && pr.Energy > 0 {
		out.Energy = &pr.Energy
	}
	return out, nil
}
