package fit

import (
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/energy/paired"
)

// Predictor predicts the work of data's items with coefficients: that of trees as the other commands predict models, with
// intervals; that of records by the sums of terms that the fit itself sees. It belongs to one goroutine.
type Predictor struct {
	law          law.Law
	coefficients *coefficients.Coefficients
	terms        *linear
	sums         bool
	estimated    bool // the coefficients are another device's
	variation    *law.Variation
	done         map[*Work]*law.Sum
}

// Predictor prepares predictions on the data's device, to which coefficients of another one are scaled. What hides a launch
// stays as the data's terms have it.
func (d *Data) Predictor(c *coefficients.Coefficients) (*Predictor, error) {
	l, err := law.NewAdditive(c, d.Device, law.Options{Alone: true})
	if err != nil {
		return nil, err
	}
	return &Predictor{
		law: l, coefficients: c, terms: d.terms(), sums: d.Kind == measured.KindRecords, estimated: c.Device != d.Device.ID, done: map[*Work]*law.Sum{},
	}, nil
}

// Predict is what work takes, with intervals of its level, or of its class for a kernel alone.
func (p *Predictor) Predict(w *Work) law.Estimate {
	if p.sums {
		return p.estimate(p.terms.terms[w].sums)
	}
	return p.sum(w).Estimate
}

// Kernel is what all runs of the i-th kernel of a record's work take.
func (p *Predictor) Kernel(w *Work, i int) law.Estimate {
	var s classTerms
	s.addKernel(&p.terms.terms[w].kernels[i], w.Kernels[i].Count)
	return p.estimate(s)
}

func (p *Predictor) estimate(s classTerms) (e law.Estimate) {
	e.Energy, e.Time = s.of(p.coefficients)
	return e
}

// Paired takes work apart into the kernels that its errors come from, so that draws can compare it to other work.
func (p *Predictor) Paired(d *paired.Draws, w *Work) *paired.Sum {
	if p.variation == nil {
		p.variation = p.law.Variation()
	}
	s := &paired.Sum{}
	w.All(func(k *Kernel) {
		one := k.Kernel
		if k.IsCall() {
			one = law.Kernel{Class: law.View}
		}
		x := p.kernel(k)
		if !x.Known {
			s.Unknown++
			return
		}
		s.Add(d, p.variation, p.law, &one, &x.Outcome, paired.Amounts{paired.Energy: k.Count * float64(x.Energy), paired.Time: k.Count * float64(x.Time)})
	})
	return s
}

// sum adds up work.
func (p *Predictor) sum(w *Work) *law.Sum {
	if s := p.done[w]; s != nil {
		return s
	}
	s := &law.Sum{}
	for i := range w.Kernels {
		k := p.kernel(&w.Kernels[i])
		s.Add(&k.Outcome, false, p.estimated)
		if w.Level == "" {
			s.Estimate = k.Estimate
		}
	}
	for _, part := range w.Parts {
		s.AddSum(p.sum(part))
	}
	if w.Level != "" {
		s.Bound(w.Level, &p.coefficients.Residuals)
	}
	p.done[w] = s
	return s
}

func (p *Predictor) kernel(k *Kernel) law.Prediction {
	if k.IsCall() {
		return p.law.Call(k.Bytes)
	}
	return p.law.Kernel(&k.Kernel)
}
