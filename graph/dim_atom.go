package graph

import (
	"math"
	"strings"
)

// atom is what a polynomial treats as a variable.
type atom struct {
	kind          atomKind
	name          string // symbols
	low, high     int64  // bounds of its value; noLow and noHigh where open
	data          bool   // symbols: decided by input data
	args          []Dim  // the others: two operands
	key           string // the others: canonical text
	text, nesting int    // what it takes of the budget
}

type atomKind uint8

const (
	atomSymbol atomKind = iota
	atomFloorDiv
	atomMod
	atomMin
	atomMax
	atomRoot // ⌊√x⌋; the second operand is 2
)

// newAtom is an operation on two operands; unknown past the budget.
func newAtom(kind atomKind, x, y Dim) Dim {
	xText, xNesting := x.size()
	yText, yNesting := y.size()
	a := &atom{kind: kind, args: []Dim{x, y}, text: len("max(, )") + xText + yText, nesting: 1 + max(xNesting, yNesting)}
	if a.text > maxAtomText || a.nesting > maxNesting {
		return Dim{}
	}
	var p printer
	p.atom(a)
	a.key = p.String()
	a.low, a.high = a.bounds()
	return atomDim(a)
}

// compareAtom orders atoms: symbols by name first, then the others by their text.
func compareAtom(a, b *atom) int {
	if a == b {
		return 0
	}
	if (a.kind == atomSymbol) != (b.kind == atomSymbol) {
		if a.kind == atomSymbol {
			return -1
		}
		return 1
	}
	if a.kind == atomSymbol {
		return strings.Compare(a.name, b.name)
	}
	return strings.Compare(a.key, b.key)
}

func (a *atom) subst(env func(string) (Dim, bool)) Dim {
	if a.kind == atomSymbol {
		if v, ok := env(a.name); ok {
			return v
		}
		return atomDim(a)
	}
	x, y := a.args[0].Subst(env), a.args[1].Subst(env)
	switch a.kind {
	case atomFloorDiv:
		return x.FloorDiv(y)
	case atomMod:
		return x.Mod(y)
	case atomMin:
		return x.Min(y)
	case atomRoot:
		return x.FloorSqrt()
	}
	return x.Max(y)
}

func (a *atom) eval(env func(string) (int64, bool)) (int64, bool) {
	if a.kind == atomSymbol {
		return env(a.name)
	}
	x, ok := a.args[0].Eval(env)
	y, ok2 := a.args[1].Eval(env)
	if !ok || !ok2 {
		return 0, false
	}
	switch a.kind {
	case atomFloorDiv:
		if y == 0 {
			return 0, false
		}
		return floorDivInt(x, y), true
	case atomMod:
		if y == 0 {
			return 0, false
		}
		return x - y*floorDivInt(x, y), true
	case atomMin:
		return min(x, y), true
	case atomRoot:
		return floorSqrtInt(x), x >= 0
	}
	return max(x, y), true
}

func floorDivInt(x, y int64) int64 {
	q := x / y
	if x%y != 0 && (x < 0) != (y < 0) {
		q--
	}
	return q
}

// FloorDiv returns ⌊d / o⌋; unknown where o is zero.
func (d Dim) FloorDiv(o Dim) Dim {
	switch {
	case o.Is(0):
		return Dim{}
	case d.IsUnknown() || o.IsUnknown():
		return none(d, o)
	case o.Is(1):
		return d
	case d.Is(0):
		return d
	case d.kind() == dimConst && o.kind() == dimConst:
		return Const(floorDivInt(d.n, o.n))
	case d.Equal(o):
		return Const(1)
	}
	d, o = cancel(d, o)
	if c, ok := o.Const(); ok {
		return floorDivConst(d, c)
	}
	if q, ok := divideExactly(d, o); ok {
		return q
	}
	if r := d.Sub(o); r.Negative() && d.NonNegative() {
		return Const(0)
	}
	return newAtom(atomFloorDiv, d, o)
}

// CeilDiv returns ⌈d / o⌉.
func (d Dim) CeilDiv(o Dim) Dim { return d.Add(o).AddInt(-1).FloorDiv(o) }

// cancel divides both by their common monomial and common integer factor.
func cancel(d, o Dim) (Dim, Dim) {
	all := append(append([]term(nil), d.terms()...), o.terms()...)
	g, common := int64(0), all[0].mono
	for _, t := range all {
		g = gcd(g, t.coef)
		common = commonMono(common, t.mono)
	}
	if g == 1 && len(common) == 0 {
		return d, o
	}
	div := func(x Dim) Dim {
		ts := make([]term, 0, len(x.terms()))
		for _, t := range x.terms() {
			m, _ := divMono(t.mono, common)
			ts = append(ts, term{t.coef / g, m})
		}
		return fromTerms(ts)
	}
	return div(d), div(o)
}

func commonMono(a, b []factor) []factor {
	var out []factor
	for len(a) > 0 && len(b) > 0 {
		switch c := compareAtom(a[0].atom, b[0].atom); {
		case c < 0:
			a = a[1:]
		case c > 0:
			b = b[1:]
		default:
			out = append(out, factor{a[0].atom, min(a[0].pow, b[0].pow)})
			a, b = a[1:], b[1:]
		}
	}
	return out
}

func gcd(a, b int64) int64 {
	if a < 0 {
		a = -a
	}
	if b < 0 {
		b = -b
	}
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// floorDivConst divides by a constant c: terms that c divides leave the quotient, the rest stays under the division.
func floorDivConst(d Dim, c int64) Dim {
	switch {
	case c == math.MinInt64:
		return Dim{e: overflow}
	case c < 0:
		return floorDivConst(Const(0).Sub(d), -c)
	}
	q, r := splitBy(d, c)
	if r.kind() == dimConst || (r.NonNegative() && r.AddInt(-c).Negative()) {
		return q.Add(divConst(r, c))
	}
	if inner, k, ok := nestedDiv(r); ok { // ⌊(⌊x/a⌋ + k)/c⌋ = ⌊(x + k·a)/(a·c)⌋
		if a, isConst := inner.args[1].Const(); isConst && a > 0 {
			if ac, fits := mulInt(a, c); fits {
				return q.Add(inner.args[0].Add(Const(k).MulInt(a)).FloorDiv(Const(ac)))
			}
		}
	}
	return q.Add(newAtom(atomFloorDiv, r, Const(c)))
}

func divConst(r Dim, c int64) Dim {
	if n, ok := r.Const(); ok {
		return Const(floorDivInt(n, c))
	}
	return Const(0)
}

// splitBy writes d as c·q + r with every coefficient of r in [0, c).
func splitBy(d Dim, c int64) (q, r Dim) {
	var qs, rs []term
	for _, t := range d.terms() {
		k := floorDivInt(t.coef, c)
		if k != 0 {
			qs = append(qs, term{k, t.mono})
		}
		if m := t.coef - k*c; m != 0 {
			rs = append(rs, term{m, t.mono})
		}
	}
	return fromTerms(qs), fromTerms(rs)
}

// nestedDiv recognises one floor division plus a constant.
func nestedDiv(d Dim) (*atom, int64, bool) {
	ts := d.terms()
	if len(ts) == 0 || len(ts) > 2 {
		return nil, 0, false
	}
	t, k := ts[0], int64(0)
	if len(ts) == 2 {
		if len(ts[1].mono) != 0 {
			return nil, 0, false
		}
		k = ts[1].coef
	}
	if t.coef != 1 || len(t.mono) != 1 || t.mono[0].pow != 1 || t.mono[0].atom.kind != atomFloorDiv {
		return nil, 0, false
	}
	return t.mono[0].atom, k, true
}

// divideExactly is polynomial long division; ok only where nothing remains.
func divideExactly(d, o Dim) (Dim, bool) {
	ds, os := d.terms(), o.terms()
	lead := os[0]
	q, rest := Const(0), d
	for steps := 1; !rest.Is(0); steps++ {
		t := rest.terms()[0]
		m, ok := divMono(t.mono, lead.mono)
		if !ok || t.coef%lead.coef != 0 || steps*(len(ds)+len(os)) > maxPairs {
			return Dim{}, false
		}
		part := fromTerms([]term{{t.coef / lead.coef, m}})
		q = q.Add(part)
		rest = rest.Sub(part.Mul(o))
		if rest.IsUnknown() {
			return Dim{}, false
		}
	}
	return q, true
}

// DivideExactly returns d / o where o provably divides d.
func (d Dim) DivideExactly(o Dim) (Dim, bool) {
	switch {
	case d.IsUnknown() || o.IsUnknown() || o.Is(0):
		return Dim{}, false
	case d.kind() == dimConst && o.kind() == dimConst:
		return Const(d.n / o.n), d.n%o.n == 0
	}
	return divideExactly(d, o)
}

// Mod returns the remainder of floor division, with the sign of o, as Python's %.
func (d Dim) Mod(o Dim) Dim {
	switch {
	case o.Is(0):
		return Dim{}
	case d.IsUnknown() || o.IsUnknown():
		return none(d, o)
	case d.kind() == dimConst && o.kind() == dimConst:
		return Const(d.n - o.n*floorDivInt(d.n, o.n))
	}
	if c, ok := o.Const(); ok && c > 0 {
		_, d = splitBy(d, c)
		if d.kind() == dimConst {
			return d.Mod(o)
		}
	} else if _, exact := divideExactly(d, o); exact {
		return Const(0)
	}
	if d.NonNegative() && d.Sub(o).Negative() {
		return d
	}
	return newAtom(atomMod, d, o)
}

// Min returns the smaller of d and o.
func (d Dim) Min(o Dim) Dim { return extreme(d, o, atomMin) }

// Max returns the larger of d and o.
func (d Dim) Max(o Dim) Dim { return extreme(d, o, atomMax) }

func extreme(d, o Dim, kind atomKind) Dim {
	if d.IsUnknown() || o.IsUnknown() {
		return none(d, o)
	}
	if d.kind() == dimConst && o.kind() == dimConst {
		if (d.n < o.n) == (kind == atomMin) {
			return d
		}
		return o
	}
	diff := d.Sub(o)
	switch {
	case diff.NonNegative():
		if kind == atomMin {
			return o
		}
		return d
	case Const(0).Sub(diff).NonNegative():
		if kind == atomMin {
			return d
		}
		return o
	}
	dText, _ := d.size()
	if oText, _ := o.size(); dText+oText > maxAtomText {
		return Dim{}
	}
	if d.String() > o.String() {
		d, o = o, d
	}
	return newAtom(kind, d, o)
}
