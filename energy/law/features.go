package law

import (
	"math"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/kernel"
)

// EvalConst evaluates sizes that need no names.
func EvalConst(d graph.Dim) (int64, bool) {
	return d.Eval(func(string) (int64, bool) { return 0, false })
}

// Features are the terms of one kernel, in FLOP, bytes and launches.
type Features struct {
	Class string
	DType graph.DType
	X     coefficients.TermValues
	Host  float64 // share of a launch that the device does not hide: 1 for an empty kernel, 0 from a few µs of work on
	Known bool    // false: a size is unknown at the bound dims
	Rows  float64 // M over all products
	Depth float64 // the largest K
}

// LaunchTime is what the driver and the framework take to launch a kernel, in order of magnitude. Kernels that move
// more bytes than the memory delivers in this time hide it.
const LaunchTime energy.Seconds = 8e-6

// Machine is what of a device the features depend on.
type Machine struct {
	Sms    float64
	Hidden float64 // bytes that the memory moves while a launch lasts
}

func NewMachine(d energy.Device) Machine {
	return Machine{Sms: float64(d.SMs), Hidden: float64(d.Bandwidth) * float64(LaunchTime)}
}

// Host is the share of a launch that work on that many bytes does not hide.
func (m Machine) Host(bytes float64) float64 {
	if m.Hidden <= 0 {
		return 0
	}
	return max(0, 1-bytes/m.Hidden)
}

// Features evaluates a kernel at bound dims.
func (m Machine) Features(k *kernel.Kernel, eval func(graph.Dim) (int64, bool)) Features {
	c := &k.Cost
	f := Features{Class: c.Class, DType: coefficients.ClassType(c.Class, c.DType), Known: c.Known}
	num := func(d graph.Dim) float64 {
		v, ok := eval(d)
		f.Known = f.Known && ok
		return float64(v)
	}
	f.X[coefficients.FLOPs] = 2 * num(c.MACs)
	f.X[coefficients.Bytes] = num(c.Read) + num(c.Written)
	f.X[coefficients.Launches] = 1
	f.Host = m.Host(f.X[coefficients.Bytes])
	for _, p := range c.Products {
		b, rows, cols, depth := num(p.Batch), num(p.M), num(p.N), num(p.K)
		for t, size := range coefficients.Tiles {
			f.X[t] += m.Waves(b, rows, cols, depth, size)
		}
		f.Rows += b * rows
		f.Depth = max(f.Depth, depth)
	}
	if len(c.Products) == 0 {
		for t := range coefficients.Tiles {
			f.X[t] = f.X[coefficients.FLOPs]
		}
	}
	return f
}

// Waves is the FLOPs of a product when its tiles fill whole waves of the multiprocessors:
// 2·⌈batch·⌈m/tm⌉·⌈n/tn⌉/SMs⌉·SMs·tm·tn·K.
func (m Machine) Waves(batch, rows, cols, depth float64, tile [2]float64) float64 {
	tm, tn := Side(rows, tile[0]), Side(cols, tile[1])
	blocks := batch * math.Ceil(rows/tm) * math.Ceil(cols/tn)
	if m.Sms > 0 {
		blocks = math.Ceil(blocks/m.Sms) * m.Sms
	}
	return 2 * blocks * tm * tn * depth
}

// VectorRows is the number of rows from which on a product runs in tiles; with fewer it runs as products of a matrix and
// a few vectors.
const VectorRows = 8

// Side is the side of a tile for a product of n rows or columns.
func Side(n, tile float64) float64 {
	if n < VectorRows {
		return max(n, 1)
	}
	return tile
}

// The quantities whose range is kept, beside which a prediction is an extrapolation.
const (
	RangeBytes = "bytes"
	RangeFLOPs = "flops"
	RangeDepth = "k"    // of products
	rangeRows  = "rows" // of products
)

// Quantities are the values of a kernel that ranges are kept of.
func (f *Features) Quantities() map[string]float64 {
	q := map[string]float64{RangeBytes: f.X[coefficients.Bytes]}
	if f.Depth > 0 {
		q[RangeFLOPs], q[RangeDepth], q[rangeRows] = f.X[coefficients.FLOPs], f.Depth, f.Rows
	}
	return q
}
