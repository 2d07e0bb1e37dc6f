package validate

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/energy/stats"
)

// levels lists the levels in the order of reports.
func levels(kind measured.Kind) []string {
	if kind == measured.KindTrees {
		return []string{irene.TypeModel, irene.TypeModule, irene.TypeML, irene.TypeMLNoParam}
	}
	var out []string
	for _, l := range fit.Levels() {
		out = append(out, string(l))
	}
	return out
}

// summary is what a method said of a split's parts.
type summary struct {
	kind    measured.Kind
	targets []Target
	seeds   [][]outcome
	all     []outcome // of all seeds
}

// summarize joins what a method said in the parts of a split.
func summarize(m method, index int, trials []*trial) MethodResult {
	r := MethodResult{Method: m.Name, Told: m.Told}
	s := summary{kind: trials[0].test.Kind, targets: []Target{trials[0].target}}
	if trials[0].target == "" || s.kind == measured.KindRecords {
		s.targets = Targets()
	}
	for _, t := range trials {
		res := &t.results[index]
		if res.why != "" {
			r.Missing = res.why
			return r
		}
		for i, outcomes := range res.seeds {
			if i == len(s.seeds) {
				s.seeds = append(s.seeds, nil)
			}
			s.seeds[i] = append(s.seeds[i], outcomes...)
		}
	}
	s.all = slices.Concat(s.seeds...)
	r.Levels = s.groups(func(o *outcome) Label { return Label{Level: o.Type} })
	r.Classes = s.groups(func(o *outcome) Label { return Label{Level: o.Type, Class: o.Class} })
	r.Classes = slices.DeleteFunc(r.Classes, func(g Group) bool { return g.Class == "" })
	if s.kind == measured.KindTrees && len(s.seeds) > 0 {
		s.ofTrees(&r)
	}
	return r
}

// ofTrees is what whole trees tell beyond that.
func (s *summary) ofTrees(r *MethodResult) {
	target := s.targets[0]
	labels, lists := s.labelled(func(o *outcome) Label { return Label{Level: o.Type} })
	for _, l := range labels {
		if c, ok := coverageOf(lists[l]); ok {
			c.Level = l.Level
			r.Coverage = append(r.Coverage, c)
		}
	}
	r.Models = s.groups(func(o *outcome) Label { return Label{Level: o.Type, Model: o.Model} })
	if r.Method == MethodAdditive {
		r.Residues = residuesOf(s.all, target)
	}
	r.Decision, r.Points = decide(s.seeds, target), pointsOf(s.seeds[0], target)
}

// labelled sorts the outcomes by their labels: by model, level and class.
func (s *summary) labelled(label func(*outcome) Label) ([]Label, map[Label][]*outcome) {
	lists := map[Label][]*outcome{}
	for i := range s.all {
		l := label(&s.all[i])
		lists[l] = append(lists[l], &s.all[i])
	}
	order := levels(s.kind)
	labels := slices.SortedFunc(maps.Keys(lists), func(a, b Label) int {
		return cmp.Or(strings.Compare(a.Model, b.Model), slices.Index(order, a.Level)-slices.Index(order, b.Level), strings.Compare(a.Class, b.Class))
	})
	return labels, lists
}

// groups are the errors by label.
func (s *summary) groups(label func(*outcome) Label) (out []Group) {
	labels, lists := s.labelled(label)
	for _, l := range labels {
		g := Group{Label: l, Errors: map[Target]Errors{}}
		for _, target := range s.targets {
			g.Errors[target] = figures(lists[l], target, len(s.seeds))
		}
		out = append(out, g)
	}
	return out
}

// error is the signed relative error of a quantity; false where it was not measured or not predicted.
func (o *outcome) error(t Target) (float64, bool) {
	measured, predicted := t.of(o.Item), o.of(t)
	return (predicted.value - measured) / measured, measured > 0 && predicted.known
}

// measurement tells measurements apart: nodes of one type and class that took exactly the same at the same shape are
// copies of one, records are none of each other.
type measurement struct {
	record          *energy.Record
	batch, sequence int64
	level, kind     string
	value           float64
}

func (o *outcome) measurement(t Target) measurement {
	if o.Record != nil {
		return measurement{record: o.Record}
	}
	return measurement{batch: o.Batch, sequence: o.Sequence, level: o.Type, kind: o.Kind, value: t.of(o.Item)}
}

// figures averages within a measurement first for the distinct figures.
func figures(list []*outcome, target Target, seeds int) Errors {
	at := map[measurement]int{}
	var absolute, signed, count, allAbsolute, allSigned []float64
	for _, o := range list {
		e, ok := o.error(target)
		if !ok {
			continue
		}
		key := o.measurement(target)
		i, ok := at[key]
		if !ok {
			i = len(count)
			at[key] = i
			absolute, signed, count = append(absolute, 0), append(signed, 0), append(count, 0)
		}
		absolute[i] += math.Abs(e)
		signed[i] += e
		count[i]++
		allAbsolute, allSigned = append(allAbsolute, math.Abs(e)), append(allSigned, e)
	}
	for i, n := range count {
		absolute[i] /= n
		signed[i] /= n
	}
	out := Errors{Distinct: figuresOf(absolute, signed), Rows: figuresOf(allAbsolute, allSigned)}
	out.Rows.N /= max(1, seeds)
	return out
}

func figuresOf(absolute, signed []float64) Figures {
	return Figures{
		N: len(absolute), Mean: stats.Number(stats.Mean(absolute)), Median: stats.Number(stats.Median(absolute)),
		P90: stats.Number(stats.Quantile(absolute, 0.9)), Bias: stats.Number(stats.Mean(signed)),
	}
}

// coverageOf counts the measurements that lie in their intervals; false where there are no intervals.
func coverageOf(list []*outcome) (c Coverage, ok bool) {
	type hits struct{ half, ninety, n float64 }
	at := map[measurement]*hits{}
	var order []*hits
	var half, ninety []float64
	for _, o := range list {
		if !o.banded {
			continue
		}
		key := o.measurement(TargetEnergy)
		h := at[key]
		if h == nil {
			h = &hits{}
			at[key] = h
			order = append(order, h)
		}
		h.n++
		h.half += within(float64(o.Energy), o.half)
		h.ninety += within(float64(o.Energy), o.ninety)
		if v := o.energy.value; v > 0 {
			half = append(half, (o.half.High-v)/v)
			ninety = append(ninety, (o.ninety.High-v)/v)
		}
	}
	for _, h := range order {
		c.Half += stats.Number(h.half / h.n)
		c.Ninety += stats.Number(h.ninety / h.n)
	}
	c.N = len(order)
	c.Half /= stats.Number(c.N)
	c.Ninety /= stats.Number(c.N)
	c.Width50, c.Width90 = stats.Number(stats.Median(half)), stats.Number(stats.Median(ninety))
	return c, c.N > 0
}

func within(v float64, r coefficients.Range) float64 {
	if v >= r.Low && v <= r.High {
		return 1
	}
	return 0
}

// leastResidue is the bias from which on a class of a model is listed among the residues.
const leastResidue = 0.1

// mostResidues is how many are listed.
const mostResidues = 12

// residuesOf lists the classes of models whose mean error is large, those first that weigh most in the model.
func residuesOf(all []outcome, target Target) []Residue {
	type key struct{ model, level, class string }
	type sums struct{ measured, signed, n float64 }
	classes, models := map[key]*sums{}, map[string]float64{}
	var keys []key
	for i := range all {
		o := &all[i]
		if o.Type == irene.TypeModel {
			models[o.Model] += target.of(o.Item)
			continue
		}
		k := key{o.Model, o.Type, o.Class}
		s := classes[k]
		if s == nil {
			s = &sums{}
			classes[k] = s
			keys = append(keys, k)
		}
		e, _ := o.error(target)
		s.measured += target.of(o.Item)
		s.signed += e
		s.n++
	}
	var out []Residue
	for _, k := range keys {
		s := classes[k]
		r := Residue{k.model, k.level, k.class, stats.Number(s.measured / models[k.model]), stats.Number(s.signed / s.n)}
		if math.Abs(float64(r.Bias)) >= leastResidue {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b Residue) int {
		return cmp.Or(
			cmp.Compare(math.Abs(float64(b.Bias*b.Share)), math.Abs(float64(a.Bias*a.Share))),
			strings.Compare(a.Model, b.Model), strings.Compare(a.Class, b.Class),
		)
	})
	return out[:min(len(out), mostResidues)]
}

// pointsOf lists the measurements once for each model, for a plot.
func pointsOf(outcomes []outcome, target Target) []Point {
	type key struct {
		model string
		m     measurement
	}
	seen := map[key]bool{}
	var out []Point
	for i := range outcomes {
		o := &outcomes[i]
		if k := (key{o.Model, o.measurement(target)}); !seen[k] {
			seen[k] = true
			out = append(out, Point{o.Model, o.Type, target.of(o.Item), o.of(target).value})
		}
	}
	return out
}
