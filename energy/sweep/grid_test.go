package sweep

import (
	"math/rand/v2"
	"testing"

	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// targets are devices with the coefficients of the GTX 1070.
func targets(t testing.TB, devices ...string) (out []predict.Target) {
	t.Helper()
	for _, id := range devices {
		out = append(out, predict.Target{Coefficients: energytest.Embedded(t), Device: energytest.Device(t, id)})
	}
	return out
}

// over compiles a graph's closed forms over sizes from low to high.
func over(t testing.TB, g *graph.Graph, names []string, low, high []int64, on []predict.Target, precisions ...string) *Sweep {
	t.Helper()
	if precisions == nil {
		precisions = []string{""}
	}
	out, err := New(g, analysis.Options{}, precisions, names, [][]int64{low, high}, on, graph.TwoMACPlusElementwise)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// run collects the rows of a sweep.
func run(t testing.TB, s *Sweep, q Request) ([]*Row, *Found) {
	t.Helper()
	var rows []*Row
	found, err := s.Run(q, func(r *Row) error {
		rows = append(rows, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows, found
}

// TestGrid holds closed forms against the analysis at random points.
func TestGrid(t *testing.T) {
	for _, c := range []struct {
		model     string
		names     []string
		low, high []int64
	}{
		{"bert-base", []string{"batch", "sequence"}, []int64{1, 1}, []int64{64, 512}},
		{"gpt2-past", []string{"batch", "past_sequence"}, []int64{1, 1}, []int64{64, 1000}},
		{"gpt2-past", []string{"past_sequence", "batch", "sequence"}, []int64{1, 1, 1}, []int64{500, 20, 500}},
		{"qwen2-3layers-decode", []string{"batch", "past_sequence"}, []int64{1, 1}, []int64{300, 8000}},
		{"bert-base-int8", []string{"batch"}, []int64{1}, []int64{200}},
	} {
		t.Run(c.model, func(t *testing.T) {
			g := over(t, energytest.Shared(t, c.model), c.names, c.low, c.high, targets(t, "gtx-1070", "h100-sxm")).Grids[0]
			if g.Direct != "" {
				t.Fatal(g.Direct)
			}
			r := rand.New(rand.NewPCG(1, 2))
			for range 6 {
				at := make([]int64, len(c.names))
				for i := range at {
					at[i] = c.low[i] + r.Int64N(c.high[i]-c.low[i]+1)
				}
				var got, want Point
				if err := g.At(at, &got); err != nil {
					t.Fatal(err)
				}
				if _, err := g.analyze(at, &want); err != nil {
					t.Fatal(err)
				}
				if got.FLOPs != want.FLOPs || got.Bytes != want.Bytes || got.Items != want.Items || got.Memory != want.Memory {
					t.Errorf("%s: %+v, want %+v", g.point(at), got, want)
				}
				for i := range g.Programs {
					if energytest.Relative(float64(got.Energy[i]), float64(want.Energy[i])) > 1e-9 || energytest.Relative(float64(got.Time[i]), float64(want.Time[i])) > 1e-9 {
						t.Errorf("%s: %v in %v, want %v in %v", g.point(at), got.Energy[i], got.Time[i], want.Energy[i], want.Time[i])
					}
				}
			}
		})
	}
}

// TestSweep counts by hand: x and y of float32 [n, 1048576] take 8 MiB·n, so that 1024 rows fill the 8 GiB of a GTX 1070.
func TestSweep(t *testing.T) {
	s := over(t, energytest.Built(t, energytest.FloatIn("x", "n", 1<<20), Node("Relu", "x", "y"), Out("y", graph.Float32, "n", 1<<20)), []string{"n"}, []int64{1}, []int64{4096}, targets(t, "gtx-1070", "t4"))
	rows, found := run(t, s, Request{Axes: [][]int64{{1, 1024, 1025, 4096}}, Holds: func(r *Row) bool { return r.Values[0] != 1 }})
	if len(rows) != 8 {
		t.Fatalf("%d rows, want 8", len(rows))
	}
	for i, fits := range []bool{true, true, true, true, false, true, false, false} {
		r := rows[i]
		if n, ok := r.MemoryBytes(); !ok || n != r.Values[0]<<23 || r.Fits != fits || r.Setting != i%2 || r.Front || r.Items != float64(r.Values[0]) {
			t.Errorf("row %d: %+v, want fits = %v", i, r, fits)
		}
		if r.Holds != (i > 1) {
			t.Errorf("row %d: the condition holds: %v", i, r.Holds)
		}
	}
	best := found.Best
	if best[0] != rows[2] || best[1].Values[0] != 1025 && best[1].Values[0] != 1024 {
		t.Errorf("best %+v and %+v", best[0], best[1])
	}
	for d, want := range []int64{1024, 2048} {
		if n, ok := s.Largest([]int64{7}, 0, s.Group(d)); !ok || n != want {
			t.Errorf("largest on device %d: %d, %v; want %d", d, n, ok, want)
		}
	}
}

// TestSweepOrder: goroutines do not change the order of rows.
func TestSweepOrder(t *testing.T) {
	g := over(t, energytest.Built(t, energytest.FloatIn("x", "n", "m"), Node("Relu", "x", "y"), Out("y", graph.Float32, "n", "m")), []string{"n", "m"}, []int64{1, 1}, []int64{100, 100}, targets(t, "gtx-1070"))
	axes := [][]int64{nil, nil}
	for i := range int64(100) {
		axes[0], axes[1] = append(axes[0], i+1), append(axes[1], i+1)
	}
	i := int64(0)
	if _, err := g.Run(Request{Axes: axes}, func(r *Row) error {
		if r.Values[0] != i/100+1 || r.Values[1] != i%100+1 {
			t.Fatalf("row %d is %v", i, r.Values)
		}
		i++
		return nil
	}); err != nil || i != 10_000 {
		t.Fatal(i, err)
	}
}

// TestContradiction: equalities that the graph implies are held at every point.
func TestContradiction(t *testing.T) {
	g := energytest.Built(t, energytest.FloatIn("x", "a", 4), energytest.FloatIn("y", "b", 4), Node("Concat", "x y", "z", Attr("axis", 0)), energytest.FloatIn("w", "c", 4), Node("Add", "z w", "o"), Out("o", graph.Float32, NoShape))
	if _, err := NewGrid(g, analysis.Options{}, []string{"a", "b", "c"}, [][]int64{{2, 3, 7}}, nil, graph.TwoMAC); err == nil {
		t.Error("a + b = c does not hold and nobody says so")
	}
	out, err := NewGrid(g, analysis.Options{}, []string{"a", "b", "c"}, [][]int64{{2, 3, 5}}, nil, graph.TwoMAC)
	if err != nil {
		t.Fatal(err)
	}
	if err := out.At([]int64{2, 3, 9}, &Point{}); err == nil {
		t.Error("9 is not 2 + 3 and nobody says so")
	}
}

func BenchmarkSweep(b *testing.B) {
	g := over(b, energytest.Shared(b, "bert-base"), []string{"batch", "sequence"}, []int64{1, 1}, []int64{100, 400}, targets(b, "gtx-1070"))
	axes := [][]int64{nil, nil}
	for i := range int64(100) {
		axes[0], axes[1] = append(axes[0], i+1), append(axes[1], 4*(i+1))
	}
	for b.Loop() {
		if _, err := g.Run(Request{Axes: axes}, func(*Row) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
