package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/sweep"
)

// shownRows bounds the rows of a table that people read.
const shownRows = 60

// sweepText writes a table of the first rows, and what is recommended.
type sweepText struct {
	w       io.Writer
	s       *Sweep
	metrics []Metric
	table   *render.Table
	rows    int
}

func newSweepText(w io.Writer, s *Sweep) sweepWriter {
	t := &sweepText{w: w, s: s, metrics: SweepMetrics(s.Item()), table: &render.Table{Color: s.View.Color, Right: []bool{false}}}
	head := append([]string{"device"}, s.Names...)
	for _, m := range t.metrics {
		head = append(head, m.Title)
	}
	for range head[1:] {
		t.table.Right = append(t.table.Right, true)
	}
	t.table.Head(append(head, "")...)
	return t
}

// Row keeps one row.
func (t *sweepText) Row(r *sweep.Row) error {
	if t.rows++; t.rows > shownRows {
		return nil
	}
	cells := []render.Cell{{Text: t.s.Grid.Programs[r.Device].Device.ID}}
	for _, n := range t.s.sizes(r) {
		cells = append(cells, render.Cell{Text: strconv.FormatInt(n, 10)})
	}
	for _, m := range t.metrics {
		text := render.UnknownText
		if v := m.Sweep(r); !math.IsNaN(v) && !math.IsInf(v, 0) {
			text = m.Unit.Text(v)
		}
		cells = append(cells, render.Cell{Text: text})
	}
	if !r.Fits {
		cells = append(cells, render.Cell{Text: "does not fit", Style: render.Red})
	}
	t.table.Cells(cells...)
	return nil
}

// Finish writes the head, the table and the notes.
func (t *sweepText) Finish() error {
	var b strings.Builder
	b.WriteString(t.s.Head())
	b.WriteByte('\n')
	b.WriteString(t.table.String())
	if t.rows > shownRows {
		fmt.Fprintf(&b, "… and %s more (--format csv has all)\n", render.Plural(t.rows-shownRows, "row"))
	}
	b.WriteByte('\n')
	b.WriteString(t.s.Notes())
	_, err := io.WriteString(t.w, b.String())
	return err
}

// Head says what was swept.
func (s *Sweep) Head() string {
	t := &render.Table{Color: s.View.Color}
	for _, n := range s.HeadNotes() {
		if n.Key == "model" || n.Key == "numbers" {
			t.Row(n.Key, n.Text)
		}
	}
	var swept []string
	for _, a := range s.Axes {
		swept = append(swept, a.text())
	}
	t.Row("swept", strings.Join(swept, "; ")+": "+render.Plural(s.Points, "point"))
	var fixed []string
	for _, d := range s.fixed() {
		text := fmt.Sprintf("%s = %d", d.Name, d.Value)
		if slices.Contains(s.Grid.Open.Example.Assumed, d.Name) {
			text += " (assumed)"
		}
		fixed = append(fixed, text)
	}
	if len(fixed) > 0 {
		t.Row("dims", strings.Join(fixed, ", "))
	}
	for _, p := range s.Grid.Programs {
		t.Row("device", deviceText(&p.Device, p.Boundary, p.Origin, p.Profile))
	}
	return t.String()
}

// text lists a few sizes, or says how many there are.
func (a *SweepAxis) text() string {
	const most = 8
	var list []string
	for _, n := range a.Sizes {
		list = append(list, strconv.FormatInt(n, 10))
	}
	if len(list) > most {
		return fmt.Sprintf("%s = %s, %s … %s (%d sizes)", a.Name, list[0], list[1], list[len(list)-1], len(list))
	}
	return a.Name + " = " + strings.Join(list, ", ")
}

// Notes say what is recommended, what fits, and what to beware of.
func (s *Sweep) Notes() string {
	t := &render.Table{Color: s.View.Color}
	under := ""
	if len(s.Asserted) > 0 {
		under = " under " + strings.Join(s.Asserted, " and ")
	}
	for i, b := range s.Best {
		id := s.Grid.Programs[i].Device.ID
		if b == nil {
			t.Cells(render.Cell{Text: "best", Style: render.Bold}, render.Cell{Text: fmt.Sprintf("%s: no point fits the device%s", id, strings.Replace(under, " under", " and holds", 1)), Style: render.Yellow})
			continue
		}
		if math.IsNaN(float64(b.Energy)) {
			t.Cells(render.Cell{Text: "best", Style: render.Bold}, render.Cell{Text: fmt.Sprintf("%s: %s takes the least time per %s%s: %v each, %v a run; energy is unknown",
				id, s.at(b), s.Item(), under, b.Time/energy.Seconds(b.Items), b.Time)})
			continue
		}
		t.Cells(render.Cell{Text: "best", Style: render.Bold}, render.Cell{Text: fmt.Sprintf("%s: %s takes the least energy per %s%s: %v each, %v and %v a run, %v",
			id, s.at(b), s.Item(), under, b.PerItem(), b.Energy, b.Time, b.Power())})
	}
	for _, l := range s.Largest {
		memory := energy.FormatBinaryBytes(float64(l.Memory))
		text := fmt.Sprintf("%s: %s=%d is the largest that fits %s", l.Device, l.Name, l.Size, memory)
		if l.Size == 0 {
			text = fmt.Sprintf("%s: not even %s=1 fits %s", l.Device, l.Name, memory)
		}
		if l.At != "" {
			text += " at " + l.At
		}
		t.Cells(render.Cell{Text: "memory", Style: render.Bold}, render.Cell{Text: text})
	}
	for _, w := range s.warnings() {
		t.Cells(render.Cell{Text: "warning", Style: render.Bold}, render.Cell{Text: w, Style: render.Yellow})
	}
	return t.String()
}

// at names a row by its sizes: "batch=8 sequence=128".
func (s *Sweep) at(r *sweep.Row) string {
	var list []string
	for i, n := range s.sizes(r) {
		list = append(list, fmt.Sprintf("%s=%d", s.Names[i], n))
	}
	return strings.Join(list, " ")
}
