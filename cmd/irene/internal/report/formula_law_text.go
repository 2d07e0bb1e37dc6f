package report

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
)

// pythonLaw writes the rules as Python functions, and the calls as assignments.
func (l *FormulaLaw) pythonLaw() string {
	var b strings.Builder
	b.WriteString("from collections import namedtuple\nfrom math import ceil, expm1, sqrt\n\n")
	b.WriteString("def where(condition, then, otherwise):\n    return then if condition else otherwise\n\n")
	fields := strings.Join(law.RuleWaits(), " ")
	fmt.Fprintf(&b, "# what a kernel waits for: seconds at boost clock, and what it computes and moves\nwaits = namedtuple(%q, %q, defaults=%d*(0,))\n", "waits", fields, len(law.RuleWaits()))
	if l.parted() {
		fmt.Fprintf(&b, "\ndef after(x, y):\n    # one kernel in parts: what the first begins with holds, the others add up\n    first = %s\n", pythonTuple(law.RuleFirst()))
		b.WriteString("    return waits(**{f: getattr(x, f) + (0 if f in first else getattr(y, f)) for f in waits._fields})\n")
	}
	for i := range l.Rules {
		b.WriteString("\n" + pythonRule(&l.Rules[i]))
	}
	b.WriteString("\n# the pass, and its calls: time in s, energy in J\n")
	for _, line := range l.before() {
		b.WriteString(pythonAssignment(line, ""))
	}
	for i := range l.Calls {
		b.WriteString(l.pythonCall(i))
	}
	for _, line := range l.after() {
		b.WriteString(pythonAssignment(line, ""))
	}
	return b.String()
}

// parted reports whether a kernel is made of several calls.
func (l *FormulaLaw) parted() bool {
	for i := range l.Calls {
		if len(l.Calls[i].Parts) > 1 {
			return true
		}
	}
	return false
}

func pythonTuple(names []string) string { return `("` + strings.Join(names, `", "`) + `")` }

// pythonRule is a rule as a function.
func pythonRule(r *law.Rule) string {
	var b strings.Builder
	fmt.Fprintf(&b, "def %s(%s):\n    # %s\n", r.Name, strings.Join(r.Parameters, ", "), r.About)
	if r.When != "" {
		fmt.Fprintf(&b, "    return %s if %s else %s\n", r.Then, r.When, r.Else)
		return b.String()
	}
	for _, line := range r.Lines {
		b.WriteString(pythonAssignment(line, "    "))
	}
	indent := "    "
	if r.Choices != nil {
		b.WriteString("    fastest = None\n")
	}
	for _, c := range r.Choices {
		fmt.Fprintf(&b, "%sfor %s in %s:\n", indent, strings.Join(c.Names, ", "), pythonValues(c.Values))
		indent += "    "
	}
	for _, line := range r.Tried {
		b.WriteString(pythonAssignment(line, indent))
	}
	if r.Choices == nil {
		b.WriteString("    return " + pythonResult(r) + "\n")
		return b.String()
	}
	fmt.Fprintf(&b, "%sif fastest is None or %s < fastest[0]:\n%s    fastest = %s, %s\n    return fastest[1]\n", indent, law.RuleLeast, indent, law.RuleLeast, pythonResult(r))
	return b.String()
}

// pythonResult is what a function returns: numbers, or what a kernel waits for.
func pythonResult(r *law.Rule) string {
	if !r.Class() {
		return strings.Join(r.Returns, ", ")
	}
	var fields []string
	for _, name := range r.Returns {
		fields = append(fields, name+"="+name)
	}
	return "waits(" + strings.Join(fields, ", ") + ")"
}

func pythonValues(rows [][]float64) string {
	var out []string
	for _, row := range rows {
		var values []string
		for _, v := range row {
			values = append(values, shortNumber(v))
		}
		s := strings.Join(values, ", ")
		if len(row) > 1 {
			s = "(" + s + ")"
		}
		out = append(out, s)
	}
	return "(" + strings.Join(out, ", ") + ")"
}

// pythonAssignment is a line, its unit behind it.
func pythonAssignment(line law.Line, indent string) string {
	s := indent + line.Name + " = " + shortNumbers(line.Expression)
	if line.Unit != "" {
		s += "  # " + line.Unit
	}
	return s + "\n"
}

// pythonCall assigns time and energy of a call.
func (l *FormulaLaw) pythonCall(i int) string {
	c := &l.Calls[i]
	call := ""
	for j := range c.Parts {
		p := &c.Parts[j]
		one := p.Rule + "(" + strings.Join(arguments(p, graph.Dim.String), ", ") + ")"
		if j > 0 {
			one = "after(" + call + ", " + one + ")"
		}
		call = one
	}
	call = c.Run + "(" + call + ")"
	if !c.Sizes.IsUnknown() {
		call += " if " + predict.CallRuns(i) + " else (0, 0)"
	}
	s := fmt.Sprintf("%s, %s = %s  # %s", predict.CallTime(i), predict.CallEnergy(i), call, what(c))
	if l.Values != nil {
		s += fmt.Sprintf(": %v, %v", l.Values[i].Time, l.Values[i].Energy)
	}
	return s + "\n"
}

// digits are the numbers of an expression, and names with digits in them.
var digits = regexp.MustCompile(`[A-Za-z_][A-Za-z_0-9.]*|[0-9][0-9.]*(?:e[+-]?[0-9]+)?`)

// shortNumbers writes the numbers of an expression with six digits.
func shortNumbers(expression string) string {
	return digits.ReplaceAllStringFunc(expression, func(s string) string {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil || s[0] < '0' || s[0] > '9' {
			return s
		}
		return shortNumber(v)
	})
}
