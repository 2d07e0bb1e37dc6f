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

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/sweep"
)

// drawFront draws energy against time, with a line through the power limits, or clocks, for each device, precision and
// size, and a band for the intervals of energies. Points say which limits they are, where there is room, rings mark the front,
// crosses what does not fit, and a dashed line the deadline.
func drawFront(s *report.Sweep, lines []*line, x int, format string) ([]byte, error) {
	bands, err := intervals(s, lines)
	if err != nil {
		return nil, err
	}
	p := newPlot()
	p.Title.Text = title(s, bands != nil)
	p.X.Label.Text, p.Y.Label.Text = "time of a run", "energy of a run"
	perItem := s.Points > 1 // runs of unlike sizes do unlike work
	if perItem {
		p.Y.Label.Text = "energy per " + s.Item()
	}
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{Y: 0xe4}, color.Gray{Y: 0xe4}
	p.Add(grid)
	var drawn []*frontLine
	var times, costs []float64
	for i, l := range lines {
		f := frontLine{style: lineStyle(lines, i)}
		for _, r := range l.rows {
			pt := plotter.XY{X: float64(r.Time), Y: float64(r.Energy)}
			if perItem {
				pt.Y = float64(r.PerItem())
			}
			if r.Unknown > 0 || !(pt.X > 0) || !(pt.Y > 0) || math.IsInf(pt.X+pt.Y, 0) {
				continue
			}
			times, costs = append(times, pt.X), append(costs, pt.Y)
			f.add(s, r, pt, x)
			if e, known := bands[r]; known {
				a, b := rowInterval(e, r, perItem)
				f.low, f.high = append(f.low, plotter.XY{X: pt.X, Y: a}), append(f.high, plotter.XY{X: pt.X, Y: b})
				costs = append(costs, a, b)
			}
		}
		if err := f.draw(p); err != nil {
			return nil, err
		}
		drawn = append(drawn, &f)
	}
	if times == nil {
		return nil, fmt.Errorf("nothing to plot: no energy is known")
	}
	if s.Deadline > 0 {
		times = append(times, float64(s.Deadline))
	}
	spread(&p.X, times, func(v float64) string { return energy.Seconds(v).String() })
	spread(&p.Y, costs, func(v float64) string { return energy.Joules(v).String() })
	p.Add(nameFronts(p, drawn).labels)
	legend := lineNames(lines)
	if err := drawDeadline(p, &legend, float64(s.Deadline)); err != nil {
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

// nameFronts writes at points which limit, or clock, they are: at the ends of every line first, then at others, where no name
// stands yet. The axes have their ranges.
func nameFronts(p *plot.Plot, lines []*frontLine) *names {
	n := &names{p: p, labels: &plotter.Labels{Offset: vg.Point{X: vg.Points(5), Y: vg.Points(3)}}}
	for _, f := range lines {
		switch last := len(f.all) - 1; {
		case last < 0:
		case last > 0 && overlap(n.box(f.all[0], f.names[0]), n.box(f.all[last], f.names[last])):
			n.add(f, 0, f.names[0]+" … "+f.names[last])
		default:
			n.add(f, 0, f.names[0])
			n.add(f, last, f.names[last])
		}
	}
	for _, f := range lines {
		for i := range f.all {
			n.add(f, i, f.names[i])
		}
	}
	return n
}

// names are the labels of points, which keep off each other.
type names struct {
	p      *plot.Plot
	labels *plotter.Labels
	taken  []vg.Rectangle
}

// nameSize is that of their type, in points.
const nameSize = 8

// box is about the place of a label.
func (n *names) box(at plotter.XY, text string) vg.Rectangle {
	low := vg.Point{X: frontWidth * vg.Length(n.p.X.Norm(at.X)), Y: frontHeight * vg.Length(n.p.Y.Norm(at.Y))}
	return vg.Rectangle{Min: low, Max: low.Add(vg.Point{X: vg.Length(0.6 * nameSize * float64(len(text)+1)), Y: 1.3 * nameSize})}
}

func overlap(a, b vg.Rectangle) bool {
	return a.Min.X < b.Max.X && b.Min.X < a.Max.X && a.Min.Y < b.Max.Y && b.Min.Y < a.Max.Y
}

// add labels a point of a line, if there is room.
func (n *names) add(f *frontLine, i int, text string) {
	box := n.box(f.all[i], text)
	if slices.ContainsFunc(n.taken, func(o vg.Rectangle) bool { return overlap(o, box) }) {
		return
	}
	n.taken = append(n.taken, box)
	style := n.p.X.Tick.Label
	style.Font.Size, style.Color, style.XAlign, style.YAlign = nameSize, f.style.Color, draw.XLeft, draw.YBottom
	n.labels.XYs, n.labels.Labels, n.labels.TextStyle = append(n.labels.XYs, f.all[i]), append(n.labels.Labels, text), append(n.labels.TextStyle, style)
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
