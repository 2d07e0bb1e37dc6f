package stats

import (
	"math"
	"testing"
)

// near reports equality up to rounding; two NaNs are near.
func near(a, b float64) bool {
	return math.Abs(a-b) <= 1e-12*max(1, math.Abs(b)) || math.IsNaN(a) && math.IsNaN(b) || a == b
}

func TestQuantile(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		values []float64
		p      float64
		want   float64
	}{
		{nil, 0.5, nan},
		{[]float64{7}, 0.9, 7},
		{[]float64{3, 1, 2}, 0.5, 2},
		{[]float64{4, 1, 3, 2}, 0.5, 2.5},
		{[]float64{1, 2, 3, 4}, 0.25, 1.75}, // position 0.25·3 = 0.75
		{[]float64{10, 20, 30, 40, 50}, 0.9, 46},
		{[]float64{1, 2, 3}, 0, 1},
		{[]float64{1, 2, 3}, 1, 3},
		{[]float64{1, 2, 3}, 1.1, nan},
		{[]float64{1, 2, 3}, nan, nan},
		{[]float64{1, nan, 3}, 0.5, nan},
		{[]float64{1, math.Inf(1)}, 0, 1},
	} {
		if got := Quantile(c.values, c.p); !near(got, c.want) {
			t.Errorf("Quantile(%v, %g) = %g, want %g", c.values, c.p, got, c.want)
		}
	}
}

func TestQuantileLeavesInputAlone(t *testing.T) {
	values := []float64{3, 1, 2}
	Quantile(values, 0.5)
	if values[0] != 3 || values[1] != 1 || values[2] != 2 {
		t.Errorf("input sorted in place: %v", values)
	}
}

func TestMoments(t *testing.T) {
	values := []float64{2, 4, 4, 4, 5, 5, 7, 9} // mean 5, squared deviations 9+1+1+1+0+0+4+16 = 32
	if got := Mean(values); got != 5 {
		t.Errorf("mean %g, want 5", got)
	}
	if got, want := StdDev(values), math.Sqrt(32./7); !near(got, want) {
		t.Errorf("standard deviation %g, want %g", got, want)
	}
	if got, want := CV(values), math.Sqrt(32./7)/5; !near(got, want) {
		t.Errorf("CV %g, want %g", got, want)
	}
	if got := CV([]float64{-1, -3}); !near(got, math.Sqrt2/2) {
		t.Errorf("CV of negative values %g, want √2/2", got)
	}
	for name, got := range map[string]float64{
		"mean of nothing": Mean[float64](nil), "deviation of one": StdDev([]float64{1}), "CV of one": CV([]float64{1}),
		"CV about zero": CV([]float64{-1, 1}), "median of nothing": Median[float64](nil),
	} {
		if !math.IsNaN(got) {
			t.Errorf("%s = %g, want NaN", name, got)
		}
	}
}
