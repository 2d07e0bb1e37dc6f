package plots

import (
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

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
