package predict

import (
	"math"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

// sustained is the share of the boost clock at which a device runs float32 products without tensor cores inside its
// power limit. Boards of small power (P4, T4, L4) hold their boost clock only while little is computed. The dynamic
// power of a chip goes with clock and voltage squared, about clock^2.5 near its limit, so that
//
//	idle + ε·peak·s^2.5 = power limit,   ε = ε0·(boost / 1.5 GHz)^1.5
//
// where ε0 is the energy of an operation at 1.5 GHz in the device's process. It is the one number that no device row
// has; processEnergy has it by generation, not by device.
func sustained(d energy.Device) float64 {
	peak, ok := d.PeakVector(graph.Float32.String())
	if !ok || d.TDP <= d.Idle || d.BoostClock <= 0 {
		return 1
	}
	e := processEnergy(d.ComputeCapability) * math.Pow(float64(d.BoostClock)/referenceClock, 1.5)
	return min(1, math.Pow(float64(d.TDP-d.Idle)/(e*float64(peak)), 1/2.5))
}

const referenceClock = 1.5e9 // Hz

// processEnergy is what a float32 operation takes at 1.5 GHz, in joules, caches and memory at work beside it. These are
// estimates: what the boards of a generation that are built to hold their boost clock have to spend per operation (12 to
// 17 pJ for GTX 1070, 1080 Ti, P40, V100, RTX 2080 Ti), and how data sheets' power per operation went on since.
func processEnergy(capability string) float64 {
	switch capability {
	case "8.0": // 7 nm
		return 13e-12
	case "8.6", "8.7": // 8 nm, twice the float32 units
		return 6e-12
	case "8.9", "9.0", "10.0", "12.0": // 4 nm
		return 3.5e-12
	}
	return 16e-12 // 16 and 12 nm
}

// sustainedPeak is the rate of matrix products in an element type inside the power limit.
func sustainedPeak(d energy.Device, t graph.DType) (energy.FLOPsPerSecond, bool) {
	rate, ok := peak(d, t)
	if vector, _ := d.PeakVector(t.String()); ok && rate == vector {
		rate *= energy.FLOPsPerSecond(sustained(d))
	}
	return rate, ok
}

// Rows of up to that many elements stay in registers while a softmax or a norm goes over them.
const registerRow = 1024

// rereads is the share of a kernel's further passes over its rows that the L2 cache does not serve: none while the rows
// in work on all multiprocessors take less than a fifth of it, all from three fifths on. Norms run blocks of 128
// threads, softmax of up to 1024.
func rereads(d energy.Device, class string, row int64, t graph.DType) float64 {
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
