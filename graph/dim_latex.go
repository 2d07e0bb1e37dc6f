package graph

import (
	"strconv"
	"strings"
)

// LaTeX prints d for LaTeX's mathematics mode: \cdot for products, powers as superscripts, rounded quotients between
// \lfloor or \lceil, names upright.
func (d Dim) LaTeX() string {
	switch d.kind {
	case dimConst:
		return strconv.FormatInt(d.n, 10)
	case dimExpr:
		var b strings.Builder
		d.latex(&b)
		return b.String()
	}
	return "?"
}

func (d Dim) latex(b *strings.Builder) {
	for i, t := range d.terms() {
		coef := t.coef
		switch {
		case coef < 0 && i == 0:
			b.WriteByte('-')
			coef = -coef
		case coef < 0:
			b.WriteString(" - ")
			coef = -coef
		case i > 0:
			b.WriteString(" + ")
		}
		if coef != 1 || len(t.mono) == 0 {
			b.WriteString(strconv.FormatInt(coef, 10))
			if len(t.mono) > 0 {
				b.WriteString(` \cdot `)
			}
		}
		for j, f := range t.mono {
			if j > 0 {
				b.WriteString(` \cdot `)
			}
			f.latex(b, len(t.mono) > 1 || coef != 1)
		}
	}
	if len(d.terms()) == 0 {
		b.WriteByte('0')
	}
}

func (f factor) latex(b *strings.Builder, inProduct bool) {
	wrap := f.atom.kind == atomMod && (inProduct || f.pow > 1)
	if wrap {
		b.WriteString(`\left(`)
	}
	if f.pow > 1 {
		b.WriteByte('{')
	}
	f.atom.latex(b)
	if wrap {
		b.WriteString(`\right)`)
	}
	if f.pow > 1 {
		b.WriteString("}^{" + strconv.Itoa(f.pow) + "}")
	}
}

func (a *atom) latex(b *strings.Builder) {
	if a.kind == atomSymbol {
		b.WriteString(latexName(a.name))
		return
	}
	x, y := a.args[0], a.args[1]
	open, between, end := `\max\left(`, ", ", `\right)`
	switch a.kind {
	case atomFloorDiv:
		open, between, end = `\left\lfloor \frac{`, "}{", `} \right\rfloor`
		if up, ok := ceiled(x, y); ok {
			x, open, end = up, `\left\lceil \frac{`, `} \right\rceil`
		}
	case atomMod:
		open, between, end = "", ` \bmod `, ""
	case atomMin:
		open = `\min\left(`
	}
	b.WriteString(open)
	latexOperand(b, x, a.kind == atomMod)
	b.WriteString(between)
	latexOperand(b, y, a.kind == atomMod)
	b.WriteString(end)
}

// latexOperand puts sums between parentheses where an operator stands beside them.
func latexOperand(b *strings.Builder, d Dim, infix bool) {
	wrap := infix && len(d.terms()) > 1
	if wrap {
		b.WriteString(`\left(`)
	}
	d.latex(b)
	if wrap {
		b.WriteString(`\right)`)
	}
}

// ceiled recognises ⌊(x + c - 1)/c⌋, which is ⌈x/c⌉, for a constant c.
func ceiled(d, o Dim) (Dim, bool) {
	c, ok := o.Const()
	if !ok || c < 2 {
		return Dim{}, false
	}
	ts := d.terms()
	if last := ts[len(ts)-1]; len(last.mono) != 0 || last.coef != c-1 {
		return Dim{}, false
	}
	return d.AddInt(1 - c), true
}

// latexName is a name set upright, with what LaTeX would take for commands escaped.
func latexName(name string) string {
	var b strings.Builder
	b.WriteString(`\mathrm{`)
	for _, r := range name {
		switch {
		case strings.ContainsRune(`_#$%&{}`, r):
			b.WriteString(`\` + string(r))
		case r == '\\':
			b.WriteString(`\backslash `)
		case r == '^' || r == '~':
			b.WriteString(`\` + string(r) + `{}`)
		case r == ' ':
			b.WriteString(`\ `)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + "}"
}
