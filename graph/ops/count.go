package ops

import "github.com/irene-onnx/irene/graph"

// Count returns the cost of every node, by Node.ID. Nodes without a row have the zero Cost, which is unknown. A node of
// a Loop or Scan body counts as often as the body runs. Nodes that cost the same may share it: nobody may change one.
func Count(g *graph.Graph, inf *Inference) []*graph.Cost {
	costs, equal := make([]*graph.Cost, len(g.Nodes)), graph.NewEqualCosts()
	counted := *inf
	s := &state{g: g, facts: inf.Facts, rows: inf.Rows, out: &counted}
	for _, n := range g.Nodes {
		costs[n.ID] = equal.Share(s.cost(n).Times(inf.trips(n.Body)))
	}
	s.countUnrolled(costs)
	return costs
}

// cost is the cost of one run of a node; the zero Cost where it has no row.
func (s *state) cost(n *graph.Node) graph.Cost {
	op := s.rows[n.ID]
	if op == nil || op.Cost == nil {
		return graph.Cost{}
	}
	s.ctx = Context{Node: n, Op: op, s: s}
	c := op.Cost(&s.ctx)
	if c.Class == "" {
		c.Class = op.Class
	}
	if c.DType == graph.Undefined && len(n.Inputs) > 0 {
		c.DType = arithmetic(&s.ctx)
	}
	if len(c.Products) == 0 || c.Row != "" {
		c.Elements = s.ctx.Out(0).Shape.Elements()
		if op.Class == "reduce" {
			c.Elements = s.ctx.Shape(0).Elements()
		}
	}
	return c
}

// trips is how often a body runs: the product over the loops around it.
func (inf *Inference) trips(b *graph.Body) graph.Dim {
	n := graph.Const(1)
	for ; b != nil && b.Owner != nil; b = b.Owner.Body {
		if t, ok := inf.Trips[b]; ok {
			n = n.Mul(t)
		}
	}
	return n
}

// arithmetic is the element type a node computes in: that of its first floating-point input or output, else of input 0.
func arithmetic(c *Context) graph.DType {
	for i := range c.Node.Inputs {
		if t := c.DType(i); t.IsFloat() {
			return t
		}
	}
	for i := range c.Node.Outputs {
		if t := c.Out(i).DType; t.IsFloat() {
			return t
		}
	}
	return c.DType(0)
}

// freeCost is the rule of operators that neither compute nor move data at run time: views, constants, metadata.
func freeCost(*Context) graph.Cost {
	zero := graph.Const(0)
	return graph.Cost{Known: true, Free: true, MACs: zero, Elementwise: zero, Read: zero, Written: zero}
}

// pointwise is the rule of operators that do k operations per element of output 0, reading each input and writing each
// output once.
func pointwise(k int64) CostRule {
	return func(c *Context) graph.Cost {
		return c.cost(c.Out(0).Shape.Elements().MulInt(k))
	}
}

// named is a rule of operators that energy models know as a row operator of their own.
func named(row string, rule CostRule) CostRule {
	return func(c *Context) graph.Cost {
		cost := rule(c)
		cost.Row = row
		return cost
	}
}

// perInput is the rule of operators that do k operations per element of input 0: reductions.
func perInput(k int64) CostRule {
	return func(c *Context) graph.Cost {
		return c.cost(c.Shape(0).Elements().MulInt(k))
	}
}

// movesCost is the rule of operators that read every input and write every output once and compute nothing.
func movesCost(c *Context) graph.Cost { return c.cost(graph.Const(0)) }

// cost is a known cost of some elementwise operations that reads each input and writes each output once.
func (c *Context) cost(flops graph.Dim) graph.Cost {
	return graph.Cost{Known: true, MACs: graph.Const(0), Elementwise: flops, Read: c.read(), Written: c.written()}
}

// products is a known cost of matrix products, besides some elementwise operations.
func (c *Context) products(flops graph.Dim, ps ...graph.Product) graph.Cost {
	out := c.cost(flops)
	for _, p := range ps {
		out.MACs = out.MACs.Add(p.MACs())
	}
	out.Products = ps
	return out
}

// read is the size of all inputs in bytes.
func (c *Context) read() graph.Dim {
	sum := graph.Const(0)
	for i, v := range c.Node.Inputs {
		if v != nil {
			sum = sum.Add(c.bytesIn(i))
		}
	}
	return sum
}

// written is the size of all outputs in bytes.
func (c *Context) written() graph.Dim {
	sum := graph.Const(0)
	for i, v := range c.Node.Outputs {
		if v != nil {
			sum = sum.Add(c.Out(i).Bytes())
		}
	}
	return sum
}

// bytesIn is the size of input i; 0 where it is absent.
func (c *Context) bytesIn(i int) graph.Dim {
	if !c.Has(i) {
		return graph.Const(0)
	}
	return c.In(i).Bytes()
}

// Bytes is the stored size of a value; unknown where its shape or the width of its elements is.
func (f *Fact) Bytes() graph.Dim {
	if f.Kind != graph.KindTensor && f.Kind != graph.KindUnknown {
		return graph.Dim{}
	}
	return f.size(f.Shape.Elements())
}

// size is the size of n elements of the value.
func (f *Fact) size(n graph.Dim) graph.Dim {
	bytes := Bytes(f.DType, n)
	if f.Block > 0 {
		bytes = bytes.Add(n.CeilDiv(graph.Const(f.Block)))
	}
	return bytes
}

// Bytes is the size of n elements of type t, rounded up to whole bytes.
func Bytes(t graph.DType, n graph.Dim) graph.Dim {
	bits := t.Bits()
	switch {
	case bits == 0:
		return graph.Dim{}
	case bits%8 == 0:
		return n.MulInt(bits / 8)
	}
	return n.MulInt(bits).CeilDiv(graph.Const(8))
}
