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
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/energy/sweep"
)

// shownRows bounds the rows of a table that people read.
const shownRows = 60

// sweepText writes a table of the first rows, and what is recommended.
type sweepText struct {
	w       io.Writer
	s       *Sweep
	columns []settingColumn
	metrics []Metric
	devices bool // more than the one that the head names
	table   *render.Table
	rows    int
}

func newSweepText(w io.Writer, s *Sweep) sweepWriter {
	t := &sweepText{w: w, s: s, columns: s.columns(), table: &render.Table{Screen: s.View.Screen}}
	if t.devices = len(s.bases()) > 1; t.devices {
		t.table.Columns = render.Columns(false, "device")
	}
	t.metrics = slices.DeleteFunc(s.metrics(), func(x Metric) bool { return x.Title == "" })
	for _, x := range t.columns {
		t.table.Columns = append(t.table.Columns, render.Column{Title: x.title, Right: true})
	}
	t.table.Columns = append(t.table.Columns, render.Columns(true, s.Names...)...)
	t.table.Keys = len(t.table.Columns)
	for _, m := range t.metrics {
		t.table.Columns = append(t.table.Columns, render.Column{Title: m.Title, Right: true, Drop: m.Drop})
	}
	t.table.Columns = append(t.table.Columns, render.Column{}) // what becomes of the row
	return t
}

// Row keeps one row.
func (t *sweepText) Row(r *sweep.Row) error {
	if t.rows++; t.rows > shownRows {
		return nil
	}
	on := &t.s.Settings[r.Setting]
	var cells []render.Cell
	if t.devices {
		cells = append(cells, render.Cell{Text: on.Device.ID})
	}
	for _, x := range t.columns {
		cells = append(cells, render.Cell{Text: x.text(on)})
	}
	for _, text := range t.s.sizeTexts(r) {
		cells = append(cells, render.Cell{Text: text})
	}
	for i := range t.metrics {
		m := &t.metrics[i]
		cells = append(cells, render.Cell{Text: m.Print(m.OfRow(r))})
	}
	switch {
	case !r.Fits:
		cells = append(cells, render.Cell{Text: "does not fit", Style: render.Red})
	case r.Front:
		cells = append(cells, render.Cell{Text: "pareto", Style: render.Bold})
	}
	t.table.Cells(cells...)
	return nil
}

// Finish writes what was swept, what comes out, and the table.
func (t *sweepText) Finish() error {
	var b strings.Builder
	b.WriteString(t.s.Head())
	b.WriteByte('\n')
	b.WriteString(t.table.String())
	if t.rows > shownRows {
		fmt.Fprintf(&b, "… and %s more (--format csv has all)\n", render.Plural(t.rows-shownRows, "row"))
	}
	b.WriteString("\n" + t.s.View.Notes([]render.Note{t.s.CountedNote()}))
	_, err := io.WriteString(t.w, b.String())
	return err
}

// Head says what was swept, and what comes out.
func (s *Sweep) Head() string { return s.View.Notes(s.swept(), s.answer()) }

// Answer says what comes out.
func (s *Sweep) Answer() string { return s.View.Notes(s.answer()) }

// swept says what was swept.
func (s *Sweep) swept() []render.Note {
	t := notes{{Key: "model", Text: s.Model.File, Cut: true}}
	var swept []string
	for _, a := range s.Axes {
		var list []string
		for _, n := range a.Sizes {
			list = append(list, strconv.FormatInt(n, 10))
		}
		swept = append(swept, sweptText(a.Name, list, "sizes"))
	}
	points := s.Points
	for _, c := range s.columns() {
		list := s.distinct(&c)
		swept = append(swept, sweptText(c.title, list, "values"))
		points *= len(list)
	}
	t.add("swept", strings.Join(swept, "; ")+": "+render.Plural(points, "point"))
	fixed := s.Fixed()
	for i := range fixed {
		fixed[i].Assumed = false // said further down
	}
	if fixed := dimTexts(fixed, s.View.Verbose); len(fixed) > 0 {
		t.add("sizes", strings.Join(fixed, ", "))
	}
	for _, b := range s.bases() {
		t.add("device", deviceText(&b.Device, b.Boundary, b.Origin, b.Profile))
	}
	return t
}

// bases are what predictions rest on, once for each device.
func (s *Sweep) bases() []*predict.Basis {
	var out []*predict.Basis
	for i := range s.Settings {
		if b := &s.Settings[i].Basis; len(out) == 0 || out[len(out)-1].Device.ID != b.Device.ID {
			out = append(out, b)
		}
	}
	return out
}

// sweptText lists a few sizes or settings, or says how many there are.
func sweptText(name string, list []string, noun string) string {
	const most = 8
	if len(list) > most {
		return fmt.Sprintf("%s = %s, %s … %s (%d %s)", name, list[0], list[1], list[len(list)-1], len(list), noun)
	}
	return name + " = " + strings.Join(list, ", ")
}

// answer says what is recommended, what fits, what was assumed, and what to beware of.
func (s *Sweep) answer() []render.Note {
	var t notes
	for group := range s.Groups {
		best := render.Note{Key: "best", Text: s.GroupName(group) + ": ", Style: render.Bold}
		if b := s.Found.Best[group]; b != nil {
			best.Text += s.bestText(b)
		} else {
			best.Text, best.Style = best.Text+s.noneText(group), render.Yellow
		}
		t = append(t, best)
	}
	for _, l := range s.Largest {
		memory := energy.FormatBinaryBytes(float64(l.Memory))
		text := fmt.Sprintf("%s: %s=%d is the largest that fits %s", onText(l.Device, l.As), l.Name, l.Size, memory)
		if l.Size == 0 {
			text = fmt.Sprintf("%s: not even %s=1 fits %s", onText(l.Device, l.As), l.Name, memory)
		}
		if l.At != "" {
			text += " at " + l.At
		}
		t.add("memory", text)
	}
	var assumed []Dim
	for _, d := range s.Fixed() {
		_, d.Assumed = slices.BinarySearch(s.Grids[0].Open.Example.Assumed, d.Name)
		assumed = append(assumed, d)
	}
	for _, text := range assumedDims(assumed, s.View.Verbose) {
		t.add("assumed", text)
	}
	for _, w := range s.warnings() {
		t = append(t, render.Note{Key: "warning", Text: w, Mark: render.Yellow})
	}
	return t
}

// bestText says what the recommended row takes, and under which conditions it is.
func (s *Sweep) bestText(b *sweep.Row) string {
	under := ""
	if s.Deadline > 0 {
		under = fmt.Sprintf(" within %v", s.Deadline)
	}
	if len(s.Asserted) > 0 {
		under += " under " + strings.Join(s.Asserted, " and ")
	}
	if math.IsNaN(float64(b.Energy)) {
		return fmt.Sprintf("%s takes the least time per %s%s: %v each, %v a run; energy is unknown", s.at(b), s.Item(), under, b.Time/energy.Seconds(b.Items), b.Time)
	}
	text := fmt.Sprintf("%s takes the least energy per %s%s: %v each, %v and %v a run", s.at(b), s.Item(), under, b.PerItem(), b.Energy, b.Time)
	if b.Time > 0 {
		text += fmt.Sprintf(", %v", b.Power())
	}
	return text
}

// noneText says why no row of a group is recommended.
func (s *Sweep) noneText(group int) string {
	switch q := s.Found.Fastest[group]; {
	case q != nil:
		return fmt.Sprintf("no point keeps the deadline of %v: the fastest, %s, takes %v", s.Deadline, s.at(q), q.Time)
	case s.Found.Held[group]:
		return "the cost of " + render.Plural(s.Found.Unknown, "operator") + " is not known, and with it no best point"
	case len(s.Asserted) > 0:
		return "no point fits the device and holds " + strings.Join(s.Asserted, " and ")
	}
	return "no point fits the device"
}

// at names a row by its sizes, and by its power limit and clock where they are set: "batch=8 sequence=128 at 400 W".
func (s *Sweep) at(r *sweep.Row) string {
	var list, settings []string
	for i, n := range s.sizes(r) {
		list = append(list, fmt.Sprintf("%s=%d", s.Names[i], n))
	}
	on := &s.Settings[r.Setting]
	if on.PowerLimit != 0 {
		settings = append(settings, on.PowerLimit.String())
	}
	if on.Clock != 0 {
		settings = append(settings, on.Clock.String())
	}
	switch sizes := strings.Join(list, " "); {
	case len(settings) == 0 && sizes == "":
		return "its only point"
	case len(settings) == 0:
		return sizes
	default:
		return strings.TrimSpace(sizes + " at " + strings.Join(settings, " and "))
	}
}
