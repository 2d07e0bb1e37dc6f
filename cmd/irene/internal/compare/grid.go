package compare

import (
	"cmp"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
)

// grid is a table that text and Markdown both write.
type grid struct {
	titles []string
	right  []bool
	rows   []gridRow
}

type gridRow struct {
	prefix string // lines of a tree
	depth  int
	cells  []render.Cell
}

func (g *grid) text(color bool) string {
	t := &render.Table{Right: g.right, Color: color}
	t.Head(g.titles...)
	for _, r := range g.rows {
		cells := append([]render.Cell(nil), r.cells...)
		cells[0].Text = r.prefix + cells[0].Text
		t.Cells(cells...)
	}
	return t.String()
}

func (g *grid) markdown(b *strings.Builder) {
	var rows [][]string
	for _, r := range g.rows {
		rows = append(rows, append([]string{strings.Repeat("&emsp;", r.depth) + render.Markdown(r.cells[0].Text)}, render.MarkdownCells(r.cells[1:])...))
	}
	titles := append([]string(nil), g.titles...)
	for i, t := range titles {
		titles[i] = render.Markdown(cmp.Or(t, " "))
	}
	render.MarkdownTable(b, titles, g.right, rows)
}
