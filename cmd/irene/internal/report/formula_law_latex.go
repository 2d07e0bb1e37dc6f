package report

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
)

// latexLaw writes each rule as an aligned environment, and the calls as another.
func (l *FormulaLaw) latexLaw() string {
	var b strings.Builder
	b.WriteString("% rules: what kernels wait for, in seconds at boost clock, and what they take\n")
	for i := range l.Rules {
		b.WriteString(latexRule(&l.Rules[i]))
	}
	b.WriteString("\n% the pass, and its calls: time in s, energy in J\n")
	rows := []string{
		latexRow(passBytes, l.Bytes.LaTeX(), "B"),
		latexRow(passWarm, latexCases(latexName(passBytes)+` \le `+latexNumber(l.Cache), "1", "0"), ""),
	}
	for i := range l.Calls {
		if s := l.Calls[i].Sizes; !s.IsUnknown() {
			rows = append(rows, latexRow(predict.CallRuns(i), latexCases(s.LaTeX()+" > 0", "1", "0"), ""))
		}
	}
	for i, s := range l.Shares {
		rows = append(rows, latexRow(predict.ShareName(i), `\frac{`+s.Of.LaTeX()+`}{`+s.Whole.LaTeX()+`}`, ""))
	}
	for i := range l.Calls {
		rows = append(rows, l.latexCall(i))
	}
	for _, line := range l.after() {
		rows = append(rows, latexLine(line))
	}
	b.WriteString(latexAligned(rows))
	return b.String()
}

func latexAligned(rows []string) string {
	return "\\begin{aligned}\n  " + strings.Join(rows, " \\\\\n  ") + "\n\\end{aligned}\n"
}

func latexRow(name, value, unit string) string {
	s := latexName(name) + " ={}& " + value
	if unit != "" {
		s += `\ \mathrm{` + strings.ReplaceAll(unit, " ", `\ `) + `}`
	}
	return s
}

func latexLine(line law.Line) string {
	return latexRow(line.Name, latexExpression(line.Expression), line.Unit)
}

// latexRule is a rule: its head in words, and its lines.
func latexRule(r *law.Rule) string {
	var rows []string
	for _, line := range r.Lines {
		rows = append(rows, latexLine(line))
	}
	for _, c := range r.Choices {
		var names []string
		for _, n := range c.Names {
			names = append(names, latexName(n))
		}
		var values []string
		for _, row := range c.Values {
			var v []string
			for _, x := range row {
				v = append(v, latexNumber(x))
			}
			s := strings.Join(v, ", ")
			if len(row) > 1 {
				s = "(" + s + ")"
			}
			values = append(values, s)
		}
		name := strings.Join(names, ", ")
		if len(names) > 1 {
			name = "(" + name + ")"
		}
		rows = append(rows, name+` \in{}& \{`+strings.Join(values, ", ")+`\}`)
	}
	for _, line := range r.Tried {
		rows = append(rows, latexLine(line))
	}
	if r.Choices != nil {
		rows = append(rows, `\to{}& \min `+latexName(law.RuleLeast))
	}
	if r.When != "" {
		rows = append(rows, latexName(r.Name)+" ={}& "+latexCases(latexExpression(r.When), latexExpression(r.Then), latexExpression(r.Else)))
	}
	return fmt.Sprintf("\n%% %s(%s): %s\n%s", r.Name, strings.Join(r.Parameters, ", "), r.About, latexAligned(rows))
}

// latexCall is time and energy of a call.
func (l *FormulaLaw) latexCall(i int) string {
	c := &l.Calls[i]
	var parts []string
	for j := range c.Parts {
		p := &c.Parts[j]
		sizes := arguments(&law.RulePart{Arguments: p.Arguments}, graph.Dim.LaTeX)
		if p.Warm {
			sizes = append(sizes, latexName(passWarm))
		}
		parts = append(parts, latexName(p.Rule)+`\left(`+strings.Join(sizes, ", ")+`\right)`)
	}
	s := latexName(c.Run) + `\left(` + strings.Join(parts, " + ") + `\right)`
	if !c.Sizes.IsUnknown() {
		s = latexName(predict.CallRuns(i)) + ` \cdot ` + s
	}
	s = fmt.Sprintf("(%s, %s) ={}& %s", latexName(predict.CallTime(i)), latexName(predict.CallEnergy(i)), s)
	s += ` \quad \text{` + strings.ReplaceAll(what(c), "×", `$\times$`) + `}`
	return s
}

func latexName(name string) string {
	return `\mathrm{` + strings.ReplaceAll(name, "_", `\_`) + `}`
}

func latexCases(condition, then, otherwise string) string {
	return `\begin{cases}` + then + ` & ` + condition + ` \\ ` + otherwise + ` & \text{else}\end{cases}`
}

// latexExpression is an expression of rules, whose syntax is Go's too.
func latexExpression(expression string) string {
	e, err := parser.ParseExpr(expression)
	if err != nil {
		return `\text{` + expression + `}`
	}
	return latexNode(e)
}

func latexNode(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if v, err := strconv.ParseFloat(e.Value, 64); err == nil {
			return latexNumber(v)
		}
		return e.Value
	case *ast.Ident:
		return latexName(e.Name)
	case *ast.SelectorExpr:
		return latexName(e.Sel.Name)
	case *ast.ParenExpr:
		return `\left(` + latexNode(e.X) + `\right)`
	case *ast.UnaryExpr:
		return e.Op.String() + latexNode(e.X)
	case *ast.BinaryExpr:
		return latexBinary(e)
	case *ast.CallExpr:
		return latexCallOf(e)
	}
	return ""
}

func latexBinary(e *ast.BinaryExpr) string {
	if e.Op == token.QUO {
		return `\frac{` + latexNode(unwrapped(e.X)) + `}{` + latexNode(unwrapped(e.Y)) + `}`
	}
	op := map[token.Token]string{token.MUL: `\cdot`, token.LEQ: `\le`, token.EQL: "="}[e.Op]
	if op == "" {
		op = e.Op.String()
	}
	return latexNode(e.X) + " " + op + " " + latexNode(e.Y)
}

// unwrapped leaves out parentheses where a fraction's line does for them.
func unwrapped(e ast.Expr) ast.Expr {
	if p, ok := e.(*ast.ParenExpr); ok {
		return p.X
	}
	return e
}

func latexCallOf(e *ast.CallExpr) string {
	var args []string
	for _, a := range e.Args {
		args = append(args, latexNode(a))
	}
	name := latexNode(e.Fun)
	if id, ok := e.Fun.(*ast.Ident); ok {
		switch {
		case id.Name == "where" && len(args) == 3:
			return latexCases(args[0], args[1], args[2])
		case id.Name == "pow" && len(args) == 2:
			return `\left(` + args[0] + `\right)^{` + args[1] + `}`
		case id.Name == "ceil":
			return `\left\lceil ` + args[0] + ` \right\rceil`
		case id.Name == "sqrt":
			return `\sqrt{` + args[0] + `}`
		case id.Name == "expm1":
			return `\left(e^{` + args[0] + `} - 1\right)`
		case id.Name == "min" || id.Name == "max":
			name = `\` + id.Name
		}
	}
	return name + `\left(` + strings.Join(args, ", ") + `\right)`
}
