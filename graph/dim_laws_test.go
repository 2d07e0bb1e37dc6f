package graph

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// randomPolynomial builds a sum of products of the symbols a, b and past.
func randomPolynomial(r *rand.Rand) Dim {
	sum := Const(r.Int64N(7) - 3)
	for range r.IntN(4) {
		t := Const(r.Int64N(9) - 4)
		for range 1 + r.IntN(2) {
			t = t.Mul([]Dim{Symbol("a"), Symbol("b"), Symbol("past")}[r.IntN(3)])
		}
		sum = sum.Add(t)
	}
	return sum
}

// TestDimRing holds the laws of a commutative ring: polynomials that are equal have one form, however they were made.
func TestDimRing(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 2000 {
		x, y, z := randomPolynomial(r), randomPolynomial(r), randomPolynomial(r)
		for law, sides := range map[string][2]Dim{
			"x + y = y + x":             {x.Add(y), y.Add(x)},
			"x + (y + z) = (x + y) + z": {x.Add(y.Add(z)), x.Add(y).Add(z)},
			"x·y = y·x":                 {x.Mul(y), y.Mul(x)},
			"x·(y·z) = (x·y)·z":         {x.Mul(y.Mul(z)), x.Mul(y).Mul(z)},
			"x·(y + z) = x·y + x·z":     {x.Mul(y.Add(z)), x.Mul(y).Add(x.Mul(z))},
			"x - x = 0":                 {x.Sub(x), Const(0)},
			"x - y = x + (-1)·y":        {x.Sub(y), x.Add(y.MulInt(-1))},
			"x³ = x·x·x":                {x.Pow(3), x.Mul(x).Mul(x)},
		} {
			if !sides[0].Equal(sides[1]) || sides[0].String() != sides[1].String() {
				t.Fatalf("%s fails for %s, %s, %s: %s, %s", law, x, y, z, sides[0], sides[1])
			}
		}
		if !y.Is(0) {
			if q, ok := x.Mul(y).DivideExactly(y); !ok || !q.Equal(x) {
				t.Fatalf("(%s)·(%s) over the second is %s, %v", x, y, q, ok)
			}
		}
	}
}

// TestDimBinding: to bind one symbol and then the others is to bind all; a bound symbol is gone.
func TestDimBinding(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for range 5000 {
		d := randomExpr(r, 3)
		m := map[string]int64{"a": 1 + r.Int64N(20), "b": 1 + r.Int64N(20), "past": r.Int64N(20)}
		env := func(n string) (int64, bool) { v, ok := m[n]; return v, ok }
		want, known := d.Eval(env)
		part := d.Subst(func(n string) (Dim, bool) { return Const(m["a"]), n == "a" })
		if slices.Contains(part.Symbols(), "a") {
			t.Fatalf("%s with a bound is %s", d, part)
		}
		if got, ok := part.Eval(env); known && ok && got != want {
			t.Fatalf("%s at %v is %d, with a bound first %d (%s)", d, m, want, got, part)
		}
		if known && (d.Positive() && want < 1 || d.Negative() && want >= 0 || d.NonNegative() && want < 0 || d.NotEqual(Const(want))) {
			t.Fatalf("%s at %v is %d; positive %v, negative %v, not negative %v", d, m, want, d.Positive(), d.Negative(), d.NonNegative())
		}
	}
}

// TestDimDivision: what floor division and remainder leave adds up, also where neither is known in closed form.
func TestDimDivision(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for range 5000 {
		x, y := randomExpr(r, 2), randomExpr(r, 2)
		m := map[string]int64{"a": 1 + r.Int64N(30), "b": 1 + r.Int64N(30), "past": r.Int64N(30)}
		env := func(n string) (int64, bool) { v, ok := m[n]; return v, ok }
		u, okU := x.Eval(env)
		v, okV := y.Eval(env)
		whole, ok := y.Mul(x.FloorDiv(y)).Add(x.Mod(y)).Eval(env)
		if okU && okV && v != 0 && ok && whole != u {
			t.Fatalf("(%s) = %d over (%s) = %d: quotient and remainder make %d", x, u, y, v, whole)
		}
		if up, ok := x.CeilDiv(y).Eval(env); okU && okV && v > 0 && ok && (up*v < u || (up-1)*v >= u) {
			t.Fatalf("⌈(%s)/(%s)⌉ = %d at %d/%d", x, y, up, u, v)
		}
	}
}

func TestDimBounds(t *testing.T) {
	s, p, n := Symbol("sequence"), Symbol("past"), DataDependent("count")
	for _, c := range []struct {
		d                               Dim
		positive, notNegative, negative bool
	}{
		{s, true, true, false}, // a size is at least 1
		{p, false, true, false},
		{n, false, true, false},
		{s.AddInt(-1), false, true, false},
		{s.AddInt(-2), false, false, false},
		{s.Mul(s).Sub(s), false, true, false},  // s·(s-1)
		{p.Mul(p).Sub(p), false, false, false}, // a past may be 0
		{Const(0).Sub(s), false, false, true},
		{s.MulInt(-3).AddInt(2), false, false, true}, // at most -1
		{s.FloorDiv(Const(2)), false, true, false},
		{s.AddInt(1).FloorDiv(Const(2)), true, true, false},
		{s.Mod(Const(8)), false, true, false},
		{s.Mod(Const(8)).AddInt(-8), false, false, true}, // a remainder is at most 7
		{s.Min(Const(4)), true, true, false},
		{p.Max(Const(4)).AddInt(-4), false, true, false},
		{Dim{}, false, false, false},
	} {
		if c.d.Positive() != c.positive || c.d.NonNegative() != c.notNegative || c.d.Negative() != c.negative {
			t.Errorf("%s: positive %v, not negative %v, negative %v", c.d, c.d.Positive(), c.d.NonNegative(), c.d.Negative())
		}
	}
	if !s.NotEqual(Const(0)) || s.NotEqual(Const(1)) || p.NotEqual(Const(0)) {
		t.Error("a size differs from 0 and may be 1; a past may be 0")
	}
	if !n.DependsOnData() || s.Add(p).DependsOnData() || !s.Min(n).DependsOnData() {
		t.Error("dependence on data")
	}
}

func TestDimLimits(t *testing.T) {
	huge := Const(1<<63 - 1)
	for name, d := range map[string]Dim{
		"sum":            huge.AddInt(1),
		"difference":     huge.MulInt(-1).AddInt(-2),
		"product":        Const(1 << 40).MulInt(1 << 40),
		"sum of terms":   Symbol("a").MulInt(1 << 62).Add(Symbol("a").MulInt(1 << 62)),
		"product of one": Symbol("a").MulInt(1 << 40).MulInt(1 << 40),
		"then added to":  huge.AddInt(1).Add(Symbol("a")),
	} {
		if !d.Overflowed() || !d.IsUnknown() {
			t.Errorf("%s: %s", name, d)
		}
	}
	if d := Symbol("a").Pow(65); !d.IsUnknown() || !Symbol("a").Pow(-1).IsUnknown() {
		t.Errorf("a power out of range is %s", d)
	}
	if _, ok := Symbol("a").MulInt(1 << 40).Mul(Symbol("a")).Eval(func(string) (int64, bool) { return 1 << 20, true }); ok {
		t.Error("2^80 has a value")
	}
}
