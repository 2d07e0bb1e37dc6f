package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/compare"
	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

// limits is what --fail-if of compare takes: a ratio to the first model that no other one may reach.
func limits() *dialect {
	return &dialect{
		flag: "fail-if", want: "METRIC OP RATIOx or METRIC OP CHANGE% with > >= < <=, as in 'energy_j>1.05x', 'time_s>5%' or 'module:encoder.*:flops>1x'",
		modules: true, ratios: true,
		metrics: slices.DeleteFunc(report.MetricNames(), func(name string) bool { return name == "share" }),
	}
}

// judgeComparison holds the limits against a comparison: every model beside the first, at every point. An error says that
// one cannot be judged at all.
func judgeComparison(c *compare.Comparison, list []condition) (checks []check, err error) {
	for _, l := range list {
		rows := []*compare.Row{c.Root}
		if l.pattern != "" {
			if rows, err = findRows(c, l.String(), l.pattern); err != nil {
				return nil, err
			}
		}
		judged := 0
		for p, point := range c.Points {
			for k := 1; k < len(c.Names); k++ {
				one := check{of: fmt.Sprintf("%s beside %s", point.Reports[k].Model.File, point.Reports[0].Model.File), name: l.text}
				if point.Label != "" {
					one.name += " at " + point.Label
				}
				for _, r := range rows {
					failure, ok := checkLimit(&l, c, r, p, k)
					if ok {
						judged++
					}
					if failure != "" {
						one.failures = append(one.failures, failure)
					}
				}
				checks = append(checks, one)
			}
		}
		if judged == 0 {
			return nil, usagef("%v: no module that matches has one beside it to compare with", l)
		}
	}
	return checks, nil
}

// checkLimit is a line where the limit is reached; false where there is nothing to compare.
func checkLimit(l *condition, c *compare.Comparison, r *compare.Row, point, k int) (string, bool) {
	reports := c.Points[point].Reports
	ma, mb := r.Module(point, 0), r.Module(point, k)
	if ma == nil || mb == nil {
		return "", false
	}
	where := ""
	if l.pattern != "" {
		where = ": module " + mb.Path
	}
	if label := c.Points[point].Label; label != "" {
		where += " at " + label
	}
	a := metricSpan(reports[0], ma, l.metric).over(c.Share(l.metric, point, 0))
	b := metricSpan(reports[k], mb, l.metric).over(c.Share(l.metric, point, k))
	ratio := b.of(a)
	reached, decided := l.judge(ratio)
	switch {
	case decided && !reached:
		return "", true
	case ratio == anything:
		return fmt.Sprintf("%s%s: %s is not known%s", l.text, where, l.metric, unknownIn(c)), true
	}
	text := ratio.format(4) + "x"
	if math.IsInf(ratio.low, 1) {
		text = "not zero, but"
	}
	return fmt.Sprintf("%s%s: %s of %s is %s that of %s (%v, %v)%s", l.text, where, l.metric, c.Names[k], text, c.Names[0], b, a, unknownIn(c)), true
}

// unknownIn says how many operators of unknown cost each model has; "" where there are none.
func unknownIn(c *compare.Comparison) string {
	text := ""
	for k, r := range c.Points[0].Reports {
		if n := r.Tree.Metrics.Unknown; n > 0 {
			text += fmt.Sprintf(", %s of unknown cost in %s", render.Plural(n, "operator"), c.Names[k])
		}
	}
	return text
}
