package compare

import (
	"cmp"
	"fmt"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

// pieceGrid lists the biggest differences of disjoint parts of two models, at the first point.
func (c *Comparison) pieceGrid() *grid {
	x := c.shown()[0]
	q := &columns{metric: x, names: c.Names, amounts: true, ratios: true, gap: true, drop: dropRatio}
	g := &grid{keys: 2, columns: []render.Column{{Title: "biggest differences", Room: roomOfModule}, {Right: true}}}
	titles := q.titles()
	titles[len(titles)-1].Drop = 0 // the difference, by which rows are in order
	g.columns = append(append(g.columns, titles...), render.Column{Title: "beside", Drop: dropBeside, Room: roomOfBeside})
	for _, p := range c.biggest(x, 0, 1, shownPieces) {
		cells := append([]render.Cell{{Text: p.name()}, {Text: p.times()}}, q.cells([]amount{p.a, p.b}, nil, false)...)
		g.add(append(cells, render.Cell{Text: p.beside, Style: render.Faint})...)
	}
	return g
}

// differencesGrid lists where each of several models differs most from the best, at the first point.
func (c *Comparison) differencesGrid() *grid {
	x := c.shown()[0]
	r := c.ranking(0)
	base := c.Base()
	g := &grid{keys: 3, columns: append(
		[]render.Column{{}, {Title: "differs most in", Room: roomOfModule}, {Right: true}},
		render.Columns(true, "best "+c.Names[base], "it", "difference")...,
	)}
	for _, s := range r.list[1:] {
		name := c.Names[s.place]
		for _, p := range c.biggest(x, base, s.place, shownPiecesOfMany) {
			var cells []render.Cell
			for _, text := range []string{name, p.name(), p.times(), p.a.printed(x), p.b.printed(x), difference(x, p.a, p.b)} {
				cells = append(cells, plainCell(text))
			}
			g.add(cells...)
			name = ""
		}
	}
	return g
}

// biggest are the parts that two models differ most in; none where the view is of some modules.
func (c *Comparison) biggest(x *report.Metric, base, k, most int) []*piece {
	if c.View.Modules != nil {
		return nil
	}
	if c.View.Top >= 0 {
		most = c.View.Top
	}
	var out []*piece
	for _, p := range c.pieces(x, 0, base, k) {
		if len(out) == most || p.gap() <= leastGap*max(p.a.value, p.b.value) {
			break
		}
		out = append(out, p)
	}
	return out
}

// times says how many places a part stands for.
func (p *piece) times() string {
	if p.count > 1 {
		return fmt.Sprintf("×%d", p.count)
	}
	return ""
}

func (p *piece) name() string {
	name := cmp.Or(p.path, "model")
	if p.own {
		name += " (own operators)"
	}
	return name
}

// aloneText lists the parts that model k alone has of two, with their weight.
func (c *Comparison) aloneText(x *report.Metric, k int, list []*piece) string {
	total := c.total(x, 0, k).value
	value := func(p *piece) float64 {
		if k == 0 {
			return p.a.value
		}
		return p.b.value
	}
	var mine []*piece
	sum := 0.0
	for _, p := range list {
		if p.alone() && p.a.some == (k == 0) {
			mine = append(mine, p)
			sum += value(p)
		}
	}
	if total <= 0 || sum < leastAlone*total {
		return ""
	}
	text := fmt.Sprintf("%s, %s of %s", x.Unit.Text(sum), render.Percent(sum/total), c.Names[k])
	sep := ": "
	for i, p := range mine {
		if i == shownAlone {
			return text + fmt.Sprintf(" and %s more", render.Plural(len(mine)-i, "part"))
		}
		text += sep + p.name()
		if p.count > 1 {
			text += fmt.Sprintf(" ×%d", p.count)
		}
		text += " " + x.Unit.Text(value(p))
		sep = ", "
	}
	return text
}
