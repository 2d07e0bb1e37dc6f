package main

import (
	"math"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy/sweep"
)

// sweepAssertion is a condition on points.
type sweepAssertion struct {
	text, metric, op string
	limit            float64
	value            func(*sweep.Row) float64
}

// parseSweepAssertions reads --assert flags: "time_s<=0.05".
func parseSweepAssertions(flags []string) ([]sweepAssertion, error) {
	var out []sweepAssertion
	for _, f := range flags {
		m := assertionSyntax.FindStringSubmatch(f)
		if m == nil || m[1] != "" {
			return nil, usagef("--assert %s: want METRIC OP NUMBER with <= < >= > == !=, as in 'time_s<=0.05'", f)
		}
		limit, err := strconv.ParseFloat(m[4], 64)
		if err != nil || math.IsNaN(limit) {
			return nil, usagef("--assert %s: %q is no number", f, m[4])
		}
		out = append(out, sweepAssertion{text: strings.TrimSpace(f), metric: m[2], op: m[3], limit: limit})
	}
	return out, nil
}

// checkAssertions finds the metrics that assertions name.
func (q *sweepRequest) checkAssertions(s *report.Sweep) error {
	var names []string
	for _, m := range report.SweepMetrics(s.Item()) {
		names = append(names, m.Key)
		for i := range q.assertions {
			if q.assertions[i].metric == m.Key {
				q.assertions[i].value = m.Sweep
			}
		}
	}
	for _, a := range q.assertions {
		if a.value == nil {
			return usagef("--assert %s: no metric %s%s (metrics: %s)", a.text, a.metric, meant(a.metric, names), strings.Join(names, ", "))
		}
		s.Asserted = append(s.Asserted, a.text)
	}
	return nil
}

// holds reports whether every assertion holds for a row; a number that is not known holds nothing.
func (q *sweepRequest) holds(*report.Sweep) func(*sweep.Row) bool {
	return func(r *sweep.Row) bool {
		for i := range q.assertions {
			a := &q.assertions[i]
			if v := a.value(r); math.IsNaN(v) || !holds(v, a.op, a.limit) {
				return false
			}
		}
		return true
	}
}

// verdict fails where assertions hold nowhere on a device.
func (q *sweepRequest) verdict(s *report.Sweep) error {
	if len(q.assertions) == 0 {
		return nil
	}
	var failures []string
	for i, b := range s.Best {
		if b == nil {
			failures = append(failures, "assertion failed: "+strings.Join(s.Asserted, " and ")+" holds at no point that fits "+s.Grid.Targets[i].Device.ID)
		}
	}
	if failures != nil {
		return &assertionError{failures}
	}
	return nil
}
