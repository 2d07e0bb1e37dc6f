package validation

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/energy/stats"
	"github.com/irene-onnx/irene/energy/validate"
)

// Operators lays out a validation on operators.
func Operators(v *validate.Operators) *Sheet {
	s := &Sheet{figures: v}
	if len(v.Splits) > 0 {
		text := fmt.Sprintf("%d shapes of %d rows: those of one shape that different software ran count once, by their median. Times come from rows without a power reading, energies from readings of a settled meter.", v.Shapes, v.Rows)
		if len(v.Passed) > 0 {
			text += " Passed over: " + measured.Reasons(v.Passed) + "."
		}
		text += " Errors are relative to what was measured; bias is the median of the signed ones, positive where predictions are too high. Within is the share inside 90 % intervals, whose widths come from the errors of the other devices, each predicted without itself. Roofline is the longer of operations at the peak and bytes at the bandwidth, copy the time of the nearest other device that ran the shape, times the ratio of rooflines; both as mean absolute errors."
		s.add(block{depth: 1, title: "Single operators", text: text})
	}
	for i := range v.Splits {
		addOperatorSplit(s, &v.Splits[i])
	}
	if len(v.Limits) > 0 {
		s.add(limitTable(v.Limits))
	}
	return s
}

func addOperatorSplit(s *Sheet, r *validate.OperatorSplit) {
	title := SplitTitle(r.Split)
	s.add(block{depth: 1, title: title, text: "Left out in turn: " + strings.Join(r.Left, "; ") + "."})
	times := block{
		depth: 2, title: "Errors of time, %", numbers: 2,
		titles: []string{"kind", "device", "n", "mean", "median", "p90", "bias", "within", "roofline", "copy", "of n"},
	}
	energies := block{depth: 2, title: "Errors of energy, %", numbers: 2, titles: times.titles[:8]}
	aside := map[string]bool{}
	for _, e := range append(r.Kinds, r.Pooled) {
		kind, device := e.Kind, e.Device
		if e.Kind == "" {
			kind, device = "all", "all"
		}
		if e.Aside != "" {
			kind += " †"
			aside[kind+" of "+device+" ("+e.Aside+")"] = true
		}
		if e.Time.N > 0 {
			copied, n := baselineText(e.Time.Copy)
			roof, _ := baselineText(e.Time.Roofline)
			times.rows = append(times.rows, append(append([]string{kind, device}, operatorText(&e.Time)...), roof, copied, n))
		}
		if e.Energy != nil {
			energies.rows = append(energies.rows, append([]string{kind, device}, operatorText(e.Energy)...))
		}
	}
	if len(aside) > 0 {
		times.text = "Rows marked † are judged but never fitted, and not pooled: " + strings.Join(slices.Sorted(maps.Keys(aside)), ", ") + "."
	}
	s.add(times)
	if len(energies.rows) > 0 {
		s.add(energies)
	}
}

func operatorText(f *validate.OperatorFigures) []string {
	out := []string{fmt.Sprint(f.N)}
	for _, n := range []stats.Number{f.Mean, f.Median, f.P90} {
		out = append(out, percentText(n, 1))
	}
	return append(out, fmt.Sprintf("%+.1f", 100*float64(f.Bias)), percentText(f.Ninety, 1))
}

func baselineText(b *validate.Baseline) (mean, n string) {
	if b == nil {
		return none, "0"
	}
	return percentText(b.Mean, 1), fmt.Sprint(b.N)
}

// limitTable sets boards under power limits beside the shipped coefficients.
func limitTable(list []validate.LimitError) block {
	b := block{
		depth: 1, title: "Boards under a power limit", numbers: 3,
		text:   "Measured values beside those of the coefficients that come with the program. Such rows are compared, and no command fits to them.",
		titles: []string{"row", "device", "operator", "limit, W", "time, µs", "predicted", "error, %", "energy, J", "predicted", "error, %"},
	}
	for _, l := range list {
		b.rows = append(b.rows, []string{
			l.Name, l.Device, l.Operator, fmt.Sprint(l.Limit), fmt.Sprintf("%.1f", 1e6*l.Time), fmt.Sprintf("%.1f", 1e6*l.Predicted.Time), fmt.Sprintf("%+.1f", 100*float64(l.TimeOff)),
			fmt.Sprintf("%.4g", l.Energy), fmt.Sprintf("%.4g", l.Predicted.Energy), fmt.Sprintf("%+.1f", 100*float64(l.EnergyOff)),
		})
	}
	return b
}
