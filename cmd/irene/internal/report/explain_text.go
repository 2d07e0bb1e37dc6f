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
	"github.com/irene-onnx/irene/energy/law"
)

// causeHelp says what a cause stands for, in the order of the causes.
var causeHelp = [law.NumCauses]string{
	law.Arithmetic: "operations of products",
	law.Waves:      "elements of tiles and multiprocessors that stay idle",
	law.Memory:     "bytes read and written",
	law.Launch:     "starting kernels",
	law.Host:       "launches and calls that work does not hide",
}

// writeExplainText writes tables for people, for each module: what its energy and time are made of, by cause, by class
// and by operator, and what would help.
func writeExplainText(w io.Writer, r *Explanation) error {
	var b strings.Builder
	r.textHead(&b)
	equal := func(x, y *ExplainedModule) bool { return r.equal(x.Module, y.Module) }
	for _, x := range Fold(r.Modules, equal, func(*ExplainedModule) []*ExplainedModule { return nil }) {
		r.moduleText(&b, x.Run)
	}
	b.WriteString("\n" + r.View.Notes(r.notes()))
	_, err := io.WriteString(w, b.String())
	return err
}

// moduleText explains the first of equal modules.
func (r *Explanation) moduleText(b *strings.Builder, run []*ExplainedModule) {
	m := run[0]
	total := m.Causes.Total()
	b.WriteString("\n" + r.View.Prose(explainHead(run, total), 2) + "\n")
	if total == (law.Share{}) {
		return
	}
	b.WriteString(r.causeTable(m))
	b.WriteByte('\n')
	b.WriteString(r.classTable(m))
	if s := r.partTable(m); s != "" {
		b.WriteString("\n" + s)
	}
	if len(m.Advice) > 0 {
		b.WriteByte('\n')
	}
	for _, a := range m.Advice {
		b.WriteString(r.View.Prose(a, 2))
	}
}

// explainHead says what a run of equal modules takes, each.
func explainHead(run []*ExplainedModule, total law.Share) string {
	m := run[0]
	s := fmt.Sprintf("%s: %s in %v", explainTitle(run), orUnknown(total.Energy), total.Time)
	if total.Time > 0 && !math.IsNaN(float64(total.Energy)) {
		s += fmt.Sprintf(", %v", total.Energy.Over(total.Time))
	}
	s += "; " + render.Plural(m.Kernels, "kernel")
	if m.Calls > 0 {
		s += fmt.Sprintf(", %s without one", render.Plural(m.Calls, "call"))
	}
	if n := m.Metrics.Unknown; n > 0 {
		s += fmt.Sprintf("; without %s of unknown cost", render.Plural(n, "operator"))
	}
	return s
}

func explainTitle(run []*ExplainedModule) string {
	var list []*Module
	for _, m := range run {
		list = append(list, m.Module)
	}
	s := Label(list, func(m *Module) string { return m.Path })
	_, first := CutLast(list[0].Path)
	_, last := CutLast(list[len(list)-1].Path)
	switch {
	case run[0].Path == "":
		s = "model"
	case len(run) > 1 && first == last: // the same child of several layers
		s = list[0].Path
		for _, m := range list {
			s = Joined(s, m.Path)
		}
	}
	if len(run) > 1 {
		s += fmt.Sprintf(" ×%d, each", len(run))
	}
	if c := run[0].Class; c != "" {
		s += " (" + c + ")"
	}
	return s
}

func (r *Explanation) causeTable(m *ExplainedModule) string {
	total := m.Causes.Total()
	t := &render.Table{Screen: r.View.Screen, Columns: slices.Concat(
		render.Columns(false, "cause"), render.Columns(true, "energy", "share", "time", "share"), []render.Column{{Wrap: true, Room: 24}},
	)}
	for i, s := range m.Causes {
		t.Row(law.Cause(i).String(), joules(s.Energy), partText(float64(s.Energy), float64(total.Energy)),
			seconds(s.Time), render.Percent(part(float64(s.Time), float64(total.Time))), causeHelp[i])
	}
	if math.IsNaN(float64(total.Energy)) {
		return t.String()
	}
	dynamic := total.Energy - m.Static
	t.Row("static", joules(m.Static), render.Percent(part(float64(m.Static), float64(total.Energy))), "", "", fmt.Sprintf("of all: %v that flow without work too", r.Idle))
	t.Row("dynamic", joules(dynamic), render.Percent(part(float64(dynamic), float64(total.Energy))), "", "", "of all: what the work adds")
	return t.String()
}

func part(v, of float64) float64 {
	if of <= 0 {
		return 0
	}
	return v / of
}

// partText prints v as a part of a sum.
func partText(v, of float64) string {
	if math.IsNaN(of) {
		return render.UnknownText
	}
	return render.Percent(part(v, of))
}

func joules(v energy.Joules) string {
	if v == 0 {
		return "0"
	}
	return orUnknown(v)
}

func seconds(v energy.Seconds) string {
	if v == 0 {
		return "0"
	}
	return v.String()
}

// classTable splits the energy of every class by cause.
func (r *Explanation) classTable(m *ExplainedModule) string {
	all := m.Causes.Total()
	t := &render.Table{Screen: r.View.Screen, Columns: append(render.Columns(false, "class"), render.Columns(true, "kernels", "energy", "share", "time")...)}
	t.Columns[1].Drop = 2
	for i := range law.NumCauses {
		t.Columns = append(t.Columns, render.Column{Title: i.String(), Right: true, Drop: 1})
	}
	t.Columns = append(t.Columns, render.Column{Title: "bound"})
	for _, c := range m.Classes {
		total := c.Causes.Total()
		row := []string{c.Class, strconv.Itoa(c.Count), joules(total.Energy), partText(float64(total.Energy), float64(all.Energy)), seconds(total.Time)}
		for _, s := range c.Causes {
			row = append(row, partText(float64(s.Energy), float64(total.Energy)))
		}
		t.Row(append(row, c.Bound())...)
	}
	return t.String()
}

// partTable lists the operators that take most, equal ones of several layers in one row.
func (r *Explanation) partTable(m *ExplainedModule) string {
	top := r.Top
	if top < 0 {
		top = defaultTop
	}
	groups := groupParts(m.Operators)
	groups = groups[:min(top, len(groups))]
	if len(groups) == 0 {
		return ""
	}
	all := m.Causes.Total()
	t := &render.Table{Screen: r.View.Screen, Columns: []render.Column{
		{Title: "operator", Room: 20},
		{},
		{Title: "in", Room: 24},
		{Title: "energy", Right: true},
		{Title: "share", Right: true},
		{Title: "time", Right: true},
		{Title: "bound"},
		{Title: "FLOP/B", Right: true, Drop: 2},
		{Title: "ridge", Right: true, Drop: 3},
		{Title: "tiles", Right: true, Drop: 1},
		{Drop: 4},
	}}
	for _, g := range groups {
		total := g.Causes.Total()
		count, intensity, ridge, fill := "", "", "", ""
		if g.Count > 1 {
			count = fmt.Sprintf("×%d", g.Count)
		}
		if len(g.Terms.Members) > 0 {
			intensity = strconv.FormatFloat(g.Intensity(), 'g', 3, 64)
		}
		if g.Ridge > 0 {
			ridge = strconv.FormatFloat(g.Ridge, 'g', 3, 64)
		}
		if g.Terms.Fill > 0 {
			fill = fmt.Sprintf("%.0f %%", 100*g.Terms.Fill)
		}
		t.Row(g.Op.Node.Kind(), count, g.Place, joules(total.Energy), partText(float64(total.Energy), float64(all.Energy)),
			seconds(total.Time), g.Bound(), intensity, ridge, fill, g.Advice)
	}
	return t.String()
}

// groupParts joins kernels that are equal and stand in equal places, the largest first.
func groupParts(list []*ExplainedPart) []*ExplainedPart {
	var out []*ExplainedPart
	at := map[string]*ExplainedPart{}
	for _, p := range list {
		key := p.Op.Node.Kind() + " " + Star(p.Place) + " " + p.Advice
		for _, s := range p.Causes {
			key += fmt.Sprintf(" %.6g %.6g", float64(s.Energy), float64(s.Time))
		}
		g := at[key]
		if g == nil {
			one := *p
			at[key] = &one
			out = append(out, &one)
			continue
		}
		g.Place = Joined(g.Place, p.Place)
		g.Count++
		g.Causes.Add(&p.Causes)
		g.Static += p.Static
	}
	slices.SortStableFunc(out, func(x, y *ExplainedPart) int { return byEnergy(x, y) })
	return out
}
