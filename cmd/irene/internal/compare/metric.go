package compare

import (
	"fmt"
	"math"
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

// compareMetric is a number that models are compared by.
type metric struct {
	name, key string
	noun      string // "takes 0.5x the energy of A"
	value     func(*report.Metrics) (float64, bool)
	text      func(float64) string
}

// compareMetrics is the table of what models are compared by.
var metrics = []metric{
	{"energy", "energy_j", "energy", func(m *report.Metrics) (float64, bool) { return float64(m.Energy), m.HasEnergy() }, func(v float64) string { return energy.Joules(v).String() }},
	{"time", "time_s", "time", estimated(func(m *report.Metrics) float64 { return float64(m.Time) }), func(v float64) string { return energy.Seconds(v).String() }},
	{"flops", "flops", "FLOPs", counted(func(m *report.Metrics) graph.Dim { return m.FLOPs }), countOf("FLOP")},
	{"macs", "macs", "MACs", counted(func(m *report.Metrics) graph.Dim { return m.MACs }), countOf("MAC")},
	{"bytes", "bytes", "bytes", counted(func(m *report.Metrics) graph.Dim { return report.Plus(m.Read, m.Written) }), energy.FormatBytes},
	{"params", "params", "parameters", counted(func(m *report.Metrics) graph.Dim { return m.Params }), energy.FormatCount},
	{"operators", "operators", "operators", func(m *report.Metrics) (float64, bool) { return float64(m.Operators), true }, energy.FormatCount},
}

// countOf prints counts of a unit: "10.98 GFLOP".
func countOf(unit string) func(float64) string {
	return func(v float64) string {
		s := energy.FormatCount(v)
		if last := s[len(s)-1]; last >= '0' && last <= '9' {
			return s + " " + unit
		}
		return s + unit
	}
}

func estimated(f func(*report.Metrics) float64) func(*report.Metrics) (float64, bool) {
	return func(m *report.Metrics) (float64, bool) { return f(m), m.Predicted }
}

func counted(f func(*report.Metrics) graph.Dim) func(*report.Metrics) (float64, bool) {
	return func(m *report.Metrics) (float64, bool) {
		n, ok := f(m).Const()
		return float64(n), ok
	}
}

// Metrics lists the names of what models are compared by.
func Metrics() []string {
	var out []string
	for _, m := range metrics {
		out = append(out, m.name)
	}
	return out
}

func findMetric(name string) *metric {
	i := slices.IndexFunc(metrics, func(m metric) bool { return m.name == name || m.key == name })
	return &metrics[max(i, 0)]
}

// shown are the metrics of the view that there are numbers of; else the times, else the FLOPs.
func (c *Comparison) shown() []*metric {
	var out []*metric
	for _, name := range c.View.Metrics {
		m := findMetric(name)
		if _, ok := m.value(&c.Points[0].Reports[0].Tree.Metrics); ok {
			out = append(out, m)
		}
	}
	switch {
	case out == nil && c.Points[0].Reports[0].Tree.Metrics.Predicted:
		out = append(out, findMetric("time"))
	case out == nil:
		out = append(out, findMetric("flops"))
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

func (x *metric) amount(m *report.Metrics) amount {
	if m == nil {
		return amount{}
	}
	v, ok := x.value(m)
	return amount{value: v, known: ok, some: true, more: m.Unknown > 0 && x.key != "params" && x.key != "operators"}
}

func (a amount) plus(b amount) amount {
	return amount{a.value + b.value, a.known || b.known, a.some || b.some, a.more || b.more}
}

// text prints an amount: "–" where the model has no such module.
func (x *metric) print(a amount) string {
	switch {
	case !a.some:
		return "–"
	case !a.known:
		return render.UnknownText
	case a.value == 0 && a.more:
		return render.UnknownText
	case a.value == 0:
		return "0"
	case a.more:
		return "≥ " + x.text(a.value)
	}
	return x.text(a.value)
}

// difference prints b - a with its sign; "" where it is not known.
func (x *metric) difference(a, b amount) string {
	if !a.some && !b.some || a.some && !a.known || b.some && !b.known {
		return ""
	}
	switch d := b.value - a.value; {
	case d > 0:
		return "+" + x.text(d)
	case d < 0:
		return "-" + x.text(-d)
	}
	return "0"
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

// ratioText prints b/a: "0.51x".
func ratioText(a, b amount) string {
	if !a.known || !b.known {
		return ""
	}
	r, ok := Ratio(a.value, b.value)
	if !ok {
		return ""
	}
	return FormatRatio(r)
}

// FormatRatio prints a ratio with three digits where it is small, four where it is near 1: "0.513x".
func FormatRatio(r float64) string {
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

// Value is a metric of a module by its name.
func Value(name string, m *report.Metrics) (float64, bool) { return findMetric(name).value(m) }

// Dim is the expression of a metric that is counted.
func Dim(name string, m *report.Metrics) graph.Dim {
	switch name {
	case "flops":
		return m.FLOPs
	case "macs":
		return m.MACs
	case "bytes":
		return m.Read.Add(m.Written)
	}
	return graph.Dim{}
}
