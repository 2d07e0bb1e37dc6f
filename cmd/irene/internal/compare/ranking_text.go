package compare

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
)

// rankColumn is a column of a table of standings.
type rankColumn struct {
	render.Column
	cell func(*standing) render.Cell
}

// numbers is a column of numbers.
func numbers(title string, drop int, cell func(*standing) render.Cell) rankColumn {
	return rankColumn{render.Column{Title: title, Right: true, Drop: drop}, cell}
}

// texts is a column of texts, of which long ones get some room.
func texts(title string, drop, room int, cell func(*standing) render.Cell) rankColumn {
	return rankColumn{render.Column{Title: title, Drop: drop, Room: room}, cell}
}

// The order in which columns of standings go where the screen is narrow, the last first.
const (
	dropCost = iota + 1
	dropBounds
	dropCO2
	dropEach
	dropRun
	dropInterval
	dropMemory
)

func plainCell(text string) render.Cell { return render.Cell{Text: text} }

// rankColumnOf has the rank, with a star on the front of energy against time; "–" of what has none.
func rankColumnOf() rankColumn {
	return texts("", 0, 0, func(s *standing) render.Cell {
		switch {
		case s.rank == 0:
			return plainCell("–")
		case s.front:
			return plainCell(strconv.Itoa(s.rank) + frontMark)
		}
		return plainCell(strconv.Itoa(s.rank))
	})
}

// frontMark stands beside ranks of what no other one is at once faster than, and cheaper by energy.
const frontMark = "*"

// frontNote says what the star means.
const frontNote = "on the Pareto front: no other one is at once faster and takes less energy"

// amountColumn has a metric of a share of a run.
func amountColumn(x *report.Metric, per report.Per) rankColumn {
	title := x.Label()
	switch {
	case per == report.PerRun || x.Exact:
	case x.Key == "energy_j":
		title = "per " + string(per)
	default:
		title += "/" + string(per)
	}
	return numbers(title, 0, func(s *standing) render.Cell { return plainCell(s.amount(x).printed(x)) })
}

// intervalColumn has the interval of the energy.
func intervalColumn() rankColumn {
	return texts("90 %", dropInterval, 0, func(s *standing) render.Cell {
		return render.Cell{Text: intervalText(s.report, s.share), Style: render.Faint}
	})
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
		numbers("ratio", 0, func(s *standing) render.Cell { return plainCell(ratioText(best.amount(r.metric), s.amount(r.metric))) }),
		texts("", 0, 0, func(s *standing) render.Cell {
			if s != best && s.apart(r.metric) {
				return render.Cell{Text: mark, Style: render.Yellow}
			}
			return render.Cell{}
		}),
		texts("90 %", dropBounds, 0, func(s *standing) render.Cell {
			ratio, ok := s.ratioOf(r.metric)
			if !ok || s == best {
				return render.Cell{}
			}
			return render.Cell{Text: boundsText(ratio.Low, ratio.High), Style: render.Faint}
		}),
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

// memoryColumn has what a run holds, and whether the device does not.
func (r *ranking) memoryColumn() rankColumn {
	drop := dropMemory
	if slices.ContainsFunc(r.list, tooLarge) {
		drop = 0
	}
	return numbers("memory", drop, func(s *standing) render.Cell {
		m := &s.report.Memory
		switch {
		case !m.Known:
			return plainCell(render.UnknownText)
		case tooLarge(s):
			return render.Cell{Text: "does not fit", Style: render.Red}
		}
		return plainCell(energy.FormatBinaryBytes(float64(m.WeightBytes + m.PeakBytes)))
	})
}

// tooLarge reports whether it is known that a run does not fit the device.
func tooLarge(s *standing) bool {
	fits, known := s.report.Fits()
	return known && !fits
}

// tariffColumns have what a million shares of a run cost and emit.
func tariffColumns(t *report.Tariff, per report.Per) []rankColumn {
	of := func(title string, drop int, text func(report.Use) string) rankColumn {
		return numbers(fmt.Sprintf("%s/M %ss", title, per), drop, func(s *standing) render.Cell {
			amount := text(s.report.Use(per).Million())
			if amount != render.UnknownText && s.report.Tree.Metrics.Unknown > 0 {
				amount = "≥ " + amount
			}
			return plainCell(amount)
		})
	}
	var out []rankColumn
	if t.Price != nil {
		out = append(out, of("cost", dropCost, t.CostText))
	}
	if t.Carbon != nil {
		out = append(out, of("CO2", dropCO2, func(u report.Use) string { return t.CO2Text(u.Energy) }))
	}
	return out
}

// table lays standings out; the first columns say what a row is of.
func (r *ranking) table(columns []rankColumn, keys int) *grid {
	g := &grid{keys: keys}
	for _, c := range columns {
		g.columns = append(g.columns, c.Column)
	}
	for _, s := range r.list {
		var cells []render.Cell
		for _, c := range columns {
			cells = append(cells, c.cell(s))
		}
		g.add(cells...)
	}
	return g
}

// rankingGrid ranks the models at a point: a row a model, the best first.
func (c *Comparison) rankingGrid(point int) *grid {
	r := c.ranking(point)
	first := c.Points[0].Reports[0]
	columns := []rankColumn{
		rankColumnOf(),
		texts(cmp.Or(c.Points[point].Label, "model"), 0, 14, func(s *standing) render.Cell { return plainCell(c.Names[s.place] + " " + stem(s.report.Model.File)) }),
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
	columns = append(columns, r.memoryColumn())
	return r.table(append(columns, tariffColumns(&first.Tariff, c.Per)...), 2)
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
		out = append(out, numbers("per "+string(each), dropEach, func(s *standing) render.Cell {
			n, _ := s.report.Work.Count(each)
			per := *s
			per.share = n
			x := report.FindMetric("energy")
			return plainCell(per.amount(x).printed(x))
		}))
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
