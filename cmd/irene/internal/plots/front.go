package plots

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/sweep"
)

// drawFront draws energy against time, with a line through the power limits, or clocks, for each device, precision and
// size, and a band for the intervals of energies. Points say which limits they are, where there is room, rings mark the front,
// crosses what does not fit, and a dashed line the deadline.
func (w *Sweep) drawFront(format string) ([]byte, error) {
	bands, err := w.intervals()
	if err != nil {
		return nil, err
	}
	p := newGrid()
	p.Title.Text = w.title(bands != nil)
	p.X.Label.Text, p.Y.Label.Text = "time of a run", "energy of a run"
	perItem := w.report.Points > 1 // runs of unlike sizes do unlike work
	if perItem {
		p.Y.Label.Text = "energy per " + w.report.Item()
	}
	var drawn []*frontLine
	var times, costs []float64
	for i, l := range w.lines {
		f := w.frontLine(l, bands, perItem)
		f.style = lineStyle(w.lines, i)
		if err := f.draw(p); err != nil {
			return nil, err
		}
		drawn = append(drawn, f)
		times, costs = append(times, f.times()...), append(costs, f.costs()...)
	}
	if times == nil {
		return nil, fmt.Errorf("nothing to plot: no energy is known")
	}
	deadline := float64(w.report.Deadline)
	if deadline > 0 {
		times = append(times, deadline)
	}
	spread(&p.X, times, func(v float64) string { return energy.Seconds(v).String() })
	spread(&p.Y, costs, func(v float64) string { return energy.Joules(v).String() })
	p.Add(nameFronts(p, drawn).labels)
	legend := lineNames(w.lines)
	if err := drawDeadline(p, &legend, deadline); err != nil {
		return nil, err
	}
	return write(format, frontWidth, frontHeight, 144, legend, func(c draw.Canvas) {
		p.Draw(draw.Crop(c, vg.Points(4), -vg.Points(18), vg.Points(4), -vg.Points(4)))
	})
}

// The size of such a plot in points, its legend aside.
const (
	frontWidth  vg.Length = 560
	frontHeight vg.Length = 420
)

// frontLine is a line of such a plot.
type frontLine struct {
	style              draw.LineStyle
	all, front, beyond plotter.XYs
	low, high          plotter.XYs
	names              []string // of all
}

// frontLine puts what is known of a line's rows on one of a plot.
func (w *Sweep) frontLine(l *line, bands map[*sweep.Row]law.Estimate, perItem bool) *frontLine {
	f := &frontLine{}
	for _, r := range l.rows {
		pt := plotter.XY{X: float64(r.Time), Y: float64(r.Energy)}
		if perItem {
			pt.Y = float64(r.PerItem())
		}
		if r.Unknown > 0 || !(pt.X > 0) || !(pt.Y > 0) || math.IsInf(pt.X+pt.Y, 0) {
			continue
		}
		on := &w.report.Settings[r.Setting]
		name := on.PowerLimit.String()
		if w.along == clock {
			name = on.Clock.String()
		}
		f.all, f.names = append(f.all, pt), append(f.names, name)
		if r.Front {
			f.front = append(f.front, pt)
		}
		if !r.Fits {
			f.beyond = append(f.beyond, pt)
		}
		if e, known := bands[r]; known {
			a, b := rowInterval(e, r, perItem)
			f.low, f.high = append(f.low, plotter.XY{X: pt.X, Y: a}), append(f.high, plotter.XY{X: pt.X, Y: b})
		}
	}
	return f
}

// times are those of its points.
func (f *frontLine) times() (out []float64) {
	for _, pt := range f.all {
		out = append(out, pt.X)
	}
	return out
}

// costs are the energies that it covers, its band included.
func (f *frontLine) costs() (out []float64) {
	for _, pt := range slices.Concat(f.all, f.low, f.high) {
		out = append(out, pt.Y)
	}
	return out
}

func (f *frontLine) draw(p *plot.Plot) error {
	if err := addBand(p, f.low, f.high, f.style.Color); err != nil {
		return err
	}
	if err := addLine(p, f.all, f.beyond, f.style); err != nil || len(f.front) == 0 {
		return err
	}
	rings, err := plotter.NewScatter(f.front)
	if err != nil {
		return err
	}
	rings.GlyphStyle = draw.GlyphStyle{Color: f.style.Color, Radius: vg.Points(3.5), Shape: draw.RingGlyph{}}
	p.Add(rings)
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
