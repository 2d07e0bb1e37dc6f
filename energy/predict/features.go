package predict

import (
	"math"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/kernel"
)

// Term is one quantity that energy and time are linear in.
type Term int

// The terms of the model. Their order is the order of a coefficient file.
const (
	FLOPs    Term = iota // floating-point operations of products, 2 per multiply-accumulate
	WavesL               // the same, rounded up to whole waves of 128×128 tiles on the device's multiprocessors
	WavesM               // of 128×64 tiles
	WavesS               // of 64×64 tiles
	Bytes                // read and written
	Launches             // kernels
	numTerms
)

var termNames = [numTerms]string{"flops", "waves_128x128", "waves_128x64", "waves_64x64", "bytes", "launches"}

// String is the term's name in coefficient files.
func (t Term) String() string { return termNames[t] }

// tiles are the blocks of a product that one thread block computes, by the term that counts their waves.
var tiles = map[Term][2]float64{WavesL: {128, 128}, WavesM: {128, 64}, WavesS: {64, 64}}

// Features are the terms of one kernel, in FLOP, bytes and launches.
type Features struct {
	Class string
	DType graph.DType
	X     TermValues
	Host  float64 // share of a launch that the device does not hide: 1 for an empty kernel, 0 from a few µs of work on
	Known bool    // false: a size is unknown at the bound dims
	Rows  float64 // M over all products
	Depth float64 // the largest K
}

// launchTime is what the driver and the framework take to launch a kernel, in order of magnitude. Kernels that move
// more bytes than the memory delivers in this time hide it.
const launchTime energy.Seconds = 8e-6

// machine is what of a device the features depend on.
type machine struct {
	sms    float64
	hidden float64 // bytes that the memory moves while a launch lasts
}

func newMachine(d energy.Device) machine {
	return machine{sms: float64(d.SMs), hidden: float64(d.Bandwidth) * float64(launchTime)}
}

// host is the share of a launch that work on that many bytes does not hide.
func (m machine) host(bytes float64) float64 {
	if m.hidden <= 0 {
		return 0
	}
	return max(0, 1-bytes/m.hidden)
}

// features evaluates a kernel at bound dims.
func (m machine) features(k *kernel.Kernel, eval func(graph.Dim) (int64, bool)) Features {
	c := &k.Cost
	f := Features{Class: c.Class, DType: classType(c.Class, c.DType), Known: c.Known}
	num := func(d graph.Dim) float64 {
		v, ok := eval(d)
		f.Known = f.Known && ok
		return float64(v)
	}
	f.X[FLOPs] = 2 * num(c.MACs)
	f.X[Bytes] = num(c.Read) + num(c.Written)
	f.X[Launches] = 1
	f.Host = m.host(f.X[Bytes])
	for _, p := range c.Products {
		b, rows, cols, depth := num(p.Batch), num(p.M), num(p.N), num(p.K)
		for t, size := range tiles {
			f.X[t] += m.waves(b, rows, cols, depth, size)
		}
		f.Rows += b * rows
		f.Depth = max(f.Depth, depth)
	}
	if len(c.Products) == 0 {
		for t := range tiles {
			f.X[t] = f.X[FLOPs]
		}
	}
	return f
}

// waves is the FLOPs of a product when its tiles fill whole waves of the multiprocessors:
// 2·⌈batch·⌈m/tm⌉·⌈n/tn⌉/SMs⌉·SMs·tm·tn·K.
func (m machine) waves(batch, rows, cols, depth float64, tile [2]float64) float64 {
	tm, tn := side(rows, tile[0]), side(cols, tile[1])
	blocks := batch * math.Ceil(rows/tm) * math.Ceil(cols/tn)
	if m.sms > 0 {
		blocks = math.Ceil(blocks/m.sms) * m.sms
	}
	return 2 * blocks * tm * tn * depth
}

// vectorRows is the number of rows from which on a product runs in tiles; with fewer it runs as products of a matrix and
// a few vectors.
const vectorRows = 8

// side is the side of a tile for a product of n rows or columns.
func side(n, tile float64) float64 {
	if n < vectorRows {
		return max(n, 1)
	}
	return tile
}
