package validation

import (
	"fmt"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy/validate"
)

// trees lays out a validation on trees.
func trees(v *validate.Validation) *Sheet {
	s := &Sheet{figures: v}
	for _, d := range v.Data {
		text := fmt.Sprintf("%d runs of %d models in %s, batch %d to %d, sequence %d to %d; %d measured nodes that rest on %d distinct measurements (equal layers share one). %s at the plug, runtime profile %s.",
			d.Trees, len(d.Models), render.Plural(len(d.Families), "family"), d.Batch[0], d.Batch[1], d.Sequence[0], d.Sequence[1], d.Rows, d.Distinct, capital(string(v.Target)), v.Profile)
		s.add(block{depth: 1, title: "Measurements on " + d.Device, text: text})
	}
	s.add(overviewTable(v))
	s.add(legend())
	for i := range v.Splits {
		addSplit(s, &v.Splits[i], len(v.Data) > 1)
	}
	return s
}

// overviewTable puts the methods side by side.
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
		row := []string{Marked(m.Method, m.Told)}
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
func addSplit(s *Sheet, r *validate.SplitResult, named bool) {
	title := SplitTitle(r.Split)
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

func errorTable(r *validate.SplitResult) block {
	b := block{
		depth: 2, title: "Errors by level, %", numbers: 2,
		titles: []string{"level", "method", "distinct", "mean", "median", "p90", "bias", "rows", "mean", "median", "p90", "bias"},
	}
	for _, l := range levelTitles {
		for _, m := range r.Methods {
			for _, g := range m.Levels {
				if g.Level == l.level {
					b.rows = append(b.rows, append([]string{l.title, Marked(m.Method, m.Told)}, append(figuresText(errorsOf(&g).Distinct), figuresText(errorsOf(&g).Rows)...)...))
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
		row := []string{Marked(m.Method, m.Told)}
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
