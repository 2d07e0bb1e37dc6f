package report

import (
	"io"
	"strconv"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy/sweep"
)

// sweepCSV writes a row for each point and device; numbers that are not known are empty.
type sweepCSV struct {
	out     render.CSV
	s       *Sweep
	metrics []Metric
	record  []string
	started bool
}

func newSweepCSV(w io.Writer, s *Sweep) sweepWriter {
	return &sweepCSV{out: render.NewCSV(w), s: s, metrics: SweepMetrics(s.Item())}
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
	c.record = append(c.record[:0], c.s.Grid.Programs[r.Device].Device.ID)
	for _, n := range c.s.sizes(r) {
		c.record = append(c.record, strconv.FormatInt(n, 10))
	}
	for _, m := range c.metrics {
		c.record = append(c.record, render.CSVNumber(m.Sweep(r), true))
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
