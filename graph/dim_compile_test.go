package graph

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestCompileDims holds compiled expressions against Eval.
func TestCompileDims(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	symbols := []string{"a", "b", "past"}
	for range 300 {
		var dims []Dim
		for range 4 {
			if d := randomExpr(rng, 4); !d.IsUnknown() {
				dims = append(dims, d)
			}
		}
		p, err := CompileDims(symbols, dims)
		if err != nil {
			t.Fatal(err)
		}
		out := make([]float64, len(dims))
		for range 20 {
			v := []int64{1 + rng.Int64N(40), 1 + rng.Int64N(300), rng.Int64N(9)}
			p.Eval(v, out)
			for i, d := range dims {
				want, ok := d.Eval(func(name string) (int64, bool) {
					for j, s := range symbols {
						if s == name {
							return v[j], true
						}
					}
					return 0, false
				})
				if ok && math.Abs(float64(want)) < 1<<50 && out[i] != float64(want) {
					t.Fatalf("%v at %v: %v, want %d", d, v, out[i], want)
				}
			}
		}
	}
	if _, err := CompileDims([]string{"a"}, []Dim{Symbol("b")}); err == nil {
		t.Error("compiled without a value for b")
	}
	if _, err := CompileDims(nil, []Dim{{}}); err == nil {
		t.Error("compiled what is not known")
	}
	p, err := CompileDims([]string{"past"}, []Dim{Const(8).FloorDiv(Symbol("past")), Const(8).Mod(Symbol("past"))})
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float64, 2)
	if p.Eval([]int64{0}, out); !math.IsNaN(out[0]) || !math.IsNaN(out[1]) {
		t.Errorf("divided by zero: %v", out)
	}
}

// randomExpr builds an expression of all the operations.
func randomExpr(rng *rand.Rand, depth int) Dim {
	if depth == 0 || rng.IntN(5) == 0 {
		return []Dim{Symbol("a"), Symbol("b"), Symbol("past"), Const(rng.Int64N(20)), Const(-3)}[rng.IntN(5)]
	}
	x, y := randomExpr(rng, depth-1), randomExpr(rng, depth-1)
	switch rng.IntN(8) {
	case 0, 1:
		return x.Add(y)
	case 2:
		return x.Sub(y)
	case 3:
		return x.Mul(y)
	case 4:
		return x.FloorDiv(y)
	case 5:
		return x.Mod(y)
	case 6:
		return x.Min(y)
	}
	return x.Max(y)
}

func TestMonomials(t *testing.T) {
	b, s := Symbol("batch"), Symbol("sequence")
	d := b.Mul(s).MulInt(3).Sub(s.AddInt(1).FloorDiv(Const(2)).MulInt(4)).AddInt(7)
	sum := Const(0)
	for _, m := range d.Monomials() {
		sum = sum.Add(m.Product.MulInt(m.Coef))
	}
	if !sum.Equal(d) || len(d.Monomials()) != 3 {
		t.Errorf("%v is no sum of %v", d, d.Monomials())
	}
	if len(Const(0).Monomials()) != 0 || len(Dim{}.Monomials()) != 0 {
		t.Error("terms of nothing")
	}
	if d.Degree() != 2 || Const(3).Degree() != 0 || d.IsPolynomial() || !b.Mul(s).IsPolynomial() || !Const(1).IsPolynomial() {
		t.Error("degree or kind")
	}
}

func TestFactor(t *testing.T) {
	b, s := Symbol("batch"), Symbol("sequence")
	for _, c := range []struct {
		d    Dim
		want string
	}{
		{b, "batch"},
		{b.Mul(s).Mul(s), "batch*sequence**2"},
		{s.FloorDiv(Const(3)), "(sequence//3)"},
		{s.Mod(Const(3)), "(sequence % 3)"},
		{s.FloorDiv(Const(3)).Pow(2), "(sequence//3)**2"},
		{b.AddInt(1), "(batch + 1)"},
		{Const(0).Sub(b), "(-batch)"},
		{b.MulInt(2), "2*batch"},
		{Const(4), "4"},
	} {
		if got := c.d.Factor(); got != c.want {
			t.Errorf("%v: %s, want %s", c.d, got, c.want)
		}
	}
}

func TestLaTeX(t *testing.T) {
	b, s := Symbol("batch"), Symbol("past_sequence")
	for _, c := range []struct {
		d    Dim
		want string
	}{
		{b.MulInt(3).Sub(Const(7)), `3 \cdot \mathrm{batch} - 7`},
		{b.Mul(s.Pow(2)), `\mathrm{batch} \cdot {\mathrm{past\_sequence}}^{2}`},
		{b.CeilDiv(Const(128)), `\left\lceil \frac{\mathrm{batch}}{128} \right\rceil`},
		{b.FloorDiv(Const(8)), `\left\lfloor \frac{\mathrm{batch}}{8} \right\rfloor`},
		{b.Mod(Const(8)).MulInt(2), `2 \cdot \left(\mathrm{batch} \bmod 8\right)`},
		{s.Min(b), `\min\left(\mathrm{batch}, \mathrm{past\_sequence}\right)`},
		{Const(0), "0"},
		{Dim{}, "?"},
		{Symbol(`a\b`), `\mathrm{a\backslash b}`},
	} {
		if got := c.d.LaTeX(); got != c.want {
			t.Errorf("%v: %s, want %s", c.d, got, c.want)
		}
	}
}
