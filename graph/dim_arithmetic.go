package graph

import "math/bits"

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
