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

// Interval is a confidence interval.
type Interval struct {
	Low, High float64
	Level     float64 // the confidence it really has, 0..1
}

// MedianInterval is the narrowest interval between the k-th smallest and the k-th largest value that covers the median
// of the population with at least the given confidence. It rests on nothing but the values being independent: the
// number of them below the median is binomial with share one half. Few values cannot reach every level (six are needed
// for 0.95); the interval is then their whole range, and its Level says how little that is. Low and High are NaN of
// nothing or if a value is NaN. (Thompson, "On confidence ranges for the median", 1936,
// https://doi.org/10.1214/aoms/1177732502.)
func MedianInterval(values []float64, level float64) Interval {
	n := len(values)
	if n == 0 {
		return Interval{Low: math.NaN(), High: math.NaN()}
	}
	sorted := slices.Sorted(slices.Values(values))
	if math.IsNaN(sorted[0]) {
		return Interval{Low: math.NaN(), High: math.NaN()}
	}
	tail := binomialHalf(n, 0) // chance of fewer than k values below the median, for k = 1
	k := 1
	for 2*(k+1) <= n+1 {
		wider := tail + binomialHalf(n, k)
		if 1-2*wider < level {
			break
		}
		k, tail = k+1, wider
	}
	return Interval{Low: sorted[k-1], High: sorted[n-k], Level: max(0, 1-2*tail)}
}

// binomialHalf is the chance of k heads among n coins, by logarithms so that it does not underflow for large n.
func binomialHalf(n, k int) float64 {
	all, _ := math.Lgamma(float64(n + 1))
	heads, _ := math.Lgamma(float64(k + 1))
	tails, _ := math.Lgamma(float64(n - k + 1))
	return math.Exp(all - heads - tails - float64(n)*math.Ln2)
}
