package render

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/irene-onnx/irene/fixtures"
)

func TestTable(t *testing.T) {
	table := &Table{Columns: []Column{{Title: "name"}, {Title: "size", Right: true}, {}, {Title: "empty"}}}
	table.Row("größe", "1")
	table.Row("b", "100", "x", "")
	const want = "name   size\ngröße     1\nb       100  x\n"
	if got := table.String(); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

// wide is a table of everything that has to fit: trees, long paths, wide and combining characters, numbers, columns to drop,
// and a text that is broken.
func wide(s Screen) *Table {
	t := &Table{Screen: s, Columns: []Column{
		{Title: "module", Room: 28},
		{Title: "energy", Right: true},
		{Title: "share", Right: true},
		{Title: "time", Right: true, Drop: 1},
		{Title: "FLOPs", Right: true, Drop: 2},
		{Title: "class", Drop: 3},
		{Title: "advice", Room: 20, Wrap: true},
	}}
	t.Cells(Cell{Text: "model", Style: Bold}, Cell{Text: "1.15 J"}, Cell{Text: "100.0 %"}, Cell{Text: "5.97 ms"}, Cell{Text: "22.42 GFLOP"}, Cell{Text: "Bert"})
	t.Cells(Cell{Lead: "├─ ", Text: "encoder"}, Cell{Text: "934 mJ"}, Cell{Text: "81.2 %", Style: Red}, Cell{Text: "4.07 ms"}, Cell{Text: "20.00 GFLOP"}, Cell{Text: "BertEncoder"}, Cell{Text: "fewer FLOPs help, or a type with a higher peak"})
	t.Cells(Cell{Lead: "│  └─ ", Text: "layers.0…11.self_attention.projections.query_and_key"}, Cell{Text: "12.5 mJ"}, Cell{Text: "1.1 %"}, Cell{Text: "80.8 µs"}, Cell{Text: "884.7 kFLOP"}, Cell{Text: "SelfAttention"})
	t.Cells(Cell{Lead: "│     " + strings.Repeat("│  ", 12) + "└─ ", Text: "deep.down"}, Cell{Text: "1.00 mJ"}, Cell{Text: "0.1 %"})
	t.Cells(Cell{Lead: "└─ ", Text: "编码器.层.注意力.输出投影.é́é.线性.偏置"}, Cell{Text: "1.00 mJ"}, Cell{Text: "0.1 %"}, Cell{Text: "1.00 µs"})
	return t
}

// TestTableFits: no line is wider than the screen, no number is cut, and what is shown at which width is on file.
func TestTableFits(t *testing.T) {
	for _, width := range []int{40, 60, 80, 100, 120, 200} {
		got := wide(Screen{Width: width}).String()
		holdsWidth(t, got, width)
		for _, number := range []string{"1.15 J", "934 mJ", "12.5 mJ", "100.0 %"} {
			if !strings.Contains(got, number) {
				t.Errorf("%s is not whole in %d columns:\n%s", number, width, got)
			}
		}
		fixtures.Golden(t, fmt.Sprintf("table-%d", width), got)
	}
}

// TestTableParts: more numbers than a line holds go on below, behind what says which row they are of.
func TestTableParts(t *testing.T) {
	table := &Table{Screen: Screen{Width: 40}, Keys: 2, Columns: append(Columns(false, "method", "level"), Columns(true, "one", "two", "three", "four", "five", "six", "seven")...)}
	table.Row("additive", "models", "1.234", "2.234", "3.234", "4.234", "5.234", "6.234", "7.234")
	const want = `method    level     one    two  three
additive  models  1.234  2.234  3.234

method    level    four   five    six
additive  models  4.234  5.234  6.234

method    level   seven
additive  models  7.234
`
	if got := table.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	table.Screen.Width = 10 // not even one number
	if got := table.String(); strings.Count(got, "additive") != 7 {
		t.Errorf("a column got lost:\n%s", got)
	}
}

// TestTableCutsApart: texts that differ look different where they are cut, if any cut does that.
func TestTableCutsApart(t *testing.T) {
	for _, tt := range []struct{ one, other string }{
		{"encoder.layer.*.attention.output.dense", "encoder.layer.*.output.dense"}, // alike in their last 13
		{"swin.encoder.layers.2.blocks.*.mlp.fc2", "swin.encoder.layers.3.blocks.*.mlp.fc2"},
		{"a.long.name.of.many.parts.same.end.of.all", "b.long.name.of.many.parts.same.end.of.all"},
		{"decoder.0.same.middle.same.middle.same", "decoder.1.same.middle.same.middle.same"},
	} {
		table := &Table{Screen: Screen{Width: 30}, Columns: []Column{{Title: "in", Room: 20}, {Title: "energy", Right: true}}}
		table.Row(tt.one, "12.5 mJ")
		table.Row(tt.other, "12.5 mJ")
		got := table.String()
		holdsWidth(t, got, 30)
		if lines := strings.Split(got, "\n"); lines[1] == lines[2] || !strings.Contains(lines[1], ellipsis) {
			t.Errorf("%q and %q look alike, or are not cut:\n%s", tt.one, tt.other, got)
		}
	}
}

// TestNotesFit: texts hang behind their keys, numbers keep their units, and nothing is lost of a name without blanks.
func TestNotesFit(t *testing.T) {
	long := strings.Repeat("very_long_name.", 20)
	notes := []Note{
		{Key: "energy", Text: "1.15 J (934 mJ to 1.37 J in 9 of 10 cases), of which 370 mJ are arithmetic and 304 mJ the host's", Style: Bold},
		{Key: "", Text: "and a line below"},
		{Key: "memory", Text: "does NOT fit", Style: Alarm, Mark: Red},
		{Key: "module", Text: long},
		{Key: "模型", Text: "模型编码器层注意力输出投影模型编码器层注意力输出投影模型编码器层注意力输出投影"},
		{Key: "alone"},
	}
	for _, width := range []int{40, 80, 100, 120, 200} {
		got := Screen{Width: width}.Notes(notes)
		holdsWidth(t, got, width)
		if joined := strings.NewReplacer("\n", "", " ", "").Replace(got); !strings.Contains(joined, long) {
			t.Errorf("a name is not whole in %d columns:\n%s", width, got)
		}
		fixtures.Golden(t, fmt.Sprintf("notes-%d", width), got)
	}
	if got := (Screen{Color: true}).Notes(notes[2:3]); got != "\x1b[31mmemory\x1b[0m  \x1b[1;31mdoes NOT fit\x1b[0m\n" {
		t.Errorf("in colours: %q", got)
	}
}

func holdsWidth(t *testing.T, text string, width int) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if Width(line) > width || strings.TrimRight(line, " ") != line || !utf8.ValidString(line) {
			t.Errorf("%d columns of %d: %q", Width(line), width, line)
		}
	}
}

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		text  string
		width int
		want  string
	}{
		{"encoder.layer.dense", 19, "encoder.layer.dense"},
		{"encoder.layer.dense", 11, "enco….dense"},
		{"编码器层注意力", 9, "编…意力"}, // 8: a wide character is not halved
		{"e\u0301e\u0301e\u0301e\u0301", 3, "…e\u0301e\u0301"},
		{"encoder", 1, "…"},
		{"encoder", 0, ""},
		{"", 0, ""},
		{"👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 5, "…👩‍👩‍👧‍👦"},
	} {
		if got := Cut(tt.text, tt.width); got != tt.want || Width(got) > tt.width {
			t.Errorf("Cut(%q, %d) = %q of %d columns, want %q", tt.text, tt.width, got, Width(got), tt.want)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, tt := range []struct {
		text  string
		width int
		want  []string
	}{
		{"one two three", 0, []string{"one two three"}},
		{"one two three", 7, []string{"one two", "three"}},
		{"takes 1.15 J of 700 W", 10, []string{"takes", "1.15 J of", "700 W"}},
		{"a abcdefghij b", 4, []string{"a", "abcd", "efgh", "ij b"}},
		{"一二三四 五", 5, []string{"一二", "三四", "五"}},
		{"一", 1, []string{"一"}},
		{"", 5, []string{""}},
	} {
		if got := Wrap(tt.text, tt.width); fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("Wrap(%q, %d) = %q, want %q", tt.text, tt.width, got, tt.want)
		}
	}
}
