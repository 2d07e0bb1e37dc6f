package main

import (
	"fmt"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

// assertions is what --assert of analyze takes.
func assertions() *dialect {
	return &dialect{
		flag: "assert", want: "METRIC OP NUMBER with <= < >= > == !=, as in 'energy_j<=5' or 'module:encoder.*:share<=0.1'",
		modules: true, metrics: report.MetricNames(),
	}
}

// judge holds assertions against a report. One fails, too, where it cannot be told to hold for operators of unknown cost;
// an error says that one cannot be judged at all.
func judge(r *report.Report, list []condition) (checks []check, err error) {
	for _, c := range list {
		k := check{of: r.Model.File, name: c.text}
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
				k.failures = append(k.failures, fmt.Sprintf("%s: %s is %v%s", of, c.metric, s, unknownOf(r)))
			case !holds:
				k.failures = append(k.failures, fmt.Sprintf("%s: %s is %v, limit %s", of, c.metric, s, number(c.limit)))
			}
		}
		checks = append(checks, k)
	}
	return checks, nil
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
		return fmt.Sprintf(", %s of unknown cost", render.Plural(n, "operator"))
	}
	return ""
}
