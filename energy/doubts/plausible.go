package doubts

import (
	"fmt"

	"github.com/irene-onnx/irene/energy"
)

// How far a measurement may be beyond what a device can do.
const (
	peakSlack  = 1.05 // meters, and clocks a little above the boost clock
	cacheSpeed = 5    // a cache is some times faster than the memory behind it
	leastIdle  = 0.95 // of the idle power
)

// implausible says what of a record its device cannot do.
func implausible(r *energy.Record) []string {
	if r.Time == nil {
		return nil
	}
	var out []string
	dev, err := energy.LookupDevice(r.Device.ID)
	if err != nil {
		dev, err = energy.LookupDevice(r.Device.Name)
	}
	known := err == nil
	if known {
		if peak, rate := peakOf(r, dev), energy.FLOPsPerSecond(r.Features["flops"]/float64(*r.Time)); peak > 0 && rate > peak*peakSlack {
			out = append(out, fmt.Sprintf("%v: the peak of %s is %v", rate, dev.ID, peak))
		}
		limit, of := dev.Bandwidth, "memory"
		if cached(r, dev) {
			limit, of = limit*cacheSpeed, "cache"
		}
		if rate := energy.BytesPerSecond(r.Features["bytes"] / float64(*r.Time)); limit > 0 && rate > limit*peakSlack {
			out = append(out, fmt.Sprintf("%v: the %s of %s gives %v at most", rate, of, dev.ID, limit))
		}
	}
	return append(out, implausiblePower(r, dev)...)
}

// implausiblePower compares a mean power with the limit and the idle power. The device is zero where it is not known.
func implausiblePower(r *energy.Record, dev energy.Device) (out []string) {
	if r.Energy == nil {
		return nil
	}
	power := r.Energy.Over(*r.Time)
	if err := energy.Plausible(*r.Energy, *r.Time); err != nil {
		return []string{err.Error()}
	}
	limit := dev.TDP
	if r.Device.PowerLimit != nil {
		limit = *r.Device.PowerLimit
	}
	if r.Boundary == energy.BoundaryWall || r.Boundary == energy.BoundaryPackage {
		limit = 0 // the limit is the board's
	}
	if limit > 0 && power > limit*peakSlack {
		out = append(out, fmt.Sprintf("%v: the power limit is %v", power, limit))
	}
	if r.Idle != nil && power < *r.Idle*leastIdle {
		out = append(out, fmt.Sprintf("%v: less than the idle power of %v", power, *r.Idle))
	}
	return out
}

// peakOf is the highest peak that a record could have reached: of its element type, or of any where it has none, at the
// clock that was read where that is above the boost clock.
func peakOf(r *energy.Record, dev energy.Device) energy.FLOPsPerSecond {
	var peak energy.FLOPsPerSecond
	for _, p := range dev.Peaks {
		rounded := p.DType == energy.TF32 && r.DType == "float32" && r.Runtime.Options["tf32"] != "false"
		if r.DType == "" || p.DType == r.DType || rounded {
			peak = max(peak, p.Rate)
		}
	}
	if peak == 0 && r.DType != "" {
		peak, _ = dev.MatrixRate(r.DType)
	}
	if c := r.Clocks; c != nil && dev.BoostClock > 0 {
		for _, clock := range []*energy.Hertz{c.SMBefore, c.SMAfter} {
			if clock != nil && *clock > dev.BoostClock {
				return peak * energy.FLOPsPerSecond(*clock/dev.BoostClock)
			}
		}
	}
	return peak
}

// cached reports whether a record's operands may have come out of the cache: those of an operator that fit and were not
// rotated; and what one operator of a module hands to the next.
func cached(r *energy.Record, dev energy.Device) bool {
	if r.Level != energy.LevelOperator {
		return true
	}
	return r.Buffers != "rotated" && (dev.L2Bytes == 0 || r.Features["bytes"] <= float64(dev.L2Bytes))
}
