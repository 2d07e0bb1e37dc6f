package validation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/energy/validate"
)

// records lays out a validation on records, for the targets shown that were measured.
func records(v *validate.Validation, shown []validate.Target) *Sheet {
	s, d := &Sheet{figures: v}, &v.Data[0]
	text := fmt.Sprintf("%d distinct measurements of %d records, %s, %s, runtime profile %s.", d.Distinct, d.Records, render.Plural(len(d.Models), "model"), render.Plural(len(d.Shapes), "shape"), v.Profile)
	if d.Boundary == "" {
		text += " No energy was measured."
		shown = slices.DeleteFunc(slices.Clone(shown), func(t validate.Target) bool { return t == validate.TargetEnergy })
	} else {
		text += fmt.Sprintf(" Energies are of the scope %s.", d.Boundary)
	}
	if len(d.Passed) > 0 {
		text += " Passed over: " + measured.Reasons(d.Passed) + "."
	}
	s.add(block{depth: 1, title: "Records of " + d.Device, text: text})
	for i := range v.Splits {
		sp := &v.Splits[i]
		s.add(block{depth: 1, title: SplitTitle(sp.Split), text: recordParts(sp)})
		for _, t := range shown {
			s.add(recordErrors(sp, t))
		}
		for _, t := range shown {
			if b := recordClasses(sp, t); len(b.rows) > 0 {
				s.add(b)
			}
		}
	}
	if len(v.Context) > 0 {
		s.add(contextTable(v.Context, shown))
	}
	if len(v.Additivity) > 0 {
		s.add(additiveTable(v.Additivity, shown))
	}
	return s
}

// maxLeftOut is how many of the parts that are left out in turn a report names.
const maxLeftOut = 6

// recordParts says what is predicted from what, and which methods cannot.
func recordParts(sp *validate.SplitResult) string {
	var parts []string
	for _, p := range sp.Parts {
		left := p.Left
		if n := len(left); n > 2 && sp.Split == validate.PartShape {
			left = append(left[:1:1], fmt.Sprintf("%d more shapes", n-1))
		}
		parts = append(parts, fmt.Sprintf("%s (%d, from %d others)", strings.Join(left, " and "), p.Test, p.Train))
	}
	if n := len(parts); n > maxLeftOut {
		parts = append(parts[:maxLeftOut], fmt.Sprintf("and %d others", n-maxLeftOut))
	}
	return leftOutText(parts, sp.Methods)
}

func recordErrors(sp *validate.SplitResult, target validate.Target) block {
	b := block{
		depth: 2, title: fmt.Sprintf("Errors of %s by level, %%", target), numbers: 2,
		titles: []string{"level", "method", "n", "mean", "median", "p90", "bias"},
	}
	for _, level := range []string{"model", "module", "operator"} {
		for _, m := range sp.Methods {
			for i := range m.Levels {
				if g := &m.Levels[i]; g.Level == level {
					b.rows = append(b.rows, append([]string{level + "s", m.Method}, figuresText(g.Errors[target].Distinct)...))
				}
			}
		}
	}
	return b
}

// recordClasses are the errors of the program's own method on single operators.
func recordClasses(sp *validate.SplitResult, target validate.Target) block {
	b := block{
		depth: 2, title: fmt.Sprintf("Errors of %s by class of operators measured alone, %%", target), text: "Method " + validate.MethodAdditive + ".", numbers: 1,
		titles: []string{"class", "n", "mean", "median", "p90", "bias"},
	}
	for _, m := range sp.Methods {
		for i := range m.Classes {
			if m.Method == validate.MethodAdditive {
				b.rows = append(b.rows, append([]string{m.Classes[i].Class}, figuresText(m.Classes[i].Errors[target].Distinct)...))
			}
		}
	}
	return b
}

func contextTable(list []validate.ContextRatio, shown []validate.Target) block {
	b := block{
		depth: 1, title: "Operators within their models over the same alone", numbers: 1,
		text: "What one more of an operator adds to a run of its model, over what it takes alone.", titles: []string{"class"},
	}
	for _, t := range shown {
		b.titles = append(b.titles, "n", string(t), "least", "most")
	}
	for _, c := range list {
		row := []string{c.Class}
		if c.Class == "" {
			row[0] = "all"
		}
		for _, t := range shown {
			r := c.Energy
			if t == validate.TargetTime {
				r = c.Time
			}
			row = append(row, fmt.Sprint(r.N), ratioText(r.Median), ratioText(r.Low), ratioText(r.High))
		}
		b.rows = append(b.rows, row)
	}
	return b
}

// mostSums bounds the rows of sums that a sheet shows.
const mostSums = 30

func additiveTable(list []validate.AdditiveRatio, shown []validate.Target) block {
	b := block{
		depth: 1, title: "Sums of operators over what they are parts of", numbers: 3,
		text:   "Operators measured alone, those that were not as operators alone predict them, over the measured module. Covered is the share of the predicted time whose operators were measured.",
		titles: []string{"level", "place", "shape", "covered, %"},
	}
	for _, t := range shown {
		b.titles = append(b.titles, string(t))
	}
	for i, a := range list {
		if i == mostSums {
			b.text += fmt.Sprintf(" The first %d of %d; JSON has all.", mostSums, len(list))
			break
		}
		row := []string{string(a.Level), strings.TrimSpace(a.Model + " " + a.Path), a.Shape, percentText(a.CoveredTime, 1)}
		for _, t := range shown {
			n := a.Energy
			if t == validate.TargetTime {
				n = a.Time
			}
			row = append(row, ratioText(n))
		}
		b.rows = append(b.rows, row)
	}
	return b
}
