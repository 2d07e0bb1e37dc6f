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
	b.WriteString(r.View.Notes(r.notes()))
	_, err := io.WriteString(w, b.String())
	return err
}

// textHead writes what was read, and the answer.
func (r *Report) textHead(b *strings.Builder) {
	b.WriteString(r.View.Notes(r.HeadNotes(), r.AnswerNotes()))
}

// treeTable lays out the modules, as deep as the view says or a screen allows.
func (r *Report) treeTable() string {
	t := &render.Table{Screen: r.View.Screen, Columns: r.treeColumns()}
	for _, line := range r.treeLines() {
		t.Cells(append([]render.Cell{{Lead: line.prefix, Text: line.label, Style: line.style}}, r.metricCells(line.metrics, line.class)...)...)
	}
	return t.String()
}

func (r *Report) treeColumns() []render.Column {
	return append([]render.Column{{Title: "module", Room: 36}}, r.metricColumns()...)
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

// treeLines are the rows of the tree, the model's first.
func (r *Report) treeLines() []line {
	root := r.branches()
	top := line{label: "model", class: r.Tree.Class, metrics: &r.Tree.Metrics, style: render.Bold}
	if root.label != "" { // a module that is all of it
		top.label = fmt.Sprintf("model (%s)", root.label)
	}
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
		return []line{top}
	}
	return append([]line{top}, lines(root, "", 1, depth)...)
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

// The order in which columns go that are no metrics; see Metric.Drop.
const (
	dropFlags = 1
	dropBar   = 6
	dropClass = 8
)

// metricColumns are the columns of metricCells. Those that stay empty are not shown.
func (r *Report) metricColumns() []render.Column {
	var out []render.Column
	for _, name := range r.columns() {
		c := render.Column{Right: name != "", Drop: dropBar}
		if x := FindMetric(name); x != nil {
			c.Title, c.Drop = x.Title, x.Drop
		}
		if of := r.ShareOf(); name == "share" && (of == "flops" || of == "time") {
			c.Title = FindMetric(of).Title + " share"
		}
		if r.Symbolic && (name == "flops" || name == "bytes") {
			c.Right, c.Wrap, c.Room = false, true, 24
		}
		out = append(out, c)
	}
	return append(out, render.Column{Title: "class", Drop: dropClass})
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
	t := &render.Table{Screen: r.View.Screen, Columns: r.topColumns()}
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

func (r *Report) topColumns() []render.Column {
	out := []render.Column{{Title: "operator", Room: 20}, {}, {Title: "in", Room: 28}}
	return append(append(out, r.metricColumns()...), render.Column{Title: "note", Drop: dropFlags})
}

// valueTable lists every value with its type and shape.
func (r *Report) valueTable() string {
	t := &render.Table{Screen: r.View.Screen, Columns: []render.Column{{Title: "value", Room: 24}, {Title: "type"}, {Title: "shape", Room: 24, Wrap: true}}}
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
