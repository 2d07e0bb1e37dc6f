package model

import "math"

// constantSpread is the spread of a feature, relative to its largest magnitude, below which it counts as constant.
const constantSpread = 1e-12

// scaler standardises features: each then has mean 0 and, over what it was fitted on, standard deviation 1.
type scaler struct {
	Mean []float64 `json:"mean"`
	// Inverse is 1 over the standard deviation (n in the denominator); 0, which leaves it out, for a constant feature.
	Inverse []float64 `json:"inverse_deviation"`
}

// fitScaler fits a scaler to rows, each of which stands for as many nodes as counts says. Rows with a count of zero do
// not take part.
func fitScaler(rows [][]float64, counts []float64, features int) scaler {
	s := scaler{Mean: make([]float64, features), Inverse: make([]float64, features)}
	total := 0.0
	for _, c := range counts {
		total += c
	}
	for f := range features {
		sum, low, high := 0.0, math.Inf(1), math.Inf(-1)
		for i, row := range rows {
			if counts[i] > 0 {
				sum += counts[i] * row[f]
				low, high = min(low, row[f]), max(high, row[f])
			}
		}
		s.Mean[f] = sum / total
		if high-low <= constantSpread*max(math.Abs(low), math.Abs(high)) {
			s.Mean[f] = low
			continue
		}
		squares := 0.0
		for i, row := range rows {
			if counts[i] > 0 {
				d := row[f] - s.Mean[f]
				squares += counts[i] * d * d
			}
		}
		s.Inverse[f] = 1 / math.Sqrt(squares/total)
	}
	return s
}

// apply standardises one row into out.
func (s scaler) apply(out, row []float64) {
	for f, v := range row {
		out[f] = (v - s.Mean[f]) * s.Inverse[f]
	}
}
