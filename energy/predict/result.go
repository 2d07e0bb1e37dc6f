package predict

import (
	"math"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
)

// Mode says what a prediction may use beside the model file. Modes are never mixed.
type Mode string

// The modes.
const (
	ModeSpec    Mode = "spec"     // the file alone
	ModeTimes   Mode = "runtime"  // and measured times of this model's operators on this device
	ModeMetered Mode = "measured" // what the meter said, predictions filling only what it did not cover
)

// Modes lists the modes, the default first.
func Modes() []Mode { return []Mode{ModeSpec, ModeTimes, ModeMetered} }

// Operator is the prediction of one operator.
type Operator struct {
	*law.Outcome             // never nil; those of equal sizes share it: nobody may change it
	Kernel       *graph.Node // whose kernel does this node's work; nil where the node stands for itself
	Part         float64     // of its kernel's energy and time that the node stands for; 0 where it has none
	// Read and Written are the bytes that the node stands for; what runs as no kernel moves none. In whole bytes, so that
	// the nodes of a kernel add up to it.
	Read, Written int64
	Metered       bool // the energy is the meter's
}

// Moved is the bytes that a node reads and writes: those that it stands for of its kernel's where it was predicted, else its
// own, read and written. Where those are not known, neither is what moves.
func (o *Operator) Moved(read, written graph.Dim) (r, w graph.Dim) {
	if !o.Known || read.IsUnknown() || written.IsUnknown() {
		return read, written
	}
	return graph.Const(o.Read), graph.Const(o.Written)
}

// Kernel is the prediction of one step. Steps of equal sizes share it.
type Kernel struct {
	*Step
	Sizes           *law.Kernel // at which it was predicted
	*law.Prediction             // of all its nodes, as predicted
}

// FLOPs are those of the kernel's products.
func (k *Kernel) FLOPs() float64 { return 2 * k.Sizes.MACs }

// Tiling is how tiles cover one product of a kernel.
type Tiling struct {
	law.Product
	Rows, Cols float64 // of a tile
	Blocks     float64 // tiles over all the batch
	Vector     bool    // the product has too few rows for tiles
}

// Tiling covers the kernel's i-th product with the tile that fits its products best.
func (k *Kernel) Tiling(i int) Tiling {
	p := k.Sizes.Products[i]
	t := Tiling{Product: p, Rows: law.Side(p.M, k.Tile[0]), Cols: law.Side(p.N, k.Tile[1]), Vector: p.M < law.VectorRows}
	t.Blocks = p.Batch * math.Ceil(p.M/max(1, t.Rows)) * math.Ceil(p.N/max(1, t.Cols))
	return t
}

// Result is the prediction of a whole graph.
type Result struct {
	Basis
	Mode    Mode
	Nodes   []Operator // by Node.ID
	Kernels []Kernel   // and calls, in graph order, as they were predicted
	Modules map[*graph.Module]law.Sum
	// LeftOut is how far times of kernels like these are off on GPUs that were left out of the fit: the mean relative error of
	// their groups, weighted by time; 0 where the law does not tell.
	LeftOut float64

	law  law.Law
	wide bool // the coefficients are another device's: intervals of operators add up
}

// Sum adds the operators of every subtree. A module's interval is that of its level around the part that was measured
// like this, and the sum of the operators' intervals around the part that stands in or is extrapolated.
func (r *Result) Sum(root *graph.Module, bands *coefficients.Residuals) {
	r.Modules = map[*graph.Module]law.Sum{}
	var visit func(m *graph.Module) law.Sum
	visit = func(m *graph.Module) (s law.Sum) {
		for _, n := range m.Nodes {
			p := &r.Nodes[n.ID]
			s.Add(p.Outcome, p.Metered, r.wide)
		}
		for _, c := range m.Children {
			below := visit(c)
			s.AddSum(&below)
		}
		level := energy.LevelModule
		switch {
		case m.Parent == nil:
			level = energy.LevelModel
		case len(m.Children) == 0:
			level = energy.LevelOperator
		}
		s.Bound(level, bands)
		r.Modules[m] = s
		return s
	}
	visit(root)
}
