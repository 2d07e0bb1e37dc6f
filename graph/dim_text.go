package graph

import (
	"strconv"
	"strings"
)

// String prints d in Python's syntax; "?" where it is unknown.
func (d Dim) String() string { return d.print(false) }

func (d Dim) print(latex bool) string {
	switch d.kind() {
	case dimConst:
		return strconv.FormatInt(d.n, 10)
	case dimExpr:
		p := printer{latex: latex}
		p.sum(d)
		return p.String()
	}
	return "?"
}

// printer writes expressions in Python's syntax, or in LaTeX's.
type printer struct {
	strings.Builder
	latex bool
}

// pick writes one of two spellings.
func (p *printer) pick(python, latex string) {
	if p.latex {
		p.WriteString(latex)
	} else {
		p.WriteString(python)
	}
}

func (p *printer) sum(d Dim) {
	if d.kind() != dimExpr {
		p.WriteString(d.String())
		return
	}
	for i, t := range d.e.terms {
		coef, negated := t.coef, i == 0 && t.coef < 0
		switch {
		case negated:
			p.WriteByte('-')
			coef = -coef
		case coef < 0:
			p.WriteString(" - ")
			coef = -coef
		case i > 0:
			p.WriteString(" + ")
		}
		if coef != 1 || len(t.mono) == 0 {
			p.WriteString(strconv.FormatInt(coef, 10))
			if len(t.mono) > 0 {
				p.pick("*", ` \cdot `)
			}
		}
		p.product(t.mono, len(t.mono) > 1 || coef != 1 || negated)
	}
}

// product writes factors; in a product, operators that bind no stronger than * are put in parentheses.
func (p *printer) product(mono []factor, inProduct bool) {
	for i, f := range mono {
		if i > 0 {
			p.pick("*", ` \cdot `)
		}
		infix := f.atom.kind == atomMod || f.atom.kind == atomFloorDiv && !p.latex
		if f.pow > 1 {
			p.pick("", "{")
		}
		p.wrapped(infix && (inProduct || f.pow > 1), func() { p.atom(f.atom) })
		if f.pow > 1 {
			p.pick("**", "}^{")
			p.WriteString(strconv.Itoa(f.pow))
			p.pick("", "}")
		}
	}
}

// wrapped writes something in parentheses where it has to be.
func (p *printer) wrapped(parentheses bool, write func()) {
	if !parentheses {
		write()
		return
	}
	p.pick("(", `\left(`)
	write()
	p.pick(")", `\right)`)
}

func (p *printer) atom(a *atom) {
	switch {
	case p.latex:
		p.latexAtom(a)
	case a.kind == atomSymbol:
		p.WriteString(a.name)
	case a.kind == atomFloorDiv:
		p.infix(a, "//")
	case a.kind == atomMod:
		p.infix(a, " % ")
	case a.kind == atomMin:
		p.call(a, "min(")
	case a.kind == atomMax:
		p.call(a, "max(")
	case a.kind == atomRoot:
		p.WriteString("int(")
		p.operand(a.args[0])
		p.WriteString("**0.5)")
	}
}

func (p *printer) call(a *atom, name string) {
	p.WriteString(name)
	p.sum(a.args[0])
	p.WriteString(", ")
	p.sum(a.args[1])
	p.WriteByte(')')
}

func (p *printer) infix(a *atom, op string) {
	for i, x := range a.args {
		if i > 0 {
			p.WriteString(op)
		}
		p.operand(x)
	}
}

// operand writes what an operator binds: symbols and numbers as they are, the others in parentheses.
func (p *printer) operand(d Dim) {
	_, symbol := d.IsSymbol()
	n, isConst := d.Const()
	p.wrapped(!symbol && (!isConst || n < 0), func() { p.sum(d) })
}
