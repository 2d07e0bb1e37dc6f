package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
)

const (
	screenRows = 26 // rows of the tree where the depth is left to the format
	defaultTop = 10
	barWidth   = 10
	shownNotes = 12 // warnings
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
	if notes := r.notes(); len(notes) > 0 {
		b.WriteByte('\n')
		t := &Table{Color: r.View.Color}
		for _, n := range notes {
			t.Cells(Cell{n.key, n.style}, Cell{n.text, Plain})
		}
		b.WriteString(t.String())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// note is one line beside the tables.
type note struct {
	key   string
	text  string
	style Style
}

func (r *Report) textHead(b *strings.Builder) {
	t := &Table{Color: r.View.Color}
	for _, n := range r.head() {
		t.Cells(Cell{n.key, Bold}, Cell{n.text, n.style})
	}
	b.WriteString(t.String())
}

// head says what was read and under which assumptions the numbers hold.
func (r *Report) head() []note {
	m := r.Model
	about := []string{}
	if m.Producer != "" {
		about = append(about, m.Producer)
	}
	for _, o := range m.Opsets {
		switch {
		case o.Domain == "" || o.Domain == "ai.onnx":
			about = append(about, fmt.Sprintf("opset %d", o.Version))
		case r.uses(o.Domain): // domains of inlined functions are left out
			about = append(about, fmt.Sprintf("%s %d", o.Domain, o.Version))
		}
	}
	about = append(about, fmt.Sprintf("IR %d", m.IR), plural(m.Nodes, "node"))
	out := []note{{key: "model", text: fmt.Sprintf("%s (%s)", m.File, strings.Join(about, ", "))}}
	out = append(out, note{key: "dims", text: r.dimsText()})
	if r.Device != nil {
		out = append(out, note{key: "device", text: fmt.Sprintf("%s (%s): %s energy, coefficients %s, runtime %s",
			r.Device.Name, r.Device.ID, r.Device.Scope, r.Device.Origin, r.Device.Runtime)})
	}
	out = append(out, note{key: "numbers", text: fmt.Sprintf("%s; FLOPs count %s", modeText(r.Mode), r.Convention)})
	return append(out, note{key: "total", text: r.totalText(), style: Bold})
}

func (r *Report) uses(domain string) bool {
	return slices.ContainsFunc(r.Operators, func(op Operator) bool { return op.Node.Domain == domain })
}

func modeText(mode string) string {
	if mode == "spec" {
		return "predicted from the file alone"
	}
	return mode
}

func (r *Report) dimsText() string {
	var list []string
	for _, d := range r.Dims {
		s := fmt.Sprintf("%s = %d", d.Name, d.Value)
		if d.Assumed {
			s += " (assumed)"
		}
		list = append(list, s)
	}
	switch {
	case len(list) == 0 && r.Symbolic:
		return "none bound"
	case len(list) == 0:
		return "all fixed in the file"
	}
	return strings.Join(list, ", ")
}

func (r *Report) totalText() string {
	m := &r.Tree.Metrics
	var list []string
	if m.Predicted {
		list = append(list, fmt.Sprintf("%v (%v to %v)", m.Energy, m.Low, m.High), m.Time.String())
		if m.Time > 0 {
			list = append(list, m.Energy.Over(m.Time).String())
		}
	}
	if !r.Symbolic {
		list = append(list, flopsText(m.FLOPs), bytesText(m.Read.Add(m.Written)))
	}
	list = append(list, countText(m.Params)+" parameters", plural(m.Operators, "operator"))
	return strings.Join(list, ", ")
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
	if r.ShareOf() == "flops" {
		share = "FLOPs share"
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
		cells[1] = Cell{percent(share), heat(share)}
		cells[2] = Cell{bar(share, barWidth), heat(share)}
	}
	if r.Device != nil && r.Tree.Metrics.Predicted {
		cells[0].Text, cells[3].Text = energyText(m), timeText(m)
	}
	flops, bytes, params := Cell{Text: flopsText(m.FLOPs)}, Cell{Text: bytesText(plus(m.Read, m.Written))}, Cell{Text: countText(m.Params)}
	if r.Symbolic {
		cells = append(cells, params, flops, bytes)
	} else {
		cells = append(cells, flops, bytes, params)
	}
	return append(cells, Cell{class, Faint})
}

func energyText(m *Metrics) string {
	if !m.Predicted {
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

// notes are what to know beside the tables, warnings last.
func (r *Report) notes() []note {
	var out []note
	out = append(out, note{key: "memory", text: r.memoryText(), style: Bold})
	if len(r.Coverage) > 0 {
		var list []string
		for _, s := range r.Coverage {
			list = append(list, fmt.Sprintf("%s by %s", percent(s.Share), s.Source))
		}
		out = append(out, note{key: "modules", text: "operators placed: " + strings.Join(list, ", "), style: Bold})
	}
	out = append(out, r.doubts("scaled", func(op *Operator) bool { return op.Scaled })...)
	out = append(out, r.doubts("extrapolated", func(op *Operator) bool { return op.Extrapolated })...)
	for _, k := range r.Unknown {
		out = append(out, note{key: "unknown", text: fmt.Sprintf("%s ×%d: %s; its cost is in no sum", k.Op, k.Count, k.Why), style: Yellow})
	}
	for i, w := range r.Warnings {
		if i == shownNotes {
			out = append(out, note{key: "warning", text: fmt.Sprintf("%d more (JSON has all)", len(r.Warnings)-i), style: Yellow})
			break
		}
		out = append(out, note{key: "warning", text: w, style: Yellow})
	}
	return out
}

// doubts counts the operators of which something holds, by the reason.
func (r *Report) doubts(key string, holds func(*Operator) bool) []note {
	type doubt struct {
		why   string
		n     int
		share float64
	}
	var list []doubt
	for i := range r.Operators {
		op := &r.Operators[i]
		if !holds(op) {
			continue
		}
		k := slices.IndexFunc(list, func(d doubt) bool { return d.why == op.Why })
		if k < 0 {
			k = len(list)
			list = append(list, doubt{why: op.Why})
		}
		list[k].n++
		list[k].share += op.Share
	}
	var out []note
	for _, d := range list {
		text := fmt.Sprintf("%s, %s of the energy", plural(d.n, "operator"), percent(d.share))
		if d.why != "" {
			text += ": " + d.why
		}
		out = append(out, note{key: key, text: text, style: Yellow})
	}
	return out
}

func (r *Report) memoryText() string {
	size := func(n int64) string { return energy.FormatBinaryBytes(float64(n)) }
	s := "weights " + size(r.Memory.WeightBytes)
	if !r.Memory.Known {
		return s + ", activations depend on dims that have no number"
	}
	s += fmt.Sprintf(" + activations at most %s = %s", size(r.Memory.PeakBytes), size(r.Memory.WeightBytes+r.Memory.PeakBytes))
	fits, known := r.Fits()
	switch {
	case !known:
		return s
	case fits:
		return s + fmt.Sprintf(", fits the device's %s", size(r.Device.MemoryBytes))
	}
	return s + fmt.Sprintf(": does NOT fit the device's %s", size(r.Device.MemoryBytes))
}
