package report

import (
	"fmt"
	"io"
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
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
	Device string `json:"device"` // its id
	Name   string `json:"dim"`    // of the batch
	Size   int64  `json:"size"`   // 0 where none fits
	At     string `json:"at"`     // the other dims; "" where there are none
	Memory int64  `json:"-"`      // bytes of the device
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
