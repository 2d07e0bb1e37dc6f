package graph

import "testing"

// TestEqualCosts: costs made apart are one where all numbers and words are the same, and no others are.
func TestEqualCosts(t *testing.T) {
	made := func(change func(*Cost)) Cost {
		n, m := Symbol("n"), Symbol("m")
		c := Cost{
			Known: true, Class: "gemm", DType: Float32, MACs: n.Mul(m).MulInt(3), Elementwise: Const(0), Read: n.AddInt(4), Written: n.FloorDiv(Const(2)),
			Products: []Product{{Batch: Const(1), M: n, N: m, K: Const(3)}},
		}
		change(&c)
		return c
	}
	same := func(*Cost) {}
	e := NewEqualCosts()
	first := e.Share(made(same))
	if e.Share(made(same)) != first {
		t.Error("equal costs are two")
	}
	for name, change := range map[string]func(*Cost){
		"class":       func(c *Cost) { c.Class = "bmm" },
		"unknown":     func(c *Cost) { c.Known = false },
		"type":        func(c *Cost) { c.DType = Float16 },
		"row":         func(c *Cost) { c.Row = "rope" },
		"coefficient": func(c *Cost) { c.MACs = Symbol("n").Mul(Symbol("m")).MulInt(2) },
		"power":       func(c *Cost) { c.MACs = Symbol("n").Mul(Symbol("n")).MulInt(3) },
		"symbol":      func(c *Cost) { c.Read = Symbol("k").AddInt(4) },
		"division":    func(c *Cost) { c.Written = Symbol("n").FloorDiv(Const(3)) },
		"a number":    func(c *Cost) { c.Elementwise = Dim{} },
		"product":     func(c *Cost) { c.Products[0].K = Const(4) },
		"no product":  func(c *Cost) { c.Products = nil },
		"products":    func(c *Cost) { c.Products = append(c.Products, c.Products[0]) },
		"attention":   func(c *Cost) { c.Attention = &Attention{} },
	} {
		if e.Share(made(change)) == first {
			t.Errorf("%s: different costs are one", name)
		}
	}
	other := e.Share(made(func(c *Cost) { c.Class = "bmm" }))
	if other.MACs.e != first.MACs.e || other.Products[0].M.e != first.Products[0].M.e {
		t.Error("equal expressions are two")
	}
}

// TestEqualDims: == says of shared dims whether they are equal.
func TestEqualDims(t *testing.T) {
	e := NewEqualDims()
	made := func() []Dim {
		n, m := Symbol("n"), Symbol("m")
		return []Dim{{}, Const(3), n, m, n.AddInt(1), n.AddInt(2), n.Mul(m), n.Mul(n), n.FloorDiv(Const(2)), n.Mod(Const(2)), n.MulInt(2).Add(m)}
	}
	again := made()
	for i, x := range made() {
		for k, y := range again {
			if (e.Share(x) == e.Share(y)) != (i == k) || i == k && !e.Share(x).Equal(x) && i > 0 {
				t.Errorf("%v and %v", x, y)
			}
		}
	}
}
