package report

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/graph"
)

const (
	ScreenRows = 26 // rows of the tree where the depth is left to the format
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
	t := &render.Table{Color: r.View.Color}
	for _, n := range r.notes() {
		t.Cells(render.Cell{Text: n.Key, Style: n.Style}, render.Cell{Text: n.Text, Style: render.Plain})
	}
	b.WriteString(t.String())
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) textHead(b *strings.Builder) {
	t := &render.Table{Color: r.View.Color}
	for _, n := range r.HeadNotes() {
		t.Cells(render.Cell{Text: n.Key, Style: render.Bold}, render.Cell{Text: n.Text, Style: n.Style})
	}
	b.WriteString(t.String())
}

// treeTable lays out the modules, as deep as the view says or a screen allows.
func (r *Report) treeTable() string {
	t := &render.Table{Right: r.alignment(1), Color: r.View.Color}
	t.Head(append([]string{"module"}, r.metricTitles()...)...)
	t.Cells(append([]render.Cell{{Text: "model", Style: render.Bold}}, r.metricCells(&r.Tree.Metrics, r.Tree.Class)...)...)
	for _, line := range r.treeLines() {
		t.Cells(append([]render.Cell{{Text: line.prefix + line.label, Style: line.style}}, r.metricCells(line.metrics, line.class)...)...)
	}
	return t.String()
}

// line is a row of the laid-out tree.
type line struct {
	prefix  string // the lines of the tree
	label   string
	class   string
	metrics *Metrics
	depth   int
	style   render.Style
}

// treeLines are the rows below the root.
func (r *Report) treeLines() []line {
	root := r.branches()
	depth := r.View.Depth
	if depth < 0 {
		for depth = 1; depth < 64; depth++ {
			now, next := len(lines(root, "", 1, depth)), len(lines(root, "", 1, depth+1))
			if next == now || next > ScreenRows {
				break
			}
		}
	}
	if depth == 0 {
		return nil
	}
	return lines(root, "", 1, depth)
}

// lines lays out what is below a branch down to a depth, its own operators last.
func lines(parent *branch, prefix string, depth, most int) []line {
	var out []line
	beside := parent.own.Costs() && len(parent.children) > 0
	for i, b := range parent.children {
		fork, below := "├─ ", "│  "
		if i == len(parent.children)-1 && !beside {
			fork, below = "└─ ", "   "
		}
		l := line{prefix: prefix + fork, label: b.label, class: b.class, metrics: &b.metrics, depth: depth}
		if b.count > 1 {
			l.label += fmt.Sprintf(" ×%d", b.count)
		}
		out = append(out, l)
		if depth < most {
			out = append(out, lines(b, prefix+below, depth+1, most)...)
		}
	}
	if beside {
		out = append(out, line{
			prefix: prefix + "└─ ", label: "(" + render.Plural(parent.own.Operators, "operator") + ")",
			metrics: &parent.own, depth: depth, style: render.Faint,
		})
	}
	return out
}

// Costs reports whether there is anything to show of a sum.
func (m *Metrics) Costs() bool {
	return m.Energy > 0 || m.Time > 0 || m.Unknown > 0 || !m.FLOPs.Is(0) || !m.Read.Is(0) || !m.Written.Is(0)
}

// columns are the metrics of the tables; "" is the bar beside the share, and symbolic reports have long ones last.
func (r *Report) columns() []string {
	if r.Symbolic {
		return []string{"energy", "share", "", "time", "params", "flops", "bytes"}
	}
	return []string{"energy", "share", "", "time", "flops", "bytes", "params"}
}

// metricTitles are the titles over metricCells. Columns that stay empty are not shown.
func (r *Report) metricTitles() []string {
	titles := r.columns()
	for i, name := range titles {
		if x := FindMetric(name); x != nil {
			titles[i] = x.Title
		}
	}
	if of := r.ShareOf(); of == "flops" || of == "time" {
		titles[1] = FindMetric(of).Title + " share"
	}
	return append(titles, "class")
}

// alignment says which columns stand to the right, after the first n.
func (r *Report) alignment(n int) []bool {
	list := []bool{true, true, false, true, true, !r.Symbolic, !r.Symbolic, false}
	return append(make([]bool, n), list...)
}

func (r *Report) metricCells(m *Metrics, class string) []render.Cell {
	var cells []render.Cell
	for _, name := range r.columns() {
		var c render.Cell
		switch {
		case name == "":
			c = render.Cell{Text: render.Bar(m.Share, barWidth), Style: heat(m.Share)}
		case name == "share":
			c = render.Cell{Text: shareText(m), Style: heat(m.Share)}
		case FindMetric(name).Closed == nil || r.Device != nil && r.Tree.Metrics.Predicted:
			c.Text = m.Text(name)
		}
		cells = append(cells, c)
	}
	return append(cells, render.Cell{Text: class, Style: render.Faint})
}

func shareText(m *Metrics) string {
	switch {
	case math.IsNaN(m.Share):
		return ""
	case m.Unknown > 0 && m.Share == 0:
		return render.UnknownText
	}
	return render.Percent(m.Share)
}

// heat colours a share.
func heat(share float64) render.Style {
	switch {
	case share >= 0.5:
		return render.Red
	case share >= 0.1:
		return render.Yellow
	}
	return render.Plain
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
	t := &render.Table{Right: r.alignment(3), Color: r.View.Color}
	titles := append([]string{"operator", "", "in"}, r.metricTitles()...)
	t.Head(append(titles, "note")...)
	for _, g := range groups {
		count := ""
		if g.count > 1 {
			count = fmt.Sprintf("×%d", g.count)
		}
		cells := append([]render.Cell{{Text: g.op.Node.Kind()}, {Text: count}, {Text: g.place}}, r.metricCells(&g.metrics, g.op.Class)...)
		t.Cells(append(cells, render.Cell{Text: Flags(g.op), Style: render.Faint})...)
	}
	return t.String()
}

// valueTable lists every value with its type and shape.
func (r *Report) valueTable() string {
	t := &render.Table{Color: r.View.Color}
	t.Head("value", "type", "shape")
	for _, v := range r.Values {
		dtype := TensorKinds[v.Fact.Kind]
		if dtype == "" {
			dtype = v.Fact.DType.String()
		}
		if dtype == graph.Undefined.String() {
			dtype = render.UnknownText
		}
		t.Row(v.Name, dtype, v.Fact.Shape.String())
	}
	return t.String()
}

// Flags names what makes an operator's prediction less sure.
func Flags(op *Operator) string {
	var list []string
	if op.StandIn {
		list = append(list, "scaled")
	}
	if op.Extrapolated {
		list = append(list, "extrapolated")
	}
	return strings.Join(list, ", ")
}
