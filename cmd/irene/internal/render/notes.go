package render

import (
	"cmp"
	"slices"
	"strings"
)

// Note is a text with a key before it. Notes without a key go on with the one before.
type Note struct {
	Key   string
	Text  string
	Style Style // of the text
	Mark  Style // of the key; bold where it is empty
	Cut   bool  // the middle of a text that is longer than a line is cut out
}

// Notes lays out blocks of notes with a blank line between them, a line each: texts stand below one another, and so do the
// lines that a long one takes.
func (s Screen) Notes(blocks ...[]Note) string {
	keys := 0
	for _, n := range slices.Concat(blocks...) {
		keys = max(keys, Width(Clean(n.Key)))
	}
	indent := 0
	if keys > 0 {
		indent = keys + 2
	}
	var out []string
	for _, list := range blocks {
		var b strings.Builder
		for i := range list {
			s.note(&b, &list[i], indent)
		}
		if b.Len() > 0 {
			out = append(out, b.String())
		}
	}
	return strings.Join(out, "\n")
}

// note lays out one note, whose text begins behind an indent.
func (s Screen) note(b *strings.Builder, n *Note, indent int) {
	key, text := Clean(n.Key), Clean(n.Text)
	b.WriteString(s.paint(key, cmp.Or(n.Mark, Bold)))
	if text == "" {
		b.WriteByte('\n')
		return
	}
	b.WriteString(strings.Repeat(" ", indent-Width(key)))
	width := s.textWidth(indent)
	if n.Cut && width > 0 {
		text = Cut(text, width)
	}
	for i, line := range Wrap(text, width) {
		if i > 0 {
			b.WriteString(strings.Repeat(" ", indent))
		}
		b.WriteString(s.paint(line, n.Style) + "\n")
	}
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
