package stats

import (
	"encoding/json"
	"math"
	"strconv"
)

// Middle is a median that is not a number where there is nothing.
func Middle(v []float64) Number { return Number(Median(v)) }

// Number is a figure of a report: six digits in JSON, null where there is none.
type Number float64

// MarshalJSON writes null for what is not a number.
func (n Number) MarshalJSON() ([]byte, error) {
	v := float64(n)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return []byte("null"), nil
	}
	short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	if err != nil {
		return nil, err
	}
	return json.Marshal(short)
}
