package graph

// Cost is what one operation takes for one run of the graph, as expressions in the dims. A metric whose Dim is unknown
// is unknown, never zero.
type Cost struct {
	Known bool // a cost rule exists for the operator; false: nothing below holds
	Free  bool // moves and computes nothing at run time (views, constants)

	Class string // operator class of the energy model: gemm, bmm, conv, softmax, norm, …
	DType DType  // element type of the arithmetic

	MACs        Dim // multiply-accumulates of matrix products, convolutions and attention
	Elementwise Dim // all other arithmetic operations
	Read        Dim // bytes
	Written     Dim // bytes

	Products []Product // the matrix products among the MACs

	// What energy models ask of kernels that are more than products or rows of their class.
	Row       string     // row operator that a kernel is: add_rmsnorm, silu_and_mul, rope, depthwise; "" where the class says enough
	Elements  Dim        // of the rows that a kernel without products goes over
	Quant     string     // how weights are stored beside the element type: fp8, nvfp4, int8_wo, int4_wo …; "" where that says all
	Attention *Attention // of a fused kernel, whose two products are the last of Products; nil where it is none
	Experts   *Experts   // of a layer of experts, whose products are among the MACs; nil where it is none
}

// Attention is the geometry of one fused attention: batch sequences of Query tokens that look at Context tokens.
type Attention struct {
	Batch, Heads, KVHeads, HeadDim Dim
	Query, Context                 Dim   // tokens; Context counts those from a cache
	Window                         Dim   // tokens that each looks back at most; unknown: all
	Causal                         bool  // tokens look at those before them only
	DType                          DType // element type of queries; that of the cost may be of products before them
	Cache                          DType // element type of keys and values as they are stored
}

// Experts is a layer of experts of which each token goes through TopK.
type Experts struct {
	Tokens, Hidden, Inter, TopK, Experts Dim
	Gated                                bool // three matrices an expert, not two
}

// Product is Batch independent products of an M×K by a K×N matrix.
type Product struct {
	Batch, M, N, K Dim
	Weight         bool // the right operand is constant
	TransB         bool // the right operand is stored N×K
}

// Runs is 1, or 0 where the product has no rows, as of an expert that no token goes through: its right operand is not read
// then. Only products whose rows may be none at the smallest sizes depend on sizes here.
func (p Product) Runs() Dim {
	if m, ok := p.M.Eval(func(string) (int64, bool) { return 1, true }); !ok || m > 0 {
		return Const(1)
	}
	return p.M.Min(Const(1))
}

// MACs is Batch·M·N·K.
func (p Product) MACs() Dim { return p.Batch.Mul(p.M).Mul(p.N).Mul(p.K) }

// Times is the cost of n runs.
func (c Cost) Times(n Dim) Cost {
	if n.Is(1) {
		return c
	}
	c.MACs, c.Elementwise = c.MACs.Mul(n), c.Elementwise.Mul(n)
	c.Read, c.Written, c.Elements = c.Read.Mul(n), c.Written.Mul(n), c.Elements.Mul(n)
	c.Products = append([]Product(nil), c.Products...)
	for i := range c.Products {
		c.Products[i].Batch = c.Products[i].Batch.Mul(n)
	}
	if c.Attention != nil {
		a := *c.Attention
		a.Batch = a.Batch.Mul(n)
		c.Attention = &a
	}
	return c
}

// Convention says which operations a FLOP count holds. It is printed with every report.
type Convention string

// The conventions of --flops.
const (
	TwoMACPlusElementwise Convention = "2mac+elementwise" // 2 per multiply-accumulate, 1 or more per element of the rest
	TwoMAC                Convention = "2mac"             // 2 per multiply-accumulate, nothing else, as PyTorch counts: https://github.com/pytorch/pytorch/blob/main/torch/utils/flop_counter.py
	MAC                   Convention = "mac"              // 1 per multiply-accumulate, nothing else
)

// Conventions lists the conventions, the default first.
func Conventions() []Convention { return []Convention{TwoMACPlusElementwise, TwoMAC, MAC} }

// FLOPs counts the operations of c under a convention.
func (c Cost) FLOPs(conv Convention) Dim {
	switch conv {
	case MAC:
		return c.MACs
	case TwoMAC:
		return c.MACs.MulInt(2)
	}
	return c.MACs.MulInt(2).Add(c.Elementwise)
}
