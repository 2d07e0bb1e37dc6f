package plots

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

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
func lineStyle(lines []*line, i int) draw.LineStyle {
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

// lineNames names the lines, where there are several.
func lineNames(lines []*line) plot.Legend {
	legend := newLegend()
	for i, l := range lines {
		if len(lines) > 1 {
			legend.Add(l.name, &plotter.Line{LineStyle: lineStyle(lines, i)})
		}
	}
	return legend
}

// addBand fills what lies between two lines over the same sizes.
func addBand(p *plot.Plot, low, high plotter.XYs, of color.Color) error {
	if len(low) < 2 {
		return nil
	}
	around := slices.Clone(low)
	for _, pt := range slices.Backward(high) {
		around = append(around, pt)
	}
	band, err := plotter.NewPolygon(around)
	if err != nil {
		return err
	}
	c := color.NRGBAModel.Convert(of).(color.NRGBA)
	c.A = 0x2c
	band.Color, band.LineStyle.Width = c, 0
	p.Add(band)
	return nil
}
