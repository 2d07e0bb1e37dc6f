package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/compare"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// crossings finds where, along a dim of several sizes, another model becomes the cheaper one.
type crossings struct {
	env    *environment
	models []*graph.Graph
	want   *compareRequest
	plan   *pointPlan
	points [][]compare.Compared
	base   int // the model that the others are held against
}

// mostSearches bounds the searches of one command.
const mostSearches = 16

// find searches along every dim of several sizes, at every choice of the others.
func (x *crossings) find() ([]compare.Crossing, error) {
	metric := x.metric()
	if metric == "" {
		return nil, nil
	}
	var out []compare.Crossing
	for f, flag := range x.plan.flags {
		if len(flag.values) < 2 {
			continue
		}
		for i, pt := range x.plan.points {
			if pt.values[f] != flag.values[0] { // one search per choice of the other dims
				continue
			}
			sizes := slices.Sorted(slices.Values(flag.values))
			costs := make([]compare.Cost, len(x.models))
			closed := true
			for k := range x.models {
				c, ok, err := x.cost(f, k, i, metric)
				if err != nil {
					return nil, err
				}
				costs[k], closed = c, closed && ok
			}
			for k := 0; k < len(x.models) && len(out) < mostSearches; k++ {
				if k == x.base {
					continue
				}
				c := compare.Crossing{
					Metric: report.FindMetric(metric).Key, Dim: flag.axis(), Models: [2]int{x.base, k}, Others: x.plan.label(pt, f), Closed: closed,
				}
				c.Search(costs[x.base], costs[k], sizes)
				out = append(out, c)
			}
		}
	}
	return out, nil
}

// metric is what the comparison is decided by; "" where it does not depend on dims.
func (x *crossings) metric() string {
	m := x.want.shown.Metrics[0]
	total := &x.points[0][0].Report.Tree.Metrics
	switch m {
	case "energy", "time":
		if !total.Predicted {
			return "flops"
		}
		if total.NoEnergy {
			return "time"
		}
	case "params", "operators":
		return ""
	}
	return m
}

// cost gives a model's number along a flag, as a closed form where there is one. False: by an analysis at each size.
func (x *crossings) cost(f, k, point int, metric string) (compare.Cost, bool, error) {
	base := x.points[point][k]
	name := x.plan.names[f][k]
	if name == "" {
		v, ok := x.number(base.Report, metric)
		return func(int64) (float64, bool) { return v, ok }, true, nil
	}
	c, err := x.closed(k, name, base, metric)
	if err == nil && c != nil {
		return c, true, nil
	}
	known := map[int64]float64{}
	return func(size int64) (float64, bool) {
		if v, ok := known[size]; ok {
			return v, true
		}
		dims := maps.Clone(x.plan.points[point].dims[k])
		dims[name] = size
		m, err := runModel(x.env, x.models[k], dims, x.want)
		if err != nil {
			return 0, false
		}
		v, ok := x.number(m.Report, metric)
		if ok {
			known[size] = v
		}
		return v, ok
	}, false, nil
}

// number is a model's number of a share of a run.
func (x *crossings) number(r *report.Report, metric string) (float64, bool) {
	v, ok := report.FindMetric(metric).Of(&r.Tree.Metrics)
	n, counted := r.Work.Count(x.want.per)
	return v / n, ok && counted
}

// closed compiles the closed form of a metric in one dim. It is nil where there is no closed form.
func (x *crossings) closed(k int, name string, base compare.Compared, metric string) (compare.Cost, error) {
	if !slices.Contains(analysis.Declared(x.models[k]), name) {
		return nil, nil // an expression
	}
	a, err := x.openIn(k, name, base)
	if err != nil {
		return nil, err
	}
	open, err := x.openCost(a, metric)
	if err != nil || open == nil {
		return nil, err
	}
	symbols, given, ok := follow(a, name, open.symbols)
	if !ok {
		return nil, nil
	}
	compiled, err := open.compile(symbols)
	if err != nil {
		return nil, err
	}
	shares, err := x.shares(a, symbols)
	if err != nil {
		return nil, err
	}
	args := make([]int64, len(symbols))
	return func(size int64) (float64, bool) {
		for i, d := range given {
			v, ok := d.Eval(func(string) (int64, bool) { return size, true })
			if !ok {
				return 0, false
			}
			args[i] = v
		}
		return compiled(args) / shares(args), true
	}, nil
}

// openIn analyzes a model with one dim open: the others are bound as they are at the point, but for those that the graph's
// equalities give.
func (x *crossings) openIn(k int, name string, base compare.Compared) (*analysis.Analysis, error) {
	g := x.models[k]
	options := x.want.open()
	options.Values = valuesOf(g, options.Values)
	unbound, err := analysis.Run(g, options)
	if err != nil {
		return nil, err
	}
	options.Dims = map[string]int64{}
	for _, d := range analysis.Declared(g) {
		v, ok := base.Analysis.Dims[d]
		if _, solved := unbound.Inference.Solved[d]; ok && d != name && !solved {
			options.Dims[d] = v
		}
	}
	return analysis.Run(g, options)
}

// follow lists a dim, then the other symbols that a cost depends on, each with what it is in that dim; false where one is none
// of its own.
func follow(a *analysis.Analysis, name string, all []string) (symbols []string, given []graph.Dim, ok bool) {
	symbols, given = []string{name}, []graph.Dim{graph.Symbol(name)}
	for _, s := range all {
		if s == name {
			continue
		}
		d, solved := a.Inference.Solved[s]
		if rest := d.Symbols(); !solved || len(rest) > 1 || len(rest) == 1 && rest[0] != name {
			return nil, nil, false
		}
		symbols, given = append(symbols, s), append(given, d)
	}
	return symbols, given, true
}

// shares compiles how many shares a run is.
func (x *crossings) shares(a *analysis.Analysis, symbols []string) (func([]int64) float64, error) {
	n, ok := report.SharesOf(a, x.want.per)
	if !ok {
		return nil, fmt.Errorf("%s has no %ss", a.Graph.File, x.want.per)
	}
	f, ok := predict.DimFormula(n)
	if !ok {
		return nil, fmt.Errorf("the %ss of %s have no closed form", x.want.per, a.Graph.File)
	}
	return f.Compile(symbols)
}

// openCost is a number of the whole model in open dims.
type openCost struct {
	symbols []string // that it depends on
	compile func(symbols []string) (func(values []int64) float64, error)
}

// openCost is a metric of an analysis with open dims; nil where some operator is not in it.
func (x *crossings) openCost(a *analysis.Analysis, metric string) (*openCost, error) {
	if metric != "energy" && metric != "time" {
		r := report.Build(a, nil, report.Options{Convention: x.want.convention})
		f, ok := predict.DimFormula(report.FindMetric(metric).Count(&r.Tree.Metrics))
		if !ok {
			return nil, nil
		}
		return &openCost{f.Symbols(), f.Compile}, nil
	}
	t, err := x.want.prediction.target(x.env)
	if err != nil {
		return nil, err
	}
	p, err := t.Bind(a)
	if err != nil || metric == "energy" && p.NoEnergy {
		return nil, err
	}
	return &openCost{p.Symbols(), func(symbols []string) (func([]int64) float64, error) {
		pass, err := p.Compile(symbols)
		if err != nil {
			return nil, err
		}
		return func(values []int64) float64 {
			s := pass(values)
			if metric == "time" {
				return float64(s.Time)
			}
			return float64(s.Energy)
		}, nil
	}}, nil
}
