package graph

import "math"

const (
	noLow  = math.MinInt64
	noHigh = math.MaxInt64
)

// NonNegative reports whether d is provably at least 0 for every value its symbols may take.
func (d Dim) NonNegative() bool { return d.atLeast(0) }

// Positive reports whether d is provably at least 1.
func (d Dim) Positive() bool { return d.atLeast(1) }

// Negative reports whether d is provably below 0.
func (d Dim) Negative() bool {
	switch d.kind() {
	case dimUnknown:
		return false
	case dimConst:
		return d.n < 0
	}
	if low, _ := d.bounds(); low >= 0 {
		return false
	}
	return Const(0).Sub(d).atLeast(1)
}

// NotEqual reports whether d and o provably differ.
func (d Dim) NotEqual(o Dim) bool {
	diff := d.Sub(o)
	return diff.Positive() || diff.Negative()
}

func (d Dim) atLeast(n int64) bool {
	switch d.kind() {
	case dimConst:
		return d.n >= n
	case dimExpr:
		if low, _ := d.bounds(); low != noLow && low >= n {
			return true
		}
		return d.shiftedLow() >= n
	}
	return false
}

// shiftedLow is a lower bound by substitution: with every symbol written as its smallest value plus a number that is
// not negative, a polynomial without negative coefficients is at least its constant term.
func (d Dim) shiftedLow() int64 {
	top := degree(d.e.terms[0].mono)
	for _, t := range d.e.terms {
		if t.coef < 0 && degree(t.mono) == top {
			return noLow // shifting leaves terms of the highest degree as they are
		}
		for _, f := range t.mono {
			if f.atom.kind != atomSymbol {
				return noLow
			}
		}
	}
	if !d.shiftable() {
		return noLow
	}
	var sum []term
	for _, t := range d.e.terms {
		prod := Const(t.coef)
		for _, f := range t.mono {
			prod = prod.Mul(atomDim(f.atom).AddInt(f.atom.low).Pow(int64(f.pow)))
		}
		if prod.IsUnknown() {
			return noLow
		}
		sum = append(sum, prod.terms()...)
	}
	shifted := sumOf(sum)
	if shifted.IsUnknown() {
		return noLow
	}
	low := int64(0)
	for _, t := range shifted.terms() {
		switch {
		case len(t.mono) == 0:
			low = t.coef
		case t.coef < 0:
			return noLow
		}
	}
	return low
}

// shiftable reports whether the terms that shifting makes of d are few.
func (d Dim) shiftable() bool {
	n := 0
	for _, t := range d.e.terms {
		made := 1
		for _, f := range t.mono {
			if f.atom.low != 0 {
				made *= f.pow + 1
			}
			if made > maxShifted {
				return false
			}
		}
		if n += made; n > maxShifted {
			return false
		}
	}
	return true
}

// bounds encloses d term by term.
func (d Dim) bounds() (low, high int64) {
	switch d.kind() {
	case dimConst:
		return d.n, d.n
	case dimExpr:
	default:
		return noLow, noHigh
	}
	for _, t := range d.e.terms {
		l, h := int64(1), int64(1)
		for _, f := range t.mono {
			for range f.pow {
				l, h = mulBounds(l, h, f.atom.low, f.atom.high)
			}
		}
		l, h = mulBounds(l, h, t.coef, t.coef)
		low, high = satAdd(low, l, noLow), satAdd(high, h, noHigh)
	}
	return low, high
}

// mulBounds multiplies intervals; where a side may be negative and the other is open, it gives up.
func mulBounds(l, h, l2, h2 int64) (int64, int64) {
	if l == l2 && h == h2 && l == 1 && h == 1 {
		return 1, 1
	}
	if l2 == h2 && l2 < 0 && l2 != math.MinInt64 { // a negative constant swaps the ends
		a, b := mulBounds(l, h, -l2, -l2)
		return negate(b, noLow), negate(a, noHigh)
	}
	if l < 0 || l2 < 0 {
		return noLow, noHigh
	}
	lo, ok := mulInt(l, l2)
	if !ok {
		lo = noHigh
	}
	if h == noHigh || h2 == noHigh {
		return lo, noHigh
	}
	hi, ok := mulInt(h, h2)
	if !ok {
		hi = noHigh
	}
	return lo, hi
}

func negate(n, open int64) int64 {
	if n == noLow || n == noHigh {
		return open
	}
	return -n
}

func satAdd(a, b, open int64) int64 {
	if a == open || b == open {
		return open
	}
	s, ok := addInt(a, b)
	if !ok {
		return open
	}
	return s
}

// bounds encloses an operation by the bounds of its operands.
func (a *atom) bounds() (low, high int64) {
	xl, xh := a.args[0].bounds()
	yl, yh := a.args[1].bounds()
	switch a.kind {
	case atomFloorDiv:
		if yl <= 0 {
			return noLow, noHigh
		}
		low, high = noLow, noHigh
		if xl >= 0 {
			low = 0
			if yh != noHigh {
				low = xl / yh
			}
		}
		if xh != noHigh && xh >= 0 {
			high = xh / yl
		}
		return low, high
	case atomMod:
		if yl <= 0 {
			return noLow, noHigh
		}
		if yh == noHigh {
			return 0, noHigh
		}
		return 0, yh - 1
	case atomMin:
		return min(xl, yl), min(xh, yh)
	case atomRoot:
		low, high = 0, noHigh
		if xl > 0 {
			low = floorSqrtInt(xl)
		}
		if xh != noHigh && xh >= 0 {
			high = floorSqrtInt(xh)
		}
		return low, high
	}
	return max(xl, yl), max(xh, yh)
}
