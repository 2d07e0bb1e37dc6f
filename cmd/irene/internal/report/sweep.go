package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/energy/sweep"
)

// Sweep is what the formats of irene sweep read beside the rows.
type Sweep struct {
	*Report
	Grid     *sweep.Grid
	Names    []string // of the swept dims as the user gave them
	Axes     []SweepAxis
	Points   int
	Rows     func(emit func(*sweep.Row) error) error // evaluates the grid, and finds Best
	Asserted []string                                // conditions on what is recommended
	Best     []*sweep.Row
	Largest  []LargestBatch
}

// SweepAxis is one swept dim.
type SweepAxis struct {
	Name   string  // as the user gave it
	Sizes  []int64 // of that name
	Values []int64 // of the dim behind it
}

// LargestBatch is the largest size of the batch that fits a device, at the largest sizes of the other dims.
type LargestBatch struct {
	Device int
	Name   string
	Size   int64
	At     string // the other dims; "" where there are none
}

// sizes are the sizes of a row as the user gave them.
func (s *Sweep) sizes(r *sweep.Row) []int64 {
	out := make([]int64, len(s.Axes))
	for i := range s.Axes {
		out[i] = s.Axes[i].Size(r.Values[i])
	}
	return out
}

// Size is the size of the user's name where the dim behind it has that value.
func (a *SweepAxis) Size(value int64) int64 {
	if i := slices.Index(a.Values, value); i >= 0 {
		return a.Sizes[i]
	}
	return value
}

// Item names what energy is divided by.
func (s *Sweep) Item() string {
	if s.Grid.Tokens {
		return "token"
	}
	return "item"
}

// SweepFormats is the table of formats for sweeps, the default first. They ask the sweep for its rows, and write them as
// they come.
func SweepFormats() []render.Format[*Sweep] {
	return []render.Format[*Sweep]{
		{Name: "text", Help: "a table for people", Write: streamed(newSweepText)},
		{Name: "csv", Help: "a row per point and device", Ext: []string{".csv"}, Write: streamed(newSweepCSV)},
		{Name: "jsonl", Help: "a line per point and device", Ext: []string{".jsonl"}, Write: streamed(newSweepJSONL)},
		{Name: "json", Help: "the same, with what was read and what is best", Ext: []string{".json"}, Write: streamed(newSweepJSON)},
	}
}

// sweepWriter writes rows as they come. Finish is called once, after the last.
type sweepWriter interface {
	Row(*sweep.Row) error
	Finish() error
}

func streamed(begin func(io.Writer, *Sweep) sweepWriter) func(io.Writer, *Sweep) error {
	return func(w io.Writer, s *Sweep) error {
		out := begin(w, s)
		if err := s.Rows(out.Row); err != nil {
			return err
		}
		return out.Finish()
	}
}

// sweepCSV writes a row for each point and device; numbers that are not known are empty.
type sweepCSV struct {
	out     *csv.Writer
	s       *Sweep
	metrics []Metric
	record  []string
	started bool
}

func newSweepCSV(w io.Writer, s *Sweep) sweepWriter {
	return &sweepCSV{out: csv.NewWriter(w), s: s, metrics: SweepMetrics(s.Item())}
}

func (c *sweepCSV) head() error {
	if c.started {
		return nil
	}
	c.started = true
	head := append([]string{"device"}, c.s.Names...)
	for _, m := range c.metrics {
		head = append(head, m.Key)
	}
	return c.out.Write(append(head, "fits"))
}

// Row writes one row.
func (c *sweepCSV) Row(r *sweep.Row) error {
	if err := c.head(); err != nil {
		return err
	}
	c.record = append(c.record[:0], c.s.Grid.Targets[r.Device].Device.ID)
	for _, n := range c.s.sizes(r) {
		c.record = append(c.record, strconv.FormatInt(n, 10))
	}
	for _, m := range c.metrics {
		c.record = append(c.record, render.CSVNumber(m.Sweep(r)))
	}
	return c.out.Write(append(c.record, strconv.FormatBool(r.Fits)))
}

// Finish writes what is still buffered.
func (c *sweepCSV) Finish() error {
	if err := c.head(); err != nil {
		return err
	}
	c.out.Flush()
	return c.out.Error()
}

// sweepJSON writes an object per row: a line each alone, or within one object that also says what was read.
type sweepJSON struct {
	w       io.Writer
	s       *Sweep
	metrics []Metric
	j       render.JSON
	whole   bool
	rows    int
}

func newSweepJSONL(w io.Writer, s *Sweep) sweepWriter {
	return &sweepJSON{w: w, s: s, metrics: SweepMetrics(s.Item())}
}

func newSweepJSON(w io.Writer, s *Sweep) sweepWriter {
	j := &sweepJSON{w: w, s: s, metrics: SweepMetrics(s.Item()), whole: true}
	j.j.Open('{')
	s.jsonHead(&j.j)
	return j
}

// Row writes one row.
func (c *sweepJSON) Row(r *sweep.Row) error {
	if c.whole {
		if c.rows > 0 {
			c.j.Buf = append(c.j.Buf, ',')
		}
		c.j.Buf = append(c.j.Buf, '\n')
	}
	c.j.Comma = false
	c.row(r)
	c.rows++
	if !c.whole {
		c.j.End()
	}
	if len(c.j.Buf) < 1<<16 {
		return nil
	}
	return c.flush()
}

func (c *sweepJSON) flush() error {
	_, err := c.w.Write(c.j.Buf)
	c.j.Buf = c.j.Buf[:0]
	return err
}

func (c *sweepJSON) row(r *sweep.Row) {
	j := &c.j
	j.Open('{')
	j.Key("device")
	j.Str(c.s.Grid.Targets[r.Device].Device.ID)
	j.Key("dims")
	j.Open('{')
	for i := range c.s.Names {
		j.Key(c.s.Names[i])
		j.Int(c.s.Axes[i].Size(r.Values[i]))
	}
	j.Close('}')
	for _, m := range c.metrics {
		j.Key(m.Key)
		j.Float(m.Sweep(r))
	}
	j.Key("fits")
	j.Bool(r.Fits)
	j.Close('}')
}

// Finish writes what is still buffered, and in one object what is recommended.
func (c *sweepJSON) Finish() error {
	if !c.whole {
		return c.flush()
	}
	j := &c.j
	j.Buf = append(j.Buf, "\n]"...)
	j.Comma = true
	j.Line()
	j.Key("best")
	j.Open('[')
	for _, b := range c.s.Best {
		if b != nil {
			c.row(b)
		}
	}
	j.Close(']')
	j.Line()
	j.Key("largest_batch")
	j.Open('[')
	for _, l := range c.s.Largest {
		j.Open('{')
		j.Key("device")
		j.Str(c.s.Grid.Targets[l.Device].Device.ID)
		j.Key("dim")
		j.Str(l.Name)
		j.Key("size")
		j.Int(l.Size)
		j.Key("at")
		j.Str(l.At)
		j.Close('}')
	}
	j.Close(']')
	j.Line()
	j.Key("warnings")
	j.Strs(c.s.warnings())
	j.Close('}')
	j.End()
	return c.flush()
}

// jsonHead writes what was read, up to the beginning of the rows.
func (s *Sweep) jsonHead(j *render.JSON) {
	j.Key("schema")
	j.Int(1)
	j.Key("irene")
	j.Str(s.Version)
	j.Key("model")
	j.Str(s.Model.File)
	j.Key("flops")
	j.Str(string(s.Convention))
	j.Line()
	j.Key("fixed")
	j.Open('{')
	for _, d := range s.fixed() {
		j.Key(d.Name)
		j.Int(d.Value)
	}
	j.Close('}')
	j.Key("assumed")
	j.Strs(s.Grid.Open.Example.Assumed)
	j.Line()
	j.Key("devices")
	j.Open('[')
	for i, t := range s.Grid.Targets {
		j.Open('{')
		j.Key("id")
		j.Str(t.Device.ID)
		j.Key("scope")
		jsonBoundary(j, t.Coefficients.Boundary)
		j.Key("origin")
		j.Str(s.origin(i))
		j.Key("runtime")
		j.Str(s.runtime(i))
		j.Close('}')
	}
	j.Close(']')
	j.Line()
	j.Key("rows")
	j.Open('[')
}

func (s *Sweep) origin(i int) string {
	if t := s.Grid.Targets[i]; t.Device.ID != t.Coefficients.Device {
		return predict.OriginEstimated
	}
	return predict.OriginFitted
}

func (s *Sweep) runtime(i int) string {
	if t := s.Grid.Targets[i]; t.Options.Profile != "" {
		return t.Options.Profile
	}
	return s.Grid.Targets[i].Coefficients.Profile
}

// fixed are the declared dims that are not swept and have a number.
func (s *Sweep) fixed() []Dim {
	var out []Dim
	for _, d := range s.Dims {
		if !slices.Contains(s.Grid.Open.Names, d.Name) {
			out = append(out, d)
		}
	}
	return out
}

func (s *Sweep) warnings() []string {
	out := slices.Clone(s.Grid.Warnings)
	if s.Grid.Unknown > 0 {
		out = append(out, fmt.Sprintf("%s of unknown cost in no sum (irene analyze names them)", render.Plural(s.Grid.Unknown, "operator")))
	}
	if s.Grid.Direct != "" {
		out = append(out, "every point was analyzed of its own: "+s.Grid.Direct)
	}
	return out
}
