package main

import (
	"strings"

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
	values := map[string]func(*sweep.Row) float64{}
	for _, m := range report.SweepMetrics(s.Item()) {
		names = append(names, m.Key)
		values[m.Key] = m.Sweep
	}
	for _, c := range q.assertions {
		if err := c.check(names); err != nil {
			return nil, err
		}
		s.Asserted = append(s.Asserted, c.text)
	}
	return func(r *sweep.Row) bool {
		for i := range q.assertions {
			if _, _, holds := q.assertions[i].judge(func(metric string) (float64, bool) { return values[metric](r), true }); !holds {
				return false
			}
		}
		return true
	}, nil
}

// verdict fails where assertions hold nowhere on a device.
func (q *sweepRequest) verdict(s *report.Sweep) error {
	var failures []string
	for i, b := range s.Best {
		if b == nil && len(q.assertions) > 0 {
			failures = append(failures, "assertion failed: "+strings.Join(s.Asserted, " and ")+" holds at no point that fits "+s.Grid.Programs[i].Device.ID)
		}
	}
	return verdict(failures)
}
