package report

import (
	"fmt"
	"io"
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/sweep"
)

// Sweep is what the formats of irene sweep read beside the rows.
type Sweep struct {
	*Report
	*sweep.Sweep
	Names    []string // of the swept dims as the user gave them
	Axes     []SweepAxis
	Points   int                                     // of sizes
	Refused  []string                                // settings that devices do not take
	Rows     func(emit func(*sweep.Row) error) error // evaluates the grids, and gives Found
	Asserted []string                                // conditions on what is recommended
	Deadline energy.Seconds                          // that a run has to keep to be recommended; 0 for none
	Front    bool                                    // the front of energy against time is marked
	Found    *sweep.Found
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
	Device string `json:"device"`      // its id
	As     string `json:"as,omitzero"` // precision, where --as asks for some
	Name   string `json:"dim"`         // of the batch
	Size   int64  `json:"size"`        // 0 where none fits
	At     string `json:"at"`          // the other dims; "" where there are none
	Memory int64  `json:"-"`           // bytes of the device
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
	if s.Grids[0].Tokens {
		return "token"
	}
	return "item"
}

// metrics are the numbers of a point.
func (s *Sweep) metrics() []Metric {
	return append(SweepMetrics(s.Item()), s.tariffMetrics()...)
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

// Fixed are the declared dims that are not swept and have a number.
func (s *Sweep) Fixed() []Dim {
	var out []Dim
	for _, d := range s.Dims {
		if !slices.Contains(s.Grids[0].Open.Names, d.Name) {
			out = append(out, d)
		}
	}
	return out
}

// GroupName names a device, and the precision where --as asks for some: "h100-sxm as fp8".
func (s *Sweep) GroupName(group int) string {
	on := s.Group(group)
	return onText(on.Device.ID, on.As)
}

func onText(device, as string) string {
	if as == "" {
		return device
	}
	return device + " as " + as
}

func (s *Sweep) warnings() []string {
	out := slices.Clone(s.Refused)
	for _, g := range s.Grids {
		for _, w := range g.Warnings {
			if !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
	}
	if n := s.Found.Unknown; n > 0 {
		out = append(out, fmt.Sprintf("%s of unknown cost in no sum (irene analyze names them): no point is recommended of which they are part", render.Plural(n, "operator")))
	}
	if direct := s.Grids[0].Direct; direct != "" {
		out = append(out, "every point was analyzed of its own: "+direct)
	}
	return out
}
