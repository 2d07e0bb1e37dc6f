package predict

import (
	"math"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/kernel"
)

// Cause is what of an operator takes its energy and time.
type Cause int

// The causes. A prediction is the sum over them.
const (
	Arithmetic Cause = iota // operations of products
	Waves                   // rounding up: idle elements of tiles, and multiprocessors without a tile
	Memory                  // bytes read and written
	Launch                  // kernels
	Host                    // launches that the work of a kernel does not hide
	NumCauses
)

var causeNames = [NumCauses]string{"arithmetic", "waves", "memory", "launch", "host"}

// String is the cause's name.
func (c Cause) String() string { return causeNames[c] }

// Share is a part of energy and time.
type Share struct {
	Energy energy.Joules
	Time   energy.Seconds
}

// Plus is the sum of two parts.
func (s Share) Plus(o Share) Share { return Share{s.Energy + o.Energy, s.Time + o.Time} }

// Causes are energy and time by cause.
type Causes [NumCauses]Share

// Add adds o to c.
func (c *Causes) Add(o *Causes) {
	for i := range c {
		c[i] = c[i].Plus(o[i])
	}
}

// Total is the sum over the causes.
func (c *Causes) Total() Share {
	var sum Share
	for _, s := range c {
		sum = sum.Plus(s)
	}
	return sum
}

// Bound is the largest of the causes in time, with tile rounding counted as arithmetic and unhidden launches as
// launches. False where nothing takes time.
func (c *Causes) Bound() (Cause, bool) {
	work := [...]Share{Arithmetic: c[Arithmetic].Plus(c[Waves]), Memory: c[Memory], Launch: c[Launch].Plus(c[Host])}
	best := Arithmetic
	for i, s := range work {
		if s.Time > work[best].Time {
			best = Cause(i)
		}
	}
	return best, work[best].Time > 0
}

// causeOf is the cause that a term stands for. Terms that count rounded operations are arithmetic as far as the
// operations go, the rest is Waves.
func causeOf(t Term) Cause {
	switch t {
	case Bytes:
		return Memory
	case Launches:
		return Launch
	}
	return Arithmetic
}

// causes splits the prediction of a kernel whose features are known.
func (p *predictor) causes(f *Features) Causes {
	var out Causes
	put := func(c Cause, t Term, ch *choice, x float64) {
		out[c] = out[c].Plus(Share{energy.Joules(ch.energy[t] * x), energy.Seconds(ch.time[t] * x)})
	}
	ch := p.choose(classKey{f.Class, f.DType})
	for i, x := range f.X {
		t := Term(i)
		if _, rounded := tiles[t]; rounded {
			useful := min(x, f.X[FLOPs])
			put(Waves, t, &ch, x-useful)
			x = useful
		}
		put(causeOf(t), t, &ch, x)
	}
	j, s := p.host(f.Host)
	out[Host] = Share{j, s}
	return out
}

// KernelTerms is what one kernel, or one call without a kernel, takes and why.
type KernelTerms struct {
	Node    *graph.Node   // that the prediction stands on
	Members []*graph.Node // of the kernel; nil for a call that launches nothing
	Known   bool          // false: a size is unknown, and there are no numbers
	Class   string
	DType   graph.DType
	Causes  Causes
	FLOPs   float64 // of products
	Bytes   float64
	// Fill is the part of the slots in whole waves of tiles that products use, by the tiles that fit best; 0 for kernels
	// without products.
	Fill     float64
	Products []TiledProduct
	Scaled   bool // another class's or type's coefficients stand for it
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
	Runtime string
	Kernels []KernelTerms // and calls, in graph order
	// Idle is the power that the meter sees while nothing runs: that of the board, and of the host at the plug. Idle
	// times the time of an operator is its static energy, the rest is dynamic.
	Idle energy.Watts
}

// Explain splits the predictions that Run makes into their causes.
func Explain(a *analysis.Analysis, c *Coefficients, dev energy.Device, opts Options) (*Explanation, error) {
	p, res, err := prepare(a, c, dev, opts)
	if err != nil {
		return nil, err
	}
	out := &Explanation{Device: dev, Runtime: res.Runtime, Idle: p.idlePower()}
	calls := map[*graph.Node]bool{}
	for _, n := range p.plan.Calls {
		calls[n] = true
	}
	for _, n := range a.Graph.Nodes {
		if i := p.plan.Of[n.ID]; i >= 0 && p.plan.Kernels[i].Node == n {
			out.Kernels = append(out.Kernels, p.kernelTerms(&p.plan.Kernels[i]))
		} else if calls[n] {
			out.Kernels = append(out.Kernels, p.callTerms(n))
		}
	}
	return out, nil
}

// kernelTerms explains one kernel.
func (p *binding) kernelTerms(k *kernel.Kernel) KernelTerms {
	f := p.machine.features(k, p.a.Eval)
	out := KernelTerms{Node: k.Node, Members: k.Members, Known: f.Known, Class: f.Class, DType: f.DType}
	if !f.Known {
		return out
	}
	ch := p.choose(classKey{f.Class, f.DType})
	out.Causes, out.Scaled, out.Why = p.causes(&f), ch.scaled, ch.why
	out.FLOPs, out.Bytes = f.X[FLOPs], f.X[Bytes]
	if len(k.Cost.Products) == 0 || f.X[FLOPs] == 0 {
		return out
	}
	best, slots := p.bestTile(&f, &ch)
	if slots > 0 {
		out.Fill = min(1, f.X[FLOPs]/slots)
		out.Products = p.tiled(k, best)
	}
	return out
}

// bestTile is the tile whose waves hold the fewest slots among those that the coefficients speak of, or else among all
// that the class takes.
func (p *predictor) bestTile(f *Features, ch *choice) (tile [2]float64, slots float64) {
	weighted := ch.time[WavesL] > 0 || ch.time[WavesM] > 0 || ch.time[WavesS] > 0
	slots = math.Inf(1)
	for _, t := range classOf(f.Class).terms { // in the order of the class: the same tile every time
		size, ok := tiles[t]
		if !ok || (weighted && ch.time[t] == 0) || f.X[t] >= slots {
			continue
		}
		tile, slots = size, f.X[t]
	}
	if math.IsInf(slots, 1) {
		return tile, 0
	}
	return tile, slots
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
		t := TiledProduct{Batch: v[0], Rows: v[1], Cols: v[2], Depth: v[3], TileRows: side(v[1], tile[0]), TileCols: side(v[2], tile[1]), Vector: v[1] < vectorRows}
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
		j, s := p.host(p.machine.host(2 * float64(bytes)))
		out.Causes[Host] = Share{j, s}
	}
	return out
}

// idlePower is what the meter of the coefficients would show of the device at rest. Where nobody parted the plug's energy
// into the board's and the host's, the least power that the fit saw stands for the machine at rest.
func (p *predictor) idlePower() energy.Watts {
	switch {
	case p.c.Boundary != energy.BoundaryWall:
		return p.dev.Idle
	case p.from == nil && p.c.Host == nil:
		return p.c.Power.Low
	}
	host, factor := p.hostPower()
	if p.from != nil && p.hostWatts != nil {
		host = *p.hostWatts
	}
	return host + energy.Watts(factor)*p.dev.Idle
}
