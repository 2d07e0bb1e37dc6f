package sweep

import (
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph/analysis"
)

// Line is a grid along one of its dims, the others being fixed. It belongs to one goroutine.
type Line struct {
	grid     *Grid
	values   []int64
	dim      int
	analyzed map[int64]*Point // where the grid has no closed forms: each size once; nil where the graph has none of it
}

// Along is the grid along a dim, the other sizes being as in values.
func (g *Grid) Along(values []int64, dim int) *Line {
	return &Line{grid: g, values: slices.Clone(values), dim: dim, analyzed: map[int64]*Point{}}
}

// at is what a run at a size holds at once, and what it takes on a device; false where the graph has no such size.
func (l *Line) at(n int64, device int) (m analysis.Memory, t energy.Seconds, ok bool) {
	l.values[l.dim] = n
	g := l.grid
	if g.Direct == "" {
		if err := g.Open.Contradiction(l.values); err != nil {
			return m, t, false
		}
		return g.memory(l.values), g.pass[device](l.values).Time, true
	}
	p, known := l.analyzed[n]
	if !known {
		p = &Point{}
		if err := g.At(l.values, p); err != nil {
			p = nil
		}
		l.analyzed[n] = p
	}
	if p == nil {
		return m, t, false
	}
	return p.Memory, p.Time[device], true
}

// Check holds the closed forms against the analysis at a size, as [NewGrid] does at its points. False says that they did not
// hold there: all sizes are analyzed from now on.
func (l *Line) Check(n int64) (bool, error) {
	direct := l.grid.Direct
	l.values[l.dim] = n
	err := l.grid.check(l.values, map[string]bool{})
	return direct == l.grid.Direct, err
}

// fits reports whether a device's memory holds a run, as far as both are known.
func (l *Line) fits(m analysis.Memory, device int) (fits, known bool) {
	memory := l.grid.Programs[device].Device.MemoryBytes
	return m.WeightBytes+m.PeakBytes <= memory, memory > 0 && m.Known
}

// Largest is the largest size at which a device's memory holds a run: 0 where even 1 is too much. False where no size is
// too much or memory is not known.
func (l *Line) Largest(device int) (int64, bool) {
	known := true
	n := bisect(func(n int64) bool {
		m, _, ok := l.at(n, device)
		fits, told := l.fits(m, device)
		known = known && ok && told
		return fits && known
	})
	if !known || n == mostSize {
		return 0, false
	}
	return n, true
}

// Waves that are just full make some runs faster than slightly smaller ones: by no more than this, in the law of the trees,
// and not for many sizes.
const (
	mostFaster = 0.02
	mostWaves  = 64
)

// Within is the largest size at which a device's memory holds a run, as far as it is known, and the run keeps a deadline: 0
// where even 1 is too much. Memory grows with sizes, and so does time, but for waves.
func (l *Line) Within(device int, deadline energy.Seconds) int64 {
	keeps := func(n int64, deadline energy.Seconds) bool {
		m, t, ok := l.at(n, device)
		fits, known := l.fits(m, device)
		return ok && (fits || !known) && t <= deadline
	}
	best := bisect(func(n int64) bool { return keeps(n, deadline) })
	for n := best + 1; n <= best+mostWaves && keeps(n, (1+mostFaster)*deadline); n++ {
		if keeps(n, deadline) {
			best = n
		}
	}
	return best
}

// mostSize ends searches.
const mostSize = analysis.MaxDim/2 + 1

// bisect is the largest size up to mostSize at which something holds that holds at all smaller sizes; 0 where it does not
// at 1.
func bisect(holds func(int64) bool) int64 {
	low, high := int64(0), int64(1)
	for holds(high) {
		if low = high; low == mostSize {
			return low
		}
		high *= 2
	}
	for high-low > 1 {
		if mid := (low + high) / 2; holds(mid) {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}
