package export

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

// writeDOT writes the graph for Graphviz: modules as nested clusters, operators and closed modules as boxes whose colour
// is their share, and what flows between them.
func writeDOT(w io.Writer, r *report.Report) error {
	p := pictureOf(r)
	d := &dotWriter{Writer: bufio.NewWriterSize(w, 1<<16), p: p, hottest: p.hottest(), begins: p.beginnings()}
	d.head()
	inside := map[*report.Module][]*box{}
	used := map[*report.Module]bool{}
	for _, b := range p.boxes {
		inside[b.in] = append(inside[b.in], b)
		for m := b.in; m != nil && !used[m]; m = p.parent[m] {
			used[m] = true
		}
	}
	number := 0
	d.module(r.Tree, inside, used, &number, 0)
	for _, b := range inside[nil] {
		d.box(b, "\t")
	}
	readers := map[*graph.Value]int{}
	for _, f := range p.flows {
		for _, v := range f.values {
			readers[v]++
		}
	}
	for _, f := range p.flows {
		d.flow(f, readers[f.values[0]])
	}
	d.WriteString("}\n")
	return d.Flush()
}

// dotWriter writes DOT (https://graphviz.org/doc/info/lang.html).
type dotWriter struct {
	*bufio.Writer
	p       *picture
	hottest float64
	begins  map[*report.Module][]*box // of opened modules: see beginnings
}

// manyBoxes is where Graphviz is told to hurry.
const manyBoxes = 400

func (d *dotWriter) head() {
	r := d.p.r
	fmt.Fprintf(d, "digraph %s {\n", quoteDOT(r.Model.File))
	fmt.Fprintf(d, "\tgraph [label=%s, labelloc=t, labeljust=l, fontname=\"Helvetica\", fontsize=11, rankdir=TB, newrank=true, ranksep=0.3, nodesep=0.2, bgcolor=white, tooltip=\" \"];\n", d.heading())
	if len(d.p.boxes) > manyBoxes {
		fmt.Fprint(d, "\tgraph [nslimit=1, nslimit1=1, mclimit=0.1, splines=polyline];\n")
	}
	fmt.Fprint(d, "\tnode [shape=box, style=filled, fillcolor=white, color=\"#8c8c96\", penwidth=0.7, fontname=\"Helvetica\", fontsize=9, height=0.25, margin=\"0.09,0.04\"];\n")
	fmt.Fprint(d, "\tedge [color=\"#6e6e78\", fontcolor=\"#6e6e78\", fontname=\"Helvetica\", fontsize=7, arrowsize=0.5, penwidth=0.8];\n")
}

// heading says what is drawn and what the colours mean.
func (d *dotWriter) heading() string {
	r, p := d.p.r, d.p
	lines := []string{filepath.Base(r.Model.File) + "   " + r.DimsText()}
	if p.root != r.Tree {
		lines[0] = p.root.Path + " of " + lines[0]
	}
	total := costText(r, &p.root.Metrics)
	switch m := &p.root.Metrics; {
	case r.Device == nil || !m.Predicted:
	case m.NoEnergy:
		total += " on " + r.Device.Name + ", energy unknown"
	default:
		total += " and " + m.Text("time") + " on " + r.Device.Name
	}
	lines = append(lines, total)
	if d.hottest > 0 {
		lines = append(lines, fmt.Sprintf("darkest: %s of the model's %s", render.Percent(d.hottest), r.ShareOf()))
	}
	if p.hidden > 0 {
		lines = append(lines, fmt.Sprintf("%s without cost of their own are not drawn; --depth draws all", render.Plural(p.hidden, "operator")))
	}
	return quoteDOT(strings.Join(lines, "\n"), `\l`)
}

// module writes the clusters of the opened modules; number counts modules in tree order.
func (d *dotWriter) module(m *report.Module, inside map[*report.Module][]*box, used map[*report.Module]bool, number *int, level int) {
	mine := *number
	*number++
	indent := strings.Repeat("\t", level+1)
	cluster := used[m] && m != d.p.r.Tree
	if cluster {
		style := "rounded"
		if d.p.above[m] {
			style = "rounded,dashed"
		}
		fmt.Fprintf(d, "%ssubgraph cluster_%d {\n", indent[1:], mine)
		fmt.Fprintf(d, "%sgraph [label=\"\", style=%s, color=\"#b9b9c4\", bgcolor=%q, tooltip=%s];\n", indent,
			quoteDOT(style), []string{"#f6f6f9", "#ececf2"}[level%2], quoteDOT(d.moduleTip(m)))
	}
	if used[m] {
		for _, b := range inside[m] {
			d.box(b, indent)
		}
	}
	for _, c := range m.Children {
		d.module(c, inside, used, number, level+1)
	}
	if cluster {
		d.title(m, mine, indent)
		fmt.Fprintf(d, "%s}\n", indent[1:])
	}
}

func (d *dotWriter) clusterLabel(m *report.Module) string {
	text := m.Name
	if m.Class != "" {
		text += "  " + m.Class
	}
	return text + "\n" + costLine(d.p.r, &m.Metrics)
}

func (d *dotWriter) moduleTip(m *report.Module) string {
	lines := []string{m.Path}
	if m.Canonical != m.Path {
		lines = append(lines, "module "+m.Canonical)
	}
	lines = append(lines, render.Plural(m.Metrics.Operators, "operator"), m.Metrics.Text("params")+" parameters")
	return strings.Join(append(lines, d.tipMetrics(&m.Metrics)...), "\n")
}

func (d *dotWriter) tipMetrics(m *report.Metrics) []string {
	lines := []string{m.Text("flops"), m.Text("bytes_read") + " read, " + m.Text("bytes_written") + " written"}
	switch {
	case m.HasEnergy():
		lines = append(lines, m.Text("time")+", "+m.Text("energy"))
	case m.Predicted:
		lines = append(lines, m.Text("time")+", energy unknown")
	}
	return lines
}

// box writes one node.
func (d *dotWriter) box(b *box, indent string) {
	r := d.p.r
	switch {
	case b.operator != nil:
		op := b.operator
		label, style := op.Node.Kind()+"\n"+shapeOf(r, op.Node.Output(0)), d.fill(b)
		if idle(op) {
			style += `, color="#c8c8d0", fontcolor="#6e6e78", fontsize=8`
		} else {
			label += "\n" + costLine(r, op.Metrics)
		}
		fmt.Fprintf(d, "%sn%d [label=%s, %s, tooltip=%s];\n", indent, b.number, quoteDOT(label), style, quoteDOT(d.operatorTip(op)))
	case b.module != nil:
		m, style := b.module, "filled,rounded"
		if !d.p.inFocus(b) {
			style += ",dashed"
		}
		name := m.Name
		if m == r.Tree {
			name = "model"
		}
		label := name + "\n"
		if m.Class != "" {
			label += m.Class + "\n"
		} else if len(m.Operators) == 1 && len(m.Children) == 0 {
			label += r.Operators[m.Operators[0]].Node.Kind() + "\n"
		}
		label += costLine(r, &m.Metrics)
		fmt.Fprintf(d, "%sm%d [label=%s, style=\"%s\", penwidth=1.2, %s, tooltip=%s];\n", indent, b.number, quoteDOT(label), style, d.fill(b), quoteDOT(d.moduleTip(m)))
	case b.constants != nil:
		d.note(b, indent)
	default:
		v := b.values[0]
		label, tip := v.Name, v.Name+" "+typeOf(r, v)
		if n := len(b.values); n > 1 {
			label += fmt.Sprintf("\nand %d more", n-1)
			for _, o := range b.values[1:] {
				tip += "\n" + o.Name + " " + typeOf(r, o)
			}
		} else {
			label += "\n" + shapeOf(r, v)
		}
		fmt.Fprintf(d, "%sv%d [label=%s, shape=oval, fillcolor=\"#dfe9f5\", color=\"#7f9cc0\", fontsize=8, tooltip=%s];\n", indent, v.ID, quoteDOT(label), quoteDOT(tip))
	}
}

// note writes what stands for constants.
func (d *dotWriter) note(b *box, indent string) {
	var tip []string
	for _, v := range b.constants {
		tip = append(tip, v.Producer.Kind()+" "+v.Name+" "+typeOf(d.p.r, v))
	}
	label := render.Plural(len(b.constants), "constant")
	if v := b.constants[0]; len(b.constants) == 1 {
		label = v.Producer.Kind() + " " + shapeOf(d.p.r, v)
	}
	fmt.Fprintf(d, "%sc%d [label=%s, shape=plain, style=\"\", fontsize=7, fontcolor=\"#6e6e78\", tooltip=%s];\n", indent, b.number, quoteDOT(label), quoteDOT(strings.Join(tip, "\n")))
}

func (d *dotWriter) operatorTip(op *report.Operator) string {
	lines := []string{op.Node.Label(), op.Path}
	if op.Path == "" {
		lines = lines[:1]
	}
	what := op.Class
	if op.DType != graph.Undefined {
		what = strings.TrimSpace(what + " " + op.DType.String())
	}
	if what != "" {
		lines = append(lines, what)
	}
	lines = append(lines, d.tipMetrics(op.Metrics)...)
	if op.Kernel != nil {
		lines = append(lines, "runs in the kernel of "+op.Kernel.Label())
	}
	if op.Why != "" {
		lines = append(lines, report.Flags(op)+": "+op.Why)
	}
	return strings.Join(lines, "\n")
}

// name is the identifier of a box.
func (b *box) name() string {
	switch {
	case b.operator != nil:
		return fmt.Sprintf("n%d", b.number)
	case b.module != nil:
		return fmt.Sprintf("m%d", b.number)
	case b.constants != nil:
		return fmt.Sprintf("c%d", b.number)
	}
	return fmt.Sprintf("v%d", b.values[0].ID)
}

// manyReaders is where a value is background: its arrows go without labels.
const manyReaders = 4

// flow writes one edge: with what flows, and a width that grows with it, unless both ends say so.
func (d *dotWriter) flow(f *flow, readers int) {
	fmt.Fprintf(d, "\t%s -> %s", f.from.name(), f.to.name())
	var attrs []string
	n, known := d.p.bytes(f.values)
	data := f.to.operator == nil || !readsShape(f.to.operator.Node) || f.to.operator.Metrics.Costs()
	if known && n > 0 && data && readers <= manyReaders {
		attrs = append(attrs, fmt.Sprintf("penwidth=%.1f", math.Max(0.4, math.Min(4, (math.Log10(float64(n))-2)*0.6))))
	}
	switch {
	case f.from.constants != nil:
		attrs = []string{`color="#b4b4be", weight=4, penwidth=0.5, arrowsize=0.3`}
	case !data: // its shape is all that is read
		attrs = append(attrs, `style=dotted, penwidth=0.5`)
	case readers > manyReaders:
		attrs = append(attrs, `style=dashed, color="#b4b4be", weight=0, penwidth=0.5`)
	case f.from.module == nil && f.to.module == nil || f.from.values != nil || f.to.values != nil:
	case len(f.values) > 1:
		attrs = append(attrs, "label="+quoteDOT(fmt.Sprintf(" %d tensors\n %s", len(f.values), sizeText(n, known))))
	default:
		attrs = append(attrs, "label="+quoteDOT(" "+shapeOf(d.p.r, f.values[0])+"\n "+sizeText(n, known)))
	}
	if f.from.module != nil || f.to.module != nil || f.to.values != nil {
		var tip []string
		for _, v := range f.values {
			tip = append(tip, v.Name+" "+typeOf(d.p.r, v))
		}
		attrs = append(attrs, "tooltip="+quoteDOT(strings.Join(tip, "\n")))
	}
	if len(attrs) > 0 {
		fmt.Fprintf(d, " [%s]", strings.Join(attrs, ", "))
	}
	d.WriteString(";\n")
}

func sizeText(n int64, known bool) string {
	if !known {
		return render.UnknownText
	}
	return energy.FormatBytes(float64(n))
}

// shapeOf prints the shape of a value: "[8, 128, 768]".
func shapeOf(r *report.Report, v *graph.Value) string {
	if v == nil {
		return render.UnknownText
	}
	return r.Facts[v.ID].Shape.String()
}

func typeOf(r *report.Report, v *graph.Value) string {
	fact := &r.Facts[v.ID]
	if kind := report.TensorKinds[fact.Kind]; kind != "" {
		return kind
	}
	if fact.DType == graph.Undefined {
		return fact.Shape.String()
	}
	return fact.DType.String() + fact.Shape.String()
}

// costText is the energy of a sum, or its time where no energy is known, or its FLOPs where nothing was predicted.
func costText(r *report.Report, m *report.Metrics) string {
	name, zero := "energy", "0 J"
	switch {
	case !r.Tree.Metrics.Predicted:
		name, zero = "flops", "0"
	case r.Tree.Metrics.NoEnergy:
		name, zero = "time", "0 s"
	}
	if text := m.Text(name); text != "0" {
		return text
	}
	return zero
}

// costLine is a cost with its share.
func costLine(r *report.Report, m *report.Metrics) string {
	if m.Share > 0 {
		return costText(r, m) + "  " + render.Percent(m.Share)
	}
	return costText(r, m)
}

// warmth are the colours from no share to the largest.
var warmth = [][3]float64{{255, 255, 255}, {254, 232, 200}, {253, 187, 132}, {239, 101, 72}, {179, 0, 0}}

// fill colours a box by its share of the largest. Small shares are spread: their differences are worth seeing.
func (d *dotWriter) fill(b *box) string {
	if !(d.hottest > 0) || !(b.share > 0) || !d.p.inFocus(b) {
		return `fillcolor=white`
	}
	t := math.Pow(math.Min(1, b.share/d.hottest), 0.6) * float64(len(warmth)-1)
	i := min(int(t), len(warmth)-2)
	var rgb [3]int
	for k := range rgb {
		rgb[k] = int(warmth[i][k] + (warmth[i+1][k]-warmth[i][k])*(t-float64(i)) + 0.5)
	}
	font := ""
	if t > 2.9 {
		font = `, fontcolor=white`
	}
	return fmt.Sprintf(`fillcolor="#%02x%02x%02x"%s`, rgb[0], rgb[1], rgb[2], font)
}

// quoteDOT makes a quoted string. Lines end in newline, "\n" where not said. Graphviz reads entities in labels: & is
// written as one.
func quoteDOT(s string, newline ...string) string {
	ending := `\n`
	if len(newline) > 0 {
		ending = newline[0]
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range render.CleanLines(s) {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '&':
			b.WriteString("&amp;")
		case c == '\n':
			b.WriteString(ending)
		case c == utf8.RuneError:
			b.WriteByte('?')
		default:
			b.WriteRune(c)
		}
	}
	if len(newline) > 0 {
		b.WriteString(ending)
	}
	b.WriteByte('"')
	return b.String()
}
