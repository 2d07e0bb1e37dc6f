package report

import (
	"fmt"
	"math"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

// compareMetric is a number that models are compared by.
type compareMetric struct {
	name, key string
	noun      string // "takes 0.5x the energy of A"
	value     func(*Metrics) (float64, bool)
	text      func(float64) string
}

// compareMetrics is the table of what models are compared by.
var compareMetrics = []compareMetric{
	{"energy", "energy_j", "energy", func(m *Metrics) (float64, bool) { return float64(m.Energy), m.HasEnergy() }, func(v float64) string { return energy.Joules(v).String() }},
	{"time", "time_s", "time", estimated(func(m *Metrics) float64 { return float64(m.Time) }), func(v float64) string { return energy.Seconds(v).String() }},
	{"flops", "flops", "FLOPs", counted(func(m *Metrics) graph.Dim { return m.FLOPs }), countOf("FLOP")},
	{"macs", "macs", "MACs", counted(func(m *Metrics) graph.Dim { return m.MACs }), countOf("MAC")},
	{"bytes", "bytes", "bytes", counted(func(m *Metrics) graph.Dim { return plus(m.Read, m.Written) }), energy.FormatBytes},
	{"params", "params", "parameters", counted(func(m *Metrics) graph.Dim { return m.Params }), energy.FormatCount},
	{"operators", "operators", "operators", func(m *Metrics) (float64, bool) { return float64(m.Operators), true }, energy.FormatCount},
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

func estimated(f func(*Metrics) float64) func(*Metrics) (float64, bool) {
	return func(m *Metrics) (float64, bool) { return f(m), m.Predicted }
}

func counted(f func(*Metrics) graph.Dim) func(*Metrics) (float64, bool) {
	return func(m *Metrics) (float64, bool) {
		n, ok := f(m).Const()
		return float64(n), ok
	}
}

// CompareMetrics lists the names of what models are compared by.
func CompareMetrics() []string {
	var out []string
	for _, m := range compareMetrics {
		out = append(out, m.name)
	}
	return out
}

func findCompareMetric(name string) *compareMetric {
	i := slices.IndexFunc(compareMetrics, func(m compareMetric) bool { return m.name == name || m.key == name })
	return &compareMetrics[max(i, 0)]
}

// shown are the metrics of the view that there are numbers of; else the times, else the FLOPs.
func (c *Comparison) shown() []*compareMetric {
	var out []*compareMetric
	for _, name := range c.View.Metrics {
		m := findCompareMetric(name)
		if _, ok := m.value(&c.Points[0].Reports[0].Tree.Metrics); ok {
			out = append(out, m)
		}
	}
	switch {
	case out == nil && c.Points[0].Reports[0].Tree.Metrics.Predicted:
		out = append(out, findCompareMetric("time"))
	case out == nil:
		out = append(out, findCompareMetric("flops"))
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

func (x *compareMetric) amount(m *Metrics) amount {
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
func (x *compareMetric) print(a amount) string {
	switch {
	case !a.some:
		return "–"
	case !a.known:
		return unknownText
	case a.value == 0 && a.more:
		return unknownText
	case a.value == 0:
		return "0"
	case a.more:
		return "≥ " + x.text(a.value)
	}
	return x.text(a.value)
}

// difference prints b - a with its sign; "" where it is not known.
func (x *compareMetric) difference(a, b amount) string {
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

// CompareValue is a metric of a module by its name.
func CompareValue(name string, m *Metrics) (float64, bool) { return findCompareMetric(name).value(m) }

// CompareDim is the expression of a metric that is counted.
func CompareDim(name string, m *Metrics) graph.Dim {
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
