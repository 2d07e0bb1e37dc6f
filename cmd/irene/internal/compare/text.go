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
	return writeTextOf(w, c.View.Screen, c.head(), c.grids(), c.notes())
}

// writeTextOf writes what comes out and was compared, tables, and what to know beside them.
func writeTextOf(w io.Writer, screen render.Screen, head []render.Note, grids []*grid, notes []render.Note) error {
	var b strings.Builder
	b.WriteString(screen.Notes(head))
	for _, g := range grids {
		b.WriteByte('\n')
		b.WriteString(g.text(screen))
	}
	b.WriteByte('\n')
	b.WriteString(screen.Notes(notes))
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
func writeMarkdownOf(w io.Writer, title string, head []render.Note, grids []*grid, notes []render.Note) error {
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

// head says what comes out, what was compared, under which assumptions, and what changes that.
func (c *Comparison) head() []render.Note {
	out := c.verdicts()
	for k, r := range c.Points[0].Reports {
		dims := r.DimsText()
		for _, p := range c.Points[1:] {
			if d := p.Reports[k].DimsText(); d != dims {
				dims += "; then " + d
			}
		}
		out = append(out, render.Note{Key: c.Names[k], Text: fmt.Sprintf("%s (%s): %s", r.Model.File, r.AboutModel(), dims)})
	}
	first := c.Points[0].Reports[0]
	if first.Device != nil {
		out = append(out, render.Note{Key: "device", Text: first.DeviceText()})
	}
	text := first.NumbersText()
	if c.Per != report.PerRun {
		text += fmt.Sprintf("; all but parameters and operators are per %s", c.Per)
	}
	return append(append(out, render.Note{Key: "numbers", Text: text}), c.ofEach((*report.Report).Alerts)...)
}

// totals compares the models as wholes: a row per metric, or per metric and point.
func (c *Comparison) totals() *grid {
	q := &columns{names: c.Names, amounts: true, ratios: true, gap: true}
	g := &grid{keys: 2, columns: append([]render.Column{{Room: roomOfBeside}, {Room: roomOfBeside}}, q.titles()...)}
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
			g.add(append([]render.Cell{{Text: c.noun(x)}, {Text: p.Label}}, q.cells(list, nil, false)...)...)
			if x.Key == "energy_j" {
				g.add(c.intervals(i)...)
			}
		}
	}
	return g
}

// intervals are a row of the intervals of the energies.
func (c *Comparison) intervals(point int) []render.Cell {
	cells := []render.Cell{{Text: "90 % interval", Style: render.Faint}, {}}
	for k, r := range c.Points[point].Reports {
		cells = append(cells, render.Cell{Text: intervalText(r, c.shares[point][k]), Style: render.Faint})
	}
	return cells
}

// intervalText is the interval of the energy of a share of a run; "" where it is not known.
func intervalText(r *report.Report, share float64) string {
	m := &r.Tree.Metrics
	if !m.HasEnergy() || m.Unknown > 0 {
		return ""
	}
	n := energy.Joules(share)
	return rangeText((m.Low / n).String(), (m.High / n).String())
}

// notes are what to know beside the tables: what only one model has, the rule of verdicts, doubts.
func (c *Comparison) notes() []render.Note {
	var out []render.Note
	x := c.shown()[0]
	if !c.ranked() {
		list := c.pieces(x, 0, 0, 1)
		for k, name := range c.Names {
			if text := c.aloneText(x, k, list); text != "" {
				out = append(out, render.Note{Key: "only in " + name, Text: text})
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
		out = append(out, render.Note{Key: mark, Text: ratioRule})
	}
	for _, n := range c.Notes {
		out = append(out, render.Note{Key: "note", Text: n, Mark: render.Yellow})
	}
	if c.ranked() {
		out = append(out, render.Note{Key: frontMark, Text: frontNote})
	}
	return append(append(out, c.Points[0].Reports[0].CountedNote()), c.doubts()...)
}

// doubts say what predictions rest on, and of two models what makes them less sure.
func (c *Comparison) doubts() []render.Note {
	return c.ofEach(func(r *report.Report) []render.Note {
		var out []render.Note
		text := r.OriginsText()
		if !c.ranked() {
			text = r.SureText()
		}
		if text != "" {
			out = append(out, render.Note{Key: "sure", Text: text})
		}
		if !c.ranked() {
			out = append(out, r.Doubts(c.View.Verbose)...)
		}
		return out
	})
}

// ofEach are notes of each model: what several share is said once.
func (c *Comparison) ofEach(notes func(*report.Report) []render.Note) []render.Note {
	var out []render.Note
	for k, r := range c.Points[0].Reports {
		for _, n := range notes(r) {
			key := c.Names[k] + " " + n.Key
			i := slices.IndexFunc(out, func(o render.Note) bool { return o.Text == n.Text && strings.HasSuffix(o.Key, " "+n.Key) })
			if i >= 0 {
				out[i].Key = strings.TrimSuffix(out[i].Key, " "+n.Key) + ", " + key
				continue
			}
			n.Key = key
			out = append(out, n)
		}
	}
	return out
}
