package main

import (
	"fmt"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

// assertions is what --assert of analyze takes.
func assertions() *dialect {
	return &dialect{
		flag: "assert", want: "METRIC OP NUMBER with <= < >= > == !=, as in 'energy_j<=5' or 'module:encoder.*:share<=0.1'",
		modules: true, metrics: report.MetricNames(),
	}
}

// judge holds assertions against a report. failed is an *assertionError where one does not hold, or cannot be told to for
// operators of unknown cost; err says that one cannot be judged at all.
func judge(r *report.Report, list []condition) (failed, err error) {
	var failures []string
	for _, c := range list {
		modules := []*report.Module{r.Tree}
		if c.pattern != "" {
			if modules, err = findModules(r, c.String(), c.pattern); err != nil {
				return nil, err
			}
		}
		for _, m := range modules {
			of := c.text
			if c.pattern != "" {
				of += ": module " + m.Path
			}
			s := metricSpan(r, m, c.metric)
			holds, decided := c.judge(s)
			switch {
			case !decided:
				failures = append(failures, fmt.Sprintf("assertion failed: %s: %s is %v%s", of, c.metric, s, unknownOf(r)))
			case !holds:
				failures = append(failures, fmt.Sprintf("assertion failed: %s: %s is %v, limit %s", of, c.metric, s, number(c.limit)))
			}
		}
	}
	return verdict(failures), nil
}

// metricSpan is what a metric of a module lies in. A share is of the whole, which may be known in part alone, too.
func metricSpan(r *report.Report, m *report.Module, metric string) span {
	x := report.FindMetric(metric)
	v, known := r.Metric(m, metric)
	if metric != "share" || r.Tree.Metrics.Unknown == 0 {
		return spanOf(v, known, x.More(&m.Metrics))
	}
	energy := report.FindMetric("energy_j")
	part := spanOf(float64(m.Metrics.Energy), m.Metrics.HasEnergy(), energy.More(&m.Metrics))
	return part.of(spanOf(float64(r.Tree.Metrics.Energy), r.Tree.Metrics.HasEnergy(), true))
}

// unknownOf says how many operators of unknown cost a report has; "" where there are none.
func unknownOf(r *report.Report) string {
	if n := r.Tree.Metrics.Unknown; n > 0 {
		return fmt.Sprintf(", %s of unknown cost", plural(n, "operator"))
	}
	return ""
}
