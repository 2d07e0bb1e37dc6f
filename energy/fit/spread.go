package fit

import (
	"math"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/paired"
)

const (
	leastPairs = 50    // of models, from which on their ratios tell a spread
	mostPairs  = 20000 // that are looked at: more models are thinned
	degrees    = 4     // of freedom of Student's distribution, which far-off pairs weigh little in
	steps      = 300   // of the solution; each brings variances nearer by a half of what they are off by, or so
)

// spreads finds how far ratios of two models are off, beside what resampled measurements tell: of models that were left out
// together and that one law predicted so, and of models that were not, whose errors share nothing. It is nil where there
// are too few.
func (o *Options) spreads(d *Data) (*coefficients.Spreads, error) {
	parts, what := d.leaveOut(o.Pairs)
	if len(parts) == 0 {
		return nil, nil
	}
	wider := 1.0
	if what == string(ByModelOrHalf) {
		wider = siblingsIn
	}
	left, err := o.leftModels(d, parts)
	if err != nil || left.pairs() < leastPairs {
		return nil, err
	}
	return &coefficients.Spreads{Energy: left.spread(paired.Energy, wider), Time: left.spread(paired.Time, wider)}, nil
}

// leftModels are models that were left out, as the rest predicts them.
type leftModels struct {
	draws *paired.Draws
	items []*Item
	sums  []*paired.Sum
}

// leftModels predicts the models of each part from a fit to the others.
func (o *Options) leftModels(d *Data, parts []Part) (*leftModels, error) {
	out := &leftModels{draws: paired.NewDraws()}
	for _, p := range parts {
		train, test := d.Leave(p)
		eqs := train.equations()
		if len(eqs) == 0 {
			continue
		}
		c, err := o.solve(eqs, &d.Device)
		if err != nil {
			return nil, err
		}
		c.Device, c.Boundary, c.Profile = d.Device.ID, d.Boundary, d.Profile
		if d.Unlisted {
			c.DeviceRow = &d.Device
		}
		if o.Bootstrap {
			if err := o.bootstrap(c, eqs, &d.Device, partResamples); err != nil {
				return nil, err
			}
		}
		predictor, err := test.Predictor(c)
		if err != nil {
			return nil, err
		}
		for _, it := range test.Items {
			if it.Level == energy.LevelModel && !it.Copy {
				out.items, out.sums = append(out.items, it), append(out.sums, predictor.Paired(out.draws, it.Work))
			}
		}
	}
	for n := out.pairs(); n > mostPairs; n = out.pairs() {
		out.items, out.sums = everyOther(out.items), everyOther(out.sums)
	}
	return out, nil
}

func (l *leftModels) pairs() int { return len(l.items) * (len(l.items) - 1) / 2 }

func everyOther[T any](list []T) (out []T) {
	for i := 0; i < len(list); i += 2 {
		out = append(out, list[i])
	}
	return out
}

// gap is how far the ratio of two models is off, and what that may come from.
type gap struct {
	square float64      // of the error's logarithm
	known  float64      // the variance that resampled measurements give it
	apart  paired.Apart // what the rest goes by
}

// spread is the likeliest of a quantity, if errors are distributed as Student's, made so wide that it holds the ratios of
// 90 % of the pairs.
func (l *leftModels) spread(q int, wider float64) coefficients.Spread {
	gaps := l.gaps(q)
	if len(gaps) == 0 {
		return coefficients.Spread{}
	}
	v := paired.Apart{1e-3, 1e-3, 1e-3}
	for range steps {
		var up, down paired.Apart
		for _, g := range gaps {
			sum := g.variance(v)
			weight := (degrees + 1) / (degrees + g.square/sum)
			for i, x := range g.apart {
				up[i] += x * weight * g.square / (sum * sum)
				down[i] += x / sum
			}
		}
		for i := range v {
			if down[i] > 0 {
				v[i] *= math.Sqrt(up[i] / down[i])
			}
		}
	}
	var off []float64
	for _, g := range gaps {
		off = append(off, math.Sqrt(g.square/g.variance(v)))
	}
	by := wider * conformalQuantile(off, 0.9) / coefficients.Normal90
	return coefficients.Spread{Group: by * math.Sqrt(v[0]), Kernel: by * math.Sqrt(v[1]), Model: by * math.Sqrt(v[2])}
}

// gaps are those of all pairs that were measured; what was left out twice is no pair.
func (l *leftModels) gaps(q int) (out []gap) {
	measured := func(it *Item) float64 {
		return [...]float64{paired.Energy: float64(it.Energy), paired.Time: float64(it.Time)}[q]
	}
	for i, a := range l.items {
		for k, b := range l.items[:i] {
			if a == b || !(measured(a) > 0 && measured(b) > 0) {
				continue
			}
			off := math.Log(measured(b)/measured(a)) - paired.Log(l.sums[i], l.sums[k], q)
			if g := (gap{off * off, l.draws.Resampled(l.sums[i], l.sums[k], q), l.draws.Apart(l.sums[i], l.sums[k], q)}); g.square > 0 && g.variance(paired.Apart{1, 1, 1}) > 0 && !math.IsInf(off, 0) {
				out = append(out, g)
			}
		}
	}
	return out
}

// variance is that of a gap by the variances of what it comes from; never nothing.
func (g *gap) variance(v paired.Apart) float64 {
	sum := 1e-9 + g.known
	for i, x := range g.apart {
		sum += v[i] * x
	}
	return sum
}
