package graph

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
	if d.kind != dimExpr {
		return 0
	}
	return degree(d.e.terms[0].mono)
}

// IsPolynomial reports whether d is made of symbols and integers by addition and multiplication alone.
func (d Dim) IsPolynomial() bool {
	if d.kind != dimExpr {
		return d.kind == dimConst
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

// Factor prints d as it stands in a product: sums and operators that bind no stronger than * are in parentheses.
func (d Dim) Factor() string {
	ts := d.terms()
	if d.kind != dimExpr {
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
