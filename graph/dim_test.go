package graph

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestDimArithmetic(t *testing.T) {
	b, s, p := Symbol("batch"), Symbol("sequence"), Symbol("past_sequence")
	for _, c := range []struct {
		got  Dim
		want string
	}{
		{b.Mul(s).MulInt(768), "768*batch*sequence"},
		{s.Mul(b), "batch*sequence"},
		{p.AddInt(1), "past_sequence + 1"},
		{p.AddInt(1).Sub(p), "1"},
		{b.MulInt(12).Mul(s).FloorDiv(b.MulInt(3)), "4*sequence"},
		{b.Mul(p).Add(b).FloorDiv(p.AddInt(1)), "batch"},
		{b.Mul(p).MulInt(64).Add(b.MulInt(64)).FloorDiv(b.MulInt(64)), "past_sequence + 1"},
		{s.AddInt(-1).Max(Const(0)), "sequence - 1"},
		{p.AddInt(-1).Max(Const(0)), "max(0, past_sequence - 1)"},
		{s.Min(Const(512)), "min(512, sequence)"},
		{s.Min(s.AddInt(3)), "sequence"},
		{s.AddInt(1).FloorDiv(Const(2)), "(sequence + 1)//2"},
		{s.FloorDiv(Const(2)).AddInt(1).FloorDiv(Const(2)), "(sequence + 2)//4"},
		{s.MulInt(2).AddInt(1).FloorDiv(Const(2)), "sequence"},
		{s.MulInt(6).FloorDiv(Const(4)), "sequence + sequence//2"},
		{s.MulInt(8).Mod(Const(8)), "0"},
		{s.MulInt(8).AddInt(3).Mod(Const(8)), "3"},
		{s.Pow(2), "sequence**2"},
		{Const(0).Sub(s.FloorDiv(Const(2))), "-(sequence//2)"},
		{Const(7).FloorDiv(Const(-2)), "-4"},
		{Const(1 << 62).MulInt(4), "?"},
		{Dim{}.MulInt(0), "0"},
		{Dim{}.AddInt(1), "?"},
	} {
		if c.got.String() != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
	if !Const(1 << 62).MulInt(4).Overflowed() {
		t.Error("2^64 should overflow")
	}
}

func TestParseDim(t *testing.T) {
	env := map[string]int64{"s1": 1001, "past_sequence": 32, "batch_size": 2, "s0": 7}
	for _, c := range []struct {
		text string
		want int64
	}{
		{"past_sequence + 1", 33},
		{"batch_size + 1", 3},
		{"(((s1 - 1)//8)) + 1", 126},
		{"CeilToInt(IntTrueDiv(s1, 8))", 126},
		{"ceiling(s1/8)", 126},
		{"floor(s1/8)", 125},
		{"(((s1 - 1)//8)) + (Mod(500 - (Mod((((s1 - 1)//8)) + 1, 500)), 500)) + 1", 500},
		{"((CeilToInt(IntTrueDiv(s1, 8))**2)//(2))", 7938},
		{"Max(1, s0) * Min(s0, 3)", 21},
		{"2*s0 % 4", 2},
		{"-s0 + 10", 3},
	} {
		got, ok := ParseDim(c.text).Eval(func(n string) (int64, bool) { v, ok := env[n]; return v, ok })
		if !ok || got != c.want {
			t.Errorf("%s = %d, %v; want %d", c.text, got, ok, c.want)
		}
	}
	for _, name := range []string{"batch-size", "Concatpresent.0.key_dim_2", "unk__77", "a +", "f(x, y)", "((", "b^2"} {
		if got, ok := ParseDim(name).IsSymbol(); !ok || got != name {
			t.Errorf("ParseDim(%q) = %s, want one symbol", name, ParseDim(name))
		}
	}
}

// randomDim builds an expression and the function it stands for.
func randomDim(r *rand.Rand, depth int) (Dim, func(map[string]int64) (int64, bool)) {
	if depth == 0 || r.IntN(4) == 0 {
		if r.IntN(2) == 0 {
			n := int64(r.IntN(9)) - 2
			return Const(n), func(map[string]int64) (int64, bool) { return n, true }
		}
		name := []string{"a", "b", "past"}[r.IntN(3)]
		return Symbol(name), func(m map[string]int64) (int64, bool) { return m[name], true }
	}
	x, fx := randomDim(r, depth-1)
	y, fy := randomDim(r, depth-1)
	k := r.IntN(7)
	d := []func() Dim{
		func() Dim { return x.Add(y) }, func() Dim { return x.Sub(y) }, func() Dim { return x.Mul(y) },
		func() Dim { return x.FloorDiv(y) }, func() Dim { return x.Mod(y) }, func() Dim { return x.Min(y) },
		func() Dim { return x.Max(y) },
	}[k]()
	return d, func(m map[string]int64) (int64, bool) {
		u, ok := fx(m)
		v, ok2 := fy(m)
		if !ok || !ok2 || (v == 0 && (k == 3 || k == 4)) {
			return 0, false
		}
		switch k {
		case 0:
			return u + v, true
		case 1:
			return u - v, true
		case 2:
			return u * v, true
		case 3:
			return floorDivInt(u, v), true
		case 4:
			return u - v*floorDivInt(u, v), true
		case 5:
			return min(u, v), true
		}
		return max(u, v), true
	}
}

// TestDimAgainstDirectEvaluation holds simplified expressions against evaluating the same operations on numbers, and
// printing against parsing.
func TestDimAgainstDirectEvaluation(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 20000 {
		d, f := randomDim(r, 1+i%4)
		if d.IsUnknown() {
			continue
		}
		m := map[string]int64{"a": 1 + r.Int64N(40), "b": 1 + r.Int64N(40), "past": r.Int64N(40)}
		env := func(n string) (int64, bool) { v, ok := m[n]; return v, ok }
		want, ok := f(m)
		if !ok {
			continue
		}
		if got, ok := d.Eval(env); ok && got != want {
			t.Fatalf("%s at %v = %d, want %d", d, m, got, want)
		}
		sub := d.Subst(func(n string) (Dim, bool) { return Const(m[n]), true })
		if got, ok := sub.Const(); ok && got != want {
			t.Fatalf("%s substituted %v = %d, want %d", d, m, got, want)
		}
		if d.NonNegative() && want < 0 {
			t.Fatalf("%s said to be non-negative, is %d at %v", d, want, m)
		}
		if got, ok := ParseDim(d.String()).Eval(env); ok && got != want {
			t.Fatalf("parsing %q gives %d at %v, want %d", d, got, m, want)
		}
	}
}

func BenchmarkDimMul(b *testing.B) {
	x, y := Symbol("batch"), Symbol("sequence")
	for b.Loop() {
		_ = x.Mul(y).MulInt(768)
	}
}

func ExampleDim() {
	s := Symbol("sequence")
	fmt.Println(Symbol("batch").Mul(s).MulInt(768), s.AddInt(1).FloorDiv(Const(2)))
	// Output: 768*batch*sequence (sequence + 1)//2
}
