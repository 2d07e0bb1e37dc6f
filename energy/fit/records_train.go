package fit

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/energy/stats"
)

// RecordReport says how training on records went.
type RecordReport struct {
	Device, Profile string
	Made            bool            // the device's row was made from the records
	Boundary        energy.Boundary // "" where no energies were measured
	Total, Used     int             // records; repetitions of one measurement count once in Used
	Repeated        int             // records that were made one with others of the same measurement
	TimeOnly        int             // used ones without an energy within the boundary
	Passed          map[string]int
	Drift           energy.DriftReport
	LeftOut         string // what held-out errors leave out in turn: "model", "shape", "part"; "" where nothing can be
	Levels          []RecordErrors
	Classes         []CoveredClass
	Warnings        []string
}

// RecordErrors are the errors of the records of one level.
type RecordErrors struct {
	Level        energy.Level
	N            int
	Energy, Time FitErrors
}

// FitErrors are the errors of records that were fitted, and of the same records predicted from the others.
type FitErrors struct{ Fitted, HeldOut stats.Errors }

// CoveredClass is a class of operators that coefficients were fitted of.
type CoveredClass struct {
	Class, DType string
	Equations    int // it is part of
	Alone        int // of them operators that are nothing else
}

// TrainRecords fits coefficients to records of one device: operators alone, modules and whole models at once. The
// intervals of the result rest on the errors of what was left out in turn: models, or the shapes of the only one.
func TrainRecords(in RecordInput) (*coefficients.Coefficients, *RecordReport, error) {
	s, err := NewRecordSet(&in)
	if err != nil {
		return nil, nil, err
	}
	if len(s.Rows) == 0 {
		return nil, nil, fmt.Errorf("no record is left to train on%s", Listed(": passed over are ", NonEmpty(measured.Reasons(s.Passed))))
	}
	eqs, train := s.Equations(), s.TrainInput(&in)
	c, err := Fit(eqs, train)
	if err != nil {
		return nil, nil, err
	}
	seen := s.seen()
	for i := range c.Classes {
		c.Classes[i].Range = seen[c.Classes[i].Key]
	}
	parts, left := recordParts(eqs)
	report := s.report(c, left)
	if err := report.errors(eqs, c, train, parts); err != nil {
		return nil, nil, err
	}
	if c.Residuals, err = residualsOver(eqs, train, parts); err != nil {
		return nil, nil, err
	}
	if err := bootstrap(c, eqs, train); err != nil {
		return nil, nil, err
	}
	s.describe(c)
	return c, report, nil
}

func NonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// sign says in coefficients what they hold for.
func (s *RecordSet) describe(c *coefficients.Coefficients) {
	c.Boundary = s.Boundary
	if !s.known {
		c.DeviceRow = &s.Device
	}
	if s.Boundary == energy.BoundaryWall {
		c.Host = hostOf(s.Rows)
	}
	p := &c.Provenance
	p.Models = slices.DeleteFunc(p.Models, func(name string) bool { return name == "" })
	p.Batch, p.Sequence = [2]int64{}, [2]int64{}
	for i := range s.Rows {
		e := &s.Rows[i].Eq
		switch {
		case e.Shape == "":
		case p.Batch[1] == 0:
			p.Batch, p.Sequence = [2]int64{e.Batch, e.Batch}, [2]int64{e.Sequence, e.Sequence}
		default:
			p.Batch, p.Sequence = Widened(p.Batch, e.Batch), Widened(p.Sequence, e.Sequence)
		}
	}
}

// MaxParts bounds the fits that held-out errors take.
const MaxParts = 16

// recordParts says what of records is left out in turn: each model, or where there is one only, each of its shapes, or
// where there is one only, a fifth of the records. Records of no model are never left out with models.
func recordParts(eqs []Equation) (parts []func(*Equation) bool, what string) {
	if names := slices.DeleteFunc(ModelNames(eqs), func(n string) bool { return n == "" }); len(names) > 1 {
		for _, name := range names {
			parts = append(parts, func(e *Equation) bool { return e.Model == name })
		}
		return parts, SplitModel
	}
	if shapes := ShapeNames(eqs); len(shapes) > 1 {
		n := min(len(shapes), MaxParts)
		for i := range n {
			parts = append(parts, func(e *Equation) bool {
				k, ok := slices.BinarySearch(shapes, e.Shape)
				return ok && k%n == i
			})
		}
		return parts, "shape"
	}
	if len(eqs) < 2*folds {
		return nil, ""
	}
	at := map[*Equation]int{}
	for i := range eqs {
		at[&eqs[i]] = i
	}
	for i := range folds {
		parts = append(parts, func(e *Equation) bool { return at[e]%folds == i })
	}
	return parts, "part"
}

// ShapeNames lists the shapes of records, sorted; records without dims have none.
func ShapeNames(eqs []Equation) []string {
	seen := map[string]bool{}
	for i := range eqs {
		if eqs[i].Shape != "" {
			seen[eqs[i].Shape] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// report says what was used.
func (s *RecordSet) report(c *coefficients.Coefficients, left string) *RecordReport {
	r := &RecordReport{
		Device: s.Device.ID, Profile: s.Profile, Made: !s.known, Boundary: s.Boundary, Total: s.Total, Used: len(s.Rows), Repeated: s.repeated,
		Passed: s.Passed, Drift: s.drift, LeftOut: left, Warnings: slices.Clone(s.Warnings),
	}
	alone := map[coefficients.Key]int{}
	for i := range s.Rows {
		e := &s.Rows[i].Eq
		if e.Energy == 0 {
			r.TimeOnly++
		}
		if name := e.Class(); name != "" && e.Level == energy.LevelOperator {
			for k := range e.X {
				if k.Class == name {
					alone[k]++
				}
			}
		}
	}
	for _, cc := range c.Classes {
		if cc.Class == coefficients.HostClass {
			continue
		}
		n := alone[cc.Key]
		r.Classes = append(r.Classes, CoveredClass{Class: cc.Class, DType: cc.DType.String(), Equations: cc.Equations, Alone: n})
		if cc.Equations >= fewRows && n == 0 {
			r.Warnings = append(r.Warnings, fmt.Sprintf("class %s in %s was never measured alone: what it takes is parted from what is around it", cc.Class, cc.DType))
		}
	}
	r.Warnings = append(r.Warnings, thinClasses(c)...)
	return r
}

// RecordLevels lists the levels in the order of reports.
func RecordLevels() []energy.Level {
	return []energy.Level{energy.LevelModel, energy.LevelModule, energy.LevelOperator}
}

// errors fills in how far the fit is off, and fits without the parts.
func (r *RecordReport) errors(eqs []Equation, c *coefficients.Coefficients, train *TrainInput, parts []func(*Equation) bool) error {
	fitted, held := levelPairs{}, levelPairs{}
	for i := range eqs {
		fitted.add(&eqs[i], c)
	}
	for _, part := range parts {
		rest := Filter(eqs, func(e *Equation) bool { return !part(e) })
		if len(rest) == 0 || len(rest) == len(eqs) {
			continue
		}
		without, err := Fit(rest, train)
		if err != nil {
			return fmt.Errorf("held-out errors: %w", err)
		}
		for i := range eqs {
			if part(&eqs[i]) {
				held.add(&eqs[i], without)
			}
		}
	}
	for _, level := range RecordLevels() {
		n := 0
		for i := range eqs {
			if eqs[i].Level == level {
				n++
			}
		}
		if n > 0 {
			f, h := fitted[level], held[level]
			r.Levels = append(r.Levels, RecordErrors{
				Level: level, N: n,
				Energy: FitErrors{stats.Summarize(f.energy), stats.Summarize(h.energy)}, Time: FitErrors{stats.Summarize(f.time), stats.Summarize(h.time)},
			})
		}
	}
	return nil
}

// levelPairs are predictions beside measurements, by level.
type levelPairs map[energy.Level]pairLists

type pairLists struct{ energy, time []stats.Pair }

// add predicts an equation, where anything stands for its classes. What was not measured is no pair.
func (p levelPairs) add(e *Equation, c *coefficients.Coefficients) {
	j, t := PredictEquation(e, c)
	list := p[e.Level]
	if e.Energy > 0 && j > 0 {
		list.energy = append(list.energy, stats.Pair{Predicted: float64(j), Measured: float64(e.Energy)})
	}
	if e.Time > 0 && t > 0 {
		list.time = append(list.time, stats.Pair{Predicted: float64(t), Measured: float64(e.Time)})
	}
	p[e.Level] = list
}

// String says what was used and how far the fit is off, in per cent.
func (r *RecordReport) String() string {
	var b strings.Builder
	device := r.Device
	if r.Made {
		device += " (not in the table: its row is made of the records)"
	}
	what := string(r.Boundary) + " energy and time"
	if r.Boundary == "" {
		what = "time alone, no energy was measured"
	}
	repeated := ""
	if r.Repeated > 0 {
		repeated = fmt.Sprintf(", %d of them repetitions,", r.Repeated)
	}
	fmt.Fprintf(&b, "%d distinct measurements of %d records%s on %s: %s, runtime %s\n", r.Used, r.Total, repeated, device, what, r.Profile)
	if text := measured.Reasons(r.Passed); text != "" {
		fmt.Fprintf(&b, "passed over: %s\n", text)
	}
	if r.TimeOnly > 0 && r.Boundary != "" {
		fmt.Fprintf(&b, "%d of them have a time and no %s energy\n", r.TimeOnly, r.Boundary)
	}
	corrected, flagged := 0, 0
	for _, s := range r.Drift.Sessions {
		corrected, flagged = corrected+s.Corrected, flagged+s.Flagged
	}
	if corrected+flagged > 0 {
		fmt.Fprintf(&b, "drift: %d records corrected, %d taken while the machine had moved too far\n", corrected, flagged)
	}
	for _, l := range r.Levels {
		fmt.Fprintf(&b, "%-8s  n %5d", l.Level, l.N)
		for _, x := range []struct {
			name string
			e    FitErrors
		}{{"energy", l.Energy}, {"time", l.Time}} {
			b.WriteString(x.e.text(x.name, r.LeftOut))
		}
		b.WriteByte('\n')
	}
	for _, c := range r.Classes {
		fmt.Fprintf(&b, "%-12s  %-8s  in %d measurements, alone in %d\n", c.Class, c.DType, c.Equations, c.Alone)
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", w)
	}
	return b.String()
}

// text is the errors of one quantity; "" where it was not measured.
func (e *FitErrors) text(name, left string) string {
	if e.Fitted.N == 0 {
		return ""
	}
	out := fmt.Sprintf("  %s error: fitted %5.2f %%", name, 100*e.Fitted.MAPE)
	switch {
	case e.HeldOut.N > 0 && !math.IsNaN(e.HeldOut.MAPE):
		out += fmt.Sprintf("  %s held out %5.2f %%  (p90 %5.2f %%)", left, 100*e.HeldOut.MAPE, 100*e.HeldOut.P90)
	default:
		out += "  held out: too few records"
	}
	return out
}
