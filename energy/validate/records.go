package validate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/measured"
)

// SplitOperators is a split of records, beside SplitModel and SplitShapes.
const SplitOperators = "operators" // modules and models are predicted from operators measured alone

// RecordSplits lists the splits of records.
func RecordSplits() []string { return []string{fit.SplitModel, fit.SplitShapes, SplitOperators} }

// RecordValidation is how far predictions of records are off that were left out of the fit, and what the records say of
// each other: operators within their models and alone, and sums of operators beside what they are parts of.
type RecordValidation struct {
	Schema     int             `json:"schema"`
	Device     string          `json:"device"`
	Boundary   energy.Boundary `json:"scope,omitempty"` // "" where no energies were measured
	Runtime    string          `json:"runtime"`
	Records    int             `json:"records"`
	Used       int             `json:"used"` // distinct measurements
	Passed     map[string]int  `json:"passed_over,omitempty"`
	Models     []string        `json:"models"`
	Shapes     []string        `json:"shapes"`
	Splits     []RecordSplit   `json:"splits"`
	Context    []ContextRatio  `json:"in_context,omitempty"`
	Additivity []AdditiveRatio `json:"additivity,omitempty"`
	Warnings   []string        `json:"warnings,omitempty"`
}

// RecordSplit is one way of leaving records out.
type RecordSplit struct {
	Split   string         `json:"split"`
	Parts   []RecordPart   `json:"parts"`
	Methods []RecordMethod `json:"methods"`
}

// RecordPart is one part that was left out.
type RecordPart struct {
	Left  string `json:"left_out"`
	Train int    `json:"train"` // records
	Test  int    `json:"test"`
}

// RecordMethod is what one method made of the parts of a split.
type RecordMethod struct {
	Method  string        `json:"method"`
	Missing string        `json:"missing,omitempty"` // why there are no figures
	Levels  []RecordGroup `json:"levels,omitempty"`
	Classes []RecordGroup `json:"classes,omitempty"` // of operators measured alone
}

// RecordGroup is the errors of the records of one level, or of the operators of one class.
type RecordGroup struct {
	Level  energy.Level `json:"level"`
	Class  string       `json:"class,omitempty"`
	Energy Figures      `json:"energy"`
	Time   Figures      `json:"time"`
}

// recordMethod is one row of the table of methods for records. It returns what predicts an equation by its index, each
// number 0 where the method has none.
type recordMethod struct {
	name, help string
	fit        func(s *fit.RecordSet, train []int, in *fit.TrainInput) (func(i int) (energy.Joules, energy.Seconds), error)
}

// recordMethods is the table of methods that records are predicted by, the one of the other commands first.
func recordMethods() []recordMethod {
	return []recordMethod{
		{MethodAdditive, "the model of this program", fitAdditiveRecords},
		{"flops", "energy and time proportional to FLOPs, one factor per level", proportional(coefficients.FLOPs)},
		{"bytes", "energy and time proportional to bytes, one factor per level", proportional(coefficients.Bytes)},
		{"roofline", "the device's numbers: of arithmetic and memory the longer, kernel by kernel, at the power limit; nothing is fitted", fitRoofline},
	}
}

// RecordMethods lists the methods that records are predicted by, and what they do.
func RecordMethods() (names, help []string) {
	for _, m := range recordMethods() {
		names, help = append(names, m.name), append(help, m.help)
	}
	return names, help
}

// ValidateRecords predicts records from others, split in the ways asked for, or in all that the records allow.
func ValidateRecords(in fit.RecordInput, splits, methods []string) (*RecordValidation, error) {
	s, err := fit.NewRecordSet(&in)
	if err != nil {
		return nil, err
	}
	if len(s.Rows) == 0 {
		return nil, fmt.Errorf("no record is left to validate with%s", fit.Listed(": passed over are ", fit.NonEmpty(measured.Reasons(s.Passed))))
	}
	eqs := s.Equations()
	v := &RecordValidation{
		Schema: ValidationSchema, Device: s.Device.ID, Boundary: s.Boundary, Runtime: s.Profile, Records: s.Total, Used: len(s.Rows), Passed: s.Passed,
		Models: slices.DeleteFunc(fit.ModelNames(eqs), func(n string) bool { return n == "" }), Shapes: fit.ShapeNames(eqs), Warnings: s.Warnings,
	}
	var chosen []recordMethod
	for _, m := range recordMethods() {
		if len(methods) == 0 || slices.Contains(methods, m.name) {
			chosen = append(chosen, m)
		}
	}
	asked := splits
	if len(asked) == 0 {
		asked = RecordSplits()
	}
	var skipped []string
	for _, name := range asked {
		ways, why := recordWays(name, eqs)
		if why != "" {
			skipped = append(skipped, "split "+name+": "+why)
		}
		for _, w := range ways {
			v.Splits = append(v.Splits, runWay(s, &w, chosen, s.TrainInput(&in)))
		}
	}
	if len(v.Splits) == 0 && len(splits) > 0 {
		return nil, fmt.Errorf("nothing can be left out: %s", strings.Join(skipped, "; "))
	}
	v.Warnings = append(v.Warnings, skipped...)
	v.Context = contextRatios(s)
	v.Additivity = additivity(s, s.TrainInput(&in))
	return v, nil
}

// recordWay is one way of leaving records out: parts that are predicted in turn.
type recordWay struct {
	name  string
	parts []recordPart
}

// recordPart is what a part predicts from what, by index.
type recordPart struct {
	left        string
	train, test []int
}

// recordWays forms the parts of a split, or says why there are none.
func recordWays(split string, eqs []fit.Equation) (ways []recordWay, why string) {
	part := func(left string, train, test func(*fit.Equation) bool) recordPart {
		p := recordPart{left: left}
		for i := range eqs {
			if test(&eqs[i]) {
				p.test = append(p.test, i)
			} else if train(&eqs[i]) {
				p.train = append(p.train, i)
			}
		}
		return p
	}
	rest := func(*fit.Equation) bool { return true }
	switch split {
	case fit.SplitModel:
		names := slices.DeleteFunc(fit.ModelNames(eqs), func(n string) bool { return n == "" })
		if len(names) < 2 {
			return nil, "the records are of one model only" + fit.Listed(": ", names)
		}
		w := recordWay{name: fit.SplitModel}
		for _, name := range names {
			w.parts = append(w.parts, part(name, rest, func(e *fit.Equation) bool { return e.Model == name }))
		}
		return []recordWay{w}, ""
	case fit.SplitShapes:
		return shapeWays(eqs, part)
	}
	p := part("modules and models", rest, func(e *fit.Equation) bool { return e.Level != energy.LevelOperator })
	switch {
	case len(p.train) == 0:
		return nil, "no operator was measured alone"
	case len(p.test) == 0:
		return nil, "neither a module nor a model was measured"
	}
	return []recordWay{{name: SplitOperators, parts: []recordPart{p}}}, ""
}

// shapeWays leaves out each shape in turn, then the larger half of them and the smaller one.
func shapeWays(eqs []fit.Equation, part func(string, func(*fit.Equation) bool, func(*fit.Equation) bool) recordPart) ([]recordWay, string) {
	shapes := fit.ShapeNames(eqs)
	if len(shapes) < 2 {
		return nil, "the records have one shape only" + fit.Listed(": ", shapes)
	}
	rest := func(*fit.Equation) bool { return true }
	each := recordWay{name: "shape"}
	n := min(len(shapes), fit.MaxParts)
	for i := range n {
		var left []string
		for k := i; k < len(shapes); k += n {
			left = append(left, shapes[k])
		}
		each.parts = append(each.parts, part(strings.Join(left, "; "), rest, func(e *fit.Equation) bool { return slices.Contains(left, e.Shape) }))
	}
	shaped := fit.Filter(eqs, func(e *fit.Equation) bool { return e.Shape != "" })
	middle := fit.MedianTokens(shaped)
	large := func(e *fit.Equation) bool { return e.Shape != "" && e.Tokens() > middle }
	small := func(e *fit.Equation) bool { return e.Shape != "" && e.Tokens() <= middle }
	up := part(fmt.Sprintf("batch × sequence > %d", middle), small, large)
	ways := []recordWay{each}
	if len(up.test) > 0 {
		down := part(fmt.Sprintf("batch × sequence ≤ %d", middle), large, small)
		ways = append(ways, recordWay{name: "small-to-large", parts: []recordPart{up}}, recordWay{name: "large-to-small", parts: []recordPart{down}})
	}
	return ways, ""
}

// recordOutcome is a record's prediction beside what was measured; numbers of 0 are not known.
type recordOutcome struct {
	row     *fit.RecordRow
	joules  energy.Joules
	seconds energy.Seconds
}

// runWay runs all methods on the parts of a split.
func runWay(s *fit.RecordSet, w *recordWay, methods []recordMethod, in *fit.TrainInput) RecordSplit {
	out := RecordSplit{Split: w.name, Methods: make([]RecordMethod, len(methods))}
	for _, p := range w.parts {
		out.Parts = append(out.Parts, RecordPart{Left: p.left, Train: len(p.train), Test: len(p.test)})
	}
	parallel(len(methods), func(k int) {
		r := &out.Methods[k]
		r.Method = methods[k].name
		var all []recordOutcome
		for _, p := range w.parts {
			predict, err := methods[k].fit(s, p.train, in)
			if err != nil {
				r.Missing = err.Error()
				return
			}
			for _, i := range p.test {
				o := recordOutcome{row: &s.Rows[i]}
				o.joules, o.seconds = predict(i)
				all = append(all, o)
			}
		}
		r.summarize(all)
	})
	return out
}

// summarize groups outcomes by level, and those of operators by class.
func (r *RecordMethod) summarize(all []recordOutcome) {
	for _, level := range fit.RecordLevels() {
		at := func(o *recordOutcome) bool { return o.row.Eq.Level == level }
		r.Levels = appendGroup(r.Levels, RecordGroup{Level: level}, all, at)
	}
	var classes []string
	for i := range all {
		if c := all[i].row.Eq.Class(); c != "" && !slices.Contains(classes, c) {
			classes = append(classes, c)
		}
	}
	slices.Sort(classes)
	for _, class := range classes {
		r.Classes = appendGroup(r.Classes, RecordGroup{Level: energy.LevelOperator, Class: class}, all, func(o *recordOutcome) bool {
			return o.row.Eq.Level == energy.LevelOperator && o.row.Eq.Class() == class
		})
	}
}

// appendGroup appends the errors of those outcomes that are in, if any are.
func appendGroup(to []RecordGroup, g RecordGroup, all []recordOutcome, in func(*recordOutcome) bool) []RecordGroup {
	var joules, seconds [2][]float64 // absolute, signed
	add := func(to *[2][]float64, predicted, measured float64) {
		if predicted > 0 && measured > 0 {
			e := predicted/measured - 1
			to[0], to[1] = append(to[0], max(e, -e)), append(to[1], e)
		}
	}
	any := false
	for i := range all {
		o := &all[i]
		if in(o) {
			any = true
			add(&joules, float64(o.joules), float64(o.row.Eq.Energy))
			add(&seconds, float64(o.seconds), float64(o.row.Eq.Time))
		}
	}
	if !any {
		return to
	}
	g.Energy, g.Time = figuresOf(joules[0], joules[1]), figuresOf(seconds[0], seconds[1])
	return append(to, g)
}

func fitAdditiveRecords(s *fit.RecordSet, train []int, in *fit.TrainInput) (func(int) (energy.Joules, energy.Seconds), error) {
	c, err := fit.Fit(s.Pick(train), in)
	if err != nil {
		return nil, err
	}
	return func(i int) (energy.Joules, energy.Seconds) { return fit.PredictEquation(&s.Rows[i].Eq, c) }, nil
}

// proportional fits a factor per level to one feature, on relative errors; levels without a record to fit to take the
// factor of all.
func proportional(t coefficients.Term) func(*fit.RecordSet, []int, *fit.TrainInput) (func(int) (energy.Joules, energy.Seconds), error) {
	amount := func(e *fit.Equation) float64 {
		sum := 0.0
		for k, x := range e.X {
			if k.Class != coefficients.HostClass {
				sum += x[t]
			}
		}
		return sum
	}
	return func(s *fit.RecordSet, train []int, _ *fit.TrainInput) (func(int) (energy.Joules, energy.Seconds), error) {
		joules, seconds := map[energy.Level]*factor{"": {}}, map[energy.Level]*factor{"": {}}
		for _, i := range train {
			e := &s.Rows[i].Eq
			for _, level := range []energy.Level{"", e.Level} {
				if joules[level] == nil {
					joules[level], seconds[level] = &factor{}, &factor{}
				}
				joules[level].add(amount(e), float64(e.Energy))
				seconds[level].add(amount(e), float64(e.Time))
			}
		}
		of := func(m map[energy.Level]*factor, level energy.Level) float64 {
			if f := m[level]; f != nil && f.squares > 0 {
				return f.sum / f.squares
			}
			return m[""].sum / max(m[""].squares, 1e-300)
		}
		return func(i int) (energy.Joules, energy.Seconds) {
			e := &s.Rows[i].Eq
			x := amount(e)
			return energy.Joules(of(joules, e.Level) * x), energy.Seconds(of(seconds, e.Level) * x)
		}, nil
	}
}

// factor minimises the relative squared errors of a quantity proportional to x.
type factor struct{ sum, squares float64 }

func (f *factor) add(x, measured float64) {
	if measured > 0 {
		f.sum += x / measured
		f.squares += (x / measured) * (x / measured)
	}
}

func fitRoofline(s *fit.RecordSet, _ []int, _ *fit.TrainInput) (func(int) (energy.Joules, energy.Seconds), error) {
	if _, _, ok := fit.Roofline(s.Rows[0].Record, s.Device); !ok {
		return nil, fmt.Errorf("no peak or no bandwidth of %s is known", s.Device.ID)
	}
	return func(i int) (energy.Joules, energy.Seconds) {
		j, t, _ := fit.Roofline(s.Rows[i].Record, s.Device)
		return j, t
	}, nil
}
