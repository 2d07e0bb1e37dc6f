package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestRelativeError(t *testing.T) {
	for _, c := range []struct {
		pair Pair
		want float64
	}{
		{Pair{Predicted: 11, Measured: 10}, 0.1},
		{Pair{Predicted: 9, Measured: 10}, -0.1},
		{Pair{Predicted: 0, Measured: 10}, -1}, // a prediction of zero is all wrong, not missing
		{Pair{Predicted: 10, Measured: 10}, 0},
		{Pair{Predicted: -9, Measured: -10}, 0.1},
		{Pair{Predicted: 1, Measured: 0}, math.NaN()},
		{Pair{Predicted: 1, Measured: math.Inf(1)}, math.NaN()},
		{Pair{Predicted: math.NaN(), Measured: 1}, math.NaN()},
	} {
		if got := c.pair.RelativeError(); !near(got, c.want) {
			t.Errorf("%+v: error %g, want %g", c.pair, got, c.want)
		}
	}
}

func TestSummarize(t *testing.T) {
	got := Summarize([]Pair{
		{Predicted: 11, Measured: 10},        // +0.1
		{Predicted: 16, Measured: 20},        // -0.2
		{Predicted: 42, Measured: 30},        // +0.4
		{Predicted: 38, Measured: 40},        // -0.05
		{Predicted: 5, Measured: 0},          // undefined
		{Predicted: math.NaN(), Measured: 1}, // undefined
	})
	want := Errors{
		N: 4, Undefined: 2,
		MAPE:   0.75 / 4,
		Median: 0.15,          // of 0.05 0.1 0.2 0.4
		P90:    0.2 + 0.7*0.2, // position 0.9·3 = 2.7
		Max:    0.4,
		Bias:   0.25 / 4,
		Tau:    4. / 6, // 5 concordant, 1 discordant: (30, 42) against (40, 38)
	}
	for name, v := range map[string][2]float64{
		"N": {float64(got.N), float64(want.N)}, "Undefined": {float64(got.Undefined), float64(want.Undefined)},
		"MAPE": {got.MAPE, want.MAPE}, "Median": {got.Median, want.Median}, "P90": {got.P90, want.P90},
		"Max": {got.Max, want.Max}, "Bias": {got.Bias, want.Bias}, "Tau": {got.Tau, want.Tau},
	} {
		if !near(v[0], v[1]) {
			t.Errorf("%s = %g, want %g", name, v[0], v[1])
		}
	}
}

func TestSummarizeNothing(t *testing.T) {
	got := Summarize(nil)
	if got.N != 0 || got.Undefined != 0 || !math.IsNaN(got.MAPE) || !math.IsNaN(got.P90) || !math.IsNaN(got.Tau) {
		t.Errorf("%+v, want no figures", got)
	}
}

func TestKendallTau(t *testing.T) {
	for _, c := range []struct {
		name                string
		predicted, measured []float64
		want                float64
	}{
		{"same order", []float64{1, 2, 3}, []float64{10, 20, 30}, 1},
		{"reversed", []float64{3, 2, 1}, []float64{10, 20, 30}, -1},
		{"one swap of six pairs", []float64{1, 3, 2, 4}, []float64{1, 2, 3, 4}, 4. / 6},
		// Six pairs, one tied in prediction: 5 concordant over √(5·6).
		{"tie", []float64{1, 2, 2, 3}, []float64{1, 2, 3, 4}, 5 / math.Sqrt(30)},
		// Tied in both: counts in neither; 5 concordant over √(5·5).
		{"tie in both", []float64{1, 2, 2, 3}, []float64{1, 2, 2, 4}, 1},
		{"constant", []float64{1, 1, 1}, []float64{1, 2, 3}, math.NaN()},
		{"single", []float64{1}, []float64{1}, math.NaN()},
	} {
		if got := KendallTau(zip(c.predicted, c.measured)); !near(got, c.want) {
			t.Errorf("%s: %g, want %g", c.name, got, c.want)
		}
	}
}

// TestKendallTauAgainstDefinition compares with counting every pair.
func TestKendallTauAgainstDefinition(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		n := 2 + random.IntN(20)
		predicted, measured := make([]float64, n), make([]float64, n)
		for i := range n {
			predicted[i], measured[i] = float64(random.IntN(8)), float64(random.IntN(8))
		}
		pairs := zip(predicted, measured)
		if got, want := KendallTau(pairs), slowTau(pairs); !near(got, want) {
			t.Fatalf("%v: %g, want %g", pairs, got, want)
		}
	}
}

func slowTau(pairs []Pair) float64 {
	score, untiedPredicted, untiedMeasured := 0., 0., 0.
	for i, a := range pairs {
		for _, b := range pairs[:i] {
			p, m := sign(a.Predicted-b.Predicted), sign(a.Measured-b.Measured)
			score += p * m
			untiedPredicted += p * p
			untiedMeasured += m * m
		}
	}
	return score / math.Sqrt(untiedPredicted*untiedMeasured)
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

func zip(predicted, measured []float64) []Pair {
	pairs := make([]Pair, len(predicted))
	for i := range pairs {
		pairs[i] = Pair{Predicted: predicted[i], Measured: measured[i]}
	}
	return pairs
}
