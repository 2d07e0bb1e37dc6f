package main

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/sweep"
)

// drawFront draws energy against time, with a line through the power limits, or clocks, for each device, precision and
// size. Its ends say which these are, rings mark the front, crosses what does not fit, and a dashed line the deadline.
func drawFront(s *report.Sweep, lines []*sweepLine, x int, format string) ([]byte, error) {
	p := newPlot()
	p.Title.Text = plotTitle(s, false)
	p.X.Label.Text, p.Y.Label.Text = "time of a run", "energy of a run"
	of := func(r *sweep.Row) float64 { return float64(r.Energy) }
	if s.Points > 1 { // runs of unlike sizes do unlike work
		p.Y.Label.Text = "energy per " + s.Item()
		of = func(r *sweep.Row) float64 { return float64(r.PerItem()) }
	}
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{Y: 0xe4}, color.Gray{Y: 0xe4}
	p.Add(grid)
	var times, costs []float64
	for i, l := range lines {
		f := frontLine{style: lineStyle(lines, i)}
		for _, r := range l.rows {
			pt := plotter.XY{X: float64(r.Time), Y: of(r)}
			if r.Unknown > 0 || !(pt.X > 0) || !(pt.Y > 0) || math.IsInf(pt.X+pt.Y, 0) {
				continue
			}
			times, costs = append(times, pt.X), append(costs, pt.Y)
			f.add(s, r, pt, x)
		}
		if err := f.draw(p); err != nil {
			return nil, err
		}
	}
	if times == nil {
		return nil, fmt.Errorf("nothing to plot: no energy is known")
	}
	if s.Deadline > 0 {
		times = append(times, float64(s.Deadline))
	}
	spread(&p.X, times, func(v float64) string { return energy.Seconds(v).String() })
	spread(&p.Y, costs, func(v float64) string { return energy.Joules(v).String() })
	legend := lineNames(lines)
	if err := drawDeadline(p, &legend, float64(s.Deadline)); err != nil {
		return nil, err
	}
	return writePlot(format, vg.Points(560), vg.Points(420), 144, legend, func(c draw.Canvas) {
		p.Draw(draw.Crop(c, vg.Points(4), -vg.Points(18), vg.Points(4), -vg.Points(4)))
	})
}

// frontLine is a line of such a plot.
type frontLine struct {
	style              draw.LineStyle
	all, front, beyond plotter.XYs
	names              []string // of all
}

// add puts a row on the line.
func (f *frontLine) add(s *report.Sweep, r *sweep.Row, pt plotter.XY, x int) {
	name := s.Settings[r.Setting].PowerLimit.String()
	if x == clock {
		name = s.Settings[r.Setting].Clock.String()
	}
	f.all, f.names = append(f.all, pt), append(f.names, name)
	if r.Front {
		f.front = append(f.front, pt)
	}
	if !r.Fits {
		f.beyond = append(f.beyond, pt)
	}
}

func (f *frontLine) draw(p *plot.Plot) error {
	if err := addLine(p, f.all, f.beyond, f.style); err != nil || len(f.all) == 0 {
		return err
	}
	if len(f.front) > 0 {
		rings, err := plotter.NewScatter(f.front)
		if err != nil {
			return err
		}
		rings.GlyphStyle = draw.GlyphStyle{Color: f.style.Color, Radius: vg.Points(3.5), Shape: draw.RingGlyph{}}
		p.Add(rings)
	}
	ends := plotter.XYLabels{XYs: plotter.XYs{f.all[0], f.all[len(f.all)-1]}, Labels: []string{f.names[0], f.names[len(f.names)-1]}}
	labels, err := plotter.NewLabels(ends)
	if err != nil {
		return err
	}
	for i := range labels.TextStyle {
		labels.TextStyle[i].Font.Variant, labels.TextStyle[i].Font.Size, labels.TextStyle[i].Color = "Sans", vg.Points(8), f.style.Color
	}
	labels.Offset = vg.Point{X: vg.Points(5), Y: vg.Points(3)}
	p.Add(labels)
	return nil
}

// drawDeadline draws an upright line at a time; none at 0.
func drawDeadline(p *plot.Plot, legend *plot.Legend, at float64) error {
	if at == 0 {
		return nil
	}
	line, err := plotter.NewLine(plotter.XYs{{X: at, Y: p.Y.Min}, {X: at, Y: p.Y.Max}})
	if err != nil {
		return err
	}
	line.LineStyle = draw.LineStyle{Color: color.Gray{Y: 0x60}, Width: vg.Points(1), Dashes: []vg.Length{vg.Points(4), vg.Points(3)}}
	p.Add(line)
	legend.Add("deadline", line)
	return nil
}
