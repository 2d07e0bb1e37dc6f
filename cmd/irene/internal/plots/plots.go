// Package plots draws: sweeps over sizes or over power limits and clocks, and validations, as SVG or PNG.
package plots

import (
	"bytes"
	"image/color"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Formats lists the extensions of plots.
func Formats() []string { return []string{".svg", ".png"} }

// newPlot is an empty plot, its text without serifs.
func newPlot() *plot.Plot {
	p := plot.New()
	for _, style := range []*text.Style{&p.Title.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle} {
		style.Font.Variant = "Sans"
	}
	p.Title.Padding = vg.Points(6)
	return p
}

// newGrid is an empty plot with pale lines at its ticks.
func newGrid() *plot.Plot {
	p := newPlot()
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{Y: 0xe4}, color.Gray{Y: 0xe4}
	p.Add(grid)
	return p
}

// newLegend is an empty legend in the type of plots.
func newLegend() plot.Legend {
	legend := plot.NewLegend()
	legend.TextStyle.Font.Variant, legend.TextStyle.Font.Size = "Sans", vg.Points(9)
	legend.Top, legend.Left, legend.Padding = true, true, vg.Points(2)
	return legend
}

// write has a plot painted in a format of Formats, its legend to the right of it; dots per inch are those of a PNG.
func write(format string, width, height vg.Length, dpi int, legend plot.Legend, paint func(draw.Canvas)) ([]byte, error) {
	beside := vg.Length(0)
	if size := legend.Rectangle(draw.Canvas{}).Size(); size.Y > 0 {
		beside = size.X + vg.Points(20)
	}
	width += beside
	var c interface {
		vg.CanvasSizer
		io.WriterTo
	} = vgsvg.New(width, height)
	if format == ".png" {
		c = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi))}
	}
	whole := draw.New(c)
	paint(draw.Crop(whole, 0, -beside, 0, 0))
	if beside > 0 {
		legend.Draw(draw.Crop(whole, width-beside+vg.Points(8), 0, 0, -vg.Points(28)))
	}
	var b bytes.Buffer
	_, err := c.WriteTo(&b)
	return bytes.ReplaceAll(b.Bytes(), []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;")), err
}

// palette holds colours that are told apart by most eyes (Okabe and Ito), and on grey paper by lightness.
func palette() []color.Color {
	return []color.Color{
		color.RGBA{R: 0x00, G: 0x72, B: 0xb2, A: 0xff},
		color.RGBA{R: 0xd5, G: 0x5e, B: 0x00, A: 0xff},
		color.RGBA{R: 0x00, G: 0x9e, B: 0x73, A: 0xff},
		color.RGBA{R: 0xcc, G: 0x79, B: 0xa7, A: 0xff},
		color.RGBA{R: 0xe6, G: 0x9f, B: 0x00, A: 0xff},
		color.RGBA{R: 0x56, G: 0xb4, B: 0xe9, A: 0xff},
		color.RGBA{R: 0x44, G: 0x44, B: 0x44, A: 0xff},
		color.RGBA{R: 0x88, G: 0x22, B: 0x55, A: 0xff},
	}
}
