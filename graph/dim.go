package graph

import (
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
