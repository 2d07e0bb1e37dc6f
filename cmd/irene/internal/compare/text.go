package compare

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
)

const (
	shownPieces       = 10 // biggest differences
	shownPiecesOfMany = 3  // of each of several models
	shownAlone        = 6  // parts that one model alone has
	leastAlone        = 1e-3
	leastGap          = 1e-9 // what is less is rounding
)

func writeText(w io.Writer, c *Comparison) error {
	return writeTextOf(w, c.View.Color, c.head(), c.grids(), c.notes())
}

// writeTextOf writes what comes out and was compared, tables, and what to know beside them.
func writeTextOf(w io.Writer, color bool, head []report.Note, grids []*grid, notes []report.Note) error {
	var b strings.Builder
	t := &render.Table{Color: color}
	for _, n := range head {
		t.Cells(render.Cell{Text: n.Key, Style: render.Bold}, render.Cell{Text: n.Text, Style: n.Style})
	}
	b.WriteString(t.String())
	for _, g := range grids {
		b.WriteByte('\n')
		b.WriteString(g.text(color))
	}
	t = &render.Table{Color: color}
	for _, n := range notes {
		t.Cells(render.Cell{Text: n.Key, Style: n.Style}, render.Cell{Text: n.Text, Style: render.Plain})
	}
	b.WriteByte('\n')
	b.WriteString(t.String())
	_, err := io.WriteString(w, b.String())
	return err
}

func writeMarkdown(w io.Writer, c *Comparison) error {
	var files []string
	for _, r := range c.Points[0].Reports {
		files = append(files, r.Model.File)
	}
	return writeMarkdownOf(w, strings.Join(files, " and "), c.head(), c.grids(), c.notes())
}

// writeMarkdownOf writes the same below a title.
func writeMarkdownOf(w io.Writer, title string, head []report.Note, grids []*grid, notes []report.Note) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n", render.Markdown(title))
	for _, n := range head {
		fmt.Fprintf(&b, "- %s: %s\n", n.Key, render.Markdown(n.Text))
	}
	for _, g := range grids {
		g.markdown(&b)
	}
	b.WriteByte('\n')
	for _, n := range notes {
		fmt.Fprintf(&b, "- %s: %s\n", n.Key, render.Markdown(n.Text))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// grids are the tables, in order; those without a row are left out.
func (c *Comparison) grids() []*grid {
	var list []*grid
	if c.ranked() {
		for p := range c.Points {
			list = append(list, c.rankingGrid(p))
		}
		list = append(list, c.differencesGrid())
		if c.View.Depth >= 0 || c.View.Modules != nil {
			list = append(list, c.treeGrid())
		}
	} else {
		list = append(list, c.totals(), c.treeGrid(), c.pieceGrid())
	}
	return slices.DeleteFunc(list, func(g *grid) bool { return len(g.rows) == 0 })
}

// head says what comes out, what was compared, and under which assumptions.
func (c *Comparison) head() []report.Note {
	out := c.verdicts()
	for k, r := range c.Points[0].Reports {
		h := r.HeadNotes()
		text := h[0].Text
		dims := r.DimsText()
		for _, p := range c.Points[1:] {
			if d := p.Reports[k].DimsText(); d != dims {
				dims += "; then " + d
			}
		}
		out = append(out, report.Note{Key: c.Names[k], Text: text + ": " + dims})
	}
	first := c.Points[0].Reports[0]
	if first.Device != nil {
		for _, n := range first.HeadNotes() {
			if n.Key == "device" {
				out = append(out, n)
			}
		}
	}
	text := fmt.Sprintf("%s; FLOPs count %s", first.NumbersText(), first.Convention)
	if c.Per != report.PerRun {
		text += fmt.Sprintf("; all but parameters and operators are per %s", c.Per)
	}
	return append(out, report.Note{Key: "numbers", Text: text})
}

// totals compares the models as wholes: a row per metric, or per metric and point.
func (c *Comparison) totals() *grid {
	g := &grid{titles: []string{"", ""}, right: []bool{false, false}}
	q := &columns{names: c.Names, amounts: true, ratios: true, gap: true}
	q.titles(g)
	g.titles = append(g.titles, "intervals")
	for _, x := range metrics() {
		for i, p := range c.Points {
			var list []amount
			any := false
			for k := range p.Reports {
				a := c.total(x, i, k)
				any = any || a.known
				list = append(list, a)
			}
			if !any || len(c.Points) > 1 && !slices.Contains(c.shown(), x) {
				continue
			}
			q.metric = x
			cells := append([]render.Cell{{Text: c.noun(x)}, {Text: p.Label}}, q.cells(list, nil, false)...)
			if x.Key == "energy_j" {
				cells = append(cells, render.Cell{Text: c.intervalText(i), Style: render.Faint})
			}
			g.rows = append(g.rows, gridRow{cells: pad(cells, len(g.titles))})
		}
	}
	return g
}

func pad(cells []render.Cell, n int) []render.Cell {
	for len(cells) < n {
		cells = append(cells, render.Cell{})
	}
	return cells
}

// intervalText has the intervals of the energies of all models; "" where one is not known.
func (c *Comparison) intervalText(point int) string {
	var list []string
	for k, r := range c.Points[point].Reports {
		m := &r.Tree.Metrics
		if !m.HasEnergy() {
			return ""
		}
		n := energy.Joules(c.shares[point][k])
		list = append(list, rangeText((m.Low/n).String(), (m.High/n).String()))
	}
	return strings.Join(list, ", ")
}

// notes are what to know beside the tables: what only one model has, the rule of verdicts, warnings.
func (c *Comparison) notes() []report.Note {
	var out []report.Note
	x := c.shown()[0]
	if !c.ranked() {
		list := c.pieces(x, 0, 0, 1)
		for k, name := range c.Names {
			if text := c.aloneText(x, k, list); text != "" {
				out = append(out, report.Note{Key: "only in " + name, Text: text, Style: render.Bold})
			}
		}
	}
	if !c.ranked() {
		for k, r := range c.Points[0].Reports {
			for _, n := range r.TariffNotes() {
				n.Key = c.Names[k] + " " + n.Key
				out = append(out, n)
			}
		}
	}
	if x.Key == "energy_j" {
		out = append(out, report.Note{Key: "intervals", Text: mark + " " + ratioRule, Style: render.Bold})
	}
	for _, n := range c.Notes {
		out = append(out, report.Note{Key: "note", Text: n, Style: render.Yellow})
	}
	return append(out, c.doubts()...)
}

// doubts are what makes the numbers less sure: what several models share is said once.
func (c *Comparison) doubts() []report.Note {
	var out []report.Note
	for k, r := range c.Points[0].Reports {
		for _, n := range r.Doubts() {
			i := slices.IndexFunc(out, func(o report.Note) bool { return o.Text == n.Text && strings.HasSuffix(o.Key, " "+n.Key) })
			if i >= 0 {
				out[i].Key = strings.TrimSuffix(out[i].Key, " "+n.Key) + ", " + c.Names[k] + " " + n.Key
				continue
			}
			n.Key = c.Names[k] + " " + n.Key
			out = append(out, n)
		}
	}
	return out
}
