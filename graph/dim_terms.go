package graph

import "iter"

// Monomial is a term of an expression: an integer times a product of atoms, 1 for the constant term.
type Monomial struct {
	Coef    int64
	Product Dim
}

// Monomials splits d into the terms that it is the sum of, in their canonical order; none where d is zero or unknown.
func (d Dim) Monomials() []Monomial {
	if d.IsUnknown() {
		return nil
	}
	var out []Monomial
	for _, t := range d.terms() {
		out = append(out, Monomial{Coef: t.coef, Product: fromTerms([]term{{1, t.mono}})})
	}
	return out
}

// Degree is the largest number of factors in a term of d; divisions, remainders and extremes count as one factor.
func (d Dim) Degree() int {
	if d.kind() != dimExpr {
		return 0
	}
	return degree(d.e.terms[0].mono)
}

// IsPolynomial reports whether d is made of symbols and integers by addition and multiplication alone.
func (d Dim) IsPolynomial() bool {
	if d.kind() != dimExpr {
		return d.kind() == dimConst
	}
	for _, t := range d.e.terms {
		for _, f := range t.mono {
			if f.atom.kind != atomSymbol {
				return false
			}
		}
	}
	return true
}

// Roots lists the symbols that occur in d once, as a term of their own with coefficient 1 or -1, by name, and with each
// what it is where d is 0.
func (d Dim) Roots() iter.Seq2[string, Dim] {
	return func(yield func(string, Dim) bool) {
		count := map[string]int{}
		d.eachSymbol(func(a *atom) { count[a.name]++ })
		for _, t := range d.terms() { // linear terms stand in the order of their symbols
			if len(t.mono) != 1 || t.mono[0].pow != 1 || (t.coef != 1 && t.coef != -1) {
				continue
			}
			a := t.mono[0].atom
			if a.kind != atomSymbol || count[a.name] != 1 {
				continue
			}
			rest := d.Sub(fromTerms([]term{t}))
			if !yield(a.name, rest.MulInt(-t.coef)) {
				return
			}
		}
	}
}

// Factor prints d as it stands in a product: sums and operators that bind no stronger than * are in parentheses.
func (d Dim) Factor() string {
	ts := d.terms()
	if d.kind() != dimExpr {
		return d.String()
	}
	var p printer
	switch {
	case len(ts) > 1 || ts[0].coef < 0:
		p.wrapped(true, func() { p.sum(d) })
	case ts[0].coef != 1:
		return d.String()
	default:
		p.product(ts[0].mono, true)
	}
	return p.String()
}
