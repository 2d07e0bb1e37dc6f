package compare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

// columns says which columns stand for a metric at a point.
type columns struct {
	metric  *report.Metric
	names   []string
	what    string // before the models' names
	amounts bool   // a column per model
	ratios  bool   // to the first
	gap     bool   // the difference of two
	marks   bool   // where the interval of the ratio decides
	drop    int    // of the ratios; see render.Column
}

// titles are the columns.
func (q *columns) titles() []render.Column {
	var out []render.Column
	title := func(s string) string { return strings.TrimSpace(q.what + " " + s) }
	add := func(c render.Column) { out = append(out, c) }
	if q.amounts {
		for _, n := range q.names {
			add(render.Column{Title: title(n), Right: true})
		}
	}
	if !q.ratios {
		return out
	}
	for _, n := range q.names[1:] {
		ratio := n + "/" + q.names[0]
		if !q.amounts {
			ratio = title(ratio)
		}
		add(render.Column{Title: ratio, Right: true, Drop: q.drop})
		if q.marks {
			add(render.Column{Drop: q.drop})
		}
	}
	if q.gap {
		add(render.Column{Title: q.names[1] + " - " + q.names[0], Right: true, Drop: dropGap})
	}
	return out
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
	if !q.ratios {
		return cells
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
	if q.gap {
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
	g := &grid{columns: []render.Column{{Title: "module", Room: roomOfModule}}}
	sets := c.columnSets()
	for i := range sets {
		for p := range sets[i] {
			g.columns = append(g.columns, sets[i][p].titles()...)
		}
	}
	g.columns = append(g.columns, render.Column{Title: "beside", Drop: dropBeside, Room: roomOfBeside})
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

// mostTreeModels bounds the models whose modules stand side by side.
const mostTreeModels = 4

// treeModels are the models whose modules are shown: both of two, the first of several by their ranks.
func (c *Comparison) treeModels() []int {
	var out []int
	if !c.ranked() {
		return []int{0, 1}
	}
	for _, s := range c.ranking(0).list[:min(mostTreeModels, len(c.Names))] {
		out = append(out, s.place)
	}
	return out
}

// columnSets says which columns the tree has, by metric and point: of two models at one point all, at two no differences,
// at more ratios alone; of several models the numbers alone.
func (c *Comparison) columnSets() [][]columns {
	var out [][]columns
	shown, pair := c.shown(), !c.ranked()
	var names []string
	for _, k := range c.treeModels() {
		names = append(names, c.Names[k])
	}
	for _, x := range shown {
		var list []columns
		for _, p := range c.Points {
			one := len(c.Points) == 1
			q := columns{metric: x, names: names, what: p.Label, amounts: len(c.Points) <= 2 || !pair, ratios: pair, gap: one, marks: x.Key == "energy_j" && one}
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
	models := c.treeModels()
	for i, x := range siblings {
		if !slices.ContainsFunc(models, func(k int) bool { return x.has(k) }) {
			continue
		}
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
				cells = append(cells, sets[m][p].cells(pick(x.amounts[m][p], models), x.decided, x.state == inside)...)
			}
		}
		out = append(out, gridRow{prefix: prefix + fork, depth: depth, cells: append(cells, render.Cell{Text: c.besideText(x), Style: render.Faint})})
		if depth < most && (!x.whole || c.View.Depth >= 0) {
			out = append(out, c.compareLines(x.children, sets, prefix+below, depth+1, most)...)
		}
	}
	return out
}

// pick are the numbers of some models.
func pick(list []amount, models []int) []amount {
	var out []amount
	for _, k := range models {
		out = append(out, list[k])
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
