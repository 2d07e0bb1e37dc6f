package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/irene-onnx/irene/graph"
)

const (
	screenRows = 26 // rows of the tree where the depth is left to the format
	defaultTop = 10
	barWidth   = 10
)

// writeText writes tables for people: what was read, the tree, the most expensive operators, and what to know of them.
func writeText(w io.Writer, r *Report) error {
	var b strings.Builder
	r.textHead(&b)
	b.WriteByte('\n')
	b.WriteString(r.treeTable())
	if top := r.topTable(); top != "" {
		b.WriteByte('\n')
		b.WriteString(top)
	}
	if r.Values != nil {
		b.WriteByte('\n')
		b.WriteString(r.valueTable())
	}
	b.WriteByte('\n')
	t := &Table{Color: r.View.Color}
	for _, n := range r.notes() {
		t.Cells(Cell{n.key, n.style}, Cell{n.text, Plain})
	}
	b.WriteString(t.String())
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) textHead(b *strings.Builder) {
	t := &Table{Color: r.View.Color}
	for _, n := range r.head() {
		t.Cells(Cell{n.key, Bold}, Cell{n.text, n.style})
	}
	b.WriteString(t.String())
}

// treeTable lays out the modules, as deep as the view says or a screen allows.
func (r *Report) treeTable() string {
	t := &Table{Right: r.alignment(1), Color: r.View.Color}
	t.Head(append([]string{"module"}, r.metricTitles()...)...)
	root := &branch{label: "model", class: r.Tree.Class, count: 1, metrics: r.Tree.Metrics, share: r.Tree.Share}
	t.Cells(append([]Cell{{root.label, Bold}}, r.metricCells(&root.metrics, root.share, root.class)...)...)
	for _, line := range r.treeLines() {
		t.Cells(append([]Cell{{line.prefix + line.label, line.style}}, r.metricCells(line.metrics, line.share, line.class)...)...)
	}
	return t.String()
}

// line is a row of the laid-out tree.
type line struct {
	prefix  string // the lines of the tree
	label   string
	class   string
	metrics *Metrics
	share   float64
	depth   int
	style   Style
}

// treeLines are the rows below the root.
func (r *Report) treeLines() []line {
	branches := r.branches()
	var own *branch
	if r.View.Selected == nil && len(r.Tree.Operators) > 0 {
		f := &folder{r}
		own = &branch{}
		for _, i := range r.Tree.Operators {
			f.addOwn(own, &r.Operators[i])
		}
	}
	depth := r.View.Depth
	if depth < 0 {
		for depth = 1; depth < 64; depth++ {
			now, next := len(lines(branches, own, "", 1, depth)), len(lines(branches, own, "", 1, depth+1))
			if next == now || next > screenRows {
				break
			}
		}
	}
	if depth == 0 {
		return nil
	}
	return lines(branches, own, "", 1, depth)
}

// lines lays out siblings and what is below them down to a depth; own are the operators beside them.
func lines(siblings []*branch, parent *branch, prefix string, depth, most int) []line {
	var out []line
	beside := parent != nil && parent.own != nil && parent.own.costs() && len(siblings) > 0
	for i, b := range siblings {
		fork, below := "├─ ", "│  "
		if i == len(siblings)-1 && !beside {
			fork, below = "└─ ", "   "
		}
		l := line{prefix: prefix + fork, label: b.label, class: b.class, metrics: &b.metrics, share: b.share, depth: depth}
		if b.count > 1 {
			l.label += fmt.Sprintf(" ×%d", b.count)
		}
		out = append(out, l)
		if depth < most {
			out = append(out, lines(b.children, b, prefix+below, depth+1, most)...)
		}
	}
	if beside {
		out = append(out, line{
			prefix: prefix + "└─ ", label: "(" + plural(parent.own.Operators, "operator") + ")",
			metrics: parent.own, share: parent.ownShare, depth: depth, style: Faint,
		})
	}
	return out
}

// costs reports whether there is anything to show of a sum.
func (m *Metrics) costs() bool {
	return m.Energy > 0 || m.Time > 0 || m.Unknown > 0 || !m.FLOPs.Is(0) || !m.Read.Is(0) || !m.Written.Is(0)
}

// metricTitles are the titles over metricCells. Columns that stay empty are not shown.
func (r *Report) metricTitles() []string {
	share := "share"
	switch r.ShareOf() {
	case "flops":
		share = "FLOPs share"
	case "time":
		share = "time share"
	}
	if r.Symbolic {
		return []string{"energy", share, "", "time", "params", "FLOPs", "bytes", "class"}
	}
	return []string{"energy", share, "", "time", "FLOPs", "bytes", "params", "class"}
}

// alignment says which columns stand to the right, after the first n.
func (r *Report) alignment(n int) []bool {
	list := []bool{true, true, false, true, true, true, true, false}
	if r.Symbolic {
		list = []bool{true, true, false, true, true, false, false, false}
	}
	return append(make([]bool, n), list...)
}

func (r *Report) metricCells(m *Metrics, share float64, class string) []Cell {
	cells := make([]Cell, 4, 8)
	if r.ShareOf() != "" {
		cells[1] = Cell{shareText(m, share), heat(share)}
		cells[2] = Cell{bar(share, barWidth), heat(share)}
	}
	if r.Device != nil && r.Tree.Metrics.Predicted {
		cells[0].Text, cells[3].Text = m.known(energyText(m)), m.known(timeText(m))
	}
	flops, bytes, params := Cell{Text: m.known(flopsText(m.FLOPs))}, Cell{Text: m.known(bytesText(plus(m.Read, m.Written)))}, Cell{Text: countText(m.Params)}
	if r.Symbolic {
		cells = append(cells, params, flops, bytes)
	} else {
		cells = append(cells, flops, bytes, params)
	}
	return append(cells, Cell{class, Faint})
}

// known marks a sum that leaves out operators whose cost is not known: "≥ 4 FLOP", or "?" where nothing is left.
func (m *Metrics) known(text string) string {
	switch {
	case m.Unknown == 0 || text == unknownText:
		return text
	case text == "0":
		return unknownText
	}
	return "≥ " + text
}

func shareText(m *Metrics, share float64) string {
	if m.Unknown > 0 && share == 0 {
		return unknownText
	}
	return percent(share)
}

func energyText(m *Metrics) string {
	if !m.HasEnergy() {
		return unknownText
	}
	if m.Energy == 0 {
		return "0"
	}
	return m.Energy.String()
}

func timeText(m *Metrics) string {
	if !m.Predicted {
		return unknownText
	}
	if m.Time == 0 {
		return "0"
	}
	return m.Time.String()
}

// heat colours a share.
func heat(share float64) Style {
	switch {
	case share >= 0.5:
		return Red
	case share >= 0.1:
		return Yellow
	}
	return Plain
}

// topTable lays out the most expensive operators; "" where none is to be shown.
func (r *Report) topTable() string {
	n := r.View.Top
	if n < 0 {
		n = defaultTop
	}
	groups := r.topGroups(n)
	if len(groups) == 0 {
		return ""
	}
	t := &Table{Right: r.alignment(3), Color: r.View.Color}
	titles := append([]string{"operator", "", "in"}, r.metricTitles()...)
	t.Head(append(titles, "note")...)
	for _, g := range groups {
		count := ""
		if g.count > 1 {
			count = fmt.Sprintf("×%d", g.count)
		}
		cells := append([]Cell{{Text: g.op.Node.Kind()}, {Text: count}, {Text: g.place}}, r.metricCells(&g.metrics, g.share, g.op.Class)...)
		t.Cells(append(cells, Cell{flags(g.op), Faint})...)
	}
	return t.String()
}

// valueTable lists every value with its type and shape.
func (r *Report) valueTable() string {
	t := &Table{Color: r.View.Color}
	t.Head("value", "type", "shape")
	for _, v := range r.Values {
		dtype := kinds[v.Fact.Kind]
		if dtype == "" {
			dtype = v.Fact.DType.String()
		}
		if dtype == graph.Undefined.String() {
			dtype = unknownText
		}
		t.Row(v.Name, dtype, v.Fact.Shape.String())
	}
	return t.String()
}

// flags names what makes an operator's prediction less sure.
func flags(op *Operator) string {
	var list []string
	if op.Scaled {
		list = append(list, "scaled")
	}
	if op.Extrapolated {
		list = append(list, "extrapolated")
	}
	return strings.Join(list, ", ")
}
