package fit

import (
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
)

// OwnPredictor predicts the work of items by the law of overlapping kernels. It belongs to one goroutine.
type OwnPredictor struct {
	overlap *coefficients.Overlap
	device  energy.Device
	laws    map[energy.Watts]*law.Overlap // by power limit; 0 is the board's own
	launch  energy.Seconds
}

// NewOwnPredictor prepares predictions on a device.
func NewOwnPredictor(o *coefficients.Overlap, dev energy.Device) (*OwnPredictor, error) {
	l, err := law.NewOverlap(o, dev)
	if err != nil {
		return nil, err
	}
	p := &OwnPredictor{overlap: o, device: dev, laws: map[energy.Watts]*law.Overlap{0: l}}
	if own, ok := o.OwnOf(dev.ID); ok {
		p.launch = own.Launch
	}
	return p, nil
}

// under is the law under a power limit; false where the board does not take it.
func (p *OwnPredictor) under(limit energy.Watts) (*law.Overlap, bool) {
	if l, ok := p.laws[limit]; ok {
		return l, l != nil
	}
	l, err := law.NewOverlap(p.overlap, p.device)
	if err != nil || l.Limit(limit) != nil {
		l = nil
	}
	p.laws[limit] = l
	return l, l != nil
}

// Predict is what an item's kernels take one after the other, under the power limit it was measured under, or the host for
// their launches where that is longer; the device idles meanwhile. Zero where the law cannot say.
func (p *OwnPredictor) Predict(it *Item) (e law.Estimate) {
	l, known := p.under(limitOf(it))
	launches := 0.0
	it.Work.All(func(k *Kernel) {
		if !known {
			return
		}
		s, j := l.TimeAndEnergy(&k.Kernel)
		known = s > 0 && j > 0
		e.Time, e.Energy = e.Time+energy.Seconds(k.Count*s), e.Energy+energy.Joules(k.Count*j)
		if !k.Replayed {
			launches += k.Count
		}
	})
	if !known {
		return law.Estimate{}
	}
	if host := energy.Seconds(launches) * p.launch; host > e.Time && it.Level != energy.LevelOperator {
		e.Energy += l.Idle().Times(host - e.Time)
		e.Time = host
	}
	return e
}
