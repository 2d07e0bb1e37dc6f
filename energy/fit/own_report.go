package fit

import (
	"fmt"
	"math"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/stats"
)

// OwnReport says how far the law of overlapping kernels is off on a device: as it was before, with constants of the
// device's own, and on what was left out of these.
type OwnReport struct {
	Device    string
	Constants int
	LeftOut   string // in turn; "" where nothing could be
	Levels    []OwnLevelErrors
	Groups    []OwnGroupErrors
	Warnings  []string
}

// OwnLevelErrors are the errors of a level.
type OwnLevelErrors struct {
	Level        energy.Level
	Time, Energy OwnErrors
}

// OwnErrors are those of one quantity: before the fit, of it, and of what was left out of it.
type OwnErrors struct{ Before, Fitted, HeldOut stats.Errors }

// OwnGroupErrors are the factors of a group of kernels, and its errors on what was left out.
type OwnGroupErrors struct {
	Group        string
	Rows         int     // measurements of one kernel alone
	Time, Energy float64 // factors on what constants say: those of the fit beside those before; NaN where nothing decides them
	HeldOut      coefficients.LeftOut
}

func newOwnReport(own *coefficients.Own, before, after, held []ownHeld) *OwnReport {
	r := &OwnReport{Device: own.Device, Constants: len(own.Constants), LeftOut: own.LeftOut}
	for _, level := range Levels() {
		l := OwnLevelErrors{Level: level}
		for quantity, e := range map[int]*OwnErrors{timeOf: &l.Time, energyOf: &l.Energy} {
			e.Before, e.Fitted, e.HeldOut = ownSummary(before, level, quantity), ownSummary(after, level, quantity), ownSummary(held, level, quantity)
		}
		if l.Time.Fitted.N+l.Energy.Fitted.N > 0 {
			r.Levels = append(r.Levels, l)
		}
	}
	for i := range own.Groups {
		g := &own.Groups[i]
		e := OwnGroupErrors{Group: g.Name, Rows: g.Rows, HeldOut: g.Off(own.Device)}
		e.Time, e.Energy = ownRatio(before, after, g.Name, timeOf), ownRatio(before, after, g.Name, energyOf)
		r.Groups = append(r.Groups, e)
		if g.Rows == 0 {
			r.Warnings = append(r.Warnings, fmt.Sprintf("%s was never measured alone: what it takes is parted from what is around it", g.Name))
		}
	}
	return r
}

// ownSummary is the errors of a quantity on a level.
func ownSummary(list []ownHeld, level energy.Level, quantity int) stats.Errors {
	var pairs []stats.Pair
	for i := range list {
		if predicted, measured, ok := list[i].of(quantity); ok && list[i].Level == level {
			pairs = append(pairs, stats.Pair{Predicted: predicted, Measured: measured})
		}
	}
	return stats.Summarize(pairs)
}

// ownRatio is the median of what a group is predicted to take after a fit over what it was before.
func ownRatio(before, after []ownHeld, group string, quantity int) float64 {
	var ratios []float64
	for i := range after {
		a, _, ok := after[i].of(quantity)
		b, _, also := before[i].of(quantity)
		if ok && also && after[i].group == group {
			ratios = append(ratios, a/b)
		}
	}
	if len(ratios) == 0 {
		return math.NaN()
	}
	return stats.Median(ratios)
}

// String says how far the law is off, in per cent.
func (r *OwnReport) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "law of overlapping kernels on %s: %d constants of its own\n", r.Device, r.Constants)
	for i := range r.Levels {
		l := &r.Levels[i]
		fmt.Fprintf(&b, "%-8s  n %5d", l.Level, max(l.Time.Fitted.N, l.Energy.Fitted.N))
		for _, q := range []struct {
			name string
			e    *OwnErrors
		}{{"energy", &l.Energy}, {"time", &l.Time}} {
			if q.e.Fitted.N == 0 {
				continue
			}
			fmt.Fprintf(&b, "  %s error: before %5.2f %%  fitted %5.2f %%", q.name, 100*q.e.Before.MAPE, 100*q.e.Fitted.MAPE)
			if q.e.HeldOut.N > 0 {
				fmt.Fprintf(&b, "  %s held out %5.2f %%  (p90 %5.2f %%)", r.LeftOut, 100*q.e.HeldOut.MAPE, 100*q.e.HeldOut.P90)
			} else {
				b.WriteString("  held out: too few measurements")
			}
		}
		b.WriteByte('\n')
	}
	for i := range r.Groups {
		g := &r.Groups[i]
		if g.Rows == 0 {
			continue
		}
		fmt.Fprintf(&b, "%-28s  %5d alone", g.Group, g.Rows)
		for _, q := range []struct {
			name   string
			factor float64
		}{{"time", g.Time}, {"energy", g.Energy}} {
			if !math.IsNaN(q.factor) {
				fmt.Fprintf(&b, "  %s ×%.3g", q.name, q.factor)
			}
		}
		if g.HeldOut.Rows > 0 {
			fmt.Fprintf(&b, "  time of %d held out within %.1f %%", g.HeldOut.Rows, 100*g.HeldOut.Error)
		}
		b.WriteByte('\n')
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", w)
	}
	return b.String()
}
