package predict

import (
	"math"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/kernel"
)

// KernelTerms is what one kernel, or one call without a kernel, takes and why.
type KernelTerms struct {
	Node    *graph.Node   // that the prediction stands on
	Members []*graph.Node // of the kernel; nil for a call that launches nothing
	Known   bool          // false: a size is unknown, and there are no numbers
	Class   string
	DType   graph.DType
	Causes  law.Causes
	FLOPs   float64 // of products
	Bytes   float64
	// Fill is the part of the slots in whole waves of tiles that products use, by the tiles that fit best; 0 for kernels
	// without products.
	Fill     float64
	Products []TiledProduct
	StandIn  bool // another class's or type's coefficients stand for it
	Why      string
}

// TiledProduct is one product of a kernel, in the tiles that fit it best.
type TiledProduct struct {
	Batch, Rows, Cols, Depth float64
	TileRows, TileCols       float64
	Blocks                   float64 // tiles over all the batch
	Vector                   bool    // of too few rows for tiles
}

// Explanation says what every kernel of a graph takes and why. The kernels of a module add up to its prediction.
type Explanation struct {
	Device  energy.Device
	Profile string
	Kernels []KernelTerms // and calls, in graph order
	// Idle is the power that the meter sees while nothing runs: that of the board, and of the host at the plug. Idle
	// times the time of an operator is its static energy, the rest is dynamic.
	Idle energy.Watts
}

// Explain splits the predictions that Run makes into their causes.
func Explain(a *analysis.Analysis, c *coefficients.Coefficients, dev energy.Device, opts Options) (*Explanation, error) {
	p, res, err := Prepare(a, c, dev, opts)
	if err != nil {
		return nil, err
	}
	out := &Explanation{Device: dev, Profile: res.Profile, Idle: p.IdlePower()}
	calls := map[*graph.Node]bool{}
	for _, n := range p.Plan.Calls {
		calls[n] = true
	}
	for _, n := range a.Graph.Nodes {
		if i := p.Plan.Of[n.ID]; i >= 0 && p.Plan.Kernels[i].Node == n {
			out.Kernels = append(out.Kernels, p.kernelTerms(&p.Plan.Kernels[i]))
		} else if calls[n] {
			out.Kernels = append(out.Kernels, p.callTerms(n))
		}
	}
	return out, nil
}

// kernelTerms explains one kernel.
func (p *binding) kernelTerms(k *kernel.Kernel) KernelTerms {
	f := p.Machine.Features(k, p.a.Eval)
	out := KernelTerms{Node: k.Node, Members: k.Members, Known: f.Known, Class: f.Class, DType: f.DType}
	if !f.Known {
		return out
	}
	ch := p.Choose(coefficients.Key{Class: f.Class, DType: f.DType})
	out.Causes, out.StandIn, out.Why = p.Causes(&f), ch.StandIn, ch.Why
	out.FLOPs, out.Bytes = f.X[coefficients.FLOPs], f.X[coefficients.Bytes]
	if len(k.Cost.Products) == 0 || f.X[coefficients.FLOPs] == 0 {
		return out
	}
	best, slots := p.BestTile(&f, &ch)
	if slots > 0 {
		out.Fill = min(1, f.X[coefficients.FLOPs]/slots)
		out.Products = p.tiled(k, best)
	}
	return out
}

// tiled counts the tiles of a kernel's products.
func (p *binding) tiled(k *kernel.Kernel, tile [2]float64) []TiledProduct {
	var out []TiledProduct
	for _, q := range k.Cost.Products {
		var v [4]float64
		for i, d := range []graph.Dim{q.Batch, q.M, q.N, q.K} {
			n, _ := p.a.Eval(d)
			v[i] = float64(n)
		}
		t := TiledProduct{Batch: v[0], Rows: v[1], Cols: v[2], Depth: v[3], TileRows: law.Side(v[1], tile[0]), TileCols: law.Side(v[2], tile[1]), Vector: v[1] < law.VectorRows}
		t.Blocks = t.Batch * math.Ceil(t.Rows/max(1, t.TileRows)) * math.Ceil(t.Cols/max(1, t.TileCols))
		out = append(out, t)
	}
	return out
}

// callTerms explains a call that launches no kernel: see binding.calls.
func (p *binding) callTerms(n *graph.Node) KernelTerms {
	bytes, known := p.a.Eval(p.a.Inference.Facts[n.Outputs[0].ID].Bytes())
	out := KernelTerms{Node: n, Known: known, Class: "view"}
	if known {
		j, s := p.Host(p.Machine.Host(2 * float64(bytes)))
		out.Causes[law.Host] = law.Share{Energy: j, Time: s}
	}
	return out
}
