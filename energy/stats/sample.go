package stats

import (
	"math"
	"slices"
)

// Median is the middle value, or the mean of the two middle ones; NaN of nothing.
func Median(values []float64) float64 { return Quantile(values, 0.5) }

// Quantile is the value below which a share p of the values lies, interpolated linearly between neighbours (Hyndman and
// Fan's type 7, the default of NumPy and R). NaN if there are no values, one is NaN, or p is outside 0..1.
func Quantile(values []float64, p float64) float64 {
	if len(values) == 0 || !(p >= 0 && p <= 1) {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	if math.IsNaN(sorted[0]) { // NaN sorts first
		return math.NaN()
	}
	position := p * float64(len(sorted)-1)
	below := int(position)
	share := position - float64(below)
	if share == 0 {
		return sorted[below]
	}
	return (1-share)*sorted[below] + share*sorted[below+1]
}

// Mean is the arithmetic mean; NaN of nothing.
func Mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// StdDev is the sample standard deviation (n-1 in the denominator); NaN of fewer than two values.
func StdDev(values []float64) float64 {
	if len(values) < 2 {
		return math.NaN()
	}
	mean, sum := Mean(values), 0.0
	for _, v := range values {
		sum += (v - mean) * (v - mean)
	}
	return math.Sqrt(sum / float64(len(values)-1))
}

// CV is the coefficient of variation, standard deviation over the mean's magnitude; NaN of fewer than two values or
// where the mean is zero.
func CV(values []float64) float64 {
	mean := Mean(values)
	if mean == 0 {
		return math.NaN()
	}
	return StdDev(values) / math.Abs(mean)
}
