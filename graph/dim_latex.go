package graph

import "strings"

// LaTeX prints d for LaTeX's mathematics mode: \cdot for products, powers as superscripts, rounded quotients between
// \lfloor or \lceil, names upright.
func (d Dim) LaTeX() string { return d.print(true) }

func (p *printer) latexAtom(a *atom) {
	if a.kind == atomSymbol {
		p.WriteString(latexName(a.name))
		return
	}
	x, y := a.args[0], a.args[1]
	if a.kind == atomRoot {
		p.WriteString(`\left\lfloor \sqrt{`)
		p.sum(x)
		p.WriteString(`} \right\rfloor`)
		return
	}
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
	operand := func(d Dim) { p.wrapped(a.kind == atomMod && len(d.terms()) > 1, func() { p.sum(d) }) }
	p.WriteString(open)
	operand(x)
	p.WriteString(between)
	operand(y)
	p.WriteString(end)
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
