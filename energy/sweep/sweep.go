package sweep

import (
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// Sweep is a graph over the same sizes at several settings, with a grid for each precision.
type Sweep struct {
	Grids    []*Grid
	Settings []Setting // in the order of the rows of a point: by device, precision, and target
	Groups   int       // of settings
}

// Setting is what a row is predicted for beside its sizes.
type Setting struct {
	*predict.Program
	predict.Options
	As    string // precision, as in analysis.Options
	Group int    // of the settings that differ in power limit and clock alone

	grid, target int
}

// New compiles a grid for each precision: see [NewGrid]. Targets of a device stand side by side.
func New(g *graph.Graph, opts analysis.Options, precisions, names []string, points [][]int64, targets []predict.Target, conv graph.Convention) (*Sweep, error) {
	out := &Sweep{}
	for _, as := range precisions {
		opts.As = as
		grid, err := NewGrid(g, opts, names, points, targets, conv)
		if err != nil {
			return nil, err
		}
		out.Grids = append(out.Grids, grid)
	}
	for from, to := 0, 0; from < len(targets); from = to {
		for to = from; to < len(targets) && targets[to].Device.ID == targets[from].Device.ID; {
			to++
		}
		for i, grid := range out.Grids {
			for t := from; t < to; t++ {
				out.Settings = append(out.Settings, Setting{
					Program: grid.Programs[t], Options: targets[t].Options, As: precisions[i], Group: out.Groups, grid: i, target: t,
				})
			}
			out.Groups++
		}
	}
	return out, nil
}

// Group is the first setting of a group.
func (s *Sweep) Group(group int) *Setting {
	return &s.Settings[slices.IndexFunc(s.Settings, func(t Setting) bool { return t.Group == group })]
}

// Largest is the largest size of a dim at which the device of a setting holds a run: see [Line.Largest].
func (s *Sweep) Largest(values []int64, dim int, on *Setting) (int64, bool) {
	return s.Grids[on.grid].Along(values, dim).Largest(on.target)
}

// Row is one point of a sweep at one setting. Numbers that are not known are not a number.
type Row struct {
	Values       []int64 // of the open dims
	Setting      int     // index of the sweep's settings
	Energy       energy.Joules
	Time         energy.Seconds
	FLOPs, Bytes float64
	Items        float64 // tokens, or members of the batch
	Memory       analysis.Memory
	Unknown      int  // operators whose cost is not known: energy, time, FLOPs and bytes are at least what they are here
	Fits         bool // what the run holds at once is not more than the device's memory, as far as it is known
	Holds        bool // the caller's conditions
	Front        bool // see Request.Front
}

// PerItem is the energy of one token, or of one member of the batch.
func (r *Row) PerItem() energy.Joules { return r.Energy / energy.Joules(r.Items) }

// cost is what rows are ranked by: the energy of an item, or its time where no energy is known.
func (r *Row) cost() float64 {
	if e := float64(r.PerItem()); !math.IsNaN(e) {
		return e
	}
	return float64(r.Time) / r.Items
}

// eligible reports whether a row may be recommended: it runs, and nothing is missing from its energy and time.
func (r *Row) eligible() bool { return r.Fits && r.Holds && r.Unknown == 0 }

// Power is the mean power; not a number where operators are missing from energy and time.
func (r *Row) Power() energy.Watts {
	if r.Unknown > 0 {
		return energy.Watts(math.NaN())
	}
	return r.Energy.Over(r.Time)
}

// MemoryBytes is what the run holds at once; false where it is not known.
func (r *Row) MemoryBytes() (int64, bool) {
	return r.Memory.WeightBytes + r.Memory.PeakBytes, r.Memory.Known
}

// Points is the number of points of a grid over axes, capped at limit+1.
func Points(axes [][]int64, limit int) int {
	n := 1
	for _, a := range axes {
		if len(a) > 0 && n > limit/len(a) {
			return limit + 1
		}
		n *= len(a)
	}
	return n
}

// Request says over what a sweep goes, and what it is to find.
type Request struct {
	Axes     [][]int64       // sizes of the open dims
	Holds    func(*Row) bool // conditions on what is recommended; nil for none
	Deadline energy.Seconds  // that a run has to keep to be recommended; 0 for none
	// Front has the rows marked that no other of their group is at once faster than, by the time of a run, and cheaper, by the
	// energy of an item; of equal ones the first. Rows are then kept until all are known.
	Front bool
}

// Found is what a sweep found, for each group of settings. Rows of operators without a cost are never found.
type Found struct {
	Best    []*Row // that takes the least energy per item, or the least time where no energy is known, fits, holds and keeps the deadline; nil where there is none
	Fastest []*Row // that fits and holds, in or after the deadline; nil where there is none
	Held    []bool // some row fits and holds, whether its cost is known or not
	Unknown int    // operators without a cost in a row, at most
}

// see takes one row into account.
func (f *Found) see(r *Row, group int, deadline energy.Seconds) {
	f.Unknown = max(f.Unknown, r.Unknown)
	f.Held[group] = f.Held[group] || r.Fits && r.Holds
	if !r.eligible() {
		return
	}
	if q := f.Fastest[group]; q == nil || less(float64(r.Time), float64(q.Time)) {
		f.Fastest[group] = r
	}
	if b := f.Best[group]; (deadline == 0 || r.Time <= deadline) && (b == nil || less(r.cost(), b.cost())) {
		f.Best[group] = r
	}
}

// sweepChunk is the number of rows, about, that one goroutine evaluates at a time.
const sweepChunk = 1024

// Run evaluates every combination of the axes' sizes, the last axis fastest, and hands the rows to emit in that order,
// the settings of a point together. The rows belong to emit.
func (s *Sweep) Run(q Request, emit func(*Row) error) (*Found, error) {
	out := &Found{Best: make([]*Row, s.Groups), Fastest: make([]*Row, s.Groups), Held: make([]bool, s.Groups)}
	if !q.Front {
		return out, s.rows(&q, func(r *Row) error {
			out.see(r, s.Settings[r.Setting].Group, q.Deadline)
			return emit(r)
		})
	}
	var rows []*Row
	if err := s.rows(&q, func(r *Row) error {
		out.see(r, s.Settings[r.Setting].Group, q.Deadline)
		rows = append(rows, r)
		return nil
	}); err != nil {
		return nil, err
	}
	s.markFronts(rows)
	for _, r := range rows {
		if err := emit(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// rows evaluates the points on all processors and hands their rows on in order.
func (s *Sweep) rows(q *Request, emit func(*Row) error) error {
	total := Points(q.Axes, math.MaxInt32)
	workers := runtime.GOMAXPROCS(0)
	size := max(1, sweepChunk/len(s.Settings))
	for from := 0; from < total; from += size * workers {
		rows := make([][]Row, workers)
		errs := make([]error, workers)
		var wait sync.WaitGroup
		for w := range workers {
			low := from + w*size
			if low >= total {
				break
			}
			wait.Add(1)
			go func() {
				defer wait.Done()
				rows[w], errs[w] = s.chunk(q, low, min(low+size, total))
			}()
		}
		wait.Wait()
		for w := range workers {
			for i := range rows[w] {
				if err := emit(&rows[w][i]); err != nil {
					return err
				}
			}
			if errs[w] != nil {
				return errs[w]
			}
		}
	}
	return nil
}

// chunk evaluates the points from low up to high.
func (s *Sweep) chunk(q *Request, low, high int) ([]Row, error) {
	out := make([]Row, 0, (high-low)*len(s.Settings))
	values := make([]int64, (high-low)*len(q.Axes))
	points := make([]Point, len(s.Grids))
	for i := low; i < high; i++ {
		at := values[:len(q.Axes):len(q.Axes)]
		values = values[len(q.Axes):]
		rest := i
		for k := len(q.Axes) - 1; k >= 0; k-- {
			at[k] = q.Axes[k][rest%len(q.Axes[k])]
			rest /= len(q.Axes[k])
		}
		for k, g := range s.Grids {
			if err := g.At(at, &points[k]); err != nil {
				return out, err
			}
		}
		for k := range s.Settings {
			r := s.row(k, at, points)
			r.Holds = q.Holds == nil || q.Holds(&r)
			out = append(out, r)
		}
	}
	return out, nil
}

// row is a setting's part of a point.
func (s *Sweep) row(setting int, at []int64, points []Point) Row {
	on := &s.Settings[setting]
	p := &points[on.grid]
	r := Row{
		Values: at, Setting: setting, Energy: p.Energy[on.target], Time: p.Time[on.target],
		FLOPs: p.FLOPs, Bytes: p.Bytes[on.target], Items: p.Items, Memory: p.Memory, Unknown: p.Unknown[on.target],
	}
	n, known := r.MemoryBytes()
	r.Fits = !known || on.Device.MemoryBytes == 0 || n <= on.Device.MemoryBytes
	return r
}
