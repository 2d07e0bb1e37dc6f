package render

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"
	"strings"
)

// CSV writes rows of which no cell is more than text or a number to whoever opens them.
type CSV struct{ *csv.Writer }

// NewCSV begins to write rows.
func NewCSV(w io.Writer) CSV { return CSV{csv.NewWriter(w)} }

// Write writes a row. What a spreadsheet would take for a formula gets an apostrophe before it, which spreadsheets take for
// the sign of text (https://owasp.org/www-community/attacks/CSV_Injection).
func (c CSV) Write(row []string) error {
	out := make([]string, len(row))
	for i, cell := range row {
		out[i] = csvCell(cell)
	}
	return c.Writer.Write(out)
}

// Finish writes what is still buffered.
func (c CSV) Finish() error {
	c.Flush()
	return c.Error()
}

func csvCell(s string) string {
	if s == "" {
		return s
	}
	if strings.IndexByte("=+-@\t\r", s[0]) >= 0 {
		if _, err := strconv.ParseFloat(s, 64); err != nil {
			s = "'" + s
		}
	}
	return Clean(s)
}

// CSVNumber prints a number in all its digits; one that is not known, or not finite, is empty.
func CSVNumber(v float64, known bool) string {
	if !known || math.IsNaN(v) || math.IsInf(v, 0) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
