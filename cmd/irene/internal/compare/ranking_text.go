package compare

import (
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
)

// rankColumn is a column of a table of standings.
type rankColumn struct {
	title string
	left  bool
	cell  func(*standing) render.Cell
}

func plainCell(text string) render.Cell { return render.Cell{Text: text} }

// rankText is the rank; "–" of what has none.
func rankText(s *standing) render.Cell {
	if s.rank == 0 {
		return plainCell("–")
	}
	return plainCell(strconv.Itoa(s.rank))
}

// amountColumn has a metric of a share of a run.
func amountColumn(x *report.Metric, per report.Per) rankColumn {
	title := x.Label()
	if per != report.PerRun && !x.Exact {
		title += "/" + string(per)
	}
	return rankColumn{title: title, cell: func(s *standing) render.Cell { return plainCell(s.amount(x).printed(x)) }}
}

// intervalColumn has the interval of the energy.
func intervalColumn() rankColumn {
	return rankColumn{title: "90 %", left: true, cell: func(s *standing) render.Cell {
		m := &s.report.Tree.Metrics
		if !m.HasEnergy() || m.Unknown > 0 {
			return render.Cell{}
		}
		n := energy.Joules(s.share)
		return render.Cell{Text: rangeText((m.Low / n).String(), (m.High / n).String()), Style: render.Faint}
	}}
}

// rangeText joins two numbers; a unit of both is written once.
func rangeText(low, high string) string {
	if number, unit, ok := strings.Cut(low, " "); ok && strings.HasSuffix(high, " "+unit) {
		low = number
	}
	return low + " … " + high
}

// ratioColumns have the ratio to the best, and its interval with a mark where that decides.
func (r *ranking) ratioColumns() []rankColumn {
	best := r.best()
	if best == nil {
		return nil
	}
	return []rankColumn{
		{title: "to best", cell: func(s *standing) render.Cell {
			return plainCell(ratioText(best.amount(r.metric), s.amount(r.metric)))
		}},
		{title: "", left: true, cell: func(s *standing) render.Cell {
			if s != best && s.apart(r.metric) {
				return render.Cell{Text: mark, Style: render.Yellow}
			}
			return render.Cell{}
		}},
		{title: "90 %", left: true, cell: func(s *standing) render.Cell {
			ratio, ok := s.ratioOf(r.metric)
			if !ok || s == best {
				return render.Cell{}
			}
			return render.Cell{Text: boundsText(ratio.Low, ratio.High), Style: render.Faint}
		}},
	}
}

// boundsText is the interval of a ratio, of which one end may not be known.
func boundsText(low, high float64) string {
	switch {
	case math.IsNaN(low) && math.IsNaN(high), low == 1 && high == 1:
		return ""
	case math.IsNaN(low):
		return "below " + formatRatio(high)
	case math.IsNaN(high):
		return "above " + formatRatio(low)
	}
	return strings.TrimSuffix(formatRatio(low), "x") + " … " + formatRatio(high)
}

// memoryColumn has what a run holds, and whether the device does.
func memoryColumn() rankColumn {
	return rankColumn{title: "memory", cell: func(s *standing) render.Cell {
		m := &s.report.Memory
		if !m.Known {
			return plainCell(render.UnknownText)
		}
		return plainCell(energy.FormatBinaryBytes(float64(m.WeightBytes + m.PeakBytes)))
	}}
}

// tariffColumns have what a million shares of a run cost and emit.
func tariffColumns(t *report.Tariff, per report.Per) []rankColumn {
	of := func(title string, text func(energy.Joules) string) rankColumn {
		return rankColumn{title: fmt.Sprintf("%s/M %ss", title, per), cell: func(s *standing) render.Cell {
			m := &s.report.Tree.Metrics
			if !m.HasEnergy() {
				return plainCell(render.UnknownText)
			}
			bound := ""
			if m.Unknown > 0 {
				bound = "≥ "
			}
			return plainCell(bound + text(report.Million*m.Energy/energy.Joules(s.share)))
		}}
	}
	var out []rankColumn
	if t.Price != nil {
		out = append(out, of("cost", t.CostText))
	}
	if t.Carbon != nil {
		out = append(out, of("CO2", t.CO2Text))
	}
	return out
}

// remarkColumn says which are on the front of energy against time, and what keeps one from running.
func remarkColumn() rankColumn {
	return rankColumn{left: true, cell: func(s *standing) render.Cell {
		fits, known := s.report.Fits()
		switch {
		case known && !fits:
			return render.Cell{Text: "does not fit", Style: render.Red}
		case s.front:
			return render.Cell{Text: "pareto", Style: render.Bold}
		}
		return render.Cell{}
	}}
}

// table lays standings out.
func (r *ranking) table(columns []rankColumn) *grid {
	g := &grid{}
	for _, c := range columns {
		g.titles, g.right = append(g.titles, c.title), append(g.right, !c.left)
	}
	for _, s := range r.list {
		var cells []render.Cell
		for _, c := range columns {
			cells = append(cells, c.cell(s))
		}
		g.rows = append(g.rows, gridRow{cells: cells})
	}
	return g
}

// rankingGrid ranks the models at a point: a row a model, the best first.
func (c *Comparison) rankingGrid(point int) *grid {
	r := c.ranking(point)
	first := c.Points[0].Reports[0]
	columns := []rankColumn{
		{title: "", cell: rankText},
		{title: c.Points[point].Label, left: true, cell: func(s *standing) render.Cell { return plainCell(c.Names[s.place] + " " + stem(s.report.Model.File)) }},
	}
	if columns[1].title == "" {
		columns[1].title = "model"
	}
	for i, x := range c.shown() {
		columns = append(columns, amountColumn(x, c.Per))
		if x.Key == "energy_j" {
			columns = append(columns, intervalColumn())
		}
		if i == 0 {
			columns = append(columns, r.ratioColumns()...)
		}
	}
	columns = append(columns, c.besideColumns()...)
	columns = append(columns, memoryColumn())
	columns = append(columns, tariffColumns(&first.Tariff, c.Per)...)
	return r.table(append(columns, remarkColumn()))
}

// besideColumns have what is known of every model beside the metrics asked for: the time, and the energy of a token or item.
func (c *Comparison) besideColumns() []rankColumn {
	first := c.Points[0].Reports[0]
	time := report.FindMetric("time")
	if !first.Tree.Metrics.Predicted {
		return nil
	}
	var out []rankColumn
	shown := false
	for _, x := range c.shown() {
		shown = shown || x == time
	}
	if !shown {
		out = append(out, amountColumn(time, c.Per))
	}
	if each := c.commonShare(); c.Per == report.PerRun && each != report.PerRun {
		out = append(out, rankColumn{title: "energy/" + string(each), cell: func(s *standing) render.Cell {
			n, _ := s.report.Work.Count(each)
			per := *s
			per.share = n
			x := report.FindMetric("energy")
			return plainCell(per.amount(x).printed(x))
		}})
	}
	return out
}

// commonShare is the smallest share of a run that all models have.
func (c *Comparison) commonShare() report.Per {
	for _, per := range []report.Per{report.PerToken, report.PerItem} {
		all := true
		for _, r := range c.Points[0].Reports {
			_, ok := r.Work.Count(per)
			all = all && ok
		}
		if all {
			return per
		}
	}
	return report.PerRun
}

// stem is a file's name without its folder and the extensions of models.
func stem(file string) string {
	name := filepath.Base(file)
	for _, ext := range []string{".gz", ".onnx"} {
		name = strings.TrimSuffix(name, ext)
	}
	return name
}
