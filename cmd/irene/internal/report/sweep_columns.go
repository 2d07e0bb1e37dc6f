package report

import (
	"strconv"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy/sweep"
)

// settingColumn says one thing of what a row was predicted at.
type settingColumn struct {
	key, title string // in CSV, in tables for people
	csv, text  func(*sweep.Setting) string
}

// settingTable is the columns that settings can have.
var settingTable = []settingColumn{
	{
		"as", "as",
		func(s *sweep.Setting) string { return s.As },
		func(s *sweep.Setting) string { return s.As },
	},
	{
		"power_limit_w", "limit",
		func(s *sweep.Setting) string { return settingNumber(float64(s.PowerLimit)) },
		func(s *sweep.Setting) string { return settingText(float64(s.PowerLimit), s.PowerLimit.String()) },
	},
	{
		"clock_hz", "clock",
		func(s *sweep.Setting) string { return settingNumber(float64(s.Clock)) },
		func(s *sweep.Setting) string { return settingText(float64(s.Clock), s.Clock.String()) },
	},
}

// settingNumber is a number for programs; "" where the setting is the device's own.
func settingNumber(v float64) string { return render.CSVNumber(v, v != 0) }

// settingText is what is written of a number for people; "" where the setting is the device's own.
func settingText(v float64, text string) string {
	if v == 0 {
		return ""
	}
	return text
}

// columns are those of the table that some setting fills.
func (s *Sweep) columns() []settingColumn {
	var out []settingColumn
	for _, c := range settingTable {
		for i := range s.Settings {
			if c.csv(&s.Settings[i]) != "" {
				out = append(out, c)
				break
			}
		}
	}
	return out
}

// distinct lists what settings have in a column, in their order, each once.
func (s *Sweep) distinct(c *settingColumn) []string {
	var out []string
	seen := map[string]bool{}
	for i := range s.Settings {
		if text := c.text(&s.Settings[i]); !seen[text] {
			seen[text] = true
			out = append(out, text)
		}
	}
	return out
}

// sizeTexts are the sizes of a row, as text.
func (s *Sweep) sizeTexts(r *sweep.Row) []string {
	var out []string
	for _, n := range s.sizes(r) {
		out = append(out, strconv.FormatInt(n, 10))
	}
	return out
}
