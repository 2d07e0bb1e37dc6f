package main

import (
	"maps"
	"math"
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/compare"
	"github.com/irene-onnx/irene/cmd/irene/internal/render"
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
}

const (
	mostScanned  = 4096 // sizes at which closed forms are evaluated before the search narrows down
	mostSearches = 16   // searches of one command
	rounding     = 1e-9 // what closed forms and analyses may differ by
)

// cost is a model's number at a size of the dim that varies.
type cost func(size int64) (float64, bool)

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
			costs := make([]cost, len(x.models))
			closed := true
			for k := range x.models {
				c, ok, err := x.cost(f, k, i, metric)
				if err != nil {
					return nil, err
				}
				costs[k], closed = c, closed && ok
			}
			for k := 1; k < len(x.models) && len(out) < mostSearches; k++ {
				c := search(costs[0], costs[k], k, sizes, closed)
				c.Dim, c.Others, c.Metric, c.Closed = flag.axis(), x.plan.label(pt, f), report.FindMetric(metric).Key, closed
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
func (x *crossings) cost(f, k, point int, metric string) (cost, bool, error) {
	base := x.points[point][k]
	name := x.plan.names[f][k]
	if name == "" {
		v, ok := report.FindMetric(metric).Of(&base.Report.Tree.Metrics)
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
		v, ok := report.FindMetric(metric).Of(&m.Report.Tree.Metrics)
		if ok {
			known[size] = v
		}
		return v, ok
	}, false, nil
}

// closed compiles the closed form of a metric in one dim: the others are bound as they are at the point, but for those
// that the graph's equalities give. It is nil where there is no closed form.
func (x *crossings) closed(k int, name string, base compare.Compared, metric string) (cost, error) {
	g := x.models[k]
	declared := analysis.Declared(g)
	if !slices.Contains(declared, name) {
		return nil, nil // an expression
	}
	options := x.want.open()
	options.Values = valuesOf(g, options.Values)
	open, err := analysis.Run(g, options)
	if err != nil {
		return nil, err
	}
	bound := map[string]int64{}
	for _, d := range declared {
		v, ok := base.Analysis.Dims[d]
		if _, solved := open.Inference.Solved[d]; ok && d != name && !solved {
			bound[d] = v
		}
	}
	options.Dims = bound
	a, err := analysis.Run(g, options)
	if err != nil {
		return nil, err
	}
	formula, ok, err := x.formula(a, metric)
	if err != nil || !ok {
		return nil, err
	}
	symbols := []string{name}
	given := []graph.Dim{graph.Symbol(name)}
	for _, s := range formula.Symbols() {
		if s == name {
			continue
		}
		d, solved := a.Inference.Solved[s]
		if rest := d.Symbols(); !solved || len(rest) > 1 || len(rest) == 1 && rest[0] != name {
			return nil, nil
		}
		symbols, given = append(symbols, s), append(given, d)
	}
	compiled, err := formula.Compile(symbols)
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
		return compiled(args), true
	}, nil
}

// formula is the closed form of the whole model; false where some operator is not in it.
func (x *crossings) formula(a *analysis.Analysis, metric string) (predict.Formula, bool, error) {
	if metric != "energy" && metric != "time" {
		r := report.Build(a, nil, report.Options{Convention: x.want.convention})
		f, ok := predict.DimFormula(report.FindMetric(metric).Count(&r.Tree.Metrics))
		return f, ok, nil
	}
	t, err := x.want.prediction.target(x.env)
	if err != nil {
		return predict.Formula{}, false, err
	}
	p, err := t.Bind(a)
	if err != nil {
		return predict.Formula{}, false, err
	}
	fs, err := p.Formulas()
	if err != nil {
		return predict.Formula{}, false, err
	}
	m := fs.Modules[a.Tree.Root]
	if metric == "time" {
		return m.Time, true, nil
	}
	return m.Energy, !fs.NoEnergy, nil
}

// search looks for sizes at which another model becomes the cheaper one. Closed forms are looked at over the whole range,
// at a limited number of sizes; else only between neighbouring sizes that were asked for. It halves the gap between two
// sizes that disagree.
func search(a, b cost, k int, sizes []int64, closed bool) compare.Crossing {
	out := compare.Crossing{Models: [2]int{0, k}, Low: sizes[0], High: sizes[len(sizes)-1], Cheaper: -1}
	cheaper := func(size int64) render.Index {
		va, okA := a(size)
		vb, okB := b(size)
		switch {
		case !okA || !okB || math.Abs(va-vb) <= rounding*max(math.Abs(va), math.Abs(vb)):
			return -1
		case va < vb:
			return 0
		}
		return render.Index(k)
	}
	at := sizes
	if closed {
		step := max(1, (out.High-out.Low)/mostScanned)
		for s := out.Low; s < out.High; s += step {
			at = append(at, s)
		}
		slices.Sort(at)
		at = slices.Compact(at)
	}
	out.Cheaper = cheaper(at[0])
	last, now := at[0], out.Cheaper
	for _, s := range at[1:] {
		c := cheaper(s)
		if c != now && c >= 0 {
			low, high := last, s
			for high-low > 1 {
				if mid := low + (high-low)/2; cheaper(mid) == c {
					high = mid
				} else {
					low = mid
				}
			}
			if now >= 0 {
				out.Changes = append(out.Changes, compare.Switch{From: high, Cheaper: c})
			} else {
				out.Cheaper = c
			}
			now = c
		}
		last = s
	}
	return out
}
