package graph

import "slices"

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
