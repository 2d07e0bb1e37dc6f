package report

import (
	"fmt"
	"io"
	"strings"
)

// writeMarkdown writes what the text format shows as Markdown tables.
func writeMarkdown(w io.Writer, r *Report) error {
	var b strings.Builder
	head := r.head()
	fmt.Fprintf(&b, "### %s\n\n", markdown(head[0].text))
	for _, n := range head[1:] {
		fmt.Fprintf(&b, "- %s: %s\n", n.key, markdown(n.text))
	}
	rows := [][]string{markdownCells(r.metricCells(&r.Tree.Metrics, r.Tree.Share, r.Tree.Class), "model")}
	for _, l := range r.treeLines() {
		name := strings.Repeat("&emsp;", l.depth) + markdown(l.label)
		rows = append(rows, markdownCells(r.metricCells(l.metrics, l.share, l.class), name))
	}
	markdownTable(&b, append([]string{"module"}, r.metricTitles()...), r.alignment(1), rows)

	top := r.View.Top
	if top < 0 {
		top = defaultTop
	}
	rows = nil
	for _, g := range r.topGroups(top) {
		name := g.op.Node.Kind()
		if g.count > 1 {
			name += fmt.Sprintf(" ×%d", g.count)
		}
		cells := r.metricCells(&g.metrics, g.share, g.op.Class)
		rows = append(rows, markdownCells(append(cells, Cell{Text: flags(g.op)}), markdown(name), markdown(g.place)))
	}
	if len(rows) > 0 {
		markdownTable(&b, append(append([]string{"operator", "in"}, r.metricTitles()...), "note"), r.alignment(2), rows)
	}
	b.WriteByte('\n')
	for _, n := range r.notes() {
		fmt.Fprintf(&b, "- %s: %s\n", n.key, markdown(n.text))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func markdownCells(cells []Cell, first ...string) []string {
	for _, c := range cells {
		first = append(first, markdown(c.Text))
	}
	return first
}

// markdownTable leaves out columns without a title, and those that are empty in every row.
func markdownTable(b *strings.Builder, titles []string, right []bool, rows [][]string) {
	var columns []int
	for i, t := range titles {
		used := false
		for _, row := range rows {
			used = used || row[i] != ""
		}
		if t != "" && used {
			columns = append(columns, i)
		}
	}
	b.WriteByte('\n')
	line := func(cell func(int) string) {
		for _, i := range columns {
			b.WriteString("| " + cell(i) + " ")
		}
		b.WriteString("|\n")
	}
	line(func(i int) string { return titles[i] })
	line(func(i int) string {
		if i < len(right) && right[i] {
			return "---:"
		}
		return "---"
	})
	for _, row := range rows {
		line(func(i int) string { return row[i] })
	}
}

// markdown keeps characters of names from being read as markup.
func markdown(s string) string {
	var b strings.Builder
	for _, c := range s {
		if strings.ContainsRune(`\|*_<>[]`+"`", c) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}
