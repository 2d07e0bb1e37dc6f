package graph

import (
	"strconv"
	"strings"
)

// String prints d in Python's syntax; "?" where it is unknown.
func (d Dim) String() string {
	switch d.kind {
	case dimConst:
		return strconv.FormatInt(d.n, 10)
	case dimExpr:
		var b strings.Builder
		d.write(&b)
		return b.String()
	}
	return "?"
}

func (d Dim) write(b *strings.Builder) {
	if d.kind != dimExpr {
		b.WriteString(d.String())
		return
	}
	for i, t := range d.e.terms {
		coef, negated := t.coef, i == 0 && t.coef < 0
		switch {
		case i == 0 && coef < 0:
			b.WriteByte('-')
			coef = -coef
		case i > 0 && coef < 0:
			b.WriteString(" - ")
			coef = -coef
		case i > 0:
			b.WriteString(" + ")
		}
		if coef != 1 || len(t.mono) == 0 {
			b.WriteString(strconv.FormatInt(coef, 10))
			if len(t.mono) > 0 {
				b.WriteByte('*')
			}
		}
		for j, f := range t.mono {
			if j > 0 {
				b.WriteByte('*')
			}
			f.write(b, len(t.mono) > 1 || coef != 1 || negated)
		}
	}
}

// write prints a factor; in a product, operators that bind no stronger than * are put in parentheses.
func (f factor) write(b *strings.Builder, inProduct bool) {
	wrap := (inProduct || f.pow > 1) && (f.atom.kind == atomFloorDiv || f.atom.kind == atomMod)
	if wrap {
		b.WriteByte('(')
	}
	f.atom.write(b)
	if wrap {
		b.WriteByte(')')
	}
	if f.pow > 1 {
		b.WriteString("**")
		b.WriteString(strconv.Itoa(f.pow))
	}
}

func (a *atom) write(b *strings.Builder) {
	switch a.kind {
	case atomSymbol:
		b.WriteString(a.name)
	case atomFloorDiv:
		a.writeInfix(b, "//")
	case atomMod:
		a.writeInfix(b, " % ")
	case atomMin:
		a.writeCall(b, "min(")
	case atomMax:
		a.writeCall(b, "max(")
	}
}

func (a *atom) writeCall(b *strings.Builder, name string) {
	b.WriteString(name)
	a.args[0].write(b)
	b.WriteString(", ")
	a.args[1].write(b)
	b.WriteByte(')')
}

func (a *atom) writeInfix(b *strings.Builder, op string) {
	for i, x := range a.args {
		if i > 0 {
			b.WriteString(op)
		}
		_, symbol := x.IsSymbol()
		n, isConst := x.Const()
		if symbol || (isConst && n >= 0) {
			x.write(b)
			continue
		}
		b.WriteByte('(')
		x.write(b)
		b.WriteByte(')')
	}
}
