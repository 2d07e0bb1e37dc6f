package fit

import (
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/measured"
)

// Predictor predicts the work of data's items with coefficients: that of trees as the other commands predict models, with
// intervals; that of records by the sums of terms that the fit itself sees.
type Predictor struct {
	law       *law.Additive
	terms     *linear
	sums      bool
	estimated bool // the coefficients are another device's
	done      map[*Work]subtree
}

// subtree is the prediction of a piece of work: the energy around which its level's interval lies, and the sums of the
// kernels' own intervals beyond it.
type subtree struct {
	law.Prediction
	fitted, wide50, wide90 energy.Joules
}

// Predictor prepares predictions on a device. Coefficients of another device, from, are scaled to it.
func (d *Data) Predictor(c *coefficients.Coefficients, from *energy.Device) *Predictor {
	p := &Predictor{law: law.New(c, d.Device), terms: d.terms(), sums: d.Kind == measured.KindRecords, done: map[*Work]subtree{}}
	if from.ID != d.Device.ID {
		p.estimated = true
		p.law.ScaleFrom(from)
	}
	return p
}

// Predict is what work takes, with intervals of its level, or of its class for a kernel alone.
func (p *Predictor) Predict(w *Work) law.Prediction {
	if p.sums {
		return p.summed(p.terms.terms[w].sums)
	}
	return p.subtree(w).Prediction
}

func (p *Predictor) summed(s classTerms) law.Prediction {
	out := law.Prediction{Known: true}
	out.Energy, out.Time = s.of(p.law.C)
	return out
}

// Kernel is what all runs of the i-th kernel of a record's work take.
func (p *Predictor) Kernel(w *Work, i int) law.Prediction {
	var s classTerms
	s.addKernel(&p.terms.terms[w].kernels[i], float64(w.Kernels[i].Count))
	return p.summed(s)
}

func (p *Predictor) subtree(w *Work) subtree {
	if s, ok := p.done[w]; ok {
		return s
	}
	s := subtree{Prediction: law.Prediction{Known: true}}
	for i := range p.terms.terms[w].kernels {
		k := p.kernel(&p.terms.terms[w].kernels[i])
		s.add(&k, p.estimated)
		if w.Level == "" {
			s.Prediction = k
		}
	}
	for _, part := range w.Parts {
		c := p.subtree(part)
		s.Energy, s.Time, s.Known = s.Energy+c.Energy, s.Time+c.Time, s.Known && c.Known
		s.fitted, s.wide50, s.wide90 = s.fitted+c.fitted, s.wide50+c.wide50, s.wide90+c.wide90
	}
	if w.Level != "" {
		band := p.law.C.Residuals.Band(w.Level, "", s.Time)
		s.Low, s.High = law.Around(s.Energy, energy.Joules(band.P90)*s.fitted+s.wide90)
		s.Low50, s.High50 = law.Around(s.Energy, energy.Joules(band.P50)*s.fitted+s.wide50)
	}
	p.done[w] = s
	return s
}

// kernel predicts one run of a kernel, or a call of the host.
func (p *Predictor) kernel(f *law.Features) law.Prediction {
	if f.Class != coefficients.HostClass {
		return p.law.Predict(f)
	}
	pr := law.Prediction{Known: true, Class: "view"}
	pr.Energy, pr.Time = p.law.Host(f.Host)
	p.law.Interval(&pr)
	return pr
}

// add adds a kernel.
func (s *subtree) add(k *law.Prediction, estimated bool) {
	if !k.Known {
		s.Known = false
		return
	}
	s.Energy += k.Energy
	s.Time += k.Time
	if k.StandIn || k.Extrapolated || estimated {
		s.wide50 += k.High50 - k.Energy
		s.wide90 += k.High - k.Energy
	} else {
		s.fitted += k.Energy
	}
}
