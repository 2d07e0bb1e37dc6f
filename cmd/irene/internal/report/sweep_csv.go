package report

import (
	"io"
	"strconv"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy/sweep"
)

// sweepCSV writes a row for each point and setting; numbers that are not known are empty, those of which some operators are
// unknown the sum of the others.
type sweepCSV struct {
	out     render.CSV
	s       *Sweep
	columns []settingColumn
	metrics []Metric
	record  []string
	started bool
}

func newSweepCSV(w io.Writer, s *Sweep) sweepWriter {
	return &sweepCSV{out: render.NewCSV(w), s: s, columns: s.columns(), metrics: s.metrics()}
}

func (c *sweepCSV) head() error {
	if c.started {
		return nil
	}
	c.started = true
	head := []string{"device"}
	for _, x := range c.columns {
		head = append(head, x.key)
	}
	head = append(head, c.s.Names...)
	for _, m := range c.metrics {
		head = append(head, m.Key)
	}
	head = append(head, "unknown", "fits")
	if c.s.Front {
		head = append(head, "pareto")
	}
	return c.out.Write(head)
}

// Row writes one row.
func (c *sweepCSV) Row(r *sweep.Row) error {
	if err := c.head(); err != nil {
		return err
	}
	on := &c.s.Settings[r.Setting]
	c.record = append(c.record[:0], on.Device.ID)
	for _, x := range c.columns {
		c.record = append(c.record, x.csv(on))
	}
	c.record = append(c.record, c.s.sizeTexts(r)...)
	for _, m := range c.metrics {
		c.record = append(c.record, render.CSVNumber(m.Sweep(r), true))
	}
	c.record = append(c.record, strconv.Itoa(r.Unknown), strconv.FormatBool(r.Fits))
	if c.s.Front {
		c.record = append(c.record, strconv.FormatBool(r.Front))
	}
	return c.out.Write(c.record)
}

// Finish writes what is still buffered.
func (c *sweepCSV) Finish() error {
	if err := c.head(); err != nil {
		return err
	}
	return c.out.Finish()
}
