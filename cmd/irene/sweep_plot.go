package main

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy/sweep"
)

// A plot holds at most that many lines and points: more could not be told apart.
const (
	maxLines  = 24
	maxMarked = 20_000
)

// draw evaluates the grid, draws it, and prints what is recommended.
func (q *sweepRequest) draw(env *environment, s *report.Sweep, axes [][]int64) error {
	x := q.along(s)
	if x == noAxis {
		return usagef("nothing lies along the axis of a plot: take --dim NAME=SIZES, or several of --power-limit or --clock")
	}
	lines, err := q.lines(env, s, axes, x)
	if err != nil {
		return err
	}
	paint := drawSweep
	if x < 0 {
		paint = drawFront
	}
	data, err := paint(s, lines, x, q.plot)
	if err != nil {
		return err
	}
	if err := writeOutput(env, q.output, data); err != nil {
		return err
	}
	fmt.Fprint(env.stdout, s.Head()+s.Notes())
	return nil
}

// What lies along the lines of a plot where no dim does.
const (
	noAxis     = -1
	powerLimit = -2
	clock      = -3
)

// along is what lies along the lines of a plot: the index of the dim that is asked for, else power limits or clocks where
// there are several, else the dim of most sizes.
func (q *sweepRequest) along(s *report.Sweep) int {
	best := noAxis
	for i, a := range s.Axes {
		if a.Name == q.x {
			return i
		}
		if best < 0 || len(a.Sizes) > len(s.Axes[best].Sizes) {
			best = i
		}
	}
	switch {
	case len(q.limits) > 1:
		return powerLimit
	case len(q.clocks) > 1:
		return clock
	}
	return best
}

// sweepLine is the rows that differ in what lies along the axis alone.
type sweepLine struct {
	group int // of settings: device and precision
	name  string
	rows  []*sweep.Row
}

// lines evaluates the grid and parts it into lines.
func (q *sweepRequest) lines(env *environment, s *report.Sweep, axes [][]int64, x int) ([]*sweepLine, error) {
	rows := s.Points * len(s.Settings)
	each := 1
	switch {
	case x >= 0:
		each = len(axes[x])
	case x == powerLimit:
		each = len(q.limits)
	case x == clock:
		each = len(q.clocks)
	}
	if n := rows / each; n > maxLines || rows > maxMarked {
		return nil, usagef("a plot of %d lines and %d points tells little; take fewer sizes (at most %d lines, %d points)", n, rows, maxLines, maxMarked)
	}
	var out []*sweepLine
	at := map[string]*sweepLine{}
	err := q.evaluate(env, s, axes, func(r *sweep.Row) error {
		name := q.lineName(s, axes, x, r)
		l := at[name]
		if l == nil {
			l = &sweepLine{group: s.Settings[r.Setting].Group, name: name}
			at[name] = l
			out = append(out, l)
		}
		l.rows = append(l.rows, r)
		return nil
	})
	slices.SortStableFunc(out, func(a, b *sweepLine) int { return a.group - b.group })
	for _, l := range out {
		slices.SortStableFunc(l.rows, func(a, b *sweep.Row) int {
			if x >= 0 {
				return cmp.Compare(a.Values[x], b.Values[x])
			}
			m, n := &s.Settings[a.Setting], &s.Settings[b.Setting]
			return cmp.Or(cmp.Compare(m.PowerLimit, n.PowerLimit), cmp.Compare(m.Clock, n.Clock))
		})
	}
	return out, err
}

// lineName says what the rows of a line have in common, as far as others have it not.
func (q *sweepRequest) lineName(s *report.Sweep, axes [][]int64, x int, r *sweep.Row) string {
	on := &s.Settings[r.Setting]
	name := s.GroupName(on.Group)
	if x != powerLimit && len(q.limits) > 1 {
		name += " " + on.PowerLimit.String()
	}
	if x != clock && len(q.clocks) > 1 {
		name += " " + on.Clock.String()
	}
	for i := range axes {
		if i != x && len(axes[i]) > 1 {
			name += fmt.Sprintf(" %s=%d", s.Names[i], s.Axes[i].Size(r.Values[i]))
		}
	}
	return name
}

// drawSweep draws energy, energy per item and time, one above the other: a colour for each device and precision, dashes for
// what else lines differ in, crosses where a run does not fit.
func drawSweep(s *report.Sweep, lines []*sweepLine, x int, format string) ([]byte, error) {
	var plots [][]*plot.Plot
	metrics := report.SweepMetrics(s.Item())
	for _, panel := range []struct{ metric, label string }{{"energy_j", "energy, J"}, {"j_per_" + s.Item(), "J per " + s.Item()}, {"time_s", "time, s"}} {
		i := slices.IndexFunc(metrics, func(m report.Metric) bool { return m.Key == panel.metric })
		p, err := drawPanel(s, lines, x, &metrics[i])
		if err != nil {
			return nil, err
		}
		p.Y.Label.Text = panel.label
		plots = append(plots, []*plot.Plot{p})
	}
	top, bottom := plots[0][0], plots[len(plots)-1][0]
	top.Title.Text = filepath.Base(s.Model.File)
	bottom.X.Label.Text = s.Names[x]
	if len(lines) > 1 {
		nameLines(plots[1][0], lines)
	}
	tiles := draw.Tiles{Rows: len(plots), Cols: 1, PadY: vg.Points(6), PadTop: vg.Points(4), PadBottom: vg.Points(4), PadLeft: vg.Points(4), PadRight: vg.Points(14)}
	return writePlot(format, vg.Points(560), vg.Points(780), 144, func(c draw.Canvas) {
		for i, row := range plot.Align(plots, tiles, c) {
			plots[i][0].Draw(row[0])
		}
	})
}

// drawPanel draws one metric on logarithmic axes.
func drawPanel(s *report.Sweep, lines []*sweepLine, x int, m *report.Metric) (*plot.Plot, error) {
	p := newPlot()
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{Y: 0xe4}, color.Gray{Y: 0xe4}
	p.Add(grid)
	low, high := math.Inf(1), 0.0
	for i, l := range lines {
		var xy, outside plotter.XYs
		for _, r := range l.rows {
			pt := plotter.XY{X: float64(s.Axes[x].Size(r.Values[x])), Y: m.Sweep(r)}
			if r.Unknown > 0 || !(pt.Y > 0) || math.IsInf(pt.Y, 0) || pt.X <= 0 {
				continue
			}
			low, high = min(low, pt.Y), max(high, pt.Y)
			xy = append(xy, pt)
			if !r.Fits {
				outside = append(outside, pt)
			}
		}
		if err := addLine(p, xy, outside, lineStyle(lines, i)); err != nil {
			return nil, err
		}
	}
	if high == 0 {
		return nil, fmt.Errorf("nothing to plot: no %s is known", m.Title)
	}
	p.Y.Min, p.Y.Max = low/1.15, high*1.15
	p.X.Min, p.X.Max = float64(slices.Min(s.Axes[x].Sizes))/1.03, float64(slices.Max(s.Axes[x].Sizes))*1.03
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Scale, a.Tick.Marker = plot.LogScale{}, logTicks{}
	}
	return p, nil
}

// addLine draws a line with a mark at each point, hollow ones at those outside the memory.
func addLine(p *plot.Plot, xy, outside plotter.XYs, style draw.LineStyle) error {
	if len(xy) == 0 {
		return nil
	}
	line, err := plotter.NewLine(xy)
	if err != nil {
		return err
	}
	line.LineStyle = style
	p.Add(line)
	if len(xy) <= 40 {
		marks, err := plotter.NewScatter(xy)
		if err != nil {
			return err
		}
		marks.GlyphStyle = draw.GlyphStyle{Color: style.Color, Radius: vg.Points(1.8), Shape: draw.CircleGlyph{}}
		p.Add(marks)
	}
	if len(outside) == 0 {
		return nil
	}
	crosses, err := plotter.NewScatter(outside)
	if err != nil {
		return err
	}
	crosses.GlyphStyle = draw.GlyphStyle{Color: style.Color, Radius: vg.Points(3.5), Shape: draw.CrossGlyph{}}
	p.Add(crosses)
	return nil
}

// lineStyle gives each group of settings a colour, and what else lines differ in dashes.
func lineStyle(lines []*sweepLine, i int) draw.LineStyle {
	colors := palette()
	dashes := [][]vg.Length{nil, {vg.Points(5), vg.Points(2)}, {vg.Points(1.5), vg.Points(2)}, {vg.Points(7), vg.Points(2), vg.Points(1.5), vg.Points(2)}}
	first, groups := i, 1
	for first > 0 && lines[first-1].group == lines[i].group {
		first--
	}
	for k := 1; k < len(lines); k++ {
		if lines[k].group != lines[k-1].group {
			groups++
		}
	}
	c, d := lines[i].group, i-first
	if groups == 1 { // colours are free for the sizes
		c, d = i, 0
	}
	return draw.LineStyle{Color: colors[c%len(colors)], Width: vg.Points(1.3), Dashes: dashes[d%len(dashes)]}
}

// nameLines names the lines in a panel's upper right corner.
func nameLines(p *plot.Plot, lines []*sweepLine) {
	p.Legend.Top, p.Legend.Padding = true, vg.Points(1)
	for i, l := range lines {
		p.Legend.Add(l.name, &plotter.Line{LineStyle: lineStyle(lines, i)})
	}
}

// logTicks labels powers of ten and, where there are few of them, their doubles and fives.
type logTicks struct{}

// Ticks lists the marks between two values.
func (logTicks) Ticks(low, high float64) []plot.Tick {
	var out []plot.Tick
	decades := math.Log10(high / low)
	for e := math.Floor(math.Log10(low)); e <= math.Ceil(math.Log10(high)); e++ {
		for k := 1; k <= 9; k++ {
			v := float64(k) * math.Pow(10, e)
			if v < low || v > high {
				continue
			}
			t := plot.Tick{Value: v}
			if k == 1 || decades < 3 && (k == 2 || k == 5) || decades < 0.7 {
				t.Label = fmt.Sprintf("%.4g", v)
			}
			out = append(out, t)
		}
	}
	return out
}
