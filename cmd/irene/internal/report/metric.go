package report

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/energy/sweep"
	"github.com/irene-onnx/irene/graph"
)

// Metric is a row of the table of numbers. Conditions, sort keys, comparisons, closed forms, sweeps, CSV and the page
// read what it says; a metric is added by a row.
type Metric struct {
	Name   string // by which flags sort and ask for closed forms; "" where they cannot
	Key    string // in JSON, CSV and conditions
	Title  string // of its column in tables for people; "" where it has none
	Noun   string // in sentences that compare models; "" where models are not compared by it
	Symbol string // in LaTeX; "" where it has no closed form
	Unit   Unit
	Column int  // in CSV, from 1 on; 0 where it has none
	Drop   int  // render.Column.Drop of its column in tables for people
	Exact  bool // operators of unknown cost are counted too

	Quotient bool // of two numbers that operators of unknown cost add to: no bound is known where there are some

	Count     func(*Metrics) graph.Dim                      // of what is counted
	Number    func(*Metrics) (float64, bool)                // of what is no count; false where it is not known
	Whole     func(*Report) (int64, bool)                   // of what only the model as a whole has
	Closed    func(*predict.ModuleFormula) *predict.Formula // of what is predicted
	Predicted func(*law.Sum) float64                        // the same of a module's prediction
	Sweep     func(*sweep.Row) float64                      // of a point of a sweep; NaN where it is not known
}

// Unit is what a metric is counted in.
type Unit struct {
	Symbol string
	Text   func(float64) string
}

var (
	joule   = Unit{"J", func(v float64) string { return energy.Joules(v).String() }}
	second  = Unit{"s", func(v float64) string { return energy.Seconds(v).String() }}
	watt    = Unit{"W", func(v float64) string { return energy.Watts(v).String() }}
	flop    = Unit{"FLOP", func(v float64) string { return energy.FormatCountOf(v, "FLOP") }}
	mac     = Unit{"MAC", func(v float64) string { return energy.FormatCountOf(v, "MAC") }}
	octet   = Unit{"B", energy.FormatBytes}
	memory  = Unit{"B", energy.FormatBinaryBytes}
	params  = Unit{"", energy.FormatParameters}
	plain   = Unit{"", func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }}
	percent = Unit{"", render.Percent}
)

// metricTable is in the order in which lists name metrics. In keys and titles of sweeps, ITEM stands for what energy is
// divided by.
var metricTable = []Metric{
	{
		Name: "energy", Key: "energy_j", Title: "energy", Noun: "energy", Symbol: `E / \mathrm{J}`, Unit: joule, Column: 9,
		Number:    energyOf(func(m *Metrics) energy.Joules { return m.Energy }),
		Closed:    func(f *predict.ModuleFormula) *predict.Formula { return &f.Energy },
		Predicted: func(s *law.Sum) float64 { return float64(s.Energy) },
		Sweep:     func(r *sweep.Row) float64 { return float64(r.Energy) },
	},
	{Key: "energy_low_j", Unit: joule, Column: 10, Number: energyOf(func(m *Metrics) energy.Joules { return m.Low })},
	{Key: "energy_high_j", Unit: joule, Column: 11, Number: energyOf(func(m *Metrics) energy.Joules { return m.High })},
	{
		Name: "time", Key: "time_s", Title: "time", Noun: "time", Symbol: `t / \mathrm{s}`, Unit: second, Column: 8,
		Number:    func(m *Metrics) (float64, bool) { return float64(m.Time), m.Predicted },
		Closed:    func(f *predict.ModuleFormula) *predict.Formula { return &f.Time },
		Predicted: func(s *law.Sum) float64 { return float64(s.Time) },
		Sweep:     func(r *sweep.Row) float64 { return float64(r.Time) },
	},
	{Key: "power_w", Title: "power", Drop: 2, Unit: watt, Quotient: true, Sweep: func(r *sweep.Row) float64 { return float64(r.Power()) }},
	{Key: "ITEMs", Title: "ITEMs", Drop: 3, Unit: plain, Exact: true, Sweep: func(r *sweep.Row) float64 { return r.Items }},
	{Key: "j_per_ITEM", Title: "per ITEM", Unit: joule, Sweep: func(r *sweep.Row) float64 { return float64(r.PerItem()) }},
	{Key: "share", Title: "share", Unit: percent, Column: 12, Number: func(m *Metrics) (float64, bool) { return m.Share, !math.IsNaN(m.Share) }},
	{
		Name: "flops", Key: "flops", Title: "FLOPs", Noun: "FLOPs", Symbol: `N_\mathrm{FLOP}`, Unit: flop, Column: 3, Drop: 4,
		Count: func(m *Metrics) graph.Dim { return m.FLOPs },
		Sweep: func(r *sweep.Row) float64 { return r.FLOPs },
	},
	{
		Name: "macs", Key: "macs", Noun: "MACs", Symbol: `N_\mathrm{MAC}`, Unit: mac, Column: 2,
		Count: func(m *Metrics) graph.Dim { return m.MACs },
	},
	{
		Name: "bytes", Key: "bytes", Title: "bytes", Noun: "bytes", Symbol: `N_\mathrm{byte}`, Unit: octet, Drop: 5,
		Count: func(m *Metrics) graph.Dim { return plus(m.Read, m.Written) },
		Sweep: func(r *sweep.Row) float64 { return r.Bytes },
	},
	{
		Name: "params", Key: "params", Title: "params", Noun: "parameters", Unit: params, Column: 1, Drop: 7, Exact: true,
		Count: func(m *Metrics) graph.Dim { return m.Params },
	},
	{Key: "bytes_read", Unit: octet, Column: 4, Count: func(m *Metrics) graph.Dim { return m.Read }},
	{Key: "bytes_written", Unit: octet, Column: 5, Count: func(m *Metrics) graph.Dim { return m.Written }},
	{Key: "operators", Noun: "operators", Unit: plain, Column: 6, Exact: true, Count: func(m *Metrics) graph.Dim { return graph.Const(int64(m.Operators)) }},
	{Key: "unknown", Unit: plain, Column: 7, Exact: true, Count: func(m *Metrics) graph.Dim { return graph.Const(int64(m.Unknown)) }},
	{Key: "weight_bytes", Unit: memory, Exact: true, Whole: func(r *Report) (int64, bool) { return r.Memory.WeightBytes, true }},
	{Key: "peak_activation_bytes", Unit: memory, Exact: true, Whole: func(r *Report) (int64, bool) { return r.Memory.PeakBytes, r.Memory.Known }},
	{
		Key: "memory_bytes", Title: "memory", Unit: memory, Drop: 1, Exact: true,
		Whole: func(r *Report) (int64, bool) { return r.Memory.WeightBytes + r.Memory.PeakBytes, r.Memory.Known },
		Sweep: func(r *sweep.Row) float64 {
			if n, ok := r.MemoryBytes(); ok {
				return float64(n)
			}
			return math.NaN()
		},
	},
}

func energyOf(f func(*Metrics) energy.Joules) func(*Metrics) (float64, bool) {
	return func(m *Metrics) (float64, bool) { return float64(f(m)), m.HasEnergy() }
}

// MetricTable lists the metrics of which something holds, in the order of the table.
func MetricTable(holds func(*Metric) bool) []*Metric {
	var out []*Metric
	for i := range metricTable {
		if holds(&metricTable[i]) {
			out = append(out, &metricTable[i])
		}
	}
	return out
}

// FindMetric finds a metric by its name or key; nil where there is none.
func FindMetric(name string) *Metric {
	i := slices.IndexFunc(metricTable, func(x Metric) bool { return name != "" && (x.Name == name || x.Key == name) })
	if i < 0 {
		return nil
	}
	return &metricTable[i]
}

// Label is what flags call a metric: its name, or its key.
func (x *Metric) Label() string { return cmp.Or(x.Name, x.Key) }

// conditional reports whether conditions may speak of a metric: whether a report has it.
func (x *Metric) conditional() bool { return x.Count != nil || x.Number != nil || x.Whole != nil }

// Compared reports whether models are compared by a metric.
func (x *Metric) Compared() bool { return x.Noun != "" }

// sorted reports whether modules and operators can be sorted by a metric.
func (x *Metric) sorted() bool { return x.Name != "" }

// closedForm reports whether a metric has closed forms.
func (x *Metric) closedForm() bool { return x.Symbol != "" }

// Of is the number of a module or an operator; false where it is not known.
func (x *Metric) Of(m *Metrics) (float64, bool) {
	switch {
	case x.Number != nil:
		return x.Number(m)
	case x.Count != nil:
		n, ok := x.Count(m).Const()
		return float64(n), ok
	}
	return 0, false
}

// More reports whether operators of unknown cost come on top of the number of a module.
func (x *Metric) More(m *Metrics) bool { return m.Unknown > 0 && !x.Exact }

// Print prints a number for people: "?" where it is not known, "≥ 4 FLOP" where more comes on top.
func (x *Metric) Print(v float64, known, more bool) string {
	switch {
	case !known || v == 0 && more:
		return render.UnknownText
	case v == 0:
		return "0"
	case more:
		return "≥ " + x.Unit.Text(v)
	}
	return x.Unit.Text(v)
}

// Text prints a metric, found by its name or key, for people; one that depends on open dims as their expression.
func (m *Metrics) Text(name string) string {
	x := FindMetric(name)
	v, known := x.Of(m)
	if known || x.Count == nil {
		return x.Print(v, known, x.More(m))
	}
	text := render.Expression(x.Count(m))
	if x.More(m) && text != render.UnknownText {
		return "≥ " + text
	}
	return text
}

// OfRow is the number of a point of a sweep; more reports whether operators of unknown cost come on top of it.
func (x *Metric) OfRow(r *sweep.Row) (v float64, known, more bool) {
	v, more = x.Sweep(r), r.Unknown > 0 && !x.Exact
	return v, !math.IsNaN(v) && !math.IsInf(v, 0) && !(more && x.Quotient), more
}

// MetricNames lists the keys of the metrics that Report.Metric knows.
func MetricNames() []string {
	var names []string
	for _, x := range MetricTable((*Metric).conditional) {
		names = append(names, x.Key)
	}
	return names
}

// Metric is a number of a module by its key; false where it is not known, or is no number of a single module.
func (r *Report) Metric(m *Module, key string) (float64, bool) {
	x := FindMetric(key)
	switch {
	case x == nil:
		return 0, false
	case x.Whole != nil:
		n, ok := x.Whole(r)
		return float64(n), ok && m == r.Tree
	}
	return x.Of(&m.Metrics)
}

// SweepMetrics lists the numbers of a point of a sweep. Item is what energy is divided by.
func SweepMetrics(item string) []Metric {
	var out []Metric
	for _, x := range MetricTable(func(x *Metric) bool { return x.Sweep != nil }) {
		named := *x
		named.Key, named.Title = strings.ReplaceAll(x.Key, "ITEM", item), strings.ReplaceAll(x.Title, "ITEM", item)
		out = append(out, named)
	}
	return out
}
