package predict

import (
	"math"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/kernel"
)

// Term is one quantity that energy and time are linear in.
type Term int

// The terms of the model. Their order is the order of a coefficient file.
const (
	FLOPs    Term = iota // floating-point operations of products, 2 per multiply-accumulate
	Waves                // the same, rounded up to whole waves of tiles on the device's multiprocessors
	Bytes                // read and written
	Launches             // kernels
	numTerms
)

var termNames = [numTerms]string{"flops", "waves", "bytes", "launches"}

// String is the term's name in coefficient files.
func (t Term) String() string { return termNames[t] }

// Features are the terms of one kernel, in FLOP, bytes and launches.
type Features struct {
	Class string
	DType graph.DType
	X     [numTerms]float64
	Known bool // false: a size is unknown at the bound dims
	// Range quantities, beside the terms.
	Rows, Depth float64 // rows M over all products, and the largest K
}

// tile is the block of a product that one thread block computes: cuBLAS's sgemm tiles on the generations measured.
const tile = 128

// featuresOf evaluates a kernel at bound dims. Tiles run in waves over the device's multiprocessors.
func featuresOf(k *kernel.Kernel, sms int, eval func(graph.Dim) (int64, bool)) Features {
	c := &k.Cost
	f := Features{Class: c.Class, DType: c.DType, Known: c.Known}
	num := func(d graph.Dim) float64 {
		v, ok := eval(d)
		f.Known = f.Known && ok
		return float64(v)
	}
	f.X[FLOPs] = 2 * num(c.MACs)
	f.X[Bytes] = num(c.Read) + num(c.Written)
	f.X[Launches] = 1
	for _, p := range c.Products {
		b, m, n, depth := num(p.Batch), num(p.M), num(p.N), num(p.K)
		f.X[Waves] += waves(b, m, n, depth, sms)
		f.Rows += b * m
		f.Depth = max(f.Depth, depth)
	}
	if len(c.Products) == 0 {
		f.X[Waves] = f.X[FLOPs]
	}
	return f
}

// waves is the FLOPs of a product when its tiles fill whole waves: 2·⌈tiles/SMs⌉·SMs·tile²·K.
func waves(batch, m, n, k float64, sms int) float64 {
	if sms <= 0 {
		return 2 * batch * m * n * k
	}
	s := float64(sms)
	tiles := batch * math.Ceil(m/tile) * math.Ceil(n/tile)
	return 2 * math.Ceil(tiles/s) * s * tile * tile * k
}
