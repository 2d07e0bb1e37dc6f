package graph

import "math"

// Ratio is a number that follows from dims and need not be an integer: a quotient of expressions, or the square root of
// one. The zero value is unknown. A Ratio is immutable.
type Ratio struct {
	num, den Dim
	root     bool
}

// Ratio is d as a number among others.
func (d Dim) Ratio() Ratio { return Ratio{num: d, den: Const(1)} }

// IsUnknown reports whether nothing is known of r.
func (r Ratio) IsUnknown() bool { return r.num.IsUnknown() || r.den.IsUnknown() || r.den.Is(0) }

// Integer returns r as an expression where it is an integer at all sizes.
func (r Ratio) Integer() (Dim, bool) {
	if r.IsUnknown() || r.root || !r.den.Is(1) {
		return Dim{}, false
	}
	return r.num, true
}

// Sub returns r - o; unknown where either is a root.
func (r Ratio) Sub(o Ratio) Ratio { return r.Add(o.Mul(Const(-1).Ratio())) }

// Add returns r + o; unknown where either is a root.
func (r Ratio) Add(o Ratio) Ratio {
	if r.root || o.root || r.IsUnknown() || o.IsUnknown() {
		return Ratio{}
	}
	if r.den.Equal(o.den) {
		return reduced(r.num.Add(o.num), r.den, false)
	}
	return reduced(r.num.Mul(o.den).Add(o.num.Mul(r.den)), r.den.Mul(o.den), false)
}

// Mul returns r · o.
func (r Ratio) Mul(o Ratio) Ratio { return r.times(o, o.num, o.den) }

// Quo returns r / o.
func (r Ratio) Quo(o Ratio) Ratio { return r.times(o, o.den, o.num) }

// times multiplies r by num/den, or by its root where o is one.
func (r Ratio) times(o Ratio, num, den Dim) Ratio {
	if r.IsUnknown() || o.IsUnknown() {
		return Ratio{}
	}
	root := r.root || o.root
	if root != r.root {
		r = r.squared()
	}
	if root != o.root {
		if !o.num.NonNegative() || !o.den.Positive() {
			return Ratio{}
		}
		num, den = num.Mul(num), den.Mul(den)
	}
	return reduced(r.num.Mul(num), r.den.Mul(den), root)
}

// squared is the square of a number that is not negative; unknown where that is not sure.
func (r Ratio) squared() Ratio {
	if !r.num.NonNegative() || !r.den.Positive() {
		return Ratio{}
	}
	return Ratio{num: r.num.Mul(r.num), den: r.den.Mul(r.den)}
}

// Sqrt returns the square root of r; unknown where r may be negative or is a root itself.
func (r Ratio) Sqrt() Ratio {
	if r.IsUnknown() || r.root || !r.num.NonNegative() || !r.den.Positive() {
		return Ratio{}
	}
	return reduced(r.num, r.den, true)
}

// Pow returns r to the power n ≥ 0.
func (r Ratio) Pow(n int64) Ratio {
	if r.root && n%2 == 0 {
		return reduced(r.num.Pow(n/2), r.den.Pow(n/2), false)
	}
	return reduced(r.num.Pow(n), r.den.Pow(n), r.root)
}

// Power returns r to the power of a constant that is a multiple of a half; unknown for other exponents.
func (r Ratio) Power(e Ratio) Ratio {
	twice, ok := e.Mul(Const(2).Ratio()).Integer()
	n, isConst := twice.Const()
	switch {
	case !ok || !isConst:
		return Ratio{}
	case n < 0:
		return Const(1).Ratio().Quo(r.Power(Const(0).Ratio().Sub(e)))
	case n%2 == 0:
		return r.Pow(n / 2)
	}
	return r.Pow(n).Sqrt()
}

// Floor returns ⌊r⌋.
func (r Ratio) Floor() Dim {
	n := r.num.FloorDiv(r.den)
	if r.root {
		return n.FloorSqrt()
	}
	return n
}

// Ceil returns ⌈r⌉.
func (r Ratio) Ceil() Dim {
	n := r.num.CeilDiv(r.den)
	switch {
	case !r.root:
		return n
	case n.Positive():
		return n.AddInt(-1).FloorSqrt().AddInt(1) // the root of n is above k-1 where n-1 ≥ (k-1)²
	}
	return Dim{}
}

// Round returns r rounded to the nearest integer, ties to even; unknown unless r is a quotient by a constant.
func (r Ratio) Round() Dim {
	q, ok := r.den.Const()
	switch {
	case !ok || r.root || q < 1 || q >= 1<<30:
		return Dim{}
	case q%2 == 1: // no ties
		return r.num.MulInt(2).AddInt(q).FloorDiv(Const(2 * q))
	}
	// In every 2q, r passes from an even integer to the odd one above a half, and from there at the half itself.
	up := func(by int64) Dim { return r.num.AddInt(by).FloorDiv(Const(2 * q)) }
	return up(q + q/2 - 1).Add(up(q / 2))
}

// Min returns the smaller of r and o; unknown for roots, and where the sign of a denominator is.
func (r Ratio) Min(o Ratio) Ratio { return r.extreme(o, Dim.Min) }

// Max returns the larger of r and o; unknown where Min is.
func (r Ratio) Max(o Ratio) Ratio { return r.extreme(o, Dim.Max) }

// extreme takes an extreme of the numerators over one denominator.
func (r Ratio) extreme(o Ratio, of func(x, y Dim) Dim) Ratio {
	if r.IsUnknown() || o.IsUnknown() || r.root || o.root || !r.den.Positive() || !o.den.Positive() {
		return Ratio{}
	}
	if r.den.Equal(o.den) {
		return reduced(of(r.num, o.num), r.den, false)
	}
	return reduced(of(r.num.Mul(o.den), o.num.Mul(r.den)), r.den.Mul(o.den), false)
}

// NonNegative reports whether r is provably at least 0.
func (r Ratio) NonNegative() bool {
	return !r.IsUnknown() && (r.root || r.num.NonNegative() && r.den.Positive())
}

// Equal reports whether r and o are provably the same number.
func (r Ratio) Equal(o Ratio) bool {
	return r.root == o.root && r.num.Equal(o.num) && r.den.Equal(o.den)
}

// reduced cancels what both have in common, and a root whose square is known.
func reduced(num, den Dim, root bool) Ratio {
	if num.IsUnknown() || den.IsUnknown() || den.Is(0) {
		return Ratio{}
	}
	if n, ok := den.Const(); ok && n < 0 && !root {
		num, den = num.MulInt(-1), den.MulInt(-1)
	}
	if !den.Is(1) {
		num, den = cancel(num, den)
		if q, ok := divideExactly(num, den); ok {
			num, den = q, Const(1)
		}
	}
	if root {
		n, okN := exactSqrt(num)
		d, okD := exactSqrt(den)
		if okN && okD {
			return Ratio{num: n, den: d}
		}
	}
	return Ratio{num, den, root}
}

// FloorSqrt returns ⌊√d⌋; unknown where d is negative.
func (d Dim) FloorSqrt() Dim {
	if n, ok := d.Const(); ok {
		if n < 0 {
			return Dim{}
		}
		return Const(floorSqrtInt(n))
	}
	if d.IsUnknown() {
		return d
	}
	if r, ok := exactSqrt(d); ok {
		return r
	}
	return newAtom(atomRoot, d, Const(2))
}

// exactSqrt returns the root of a square of symbols, which are not negative, and integers.
func exactSqrt(d Dim) (Dim, bool) {
	if d.IsUnknown() || len(d.terms()) > 1 {
		return Dim{}, false
	}
	if d.Is(0) {
		return d, true
	}
	t := d.terms()[0]
	n := floorSqrtInt(max(t.coef, 0))
	if n*n != t.coef {
		return Dim{}, false
	}
	mono := make([]factor, 0, len(t.mono))
	for _, f := range t.mono {
		if f.pow%2 != 0 || f.atom.low < 0 {
			return Dim{}, false
		}
		mono = append(mono, factor{f.atom, f.pow / 2})
	}
	return fromTerms([]term{{n, mono}}), true
}

// floorSqrtInt is ⌊√n⌋ for n ≥ 0.
func floorSqrtInt(n int64) int64 {
	r := int64(math.Sqrt(float64(n)))
	for r > 0 && r > n/r {
		r--
	}
	for r+1 <= n/(r+1) {
		r++
	}
	return r
}
