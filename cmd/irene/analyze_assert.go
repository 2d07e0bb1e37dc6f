package main

import (
	"fmt"
	"io"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

// assertions is what --assert of analyze takes.
func assertions() *dialect {
	return &dialect{
		flag: "assert", want: "METRIC OP NUMBER with <= < >= > == !=, as in 'energy_j<=5' or 'module:encoder.*:share<=0.1'",
		modules: true, metrics: report.MetricNames(),
	}
}

// judge holds assertions against a report. failed is an *assertionError where one does not hold; err says that one cannot
// be judged at all. A sum that leaves out unknown operators is warned of.
func judge(stderr io.Writer, r *report.Report, list []condition) (failed, err error) {
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
			v, known, holds := c.judge(func(metric string) (float64, bool) { return r.Metric(m, metric) })
			switch {
			case !known:
				failures = append(failures, fmt.Sprintf("assertion failed: %s: %s is not known", of, c.metric))
			case !holds:
				failures = append(failures, fmt.Sprintf("assertion failed: %s: %s is %s, limit %s", of, c.metric, number(v), number(c.limit)))
			case report.FindMetric(c.metric).More(&m.Metrics):
				n := m.Metrics.Unknown
				fmt.Fprintf(stderr, "irene: warning: %s holds, but %s of unknown cost %s not counted\n", of, plural(n, "operator"), isAre(n))
			}
		}
	}
	return verdict(failures), nil
}
