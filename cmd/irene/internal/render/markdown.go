package render

import (
	"strings"
)

// MarkdownCells are the texts of cells, with their markup escaped, after the first ones, which may hold markup.
func MarkdownCells(cells []Cell, first ...string) []string {
	for _, c := range cells {
		first = append(first, Markdown(c.Text))
	}
	return first
}

// MarkdownTable leaves out columns without a title, and those that are empty in every row.
func MarkdownTable(b *strings.Builder, columns []Column, rows [][]string) {
	var shown []int
	for i, c := range columns {
		used := false
		for _, row := range rows {
			used = used || row[i] != ""
		}
		if c.Title != "" && used {
			shown = append(shown, i)
		}
	}
	b.WriteByte('\n')
	line := func(cell func(int) string) {
		for _, i := range shown {
			b.WriteString("| " + cell(i) + " ")
		}
		b.WriteString("|\n")
	}
	line(func(i int) string { return columns[i].Title })
	line(func(i int) string {
		if columns[i].Right {
			return "---:"
		}
		return "---"
	})
	for _, row := range rows {
		line(func(i int) string { return row[i] })
	}
}

// Markdown cleans names and keeps their characters from being read as markup.
func Markdown(s string) string {
	var b strings.Builder
	for _, c := range Clean(s) {
		if strings.ContainsRune(`\|*_<>[]&~$`+"`", c) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}
