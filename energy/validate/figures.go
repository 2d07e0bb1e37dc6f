package validate

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/energy/stats"
)

// ValidationSchema is the version of the JSON form of a Validation.
const ValidationSchema = 1

// Validation is how far predictions are off, split by split and method by method.
type Validation struct {
	Schema   int           `json:"schema"`
	Target   Target        `json:"target"`
	Runtime  string        `json:"runtime"`
	Data     []DataSummary `json:"data"`
	Splits   []SplitResult `json:"splits"`
	Warnings []string      `json:"warnings,omitempty"`
}

// DataSummary says what was measured on a device.
type DataSummary struct {
	Device   string          `json:"device"`
	Boundary energy.Boundary `json:"scope"`
	Trees    int             `json:"trees"`
	Rows     int             `json:"rows"`     // measured nodes that are compared
	Distinct int             `json:"distinct"` // measurements behind them: equal layers share one
	Models   []string        `json:"models"`
	Families [][]string      `json:"families"`
	Batch    [2]int64        `json:"batch"`
	Sequence [2]int64        `json:"sequence"`
}

// SplitResult is one way of leaving data out on one device.
type SplitResult struct {
	Split   string         `json:"split"` // family, model, small-to-large, large-to-small, device
	Device  string         `json:"device"`
	Parts   []SplitPart    `json:"parts"`
	Methods []MethodResult `json:"methods"`
}

// SplitPart is one part that was left out.
type SplitPart struct {
	Left  []string `json:"left_out"`
	From  string   `json:"from"`  // device that was trained on
	Train int      `json:"train"` // trees
	Test  int      `json:"test"`
}

// MethodResult is what one method made of the parts of a split.
type MethodResult struct {
	Method   string     `json:"method"`
	Measured bool       `json:"measured"`          // the method is told measurements of the left-out model's run
	Missing  string     `json:"missing,omitempty"` // why there are no figures
	Levels   []Group    `json:"levels,omitempty"`
	Classes  []Group    `json:"classes,omitempty"`
	Models   []Group    `json:"models,omitempty"` // by model and level
	Residues []Residue  `json:"residues,omitempty"`
	Decision *Decision  `json:"decision,omitempty"`
	Coverage []Coverage `json:"coverage,omitempty"`
	Points   []Point    `json:"-"`
}

// Group is the errors of the nodes of one level, class or model.
type Group struct {
	Level    string  `json:"level"` // model, module, ml, ml-np
	Class    string  `json:"class,omitempty"`
	Model    string  `json:"model,omitempty"`
	Distinct Figures `json:"distinct"` // every measurement once
	Rows     Figures `json:"rows"`     // every node once: layers that share a measurement count each
}

// Figures are relative errors, as shares of what was measured. Of the absolute errors mean, median and 90th percentile;
// Bias is the mean of the signed ones, positive where predictions are too high.
type Figures struct {
	N      int          `json:"n"`
	Mean   stats.Number `json:"mean"`
	Median stats.Number `json:"median"`
	P90    stats.Number `json:"p90"`
	Bias   stats.Number `json:"bias"`
}

// Coverage is how often intervals held what was measured, of distinct measurements.
type Coverage struct {
	Level   string       `json:"level"`
	N       int          `json:"n"`
	Half    stats.Number `json:"within_50"`
	Ninety  stats.Number `json:"within_90"`
	Width50 stats.Number `json:"width_50"` // median of half the interval's width over the prediction
	Width90 stats.Number `json:"width_90"`
}

// Residue is a class of nodes of a model that is off by much.
type Residue struct {
	Model string       `json:"model"`
	Level string       `json:"level"`
	Class string       `json:"class"`
	Share stats.Number `json:"share"` // of the model's measured total
	Bias  stats.Number `json:"bias"`
}

// Point is one measurement and its prediction.
type Point struct {
	Model, Level        string
	Measured, Predicted float64
}

// outcome is a prediction beside what was measured.
type outcome struct {
	tree *irene.Tree
	node *irene.Node
	gold float64
	estimate
}

func (o *outcome) error() float64 { return (o.value - o.gold) / o.gold }

// kind is the class of the node; published trees spell some in two ways.
func (o *outcome) kind() string {
	if o.node.Type == irene.TypeMLNoParam {
		return strings.ToLower(o.node.InstanceType)
	}
	return o.node.InstanceType
}

// reportLevels lists the levels in the order of reports.
func reportLevels() []string {
	return []string{irene.TypeModel, irene.TypeModule, irene.TypeML, irene.TypeMLNoParam}
}

// leastResidue is the bias from which on a class of a model is listed among the residues.
const leastResidue = 0.1

// mostResidues is how many are listed.
const mostResidues = 12

// summarizeMethod joins what a method said in the parts of a split.
func summarizeMethod(m method, index int, trials []*trial) MethodResult {
	r := MethodResult{Method: m.name, Measured: m.measured}
	var runs [][]outcome
	for _, t := range trials {
		res := &t.results[index]
		if res.why != "" {
			r.Missing = res.why
			return r
		}
		for i, run := range res.runs {
			if i == len(runs) {
				runs = append(runs, nil)
			}
			runs[i] = append(runs[i], run...)
		}
	}
	all := slices.Concat(runs...)
	n := len(runs)
	for _, level := range reportLevels() {
		at := func(o *outcome) bool { return o.node.Type == level }
		r.add(&r.Levels, Group{Level: level}, all, n, at)
		for _, class := range distinctNames(all, at, (*outcome).kind) {
			r.add(&r.Classes, Group{Level: level, Class: class}, all, n, func(o *outcome) bool { return at(o) && o.kind() == class })
		}
		if c, ok := coverageOf(all, at); ok {
			c.Level = level
			r.Coverage = append(r.Coverage, c)
		}
	}
	name := func(o *outcome) string { return o.tree.Model }
	for _, model := range distinctNames(all, func(*outcome) bool { return true }, name) {
		for _, level := range reportLevels() {
			r.add(&r.Models, Group{Level: level, Model: model}, all, n, func(o *outcome) bool { return o.node.Type == level && name(o) == model })
		}
	}
	if m.name == MethodAdditive {
		r.Residues = residuesOf(all)
	}
	if len(runs) > 0 {
		r.Decision, r.Points = decide(runs), pointsOf(runs[0])
	}
	return r
}

// add appends the errors of those outcomes that are in, if any are.
func (r *MethodResult) add(to *[]Group, g Group, all []outcome, runs int, in func(*outcome) bool) {
	var list []*outcome
	for i := range all {
		if in(&all[i]) {
			list = append(list, &all[i])
		}
	}
	if len(list) > 0 {
		g.Distinct, g.Rows = figures(list, runs)
		*to = append(*to, g)
	}
}

func distinctNames(all []outcome, in func(*outcome) bool, name func(*outcome) string) []string {
	var names []string
	for i := range all {
		if o := &all[i]; in(o) && !slices.Contains(names, name(o)) {
			names = append(names, name(o))
		}
	}
	slices.Sort(names)
	return names
}

// measurement tells measurements apart: nodes of one type and class that took exactly the same at the same shape are
// copies of one.
type measurement struct {
	batch, sequence int64
	level, class    string
	gold            float64
}

func (o *outcome) measurement() measurement {
	return measurement{o.tree.Batch, o.tree.Sequence, o.node.Type, o.node.InstanceType, o.gold}
}

// figures averages within a measurement first for the distinct figures.
func figures(list []*outcome, runs int) (distinct, rows Figures) {
	at := map[measurement]int{}
	var absolute, signed, count, allAbsolute, allSigned []float64
	for _, o := range list {
		e := o.error()
		key := o.measurement()
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
	distinct, rows = figuresOf(absolute, signed), figuresOf(allAbsolute, allSigned)
	rows.N /= max(1, runs)
	return distinct, rows
}

func figuresOf(absolute, signed []float64) Figures {
	return Figures{
		N: len(absolute), Mean: stats.Number(stats.Mean(absolute)), Median: stats.Number(stats.Median(absolute)),
		P90: stats.Number(stats.Quantile(absolute, 0.9)), Bias: stats.Number(stats.Mean(signed)),
	}
}

// coverageOf counts the measurements that lie in their intervals; false where there are no intervals.
func coverageOf(all []outcome, in func(*outcome) bool) (c Coverage, ok bool) {
	type hits struct{ half, ninety, n float64 }
	at := map[measurement]*hits{}
	var order []*hits
	var half, ninety []float64
	for i := range all {
		o := &all[i]
		if !in(o) || !o.banded {
			continue
		}
		h := at[o.measurement()]
		if h == nil {
			h = &hits{}
			at[o.measurement()] = h
			order = append(order, h)
		}
		h.n++
		h.half += within(o.gold, o.half)
		h.ninety += within(o.gold, o.ninety)
		if o.value > 0 {
			half = append(half, (o.half.High-o.value)/o.value)
			ninety = append(ninety, (o.ninety.High-o.value)/o.value)
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

// residuesOf lists the classes of models whose mean error is large, those first that weigh most in the model.
func residuesOf(all []outcome) []Residue {
	type key struct{ model, level, class string }
	type sums struct{ gold, signed, n float64 }
	classes, models := map[key]*sums{}, map[string]float64{}
	var keys []key
	for i := range all {
		o := &all[i]
		if o.node.Type == irene.TypeModel {
			models[o.tree.Model] += o.gold
			continue
		}
		k := key{o.tree.Model, o.node.Type, o.kind()}
		s := classes[k]
		if s == nil {
			s = &sums{}
			classes[k] = s
			keys = append(keys, k)
		}
		s.gold += o.gold
		s.signed += o.error()
		s.n++
	}
	var out []Residue
	for _, k := range keys {
		s := classes[k]
		r := Residue{k.model, k.level, k.class, stats.Number(s.gold / models[k.model]), stats.Number(s.signed / s.n)}
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
func pointsOf(outcomes []outcome) []Point {
	type key struct {
		model string
		m     measurement
	}
	seen := map[key]bool{}
	var out []Point
	for i := range outcomes {
		o := &outcomes[i]
		if k := (key{o.tree.Model, o.measurement()}); !seen[k] {
			seen[k] = true
			out = append(out, Point{o.tree.Model, o.node.Type, o.gold, o.value})
		}
	}
	return out
}
