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
	MedianInterval(values, 0.5)
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

func TestMedianInterval(t *testing.T) {
	upTo := func(n int) []float64 {
		var values []float64
		for i := n; i >= 1; i-- {
			values = append(values, float64(i))
		}
		return values
	}
	for _, c := range []struct {
		n         int
		level     float64
		low, high float64
		reached   float64
	}{
		{1, 0.95, 1, 1, 0},
		{2, 0.95, 1, 2, 0.5},                    // 1 - 2/4
		{3, 0.95, 1, 3, 0.75},                   // 1 - 2/8
		{5, 0.95, 1, 5, 0.9375},                 // 1 - 2/32: too few for 0.95
		{6, 0.95, 1, 6, 0.96875},                // 1 - 2/64
		{10, 0.95, 2, 9, 1 - 2*11./1024},        // (1+10)/1024 in each tail; 56/1024 would leave 0.89
		{10, 0.85, 3, 8, 1 - 2*56./1024},        // 1+10+45
		{20, 0.95, 6, 15, 1 - 2*21700./1048576}, // 1+20+190+1140+4845+15504
	} {
		got := MedianInterval(upTo(c.n), c.level)
		if got.Low != c.low || got.High != c.high || math.Abs(got.Level-c.reached) > 1e-9 {
			t.Errorf("n=%d, level %g: %+v, want %g..%g at %g", c.n, c.level, got, c.low, c.high, c.reached)
		}
	}
	for _, values := range [][]float64{nil, {1, math.NaN()}} {
		if got := MedianInterval(values, 0.95); !math.IsNaN(got.Low) || !math.IsNaN(got.High) || got.Level != 0 {
			t.Errorf("interval of %v: %+v", values, got)
		}
	}
}

func TestMedianIntervalLargeSample(t *testing.T) {
	values := make([]float64, 10001)
	for i := range values {
		values[i] = float64(i)
	}
	got := MedianInterval(values, 0.95)
	// The normal approximation puts the bounds 1.96·√n/2 = 98 places from the middle, where one place is worth 0.0023.
	if math.Abs(5000-got.Low-98) > 2 || math.Abs(got.High-5000-98) > 2 || got.Level < 0.95 || got.Level > 0.9524 {
		t.Errorf("%+v, want about 4902..5098 at 0.95", got)
	}
}
