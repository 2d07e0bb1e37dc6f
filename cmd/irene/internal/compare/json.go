package compare

import (
	"bytes"
	"encoding/csv"
	"io"
	"strconv"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

// writeCompareJSON writes models and rows at the first point as one object; further points follow with the same rows in
// the same order.
func writeJSON(w io.Writer, c *Comparison) error {
	j := &render.JSON{}
	j.Open('{')
	j.Key("schema")
	j.Int(report.Schema)
	j.Key("irene")
	j.Str(c.Version)
	first := c.Points[0].Reports[0]
	j.Line()
	first.JSONDevice(j)
	j.Key("mode")
	j.Str(first.Mode)
	j.Key("flops")
	j.Str(string(first.Convention))
	c.jsonModels(j, 0)
	c.jsonRows(j, 0)
	j.Line()
	j.Key("points")
	j.Open('[')
	for p := range c.Points {
		if len(c.Points) == 1 {
			break
		}
		j.Line()
		j.Open('{')
		j.Key("at")
		j.Str(c.Points[p].Label)
		c.jsonModels(j, p)
		c.jsonRows(j, p)
		j.Close('}')
	}
	j.Close(']')
	c.jsonCrossings(j)
	c.jsonPieces(j)
	j.Line()
	j.Key("interval_rule")
	j.Str(IntervalRule)
	j.Key("notes")
	j.Strs(c.Notes)
	j.Close('}')
	j.End()
	_, err := w.Write(j.Bytes())
	return err
}

func (c *Comparison) jsonModels(j *render.JSON, point int) {
	j.Line()
	j.Key("models")
	j.Open('[')
	reports := c.Points[point].Reports
	for k, r := range reports {
		j.Line()
		j.Open('{')
		j.Key("name")
		j.Str(c.Names[k])
		j.Key("file")
		j.Str(r.Model.File)
		j.Key("producer")
		j.Str(r.Model.Producer)
		j.Key("dims")
		j.Open('{')
		for _, d := range r.Dims {
			j.Key(d.Name)
			j.Int(d.Value)
		}
		j.Close('}')
		j.Key("assumed")
		j.Strs(r.Assumed)
		j.Key("metrics")
		report.JSONMetrics(j, &r.Tree.Metrics)
		j.Key("ratios")
		jsonRatios(j, &reports[0].Tree.Metrics, &r.Tree.Metrics)
		j.Key("differs")
		jsonDiffer(j, &reports[0].Tree.Metrics, &r.Tree.Metrics)
		j.Key("warnings")
		j.Strs(r.Warnings)
		j.Close('}')
	}
	j.Close(']')
}

func (c *Comparison) jsonRows(j *render.JSON, point int) {
	j.Line()
	j.Key("rows")
	j.Open('[')
	var down func(*Row, int)
	down = func(r *Row, depth int) {
		if c.View.Depth >= 0 && depth > c.View.Depth {
			return
		}
		j.Line()
		c.jsonRow(j, r, point, depth)
		for _, x := range r.Children {
			down(x, depth+1)
		}
	}
	if c.View.Modules == nil {
		down(c.Root, 0)
	}
	for _, r := range c.View.Modules {
		j.Line()
		c.jsonRow(j, r, point, 0)
	}
	j.Close(']')
}

func (c *Comparison) jsonRow(j *render.JSON, r *Row, point, depth int) {
	j.Open('{')
	j.Key("paths")
	j.Open('[')
	for k := range c.Names {
		if p, ok := r.Path(k); ok {
			j.Str(p)
		} else {
			j.Null()
		}
	}
	j.Close(']')
	j.Key("depth")
	j.Int(int64(depth))
	j.Key("matched")
	if r.Reason == "" {
		j.Null()
	} else {
		j.Str(string(r.Reason))
	}
	list := func(key string, write func(a, b *report.Metrics)) {
		j.Key(key)
		j.Open('[')
		for k := range c.Names {
			a, b := r.Metrics(point, 0), r.Metrics(point, k)
			if b == nil || key != "metrics" && a == nil {
				j.Null()
				continue
			}
			write(a, b)
		}
		j.Close(']')
	}
	list("metrics", func(_, b *report.Metrics) { report.JSONMetrics(j, b) })
	list("ratios", func(a, b *report.Metrics) { jsonRatios(j, a, b) })
	list("differs", func(a, b *report.Metrics) { jsonDiffer(j, a, b) })
	j.Close('}')
}

// jsonRatios writes b/a of every metric, null where there is none.
func jsonRatios(j *render.JSON, a, b *report.Metrics) {
	j.Open('{')
	for _, x := range metrics() {
		j.Key(x.Key)
		va, okA := x.Of(a)
		vb, okB := x.Of(b)
		if r, ok := Ratio(va, vb); ok && okA && okB {
			j.Float(r)
		} else {
			j.Null()
		}
	}
	j.Close('}')
}

func jsonDiffer(j *render.JSON, a, b *report.Metrics) {
	if differ, known := Differ(a, b); known {
		j.Bool(differ)
		return
	}
	j.Null()
}

func (c *Comparison) jsonCrossings(j *render.JSON) {
	j.Line()
	j.Key("crossovers")
	j.Open('[')
	index := func(i int) {
		if i < 0 {
			j.Null()
			return
		}
		j.Int(int64(i))
	}
	for _, x := range c.Crossings {
		j.Line()
		j.Open('{')
		j.Key("metric")
		j.Str(report.FindMetric(x.Metric).Key)
		j.Key("dim")
		j.Str(x.Dim)
		j.Key("models")
		j.Open('[')
		j.Int(0)
		j.Int(int64(x.Model))
		j.Close(']')
		j.Key("low")
		j.Int(x.Low)
		j.Key("high")
		j.Int(x.High)
		j.Key("others")
		j.Str(x.Others)
		j.Key("closed_form")
		j.Bool(x.Closed)
		j.Key("cheaper")
		index(x.Cheaper)
		j.Key("changes")
		j.Open('[')
		for _, s := range x.Changes {
			j.Open('{')
			j.Key("from")
			j.Int(s.From)
			j.Key("cheaper")
			index(s.Cheaper)
			j.Close('}')
		}
		j.Close(']')
		j.Close('}')
	}
	j.Close(']')
}

// jsonPieces writes the disjoint parts of the first model and each other one, biggest differences first.
func (c *Comparison) jsonPieces(j *render.JSON) {
	x := c.shown()[0]
	j.Line()
	j.Key("differences")
	j.Open('[')
	for k := 1; k < len(c.Names); k++ {
		j.Line()
		j.Open('{')
		j.Key("metric")
		j.Str(x.Key)
		j.Key("models")
		j.Open('[')
		j.Int(0)
		j.Int(int64(k))
		j.Close(']')
		j.Key("parts")
		j.Open('[')
		for _, p := range c.pieces(x, 0, k) {
			j.Line()
			jsonPiece(j, p)
		}
		j.Close(']')
		j.Close('}')
	}
	j.Close(']')
}

func jsonPiece(j *render.JSON, p *piece) {
	j.Open('{')
	j.Key("path")
	j.Str(p.path)
	j.Key("beside")
	if p.beside == "" {
		j.Null()
	} else {
		j.Str(p.beside)
	}
	j.Key("own_operators")
	j.Bool(p.own)
	j.Key("count")
	j.Int(int64(p.count))
	j.Key("values")
	j.Open('[')
	for _, a := range []amount{p.a, p.b} {
		if a.some && a.known {
			j.Float(a.value)
		} else {
			j.Null()
		}
	}
	j.Close(']')
	j.Close('}')
}

// writeCompareCSV writes a line per row and point. Numbers that are not known, or of modules that a model does not have,
// are empty.
func writeCSV(w io.Writer, c *Comparison) error {
	var b bytes.Buffer
	out := csv.NewWriter(&b)
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
		head = append(head, "differs_"+n)
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
	out.Flush()
	if err := out.Error(); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
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
				a := amountOf(x, r.Metrics(point, k))
				list = append(list, a)
				row = append(row, render.CSVFloat(a.value, a.some && a.known))
			}
			for _, a := range list[1:] {
				ratio, ok := Ratio(list[0].value, a.value)
				row = append(row, render.CSVFloat(ratio, ok && a.known && list[0].known))
			}
		}
		for k := range c.Names[1:] {
			text := ""
			if differ, known := Differ(r.Metrics(point, 0), r.Metrics(point, k+1)); known {
				text = strconv.FormatBool(differ)
			}
			row = append(row, text)
		}
		rows = append(rows, row)
	}
	var down func(*Row, int)
	down = func(r *Row, depth int) {
		if c.View.Depth >= 0 && depth > c.View.Depth {
			return
		}
		add(r, depth)
		for _, x := range r.Children {
			down(x, depth+1)
		}
	}
	if c.View.Modules == nil {
		down(c.Root, 0)
	}
	for _, r := range c.View.Modules {
		add(r, 0)
	}
	return rows
}
