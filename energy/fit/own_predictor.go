package fit

import (
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
)

// OwnPredictor predicts the work of items by the law of overlapping kernels. It belongs to one goroutine.
type OwnPredictor struct {
	law    *law.Overlap
	launch energy.Seconds
}

// NewOwnPredictor prepares predictions on a device.
func NewOwnPredictor(o *coefficients.Overlap, dev energy.Device) (*OwnPredictor, error) {
	l, err := law.NewOverlap(o, dev)
	if err != nil {
		return nil, err
	}
	p := &OwnPredictor{law: l}
	if own, ok := o.OwnOf(dev.ID); ok {
		p.launch = own.Launch
	}
	return p, nil
}

// Predict is what an item's kernels take one after the other, or the host for their launches where that is longer; the
// device idles meanwhile. Zero where the law cannot say.
func (p *OwnPredictor) Predict(it *Item) (e law.Estimate) {
	known, launches := true, 0.0
	it.Work.All(func(k *Kernel) {
		s, j := p.law.TimeAndEnergy(&k.Kernel)
		known = known && s > 0 && j > 0
		e.Time, e.Energy = e.Time+energy.Seconds(k.Count*s), e.Energy+energy.Joules(k.Count*j)
		if !k.Replayed {
			launches += k.Count
		}
	})
	if !known {
		return law.Estimate{}
	}
	if host := energy.Seconds(launches) * p.launch; host > e.Time && it.Level != energy.LevelOperator {
		e.Energy += p.law.Idle().Times(host - e.Time)
		e.Time = host
	}
	return e
}
