package render

import (
	"slices"
	"strings"
)

// Cell is one text of a table.
type Cell struct {
	Lead  string // before the text, and never cut where there is room: the lines of a tree
	Text  string
	Style Style // of the text
}

// Column says how a column is laid out, and what becomes of it where the table is wider than the screen. First texts beyond
// Room are cut; then columns are dropped, those with the highest Drop first; then texts are cut as far as they have to be, and
// titles down to what stands below them. Where even that is too much, the last columns follow in a table of their own. Numbers are
// never cut.
type Column struct {
	Title string
	Right bool // aligned to the right, as numbers are
	Drop  int  // the order of dropping; 0: never
	Room  int  // columns that a long text gets; what is more is cut out of its middle; 0: it is never cut
	Wrap  bool // long texts are broken into lines in the place of being cut
}

// Columns are columns of texts, or of numbers, with titles and nothing else.
func Columns(right bool, titles ...string) []Column {
	var out []Column
	for _, t := range titles {
		out = append(out, Column{Title: t, Right: right})
	}
	return out
}

// Table lays out columns whose widths follow their contents. Lines have no trailing blanks.
type Table struct {
	Screen  Screen
	Columns []Column
	Keys    int // of the first columns, which say what a row is of; at least one does
	rows    [][]Cell
}

// Row adds a row of plain cells.
func (t *Table) Row(texts ...string) {
	cells := make([]Cell, len(texts))
	for i, s := range texts {
		cells[i].Text = s
	}
	t.Cells(cells...)
}

// Cells adds a row of styled cells, whose texts are cleaned.
func (t *Table) Cells(cells ...Cell) {
	row := slices.Clone(cells)
	for i := range row {
		row[i].Text = Clean(row[i].Text)
	}
	t.rows = append(t.rows, row)
}

// String lays the table out, titles first. Columns that are empty in every row are left out.
func (t *Table) String() string {
	l := t.measure()
	var b strings.Builder
	for {
		l.fit()
		t.part(&b, l)
		if !l.next() {
			return b.String()
		}
		b.WriteByte('\n')
	}
}

// part writes the shown columns.
func (t *Table) part(b *strings.Builder, l *layout) {
	for _, i := range l.shown {
		l.heads[i] = t.head(i, l.width[i])
	}
	if slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Title != "" }) {
		var head []Cell
		for _, c := range t.Columns {
			head = append(head, Cell{Text: Clean(c.Title), Style: Bold})
		}
		t.write(b, l, head)
	}
	for _, row := range t.rows {
		t.write(b, l, row)
	}
}

// head is how long the beginnings of texts are that a column cuts.
func (t *Table) head(i, width int) int {
	var texts []string
	cut := false
	for _, row := range t.rows {
		if i < len(row) {
			texts = append(texts, row[i].Text)
			cut = cut || Width(row[i].Lead)+Width(row[i].Text) > width
		}
	}
	if !cut || t.Columns[i].Wrap {
		return usualHead
	}
	return cutApart(texts, width)
}

// write writes a row, in as many lines as its highest cell has.
func (t *Table) write(b *strings.Builder, l *layout, row []Cell) {
	var lines [][]Cell // by shown column
	height := 1
	for _, i := range l.shown {
		var c Cell
		if i < len(row) {
			c = row[i]
		}
		lines = append(lines, t.Columns[i].lines(c, l.width[i], l.heads[i]))
		height = max(height, len(lines[len(lines)-1]))
	}
	for n := range height {
		pending := 0 // blanks that are written only where something follows
		for k, i := range l.shown {
			var c Cell
			if n < len(lines[k]) {
				c = lines[k][n]
			}
			space := l.width[i] - Width(c.Lead) - Width(c.Text)
			if t.Columns[i].Right {
				pending += space
			}
			if c.Lead+c.Text != "" {
				b.WriteString(strings.Repeat(" ", pending) + c.Lead + t.Screen.paint(c.Text, c.Style))
				pending = 0
			}
			if !t.Columns[i].Right {
				pending += space
			}
			pending += gap
		}
		b.WriteByte('\n')
	}
}

// lines are what a cell shows in a column of a width, where cut texts have beginnings of a length.
func (c *Column) lines(x Cell, width, head int) []Cell {
	switch {
	case Width(x.Lead)+Width(x.Text) <= width:
		return []Cell{x}
	case !c.Wrap:
		return []Cell{x.cut(width, head)}
	}
	var out []Cell
	for _, text := range Wrap(x.Text, width) {
		out = append(out, Cell{Text: text, Style: x.Style})
	}
	return out
}

// cut takes out the middle of a cell's text, and the beginning of a lead that leaves it no room.
func (c Cell) cut(width, head int) Cell {
	if most := max(width-leastText, 0); Width(c.Lead) > most {
		c.Lead = ellipsis + end(c.Lead, max(most-1, 0))
	}
	c.Text = cutBehind(c.Text, width-Width(c.Lead), head)
	return c
}
