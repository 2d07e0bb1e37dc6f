package stats

import (
	"math"
	"slices"
)

// Median is the middle value, or the mean of the two middle ones; NaN of nothing.
func Median[T ~float64](values []T) T { return Quantile(values, 0.5) }

// Quantile is the value below which a share p of the values lies, interpolated linearly between neighbours (Hyndman and
// Fan's type 7, https://doi.org/10.1080/00031305.1996.10473566, the default of NumPy and R). NaN if there are no values,
// one is NaN, or p is outside 0..1.
func Quantile[T ~float64](values []T, p float64) T {
	if len(values) == 0 || !(p >= 0 && p <= 1) {
		return T(math.NaN())
	}
	sorted := slices.Sorted(slices.Values(values))
	if math.IsNaN(float64(sorted[0])) { // NaN sorts first
		return sorted[0]
	}
	position := p * float64(len(sorted)-1)
	below := int(position)
	share := T(position - float64(below))
	if share == 0 {
		return sorted[below]
	}
	return (1-share)*sorted[below] + share*sorted[below+1]
}

// Mean is the arithmetic mean; NaN of nothing.
func Mean[T ~float64](values []T) float64 {
	sum := 0.0
	for _, v := range values {
		sum += float64(v)
	}
	return sum / float64(len(values))
}

// StdDev is the sample standard deviation (n-1 in the denominator); NaN of fewer than two values.
func StdDev[T ~float64](values []T) float64 {
	if len(values) < 2 {
		return math.NaN()
	}
	mean, sum := Mean(values), 0.0
	for _, v := range values {
		sum += (float64(v) - mean) * (float64(v) - mean)
	}
	return math.Sqrt(sum / float64(len(values)-1))
}

// CV is the coefficient of variation, standard deviation over the mean's magnitude; NaN of fewer than two values or
// where the mean is zero.
func CV[T ~float64](values []T) float64 {
	mean := Mean(values)
	if mean == 0 {
		return math.NaN()
	}
	return StdDev(values) / math.Abs(mean)
}
