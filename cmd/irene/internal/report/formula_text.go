package report

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
)

// formulaWidth is the width up to which a formula stands on one line.
const formulaWidth = 110

// writeFormulaText writes Python: a comment with what was read and where it holds, and an assignment per module and
// metric.
func writeFormulaText(w io.Writer, r *Formulas) error {
	return r.write(w, "# ", (*FormulaLaw).pythonLaw, pythonText)
}

// writeFormulaLaTeX writes an aligned environment per module and metric.
func writeFormulaLaTeX(w io.Writer, r *Formulas) error {
	return r.write(w, "% ", (*FormulaLaw).latexLaw, latexText)
}

// write writes the head as comments, the law where modules are sums of its calls, then the text of each module below a comment that names it.
func (r *Formulas) write(w io.Writer, comment string, rules func(*FormulaLaw) string, text func(*FormulaModule) string) error {
	var b strings.Builder
	beside := r.View.Narrower(len(comment))
	for line := range strings.Lines(beside.Notes(r.formulaHead())) {
		b.WriteString(comment + line)
	}
	if r.Law != nil {
		b.WriteString("\n" + rules(r.Law))
	}
	var write func([]formulaRun)
	write = func(runs []formulaRun) {
		for _, run := range runs {
			b.WriteString("\n" + comment + render.Clean(run.title()) + "\n" + run.text)
			write(run.children)
		}
	}
	write(foldFormulas(r.Modules, text))
	_, err := io.WriteString(render.Cleaner{W: w}, b.String())
	return err
}

// formulaHead says what was read and where the formulas hold.
func (r *Formulas) formulaHead() []render.Note {
	out := []render.Note{{Key: "model", Text: fmt.Sprintf("%s (%s)", r.Model.File, r.AboutModel())}}
	if r.Device != nil {
		out = append(out, render.Note{Key: "device", Text: r.DeviceText()})
	}
	out = append(out, render.Note{Key: "numbers", Text: r.NumbersText()}, r.CountedNote())
	dims := []string{}
	for _, s := range r.Symbols {
		dims = append(dims, s.Written)
	}
	for _, d := range r.Dims {
		dims = append(dims, fmt.Sprintf("%s = %d", d.Name, d.Value))
	}
	for _, e := range r.Equalities {
		dims = append(dims, fmt.Sprintf("%s = %v", e.Name, e.Expr))
	}
	if len(dims) == 0 {
		dims = append(dims, "all fixed in the file")
	}
	out = append(out, render.Note{Key: "dims", Text: strings.Join(dims, ", ")})
	for _, s := range r.Assumptions {
		out = append(out, render.Note{Key: "holds", Text: s})
	}
	out = append(out, UnknownNotes(r.Unknown)...)
	for _, s := range r.Warnings {
		out = append(out, render.Note{Key: "warning", Text: s})
	}
	return out
}

// formulaRun is neighbours with equal formulas.
type formulaRun struct {
	label    string
	count    int
	first    *FormulaModule
	text     string
	children []formulaRun
}

// foldFormulas joins neighbours whose names differ in a number alone and whose formulas read alike.
func foldFormulas(list []*FormulaModule, text func(*FormulaModule) string) []formulaRun {
	var out []formulaRun
	for i := 0; i < len(list); {
		run := []*Module{list[i].Module}
		mine := text(list[i])
		n := 1
		for i+n < len(list) && Generic(list[i].Module) == Generic(list[i+n].Module) && text(list[i+n]) == mine {
			run = append(run, list[i+n].Module)
			n++
		}
		out = append(out, formulaRun{
			label: Label(run, func(m *Module) string { return m.Path }), count: n, first: list[i], text: mine,
			children: foldFormulas(list[i].Children, text),
		})
		i += n
	}
	return out
}

// title names a run with its class, and says what its formulas leave out.
func (run *formulaRun) title() string {
	s := run.label
	if run.first.Path == "" {
		s = "model"
	}
	if run.count > 1 {
		s += fmt.Sprintf(" ×%d, each", run.count)
	}
	if run.first.Class != "" {
		s += " (" + run.first.Class + ")"
	}
	if n := run.first.Unknown; n > 0 {
		s += fmt.Sprintf(": without %s of unknown cost", render.Plural(n, "operator"))
	}
	return s
}

// pythonText is the assignments of a module.
func pythonText(m *FormulaModule) string {
	var b strings.Builder
	for i := range m.Formulas {
		f := &m.Formulas[i]
		if !f.Known {
			fmt.Fprintf(&b, "# %s is not known\n", f.Key)
			continue
		}
		fmt.Fprintf(&b, "%s = %s%s\n", f.Key, pythonSum(&f.Formula), f.comment())
	}
	return b.String()
}

// comment is the value of a formula of calls, for people; "" where dims are open, and where the formula says it.
func (f *NamedFormula) comment() string {
	if math.IsNaN(f.Value) || len(f.Symbols()) == 0 {
		return ""
	}
	return "  # " + f.Unit.Text(f.Value)
}

// sections are the comments before the terms of a kind, in formulas of several lines.
var sections = map[law.FormulaKind]string{
	law.KindWaves:  "whole waves of tiles",
	law.KindSmall:  "less for products of few rows or columns",
	law.KindCall:   "calls of kernels",
	law.KindHidden: "launches that work does not hide",
}

// pythonSum is a formula as a Python expression: one line if it fits, else in parentheses one term per line, of calls as many as fit.
func pythonSum(f *predict.Formula) string {
	if s := pythonLine(f, shortNumber); len(s) <= formulaWidth {
		return s
	}
	var b strings.Builder
	b.WriteString("(")
	last, width := law.KindWork, formulaWidth
	for i, t := range f.Terms {
		term := pythonTerm(t, i > 0, shortNumber)
		if t.Kind != last {
			last, width = t.Kind, formulaWidth
			b.WriteString("\n    # " + sections[last])
		}
		if width += 1 + len(term); t.Named() && width <= formulaWidth {
			b.WriteString(" " + term)
			continue
		}
		width = len("    ") + len(term)
		b.WriteString("\n    " + term)
	}
	b.WriteString("\n)")
	return b.String()
}

// pythonLine is a formula on one line.
func pythonLine(f *predict.Formula, number func(float64) string) string {
	var b strings.Builder
	for i, t := range f.Terms {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(pythonTerm(t, i > 0, number))
	}
	if len(f.Terms) == 0 {
		b.WriteByte('0')
	}
	return b.String()
}

// pythonTerm is one term, with the sign that joins it to those before.
func pythonTerm(t predict.FormulaTerm, joined bool, number func(float64) string) string {
	sign, c := "", t.Coefficient
	if joined {
		sign = "+ "
	}
	if c < 0 {
		sign, c = strings.Replace(sign+"-", "+ -", "- ", 1), -c
	}
	switch {
	case t.Expression.Is(1):
		return sign + number(c)
	case c == 1:
		return sign + t.Expression.Factor()
	}
	return sign + number(c) + "*" + t.Expression.Factor()
}

// shortNumber prints whole numbers in full, in groups of three digits as Python takes them, and others with six digits.
func shortNumber(v float64) string {
	if v == math.Trunc(v) && v < 1<<63 {
		digits := strconv.FormatInt(int64(v), 10)
		for i := len(digits) - 3; i > 0 && len(digits) > 4; i -= 3 {
			digits = digits[:i] + "_" + digits[i:]
		}
		return digits
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}

// fullNumber prints all digits.
func fullNumber(v float64) string {
	if v == math.Trunc(v) && v < 1<<53 {
		return strconv.FormatInt(int64(v), 10)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

func latexText(m *FormulaModule) string {
	var b strings.Builder
	for i := range m.Formulas {
		f := &m.Formulas[i]
		if !f.Known {
			fmt.Fprintf(&b, "%% %s is not known\n", f.Key)
			continue
		}
		fmt.Fprintf(&b, "\\begin{aligned}\n  %s ={}& ", f.Symbol)
		for j, t := range f.Terms {
			if j > 0 {
				b.WriteString(" \\\\\n  &{} ")
			}
			b.WriteString(latexTerm(t, j > 0))
		}
		if len(f.Terms) == 0 {
			b.WriteByte('0')
		}
		b.WriteString("\n\\end{aligned}\n")
	}
	return b.String()
}

func latexTerm(t predict.FormulaTerm, joined bool) string {
	sign, c := "", t.Coefficient
	switch {
	case c < 0:
		sign, c = "-", -c
	case joined:
		sign = "+"
	}
	if sign != "" {
		sign += " "
	}
	switch {
	case t.Expression.Is(1):
		return sign + latexNumber(c)
	case c == 1:
		return sign + t.Expression.LaTeX()
	}
	return sign + latexNumber(c) + ` \cdot ` + t.Expression.LaTeX()
}

// latexNumber prints six digits, powers of ten as such; whole numbers in groups of three digits.
func latexNumber(v float64) string {
	if v == math.Trunc(v) && v < 1<<63 {
		return strings.ReplaceAll(shortNumber(v), "_", `\,`)
	}
	mantissa, exponent, found := strings.Cut(strconv.FormatFloat(v, 'g', 6, 64), "e")
	if !found {
		return mantissa
	}
	n, err := strconv.Atoi(exponent)
	if err != nil {
		return mantissa
	}
	return fmt.Sprintf(`%s \cdot 10^{%d}`, mantissa, n)
}
