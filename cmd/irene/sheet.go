package main

import (
	"fmt"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
)

// sheet is a report of headed tables, for terminals and for Markdown.
type sheet struct{ blocks []block }

// block is a heading, a paragraph, a table, or several of them. Columns from the first of numbers on are aligned to the
// right.
type block struct {
	depth   int
	title   string
	text    string
	titles  []string
	numbers int
	rows    [][]string
}

func (s *sheet) add(b block) { s.blocks = append(s.blocks, b) }

func (s *sheet) text(screen render.Screen) string {
	var b strings.Builder
	for i, k := range s.blocks {
		if i > 0 {
			b.WriteByte('\n')
		}
		if k.title != "" {
			fmt.Fprintln(&b, k.title)
			if k.depth < 2 {
				fmt.Fprintln(&b, strings.Repeat("=", len([]rune(k.title))))
			}
		}
		if k.text != "" {
			for line := range strings.SplitSeq(k.text, "\n") {
				item := len(line) - len(strings.TrimPrefix(line, "- "))
				b.WriteString(screen.Prose(line, item))
			}
		}
		if len(k.rows) > 0 {
			t := render.Table{Screen: screen, Columns: append(render.Columns(false, k.titles[:k.numbers]...), render.Columns(true, k.titles[k.numbers:]...)...), Keys: k.numbers}
			for _, r := range k.rows {
				t.Row(r...)
			}
			b.WriteString(t.String())
		}
	}
	return b.String()
}

func (s *sheet) markdown() string {
	var b strings.Builder
	for i, k := range s.blocks {
		if i > 0 {
			b.WriteByte('\n')
		}
		if k.title != "" {
			fmt.Fprintf(&b, "%s %s\n", strings.Repeat("#", k.depth+1), k.title)
			if k.text != "" || len(k.rows) > 0 {
				b.WriteByte('\n')
			}
		}
		if k.text != "" {
			fmt.Fprintln(&b, k.text)
			if len(k.rows) > 0 {
				b.WriteByte('\n')
			}
		}
		if len(k.rows) == 0 {
			continue
		}
		fmt.Fprintf(&b, "| %s |\n|", strings.Join(k.titles, " | "))
		for c := range k.titles {
			if c < k.numbers {
				b.WriteString(" --- |")
			} else {
				b.WriteString(" ---: |")
			}
		}
		b.WriteByte('\n')
		for _, r := range k.rows {
			fmt.Fprintf(&b, "| %s |\n", strings.Join(r, " | "))
		}
	}
	return b.String()
}
