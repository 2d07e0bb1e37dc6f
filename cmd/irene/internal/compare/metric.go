package compare

import (
	"fmt"
	"math"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

// metrics are what models are compared by.
func metrics() []*report.Metric { return report.MetricTable((*report.Metric).Compared) }

// Metrics lists the names of what models are compared by.
func Metrics() []string {
	var out []string
	for _, x := range metrics() {
		out = append(out, x.Label())
	}
	return out
}

// shown are the metrics of the view that there are numbers of; else the times, else the FLOPs.
func (c *Comparison) shown() []*report.Metric {
	var out []*report.Metric
	for _, name := range c.View.Metrics {
		m := report.FindMetric(name)
		if _, ok := m.Of(&c.Points[0].Reports[0].Tree.Metrics); ok {
			out = append(out, m)
		}
	}
	switch {
	case out == nil && c.Points[0].Reports[0].Tree.Metrics.Predicted:
		out = append(out, report.FindMetric("time"))
	case out == nil:
		out = append(out, report.FindMetric("flops"))
	}
	return out
}

// amount is a number that a model may lack.
type amount struct {
	value float64
	known bool
	some  bool // the model has the module
	more  bool // operators of unknown cost come on top
}

// amount is a number of a model's module at a point, of a share of a run where runs are compared by shares.
func (c *Comparison) amount(x *report.Metric, point, model int, m *report.Metrics) amount {
	if m == nil {
		return amount{}
	}
	v, ok := x.Of(m)
	return amount{value: v / c.share(x, point, model), known: ok, some: true, more: x.More(m)}
}

// share is how many shares a metric of a model's run is divided by: what a run takes is, what the model holds is not.
func (c *Comparison) share(x *report.Metric, point, model int) float64 {
	if x.Exact {
		return 1
	}
	return c.shares[point][model]
}

// total is a number of the whole of a model at a point.
func (c *Comparison) total(x *report.Metric, point, model int) amount {
	return c.amount(x, point, model, &c.Points[point].Reports[model].Tree.Metrics)
}

func (a amount) plus(b amount) amount {
	return amount{a.value + b.value, a.known || b.known, a.some || b.some, a.more || b.more}
}

// printed is an amount as text: "–" where the model has no such module.
func (a amount) printed(x *report.Metric) string {
	if !a.some {
		return "–"
	}
	return x.Print(a.value, a.known, a.more)
}

// difference prints b - a with its sign, or its bound; "" where it is not known.
func difference(x *report.Metric, a, b amount) string {
	if !a.some && !b.some || a.some && !a.known || b.some && !b.known {
		return ""
	}
	bound, ok := boundSign(a, b)
	if !ok {
		return ""
	}
	switch d := b.value - a.value; {
	case d > 0:
		return bound + "+" + x.Unit.Text(d)
	case d < 0:
		return bound + "-" + x.Unit.Text(-d)
	}
	return bound + "0"
}

// boundSign stands before what b is over a, as what is known of both has it: "≤" where more of a is not known, "≥" where
// more of b is; false where both are, which bounds nothing.
func boundSign(a, b amount) (string, bool) {
	switch {
	case a.more && b.more:
		return "", false
	case a.more:
		return "≤ ", true
	case b.more:
		return "≥ ", true
	}
	return "", true
}

// Ratio is b/a; false where one is not known or a is zero and b is not.
func Ratio(a, b float64) (float64, bool) {
	switch {
	case a == b:
		return 1, true
	case a == 0:
		return math.Inf(1), false
	}
	return b / a, true
}

// ratioText prints b/a, or its bound: "0.51x", "≥ 0.51x"; "" where neither is known.
func ratioText(a, b amount) string {
	bound, bounded := boundSign(a, b)
	r, ok := Ratio(a.value, b.value)
	if !a.known || !b.known || !bounded || !ok || bound != "" && r == 0 {
		return ""
	}
	return bound + formatRatio(r)
}

// ratio is b/a; NaN where one of both is not known, in part too, or divides by zero.
func (a amount) ratio(b amount) float64 {
	r, ok := Ratio(a.value, b.value)
	if !ok || !a.known || !b.known || a.more || b.more {
		return math.NaN()
	}
	return r
}

// formatRatio prints a ratio with three digits where it is small, four where it is near 1: "0.513x".
func formatRatio(r float64) string {
	switch {
	case r == 1:
		return "1x"
	case r >= 100:
		return fmt.Sprintf("%.0fx", r)
	case r >= 10:
		return fmt.Sprintf("%.1fx", r)
	case math.Abs(r-1) < 0.005:
		return fmt.Sprintf("%.4fx", r)
	case r < 0.01:
		return fmt.Sprintf("%.2gx", r)
	}
	return fmt.Sprintf("%.2fx", r)
}
