package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/irene-onnx/irene/cmd/irene/internal/compare"
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

// judgeComparison holds the limits against a comparison, at every point. failed is an *assertionError where one is
// reached; err says that one cannot be judged at all.
func judgeComparison(stderr io.Writer, c *compare.Comparison, list []condition) (failed, err error) {
	var failures []string
	for _, l := range list {
		rows := []*compare.Row{c.Root}
		if l.pattern != "" {
			if rows, err = findRows(c, l.String(), l.pattern); err != nil {
				return nil, err
			}
		}
		judged := 0
		for _, r := range rows {
			for p := range c.Points {
				for k := 1; k < len(c.Names); k++ {
					failure, ok := checkLimit(&l, c, r, p, k)
					if ok {
						judged++
					}
					if failure != "" {
						failures = append(failures, failure)
					}
				}
			}
		}
		if judged == 0 {
			return nil, usagef("%v: no module that matches has one beside it to compare with", l)
		}
	}
	if failures != nil {
		return verdict(failures), nil
	}
	for k, r := range c.Points[0].Reports {
		if n := r.Tree.Metrics.Unknown; n > 0 && list != nil {
			fmt.Fprintf(stderr, "irene: warning: --fail-if: %s of unknown cost in %s %s not counted\n", plural(n, "operator"), c.Names[k], isAre(n))
		}
	}
	return nil, nil
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
	var a, b float64
	ratio, known, reached := l.judge(func(metric string) (float64, bool) {
		var okA, okB bool
		a, okA = reports[0].Metric(ma, metric)
		b, okB = reports[k].Metric(mb, metric)
		ratio, _ := compare.Ratio(a, b)
		return ratio, okA && okB
	})
	switch {
	case !known:
		return fmt.Sprintf("comparison failed: %s%s: %s is not known", l.text, where, l.metric), true
	case !reached:
		return "", true
	}
	text := strconv.FormatFloat(ratio, 'g', 4, 64) + "x"
	if math.IsInf(ratio, 1) {
		text = "not zero, but"
	}
	return fmt.Sprintf("comparison failed: %s%s: %s of %s is %s that of %s (%s, %s)", l.text, where, l.metric, c.Names[k], text, c.Names[0], number(b), number(a)), true
}
