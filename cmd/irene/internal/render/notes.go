package render

import (
	"cmp"
	"strings"
)

// Note is a text with a key before it. Notes without a key go on with the one before.
type Note struct {
	Key   string
	Text  string
	Style Style // of the text
	Mark  Style // of the key; bold where it is empty
}

// Notes lays out notes, a line each: texts stand below one another, and so do the lines that a long one takes.
func (s Screen) Notes(list []Note) string {
	keys := 0
	for _, n := range list {
		keys = max(keys, Width(Clean(n.Key)))
	}
	indent := 0
	if keys > 0 {
		indent = keys + 2
	}
	var b strings.Builder
	for _, n := range list {
		key, text := Clean(n.Key), Clean(n.Text)
		b.WriteString(s.paint(key, cmp.Or(n.Mark, Bold)))
		if text == "" {
			b.WriteByte('\n')
			continue
		}
		b.WriteString(strings.Repeat(" ", indent-Width(key)))
		for i, line := range Wrap(text, s.textWidth(indent)) {
			if i > 0 {
				b.WriteString(strings.Repeat(" ", indent))
			}
			b.WriteString(s.paint(line, n.Style) + "\n")
		}
	}
	return b.String()
}

// leastProse is what a line of prose takes however narrow the screen is, in columns.
const leastProse = 16

// textWidth is what is left of a line behind an indent; 0 where lines are as long as they are.
func (s Screen) textWidth(indent int) int {
	if s.Width == 0 {
		return 0
	}
	return max(s.Width-indent, leastProse)
}

// Prose breaks a paragraph into lines, those after the first behind an indent.
func (s Screen) Prose(text string, indent int) string {
	return strings.Join(Wrap(Clean(text), s.textWidth(indent)), "\n"+strings.Repeat(" ", indent)) + "\n"
}
