package ops

import (
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// linearOps are matrix products: what they multiply counts as multiply-accumulates, never as elementwise work.
// https://onnx.ai/onnx/operators/onnx__MatMul.html
// https://onnx.ai/onnx/operators/onnx__Gemm.html
func linearOps() []Op {
	product, scaled := matMul(0, 1, typeOf(0, 1)), matMul(0, 1, typeOf(2)) // scaled: to the type of the scale in input 2
	return []Op{
		row("MatMul", 1, "gemm", product, matMulCost, 1),
		row("Gemm", 1, "gemm", gemm(0, 1, typeOf(0)), gemmCost, 1, 2),
		row("MatMulInteger", 10, "gemm", matMul(0, 1, wideInteger), matMulCost, 1),
		row("QLinearMatMul", 10, "gemm", matMul(0, 3, typeOf(7, 0)), qlinearMatMulCost, 3),
		row("Det", 11, "elementwise", shaped(det), detCost),
		contrib("Inverse", "elementwise", sameAsFirst, inverseCost),
		contrib("CDist", "elementwise", pairDistances, pairDistancesCost),
		row("Einsum", 12, "bmm", einsum, einsumCost),
		contrib("FusedMatMul", "gemm", product, matMulCost, 1),
		contrib("FusedMatMulActivation", "gemm", product, matMulCost, 1),
		contrib("TransposeMatMul", "gemm", product, matMulCost, 1),
		contrib("SparseToDenseMatMul", "gemm", product, matMulCost, 1),
		contrib("GemmFastGelu", "gemm", product, matMulCost, 1, 2),
		contrib("FusedGemm", "gemm", gemm(0, 1, typeOf(0)), gemmCost, 1, 2),
		contrib("GemmFloat8", "gemm", gemm(0, 1, typeAttr("dtype")), gemmCost, 1, 2),
		contrib("MatMulInteger16", "gemm", matMul(0, 1, wideInteger), matMulCost, 1),
		contrib("MatMulIntegerToFloat", "gemm", scaled, matMulToFloatCost, 1, 6),
		contrib("DynamicQuantizeMatMul", "gemm", scaled, matMulToFloatCost, 1, 4),
		contrib("QGemm", "gemm", gemm(0, 3, qgemmType), qgemmCost, 3, 6),
	}
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
	a = transposition{matrix: c.isSet("transA"), batch: c.isSet("transBatchA")}
	b = transposition{matrix: c.isSet("transB"), batch: c.isSet("transBatchB")}
	return a, b
}

// matMul is a rule for NumPy's matmul of the operands in two slots.
func matMul(left, right int, t typeRule) ShapeRule {
	return func(c *Context) error {
		s, err := c.matMulShape(left, right)
		return c.result(t(c), s, err)
	}
}

// wideInteger is the type in which narrow integers are summed.
func wideInteger(c *Context) graph.DType {
	if c.DType(0) == graph.Uint16 && c.Node.Op == "MatMulInteger16" {
		return graph.Uint32
	}
	return graph.Int32
}

// matMulShape is the shape of the product of the operands in two slots; nil where a rank is unknown.
func (c *Context) matMulShape(left, right int) (graph.Shape, error) {
	ta, tb := c.transpositions()
	x, y := c.Shape(left), c.Shape(right)
	if (x != nil && len(x) == 0) || (y != nil && len(y) == 0) {
		return nil, c.Errorf("a scalar has no matrix product")
	}
	a, okA := operandOf(x, true, ta)
	b, okB := operandOf(y, false, tb)
	if !okA || !okB {
		return nil, nil
	}
	if _, err := c.Unify(a.cols, b.rows); err != nil {
		return nil, c.Errorf("%v times %v: inner dimensions %v and %v differ", x, y, a.cols, b.rows)
	}
	batch, err := c.Broadcast(a.batch, b.batch)
	if err != nil {
		return nil, err
	}
	out := append(make(graph.Shape, 0, len(batch)+2), batch...)
	if !a.vector {
		out = append(out, a.rows)
	}
	if !b.vector {
		out = append(out, b.cols)
	}
	return out, nil
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
	each := int64(0)
	switch c.Node.Op {
	case "FusedMatMul", "TransposeMatMul", "SparseToDenseMatMul":
		each = c.scalings("alpha")
	case "FusedMatMulActivation":
		each = activationFLOPs(c.Node.Str("activation", "Relu")) + c.scalings("alpha")
	case "GemmFastGelu":
		each = 8 + c.countHas(2)
	}
	out := c.productCost(0, 1, c.Out(0).Shape.Elements().MulInt(each))
	if t := c.DType(0); !t.IsFloat() {
		out.DType = t
	}
	return out
}

// productCost is the cost of the product of two operands and some elementwise work.
func (c *Context) productCost(left, right int, work graph.Dim) graph.Cost {
	p := c.matMulProduct(left, right)
	cost := c.products(work, p)
	cost.Class = productClass(p)
	c.readIfRun(&cost, right, p)
	return cost
}

// readIfRun corrects the bytes of the right operand of a product that may have no rows.
func (c *Context) readIfRun(cost *graph.Cost, right int, p graph.Product) {
	if runs := p.Runs(); !runs.Is(1) {
		bytes := c.bytesIn(right)
		cost.Read = cost.Read.Sub(bytes).Add(bytes.Mul(runs))
	}
}

// scalings is 1 where a factor that an attribute holds is not 1, and so is multiplied by.
func (c *Context) scalings(factor string) int64 {
	if c.Node.Float(factor, 1) != 1 {
		return 1
	}
	return 0
}

// qlinearMatMulCost adds the scaling, rounding and shifting of each output element.
func qlinearMatMulCost(c *Context) graph.Cost {
	out := c.productCost(0, 3, c.Out(0).Shape.Elements().MulInt(requantize))
	out.DType = c.DType(0)
	return out
}

// requantize is the work of bringing one accumulated element to a narrow integer: scale, round, add the zero point.
const requantize = 3

// matMulToFloatCost adds the scaling of each output element, its bias, and for a float input its quantization.
func matMulToFloatCost(c *Context) graph.Cost {
	work, bias := graph.Const(0), 6
	if c.DType(0).IsFloat() {
		work, bias = c.Shape(0).Elements().MulInt(dynamicQuantize), 4
	}
	cost := c.productCost(0, 1, work.Add(c.Out(0).Shape.Elements().MulInt(1+c.countHas(bias))))
	cost.DType = c.DType(1)
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
func det(c *Context, s graph.Shape) (graph.Shape, error) {
	if len(s) < 2 {
		return nil, c.Errorf("input of rank %d, want at least 2", len(s))
	}
	_, err := c.Unify(s[len(s)-1], s[len(s)-2])
	return s[:len(s)-2], err
}

// inverseCost counts a factorization and the solutions for the unit matrix: 2·n³ operations per matrix.
// Golub and Van Loan, Matrix Computations, 4th edition, chapter 3.
func inverseCost(c *Context) graph.Cost {
	return c.cost(c.Shape(0).Elements().Mul(dimOf(c.Shape(0), -1)).MulInt(2))
}

// pairDistances: a distance for every pair of rows of the two matrices.
func pairDistances(c *Context) error {
	a, b := c.Shape(0), c.Shape(1)
	_, err := c.Unify(dimOf(a, 1), dimOf(b, 1))
	return c.result(c.DType(0), graph.Shape{dimOf(a, 0), dimOf(b, 0)}, err)
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
