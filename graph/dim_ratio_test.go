package graph

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// randomRatio builds a quotient of expressions that are not negative, and the number it stands for.
func randomRatio(r *rand.Rand, depth int) (Ratio, func(map[string]int64) *big.Rat) {
	if depth == 0 || r.IntN(3) == 0 {
		if r.IntN(2) == 0 {
			n := 1 + r.Int64N(6)
			return Const(n).Ratio(), func(map[string]int64) *big.Rat { return big.NewRat(n, 1) }
		}
		name := []string{"a", "b"}[r.IntN(2)]
		return Symbol(name).Ratio(), func(m map[string]int64) *big.Rat { return big.NewRat(m[name], 1) }
	}
	x, fx := randomRatio(r, depth-1)
	y, fy := randomRatio(r, depth-1)
	switch r.IntN(5) {
	case 3:
		return x.Min(y), func(m map[string]int64) *big.Rat { return smaller(fx(m), fy(m)) }
	case 4:
		return x.Max(y), func(m map[string]int64) *big.Rat { a, b := fx(m), fy(m); return a.Sub(a.Add(a, b), smaller(fx(m), b)) }
	case 0:
		return x.Add(y), func(m map[string]int64) *big.Rat { return new(big.Rat).Add(fx(m), fy(m)) }
	case 1:
		return x.Mul(y), func(m map[string]int64) *big.Rat { return new(big.Rat).Mul(fx(m), fy(m)) }
	}
	return x.Quo(y), func(m map[string]int64) *big.Rat { return new(big.Rat).Quo(fx(m), fy(m)) }
}

func smaller(a, b *big.Rat) *big.Rat {
	if a.Cmp(b) < 0 {
		return a
	}
	return b
}

// nearest is a number rounded to an integer, ties to even.
func nearest(x *big.Rat) int64 {
	twice := new(big.Rat).Add(new(big.Rat).Mul(x, big.NewRat(2, 1)), big.NewRat(1, 1))
	n := new(big.Int).Div(twice.Num(), new(big.Int).Mul(twice.Denom(), big.NewInt(2))).Int64()
	if twice.IsInt() && new(big.Int).And(twice.Num(), big.NewInt(1)).Sign() == 0 && n%2 != 0 {
		n--
	}
	return n
}

// TestRatioRounding holds quotients and roots, rounded, against rational numbers.
func TestRatioRounding(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20000 {
		x, f := randomRatio(r, 3)
		m := map[string]int64{"a": 1 + r.Int64N(30), "b": 1 + r.Int64N(30)}
		env := func(n string) (int64, bool) { v, ok := m[n]; return v, ok }
		want := f(m)
		floor := new(big.Int).Div(want.Num(), want.Denom())
		ceil := new(big.Int).Add(floor, big.NewInt(1))
		if want.IsInt() {
			ceil.Set(floor)
		}
		if got, ok := x.Floor().Eval(env); ok && got != floor.Int64() {
			t.Fatalf("⌊%v⌋ at %v is %d, want %v", x, m, got, floor)
		}
		if got, ok := x.Ceil().Eval(env); ok && got != ceil.Int64() {
			t.Fatalf("⌈%v⌉ at %v is %d, want %v", x, m, got, ceil)
		}
		if got, ok := x.Round().Eval(env); ok && got != nearest(want) {
			t.Fatalf("%v at %v is rounded to %d, want %d", x, m, got, nearest(want))
		}
		if d, ok := x.Integer(); ok {
			if got, ok := d.Eval(env); ok && (!want.IsInt() || got != floor.Int64()) {
				t.Fatalf("%v is said to be the integer %s; at %v it is %v", x, d, m, want)
			}
		}
		if got, ok := x.Sqrt().Floor().Eval(env); ok && got != new(big.Int).Sqrt(floor).Int64() {
			t.Fatalf("⌊√%v⌋ at %v is %d, want the root of %v", x, m, got, want)
		}
		if got, ok := x.Sqrt().Ceil().Eval(env); ok {
			if up := big.NewRat(got*got, 1); up.Cmp(want) < 0 || big.NewRat((got-1)*(got-1), 1).Cmp(want) >= 0 {
				t.Fatalf("⌈√%v⌉ at %v is %d, want the root of %v", x, m, got, want)
			}
		}
	}
}

func TestRatioForms(t *testing.T) {
	h, w, n := Symbol("h").Ratio(), Symbol("w").Ratio(), Symbol("tokens").Ratio()
	seven, half := Const(7).Ratio(), Const(1).Ratio().Quo(Const(2).Ratio())
	for _, c := range []struct {
		got  Dim
		want string
	}{
		{h.Quo(seven).Mul(h).Floor(), "(h**2)//7"},
		{h.Quo(Const(4).Ratio()).Ceil(), "(h + 3)//4"},
		{h.Quo(w).Mul(w).Floor(), "h"},
		{h.Quo(seven).Add(half).Floor(), "(2*h + 7)//14"},
		{n.Sqrt().Floor(), "int(tokens**0.5)"},
		{n.Power(half).Ceil(), "int((tokens - 1)**0.5) + 1"},
		{n.Sqrt().Mul(n.Sqrt()).Floor(), "tokens"},
		{n.Sqrt().Pow(2).Floor(), "tokens"},
		{h.Mul(h).Mul(w).Mul(w).Sqrt().Floor(), "h*w"},
		{n.Sqrt().Mul(half).Floor(), "int((tokens//4)**0.5)"},
		{n.Sqrt().Add(h).Floor(), "?"}, // no form for it
		{h.Sub(Const(9).Ratio()).Sqrt().Floor(), "?"},
		{h.Quo(Const(0).Ratio()).Floor(), "?"},
		{Const(10).Ratio().Sqrt().Floor(), "3"},
	} {
		if c.got.String() != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
	if got := Symbol("tokens").FloorSqrt().LaTeX(); got != `\left\lfloor \sqrt{\mathrm{tokens}} \right\rfloor` {
		t.Error(got)
	}
	for n := range int64(2000) {
		if r := floorSqrtInt(n); r*r > n || (r+1)*(r+1) <= n {
			t.Fatalf("⌊√%d⌋ = %d", n, r)
		}
	}
	if r := floorSqrtInt(1<<63 - 1); r != 3037000499 {
		t.Errorf("⌊√(2⁶³-1)⌋ = %d", r)
	}
}

func TestParseRatios(t *testing.T) {
	for text, want := range map[string]string{
		"a/2 + b/2":                            "(a + b)//2",
		"ceil(a/4) * 4":                        "4*((a + 3)//4)",
		"ceiling(a/2 + 1/2)":                   "a//2 + 1",
		"floor(0.25*h)":                        "h//4",
		"int((h*w)**0.5)":                      "int((h*w)**0.5)",
		"floor(sqrt(tokens))**2":               "int(tokens**0.5)**2",
		"FloatTrueDiv(a, 2) * 2":               "a",
		"CeilToInt(IntTrueDiv(a, 2))":          "(a + 1)//2",
		"TruncToInt(IntTrueDiv(a - 1, 2) + 1)": "(a + 1)//2",
		"a**0.3":                               "a**0.3", // no such form: a name
		"1.5.2*a":                              "1.5.2*a",
	} {
		if got := ParseDim(text).String(); got != want {
			t.Errorf("%s reads as %s, want %s", text, got, want)
		}
	}
}

// TestDimBudget: past the budget a result is unknown, and a text is one symbol; within it results are as ever.
func TestDimBudget(t *testing.T) {
	sum, nested := Const(0), Symbol("a")
	for i := range maxTerms {
		sum = sum.Add(Symbol("s").Mul(Symbol(string(rune('a'+i%26)) + string(rune('a'+i/26)))))
	}
	for range maxNesting {
		nested = nested.Add(Symbol("b")).FloorDiv(Const(2))
	}
	power := Symbol("a").Pow(maxDegree)
	if sum.IsUnknown() || nested.IsUnknown() || power.IsUnknown() {
		t.Fatalf("within the budget: %v, %v, %v", sum.IsUnknown(), nested.IsUnknown(), power.IsUnknown())
	}
	if v, ok := power.Eval(func(string) (int64, bool) { return -1, true }); !ok || v != 1 {
		t.Errorf("(-1)^%d = %d", maxDegree, v)
	}
	for name, d := range map[string]Dim{
		"terms":   sum.Add(Symbol("more")),
		"pairs":   sum.Mul(Symbol("a").Add(Symbol("b")).AddInt(1)),
		"nesting": nested.Add(Symbol("b")).FloorDiv(Const(2)),
		"degree":  power.Mul(Symbol("b")),
		"text":    Symbol(string(make([]byte, maxText))).AddInt(1),
	} {
		if !d.IsUnknown() || d.Overflowed() {
			t.Errorf("%s: %.100s", name, d)
		}
	}
	if text := "(a+b+c+d+e+f+g)**64"; ParseDim(text).String() != text {
		t.Errorf("%s reads as %.100s", text, ParseDim(text))
	}
	if got := ParseDim("(a+b)**8").String(); got != "a**8 + 8*a**7*b + 28*a**6*b**2 + 56*a**5*b**3 + 70*a**4*b**4 + 56*a**3*b**5 + 28*a**2*b**6 + 8*a*b**7 + b**8" {
		t.Error(got)
	}
}

// TestRoots: what solves a sum for a symbol makes the sum 0.
func TestRoots(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	solved := 0
	for range 2000 {
		d := randomExpr(r, 3).Add(Symbol([]string{"a", "b", "past"}[r.IntN(3)]))
		for name, v := range d.Roots() {
			zero := d.Subst(func(s string) (Dim, bool) { return v, s == name })
			if solved++; !zero.Is(0) {
				t.Fatalf("%s with %s = %s is %s", d, name, v, zero)
			}
		}
	}
	if solved < 100 {
		t.Errorf("only %d solutions", solved)
	}
}
