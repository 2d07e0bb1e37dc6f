package report

import (
	"io"
	"slices"
	"strconv"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
)

// csvMetrics are the metrics with a column, in the order of the columns.
func csvMetrics() []*Metric {
	list := MetricTable(func(x *Metric) bool { return x.Column > 0 })
	slices.SortFunc(list, func(x, y *Metric) int { return x.Column - y.Column })
	return list
}

// writeCSV writes a row per module, the root first, then a row per operator. A module's numbers hold those of
// everything below it: sums are to be made over one kind, and one depth, at a time. Numbers that are not known are
// empty.
func writeCSV(w io.Writer, r *Report) error {
	out := render.NewCSV(w)
	head := []string{"kind", "path", "module", "name", "op", "class", "depth", "calls"}
	for _, x := range csvMetrics() {
		head = append(head, x.Key)
	}
	if err := out.Write(append(head, "note")); err != nil {
		return err
	}
	if err := r.csvModule(out, r.Tree, 0); err != nil {
		return err
	}
	list := r.csvOperators()
	for _, i := range list {
		op := &r.Operators[i]
		row := []string{"operator", op.Path, "", op.Node.Name, op.Node.Kind(), op.Class, "", ""}
		if err := out.Write(append(csvRow(row, op.Metrics), Flags(op))); err != nil {
			return err
		}
	}
	return out.Finish()
}

// csvOperators are all operators in graph order, or the top ones where the view has a number.
func (r *Report) csvOperators() []int {
	if r.View.Top >= 0 {
		return r.topOperators(r.View.Top)
	}
	var out []int
	for i := range r.Operators {
		if r.selected(r.Operators[i].Path) {
			out = append(out, i)
		}
	}
	return out
}

func (r *Report) csvModule(out render.CSV, m *Module, depth int) error {
	if r.View.Depth >= 0 && depth > r.View.Depth {
		return nil
	}
	if depth == 0 || r.selected(m.Path) {
		row := []string{"module", m.Path, m.Canonical, m.Name, "", m.Class, strconv.Itoa(depth), strconv.Itoa(m.Calls)}
		if err := out.Write(append(csvRow(row, &m.Metrics), "")); err != nil {
			return err
		}
	}
	for _, c := range m.Children {
		if err := r.csvModule(out, c, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// csvRow appends the numbers; those that depend on open dims are expressions.
func csvRow(row []string, m *Metrics) []string {
	for _, x := range csvMetrics() {
		if x.Count == nil {
			row = append(row, render.CSVNumber(x.Of(m)))
		} else if d := x.Count(m); d.IsUnknown() {
			row = append(row, "")
		} else {
			row = append(row, d.String())
		}
	}
	return row
}
