package compare

import (
	"io"
	"math"
	"strconv"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
)

// writeCSV writes a line per row and point of two models, of several a line per model and point. Numbers that are not known,
// or of modules that a model does not have, are empty.
func writeCSV(w io.Writer, c *Comparison) error {
	out := render.NewCSV(w)
	write := writePairCSV
	if c.ranked() {
		write = writeRankingCSV
	}
	if err := write(out, c); err != nil {
		return err
	}
	return out.Finish()
}

func writePairCSV(out render.CSV, c *Comparison) error {
	head := []string{"at", "depth", "matched"}
	for _, n := range c.Names {
		head = append(head, "path_"+n)
	}
	for _, x := range metrics() {
		for _, n := range c.Names {
			head = append(head, x.Key+"_"+n)
		}
		for _, n := range c.Names[1:] {
			head = append(head, x.Key+"_"+n+"/"+c.Names[0])
		}
	}
	for _, n := range c.Names[1:] {
		for _, x := range predicted() {
			ratio := x.Key + "_" + n + "/" + c.Names[0]
			head = append(head, ratio+"_low", ratio+"_high", ratio+"_verdict")
		}
	}
	if err := out.Write(head); err != nil {
		return err
	}
	for p := range c.Points {
		for _, row := range c.csvRows(p) {
			if err := out.Write(row); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Comparison) csvRows(point int) [][]string {
	var rows [][]string
	add := func(r *Row, depth int) {
		row := []string{c.Points[point].Label, strconv.Itoa(depth), string(r.Reason)}
		for k := range c.Names {
			p, _ := r.Path(k)
			row = append(row, p)
		}
		for _, x := range metrics() {
			var list []amount
			for k := range c.Names {
				a := c.amount(x, point, k, r.Metrics(point, k))
				list = append(list, a)
				row = append(row, render.CSVNumber(a.value, a.some && a.known))
			}
			for _, a := range list[1:] {
				ratio := list[0].ratio(a)
				row = append(row, render.CSVNumber(ratio, !math.IsNaN(ratio)))
			}
		}
		for k := range c.Names[1:] {
			for _, x := range predicted() {
				ratio, ok := c.ratio(x, r, point, 0, k+1)
				if !ok {
					row = append(row, "", "", "")
					continue
				}
				row = append(row, render.CSVNumber(ratio.Low, !math.IsNaN(ratio.Low)), render.CSVNumber(ratio.High, !math.IsNaN(ratio.High)), string(ratio.Verdict()))
			}
		}
		rows = append(rows, row)
	}
	c.eachRow(add)
	return rows
}
