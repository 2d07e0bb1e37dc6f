package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
)

// writeMarkdown writes what the text format shows as Markdown tables.
func writeMarkdown(w io.Writer, r *Report) error {
	var b strings.Builder
	head := append(r.HeadNotes(), r.AnswerNotes()...)
	fmt.Fprintf(&b, "### %s\n\n", render.Markdown(head[0].Text))
	for _, n := range head[1:] {
		fmt.Fprintf(&b, "- %s: %s\n", n.Key, render.Markdown(n.Text))
	}
	var rows [][]string
	for _, l := range r.treeLines() {
		name := strings.Repeat("&emsp;", l.depth) + render.Markdown(l.label)
		rows = append(rows, render.MarkdownCells(r.metricCells(l.metrics, l.class), name))
	}
	render.MarkdownTable(&b, r.treeColumns(), rows)

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
		cells := r.metricCells(&g.metrics, g.op.Class)
		rows = append(rows, render.MarkdownCells(append(cells, render.Cell{Text: Flags(g.op)}), render.Markdown(name), render.Markdown(g.place)))
	}
	if len(rows) > 0 {
		columns := r.topColumns()
		render.MarkdownTable(&b, slices.Delete(columns, 1, 2), rows)
	}
	b.WriteByte('\n')
	for _, n := range r.notes() {
		fmt.Fprintf(&b, "- %s: %s\n", n.Key, render.Markdown(n.Text))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
