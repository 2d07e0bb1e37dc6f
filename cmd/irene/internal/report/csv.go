package report

import (
	"bytes"
	"encoding/csv"
	"io"
	"strconv"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

var csvColumns = []string{
	"kind", "path", "module", "name", "op", "class", "depth", "calls",
	"params", "macs", "flops", "bytes_read", "bytes_written", "operators", "unknown",
	"time_s", "energy_j", "energy_low_j", "energy_high_j", "share", "note",
}

// writeCSV writes a row per module, the root first, then a row per operator. A module's numbers hold those of
// everything below it: sums are to be made over one kind, and one depth, at a time. Numbers that are not known are
// empty.
func writeCSV(w io.Writer, r *Report) error {
	var b bytes.Buffer
	out := csv.NewWriter(&b)
	if err := out.Write(csvColumns); err != nil {
		return err
	}
	if err := r.csvModule(out, r.Tree, 0); err != nil {
		return err
	}
	list := r.csvOperators()
	for _, i := range list {
		op := &r.Operators[i]
		row := []string{"operator", op.Path, "", op.Node.Name, op.Node.Kind(), op.Class, "", ""}
		if err := out.Write(append(row, r.csvMetrics(&op.Metrics, op.Share, Flags(op))...)); err != nil {
			return err
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// csvOperators are all operators in graph order, or the top ones where the view has a number.
func (r *Report) csvOperators() []int {
	if r.View.Top >= 0 {
		return r.TopOperators(r.View.Top)
	}
	var out []int
	for i := range r.Operators {
		if r.selected(r.Operators[i].Path) {
			out = append(out, i)
		}
	}
	return out
}

func (r *Report) csvModule(out *csv.Writer, m *Module, depth int) error {
	if r.View.Depth >= 0 && depth > r.View.Depth {
		return nil
	}
	if depth == 0 || r.selected(m.Path) {
		row := []string{"module", m.Path, m.Canonical, m.Name, "", m.Class, strconv.Itoa(depth), strconv.Itoa(m.Calls)}
		if err := out.Write(append(row, r.csvMetrics(&m.Metrics, m.Share, "")...)); err != nil {
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

func (r *Report) csvMetrics(m *Metrics, share float64, note string) []string {
	var row []string
	for _, d := range []graph.Dim{m.Params, m.MACs, m.FLOPs, m.Read, m.Written} {
		if d.IsUnknown() {
			row = append(row, "")
			continue
		}
		row = append(row, d.String())
	}
	row = append(row, strconv.Itoa(m.Operators), strconv.Itoa(m.Unknown))
	row = append(row, render.CSVFloat(float64(m.Time), m.Predicted))
	for _, v := range []energy.Joules{m.Energy, m.Low, m.High} {
		row = append(row, render.CSVFloat(float64(v), m.HasEnergy()))
	}
	return append(row, render.CSVFloat(share, r.ShareOf() != ""), note)
}
