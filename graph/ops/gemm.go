package ops

import "github.com/irene-onnx/irene/graph"

// gemmSides views inputs as the operands of a two-dimensional product.
func (c *Context) gemmSides(left, right int) (a, b operand, ok bool) {
	ta, tb := c.transpositions()
	sa, sb := c.Shape(left), c.Shape(right)
	a, okA := operandOf(sa, true, transposition{matrix: ta.matrix})
	b, okB := operandOf(sb, false, transposition{matrix: tb.matrix})
	return a, b, okA && okB && len(sa) == 2 && len(sb) == 2
}

// gemm is a rule for alpha·A·B + beta·C of the matrices A and B in two slots, either of them transposed.
func gemm(left, right int, t typeRule) ShapeRule {
	return func(c *Context) error {
		for _, i := range []int{left, right} {
			if s := c.Shape(i); s != nil && len(s) != 2 {
				return c.Errorf("input %d has rank %d, want 2", i, len(s))
			}
		}
		a, b, ok := c.gemmSides(left, right)
		if ok {
			if _, err := c.Unify(a.cols, b.rows); err != nil {
				return c.Errorf("inner dimensions %v and %v differ", a.cols, b.rows)
			}
		}
		c.Set(0, t(c), graph.Shape{a.rows, b.cols})
		return nil
	}
}

// qgemmType: inputs are A, its scale and zero point, B, its scale and zero point, C, and the scale and zero point of the
// output, which is float without them.
func qgemmType(c *Context) graph.DType {
	if c.Has(8) {
		return c.DType(8)
	}
	return graph.Float32
}

// gemmProduct describes a two-dimensional product, a constant operand on the right.
func (c *Context) gemmProduct(left, right int) graph.Product {
	a, b, ok := c.gemmSides(left, right)
	if !ok {
		return graph.Product{}
	}
	ta, tb := c.transpositions()
	p := graph.Product{Batch: graph.Const(1), M: a.rows, N: b.cols, K: either(a.cols, b.rows), TransB: tb.matrix}
	switch {
	case c.constant(right):
		p.Weight = true
	case c.constant(left):
		p.Weight = true
		p.M, p.N, p.TransB = p.N, p.M, !ta.matrix
	}
	return p
}

// gemmCost adds the scalings, the bias and a fused activation to a product.
// https://onnx.ai/onnx/operators/onnx__Gemm.html
func gemmCost(c *Context) graph.Cost {
	each := c.scalings("alpha") + activationFLOPs(c.Node.Str("activation", ""))
	if c.Has(2) {
		each += 1 + c.scalings("beta")
	}
	p := c.gemmProduct(0, 1)
	cost := c.products(c.Out(0).Shape.Elements().MulInt(each), p)
	if c.constant(1) {
		c.readIfRun(&cost, 1, p)
	}
	return cost
}

// qgemmCost adds bias and scaling of each output element.
func qgemmCost(c *Context) graph.Cost {
	each := 1 + c.countHas(6) + c.countHas(8)*(requantize-1)
	out := c.products(c.Out(0).Shape.Elements().MulInt(each), c.gemmProduct(0, 3))
	out.DType = c.DType(0)
	return out
}
