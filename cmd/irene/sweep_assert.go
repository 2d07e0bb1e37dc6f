package main

import (
	"fmt"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy/sweep"
)

// pointAssertions is what --assert of sweep takes: conditions on points, whose metrics depend on the model's dims.
func pointAssertions() *dialect {
	return &dialect{flag: "assert", want: "METRIC OP NUMBER with <= < >= > == !=, as in 'time_s<=0.05'"}
}

// holding checks the metrics that assertions name, and returns whether all of them hold for a row.
func (q *sweepRequest) holding(s *report.Sweep) (func(*sweep.Row) bool, error) {
	var names []string
	metrics := map[string]*report.Metric{}
	for _, m := range report.SweepMetrics(s.Item()) {
		names = append(names, m.Key)
		metrics[m.Key] = &m
	}
	for _, c := range q.assertions {
		if err := c.check(names); err != nil {
			return nil, err
		}
		s.Asserted = append(s.Asserted, c.text)
	}
	return func(r *sweep.Row) bool {
		for i := range q.assertions {
			c := &q.assertions[i]
			if holds, decided := c.judge(spanOf(metrics[c.metric].OfRow(r))); !holds || !decided {
				return false
			}
		}
		return true
	}, nil
}

// judge says of each device and precision whether the assertions hold, all of them at some point that fits.
func (q *sweepRequest) judge(s *report.Sweep) (checks []check) {
	if len(q.assertions) == 0 {
		return nil
	}
	for group, held := range s.Found.Held {
		k := check{of: s.Model.File + " on " + s.GroupName(group), name: strings.Join(s.Asserted, " and ")}
		if !held {
			text := k.name + " holds at no point that fits " + s.GroupName(group)
			if n := s.Found.Unknown; n > 0 {
				text += fmt.Sprintf("; the cost of %s is not known", render.Plural(n, "operator"))
			}
			k.failures = []string{text}
		}
		checks = append(checks, k)
	}
	return checks
}
