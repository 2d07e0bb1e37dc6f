package render

import (
	"math"
	"strconv"
)

// CSVNumber prints a number in all its digits; one that is not known, or not finite, is empty.
func CSVNumber(v float64, known bool) string {
	if !known || math.IsNaN(v) || math.IsInf(v, 0) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
