package report

import (
	"bytes"
	"io"
	"math"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/sweep"
	"github.com/irene-onnx/irene/graph"
)

// SweepOutput is what irene sweep --format json writes, a line per row. With --format jsonl it writes the rows alone.
type SweepOutput struct {
	sweepHead
	Rows []SweepRow `json:"rows" lines:"before,each"` // points by device, in the order of the sizes
	sweepFoot
}

// sweepHead says what was swept.
type sweepHead struct {
	Schema     int                   `json:"schema"`                 // version of the format
	Version    string                `json:"irene"`                  // version of the program
	Model      string                `json:"model"`                  // its file
	As         string                `json:"as,omitzero"`            // precision that the model was costed in, with --as; those of several are joined by ", "
	Convention graph.Convention      `json:"flops"`                  // what counts as a floating-point operation
	Fixed      render.Members[int64] `json:"fixed" lines:"before"`   // dims that are not swept, by name
	Assumed    []string              `json:"assumed"`                // names of the dims nobody gave
	Devices    []targetJSON          `json:"devices" lines:"before"` // that points were predicted for
	Deadline   *energy.Seconds       `json:"deadline_s,omitzero"`    // seconds that a run may take to be recommended, with --deadline
}

// sweepFoot is what is recommended.
type sweepFoot struct {
	Best     []SweepRow     `json:"best" lines:"before"`          // cheapest point of each device and precision by energy, else time, of an item, among those that fit, hold and keep the deadline
	Largest  []LargestBatch `json:"largest_batch" lines:"before"` // that fits each device, by precision
	Warnings []string       `json:"warnings" lines:"before"`      // what to know beside the numbers, for people
}

// SweepRow is a point on a device, under a power limit, at a clock and in a precision.
type SweepRow struct {
	Device   string                `json:"device"`                 // its id
	As       string                `json:"as,omitzero"`            // precision, where --as asks for some
	Limit    energy.Watts          `json:"power_limit_w,omitzero"` // watts; absent: the board's own
	Clock    energy.Hertz          `json:"clock_hz,omitzero"`      // hertz that multiprocessors are held to; absent: boost
	Dims     render.Members[int64] `json:"dims"`                   // the swept sizes, by name
	Energy   energy.Joules         `json:"energy_j"`               // joules
	Time     energy.Seconds        `json:"time_s"`                 // seconds
	Power    energy.Watts          `json:"power_w"`                // watts, on average
	Tokens   *render.Number        `json:"tokens,omitzero"`        // in all sequences, where the model has a dim that counts them
	Items    *render.Number        `json:"items,omitzero"`         // of the batch, where it has none
	PerToken *energy.Joules        `json:"j_per_token,omitzero"`   // joules
	PerItem  *energy.Joules        `json:"j_per_item,omitzero"`    // joules
	TariffJSON
	FLOPs   render.Number `json:"flops"`           // floating-point operations, by the convention of the document
	Bytes   render.Number `json:"bytes"`           // read and written
	Memory  render.Number `json:"memory_bytes"`    // bytes of weights, and of activations at their peak
	Unknown int           `json:"unknown"`         // operators of unknown cost: energy, time, FLOPs and bytes are at least what they say
	Fits    bool          `json:"fits"`            // no more than the device's memory, as far as it is known
	Front   *bool         `json:"pareto,omitzero"` // no other row of the device and precision is at once faster and takes less energy per item; over power limits and clocks, and with --deadline
}

// sweepJSON writes rows as they come: a line each alone, or within one object that also says what was read.
type sweepJSON struct {
	w     io.Writer
	s     *Sweep
	row   func([]byte, *SweepRow) []byte
	buf   []byte
	whole bool
	rows  int
}

func newSweepJSONL(w io.Writer, s *Sweep) sweepWriter {
	return &sweepJSON{w: w, s: s, row: render.Appender[SweepRow]()}
}

func newSweepJSON(w io.Writer, s *Sweep) sweepWriter {
	head := sweepHead{
		Schema: Schema, Version: s.Version, Model: s.Model.File, As: s.As, Convention: s.Convention,
		Fixed: DimsJSON(s.Fixed()), Assumed: s.Grids[0].Open.Example.Assumed,
	}
	for _, b := range s.bases() {
		head.Devices = append(head.Devices, newTargetJSON(b))
	}
	if s.Deadline > 0 {
		head.Deadline = &s.Deadline
	}
	text := bytes.TrimSuffix(render.JSON(&head), []byte("}\n"))
	return &sweepJSON{w: w, s: s, row: render.Appender[SweepRow](), whole: true, buf: append(text, ",\n\"rows\": ["...)}
}

// Row writes one row.
func (c *sweepJSON) Row(r *sweep.Row) error {
	if c.whole && c.rows > 0 {
		c.buf = append(c.buf, ',')
	}
	if c.whole {
		c.buf = append(c.buf, '\n')
	}
	row := c.s.rowJSON(r)
	c.buf = c.row(c.buf, &row)
	if !c.whole {
		c.buf = append(c.buf, '\n')
	}
	c.rows++
	if len(c.buf) < 1<<16 {
		return nil
	}
	return c.flush()
}

func (c *sweepJSON) flush() error {
	_, err := c.w.Write(c.buf)
	c.buf = c.buf[:0]
	return err
}

// rowJSON is how a row stands in documents.
func (s *Sweep) rowJSON(r *sweep.Row) SweepRow {
	on := &s.Settings[r.Setting]
	out := SweepRow{
		Device: on.Device.ID, As: on.As, Limit: on.PowerLimit, Clock: on.Clock, Unknown: r.Unknown, Energy: r.Energy, Time: r.Time, Power: r.Power(),
		FLOPs: render.Number(r.FLOPs), Bytes: render.Number(r.Bytes), Memory: render.Number(math.NaN()), Fits: r.Fits,
	}
	for i, n := range s.sizes(r) {
		out.Dims = append(out.Dims, render.Member[int64]{Name: s.Names[i], Value: n})
	}
	items, per := new(render.Number(r.Items)), new(r.PerItem())
	if s.Grids[0].Tokens {
		out.Tokens, out.PerToken = items, per
	} else {
		out.Items, out.PerItem = items, per
	}
	out.TariffJSON = s.Tariff.JSON(s.use(r), s.useOfItem(r), s.Grids[0].Tokens)
	if s.Front {
		out.Front = &r.Front
	}
	if n, ok := r.MemoryBytes(); ok {
		out.Memory = render.Number(n)
	}
	return out
}

// Finish writes what is still buffered, and in one object what is recommended.
func (c *sweepJSON) Finish() error {
	if !c.whole {
		return c.flush()
	}
	foot := sweepFoot{Largest: c.s.Largest, Warnings: c.s.warnings()}
	for _, b := range c.s.Found.Best {
		if b != nil {
			foot.Best = append(foot.Best, c.s.rowJSON(b))
		}
	}
	c.buf = append(c.buf, "\n],"...)
	c.buf = append(c.buf, bytes.TrimPrefix(render.JSON(&foot), []byte("{"))...)
	return c.flush()
}
