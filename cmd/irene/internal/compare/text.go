package compare

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

const (
	shownPieces = 10 // biggest differences
	shownAlone  = 6  // parts that one model alone has
	leastAlone  = 1e-3
	leastGap    = 1e-9 // what is less is rounding
)

// grid is a table that text and Markdown both write.
type grid struct {
	titles []string
	right  []bool
	rows   []gridRow
}

type gridRow struct {
	prefix string // lines of a tree
	depth  int
	cells  []render.Cell
}

func (g *grid) columns() []render.Column {
	var out []render.Column
	for i, title := range g.titles {
		out = append(out, render.Column{Title: title, Right: i < len(g.right) && g.right[i]})
	}
	out[0].Room = 24
	return out
}

func (g *grid) text(s render.Screen) string {
	t := &render.Table{Screen: s, Columns: g.columns()}
	for _, r := range g.rows {
		cells := append([]render.Cell(nil), r.cells...)
		cells[0].Lead = r.prefix
		t.Cells(cells...)
	}
	return t.String()
}

func (g *grid) markdown(b *strings.Builder) {
	var rows [][]string
	for _, r := range g.rows {
		rows = append(rows, append([]string{strings.Repeat("&emsp;", r.depth) + render.Markdown(r.cells[0].Text)}, render.MarkdownCells(r.cells[1:])...))
	}
	columns := g.columns()
	for i, c := range columns {
		columns[i].Title = render.Markdown(cmp.Or(c.Title, " "))
	}
	render.MarkdownTable(b, columns, rows)
}

func writeText(w io.Writer, c *Comparison) error {
	var b strings.Builder
	b.WriteString(c.View.Screen.Notes(c.head()))
	for _, g := range c.grids() {
		b.WriteByte('\n')
		b.WriteString(g.text(c.View.Screen))
	}
	b.WriteByte('\n')
	b.WriteString(c.View.Screen.Notes(c.notes()))
	_, err := io.WriteString(w, b.String())
	return err
}

func writeMarkdown(w io.Writer, c *Comparison) error {
	var b strings.Builder
	var files []string
	for _, r := range c.Points[0].Reports {
		files = append(files, render.Markdown(r.Model.File))
	}
	fmt.Fprintf(&b, "### %s\n\n", strings.Join(files, " and "))
	for _, n := range c.head() {
		fmt.Fprintf(&b, "- %s: %s\n", n.Key, render.Markdown(n.Text))
	}
	for _, g := range c.grids() {
		g.markdown(&b)
	}
	b.WriteByte('\n')
	for _, n := range c.notes() {
		fmt.Fprintf(&b, "- %s: %s\n", n.Key, render.Markdown(n.Text))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// grids are the tables, in order; those without a row are left out.
func (c *Comparison) grids() []*grid {
	var out []*grid
	list := []*grid{c.totals(), c.treeGrid()}
	for k := 1; k < len(c.Names); k++ {
		list = append(list, c.pieceGrid(k))
	}
	for _, g := range list {
		if len(g.rows) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// head says what is compared, under which assumptions, and what comes out.
func (c *Comparison) head() []render.Note {
	var out []render.Note
	for k, r := range c.Points[0].Reports {
		h := r.HeadNotes()
		text := h[0].Text
		dims := r.DimsText()
		for _, p := range c.Points[1:] {
			if d := p.Reports[k].DimsText(); d != dims {
				dims += "; then " + d
			}
		}
		out = append(out, render.Note{Key: c.Names[k], Text: text + ": " + dims})
	}
	first := c.Points[0].Reports[0]
	if first.Device != nil {
		for _, n := range first.HeadNotes() {
			if n.Key == "device" {
				out = append(out, n)
			}
		}
	}
	out = append(out, render.Note{Key: "numbers", Text: fmt.Sprintf("%s; FLOPs count %s", first.NumbersText(), first.Convention)})
	return append(out, c.verdicts()...)
}

// verdicts say how each model stands to the first, by the first metric.
func (c *Comparison) verdicts() []render.Note {
	x := c.shown()[0]
	var out []render.Note
	for i, p := range c.Points {
		for k := 1; k < len(c.Names); k++ {
			text := c.verdict(x, i, k)
			if p.Label != "" {
				text = "at " + p.Label + " " + text
			}
			out = append(out, render.Note{Key: "verdict", Text: text, Style: render.Bold})
		}
	}
	for _, x := range c.Crossings {
		out = append(out, render.Note{Key: "crossover", Text: c.crossing(&x), Style: render.Bold})
	}
	return out
}

func (c *Comparison) verdict(x *report.Metric, point, k int) string {
	reports := c.Points[point].Reports
	ma, mb := &reports[0].Tree.Metrics, &reports[k].Tree.Metrics
	a, b := amountOf(x, ma), amountOf(x, mb)
	if !a.known || !b.known {
		return fmt.Sprintf("the %s of %s and %s cannot be compared: not known", x.Noun, c.Names[0], c.Names[k])
	}
	verb := "takes"
	if x.Exact {
		verb = "has"
	}
	ratio := strings.NewReplacer("≤", "at most", "≥", "at least").Replace(ratioText(a, b))
	text := fmt.Sprintf("%s %s %s the %s of %s (%s against %s)", c.Names[k], verb, ratio, x.Noun, c.Names[0], b.printed(x), a.printed(x))
	switch {
	case a.more && b.more:
		text = fmt.Sprintf("the %s of %s and %s cannot be compared: %s against %s", x.Noun, c.Names[0], c.Names[k], a.printed(x), b.printed(x))
	case a.value == b.value && !a.more && !b.more:
		text = fmt.Sprintf("%s %s the %s of %s (%s)", c.Names[k], verb, x.Noun, c.Names[0], a.printed(x))
	case ratio == "":
		text = fmt.Sprintf("%s %s %s, %s nothing of it", c.Names[k], verb, b.printed(x), c.Names[0])
	}
	if r, ok := c.ratio(x, c.Root, point, k); ok {
		text += ": " + c.decision(r, ma, mb, k)
	}
	return text
}

func (c *Comparison) crossing(x *Crossing) string {
	m := report.FindMetric(x.Metric)
	where := fmt.Sprintf("%s from %d to %d", x.Dim, x.Low, x.High)
	if x.Others != "" {
		where += " at " + x.Others
	}
	other := x.Models[1] // of the pair, beside the cheaper one
	if int(x.Cheaper) == other {
		other = 0
	}
	if x.Cheaper < 0 {
		return fmt.Sprintf("%s: %s and %s take the same %s", where, c.Names[0], c.Names[x.Models[1]], m.Noun)
	}
	less := "less"
	if m.Count != nil && !m.Exact {
		less = "fewer"
	}
	text := fmt.Sprintf("%s: %s takes %s %s than %s", where, c.Names[x.Cheaper], less, m.Noun, c.Names[other])
	if len(x.Changes) == 0 {
		return text + " throughout"
	}
	const most = 4
	for i, s := range x.Changes {
		if i == most {
			return text + fmt.Sprintf(", and %s more", render.Plural(len(x.Changes)-most, "change"))
		}
		text += fmt.Sprintf(", %s %s from %s = %d on", c.Names[s.Cheaper], less, x.Dim, s.From)
	}
	return text
}

// totals compares the models as wholes: a row per metric, or per metric and point.
func (c *Comparison) totals() *grid {
	g := &grid{titles: []string{"", ""}, right: []bool{false, false}}
	q := &columns{names: c.Names, amounts: true, gap: true}
	q.titles(g)
	g.titles = append(g.titles, "intervals")
	for _, x := range metrics() {
		for _, p := range c.Points {
			var list []amount
			any := false
			for _, r := range p.Reports {
				a := amountOf(x, &r.Tree.Metrics)
				any = any || a.known
				list = append(list, a)
			}
			if !any || len(c.Points) > 1 && !slices.Contains(c.shown(), x) {
				continue
			}
			q.metric = x
			cells := append([]render.Cell{{Text: x.Noun}, {Text: p.Label}}, q.cells(list, nil, false)...)
			if x.Key == "energy_j" {
				cells = append(cells, render.Cell{Text: intervalText(p.Reports), Style: render.Faint})
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

func intervalText(reports []*report.Report) string {
	var list []string
	for _, r := range reports {
		m := &r.Tree.Metrics
		if !m.HasEnergy() {
			return ""
		}
		list = append(list, fmt.Sprintf("%v … %v", m.Low, m.High))
	}
	return strings.Join(list, ", ")
}

// columns says which columns stand for a metric at a point.
type columns struct {
	metric  *report.Metric
	names   []string
	what    string // before the models' names
	amounts bool   // a column per model
	gap     bool   // the difference of two
	marks   bool   // where the interval of the ratio decides
}

// add adds the titles of the columns.
func (q *columns) titles(g *grid) {
	title := func(s string) string { return strings.TrimSpace(q.what + " " + s) }
	add := func(s string, right bool) { g.titles, g.right = append(g.titles, s), append(g.right, right) }
	if q.amounts {
		for _, n := range q.names {
			add(title(n), true)
		}
	}
	for _, n := range q.names[1:] {
		ratio := n + "/" + q.names[0]
		if !q.amounts {
			ratio = title(ratio)
		}
		add(ratio, true)
		if q.marks {
			add("", false)
		}
	}
	if q.gap && len(q.names) == 2 {
		add(q.names[1]+" - "+q.names[0], true)
	}
}

// mark stands beside ratios of predictions whose interval does not hold 1.
const mark = "≠"

// cells fills the columns. Rows that are counted elsewhere have amounts only.
func (q *columns) cells(list []amount, decided []bool, elsewhere bool) []render.Cell {
	var cells []render.Cell
	if q.amounts {
		for _, a := range list {
			cells = append(cells, render.Cell{Text: a.printed(q.metric)})
		}
	}
	for k, a := range list[1:] {
		ratio, sign := render.Cell{Text: ratioText(list[0], a)}, render.Cell{}
		if decided != nil && decided[k+1] {
			ratio.Style, sign = render.Yellow, render.Cell{Text: mark, Style: render.Yellow}
		}
		if elsewhere {
			ratio, sign = render.Cell{}, render.Cell{}
		}
		cells = append(cells, ratio)
		if q.marks {
			cells = append(cells, sign)
		}
	}
	if q.gap && len(q.names) == 2 {
		gap := render.Cell{Text: difference(q.metric, list[0], list[1])}
		if elsewhere {
			gap = render.Cell{}
		}
		cells = append(cells, gap)
	}
	return cells
}

// treeGrid lays out the aligned modules, as deep as the view says or a screen allows.
func (c *Comparison) treeGrid() *grid {
	g := &grid{titles: []string{"module"}, right: []bool{false}}
	sets := c.columnSets()
	for i := range sets {
		for p := range sets[i] {
			sets[i][p].titles(g)
		}
	}
	g.titles = append(g.titles, "beside")
	roots := c.tree()
	depth := c.View.Depth
	if depth < 0 {
		for depth = 1; depth < 64; depth++ {
			now, next := len(c.compareLines(roots, sets, "", 0, depth)), len(c.compareLines(roots, sets, "", 0, depth+1))
			if next == now || next > report.ScreenRows {
				break
			}
		}
	}
	g.rows = c.compareLines(roots, sets, "", 0, depth)
	return g
}

// columnSets says which columns the tree has, by metric and point: at one point all, at two no differences, at more
// ratios alone.
func (c *Comparison) columnSets() [][]columns {
	var out [][]columns
	shown := c.shown()
	for _, x := range shown {
		var list []columns
		for _, p := range c.Points {
			q := columns{metric: x, names: c.Names, what: p.Label, amounts: len(c.Points) <= 2, gap: len(c.Points) == 1, marks: x.Key == "energy_j" && len(c.Points) == 1}
			if len(shown) > 1 {
				q.what = strings.TrimSpace(x.Label() + " " + p.Label)
			}
			list = append(list, q)
		}
		out = append(out, list)
	}
	return out
}

// compareLines lays out siblings and what is below them down to a depth.
func (c *Comparison) compareLines(siblings []*compared, sets [][]columns, prefix string, depth, most int) []gridRow {
	var out []gridRow
	for i, x := range siblings {
		fork, below := "├─ ", "│  "
		switch {
		case depth == 0:
			fork, below = "", ""
		case i == len(siblings)-1:
			fork, below = "└─ ", "   "
		}
		label := x.label
		if x.own {
			label = strings.TrimPrefix(label+" (own operators)", " ")
		}
		if x.count > 1 {
			label += fmt.Sprintf(" ×%d", x.count)
		}
		style := render.Plain
		if x.state != beside || x.own {
			style = render.Faint
		}
		cells := []render.Cell{{Text: label, Style: style}}
		for m := range sets {
			for p := range sets[m] {
				cells = append(cells, sets[m][p].cells(x.amounts[m][p], x.decided, x.state == inside)...)
			}
		}
		out = append(out, gridRow{prefix: prefix + fork, depth: depth, cells: append(cells, render.Cell{Text: c.besideText(x), Style: render.Faint})})
		if depth < most && (!x.whole || c.View.Depth >= 0) {
			out = append(out, c.compareLines(x.children, sets, prefix+below, depth+1, most)...)
		}
	}
	return out
}

// besideText says which module of the other models answers, where its path is another one, or why none does.
func (c *Comparison) besideText(x *compared) string {
	if x.own && x.state == beside {
		return ""
	}
	first := firstPath(x.paths)
	var only string
	var list []string
	for k, p := range x.paths {
		if p == "" && x.label != "model" {
			continue
		}
		only = c.Names[k]
		if p != first {
			list = append(list, c.Names[k]+": "+p)
		}
	}
	switch x.state {
	case alone:
		return "only in " + only
	case inside:
		return "compared in the row above"
	}
	return strings.Join(list, ", ")
}

// pieceGrid lists the biggest differences of disjoint parts of the first model and model k, at the first point.
func (c *Comparison) pieceGrid(k int) *grid {
	x := c.shown()[0]
	g := &grid{titles: []string{"biggest differences", ""}, right: []bool{false, true}}
	q := &columns{metric: x, names: []string{c.Names[0], c.Names[k]}, amounts: true, gap: true}
	q.titles(g)
	g.titles = append(g.titles, "beside")
	n := c.View.Top
	if n < 0 {
		n = shownPieces
	}
	if c.View.Modules != nil {
		return g
	}
	for _, p := range c.pieces(x, 0, k) {
		if len(g.rows) == n || p.gap() <= leastGap*max(p.a.value, p.b.value) {
			break
		}
		count := ""
		if p.count > 1 {
			count = fmt.Sprintf("×%d", p.count)
		}
		cells := append([]render.Cell{{Text: p.name()}, {Text: count}}, q.cells([]amount{p.a, p.b}, nil, false)...)
		g.rows = append(g.rows, gridRow{cells: append(cells, render.Cell{Text: p.beside, Style: render.Faint})})
	}
	return g
}

func (p *piece) name() string {
	name := cmp.Or(p.path, "model")
	if p.own {
		name += " (own operators)"
	}
	return name
}

// notes are what to know beside the tables: what only one model has, the rule of verdicts, warnings.
func (c *Comparison) notes() []render.Note {
	var out []render.Note
	x := c.shown()[0]
	for k := 1; k < len(c.Names); k++ {
		for _, side := range [][2]int{{0, k}, {k, 0}} {
			key := "only in " + c.Names[side[0]]
			if len(c.Names) > 2 {
				key = fmt.Sprintf("in %s, not %s", c.Names[side[0]], c.Names[side[1]])
			}
			if text := c.aloneText(x, side[0], c.pieces(x, 0, k)); text != "" {
				out = append(out, render.Note{Key: key, Text: text})
			}
		}
	}
	if x.Key == "energy_j" {
		out = append(out, render.Note{Key: "intervals", Text: mark + " " + ratioRule})
	}
	for _, n := range c.Notes {
		out = append(out, render.Note{Key: "note", Text: n, Mark: render.Yellow})
	}
	return append(out, c.doubts()...)
}

// aloneText lists the parts that model k alone has of two, with their weight.
func (c *Comparison) aloneText(x *report.Metric, k int, list []*piece) string {
	total := amountOf(x, &c.Points[0].Reports[k].Tree.Metrics).value
	value := func(p *piece) float64 {
		if k == 0 {
			return p.a.value
		}
		return p.b.value
	}
	var mine []*piece
	sum := 0.0
	for _, p := range list {
		if p.alone() && p.a.some == (k == 0) {
			mine = append(mine, p)
			sum += value(p)
		}
	}
	if total <= 0 || sum < leastAlone*total {
		return ""
	}
	text := fmt.Sprintf("%s, %s of %s", x.Unit.Text(sum), render.Percent(sum/total), c.Names[k])
	sep := ": "
	for i, p := range mine {
		if i == shownAlone {
			return text + fmt.Sprintf(" and %s more", render.Plural(len(mine)-i, "part"))
		}
		text += sep + p.name()
		if p.count > 1 {
			text += fmt.Sprintf(" ×%d", p.count)
		}
		text += " " + x.Unit.Text(value(p))
		sep = ", "
	}
	return text
}

// doubts are what makes the numbers less sure: what several models share is said once.
func (c *Comparison) doubts() []render.Note {
	var out []render.Note
	for k, r := range c.Points[0].Reports {
		for _, n := range r.Doubts() {
			i := slices.IndexFunc(out, func(o render.Note) bool { return o.Text == n.Text && strings.HasSuffix(o.Key, " "+n.Key) })
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
