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
	laws    map[ownCondition]*law.Overlap
	launch  energy.Seconds
}

// ownCondition is what items were measured under.
type ownCondition struct {
	limit energy.Watts // 0: the board's own
	alone bool
}

// NewOwnPredictor prepares predictions on a device.
func NewOwnPredictor(o *coefficients.Overlap, dev energy.Device) (*OwnPredictor, error) {
	if _, err := law.NewOverlap(o, dev); err != nil {
		return nil, err
	}
	p := &OwnPredictor{overlap: o, device: dev, laws: map[ownCondition]*law.Overlap{}}
	if own, ok := o.OwnOf(dev.ID); ok {
		p.launch = own.Launch
	}
	return p, nil
}

// under is the law as an item was measured; nil where the board does not take its power limit.
func (p *OwnPredictor) under(it *Item) *law.Overlap {
	c := ownCondition{limitOf(it), alone(it)}
	l, ok := p.laws[c]
	if !ok {
		var err error
		if l, err = law.OverlapUnder(p.overlap, p.device, law.Options{PowerLimit: c.limit, Alone: c.alone}); err != nil {
			l = nil
		}
		p.laws[c] = l
	}
	return l
}

// Predict is what an item's kernels take one after the other, under the power limit it was measured under, or the host for
// their launches where that is longer; the device idles meanwhile. Zero where the law cannot say.
func (p *OwnPredictor) Predict(it *Item) (e law.Estimate) {
	l := p.under(it)
	known, launches := l != nil, 0.0
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
