package ops

import "github.com/irene-onnx/irene/graph"

// packedProductOps multiply by weights that are stored packed and are unpacked on the way: the unpacking is part of
// reading them, not work that is counted.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulNBits
func packedProductOps() []Op {
	rows := []Op{
		contrib("MatMulNBits", "gemm", packedProduct, packedProductCost, 1, 5),
		contrib("MatMulBnb4", "gemm", packedProduct, packedProductCost, 1),
		contrib("MatMulFpQ4", "gemm", packedProduct, packedProductCost, 1),
		contrib("MatMulBlockQuantizedFp4Weight", "gemm", packedProduct, packedProductCost, 1, 5),
		contrib("MatMulBlockQuantizedFp8Weight", "gemm", packedProduct, packedProductCost, 1, 4),
		contrib("MatMulNBitsMlp", "gemm", nbitsMLP, nbitsMLPCost, 2, 3, 5, 6, 8),
		contrib("MatMulNBitsQkv", "gemm", nbitsQKV, nbitsQKVCost, 2, 3, 5, 6, 8, 9, 11),
	}
	for i := range rows {
		rows[i].Params = packedParams
	}
	return rows
}

// packedParams counts the numbers behind a packed weight, which attributes or the shape of its product tell.
func packedParams(n *graph.Node, slot int, elements int64) int64 {
	product := func(a, b string) int64 {
		x, y := n.Int(a, 0), n.Int(b, 0)
		if x <= 0 || y <= 0 || x > 1<<31 || y > 1<<31 {
			return elements
		}
		return x * y
	}
	switch n.Op {
	case "MatMulNBits", "MatMulBnb4":
		if slot == 1 {
			return product("N", "K")
		}
	case "MatMulNBitsMlp":
		if slot == 3 || slot == 6 {
			return product("N", "K")
		}
	case "MatMulNBitsQkv":
		switch slot {
		case 3:
			return product("Nq", "K")
		case 6, 9:
			return product("Nkv", "K")
		}
	case "MatMulBlockQuantizedFp4Weight":
		if slot == 1 {
			return 2 * elements
		}
	case "MatMulFpQ4":
		if slot != 1 || n.Input(2) == nil || n.Input(2).Init == nil {
			return elements
		}
		if kn, err := n.Input(2).Init.Elements(2); err == nil && len(kn) == 2 {
			return kn[0] * kn[1]
		}
	}
	return elements
}

// packedSizes are the rows and columns of the weight as it is multiplied (inner and outer dimension of the product),
// and whether it is stored with the outer dimension first.
func (c *Context) packedSizes() (k, n graph.Dim, transB bool) {
	b := c.Shape(1)
	switch c.Node.Op {
	case "MatMulBlockQuantizedFp8Weight":
		return dimOf(b, 1), dimOf(b, 0), true
	case "MatMulBlockQuantizedFp4Weight":
		return dimOf(b, 1).MulInt(2), dimOf(b, 0), true
	case "MatMulFpQ4":
		if d, ok := c.Data(2); ok && len(d) == 2 && !d[0].Negative() && !d[1].Negative() {
			return d[0], d[1], false
		}
		return graph.Dim{}, graph.Dim{}, false
	case "MatMulBnb4":
		if c.Node.Int("transB", 1) == 0 {
			return c.attr("N"), c.attr("K"), false
		}
	}
	return c.attr("K"), c.attr("N"), true
}

// rowsBy replaces the last dimension of input 0 by n.
func (c *Context) rowsBy(n graph.Dim) graph.Shape {
	x := c.Shape(0)
	if len(x) == 0 {
		return nil
	}
	return with(x, len(x)-1, n)
}

// unifyInner states that the last dimension of input 0 is the inner one of the product.
func (c *Context) unifyInner(k graph.Dim) error {
	if x := c.Shape(0); len(x) > 0 {
		if _, err := c.Unify(x[len(x)-1], k); err != nil {
			return c.Errorf("rows of %v elements times a weight for %v", x[len(x)-1], k)
		}
	}
	return nil
}

// packedProduct: the last dimension of the input becomes the outer one of the weight.
func packedProduct(c *Context) error {
	k, n, _ := c.packedSizes()
	if err := c.unifyInner(k); err != nil {
		return err
	}
	c.Set(0, c.DType(0), c.rowsBy(n))
	return nil
}

// rowProduct is the product of the rows of input 0 by a k×n weight.
func (c *Context) rowProduct(k, n graph.Dim, transB bool) graph.Product {
	return graph.Product{Batch: graph.Const(1), M: rowsOf(c.Shape(0)), N: n, K: k, Weight: true, TransB: transB}
}

// rowsOf is the number of vectors along the last axis; unknown where there is none.
func rowsOf(s graph.Shape) graph.Dim {
	if len(s) == 0 {
		return graph.Dim{}
	}
	return s[:len(s)-1].Elements()
}

// packedQuant names how a packed weight is stored, as the nearest of what energy models know: with as many bits or more.
func (c *Context) packedQuant() string {
	switch c.Node.Op {
	case "MatMulBlockQuantizedFp8Weight":
		return "int8_wo"
	case "MatMulNBits", "MatMulNBitsMlp", "MatMulNBitsQkv":
		if c.Node.Int("bits", 4) > 4 {
			return "int8_wo"
		}
	}
	return "int4_wo"
}

func packedProductCost(c *Context) graph.Cost {
	p := c.rowProduct(c.packedSizes())
	bias := -1
	switch c.Node.Op {
	case "MatMulNBits", "MatMulBlockQuantizedFp4Weight":
		bias = 5
	case "MatMulBlockQuantizedFp8Weight":
		bias = 4
	}
	work := c.Out(0).Shape.Elements().MulInt(c.countHas(bias))
	if c.Node.Op == "MatMulBlockQuantizedFp8Weight" && c.Has(3) {
		cost := c.products(work.Add(c.Shape(0).Elements().MulInt(quantize)), p)
		cost.DType = c.DType(1) // activations are narrow, too
		return cost
	}
	cost := c.products(work, p)
	cost.Quant = c.packedQuant()
	return cost
}

// nbitsMLP: outputs are the gated product and the sum of input and skip connection.
func nbitsMLP(c *Context) error {
	if err := c.unifyInner(c.attr("K")); err != nil {
		return err
	}
	c.Set(0, c.DType(0), c.rowsBy(c.attr("N")))
	c.Set(1, c.DType(0), c.Shape(0))
	return nil
}

// fusedNormWork is the work of the normalization in front of fused products: of input 0, after adding input 1.
func (c *Context) fusedNormWork() graph.Dim {
	each := c.countHas(1)
	if c.Has(2) {
		each += rmsNorm
	}
	return c.Shape(0).Elements().MulInt(each)
}

func nbitsMLPCost(c *Context) graph.Cost {
	p := c.rowProduct(c.attr("K"), c.attr("N"), true)
	each := activationFLOPs(c.Node.Str("activation", "silu")) + 1 + c.countHas(5, 8)
	cost := c.products(c.fusedNormWork().Add(c.Out(0).Shape.Elements().MulInt(each)), p, p)
	cost.Quant = c.packedQuant()
	return cost
}

// nbitsQKV: outputs are queries, keys, values and the sum of input and skip connection.
func nbitsQKV(c *Context) error {
	if err := c.unifyInner(c.attr("K")); err != nil {
		return err
	}
	c.Set(0, c.DType(0), c.rowsBy(c.attr("Nq")))
	c.Set(1, c.DType(0), c.rowsBy(c.attr("Nkv")))
	c.Set(2, c.DType(0), c.rowsBy(c.attr("Nkv")))
	c.Set(3, c.DType(0), c.Shape(0))
	return nil
}

func nbitsQKVCost(c *Context) graph.Cost {
	q := c.rowProduct(c.attr("K"), c.attr("Nq"), true)
	kv := c.rowProduct(c.attr("K"), c.attr("Nkv"), true)
	work := c.fusedNormWork()
	for i, slot := range []int{5, 8, 11} {
		work = work.Add(c.Out(i).Shape.Elements().MulInt(c.countHas(slot)))
	}
	cost := c.products(work, q, kv, kv)
	cost.Quant = c.packedQuant()
	return cost
}
