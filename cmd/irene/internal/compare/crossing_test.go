package compare

import (
	"math"
	"slices"
	"testing"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

// TestSearch: where straight lines and steps cross, worked out by hand.
func TestSearch(t *testing.T) {
	line := func(at, slope float64) Cost {
		return func(n int64) (float64, bool) { return at + slope*float64(n), true }
	}
	steps := func(n int64) (float64, bool) { return float64((n + 99) / 100 * 100), true }
	for _, tt := range []struct {
		name   string
		a, b   Cost
		sizes  []int64
		closed bool
		want   Crossing
	}{
		{"lines", line(1000, 1), line(0, 2), []int64{1, 1 << 30}, true, Crossing{Cheaper: 1, Changes: []Switch{{From: 1001, Cheaper: 0}}}},
		{"lines between points", line(1000, 1), line(0, 2), []int64{1, 512, 4096}, false, Crossing{Cheaper: 1, Changes: []Switch{{From: 1001, Cheaper: 0}}}},
		{"never", line(0, 1), line(0, 2), []int64{1, 4096}, true, Crossing{Cheaper: 0}},
		{"equal", line(0, 1), line(0, 1), []int64{1, 4096}, true, Crossing{Cheaper: -1}},
		{"equal at first", line(1, 1), line(0, 2), []int64{1, 4096}, true, Crossing{Cheaper: 0}},
		{"there and back, seen by the closed form alone", steps, line(50, 1), []int64{40, 160}, true, Crossing{Cheaper: 1, Changes: []Switch{{From: 51, Cheaper: 0}, {From: 101, Cheaper: 1}, {From: 151, Cheaper: 0}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Crossing{Models: [2]int{0, 1}, Closed: tt.closed}
			got.Search(tt.a, tt.b, tt.sizes)
			if got.Cheaper != tt.want.Cheaper || !slices.Equal(got.Changes, tt.want.Changes) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestCrossingText: who is cheaper at the low end, and from which sizes on it is the other one.
func TestCrossingText(t *testing.T) {
	c := &Comparison{Names: []string{"A", "B", "C"}, Per: report.PerRun}
	switches := func(sizes ...int64) (out []Switch) {
		for i, n := range sizes {
			out = append(out, Switch{From: n, Cheaper: render.Index([]int{0, 2}[i%2])})
		}
		return out
	}
	x := Crossing{Metric: "energy_j", Dim: "sequence", Models: [2]int{0, 2}, Low: 16, High: 512}
	for _, tt := range []struct {
		name   string
		change func(*Crossing)
		want   string
	}{
		{"equal", func(x *Crossing) { x.Cheaper = -1 }, "sequence from 16 to 512: A and C take the same energy"},
		{"the first", func(*Crossing) {}, "sequence from 16 to 512: A takes less energy than C throughout"},
		{"the other", func(x *Crossing) { x.Cheaper = 2 }, "sequence from 16 to 512: C takes less energy than A throughout"},
		{"counts", func(x *Crossing) { x.Metric = "flops" }, "sequence from 16 to 512: A takes fewer FLOPs than C throughout"},
		{"another dim", func(x *Crossing) { x.Others = "batch=8" }, "sequence from 16 to 512 at batch=8: A takes less energy than C throughout"},
		{"once", func(x *Crossing) { x.Cheaper, x.Changes = 2, switches(100) }, "sequence from 16 to 512: C takes less energy than A, A less from sequence = 100 on"},
		{
			"often", func(x *Crossing) { x.Cheaper, x.Changes = 2, switches(20, 30, 40, 50, 60, 70) },
			"sequence from 16 to 512: C takes less energy than A, A less from sequence = 20 on, C less from sequence = 30 on, A less from sequence = 40 on, C less from sequence = 50 on, and 2 changes more",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := x
			tt.change(&x)
			if got := c.crossing(&x); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// TestBoundsText: the interval of a ratio, one end of which may not be known.
func TestBoundsText(t *testing.T) {
	unknown := math.NaN()
	for want, of := range map[string][2]float64{
		"0.50 … 2.00x": {0.5, 2}, "below 2.00x": {unknown, 2}, "above 0.50x": {0.5, unknown}, "": {unknown, unknown},
	} {
		if got := boundsText(of[0], of[1]); got != want {
			t.Errorf("%v: %q, want %q", of, got, want)
		}
	}
	if got := boundsText(1, 1); got != "" {
		t.Errorf("the same work: %q", got)
	}
}
