package main

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/energy/stats"
	"github.com/irene-onnx/irene/energy/validate"
)

// levelTitles are the levels of measured nodes as reports call them.
var levelTitles = []struct{ level, title string }{
	{irene.TypeModel, "models"},
	{irene.TypeModule, "modules"},
	{irene.TypeML, "operators with weights"},
	{irene.TypeMLNoParam, "operators without weights"},
}

func levelTitle(level string) string {
	for _, l := range levelTitles {
		if l.level == level {
			return l.title
		}
	}
	return level
}

func splitTitle(split string) string {
	titles := map[string]string{
		validate.SplitFamily:      "A family of models left out",
		validate.SplitModel:       "A model left out",
		validate.PartShape:        "A shape left out",
		validate.PartSmallToLarge: "Small sizes to large ones",
		validate.PartLargeToSmall: "Large sizes to small ones",
		validate.SplitDevice:      "A device left out",
		validate.SplitKind:        "A kind of multiprocessor left out",
		validate.SplitOperators:   "Modules and models from operators alone",
	}
	return cmp.Or(titles[split], split)
}

const none = "–"

// numberText prints a number in a format of fmt.
func numberText(format string, v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return none
	}
	return fmt.Sprintf(format, v)
}

// percentText prints a share in per cent.
func percentText(n stats.Number, digits int) string {
	return numberText(fmt.Sprintf("%%.%df", digits), 100*float64(n))
}

func ratioText(n stats.Number) string { return numberText("%.2f", float64(n)) }

func signedText(n stats.Number) string { return numberText("%+.2f", 100*float64(n)) }

// treeSheet lays out a validation on trees.
func treeSheet(v *validate.Validation) *sheet {
	s := &sheet{}
	for _, d := range v.Data {
		text := fmt.Sprintf("%d runs of %d models in %s, batch %d to %d, sequence %d to %d; %d measured nodes that rest on %d distinct measurements (equal layers share one). %s at the plug, runtime profile %s.",
			d.Trees, len(d.Models), plural(len(d.Families), "family"), d.Batch[0], d.Batch[1], d.Sequence[0], d.Sequence[1], d.Rows, d.Distinct, capital(string(v.Target)), v.Profile)
		s.add(block{depth: 1, title: "Measurements on " + d.Device, text: strings.Replace(text, "familys", "families", 1)})
	}
	s.add(overviewTable(v))
	s.add(legend())
	for i := range v.Splits {
		addSplit(s, &v.Splits[i], len(v.Data) > 1)
	}
	return s
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// overview puts the methods side by side.
func overviewTable(v *validate.Validation) block {
	b := block{depth: 1, title: "Mean absolute error, %", titles: []string{"method"}, numbers: 1}
	b.text = "Over distinct measurements; in each cell: " + joinTitles() + "."
	for _, s := range v.Splits {
		title := s.Split
		if len(v.Data) > 1 {
			title += ", " + s.Device
		}
		b.titles = append(b.titles, title)
	}
	dagger := false
	for i, m := range v.Splits[0].Methods {
		dagger = dagger || m.Told
		row := []string{marked(m.Method, m.Told)}
		for _, s := range v.Splits {
			row = append(row, means(s.Methods[i].Levels))
		}
		b.rows = append(b.rows, row)
	}
	if dagger {
		b.text += " Methods marked † are told what was measured while the left-out model ran (times, utilisation, the board's energy); the others see its file only."
	}
	return b
}

// legend says how the tables of the splits are to be read.
func legend() block {
	return block{depth: 1, title: "How to read the tables", text: strings.Join([]string{
		"- Errors are relative to what was measured. mean, median and p90 are those of the absolute errors, bias is the mean of the signed ones: positive where predictions are too high.",
		"- Equal layers of a model share one measurement. Distinct figures count each measurement once, with the mean error of the nodes that share it; rows count every node.",
		"- Operators with weights are modules of their own (Linear, LayerNorm, Embedding …), those without are not (matmul, softmax). A value that was published as a copy of another operator's is left out.",
		"- A choice is right where the cheaper of two is named. Regret is what the one named takes beyond the cheaper one, in %: in the mean over all pairs, over the pairs where the wrong one was named, and at most. tau is Kendall's, over the pairs. Close pairs differ by 10 % at most.",
		"- Intervals come from the training part alone. Their width is the median of half the width over the prediction.",
		"- Of what is off by more than 10 %, the share is that of the model's measured total; what weighs most comes first.",
	}, "\n")}
}

func joinTitles() string {
	var titles []string
	for _, l := range levelTitles {
		titles = append(titles, l.title)
	}
	return strings.Join(titles, " / ")
}

func means(levels []validate.Group) string {
	if len(levels) == 0 {
		return none
	}
	var out []string
	for _, l := range levelTitles {
		text := none
		for _, g := range levels {
			if g.Level == l.level {
				text = percentText(errorsOf(&g).Distinct.Mean, 2)
			}
		}
		out = append(out, text)
	}
	return strings.Join(out, " / ")
}

// addSplit lays out one split.
func addSplit(s *sheet, r *validate.SplitResult, named bool) {
	title := splitTitle(r.Split)
	if named {
		title += ", " + r.Device
	}
	s.add(block{depth: 1, title: title, text: partsText(r)})
	s.add(errorTable(r))
	for i := range r.Methods {
		m := &r.Methods[i]
		if m.Method != validate.MethodAdditive || m.Missing != "" {
			continue
		}
		s.add(groupTable(m, "Errors by model, %", m.Models, [2]string{"model", "level"}, func(g *validate.Group) []string { return []string{g.Model, levelTitle(g.Level)} }))
		s.add(groupTable(m, "Errors by class of operator and module, %", m.Classes, [2]string{"level", "class"}, func(g *validate.Group) []string { return []string{levelTitle(g.Level), g.Class} }))
		if len(m.Residues) > 0 {
			s.add(residueTable(m))
		}
	}
	s.add(decisionTable(r, "Of two models at the same batch and sequence, which takes less?", func(d *validate.Decision) *validate.Choices { return &d.Models }))
	s.add(decisionTable(r, "Of two batch sizes of a model, which takes less per item?", func(d *validate.Decision) *validate.Choices { return &d.Batches }))
	if t, ok := coverageTable(r); ok {
		s.add(t)
	}
}

// partsText says what is predicted from what, and which methods cannot.
func partsText(r *validate.SplitResult) string {
	var parts []string
	for _, p := range r.Parts {
		from := ""
		if p.From != r.Device {
			from = " of " + p.From
		}
		parts = append(parts, fmt.Sprintf("%s (%d runs, from %d others%s)", strings.Join(p.Left, ", "), p.Test, p.Train, from))
	}
	return leftOutText(parts, r.Methods)
}

// leftOutText lists the parts, and the methods that cannot predict them.
func leftOutText(parts []string, methods []validate.MethodResult) string {
	text := "Left out: " + strings.Join(parts, "; ") + "."
	for _, m := range methods {
		if m.Missing != "" {
			text += fmt.Sprintf(" No figures for %s: %s.", m.Method, m.Missing)
		}
	}
	return text
}

func errorTable(r *validate.SplitResult) block {
	b := block{
		depth: 2, title: "Errors by level, %", numbers: 2,
		titles: []string{"level", "method", "distinct", "mean", "median", "p90", "bias", "rows", "mean", "median", "p90", "bias"},
	}
	for _, l := range levelTitles {
		for _, m := range r.Methods {
			for _, g := range m.Levels {
				if g.Level == l.level {
					b.rows = append(b.rows, append([]string{l.title, marked(m.Method, m.Told)}, append(figuresText(errorsOf(&g).Distinct), figuresText(errorsOf(&g).Rows)...)...))
				}
			}
		}
	}
	return b
}

// errorsOf are the errors of a group in the one quantity that was predicted.
func errorsOf(g *validate.Group) (e validate.Errors) {
	for _, e = range g.Errors {
		return e
	}
	return e
}

func figuresText(f validate.Figures) []string {
	return []string{fmt.Sprint(f.N), percentText(f.Mean, 2), percentText(f.Median, 2), percentText(f.P90, 2), signedText(f.Bias)}
}

// groupTable lists groups, each over distinct measurements, below two columns that name them.
func groupTable(m *validate.MethodResult, title string, groups []validate.Group, columns [2]string, names func(*validate.Group) []string) block {
	b := block{
		depth: 2, title: title, text: "Method " + m.Method + ", distinct measurements.", numbers: 2,
		titles: append(columns[:], "distinct", "mean", "median", "p90", "bias"),
	}
	for _, g := range groups {
		b.rows = append(b.rows, append(names(&g), figuresText(errorsOf(&g).Distinct)...))
	}
	return b
}

func residueTable(m *validate.MethodResult) block {
	b := block{
		depth: 2, title: "What is off by more than 10 % in the mean", numbers: 3,
		text:   "Method " + m.Method + ".",
		titles: []string{"model", "level", "class", "share, %", "bias, %"},
	}
	for _, r := range m.Residues {
		b.rows = append(b.rows, []string{r.Model, levelTitle(r.Level), r.Class, percentText(r.Share, 2), signedText(r.Bias)})
	}
	return b
}

func decisionTable(r *validate.SplitResult, title string, of func(*validate.Decision) *validate.Choices) block {
	b := block{
		depth: 2, title: title, numbers: 1,
		titles: []string{"method", "pairs", "right", "regret", "if wrong", "most", "tau", "close pairs", "right", "regret", "if wrong", "most", "tau"},
	}
	for _, m := range r.Methods {
		if m.Decision == nil {
			continue
		}
		c := of(m.Decision)
		row := []string{marked(m.Method, m.Told)}
		for _, k := range []*validate.Choice{&c.All, &c.Close} {
			row = append(row, fmt.Sprint(k.Pairs), percentText(k.Right, 1), percentText(k.Regret, 2), percentText(k.RegretWrong, 2), percentText(k.RegretMost, 2), ratioText(k.Tau))
		}
		b.rows = append(b.rows, row)
	}
	return b
}

func coverageTable(r *validate.SplitResult) (block, bool) {
	b := block{
		depth: 2, title: "How often intervals hold what was measured, %", numbers: 2,
		titles: []string{"level", "method", "distinct", "within 50 %", "within 90 %", "width, 50 %", "width, 90 %"},
	}
	for _, m := range r.Methods {
		for _, c := range m.Coverage {
			b.rows = append(b.rows, []string{
				levelTitle(c.Level), m.Method, fmt.Sprint(c.N), percentText(c.Half, 1), percentText(c.Ninety, 1), "±" + percentText(c.Width50, 1), "±" + percentText(c.Width90, 1),
			})
		}
	}
	return b, len(b.rows) > 0
}
