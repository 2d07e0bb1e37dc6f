package plots

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/sweep"
)

// panel is what one of the plots shows that stand one above the other.
type panel struct {
	metric, label string
	perItem       bool // of an energy: of one item
	energy        bool // it has intervals
}

// drawPanels draws energy, energy per item and time, one above the other: a colour for each device and precision, dashes for
// what else lines differ in, bands for the intervals of energies, crosses where a run does not fit.
func (w *Sweep) drawPanels(format string) ([]byte, error) {
	s := w.report
	bands, err := w.intervals()
	if err != nil {
		return nil, err
	}
	var plots [][]*plot.Plot
	for _, of := range []panel{
		{"energy_j", "energy of a run", false, true},
		{"j_per_" + s.Item(), "energy per " + s.Item(), true, true},
		{"time_s", "time of a run", false, false},
	} {
		p, err := w.drawPanel(&of, bands)
		if err != nil {
			return nil, err
		}
		plots = append(plots, []*plot.Plot{p})
	}
	top, bottom := plots[0][0], plots[len(plots)-1][0]
	top.Title.Text = w.title(bands != nil)
	bottom.X.Label.Text = s.Names[w.along]
	tiles := draw.Tiles{Rows: len(plots), Cols: 1, PadY: vg.Points(6), PadTop: vg.Points(4), PadBottom: vg.Points(4), PadLeft: vg.Points(4), PadRight: vg.Points(14)}
	return write(format, vg.Points(560), vg.Points(780), 144, lineNames(w.lines), func(c draw.Canvas) {
		for i, row := range plot.Align(plots, tiles, c) {
			plots[i][0].Draw(row[0])
		}
	})
}

// title names the model, what all points have in common of sizes, device, power limit and clock, and what bands are.
func (w *Sweep) title(bands bool) string {
	s := w.report
	parts := []string{filepath.Base(s.Model.File)}
	for _, a := range s.Axes {
		if len(a.Sizes) == 1 {
			parts = append(parts, fmt.Sprintf("%s = %d", a.Name, a.Sizes[0]))
		}
	}
	for _, d := range s.Fixed() {
		parts = append(parts, fmt.Sprintf("%s = %d", d.Name, d.Value))
	}
	if s.Groups == 1 {
		parts = append(parts, s.GroupName(0))
	}
	limits, clocks := map[energy.Watts]bool{}, map[energy.Hertz]bool{}
	for i := range s.Settings {
		limits[s.Settings[i].PowerLimit], clocks[s.Settings[i].Clock] = true, true
	}
	if on := &s.Settings[0]; len(limits) == 1 && on.PowerLimit > 0 {
		parts = append(parts, "at most "+on.PowerLimit.String())
	}
	if on := &s.Settings[0]; len(clocks) == 1 && on.Clock > 0 {
		parts = append(parts, "at "+on.Clock.String())
	}
	title := strings.Join(parts, ", ")
	if bands {
		title += "\nbands: 90 % intervals of energy"
	}
	return title
}

// drawPanel draws one metric over sizes.
func (w *Sweep) drawPanel(of *panel, bands map[*sweep.Row]law.Estimate) (*plot.Plot, error) {
	s := w.report
	axis := &s.Axes[w.along]
	metrics := report.SweepMetrics(s.Item())
	m := &metrics[slices.IndexFunc(metrics, func(m report.Metric) bool { return m.Key == of.metric })]
	p := newGrid()
	p.Y.Label.Text = of.label
	var shown []float64
	for i, l := range w.lines {
		var xy, outside, low, high plotter.XYs
		for _, r := range l.rows {
			pt := plotter.XY{X: float64(axis.Size(r.Values[w.along])), Y: m.Sweep(r)}
			if r.Unknown > 0 || !(pt.Y > 0) || math.IsInf(pt.Y, 0) {
				continue
			}
			shown = append(shown, pt.Y)
			xy = append(xy, pt)
			if !r.Fits {
				outside = append(outside, pt)
			}
			if e, known := bands[r]; known && of.energy {
				a, b := rowInterval(e, r, of.perItem)
				low, high = append(low, plotter.XY{X: pt.X, Y: a}), append(high, plotter.XY{X: pt.X, Y: b})
				shown = append(shown, a, b)
			}
		}
		style := lineStyle(w.lines, i)
		if err := addBand(p, low, high, style.Color); err != nil {
			return nil, err
		}
		if err := addLine(p, xy, outside, style); err != nil {
			return nil, err
		}
	}
	if shown == nil {
		return nil, fmt.Errorf("nothing to plot: no %s is known", m.Title)
	}
	spread(&p.Y, shown, m.Unit.Text)
	sizeAxis(&p.X, axis.Sizes)
	return p, nil
}

// rowInterval is the interval of a row's energy, of a run or of one item.
func rowInterval(e law.Estimate, r *sweep.Row, perItem bool) (low, high float64) {
	low, high = float64(e.Low), float64(e.High)
	if perItem {
		return low / r.Items, high / r.Items
	}
	return low, high
}

// Bands are drawn of that many lines and points at most: those of more lie over each other, or take long to predict.
const (
	maxBands  = 4
	maxBanded = 500
)

// intervals are the energies of rows with their intervals; nil where no bands are drawn.
func (w *Sweep) intervals() (map[*sweep.Row]law.Estimate, error) {
	rows := 0
	for _, l := range w.lines {
		rows += len(l.rows)
	}
	if len(w.lines) > maxBands || rows > maxBanded {
		return nil, nil
	}
	var out map[*sweep.Row]law.Estimate
	for _, l := range w.lines {
		for _, r := range l.rows {
			e, err := w.report.Estimate(r)
			if err != nil {
				return nil, err
			}
			if r.Unknown > 0 || !(e.High > e.Low) {
				continue
			}
			if out == nil {
				out = map[*sweep.Row]law.Estimate{}
			}
			out[r] = e
		}
	}
	return out, nil
}
