package ops

import (
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// linearOps are matrix products: what they multiply counts as multiply-accumulates, never as elementwise work.
// https://onnx.ai/onnx/operators/onnx__MatMul.html
// https://onnx.ai/onnx/operators/onnx__Gemm.html
func linearOps() []Op {
	rows := []Op{
		{Name: "MatMul", Since: 1, Class: "gemm", Shape: matMul, Cost: matMulCost, Weights: slots(1)},
		{Name: "Gemm", Since: 1, Class: "gemm", Shape: gemm, Cost: gemmCost, Weights: slots(1, 2)},
		{Name: "MatMulInteger", Since: 10, Class: "gemm", Shape: matMulInteger, Cost: matMulCost, Weights: slots(1)},
		{Name: "QLinearMatMul", Since: 10, Class: "gemm", Shape: qlinearMatMul, Cost: qlinearMatMulCost, Weights: slots(3)},
		{Name: "Det", Since: 11, Class: "elementwise", Shape: det, Cost: detCost},
		{Domain: "com.microsoft", Name: "Inverse", Since: 1, Class: "elementwise", Shape: sameAsFirst, Cost: inverseCost},
		{Domain: "com.microsoft", Name: "CDist", Since: 1, Class: "elementwise", Shape: pairDistances, Cost: pairDistancesCost},
		{Name: "Einsum", Since: 12, Class: "bmm", Shape: einsum, Cost: einsumCost},
	}
	ms := func(name string, shape ShapeRule, cost CostRule, weights Slots) {
		rows = append(rows, Op{
			Domain: "com.microsoft", Name: name, Since: 1, Class: "gemm", Shape: shape, Cost: cost, Weights: weights,
		})
	}
	ms("FusedMatMul", matMul, matMulCost, slots(1))
	ms("FusedMatMulActivation", matMul, matMulCost, slots(1))
	ms("TransposeMatMul", matMul, matMulCost, slots(1))
	ms("SparseToDenseMatMul", matMul, matMulCost, slots(1))
	ms("GemmFastGelu", matMul, matMulCost, slots(1, 2))
	ms("FusedGemm", gemm, gemmCost, slots(1, 2))
	ms("GemmFloat8", gemmFloat8, gemmCost, slots(1, 2))
	ms("MatMulInteger16", matMulInteger, matMulCost, slots(1))
	ms("MatMulIntegerToFloat", matMulToFloat, matMulToFloatCost, slots(1, 6))
	ms("DynamicQuantizeMatMul", matMulToFloat, matMulToFloatCost, slots(1, 4))
	ms("QGemm", qgemm, qgemmCost, slots(3, 6))
	return rows
}

// dimOf returns a dimension of a shape, counted from the end where axis is negative; unknown where there is none.
func dimOf(s graph.Shape, axis int) graph.Dim {
	if axis < 0 {
		axis += len(s)
	}
	if axis < 0 || axis >= len(s) {
		return graph.Dim{}
	}
	return s[axis]
}

// either returns a, or b where a is unknown.
func either(a, b graph.Dim) graph.Dim {
	if a.IsUnknown() {
		return b
	}
	return a
}

// operand is one side of a matrix product.
type operand struct {
	batch      graph.Shape
	rows, cols graph.Dim
	vector     bool // of rank 1: its row or column is not in the output
}

// transposition says how a stored operand is turned before it is multiplied.
type transposition struct {
	matrix bool // rows and columns are swapped
	batch  bool // the rows stand before the batch dimensions
}

// operandOf views a shape as an operand of NumPy's matmul; false where the rank is unknown or 0.
func operandOf(s graph.Shape, left bool, t transposition) (operand, bool) {
	switch r := len(s); {
	case r == 0:
		return operand{}, false
	case r == 1 && left:
		return operand{batch: graph.Shape{}, rows: graph.Const(1), cols: s[0], vector: true}, true
	case r == 1:
		return operand{batch: graph.Shape{}, rows: s[0], cols: graph.Const(1), vector: true}, true
	default:
		o := operand{batch: s[:r-2], rows: s[r-2], cols: s[r-1]}
		if t.batch {
			o.batch, o.rows = s[1:r-1], s[0]
		}
		if t.matrix {
			o.rows, o.cols = o.cols, o.rows
		}
		return o, true
	}
}

// transpositions reads how a node turns its operands.
func (c *Context) transpositions() (a, b transposition) {
	flag := func(name string) bool { return c.Node.Int(name, 0) != 0 }
	a = transposition{matrix: flag("transA"), batch: flag("transBatchA")}
	b = transposition{matrix: flag("transB"), batch: flag("transBatchB")}
	return a, b
}

// matMulShape is the shape of the product of the operands in two slots; nil where a rank is unknown.
func (c *Context) matMulShape(left, right int) (graph.Shape, error) {
	ta, tb := c.transpositions()
	if (c.Shape(left) != nil && len(c.Shape(left)) == 0) || (c.Shape(right) != nil && len(c.Shape(right)) == 0) {
		return nil, c.Errorf("a scalar has no matrix product")
	}
	a, okA := operandOf(c.Shape(left), true, ta)
	b, okB := operandOf(c.Shape(right), false, tb)
	if !okA || !okB {
		return nil, nil
	}
	if _, err := c.Unify(a.cols, b.rows); err != nil {
		return nil, c.Errorf("%v times %v: inner dimensions %v and %v differ", c.Shape(left), c.Shape(right), a.cols, b.rows)
	}
	batch, err := c.Broadcast(a.batch, b.batch)
	if err != nil {
		return nil, err
	}
	out := make(graph.Shape, 0, len(batch)+2)
	out = append(out, batch...)
	if !a.vector {
		out = append(out, a.rows)
	}
	if !b.vector {
		out = append(out, b.cols)
	}
	return out, nil
}

// matMul: NumPy's matmul of inputs 0 and 1, with the type of input 0.
func matMul(c *Context) error {
	s, err := c.matMulShape(0, 1)
	if err != nil {
		return err
	}
	t := c.DType(0)
	if t == graph.Undefined {
		t = c.DType(1)
	}
	c.Set(0, t, s)
	return nil
}

// matMulInteger: the product of narrow integers, accumulated in 32 bits.
func matMulInteger(c *Context) error {
	s, err := c.matMulShape(0, 1)
	if err != nil {
		return err
	}
	t := graph.Int32
	if c.DType(0) == graph.Uint16 && c.Node.Op == "MatMulInteger16" {
		t = graph.Uint32
	}
	c.Set(0, t, s)
	return nil
}

// matMulToFloat: the product of narrow integers, scaled to the type of the scale in input 2.
func matMulToFloat(c *Context) error {
	s, err := c.matMulShape(0, 1)
	if err != nil {
		return err
	}
	c.Set(0, c.DType(2), s)
	return nil
}

// qlinearMatMul: inputs are a, its scale and zero point, b, its scale and zero point, and those of the output.
func qlinearMatMul(c *Context) error {
	s, err := c.matMulShape(0, 3)
	if err != nil {
		return err
	}
	t := c.DType(7)
	if t == graph.Undefined {
		t = c.DType(0)
	}
	c.Set(0, t, s)
	return nil
}

// matMulProduct describes the product of two operands whose result has shape out. A constant operand is the right one
// of the description, the product transposed where it is the left one of the node; batches share a constant matrix, so
// they are rows.
func (c *Context) matMulProduct(left, right int) graph.Product {
	ta, tb := c.transpositions()
	a, okA := operandOf(c.Shape(left), true, ta)
	b, okB := operandOf(c.Shape(right), false, tb)
	if !okA || !okB {
		return graph.Product{}
	}
	batch := graph.Const(1)
	for i := range max(len(a.batch), len(b.batch)) {
		x, y := batchDim(a.batch, i), batchDim(b.batch, i)
		if x.Is(1) {
			x = y
		} else if _, ok := y.Const(); ok && !y.Is(1) {
			x = y
		}
		batch = batch.Mul(x)
	}
	p := graph.Product{Batch: batch, M: a.rows, N: b.cols, K: either(a.cols, b.rows), TransB: tb.matrix}
	wa, wb := c.constant(left), c.constant(right)
	switch {
	case wb:
		p.Weight = true
	case wa:
		p.Weight = true
		p.M, p.N, p.TransB = p.N, p.M, !ta.matrix
		a, b = b, a
	}
	if b.batch.Elements().Is(1) {
		p.Batch, p.M = graph.Const(1), p.Batch.Mul(p.M)
	}
	return p
}

// batchDim is the i-th batch dimension from the end; 1 where there is none.
func batchDim(s graph.Shape, i int) graph.Dim {
	if i >= len(s) {
		return graph.Const(1)
	}
	return s[len(s)-1-i]
}

// productClass is the operator class of a product: a matrix product with one constant matrix, or a batch of products.
func productClass(p graph.Product) string {
	if p.Weight && p.Batch.Is(1) {
		return "gemm"
	}
	return "bmm"
}

// constant reports whether input i holds stored data, perhaps in another layout or type.
func (c *Context) constant(i int) bool {
	v := c.Node.Input(i)
	for range 16 {
		switch {
		case v == nil:
			return false
		case v.Init != nil || c.s.facts[v.ID].Tensor != nil:
			return true
		case v.Producer == nil || v.Producer.Domain != "" && v.Producer.Domain != "com.microsoft":
			return false
		}
		switch v.Producer.Op {
		case "Constant":
			return true
		case "Transpose", "Cast", "CastLike", "DequantizeLinear", "QuantizeLinear", "Identity", "Reshape", "Squeeze", "Unsqueeze":
			v = v.Producer.Input(0)
		default:
			return false
		}
	}
	return false
}

// matMulCost counts a product of inputs 0 and 1 and what is fused behind it.
func matMulCost(c *Context) graph.Cost {
	p := c.matMulProduct(0, 1)
	each := int64(0)
	switch c.Node.Op {
	case "FusedMatMul", "TransposeMatMul", "SparseToDenseMatMul":
		if c.Node.Float("alpha", 1) != 1 {
			each = 1
		}
	case "FusedMatMulActivation":
		each = activationFLOPs(c.Node.Str("activation", "Relu"))
		if c.Node.Float("alpha", 1) != 1 {
			each++
		}
	case "GemmFastGelu":
		each = 8
		if c.Has(2) {
			each = 9
		}
	}
	out := c.products(c.Out(0).Shape.Elements().MulInt(each), p)
	out.Class = productClass(p)
	if t := c.DType(0); !t.IsFloat() {
		out.DType = t
	}
	return out
}

// qlinearMatMulCost adds the scaling, rounding and shifting of each output element.
func qlinearMatMulCost(c *Context) graph.Cost {
	p := c.matMulProduct(0, 3)
	out := c.products(c.Out(0).Shape.Elements().MulInt(requantize), p)
	out.Class, out.DType = productClass(p), c.DType(0)
	return out
}

// requantize is the work of bringing one accumulated element to a narrow integer: scale, round, add the zero point.
const requantize = 3

// matMulToFloatCost adds the scaling of each output element, its bias, and for a float input its quantization.
func matMulToFloatCost(c *Context) graph.Cost {
	p := c.matMulProduct(0, 1)
	out := c.Out(0).Shape.Elements()
	work, bias := out, 6
	if c.DType(0).IsFloat() {
		work, bias = out.Add(c.Shape(0).Elements().MulInt(dynamicQuantize)), 4
	}
	if c.Has(bias) {
		work = work.Add(out)
	}
	cost := c.products(work, p)
	cost.Class, cost.DType = productClass(p), c.DType(1)
	return cost
}

// dynamicQuantize is the work per element of finding a tensor's range and quantizing it: minimum, maximum, divide,
// round, add the zero point, saturate.
const dynamicQuantize = 6

// activationFLOPs is the work per element of an activation that is fused into another operator.
func activationFLOPs(name string) int64 {
	switch strings.ToLower(name) {
	case "", "none", "identity":
		return 0
	case "silu", "swish":
		return 2
	case "leakyrelu", "softplus", "softsign", "quickgelu":
		return 3
	case "elu", "hardsigmoid":
		return 4
	case "gelu", "selu", "hardswish", "mish":
		return 5
	case "fastgelu":
		return 8
	}
	return 1 // ReLU, tanh, sigmoid, clipping
}

// det: the determinants of the square matrices in the last two dimensions.
func det(c *Context) error {
	s := c.Shape(0)
	if s == nil {
		c.Set(0, c.DType(0), nil)
		return nil
	}
	if len(s) < 2 {
		return c.Errorf("input of rank %d, want at least 2", len(s))
	}
	if _, err := c.Unify(s[len(s)-1], s[len(s)-2]); err != nil {
		return err
	}
	c.Set(0, c.DType(0), s[:len(s)-2])
	return nil
}

// inverseCost counts a factorization and the solutions for the unit matrix: 2·n³ operations per matrix.
// Golub and Van Loan, Matrix Computations, 4th edition, chapter 3.
func inverseCost(c *Context) graph.Cost {
	return c.cost(c.Shape(0).Elements().Mul(dimOf(c.Shape(0), -1)).MulInt(2))
}

// pairDistances: a distance for every pair of rows of the two matrices.
func pairDistances(c *Context) error {
	if _, err := c.Unify(dimOf(c.Shape(0), 1), dimOf(c.Shape(1), 1)); err != nil {
		return err
	}
	c.Set(0, c.DType(0), graph.Shape{dimOf(c.Shape(0), 0), dimOf(c.Shape(1), 0)})
	return nil
}

// pairDistancesCost counts difference, square and sum for every element of every pair.
func pairDistancesCost(c *Context) graph.Cost {
	return c.cost(c.Out(0).Shape.Elements().Mul(dimOf(c.Shape(0), 1)).MulInt(3))
}

// detCost counts an LU factorization: ⅔·n³ operations per matrix.
// Golub and Van Loan, Matrix Computations, 4th edition, section 3.2.
func detCost(c *Context) graph.Cost {
	n := dimOf(c.Shape(0), -1)
	return c.cost(c.Out(0).Shape.Elements().Mul(n.Pow(3).MulInt(2).CeilDiv(graph.Const(3))))
}
