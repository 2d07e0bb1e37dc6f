package compare

import (
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

// csvColumn is a column of a table of standings for programs.
type csvColumn struct {
	key  string
	text func(*standing) string
}

func csvNumber(v float64) string { return render.CSVNumber(v, !math.IsNaN(v)) }

// csvColumns are what the table of several models and that of several devices share. Numbers are of a share of a run, but for
// what it holds; of operators of unknown cost they are the sum of the others.
func (r *ranking) csvColumns(t *report.Tariff, per report.Per) []csvColumn {
	out := []csvColumn{{"rank", func(s *standing) string { return render.CSVNumber(float64(s.rank), s.rank > 0) }}}
	for _, x := range metrics() {
		out = append(out, csvColumn{x.Key, func(s *standing) string { return csvNumber(s.each(x.Key)) }})
		if x.Key == "energy_j" {
			for _, key := range []string{"energy_low_j", "energy_high_j"} {
				out = append(out, csvColumn{key, func(s *standing) string { return csvNumber(s.each(key)) }})
			}
		}
	}
	out = append(
		out, csvColumn{"unknown", func(s *standing) string { return strconv.Itoa(s.report.Tree.Metrics.Unknown) }},
		csvColumn{"memory_bytes", func(s *standing) string {
			m := &s.report.Memory
			return render.CSVNumber(float64(m.WeightBytes+m.PeakBytes), m.Known)
		}},
	)
	for _, x := range predicted() {
		ratio := func(s *standing) (v [3]string) {
			if q, ok := s.ratioOf(x); ok {
				v = [3]string{csvNumber(q.Low), csvNumber(q.High), string(q.Verdict())}
			}
			return v
		}
		out = append(out, csvColumn{x.Key + "_ratio", func(s *standing) string {
			best := r.best()
			if best == nil {
				return ""
			}
			return csvNumber(best.amount(x).ratio(s.amount(x)))
		}})
		for i, end := range []string{"_low", "_high", "_verdict"} {
			out = append(out, csvColumn{x.Key + "_ratio" + end, func(s *standing) string { return ratio(s)[i] }})
		}
	}
	each := func(s *standing) report.Use { return s.report.Use(per).Million() }
	if t.Price != nil {
		out = append(out, csvColumn{"cost_per_million_" + string(per) + "s", func(s *standing) string { return csvNumber(t.Cost(each(s))) }})
	}
	if t.Carbon != nil {
		out = append(out, csvColumn{"co2_g_per_million_" + string(per) + "s", func(s *standing) string { return csvNumber(t.CO2(each(s).Energy)) }})
	}
	return append(out, csvColumn{"pareto", func(s *standing) string { return strconv.FormatBool(s.front) }})
}

// fitsText says whether a run fits the device's memory; "" where that is not known.
func fitsText(r *report.Report) string {
	fits, known := r.Fits()
	if !known {
		return ""
	}
	return strconv.FormatBool(fits)
}

// writeRankingCSV writes a line per model and point, the best first.
func writeRankingCSV(out render.CSV, c *Comparison) error {
	first := c.Points[0].Reports[0]
	columns := c.ranking(0).csvColumns(&first.Tariff, c.Per)
	head := []string{"at", "model", "file"}
	for _, x := range columns {
		head = append(head, x.key)
	}
	if err := out.Write(append(head, "fits")); err != nil {
		return err
	}
	for p := range c.Points {
		r := c.ranking(p)
		columns := r.csvColumns(&first.Tariff, c.Per)
		for _, s := range r.list {
			row := []string{c.Points[p].Label, c.Names[s.place], s.report.Model.File}
			for _, x := range columns {
				row = append(row, x.text(s))
			}
			if err := out.Write(append(row, fitsText(s.report))); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeDevicesCSV writes a line per device, the best first, then those that do not run the model.
func writeDevicesCSV(w io.Writer, d *Devices) error {
	out := render.NewCSV(w)
	var tariff report.Tariff
	if r := d.first(); r != nil {
		tariff = r.Tariff
	}
	columns := d.ranking.csvColumns(&tariff, d.Per)
	head := []string{"device", "status", "batch", "origin"}
	for _, x := range columns {
		head = append(head, x.key)
	}
	if err := out.Write(append(head, "why")); err != nil {
		return err
	}
	line := func(c *Choice, s *standing) error {
		origin := ""
		if c.Report != nil {
			origin = c.Report.Device.Origin
		}
		row := []string{c.Device, string(d.Status(c)), render.CSVNumber(float64(c.Size), c.Size > 0), origin}
		for _, x := range columns {
			text := ""
			if s != nil {
				text = x.text(s)
			}
			row = append(row, text)
		}
		return out.Write(append(row, d.why(c)))
	}
	var written []int
	for _, s := range d.ranking.list {
		written = append(written, s.place)
		if err := line(&d.Choices[s.place], s); err != nil {
			return err
		}
	}
	for i := range d.Choices {
		if slices.Contains(written, i) {
			continue
		}
		if err := line(&d.Choices[i], nil); err != nil {
			return err
		}
	}
	return out.Finish()
}
