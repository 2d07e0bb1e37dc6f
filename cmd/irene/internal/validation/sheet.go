package validation

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/energy/validate"
)

// Sheet is figures of a validation, and the headed tables that show them.
type Sheet struct {
	Screen render.Screen // that text is for

	figures any // as JSON has them
	blocks  []block
}

// Of lays out a validation, on records for the targets shown.
func Of(v *validate.Validation, shown []validate.Target) *Sheet {
	if v.Kind == measured.KindRecords {
		return records(v, shown)
	}
	return trees(v)
}

// Formats lists how a sheet is written.
func Formats() []render.Format[*Sheet] {
	return []render.Format[*Sheet]{
		{Name: "text", Write: writeText},
		{Name: "json", Write: writeJSON},
		{Name: "markdown", Write: writeMarkdown},
	}
}

func writeJSON(w io.Writer, s *Sheet) error {
	to := json.NewEncoder(w)
	to.SetIndent("", " ")
	return to.Encode(s.figures)
}

// block is a heading, and below it a paragraph, a table, or both. Columns from the first of numbers on are aligned to the
// right.
type block struct {
	depth   int
	title   string
	text    string
	titles  []string
	numbers int
	rows    [][]string
}

func (k *block) columns() []render.Column {
	return append(render.Columns(false, k.titles[:k.numbers]...), render.Columns(true, k.titles[k.numbers:]...)...)
}

func (s *Sheet) add(b block) { s.blocks = append(s.blocks, b) }

func writeText(w io.Writer, s *Sheet) error {
	return s.write(w, func(b *strings.Builder, k *block) {
		fmt.Fprintln(b, k.title)
		if k.depth < 2 {
			fmt.Fprintln(b, strings.Repeat("=", len([]rune(k.title))))
		}
		if k.text != "" {
			for line := range strings.SplitSeq(k.text, "\n") {
				item := len(line) - len(strings.TrimPrefix(line, "- "))
				b.WriteString(s.Screen.Prose(line, item))
			}
		}
		if len(k.rows) > 0 {
			t := render.Table{Screen: s.Screen, Columns: k.columns(), Keys: k.numbers}
			for _, r := range k.rows {
				t.Row(r...)
			}
			b.WriteString(t.String())
		}
	})
}

func writeMarkdown(w io.Writer, s *Sheet) error {
	return s.write(w, func(b *strings.Builder, k *block) {
		fmt.Fprintf(b, "%s %s\n", strings.Repeat("#", k.depth+1), k.title)
		if k.text != "" {
			fmt.Fprintf(b, "\n%s\n", k.text)
		}
		if len(k.rows) > 0 {
			render.MarkdownTable(b, k.columns(), k.rows)
		}
	})
}

// write writes the blocks with an empty line between them.
func (s *Sheet) write(w io.Writer, one func(*strings.Builder, *block)) error {
	var b strings.Builder
	for i := range s.blocks {
		if i > 0 {
			b.WriteByte('\n')
		}
		one(&b, &s.blocks[i])
	}
	_, err := io.WriteString(w, b.String())
	return err
}
