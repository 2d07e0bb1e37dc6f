package main

import (
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

// assertion is one --assert: a metric of the model, or of every module that matches a pattern, against a limit.
type assertion struct {
	text    string
	pattern string // "" is the whole model
	metric  string
	op      string
	limit   float64
}

var assertionSyntax = regexp.MustCompile(`^\s*(?:module:(.+):)?\s*([A-Za-z_]+)\s*(<=|>=|==|!=|<|>)\s*(\S+)\s*$`)

// parseAssertions reads --assert flags: "energy_j<=5", "module:encoder.layer.*:share<=0.1".
func parseAssertions(flags []string) ([]assertion, error) {
	var out []assertion
	for _, f := range flags {
		m := assertionSyntax.FindStringSubmatch(f)
		if m == nil {
			return nil, usagef("--assert %s: want METRIC OP NUMBER with <= < >= > == !=, as in 'energy_j<=5' or 'module:encoder.*:share<=0.1'", f)
		}
		a := assertion{text: strings.TrimSpace(f), pattern: m[1], metric: m[2], op: m[3]}
		if !slices.Contains(report.MetricNames(), a.metric) {
			return nil, usagef("--assert %s: no metric %s%s (metrics: %s)", f, a.metric, meant(a.metric, report.MetricNames()), strings.Join(report.MetricNames(), ", "))
		}
		limit, err := strconv.ParseFloat(m[4], 64)
		if err != nil || math.IsNaN(limit) {
			return nil, usagef("--assert %s: %q is no number", f, m[4])
		}
		a.limit = limit
		out = append(out, a)
	}
	return out, nil
}

// judge holds the assertions against a report. The verdict is an *assertionError where one does not hold; err says
// that one cannot be judged at all. A sum that leaves out unknown operators is warned of.
func judge(stderr io.Writer, r *report.Report, list []assertion) (verdict, err error) {
	var failures []string
	for _, a := range list {
		modules := []*report.Module{r.Tree}
		if a.pattern != "" {
			if modules, err = findModules(r, "--assert "+a.text, a.pattern); err != nil {
				return nil, err
			}
		}
		for _, m := range modules {
			if failure := a.check(r, m); failure != "" {
				failures = append(failures, failure)
			} else if n := m.Metrics.Unknown; n > 0 && a.metric != "unknown" && a.metric != "operators" && a.metric != "params" {
				fmt.Fprintf(stderr, "irene: warning: %s holds, but %s of unknown cost %s not counted\n", a.of(m), plural(n, "operator"), isAre(n))
			}
		}
	}
	if failures != nil {
		return &assertionError{failures}, nil
	}
	return nil, nil
}

// check is "" where the assertion holds for a module, else a line that says how far it is from holding.
func (a assertion) check(r *report.Report, m *report.Module) string {
	v, ok := r.Metric(m, a.metric)
	if !ok {
		return fmt.Sprintf("assertion failed: %s: %s is not known", a.of(m), a.metric)
	}
	if holds(v, a.op, a.limit) {
		return ""
	}
	return fmt.Sprintf("assertion failed: %s: %s is %s, limit %s", a.of(m), a.metric, number(v), number(a.limit))
}

// holds reports whether v OP limit holds.
func holds(v float64, op string, limit float64) bool {
	switch op {
	case "<=":
		return v <= limit
	case "<":
		return v < limit
	case ">=":
		return v >= limit
	case ">":
		return v > limit
	case "==":
		return v == limit
	}
	return v != limit
}

// of is the assertion as it was written, with the module it is held against.
func (a assertion) of(m *report.Module) string {
	if a.pattern == "" {
		return a.text
	}
	return a.text + ": module " + m.Path
}

// number prints whole numbers in full and others with six digits.
func number(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}
