package sweep

import (
	"math"
	"runtime"
	"sync"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph/analysis"
)

// Row is one point of a sweep on one device. Numbers that are not known are not a number.
type Row struct {
	Values       []int64 // of the open dims
	Device       int     // index of the grid's targets
	Energy       energy.Joules
	Time         energy.Seconds
	FLOPs, Bytes float64
	Items        float64 // tokens, or members of the batch
	Memory       analysis.Memory
	Fits         bool // what the run holds at once is not more than the device's memory, as far as it is known
	Holds        bool // the caller's conditions
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

// Power is the mean power.
func (r *Row) Power() energy.Watts { return r.Energy.Over(r.Time) }

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

// sweepChunk is the number of points that one goroutine evaluates at a time.
const sweepChunk = 1024

// Sweep evaluates every combination of the axes' sizes, the last axis fastest, and hands the rows to emit in that order,
// the devices of a point together. The rows belong to emit. It returns, for each device, the row that takes the least
// energy per item among those that fit and for which holds is true, or the least time where no energy is known; nil where
// there is none.
func (g *Grid) Sweep(axes [][]int64, holds func(*Row) bool, emit func(*Row) error) ([]*Row, error) {
	total := Points(axes, math.MaxInt32)
	best := make([]*Row, len(g.Programs))
	workers := runtime.GOMAXPROCS(0)
	for from := 0; from < total; from += sweepChunk * workers {
		rows := make([][]Row, workers)
		errs := make([]error, workers)
		var wait sync.WaitGroup
		for w := range workers {
			low := from + w*sweepChunk
			if low >= total {
				break
			}
			wait.Add(1)
			go func() {
				defer wait.Done()
				rows[w], errs[w] = g.chunk(axes, low, min(low+sweepChunk, total), holds)
			}()
		}
		wait.Wait()
		for w := range workers {
			for i := range rows[w] {
				r := &rows[w][i]
				if b := best[r.Device]; r.Fits && r.Holds && (b == nil || r.cost() < b.cost()) {
					best[r.Device] = r
				}
				if err := emit(r); err != nil {
					return nil, err
				}
			}
			if errs[w] != nil {
				return nil, errs[w]
			}
		}
	}
	return best, nil
}

// chunk evaluates the points from low up to high.
func (g *Grid) chunk(axes [][]int64, low, high int, holds func(*Row) bool) ([]Row, error) {
	out := make([]Row, 0, (high-low)*len(g.Programs))
	values := make([]int64, (high-low)*len(axes))
	var p Point
	for i := low; i < high; i++ {
		at := values[:len(axes):len(axes)]
		values = values[len(axes):]
		rest := i
		for k := len(axes) - 1; k >= 0; k-- {
			at[k] = axes[k][rest%len(axes[k])]
			rest /= len(axes[k])
		}
		if err := g.At(at, &p); err != nil {
			return out, err
		}
		for d, on := range g.Programs {
			r := Row{Values: at, Device: d, Energy: p.Energy[d], Time: p.Time[d], FLOPs: p.FLOPs, Bytes: p.Bytes, Items: p.Items, Memory: p.Memory}
			n, known := r.MemoryBytes()
			r.Fits = !known || on.Device.MemoryBytes == 0 || n <= on.Device.MemoryBytes
			r.Holds = holds == nil || holds(&r)
			out = append(out, r)
		}
	}
	return out, nil
}

// Largest is the largest size of one dim at which a device's memory holds a run, the others being as in values: 0 where
// even 1 is too much. False where no size is too much or memory is not known.
func (g *Grid) Largest(values []int64, dim, device int) (int64, bool) {
	if g.Programs[device].Device.MemoryBytes == 0 {
		return 0, false
	}
	at := append([]int64(nil), values...)
	fits := func(n int64) (bool, bool) {
		at[dim] = n
		var p Point
		if err := g.At(at, &p); err != nil || !p.Memory.Known {
			return false, false
		}
		return p.Memory.WeightBytes+p.Memory.PeakBytes <= g.Programs[device].Device.MemoryBytes, true
	}
	low, high := int64(0), int64(1)
	for {
		ok, known := fits(high)
		if !known || high > analysis.MaxDim/2 {
			return 0, false
		}
		if !ok {
			break
		}
		low, high = high, 2*high
	}
	for high-low > 1 {
		mid := (low + high) / 2
		if ok, _ := fits(mid); ok {
			low = mid
		} else {
			high = mid
		}
	}
	return low, true
}
