package law

import (
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

// Law predicts kernels on one device, as one meter sees it. It belongs to one goroutine.
type Law interface {
	// Kernel predicts one launch. The prediction is not Known where a size is not.
	Kernel(k *Kernel) Prediction
	// Call predicts a call that launches nothing, whose host hides behind that many bytes.
	Call(bytes float64) Prediction
	// Form is what Kernel predicts, as a closed form in the dims of a cost. It fails where the law has none.
	Form(c *graph.Cost) (Form, error)
	// CallForm is what Call predicts, as a closed form.
	CallForm(bytes graph.Dim) (Form, error)
	// Describe says in words what expressions of those kinds stand for in closed forms.
	Describe(kinds map[FormulaKind]bool) []string
	// Variation is what the law's errors are drawn from.
	Variation() *Variation
	// Idle is the power that the meter shows of the device at rest.
	Idle() energy.Watts
	// Excess is what of a pass's launches the device's work does not hide, for each of them: a host that launches ahead
	// of the device costs nothing as long as it is the faster one over the whole pass.
	Excess(launches int, device energy.Seconds) Share
	// Cache is the size up to which all that a pass touches stays on the chip between its kernels, in bytes.
	Cache() float64
}

// Kernel is one launch at bound sizes.
type Kernel struct {
	Class    string // of graph.Cost
	DType    graph.DType
	Known    bool      // false: the cost, or a size, is not known
	MACs     float64   // multiply-accumulates
	Bytes    float64   // read and written
	Rereads  float64   // bytes read once more, as no cache holds them; a launch does not hide behind them
	Products []Product // with Attention, its own two are the last

	// What kernels that are given by shape say beside that.
	Op        string     // row operator, such as add_rmsnorm; "" where the class says enough
	Elements  float64    // of its rows
	Quant     string     // quantisation of products and experts; "" where the element type says all
	Attention *Attention // of a fused kernel
	Experts   *Experts   // of a layer of experts
	Replayed  bool       // all it reads was read just before: what fits the cache is there
	Rounding  Rounding   // of products of float32
}

// Rounding says whether products of float32 round their inputs to TF32.
type Rounding uint8

// The ways.
const (
	AsRuntime Rounding = iota // as the runtime does
	Exact                     // they do not
	ToTF32                    // they do, where the device can
)

// Product is Batch products of M×K by K×N.
type Product struct{ Batch, M, N, K float64 }

// Sizes are what tells kernels apart.
type Sizes struct {
	class, op, quant               string
	dtype                          graph.DType
	known, replayed                bool
	rounding                       Rounding
	macs, bytes, rereads, elements float64
	count                          int
	products                       [4]Product
	attention                      Attention
	experts                        Experts
}

// Comparable gives what tells a kernel from others as a key of maps. False where it has too many products for that.
func (k *Kernel) Comparable() (Sizes, bool) {
	s := Sizes{
		class: k.Class, op: k.Op, quant: k.Quant, dtype: k.DType, known: k.Known, replayed: k.Replayed, rounding: k.Rounding,
		macs: k.MACs, bytes: k.Bytes, rereads: k.Rereads, elements: k.Elements, count: len(k.Products),
	}
	copy(s.products[:], k.Products)
	if k.Attention != nil {
		s.attention = *k.Attention
	}
	if k.Experts != nil {
		s.experts = *k.Experts
	}
	return s, len(k.Products) <= len(s.products)
}

// KernelAt evaluates a cost at bound dims.
func KernelAt(c *graph.Cost, eval func(graph.Dim) (int64, bool)) Kernel {
	k := Kernel{Class: c.Class, DType: c.DType, Known: c.Known}
	num := func(d graph.Dim) float64 {
		v, ok := eval(d)
		k.Known = k.Known && ok
		return float64(v)
	}
	k.MACs, k.Bytes = num(c.MACs), num(c.Read)+num(c.Written)
	for _, p := range c.Products {
		k.Products = append(k.Products, Product{Batch: num(p.Batch), M: num(p.M), N: num(p.N), K: num(p.K)})
	}
	k.Op, k.Quant = c.Row, c.Quant
	if n, ok := eval(c.Elements); ok {
		k.Elements = float64(n)
	}
	if a := c.Attention; a != nil {
		k.Attention = &Attention{
			Batch: num(a.Batch), Heads: num(a.Heads), KVHeads: num(a.KVHeads), HeadDim: num(a.HeadDim),
			Query: num(a.Query), Context: num(a.Context), Causal: a.Causal, DType: a.DType, CacheBytes: float64(a.Cache.Bits()) / 8,
		}
		if w, ok := eval(a.Window); ok && float64(w) < k.Attention.Context { // a wider one bounds nothing
			k.Attention.Window = float64(w)
		}
	}
	if e := c.Experts; e != nil {
		k.Experts = &Experts{
			Tokens: num(e.Tokens), Hidden: num(e.Hidden), Inter: num(e.Inter), TopK: num(e.TopK), Experts: num(e.Experts), TP: 1, EP: 1, Gated: e.Gated,
			Distribution: Uneven,
		}
	}
	return k
}

// Uneven is how tokens of text spread over experts; see [Experts].
const Uneven = "power_law_1.01"

// Prediction is what one operator takes, and how that comes about.
type Prediction struct {
	Outcome
	Detail
}

// Outcome is what one operator takes. One that is not Known has no numbers.
type Outcome struct {
	Known bool
	// StandIn says that the class or the element type was never measured on the device of the coefficients and another's
	// stand for it.
	StandIn bool
	// Extrapolated says that the operator lies outside the range that its coefficients were fitted on.
	Extrapolated bool
	Class        string      // of the kernel
	DType        graph.DType // that the law keeps the class's numbers under
	Group        string      // of kernels that share an error, of one DType
	Estimate
	Why    string // of StandIn or Extrapolated, or of what is not known
	Origin Origin // "" where the law does not tell
	// LowTime and HighTime are the 90 % interval of the time; both zero where the law has none.
	LowTime, HighTime energy.Seconds
}

// Detail is how a kernel's prediction comes about.
type Detail struct {
	Causes Causes // whose sum is the estimate
	// Tile is the tile that fits a kernel's products best, rows by columns, and Fill the part of the slots in whole waves
	// of it that they use, from 0 to 1; zero for kernels without products.
	Tile [2]float64
	Fill float64
}

// Origin says in a word what stands behind a prediction.
type Origin string

// The origins.
const (
	OriginFitted    Origin = "fitted"    // to measurements of the device
	OriginEstimated Origin = "estimated" // from the device's row and constants of its kind
	OriginStandIn   Origin = "stand-in"  // from another kind's, class's or type's constants
)

// View is the class of what launches nothing.
const View = "view"

// Estimate is energy with the intervals of it, and time.
type Estimate struct {
	Energy        energy.Joules
	Low, High     energy.Joules // 90 % interval
	Low50, High50 energy.Joules // 50 % interval
	Time          energy.Seconds
}

// Surround puts intervals of those half widths around the energy, which cannot be negative.
func (e *Estimate) Surround(half50, half90 energy.Joules) {
	e.Low, e.High = max(0, e.Energy-half90), e.Energy+half90
	e.Low50, e.High50 = max(0, e.Energy-half50), e.Energy+half50
}

// Times is a part of an estimate, or a multiple.
func (e *Estimate) Times(x float64) Estimate {
	j := energy.Joules(x)
	return Estimate{Energy: e.Energy * j, Low: e.Low * j, High: e.High * j, Low50: e.Low50 * j, High50: e.High50 * j, Time: e.Time * energy.Seconds(x)}
}

// Part is a part of what is known.
func (o *Outcome) Part(x float64) *Outcome {
	part := *o
	part.Estimate = o.Times(x)
	return &part
}

// Wait adds what the kernel's launch makes the device wait for its host.
func (p *Prediction) Wait(s Share) {
	p.Causes[Host] = p.Causes[Host].Plus(s)
	p.Time += s.Time
	p.Energy, p.Low, p.High, p.Low50, p.High50 = p.Energy+s.Energy, p.Low+s.Energy, p.High+s.Energy, p.Low50+s.Energy, p.High50+s.Energy
	if p.HighTime > 0 {
		p.LowTime, p.HighTime = p.LowTime+s.Time, p.HighTime+s.Time
	}
}

// Add adds another estimate, bound by bound.
func (e *Estimate) Add(o *Estimate) {
	e.Energy, e.Time = e.Energy+o.Energy, e.Time+o.Time
	e.Low, e.High = e.Low+o.Low, e.High+o.High
	e.Low50, e.High50 = e.Low50+o.Low50, e.High50+o.High50
}
