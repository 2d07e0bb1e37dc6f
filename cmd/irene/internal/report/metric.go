package report

import (
	"github.com/irene-onnx/irene/graph"
)

// metrics is the table of what assertions may speak of.
var metrics = []struct {
	name  string
	value func(*Report, *Module) (float64, bool)
}{
	{"energy_j", metered(func(m *Metrics) float64 { return float64(m.Energy) })},
	{"energy_low_j", metered(func(m *Metrics) float64 { return float64(m.Low) })},
	{"energy_high_j", metered(func(m *Metrics) float64 { return float64(m.High) })},
	{"time_s", predicted(func(m *Metrics) float64 { return float64(m.Time) })},
	{"share", func(r *Report, m *Module) (float64, bool) { return m.Share, r.ShareOf() != "" }},
	{"flops", dim(func(m *Metrics) graph.Dim { return m.FLOPs })},
	{"macs", dim(func(m *Metrics) graph.Dim { return m.MACs })},
	{"params", dim(func(m *Metrics) graph.Dim { return m.Params })},
	{"bytes", dim(func(m *Metrics) graph.Dim { return m.Read.Add(m.Written) })},
	{"bytes_read", dim(func(m *Metrics) graph.Dim { return m.Read })},
	{"bytes_written", dim(func(m *Metrics) graph.Dim { return m.Written })},
	{"operators", count(func(m *Metrics) int { return m.Operators })},
	{"unknown", count(func(m *Metrics) int { return m.Unknown })},
	{"weight_bytes", whole(func(r *Report) (int64, bool) { return r.Memory.WeightBytes, true })},
	{"peak_activation_bytes", whole(func(r *Report) (int64, bool) { return r.Memory.PeakBytes, r.Memory.Known })},
	{"memory_bytes", whole(func(r *Report) (int64, bool) { return r.Memory.WeightBytes + r.Memory.PeakBytes, r.Memory.Known })},
}

// MetricNames lists the metrics that Report.Metric knows.
func MetricNames() []string {
	var names []string
	for _, m := range metrics {
		names = append(names, m.name)
	}
	return names
}

// Metric is a number of a module by its name; false where it is not known, or is no number of a single module.
func (r *Report) Metric(m *Module, name string) (float64, bool) {
	for _, x := range metrics {
		if x.name == name {
			return x.value(r, m)
		}
	}
	return 0, false
}

func predicted(f func(*Metrics) float64) func(*Report, *Module) (float64, bool) {
	return func(_ *Report, m *Module) (float64, bool) { return f(&m.Metrics), m.Metrics.Predicted }
}

func metered(f func(*Metrics) float64) func(*Report, *Module) (float64, bool) {
	return func(_ *Report, m *Module) (float64, bool) { return f(&m.Metrics), m.Metrics.HasEnergy() }
}

func dim(f func(*Metrics) graph.Dim) func(*Report, *Module) (float64, bool) {
	return func(_ *Report, m *Module) (float64, bool) {
		n, ok := f(&m.Metrics).Const()
		return float64(n), ok
	}
}

func count(f func(*Metrics) int) func(*Report, *Module) (float64, bool) {
	return func(_ *Report, m *Module) (float64, bool) { return float64(f(&m.Metrics)), true }
}

// whole is a number of the model alone.
func whole(f func(*Report) (int64, bool)) func(*Report, *Module) (float64, bool) {
	return func(r *Report, m *Module) (float64, bool) {
		n, ok := f(r)
		return float64(n), ok && m == r.Tree
	}
}
