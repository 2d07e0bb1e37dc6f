package plots

import (
	"errors"
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/irene-onnx/irene/cmd/irene/internal/validation"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/energy/validate"
)

// Validation plots the models and modules of the first split that the additive method has, or else of the first
// method with figures: predicted over measured values on logarithmic axes, a colour for each model.
func Validation(v *validate.Validation, format string) ([]byte, error) {
	split, m := plotted(v)
	if m == nil {
		return nil, errors.New("nothing to plot: no model or module has a positive prediction")
	}
	unit := "J"
	if v.Target == validate.TargetTime {
		unit = "s"
	}
	p := newPlot()
	p.Title.Text = fmt.Sprintf("%s (%s): models large, modules small", validation.SplitTitle(split.Split), m.Method)
	p.X.Label.Text, p.Y.Label.Text = "measured "+string(v.Target)+", "+unit, "predicted "+string(v.Target)+", "+unit
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Scale, a.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	}
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.Padding, p.Legend.XOffs = vg.Points(2), vg.Points(6)
	low, high, err := addPoints(p, m.Points)
	if err != nil {
		return nil, err
	}
	line, err := plotter.NewLine(plotter.XYs{{X: low, Y: low}, {X: high, Y: high}})
	if err != nil {
		return nil, err
	}
	line.Color, line.Dashes = color.Gray{Y: 0x80}, []vg.Length{vg.Points(4), vg.Points(3)}
	p.Add(line)
	p.Legend.Add("predicted = measured", line)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = low, high, low, high
	return write(format, vg.Points(480), vg.Points(460), vgimg.DefaultDPI, newLegend(), p.Draw)
}

func plotted(v *validate.Validation) (*validate.SplitResult, *validate.MethodResult) {
	for _, wanted := range []string{validate.MethodAdditive, ""} {
		for i := range v.Splits {
			for j := range v.Splits[i].Methods {
				m := &v.Splits[i].Methods[j]
				if (wanted == "" || m.Method == wanted) && slices.ContainsFunc(m.Points, drawn) {
					return &v.Splits[i], m
				}
			}
		}
	}
	return nil, nil
}

// addPoints draws the points and returns the range that holds them, with a margin. Modules lie below models.
func addPoints(p *plot.Plot, points []validate.Point) (low, high float64, err error) {
	low, high = math.Inf(1), 0
	var names []string
	for _, pt := range points {
		if drawn(pt) {
			low, high = min(low, pt.Measured, pt.Predicted), max(high, pt.Measured, pt.Predicted)
			if !slices.Contains(names, pt.Model) {
				names = append(names, pt.Model)
			}
		}
	}
	slices.Sort(names)
	colors := palette()
	for _, level := range []string{irene.TypeModule, irene.TypeModel} {
		for i, name := range names {
			var xy plotter.XYs
			for _, pt := range points {
				if pt.Model == name && pt.Level == level && drawn(pt) {
					xy = append(xy, plotter.XY{X: pt.Measured, Y: pt.Predicted})
				}
			}
			if len(xy) == 0 {
				continue
			}
			s, err := plotter.NewScatter(xy)
			if err != nil {
				return 0, 0, err
			}
			s.GlyphStyle = draw.GlyphStyle{Color: colors[i%len(colors)], Radius: vg.Points(1.2), Shape: draw.BoxGlyph{}}
			if level == irene.TypeModel {
				s.GlyphStyle.Radius, s.GlyphStyle.Shape = vg.Points(2.8), draw.RingGlyph{}
				p.Legend.Add(name, s)
			}
			p.Add(s)
		}
	}
	return low / 1.3, high * 1.3, nil
}

func drawn(pt validate.Point) bool {
	return (pt.Level == irene.TypeModel || pt.Level == irene.TypeModule) && pt.Measured > 0 && pt.Predicted > 0
}
