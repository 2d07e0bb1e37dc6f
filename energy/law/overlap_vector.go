package law

import (
	"math"
	"strings"

	"github.com/irene-onnx/irene/energy"
)

// VectorConstants are those of float32 products without tensor cores, as eager PyTorch runs them. Where N counts as weights,
// the second operand is stored N×K, as linear layers have it.
type VectorConstants struct {
	Rate    float64               // share of the peak that the main loop issues on multiprocessors of 64 lanes
	Wide    float64               // factor on Rate from 7.0 on, for weights of more than wideN columns
	Stored  float64               // factor on Rate for weights on compute capability 6.x
	Lanes   [numWideLanes]float64 // factor on Rate of multiprocessors of 128 lanes
	Floor   float64               // s
	Split   float64               // s of a second pass where K is split
	Convert float64               // passes over weights in 16 bit that turning them into float32 takes, where nothing computes them
	Reread  float64               // on 6.x: bytes a second of weights that the blocks of a wide wave read for themselves
	Drift   [numPascals]float64   // on 6.x: steps of K after which blocks have drifted apart
}

// Numbers of vector products that were set: their neighbours do as well.
const (
	vectorOverlap = 2.5   // exponent
	vectorStream  = 0.8   // share of the bandwidth
	vectorTile    = 128   // both sides of a tile
	wideN         = 32000 // columns
	waveColumns   = 512   // that a multiprocessor's blocks of a wave cover
)

// The kinds of multiprocessors with 128 lanes, and the two of Pascal.
const (
	numWideLanes = 2
	numPascals   = 2
)

func wideLanesNames() []string { return []string{"9.0", "8.6 and later"} }

func pascalNames() []string { return []string{"6.0", "6.1"} }

// steps are the quanta in which warps cover M and loops cover K: a warp outside of the matrix does nothing, and batched
// products pad K.
func vectorSteps(d *energy.Device, weights bool) (rows, k float64) {
	rows, k = 64, 8
	if d.ComputeCapability >= "8" || len(d.ComputeCapability) > 3 {
		rows = vectorTile
	}
	switch {
	case weights:
	case d.ComputeCapability == "7.0":
		k = 32
	case d.ComputeCapability == "7.5":
		k = 64
	default:
		k = 128
	}
	return rows, k
}

// pascal says that a device has compute capability 6.x.
func pascal(d *energy.Device) bool { return strings.HasPrefix(d.ComputeCapability, "6.") }

// rate is the share of the peak that a product's main loop issues.
func (c *VectorConstants) rate(d *energy.Device, q *Product, weights bool) float64 {
	if !weights {
		return c.lanes(d)
	}
	return c.lanes(d) * c.weights(d, q.N)
}

// lanes is that share where no operand is weights.
func (c *VectorConstants) lanes(d *energy.Device) float64 {
	switch {
	case d.CoresPerSM == 128 && d.ComputeCapability == "9.0":
		return c.Rate * c.Lanes[0]
	case d.CoresPerSM == 128 && !pascal(d):
		return c.Rate * c.Lanes[1]
	}
	return c.Rate
}

// weights is the factor on the rate of weights of that many columns.
func (c *VectorConstants) weights(d *energy.Device, columns float64) float64 {
	switch {
	case pascal(d):
		return c.Stored
	case columns > wideN:
		return c.Wide
	}
	return 1
}

// reread is the time in which blocks that have drifted apart in K read weights again; zero but for Pascal's linear layers.
func (c *VectorConstants) reread(m *machine, q *Product, weights bool) float64 {
	drift := c.drift(&m.dev)
	if !weights || drift == 0 {
		return 0
	}
	steps := q.K * q.M * q.N / (4 * vectorTile * vectorTile * m.sms)
	return 2 * q.M * q.N * q.K / 64 / c.Reread * math.Min(1, q.N/(waveColumns*m.sms)) * steps / (steps + drift)
}

// drift is how many steps of K it takes; 0 where blocks stay together, or nobody measured it.
func (c *VectorConstants) drift(d *energy.Device) float64 {
	switch {
	case d.ComputeCapability == "6.1":
		return c.Drift[1]
	case pascal(d):
		return c.Drift[0]
	}
	return 0
}

// vector is a float32 product without tensor cores.
func (l *Overlap) vector(q Product, weights, convert bool) waits {
	m, c := &l.machine, &l.constants.Vector
	rows, step := vectorSteps(&m.dev, weights)
	tiles := q.Batch * math.Ceil(q.M/vectorTile) * math.Ceil(q.N/vectorTile)
	mean := upTo(q.M, rows) * upTo(q.N, 32) / (math.Ceil(q.M/vectorTile) * math.Ceil(q.N/vectorTile))
	largest := math.Min(vectorTile, upTo(q.M, rows)) * math.Min(vectorTile, upTo(q.N, 32))
	base := waits{p: vectorOverlap, floor: l.vectorFloor(), flops: 2 * q.Batch * q.M * q.N * q.K, vector: true}
	base.traffic = 4 * q.Batch * (q.M*q.K + q.K*q.N + q.M*q.N)
	base.overlap[waitMemory] = base.traffic / (m.bandwidth * vectorStream)
	base.overlap[waitLoad] = c.reread(m, &q, weights)
	if convert {
		bytes := c.Convert * 6 * q.Batch * q.K * q.N // 2 read and 4 written an element
		base.before, base.traffic = bytes/(m.bandwidth*vectorStream), base.traffic+bytes
	}
	rate := float64(m.dev.CoresPerSM) * m.clock * c.rate(&m.dev, &q, weights)
	best, least := base, math.Inf(1)
	best.floor = least // where constants are lacking
	parts, most := splits(q.K)
	if q.Batch > 1 {
		most = 1
	}
	for _, s := range parts[:most] {
		x := base
		x.overlap[waitArithmetic] = ((math.Ceil(tiles*s/m.sms)-1)*mean + largest) * partOf(q.K, s, step) / rate
		if s > 1 {
			x.split = c.Split + 8*s*q.M*q.N/(m.sms*m.clock*secondPass)
		}
		if x.slower(least) {
			continue
		}
		x.busy, x.tile = clamp(tiles*s/m.sms), [2]float64{vectorTile, vectorTile}
		if t := x.time(1); t < least {
			best, least = x, t
		}
	}
	return best
}

// vectorFloor is what an empty kernel takes: alone as it was measured, with the host's launch in it, which a pass counts once
// for all its kernels.
func (l *Overlap) vectorFloor() float64 {
	switch {
	case !l.model:
		return l.constants.Vector.Floor
	case l.floor > 0:
		return l.floor
	}
	return l.constants.Product.Floor[l.machine.kind] / l.machine.clock
}

// upTo rounds up to a multiple.
func upTo(x, step float64) float64 { return step * math.Ceil(x/step) }

// vectorJoules is what a float32 operation without tensor cores takes at 1.5 GHz, caches and memory at work beside it.
// These are this project's estimates by process: what the boards of a generation that hold their boost clock can spend.
func vectorJoules(d *energy.Device) float64 {
	switch d.ComputeCapability {
	case "6.0", "6.1", "8.0": // 16 nm; 7 nm
		return 13e-12
	case "8.6", "8.7": // 8 nm, twice the units in a multiprocessor
		return 8e-12
	case "8.9", "9.0", "10.0", "10.3", "12.0": // 4 nm
		return 5e-12
	}
	return 16e-12 // 12 nm
}
