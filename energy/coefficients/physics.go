package coefficients

import (
	"math"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

// Scales is what a coefficient of one device becomes on another: its time is multiplied by these, and its energy also by
// the ratio of powers. Operations take the ratio of sustained peaks, bytes that of bandwidths, launches are the host's.
func Scales(from, to energy.Device, t graph.DType) TermValues {
	rate := 1.0
	a, okA := SustainedPeak(from, t)
	b, okB := SustainedPeak(to, t)
	if okA && okB {
		rate = float64(a / b)
	}
	var out TermValues
	for term := range out {
		switch Term(term) {
		case Bytes:
			out[term] = float64(from.Bandwidth/to.Bandwidth) * MemoryShare(from) / MemoryShare(to)
		case Launches:
			out[term] = 1
		default:
			out[term] = rate
		}
	}
	return out
}

// sustained is the share of the boost clock at which a device runs float32 products without tensor cores inside its
// power limit. Boards of small power (P4, T4, L4) hold their boost clock only while little is computed. A chip's dynamic
// power goes with clock times voltage squared, and voltage squared about with clock, so that
//
//	idle + ε·peak·s² = power limit,   ε = ε0·boost / 1.5 GHz
//
// where ε0 is the energy of an operation at 1.5 GHz in the device's process. It is the one number that no device row
// has; processEnergy has it by generation, not by device.
func sustained(d energy.Device) float64 {
	peak, ok := d.PeakVector(graph.Float32.String())
	if !ok || d.TDP <= d.Idle || d.BoostClock <= 0 {
		return 1
	}
	e := processEnergy(d.ComputeCapability) * float64(d.BoostClock) / referenceClock
	return min(1, math.Sqrt(float64(d.TDP-d.Idle)/(e*float64(peak))))
}

const referenceClock = 1.5e9 // Hz

// processEnergy is what a float32 operation takes at 1.5 GHz, in joules, caches and memory at work beside it. These are
// estimates of this project: what the boards of a generation that are built to hold their boost clock have to spend per
// operation (14 to 18 pJ for GTX 1070, 1080 Ti, P40 and V100), and less by what later processes brought.
func processEnergy(capability string) float64 {
	switch capability {
	case "8.0": // 7 nm
		return 13e-12
	case "8.6", "8.7": // 8 nm, twice the float32 units in a multiprocessor
		return 8e-12
	case "8.9", "9.0", "10.0", "12.0": // 4 nm
		return 5e-12
	}
	return 16e-12 // 16 and 12 nm
}

// SustainedPeak is the rate of matrix products in an element type inside the power limit.
func SustainedPeak(d energy.Device, t graph.DType) (energy.FLOPsPerSecond, bool) {
	rate, ok := Peak(d, t)
	vector, _ := d.PeakVector(t.String())
	if single, _ := d.PeakVector(graph.Float32.String()); ok && (rate == vector || rate == single) {
		rate *= energy.FLOPsPerSecond(sustained(d))
	}
	return rate, ok
}

// Rows of up to that many elements stay in registers while a softmax or a norm goes over them.
const registerRow = 1024

// Rereads is the share of a kernel's further passes over its rows that the L2 cache does not serve: none while the rows
// in work on all multiprocessors take less than a fifth of it, all from three fifths on. Norms run blocks of 128
// threads, softmax of up to 1024.
func Rereads(d energy.Device, class string, row int64, t graph.DType) float64 {
	threads := residentThreads(d.ComputeCapability)
	var inWork float64 // elements per multiprocessor
	switch class {
	case "norm":
		inWork = threads / 128 * float64(row)
	case "softmax":
		if row <= registerRow {
			return 0
		}
		inWork = max(4*threads, threads/1024*float64(row))
	default:
		return 0
	}
	if d.L2Bytes <= 0 {
		return 0
	}
	share := float64(d.SMs) * inWork * float64(t.Bits()) / 8 / float64(d.L2Bytes)
	return min(1, max(0, (share-0.2)/0.4))
}

// residentThreads is how many threads a multiprocessor holds.
func residentThreads(capability string) float64 {
	switch capability {
	case "7.5":
		return 1024
	case "8.6", "8.7", "8.9", "12.0":
		return 1536
	}
	return 2048
}

// MemoryShare is the share of a device's bandwidth that streaming kernels reach. Like processEnergy it goes by kind, not
// by device: NVIDIA gives 76 % for the stacked memory of P100 and 95 % for that of V100 (V100 white paper); boards of
// data centres with GDDR memory keep their check bits in the same memory, which costs them an eighth.
func MemoryShare(d energy.Device) float64 {
	switch {
	case d.ComputeCapability == "6.0":
		return 0.76
	case checksInBand(d.ID):
		return 0.77
	case d.ComputeCapability == "7.0", d.ComputeCapability == "8.0", d.ComputeCapability == "9.0", d.ComputeCapability == "10.0":
		return 0.92
	}
	return 0.88
}

// checksInBand tells the boards that keep check bits among the data unless they are told not to.
func checksInBand(id string) bool {
	switch id {
	case "p4", "p40", "t4", "a10", "a40", "l4", "l40", "l40s":
		return true
	}
	return false
}

// Peak is the rate of matrix products in an element type.
func Peak(d energy.Device, t graph.DType) (energy.FLOPsPerSecond, bool) {
	return d.MatrixRate(t.String())
}
