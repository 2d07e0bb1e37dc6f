package fit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/energy/stats"
)

// peakMargin is how far above the best measured rate of products the peak is taken to be.
const peakMargin = 1.05

// streamed is the multiple of the last cache's size from which on a kernel's bytes are the memory's.
const streamed = 2

// deviceRow is the row of the device that records were measured on: that of the table, or else one made of what the
// records say of it and of the best that was measured, with its estimates named.
func deviceRow(records []*energy.Record) (d energy.Device, unlisted bool) {
	if len(records) == 0 {
		return d, false
	}
	id := measured.RecordDeviceID(records[0].Device)
	if d, err := energy.LookupDevice(id); err == nil {
		return d, false
	}
	d = energy.Device{
		ID: id, Source: fmt.Sprintf("made of %d records", len(records)),
		Estimates: []string{energy.EstimatePeaks, energy.EstimateBandwidth},
	}
	for _, r := range records {
		d.Name = cmp.Or(d.Name, r.Device.Name)
		d.Architecture = cmp.Or(d.Architecture, r.Device.Kind)
		d.SMs = max(d.SMs, r.Device.Units)
		d.L2Bytes = max(d.L2Bytes, r.Device.CacheBytes)
		d.MemoryBytes = max(d.MemoryBytes, r.Device.MemoryBytes)
	}
	d.Name = cmp.Or(d.Name, id)
	d.Peaks = measuredPeaks(records)
	d.Bandwidth = measuredBandwidth(records, d.L2Bytes)
	if d.TDP = measuredLimit(records); d.TDP > 0 {
		d.Estimates = append(d.Estimates, energy.EstimateTDP)
	}
	if idle := medianOf(records, func(r *energy.Record) *energy.Watts { return r.Idle }); idle != nil {
		d.Idle = *idle
		d.Estimates = append(d.Estimates, energy.EstimateIdle)
	}
	slices.Sort(d.Estimates)
	return d, true
}

// measuredPeaks are the best rates of products by element type, a little above what was measured: of operators that are
// nothing but products with a weight, of anything with products where no such operator was measured.
func measuredPeaks(records []*energy.Record) []energy.Peak {
	best, fallback := map[string]float64{}, map[string]float64{}
	for _, r := range records {
		flops, dtype, pure := products(r)
		if flops == 0 || r.Time == nil {
			continue
		}
		rate := flops / float64(*r.Time)
		if pure && r.Level == energy.LevelOperator {
			best[dtype] = max(best[dtype], rate)
		}
		fallback[dtype] = max(fallback[dtype], rate)
	}
	var out []energy.Peak
	for dtype, rate := range fallback {
		if best[dtype] > 0 {
			rate = best[dtype]
		}
		out = append(out, energy.Peak{DType: dtype, Rate: energy.FLOPsPerSecond(rate * peakMargin)})
	}
	slices.SortFunc(out, func(a, b energy.Peak) int { return strings.Compare(a.DType, b.DType) })
	return out
}

// products are the operations of a record's products in the element type that has most of them; pure says that the
// record is of nothing else.
func products(r *energy.Record) (flops float64, dtype string, pure bool) {
	pure = true
	byType := map[string]float64{}
	for i := range r.Work {
		w := &r.Work[i]
		pure = pure && w.Class == "gemm"
		byType[w.DType] += 2 * float64(w.MACs) * float64(w.Count)
	}
	for t, n := range byType {
		if n > flops || n == flops && t < dtype {
			flops, dtype = n, t
		}
	}
	return flops, dtype, pure
}

// measuredBandwidth is the best rate of bytes among records too large for the cache; among all where none is.
func measuredBandwidth(records []*energy.Record, cache int64) energy.BytesPerSecond {
	var best, beyond float64
	for _, r := range records {
		if r.Time == nil {
			continue
		}
		total, largest := 0.0, int64(0)
		for i := range r.Work {
			w := &r.Work[i]
			total += float64(w.Read+w.Written) * float64(w.Count)
			largest = max(largest, w.Read+w.Written)
		}
		rate := total / float64(*r.Time)
		best = max(best, rate)
		if r.Buffers == "rotated" || cache > 0 && largest > streamed*cache {
			beyond = max(beyond, rate)
		}
	}
	if beyond > 0 {
		best = beyond
	}
	return energy.BytesPerSecond(best)
}

// measuredLimit is the highest power limit, or the highest mean power where no limit is known; 0 where neither is.
func measuredLimit(records []*energy.Record) energy.Watts {
	var limit, power energy.Watts
	for _, r := range records {
		if l := r.Device.PowerLimit; l != nil {
			limit = max(limit, *l)
		}
		if r.Energy != nil && r.Time != nil && r.Boundary != energy.BoundaryWall {
			power = max(power, r.Energy.Over(*r.Time))
		}
	}
	return max(limit, power)
}

// medianOf is the median of those numbers that were measured; nil where none was.
func medianOf[T ~float64](records []*energy.Record, number func(*energy.Record) *T) *T {
	var list []float64
	for _, r := range records {
		if v := number(r); v != nil {
			list = append(list, float64(*v))
		}
	}
	if len(list) == 0 {
		return nil
	}
	v := T(stats.Median(list))
	return &v
}
