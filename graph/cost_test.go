package graph

import "testing"

// TestCost: two tokens through a linear layer of 3 to 5 with its bias, 30 multiply-accumulates and 10 additions.
func TestCost(t *testing.T) {
	n := Symbol("batch")
	p := Product{Batch: Const(1), M: n.MulInt(2), N: Const(5), K: Const(3)}
	c := Cost{Known: true, MACs: p.MACs(), Elementwise: n.MulInt(10), Read: n.MulInt(24), Written: n.MulInt(40), Products: []Product{p}}
	for conv, want := range map[Convention]string{MAC: "30*batch", TwoMAC: "60*batch", TwoMACPlusElementwise: "70*batch"} {
		if got := c.FLOPs(conv).String(); got != want {
			t.Errorf("%s: %s, want %s", conv, got, want)
		}
	}
	if all := Conventions(); len(all) != 3 || all[0] != TwoMACPlusElementwise {
		t.Errorf("conventions %v", all)
	}
	runs := c.Times(Symbol("steps"))
	sum := Const(0)
	for _, p := range runs.Products {
		sum = sum.Add(p.MACs())
	}
	if !sum.Equal(runs.MACs) || runs.MACs.String() != "30*batch*steps" || runs.Read.String() != "24*batch*steps" || runs.Written.String() != "40*batch*steps" {
		t.Errorf("of many runs: %+v", runs)
	}
	if !c.Products[0].Batch.Is(1) {
		t.Error("a cost was changed by what it was multiplied into")
	}
	unknown := Cost{Known: true, MACs: Const(0), Elementwise: Dim{}}
	if !unknown.FLOPs(TwoMACPlusElementwise).IsUnknown() || !unknown.FLOPs(MAC).Is(0) {
		t.Error("unknown work is counted, or known work is not")
	}
}

func TestShape(t *testing.T) {
	s := Shape{Symbol("batch"), Const(128), {}}
	if s.String() != "[batch, 128, ?]" || Shape(nil).String() != "?" || (Shape{}).String() != "[]" {
		t.Errorf("printed %s, %s, %s", s, Shape(nil), Shape{})
	}
	if !s.Elements().IsUnknown() || s[:2].Elements().String() != "128*batch" || !(Shape{}).Elements().Is(1) || !Shape(nil).Elements().IsUnknown() {
		t.Error("elements")
	}
	if (Shape{{}, Const(0)}).Elements().Is(0) != true {
		t.Error("nothing has no elements, however long its other axes")
	}
	if s.Resolved() || !s[:2].Resolved() || Shape(nil).Resolved() || Shape(nil).Known() || !(Shape{}).Known() {
		t.Error("what is known")
	}
	if !s[:2].Equal(Shape{Symbol("batch"), Const(128)}) || s.Equal(s) || Shape(nil).Equal(nil) || s[:1].Equal(s[:2]) || Consts(2, 3).Equal(Consts(2, 4)) {
		t.Error("shapes are equal only where every dim provably is")
	}
}
