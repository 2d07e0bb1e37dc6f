package report

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
)

func writeLinesJSON(w io.Writer, lines Lines) error {
	add := render.Appender[LineOutput]()
	var b []byte
	for l := range lines {
		b = append(add(b[:0], &l.LineOutput), '\n')
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// lineColumns are the metrics with a column in CSV; a whole model's share is always 1.
func lineColumns() []*Metric {
	return slices.DeleteFunc(csvMetrics(), func(x *Metric) bool { return x.Key == "share" })
}

// writeLinesCSV writes a row per model. Numbers that are not known are empty.
func writeLinesCSV(w io.Writer, lines Lines) error {
	out := render.NewCSV(w)
	head := []string{"file", "part", "variant"}
	for _, x := range lineColumns() {
		head = append(head, x.Key)
	}
	if err := out.Write(append(head, "memory_bytes", "device", "runtime", "dims", "assumed", "failed_assertions", "error")); err != nil {
		return err
	}
	for l := range lines {
		if err := out.Write(l.csv()); err != nil {
			return err
		}
		if err := out.Finish(); err != nil { // each as it is known
			return err
		}
	}
	return out.Finish()
}

func (l *Line) csv() []string {
	row := []string{l.File, string(l.Part), string(l.Variant)}
	for _, x := range lineColumns() {
		switch {
		case l.Metrics == nil:
			row = append(row, "")
		case x.Count != nil && !x.Count(&l.metrics).IsUnknown():
			row = append(row, x.Count(&l.metrics).String())
		default:
			row = append(row, render.CSVNumber(x.Of(&l.metrics)))
		}
	}
	memory := ""
	if n, ok := l.memory(); ok {
		memory = strconv.FormatInt(n, 10)
	}
	var dims []string
	for _, d := range l.Dims {
		dims = append(dims, fmt.Sprintf("%s=%d", d.Name, d.Value))
	}
	return append(row, memory, string(l.Device), string(l.Profile), strings.Join(dims, " "), strings.Join(l.Assumed, " "), strings.Join(l.Failed, "; "), string(l.Error))
}

// lineCell is a column of tables for people. Widths are fixed, since no line waits for the next.
type lineCell struct {
	title string
	width int
	text  func(*Line) string
}

// Costs have a column where a tariff asks for them.
func lineCells(first *Line) []lineCell {
	var out []lineCell
	for _, c := range []struct {
		key   string
		width int
	}{{"energy_j", 10}, {"time_s", 10}, {"flops", 13}, {"bytes", 11}, {"params", 9}} {
		x := FindMetric(c.key)
		out = append(out, lineCell{x.Title, c.width, func(l *Line) string {
			v, known := x.Of(&l.metrics)
			return x.Print(v, known, x.More(&l.metrics))
		}})
	}
	x := FindMetric("memory_bytes")
	out = append(out, lineCell{x.Title, 11, func(l *Line) string {
		n, known := l.memory()
		return x.Print(float64(n), known, false)
	}})
	var tariff Tariff
	if first != nil {
		tariff = first.Tariff
	}
	for _, t := range []struct {
		asked bool
		title string
		of    func(*Line) (each *render.Number, unit string)
	}{
		{tariff.Price != nil, "cost/M runs", func(l *Line) (*render.Number, string) { return l.Run, tariff.Price.Currency }},
		{tariff.Carbon != nil, "CO2/M runs", func(l *Line) (*render.Number, string) { return l.CO2Run, "g" }},
	} {
		if t.asked {
			out = append(out, lineCell{t.title, 12, func(l *Line) string {
				each, unit := t.of(l)
				if each == nil {
					return ""
				}
				return boundText(l.metrics.Unknown > 0) + amountText(million*float64(*each), unit)
			}})
		}
	}
	return out
}

// peek is the first of the lines, and all of them; nil where there is none.
func peek(lines Lines) (*Line, Lines, func()) {
	next, stop := iter.Pull(lines)
	first, ok := next()
	return first, func(yield func(*Line) bool) {
		for l := first; ok; l, ok = next() {
			if !yield(l) {
				return
			}
		}
	}, stop
}

// linesBase is what the numbers of lines are predicted for, and which dims nobody gave.
type linesBase struct{ devices, assumed []string }

func (b *linesBase) add(l *Line) {
	if l.Device != "" {
		b.devices = appendNew(b.devices, fmt.Sprintf("%s, runtime %s", l.Device, l.Profile))
	}
	for _, d := range l.Dims {
		if slices.Contains(l.Assumed, d.Name) {
			b.assumed = appendNew(b.assumed, fmt.Sprintf("%s = %d", d.Name, d.Value))
		}
	}
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// notes say so below the lines; "" where there is nothing to say.
func (b *linesBase) notes() []render.Note {
	var out notes
	if b.devices != nil {
		out.add("device", strings.Join(b.devices, "; "))
	}
	if n := len(b.assumed); n > shownAssumed {
		b.assumed = append(b.assumed[:shownAssumed:shownAssumed], fmt.Sprintf("%d more", n-shownAssumed))
	}
	if b.assumed != nil {
		out.add("assumed", strings.Join(b.assumed, ", ")+" (--dim)")
	}
	return out
}

// texts are the numbers of a line in columns, empty where it has none.
func (l *Line) texts(cells []lineCell) []string {
	var out []string
	for _, c := range cells {
		if l.Metrics == nil {
			out = append(out, "")
		} else {
			out = append(out, c.text(l))
		}
	}
	return out
}

// name is the file, and what it is of the model in its folder.
func (l *Line) name() string {
	if l.Part == "" {
		return l.File
	}
	return fmt.Sprintf("%s (%s)", l.File, strings.TrimSpace(string(l.Part+" "+l.Variant)))
}

// notes are what a line has to say beside its numbers.
func (l *Line) notes() string {
	var out []string
	if l.Error != "" {
		out = append(out, "error: "+string(l.Error))
	} else if l.metrics.Unknown > 0 {
		out = append(out, render.Plural(l.metrics.Unknown, "operator")+" of unknown cost")
	}
	return strings.Join(append(out, l.Failed...), "; ")
}

// writeLinesText writes a table whose last column is the file, with what there is to say of it; a file without numbers stands at
// the left, where its error has room.
func writeLinesText(w io.Writer, lines Lines) error {
	first, lines, stop := peek(lines)
	defer stop()
	cells, base := lineCells(first), linesBase{}
	var b strings.Builder
	for _, c := range cells {
		fmt.Fprintf(&b, "%*s  ", c.width, c.title)
	}
	b.WriteString("model\n")
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	for l := range lines {
		b.Reset()
		base.add(l)
		if l.Metrics != nil {
			texts := l.texts(cells)
			for i, c := range cells {
				b.WriteString(strings.Repeat(" ", max(c.width-utf8.RuneCountInString(texts[i]), 0)) + texts[i] + "  ")
			}
		}
		b.WriteString(render.Clean(l.name()))
		if note := l.notes(); note != "" {
			b.WriteString("  " + render.Clean(note))
		}
		b.WriteByte('\n')
		if _, err := io.WriteString(w, b.String()); err != nil {
			return err
		}
	}
	if list := base.notes(); len(list) > 0 {
		_, err := io.WriteString(w, "\n"+render.Screen{}.Notes(list))
		return err
	}
	return nil
}

func writeLinesMarkdown(w io.Writer, lines Lines) error {
	first, lines, stop := peek(lines)
	defer stop()
	columns := lineCells(first)
	line := func(cells ...string) error {
		_, err := io.WriteString(w, "| "+strings.Join(cells, " | ")+" |\n")
		return err
	}
	titles, rule := []string{"model"}, []string{"---"}
	for _, c := range columns {
		titles, rule = append(titles, c.title), append(rule, "---:")
	}
	if err := line(append(titles, "note")...); err != nil {
		return err
	}
	if err := line(append(rule, "---")...); err != nil {
		return err
	}
	for l := range lines {
		cells := append([]string{render.Markdown(render.Clean(l.name()))}, l.texts(columns)...)
		if err := line(append(cells, render.Markdown(render.Clean(l.notes())))...); err != nil {
			return err
		}
	}
	return nil
}
