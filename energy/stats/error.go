package stats

import (
	"cmp"
	"math"
	"slices"
)

// Pair is one prediction beside what was measured.
type Pair struct {
	Predicted, Measured float64
}

// RelativeError is (predicted - measured) / |measured|, signed: 0.1 is ten per cent too high. NaN where nothing was
// measured, that is where the measured value is zero or not finite.
func (p Pair) RelativeError() float64 {
	if p.Measured == 0 || math.IsNaN(p.Measured) || math.IsInf(p.Measured, 0) {
		return math.NaN()
	}
	return (p.Predicted - p.Measured) / math.Abs(p.Measured)
}

// Errors summarises how far predictions are off. All errors are shares of the measured value; NaN where N is zero.
type Errors struct {
	N         int     // pairs with a relative error
	Undefined int     // pairs without one, left out of everything below
	MAPE      float64 // mean of the absolute errors, https://doi.org/10.1016/j.ijforecast.2006.03.001
	Median    float64 // median of the absolute errors
	P90       float64 // 90th percentile of the absolute errors
	Max       float64 // largest absolute error
	Bias      float64 // mean of the signed errors; positive: predicted too high
	Tau       float64 // Kendall's rank correlation, see KendallTau
}

// Summarize compares predictions with measurements.
func Summarize(pairs []Pair) Errors {
	var signed, absolute []float64
	var defined []Pair
	for _, p := range pairs {
		e := p.RelativeError()
		if math.IsNaN(e) || math.IsInf(e, 0) {
			continue
		}
		signed, absolute, defined = append(signed, e), append(absolute, math.Abs(e)), append(defined, p)
	}
	return Errors{
		N:         len(defined),
		Undefined: len(pairs) - len(defined),
		MAPE:      Mean(absolute),
		Median:    Median(absolute),
		P90:       Quantile(absolute, 0.9),
		Max:       Quantile(absolute, 1),
		Bias:      Mean(signed),
		Tau:       KendallTau(defined),
	}
}

// KendallTau is Kendall's rank correlation tau-b between predicted and measured values: 1 where both order all pairs
// alike, -1 where they order them oppositely; ties count for neither (Kendall, "The treatment of ties in ranking
// problems", 1945, https://doi.org/10.1093/biomet/33.3.239). NaN where one side has a single distinct value. It takes
// n log n steps (Knight, 1966, https://doi.org/10.1080/01621459.1966.10480879).
func KendallTau(pairs []Pair) float64 {
	sorted := slices.Clone(pairs)
	slices.SortFunc(sorted, func(a, b Pair) int {
		return cmp.Or(cmp.Compare(a.Measured, b.Measured), cmp.Compare(a.Predicted, b.Predicted))
	})
	tiedBoth := tiedPairs(sorted, func(a, b Pair) bool { return a == b })
	tiedMeasured := tiedPairs(sorted, func(a, b Pair) bool { return a.Measured == b.Measured })
	predicted := make([]float64, len(sorted))
	for i, p := range sorted {
		predicted[i] = p.Predicted
	}
	discordant := sortCountingSwaps(predicted, make([]float64, len(predicted)))
	tiedPredicted := tiedPairs(predicted, func(a, b float64) bool { return a == b })
	n := float64(len(pairs))
	all := n * (n - 1) / 2
	concordantLessDiscordant := all - tiedMeasured - tiedPredicted + tiedBoth - 2*discordant
	return concordantLessDiscordant / math.Sqrt((all-tiedMeasured)*(all-tiedPredicted))
}

// tiedPairs counts the pairs of equal elements in a list where equal elements are neighbours.
func tiedPairs[T any](sorted []T, equal func(a, b T) bool) float64 {
	count, run := 0.0, 0.0
	for i := 1; i < len(sorted); i++ {
		if equal(sorted[i-1], sorted[i]) {
			run++
			count += run
		} else {
			run = 0
		}
	}
	return count
}

// sortCountingSwaps sorts values by merging and returns how many pairs stood in the wrong order. The scratch slice is as
// long as values.
func sortCountingSwaps(values, scratch []float64) float64 {
	if len(values) < 2 {
		return 0
	}
	half := len(values) / 2
	swaps := sortCountingSwaps(values[:half], scratch[:half]) + sortCountingSwaps(values[half:], scratch[half:])
	copy(scratch, values)
	left, right := scratch[:half], scratch[half:len(values)]
	for i := range values {
		if len(right) == 0 || len(left) > 0 && left[0] <= right[0] {
			values[i], left = left[0], left[1:]
			continue
		}
		values[i], right = right[0], right[1:]
		swaps += float64(len(left))
	}
	return swaps
}
