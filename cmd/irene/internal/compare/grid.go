package compare

import (
	"cmp"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
)

// grid is a table that text and Markdown both write.
type grid struct {
	columns []render.Column
	keys    int // of the first columns, which say what a row is of
	rows    []gridRow
}

type gridRow struct {
	prefix string // lines of a tree
	depth  int
	cells  []render.Cell
}

// add appends a row; the cells that it is short of are empty.
func (g *grid) add(cells ...render.Cell) {
	for len(cells) < len(g.columns) {
		cells = append(cells, render.Cell{})
	}
	g.rows = append(g.rows, gridRow{cells: cells})
}

func (g *grid) text(s render.Screen) string {
	t := &render.Table{Screen: s, Columns: g.columns, Keys: g.keys}
	for _, r := range g.rows {
		cells := append([]render.Cell(nil), r.cells...)
		cells[0].Lead = r.prefix
		t.Cells(cells...)
	}
	return t.String()
}

func (g *grid) markdown(b *strings.Builder) {
	var rows [][]string
	for _, r := range g.rows {
		rows = append(rows, append([]string{strings.Repeat("&emsp;", r.depth) + render.Markdown(r.cells[0].Text)}, render.MarkdownCells(r.cells[1:])...))
	}
	columns := append([]render.Column(nil), g.columns...)
	for i, c := range columns {
		columns[i].Title = render.Markdown(cmp.Or(c.Title, " "))
	}
	render.MarkdownTable(b, columns, rows)
}

// The order in which columns of two models go where the screen is narrow, the last first.
const (
	dropBeside = iota + 1
	dropGap
	dropRatio
)

// What long names get of a narrow screen, in columns.
const (
	roomOfModule = 30
	roomOfBeside = 20
)
