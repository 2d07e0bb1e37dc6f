package sweep

import "github.com/irene-onnx/irene/graph/analysis"

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
