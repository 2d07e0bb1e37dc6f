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

// gemmShape is the shape of a two-dimensional product; nil where nothing is known of the sides.
func (c *Context) gemmShape(left, right int) (graph.Shape, error) {
	for _, i := range []int{left, right} {
		if s := c.Shape(i); s != nil && len(s) != 2 {
			return nil, c.Errorf("input %d has rank %d, want 2", i, len(s))
		}
	}
	a, b, ok := c.gemmSides(left, right)
	if ok {
		if _, err := c.Unify(a.cols, b.rows); err != nil {
			return nil, c.Errorf("inner dimensions %v and %v differ", a.cols, b.rows)
		}
	}
	return graph.Shape{a.rows, b.cols}, nil
}

// gemm: alpha·A·B + beta·C of two matrices, either of them transposed.
func gemm(c *Context) error {
	s, err := c.gemmShape(0, 1)
	if err != nil {
		return err
	}
	c.Set(0, c.DType(0), s)
	return nil
}

// gemmFloat8: the type of the output is an attribute.
func gemmFloat8(c *Context) error {
	s, err := c.gemmShape(0, 1)
	if err != nil {
		return err
	}
	c.Set(0, graph.DType(c.Node.Int("dtype", int64(graph.Float32))), s)
	return nil
}

// qgemm: inputs are A, its scale and zero point, B, its scale and zero point, C, and the scale and zero point of the
// output, which is float without them.
func qgemm(c *Context) error {
	s, err := c.gemmShape(0, 3)
	if err != nil {
		return err
	}
	t := graph.Float32
	if c.Has(8) {
		t = c.DType(8)
	}
	c.Set(0, t, s)
	return nil
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
	each := int64(0)
	if c.Node.Float("alpha", 1) != 1 {
		each++
	}
	if c.Has(2) {
		each++
		if c.Node.Float("beta", 1) != 1 {
			each++
		}
	}
	each += activationFLOPs(c.Node.Str("activation", ""))
	return c.products(c.Out(0).Shape.Elements().MulInt(each), c.gemmProduct(0, 1))
}

// qgemmCost adds bias and scaling of each output element.
func qgemmCost(c *Context) graph.Cost {
	each := int64(1)
	if c.Has(6) {
		each++
	}
	if c.Has(8) {
		each += requantize - 1
	}
	out := c.products(c.Out(0).Shape.Elements().MulInt(each), c.gemmProduct(0, 3))
	out.DType = c.DType(0)
	return out
}
