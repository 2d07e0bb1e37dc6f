package graph

import (
	"math/bits"
	"slices"
	"strings"
)

// Dim is a dimension, or any other integer that follows from dimensions: unknown (the zero value), constant, or an
// expression over the symbols a file declares. Expressions are kept as polynomials with integer coefficients over
// atoms (symbols, floor divisions, remainders, minima, maxima), in a canonical order, so that equal polynomials are
// equal values. A Dim is immutable.
//
// Symbols stand for sizes: at least 1, or at least 0 where a size may be empty (see [Symbol]). Simplifications such as
// max(sequence - 1, 0) = sequence - 1 rest on that.
type Dim struct {
	n int64
	e *poly // nil of an unknown dim; constant and overflow stand for those
}

// What is no expression points to one of these: graphs hold millions of dims.
var constant, overflow = new(poly), new(poly)

type dimKind uint8

const (
	dimUnknown dimKind = iota
	dimConst
	dimExpr
	dimOverflow
)

func (d Dim) kind() dimKind {
	switch d.e {
	case nil:
		return dimUnknown
	case constant:
		return dimConst
	case overflow:
		return dimOverflow
	}
	return dimExpr
}

// poly is a sum of terms, sorted by descending monomial order; it has at least one term that is not constant.
type poly struct {
	terms         []term
	text, nesting int // what it takes of the budget
}

type term struct {
	coef int64
	mono []factor // sorted by atom; empty for the constant term
}

type factor struct {
	atom *atom
	pow  int
}

// Const is a known integer.
func Const(n int64) Dim { return Dim{n: n, e: constant} }

// Symbol is a named size. Sizes are taken to be at least 1, those whose name speaks of a past (a key/value cache that
// starts empty) at least 0.
func Symbol(name string) Dim {
	low := int64(1)
	if strings.Contains(strings.ToLower(name), "past") {
		low = 0
	}
	return atomDim(&atom{kind: atomSymbol, name: name, low: low, high: noHigh, text: len(name)})
}

// DataDependent is a named size that only the input data decides (the count of NonZero); at least 0 and never assumed.
func DataDependent(name string) Dim {
	return atomDim(&atom{kind: atomSymbol, name: name, high: noHigh, text: len(name), data: true})
}

func atomDim(a *atom) Dim {
	return Dim{e: &poly{[]term{{coef: 1, mono: []factor{{atom: a, pow: 1}}}}, a.text, a.nesting}}
}

// IsUnknown reports whether nothing is known of d, a result beyond 63 bits or beyond the budget of expressions included.
func (d Dim) IsUnknown() bool { return d.e == nil || d.e == overflow }

// Overflowed reports whether d is unknown because a value left the range of 63-bit integers.
func (d Dim) Overflowed() bool { return d.e == overflow }

// Const returns the value of a constant.
func (d Dim) Const() (int64, bool) { return d.n, d.e == constant }

// Is reports whether d is the constant n.
func (d Dim) Is(n int64) bool { return d.e == constant && d.n == n }

// Equal reports whether d and o are provably the same number.
func (d Dim) Equal(o Dim) bool {
	if d.kind() != o.kind() {
		return false
	}
	switch d.kind() {
	case dimConst:
		return d.n == o.n
	case dimExpr:
		return d.e == o.e || equalPoly(d.e, o.e)
	}
	return false
}

func equalPoly(a, b *poly) bool {
	if len(a.terms) != len(b.terms) {
		return false
	}
	for i := range a.terms {
		if a.terms[i].coef != b.terms[i].coef || compareMono(a.terms[i].mono, b.terms[i].mono) != 0 {
			return false
		}
	}
	return true
}

// none is the result of an operation on d and o of which one is unknown.
func none(d, o Dim) Dim {
	if d.kind() == dimOverflow || o.kind() == dimOverflow {
		return Dim{e: overflow}
	}
	return Dim{}
}

// Add returns d + o.
func (d Dim) Add(o Dim) Dim {
	switch {
	case d.IsUnknown() || o.IsUnknown():
		return none(d, o)
	case d.kind() == dimConst && o.kind() == dimConst:
		return fromOverflow(addInt(d.n, o.n))
	case o.Is(0):
		return d
	case d.Is(0):
		return o
	}
	return addPoly(d.terms(), o.terms(), 1)
}

// Sub returns d - o.
func (d Dim) Sub(o Dim) Dim {
	switch {
	case d.IsUnknown() || o.IsUnknown():
		return none(d, o)
	case d.kind() == dimConst && o.kind() == dimConst:
		return fromOverflow(subInt(d.n, o.n))
	case o.Is(0):
		return d
	}
	return addPoly(d.terms(), o.terms(), -1)
}

// Mul returns d · o. Zero times an unknown is zero.
func (d Dim) Mul(o Dim) Dim {
	switch {
	case d.Is(0) || o.Is(0):
		return Const(0)
	case d.IsUnknown() || o.IsUnknown():
		return none(d, o)
	case d.kind() == dimConst && o.kind() == dimConst:
		return fromOverflow(mulInt(d.n, o.n))
	case o.Is(1):
		return d
	case d.Is(1):
		return o
	}
	a, b := d.terms(), o.terms()
	if len(b) == 1 {
		return mulTerm(a, b[0])
	}
	if len(a) == 1 {
		return mulTerm(b, a[0])
	}
	return mulPoly(a, b)
}

// MulInt returns d · n.
func (d Dim) MulInt(n int64) Dim { return d.Mul(Const(n)) }

// AddInt returns d + n.
func (d Dim) AddInt(n int64) Dim { return d.Add(Const(n)) }

// Pow returns d to the power n ≥ 0.
func (d Dim) Pow(n int64) Dim {
	if n < 0 || n > 64 {
		return Dim{}
	}
	out := Const(1)
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			out = out.Mul(d)
		}
		if n > 1 {
			d = d.Mul(d)
		}
	}
	return out
}

// terms views d as a list of terms.
func (d Dim) terms() []term {
	if d.kind() == dimExpr {
		return d.e.terms
	}
	if d.n == 0 {
		return nil
	}
	return []term{{coef: d.n}}
}

// fromTerms makes a Dim of terms that are sorted, distinct and without zero coefficients; unknown past the budget.
func fromTerms(ts []term) Dim {
	if len(ts) == 0 {
		return Const(0)
	}
	if len(ts) == 1 && len(ts[0].mono) == 0 {
		return Const(ts[0].coef)
	}
	p := &poly{terms: ts}
	if !p.measure() {
		return Dim{}
	}
	return Dim{e: p}
}

// sumOf makes a Dim of terms in any order, which it sorts in place.
func sumOf(ts []term) Dim {
	slices.SortStableFunc(ts, func(a, b term) int { return compareMono(b.mono, a.mono) })
	out := ts[:0]
	for i := 0; i < len(ts); {
		sum, mono := ts[i].coef, ts[i].mono
		for i++; i < len(ts) && compareMono(ts[i].mono, mono) == 0; i++ {
			s, ok := addInt(sum, ts[i].coef)
			if !ok {
				return Dim{e: overflow}
			}
			sum = s
		}
		if sum != 0 {
			out = append(out, term{sum, mono})
		}
	}
	return fromTerms(out)
}

// addPoly merges a + factor·b.
func addPoly(a, b []term, factor int64) Dim {
	out := make([]term, 0, len(a)+len(b))
	for len(a) > 0 || len(b) > 0 {
		c := 0
		switch {
		case len(a) == 0:
			c = 1
		case len(b) == 0:
			c = -1
		default:
			c = -compareMono(a[0].mono, b[0].mono)
		}
		switch {
		case c < 0:
			out, a = append(out, a[0]), a[1:]
		case c > 0:
			k, ok := mulInt(b[0].coef, factor)
			if !ok {
				return Dim{e: overflow}
			}
			out, b = append(out, term{k, b[0].mono}), b[1:]
		default:
			k, ok := mulInt(b[0].coef, factor)
			s, ok2 := addInt(a[0].coef, k)
			if !ok || !ok2 {
				return Dim{e: overflow}
			}
			if s != 0 {
				out = append(out, term{s, a[0].mono})
			}
			a, b = a[1:], b[1:]
		}
	}
	return fromTerms(out)
}

// mulTerm multiplies every term of a by t. The order of terms is a monomial order, so it is kept.
func mulTerm(a []term, t term) Dim {
	out := make([]term, len(a))
	for i, x := range a {
		k, ok := mulInt(x.coef, t.coef)
		if !ok {
			return Dim{e: overflow}
		}
		out[i] = term{k, mulMono(x.mono, t.mono)}
	}
	return fromTerms(out)
}

// mulPoly multiplies sums.
func mulPoly(a, b []term) Dim {
	if len(a)*len(b) > maxPairs {
		return Dim{}
	}
	out := make([]term, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			k, ok := mulInt(x.coef, y.coef)
			if !ok {
				return Dim{e: overflow}
			}
			out = append(out, term{k, mulMono(x.mono, y.mono)})
		}
	}
	return sumOf(out)
}

func mulMono(a, b []factor) []factor {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 {
		return a
	}
	out := make([]factor, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch c := compareAtom(a[0].atom, b[0].atom); {
		case c < 0:
			out, a = append(out, a[0]), a[1:]
		case c > 0:
			out, b = append(out, b[0]), b[1:]
		default:
			out = append(out, factor{a[0].atom, a[0].pow + b[0].pow})
			a, b = a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// divMono returns a / b and whether b divides a.
func divMono(a, b []factor) ([]factor, bool) {
	if len(b) == 0 {
		return a, true
	}
	out := make([]factor, 0, len(a))
	for _, f := range a {
		if len(b) > 0 {
			switch c := compareAtom(f.atom, b[0].atom); {
			case c > 0:
				return nil, false
			case c == 0:
				if f.pow < b[0].pow {
					return nil, false
				}
				if f.pow > b[0].pow {
					out = append(out, factor{f.atom, f.pow - b[0].pow})
				}
				b = b[1:]
				continue
			}
		}
		out = append(out, f)
	}
	return out, len(b) == 0
}

func degree(m []factor) int {
	n := 0
	for _, f := range m {
		n += f.pow
	}
	return n
}

// compareMono is the graded lexicographic order of monomials: first the total degree, then the powers of the atoms in
// their order.
func compareMono(a, b []factor) int {
	if d := degree(a) - degree(b); d != 0 {
		return d
	}
	for i := range min(len(a), len(b)) {
		if c := compareAtom(a[i].atom, b[i].atom); c != 0 {
			return -c
		}
		if c := a[i].pow - b[i].pow; c != 0 {
			return c
		}
	}
	return len(a) - len(b)
}

func fromOverflow(n int64, ok bool) Dim {
	if !ok {
		return Dim{e: overflow}
	}
	return Const(n)
}

func addInt(a, b int64) (int64, bool) {
	c := a + b
	return c, (c > a) == (b > 0)
}

func subInt(a, b int64) (int64, bool) {
	c := a - b
	return c, (c < a) == (b > 0)
}

func mulInt(a, b int64) (int64, bool) {
	c := a * b
	if (a > -1<<31 && a < 1<<31) && (b > -1<<31 && b < 1<<31) {
		return c, true
	}
	hi, lo := bits.Mul64(absInt(a), absInt(b))
	return c, hi == 0 && lo < 1<<63
}

func absInt(a int64) uint64 {
	if a < 0 {
		return uint64(-a)
	}
	return uint64(a)
}

// Symbols returns the names of the symbols in d, sorted, each once.
func (d Dim) Symbols() []string {
	var names []string
	d.eachSymbol(func(a *atom) { names = append(names, a.name) })
	slices.Sort(names)
	return slices.Compact(names)
}

// DependsOnData reports whether a symbol in d is decided by input data.
func (d Dim) DependsOnData() bool {
	found := false
	d.eachSymbol(func(a *atom) { found = found || a.data })
	return found
}

func (d Dim) eachSymbol(visit func(*atom)) {
	if d.kind() != dimExpr {
		return
	}
	for _, t := range d.e.terms {
		for _, f := range t.mono {
			if f.atom.kind == atomSymbol {
				visit(f.atom)
				continue
			}
			for _, x := range f.atom.args {
				x.eachSymbol(visit)
			}
		}
	}
}

// IsSymbol returns the name of d where it is a single symbol.
func (d Dim) IsSymbol() (string, bool) {
	if d.kind() != dimExpr || len(d.e.terms) != 1 {
		return "", false
	}
	t := d.e.terms[0]
	if t.coef != 1 || len(t.mono) != 1 || t.mono[0].pow != 1 || t.mono[0].atom.kind != atomSymbol {
		return "", false
	}
	return t.mono[0].atom.name, true
}

// Subst replaces symbols by what env says of them and simplifies; symbols env does not know stay.
func (d Dim) Subst(env func(name string) (Dim, bool)) Dim {
	if d.kind() != dimExpr || !d.holds(env) {
		return d
	}
	var sum []term
	for _, t := range d.e.terms {
		prod := Const(t.coef)
		for _, f := range t.mono {
			prod = prod.Mul(f.atom.subst(env).Pow(int64(f.pow)))
		}
		if prod.IsUnknown() {
			return prod
		}
		sum = append(sum, prod.terms()...)
	}
	return sumOf(sum)
}

// holds reports whether env knows a symbol of d.
func (d Dim) holds(env func(name string) (Dim, bool)) bool {
	for _, t := range d.terms() {
		for _, f := range t.mono {
			if f.atom.kind != atomSymbol {
				if f.atom.args[0].holds(env) || f.atom.args[1].holds(env) {
					return true
				}
			} else if _, ok := env(f.atom.name); ok {
				return true
			}
		}
	}
	return false
}

// Eval is the value of d where env knows every symbol in it; false where it does not, or the value does not exist
// (division by zero) or does not fit.
func (d Dim) Eval(env func(name string) (int64, bool)) (int64, bool) {
	switch d.kind() {
	case dimConst:
		return d.n, true
	case dimExpr:
	default:
		return 0, false
	}
	sum := int64(0)
	for _, t := range d.e.terms {
		prod := t.coef
		for _, f := range t.mono {
			v, ok := f.atom.eval(env)
			for range f.pow {
				if !ok {
					return 0, false
				}
				prod, ok = mulInt(prod, v)
			}
			if !ok {
				return 0, false
			}
		}
		s, ok := addInt(sum, prod)
		if !ok {
			return 0, false
		}
		sum = s
	}
	return sum, true
}
