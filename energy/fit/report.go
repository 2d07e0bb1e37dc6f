package fit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/energy/stats"
)

// Report says what a fit rests on and how far it is off.
type Report struct {
	Devices  []string
	Unlisted bool // the device's row was made from the records
	Profile  string
	Boundary energy.Boundary
	Energy   bool // any energy was measured
	Time     bool // any time was measured
	Used     int  // distinct measurements; repetitions of one count once
	TimeOnly int  // of them without an energy, where others have one
	Account
	LeftOut string // what held-out errors leave out in turn: "model", "shape", "device", "part"; "" where nothing can be
	HeldOut bool   // anything was
	Groups  []GroupErrors
	Classes []CoveredClass
}

// GroupErrors are the errors of a level, or of a class of operators on one of several devices.
type GroupErrors struct {
	Level        energy.Level
	Device       string // "" for levels
	Class        string // "" for levels
	N            int
	Energy, Time FitErrors
}

// FitErrors are the errors of items that were fitted, and of the same items predicted from the others.
type FitErrors struct{ Fitted, HeldOut stats.Errors }

// CoveredClass is a class of operators that coefficients were fitted of.
type CoveredClass struct {
	coefficients.Key
	Equations int // it is part of
	Alone     int // of them operators that are nothing else
}

// fewRows is the number of measurements below which a class's coefficients rest on little.
const fewRows = 8

// report says what was used and how far the fit is off.
func (d *Data) report(eqs []*equation, c *coefficients.Coefficients, held []prediction, leftOut string) *Report {
	r := &Report{
		Devices: []string{d.Device.ID}, Unlisted: d.Unlisted, Profile: d.Profile, Boundary: d.Boundary, Used: len(eqs), Account: d.Account,
		LeftOut: leftOut, HeldOut: len(held) > 0,
		Groups: groupErrors(eqs, c, held, d.Kind == measured.KindOperators),
	}
	if d.Kind == measured.KindOperators {
		r.Devices = d.devices()
	}
	r.Energy, r.Time = c.Holds()
	r.Warnings = slices.Clone(d.Warnings)
	alone := map[coefficients.Key]int{}
	for _, e := range eqs {
		if e.energy == 0 {
			r.TimeOnly++
		}
		for i := range e.sums {
			if k := e.sums[i].Key; k.Class == e.class && e.Level == energy.LevelOperator {
				alone[k]++
			}
		}
	}
	var thin []string
	for _, cc := range c.Classes {
		if cc.Class == coefficients.HostClass {
			continue
		}
		r.Classes = append(r.Classes, CoveredClass{Key: cc.Key, Equations: cc.Equations, Alone: alone[cc.Key]})
		switch {
		case cc.Equations < fewRows:
			thin = append(thin, fmt.Sprintf("class %s in %v rests on %d measurements only", cc.Class, cc.DType, cc.Equations))
		case alone[cc.Key] == 0:
			r.Warnings = append(r.Warnings, fmt.Sprintf("class %s in %v was never measured alone: what it takes is parted from what is around it", cc.Class, cc.DType))
		}
	}
	r.Warnings = append(r.Warnings, thin...)
	return r
}

// Levels lists the levels in the order of reports.
func Levels() []energy.Level {
	return []energy.Level{energy.LevelModel, energy.LevelModule, energy.LevelOperator}
}

// groupErrors are the errors by level, or by device and class.
func groupErrors(eqs []*equation, c *coefficients.Coefficients, held []prediction, byClass bool) []GroupErrors {
	type pairs struct{ energy, time, heldEnergy, heldTime []stats.Pair }
	of := map[GroupErrors]*pairs{}
	count := map[GroupErrors]int{}
	key := func(e *equation) GroupErrors {
		if byClass {
			return GroupErrors{Level: e.Level, Device: e.Device.ID, Class: e.class}
		}
		return GroupErrors{Level: e.Level}
	}
	for _, e := range eqs {
		k := key(e)
		if of[k] == nil {
			of[k] = &pairs{}
		}
		count[k]++
		j, s := e.sums.of(c)
		addPair(&of[k].energy, float64(j), float64(e.energy))
		addPair(&of[k].time, float64(s), float64(e.Time))
	}
	for i := range held {
		p := of[key(held[i].equation)]
		addPair(&p.heldEnergy, float64(held[i].joules), float64(held[i].energy))
		addPair(&p.heldTime, float64(held[i].seconds), float64(held[i].Time))
	}
	var out []GroupErrors
	for g, p := range of {
		g.N = count[g]
		g.Energy = FitErrors{stats.Summarize(p.energy), stats.Summarize(p.heldEnergy)}
		g.Time = FitErrors{stats.Summarize(p.time), stats.Summarize(p.heldTime)}
		out = append(out, g)
	}
	order := Levels()
	slices.SortFunc(out, func(a, b GroupErrors) int {
		return cmp.Or(slices.Index(order, a.Level)-slices.Index(order, b.Level), cmp.Compare(a.Device, b.Device), cmp.Compare(a.Class, b.Class))
	})
	return out
}

// addPair takes a prediction beside what was measured. What was not measured, or has nothing that stands for it, is no pair.
func addPair(to *[]stats.Pair, predicted, measured float64) {
	if predicted > 0 && measured > 0 {
		*to = append(*to, stats.Pair{Predicted: predicted, Measured: measured})
	}
}

// String says what was used and how far the fit is off, in per cent.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d distinct measurements", r.Used)
	if r.Records > 0 {
		fmt.Fprintf(&b, " of %d records", r.Records)
	}
	if r.Repeated > 0 {
		fmt.Fprintf(&b, ", %d of them repetitions,", r.Repeated)
	}
	fmt.Fprintf(&b, " on %s", strings.Join(r.Devices, ", "))
	if r.Unlisted {
		b.WriteString(" (not in the table: its row is made of the records)")
	}
	fmt.Fprintf(&b, ": %s, runtime %s\n", r.quantities(), r.Profile)
	r.accountText(&b)
	for i := range r.Groups {
		g := &r.Groups[i]
		if g.Device == "" {
			fmt.Fprintf(&b, "%-8s  n %5d", g.Level, g.N)
		} else {
			fmt.Fprintf(&b, "%-16s %-12s  n %5d", g.Device, g.Class, g.N)
		}
		for _, q := range []struct {
			name string
			e    FitErrors
		}{{"energy", g.Energy}, {"time", g.Time}} {
			b.WriteString(r.errorText(q.name, &q.e, g.Device != ""))
		}
		b.WriteByte('\n')
	}
	if len(r.Groups) > 0 && r.Groups[0].Class == "" { // else the errors are listed by class
		for _, c := range r.Classes {
			fmt.Fprintf(&b, "%-12s  %-8s  in %d measurements, alone in %d\n", c.Class, c.DType, c.Equations, c.Alone)
		}
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", w)
	}
	return b.String()
}

// quantities says what was measured.
func (r *Report) quantities() string {
	switch {
	case !r.Energy:
		return "time alone, no energy was measured"
	case !r.Time:
		return string(r.Boundary) + " energy alone, no time was measured"
	}
	return string(r.Boundary) + " energy and time"
}

// accountText says what was passed over and corrected.
func (r *Report) accountText(b *strings.Builder) {
	if text := measured.Reasons(r.Passed); text != "" {
		fmt.Fprintf(b, "passed over: %s\n", text)
	}
	if r.TimeOnly > 0 && r.Energy {
		fmt.Fprintf(b, "%d of them have a time and no %s energy\n", r.TimeOnly, r.Boundary)
	}
	corrected, flagged := 0, 0
	for _, s := range r.Drift.Sessions {
		corrected, flagged = corrected+s.Corrected, flagged+s.Flagged
	}
	if corrected+flagged > 0 {
		fmt.Fprintf(b, "drift: %d records corrected, %d taken while the machine had moved too far\n", corrected, flagged)
	}
}

// errorText is the errors of one quantity, with the bias of what was held out where it is asked for; "" where the quantity
// was not measured.
func (r *Report) errorText(name string, e *FitErrors, bias bool) string {
	if e.Fitted.N == 0 {
		return ""
	}
	out := fmt.Sprintf("  %s error: fitted %5.2f %%", name, 100*e.Fitted.MAPE)
	switch {
	case e.HeldOut.N > 0:
		out += fmt.Sprintf("  %s held out %5.2f %%  (p90 %5.2f %%)", r.LeftOut, 100*e.HeldOut.MAPE, 100*e.HeldOut.P90)
		if bias {
			out += fmt.Sprintf("  bias %+6.2f %%", 100*e.HeldOut.Bias)
		}
	case r.HeldOut || r.LeftOut == "":
		out += "  held out: too few measurements"
	default:
		out += fmt.Sprintf("  held out: needs two %ss", r.LeftOut)
	}
	return out
}

// Listed puts words before a list; "" where the list is empty.
func Listed(before string, list ...string) string {
	text := strings.Join(list, ", ")
	if text == "" {
		return ""
	}
	return before + text
}
