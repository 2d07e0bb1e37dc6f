package law

import (
	"math"
	"testing"

	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/graph"
)

// TestWaveExpressions holds the closed form of wave-quantised operations against the numbers, small products included.
func TestWaveExpressions(t *testing.T) {
	m := Machine{sms: 15}
	names := map[string]int{"batch": 0, "sequence": 1, "past_sequence": 2}
	b, s, past := graph.Symbol("batch"), graph.Symbol("sequence"), graph.Symbol("past_sequence")
	for _, p := range []graph.Product{
		{Batch: graph.Const(1), M: b.Mul(s), N: graph.Const(768), K: graph.Const(64)},
		{Batch: b.MulInt(12), M: s, N: s, K: graph.Const(64)},
		{Batch: b.MulInt(12), M: s, N: past.Add(s), K: graph.Const(64)},
		{Batch: b, M: graph.Const(3), N: s, K: past},
		{Batch: b, M: past.AddInt(1), N: graph.Const(5), K: s},
		{Batch: b, M: s.MulInt(16), N: b.MulInt(3), K: s},
	} {
		for _, tile := range coefficients.Tiles {
			terms := m.waveExpressions(p, [2]int64{int64(tile[0]), int64(tile[1])})
			for i := range int64(6000) {
				v := []int64{1 + i%10, 1 + i/10%20, i / 200 * 9}
				num := func(d graph.Dim) float64 {
					n, _ := d.Eval(func(name string) (int64, bool) { return v[names[name]], true })
					return float64(n)
				}
				got := 0.0
				for _, e := range terms {
					got += e.Scale * num(e.Expr)
				}
				if want := m.waves(Product{num(p.Batch), num(p.M), num(p.N), num(p.K)}, tile); math.Abs(got-want) > 1e-12*want {
					t.Fatalf("%v, tile %v, at %v: %v, want %v", p, tile, v, got, want)
				}
			}
		}
	}
}
