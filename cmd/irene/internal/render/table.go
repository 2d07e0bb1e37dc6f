package render

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Style is how a cell looks on a terminal that shows colours.
type Style string

// The styles, as SGR codes.
const (
	Plain  Style = ""
	Bold   Style = "1"
	Faint  Style = "2"
	Red    Style = "31"
	Yellow Style = "33"
)

// Cell is one text of a table.
type Cell struct {
	Text  string
	Style Style
}

// Table lays out columns whose widths follow their contents, in characters. Lines have no trailing blanks.
type Table struct {
	Right []bool // columns aligned to the right; those beyond the slice are aligned to the left
	Color bool
	rows  [][]Cell
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

// Head adds a row of column titles.
func (t *Table) Head(titles ...string) {
	cells := make([]Cell, len(titles))
	for i, s := range titles {
		cells[i] = Cell{s, Bold}
	}
	t.Cells(cells...)
}

// String lays the table out. Columns that are empty in every row but the first are left out.
func (t *Table) String() string {
	widths, used := t.measure()
	var b strings.Builder
	for _, row := range t.rows {
		pending := 0 // blanks that are written only where something follows
		first := true
		for i, c := range row {
			if !used[i] {
				continue
			}
			if !first {
				pending += 2
			}
			first = false
			gap := widths[i] - utf8.RuneCountInString(c.Text)
			right := i < len(t.Right) && t.Right[i]
			if right {
				pending += gap
			}
			if c.Text != "" {
				b.WriteString(strings.Repeat(" ", pending))
				pending = 0
				t.paint(&b, c)
			}
			if !right {
				pending += gap
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// measure returns the width of every column, and which columns hold anything below their title.
func (t *Table) measure() (widths []int, used []bool) {
	for r, row := range t.rows {
		for i, c := range row {
			if i == len(widths) {
				widths, used = append(widths, 0), append(used, false)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c.Text))
			used[i] = used[i] || (c.Text != "" && (r > 0 || len(t.rows) == 1))
		}
	}
	return widths, used
}

func (t *Table) paint(b *strings.Builder, c Cell) {
	if !t.Color || c.Style == Plain {
		b.WriteString(c.Text)
		return
	}
	b.WriteString("\x1b[" + string(c.Style) + "m" + c.Text + "\x1b[0m")
}
