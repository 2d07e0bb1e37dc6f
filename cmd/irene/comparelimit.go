package main

import (
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/compare"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

// limit is one --fail-if: a ratio to the first model that no other one may reach, of the model or of every module that
// matches a pattern.
type limit struct {
	text    string
	pattern string
	metric  string
	op      string
	ratio   float64
}

var limitSyntax = regexp.MustCompile(`^\s*(?:module:(.+):)?\s*([A-Za-z_]+)\s*(<=|>=|<|>)\s*([-+]?[0-9.eE]+)\s*(x|%)\s*$`)

// parseLimits reads --fail-if flags: "energy_j>1.05x", "time_s>5%", "module:encoder.*:flops<0.5x".
func parseLimits(flags []string) ([]limit, error) {
	var out []limit
	for _, f := range flags {
		m := limitSyntax.FindStringSubmatch(f)
		if m == nil {
			return nil, usagef("--fail-if %s: want METRIC OP RATIOx or METRIC OP CHANGE%% with > >= < <=, as in 'energy_j>1.05x', 'time_s>5%%' or 'module:encoder.*:flops>1x'", f)
		}
		l := limit{text: strings.TrimSpace(f), pattern: m[1], metric: m[2], op: m[3]}
		if !slices.Contains(report.MetricNames(), l.metric) || l.metric == "share" {
			return nil, usagef("--fail-if %s: no metric %s%s (metrics: %s)", f, l.metric, meant(l.metric, report.MetricNames()), strings.Join(report.MetricNames(), ", "))
		}
		v, err := strconv.ParseFloat(m[4], 64)
		if err != nil {
			return nil, usagef("--fail-if %s: %q is no number", f, m[4])
		}
		if l.ratio = v; m[5] == "%" {
			l.ratio = 1 + v/100
		}
		if l.ratio < 0 {
			return nil, usagef("--fail-if %s: a ratio cannot be negative", f)
		}
		out = append(out, l)
	}
	return out, nil
}

// judgeComparison holds the limits against a comparison, at every point. The verdict is an *assertionError where one is
// reached; err says that one cannot be judged at all.
func judgeComparison(stderr io.Writer, c *compare.Comparison, list []limit) (verdict, err error) {
	var failures []string
	for _, l := range list {
		rows := []*compare.Row{c.Root}
		if l.pattern != "" {
			if rows, err = findRows(c, "--fail-if "+l.text, l.pattern); err != nil {
				return nil, err
			}
		}
		judged := 0
		for _, r := range rows {
			for p := range c.Points {
				for k := 1; k < len(c.Names); k++ {
					failure, ok := l.check(c, r, p, k)
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
			return nil, usagef("--fail-if %s: no module that matches has one beside it to compare with", l.text)
		}
	}
	if failures != nil {
		return &assertionError{failures}, nil
	}
	for k, r := range c.Points[0].Reports {
		if n := r.Tree.Metrics.Unknown; n > 0 && list != nil {
			fmt.Fprintf(stderr, "irene: warning: --fail-if: %s of unknown cost in %s %s not counted\n", plural(n, "operator"), c.Names[k], isAre(n))
		}
	}
	return nil, nil
}

// check is a line where the limit is reached; false where there is nothing to compare.
func (l limit) check(c *compare.Comparison, r *compare.Row, point, k int) (string, bool) {
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
	a, okA := reports[0].Metric(ma, l.metric)
	b, okB := reports[k].Metric(mb, l.metric)
	if !okA || !okB {
		return fmt.Sprintf("comparison failed: %s%s: %s is not known", l.text, where, l.metric), true
	}
	ratio, _ := compare.Ratio(a, b)
	reached := false
	switch l.op {
	case ">":
		reached = ratio > l.ratio
	case ">=":
		reached = ratio >= l.ratio
	case "<":
		reached = ratio < l.ratio
	case "<=":
		reached = ratio <= l.ratio
	}
	if !reached {
		return "", true
	}
	text := strconv.FormatFloat(ratio, 'g', 4, 64) + "x"
	if math.IsInf(ratio, 1) {
		text = "not zero, but"
	}
	return fmt.Sprintf("comparison failed: %s%s: %s of %s is %s that of %s (%s, %s)", l.text, where, l.metric, c.Names[k], text, c.Names[0], number(b), number(a)), true
}
