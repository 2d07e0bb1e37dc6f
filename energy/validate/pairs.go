package validate

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/paired"
	"github.com/irene-onnx/irene/energy/stats"
)

// Pairs says how ratios of two whole models hold, each model at its sizes, beside what was measured: predicted with the
// families of both left out, by draws of the errors that both share, and by the rule that two intervals overlap or do not.
type Pairs struct {
	Schema   int           `json:"schema"`
	Device   string        `json:"device"`
	Models   int           `json:"models"` // at one size each
	Families [][]string    `json:"families"`
	Groups   []PairsFigure `json:"groups"`
}

// PairsFigure is the figures of one group of pairs and one quantity.
type PairsFigure struct {
	Group  string `json:"group"`
	Target Target `json:"target"`
	Pairs  int    `json:"pairs"`
	// Holds is the share of 90 % intervals of the ratio that the measured ratio lies in, Width their median, as a share of the ratio.
	Holds stats.Number `json:"holds"`
	Width stats.Number `json:"width"`
	// Decided is the share of pairs of which one is named the lower, Wrong what share of these the meter contradicts.
	Decided stats.Number `json:"decided"`
	Wrong   stats.Number `json:"wrong"`
	// Apart is the share of pairs whose own 90 % intervals do not overlap, which decided before; nothing of times.
	Apart stats.Number `json:"apart"`
}

// RunPairs compares whole models of a device. Both families of a pair are left out of the law that predicts it. Of two
// families that would leave nothing to fit to: of a pair of both, the two models are left out, and their siblings are not.
func RunPairs(d *fit.Data, progress func(done, total int)) (*Pairs, error) {
	families := d.Families()
	slices.SortFunc(families, slices.Compare)
	if len(families) < 2 {
		return nil, errors.New("ratios need two families of models: one is predicted from another")
	}
	models := d.Select(func(it *fit.Item) bool { return it.Level == energy.LevelModel && !it.Copy })
	out := &Pairs{Schema: Schema, Device: d.Device.ID, Models: len(models.Items), Families: families}
	var fits []*pairing
	for i, names := range families {
		fits = append(fits, &pairing{data: d, first: names})
		for _, others := range families[i+1:] {
			if len(families) > 2 {
				fits = append(fits, &pairing{data: d, first: names, second: others})
				continue
			}
			for _, a := range names {
				for _, b := range others {
					fits = append(fits, &pairing{data: d, first: []string{a}, second: []string{b}, siblings: true})
				}
			}
		}
	}
	var done atomic.Int64
	parallel(len(fits), func(i int) {
		fits[i].run()
		if n := done.Add(1); progress != nil {
			progress(int(n), len(fits))
		}
	})
	var pairs []pair
	for _, f := range fits {
		if f.err != nil {
			return nil, f.err
		}
		pairs = append(pairs, f.pairs...)
	}
	for _, g := range pairGroups() {
		for _, t := range Targets() {
			if f := g.figures(pairs, t); f.Pairs > 0 {
				out.Groups = append(out.Groups, f)
			}
		}
	}
	return out, nil
}

// pairing is a fit without models, which are compared to each other; those of two lists, the first with the second alone.
type pairing struct {
	data          *fit.Data
	first, second []string
	siblings      bool // of the models are in the fit
	pairs         []pair
	err           error
}

// pairedModel is a whole model that was left out, as the rest predicts it.
type pairedModel struct {
	*fit.Item
	sum      *paired.Sum
	estimate law.Estimate
}

// pair is two of them, and the second over the first.
type pair struct {
	a, b     *pairedModel
	siblings bool
	energy   paired.Ratio
	time     paired.Ratio
}

// run predicts the models from all others, and compares them.
func (r *pairing) run() {
	left := slices.Concat(r.first, r.second)
	train, test := r.data.Leave(fit.Part{Test: func(it *fit.Item) bool { return slices.Contains(left, it.Group) }})
	o := fit.OptionsFor(train.Kind)
	o.Errors = nil
	c, _, err := fit.Fit(train, o)
	if err != nil {
		r.err = fmt.Errorf("without %s: %w", strings.Join(left, ", "), err)
		return
	}
	p, err := test.Predictor(c)
	if err != nil {
		r.err = err
		return
	}
	draws := paired.NewDraws()
	var list []*pairedModel
	for _, it := range test.Items {
		if it.Level == energy.LevelModel && !it.Copy {
			list = append(list, &pairedModel{it, p.Paired(draws, it.Work), p.Predict(it.Work)})
		}
	}
	first := func(m *pairedModel) bool { return slices.Contains(r.first, m.Group) }
	for i, b := range list {
		for _, a := range list[:i] {
			if r.second == nil || first(a) != first(b) {
				r.pairs = append(r.pairs, pair{a, b, r.siblings, draws.Ratio(a.sum, b.sum, paired.Energy), draws.Ratio(a.sum, b.sum, paired.Time)})
			}
		}
	}
}

// pairGroup is a group of pairs.
type pairGroup struct {
	name string
	has  func(*pair) bool
}

// pairGroups lists the groups in the order of reports.
func pairGroups() []pairGroup {
	model := func(p *pair) bool { return p.a.Model == p.b.Model }
	size := func(p *pair) bool { return p.a.Shape == p.b.Shape }
	return []pairGroup{
		{"all", func(*pair) bool { return true }},
		{"families left out", func(p *pair) bool { return !p.siblings }},
		{"of them two models at one size", func(p *pair) bool { return !p.siblings && !model(p) && size(p) }},
		{"of them one model at two sizes", func(p *pair) bool { return !p.siblings && model(p) }},
		{"of them two models at two sizes", func(p *pair) bool { return !p.siblings && !model(p) && !size(p) }},
		{"of two families, both models left out", func(p *pair) bool { return p.siblings }},
	}
}

// figures counts the pairs of a group of which the quantity was measured.
func (g *pairGroup) figures(pairs []pair, t Target) PairsFigure {
	f := PairsFigure{Group: g.name, Target: t, Apart: stats.Middle(nil)}
	var holds, decided, wrong, apart float64
	var widths []float64
	for i := range pairs {
		p := &pairs[i]
		x, y, ratio := t.of(p.a.Item), t.of(p.b.Item), p.energy
		if t == TargetTime {
			ratio = p.time
		}
		if !g.has(p) || !(x > 0 && y > 0) || math.IsNaN(ratio.Value) {
			continue
		}
		f.Pairs++
		widths = append(widths, (ratio.High-ratio.Low)/ratio.Value)
		holds += one(ratio.Low <= y/x && y/x <= ratio.High)
		switch ratio.Verdict() {
		case paired.Lower:
			decided, wrong = decided+1, wrong+one(y > x)
		case paired.Higher:
			decided, wrong = decided+1, wrong+one(y < x)
		}
		a, b := &p.a.estimate, &p.b.estimate
		apart += one(a.Low > b.High || b.Low > a.High)
	}
	n := float64(f.Pairs)
	f.Holds, f.Width, f.Decided, f.Wrong = stats.Number(holds/n), stats.Middle(widths), stats.Number(decided/n), stats.Number(wrong/decided)
	if t == TargetEnergy && f.Pairs > 0 && pairs[0].a.Tree != nil { // else there are no intervals of models
		f.Apart = stats.Number(apart / n)
	}
	return f
}

// one counts what is so.
func one(so bool) float64 {
	if so {
		return 1
	}
	return 0
}
