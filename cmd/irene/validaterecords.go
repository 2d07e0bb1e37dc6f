package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/energy/validate"
)

// recordMethodList says what methods records are predicted by.
func recordMethodList() string {
	var b strings.Builder
	names, help := validate.RecordMethods()
	for i, name := range names {
		fmt.Fprintf(&b, "     %s: %s\n", name, help[i])
	}
	return b.String()
}

func recordMethods() []string {
	names, _ := validate.RecordMethods()
	return names
}

// union is the words of both lists, each once.
func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, w := range b {
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// runValidateRecords cross-validates on records and prints the errors.
func runValidateRecords(env *environment, ctx *cli.Context) error {
	splits, err := parseList("split", ctx.String("split"), validate.RecordSplits())
	if err != nil {
		return err
	}
	methods, err := parseList("method", ctx.String("method"), recordMethods())
	if err != nil {
		return err
	}
	target, format := "", ctx.String("format")
	if ctx.IsSet("target") {
		target = ctx.String("target")
		if err := oneOf("target", target, targets()); err != nil {
			return err
		}
	}
	if err := oneOf("format", format, validationFormats()); err != nil {
		return err
	}
	if o := ctx.String("output"); o != "" {
		return usagef("--output %s: plots are of IrEne's trees; of records there are tables, on standard output", o)
	}
	in, err := recordInput(env, ctx)
	if err != nil {
		return err
	}
	p := startProgress(env, "validate", 0)
	v, err := validate.ValidateRecords(in, splits, methods)
	p.stop()
	if err != nil {
		return err
	}
	for _, w := range v.Warnings {
		fmt.Fprintf(env.stderr, "warning: %s\n", w)
	}
	var text []byte
	switch format {
	case "json":
		if text, err = json.MarshalIndent(v, "", " "); err != nil {
			return err
		}
		text = append(text, '\n')
	case "markdown":
		text = []byte(recordSheet(v, target).markdown())
	default:
		text = []byte(recordSheet(v, target).text())
	}
	return writeOutput(env, "", text)
}

func targets() []string { return []string{string(validate.TargetEnergy), string(validate.TargetTime)} }

// recordSheet lays out a validation on records, for one target or, where it is "", for both that there are.
func recordSheet(v *validate.RecordValidation, target string) *sheet {
	s := &sheet{}
	var shown []string
	for _, t := range targets() {
		if (target == "" || target == t) && (t != string(validate.TargetEnergy) || v.Boundary != "") {
			shown = append(shown, t)
		}
	}
	text := fmt.Sprintf("%d distinct measurements of %d records, %s, %s, runtime profile %s.", v.Used, v.Records, plural(len(v.Models), "model"), plural(len(v.Shapes), "shape"), v.Runtime)
	if v.Boundary == "" {
		text += " No energy was measured."
	} else {
		text += fmt.Sprintf(" Energies are of the scope %s.", v.Boundary)
	}
	if len(v.Passed) > 0 {
		text += " Passed over: " + passedText(v.Passed) + "."
	}
	s.add(block{depth: 1, title: "Records of " + v.Device, text: text})
	for i := range v.Splits {
		sp := &v.Splits[i]
		s.add(block{depth: 1, title: recordSplitTitle(sp.Split), text: recordParts(sp)})
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

func passedText(passed map[string]int) string {
	var list []string
	for reason, n := range passed {
		list = append(list, fmt.Sprintf("%d %s", n, reason))
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

func recordSplitTitle(split string) string {
	switch split {
	case "shape":
		return "A shape left out"
	case validate.SplitOperators:
		return "Modules and models from operators alone"
	}
	return splitTitle(split)
}

// maxLeftOut is how many of the parts that are left out in turn a report names.
const maxLeftOut = 6

// recordParts says what is predicted from what, and which methods cannot.
func recordParts(sp *validate.RecordSplit) string {
	var parts []string
	for _, p := range sp.Parts {
		left := strings.Split(p.Left, "; ")
		if n := len(left); n > 2 {
			left = append(left[:1], fmt.Sprintf("%d more shapes", n-1))
		}
		parts = append(parts, fmt.Sprintf("%s (%d, from %d others)", strings.Join(left, " and "), p.Test, p.Train))
	}
	if n := len(parts); n > maxLeftOut {
		parts = append(parts[:maxLeftOut], fmt.Sprintf("and %d others", n-maxLeftOut))
	}
	text := "Left out: " + strings.Join(parts, "; ") + "."
	for _, m := range sp.Methods {
		if m.Missing != "" {
			text += fmt.Sprintf(" No figures for %s: %s.", m.Method, m.Missing)
		}
	}
	return text
}

// figuresFor are the errors of a group in one target.
func figuresFor(g *validate.RecordGroup, target string) *validate.Figures {
	if target == string(validate.TargetTime) {
		return &g.Time
	}
	return &g.Energy
}

func recordErrors(sp *validate.RecordSplit, target string) block {
	b := block{
		depth: 2, title: fmt.Sprintf("Errors of %s by level, %%", target), numbers: 2,
		titles: []string{"level", "method", "n", "mean", "median", "p90", "bias"},
	}
	for _, level := range []string{"model", "module", "operator"} {
		for _, m := range sp.Methods {
			for i := range m.Levels {
				if g := &m.Levels[i]; string(g.Level) == level {
					b.rows = append(b.rows, append([]string{level + "s", m.Method}, figuresText(figuresFor(g, target))...))
				}
			}
		}
	}
	return b
}

// recordClasses are the errors of the program's own method on single operators.
func recordClasses(sp *validate.RecordSplit, target string) block {
	b := block{
		depth: 2, title: fmt.Sprintf("Errors of %s by class of operators measured alone, %%", target), text: "Method " + validate.MethodAdditive + ".", numbers: 1,
		titles: []string{"class", "n", "mean", "median", "p90", "bias"},
	}
	for _, m := range sp.Methods {
		for i := range m.Classes {
			if m.Method == validate.MethodAdditive {
				b.rows = append(b.rows, append([]string{m.Classes[i].Class}, figuresText(figuresFor(&m.Classes[i], target))...))
			}
		}
	}
	return b
}

func contextTable(list []validate.ContextRatio, shown []string) block {
	b := block{
		depth: 1, title: "Operators within their models over the same alone", numbers: 1,
		text: "What one more of an operator adds to a run of its model, over what it takes alone.", titles: []string{"class"},
	}
	for _, t := range shown {
		b.titles = append(b.titles, "n", t, "least", "most")
	}
	for _, c := range list {
		row := []string{c.Class}
		if c.Class == "" {
			row[0] = "all"
		}
		for _, t := range shown {
			r := c.Energy
			if t == string(validate.TargetTime) {
				r = c.Time
			}
			row = append(row, fmt.Sprint(r.N), tauText(r.Median), tauText(r.Low), tauText(r.High))
		}
		b.rows = append(b.rows, row)
	}
	return b
}

// mostSums bounds the rows of sums that a sheet shows.
const mostSums = 30

func additiveTable(list []validate.AdditiveRatio, shown []string) block {
	b := block{
		depth: 1, title: "Sums of operators over what they are parts of", numbers: 3,
		text:   "Operators measured alone, those that were not as operators alone predict them, over the measured module. Covered is the share of the predicted time whose operators were measured.",
		titles: append([]string{"level", "place", "shape", "covered, %"}, shown...),
	}
	for i, a := range list {
		if i == mostSums {
			b.text += fmt.Sprintf(" The first %d of %d; JSON has all.", mostSums, len(list))
			break
		}
		row := []string{string(a.Level), strings.TrimSpace(a.Model + " " + a.Path), a.Shape, percentText(a.CoveredTime, 1)}
		for _, t := range shown {
			n := a.Energy
			if t == string(validate.TargetTime) {
				n = a.Time
			}
			row = append(row, tauText(n))
		}
		b.rows = append(b.rows, row)
	}
	return b
}
