package graph

// EqualCosts keeps one of the costs that are the same: the layers of a model repeat.
type EqualCosts map[costKey]*Cost

// costKey is a cost without geometry, of at most one product. Expressions are compared by identity, which would tell
// most of them apart.
type costKey struct {
	class, row, quant string
	dtype             DType
	known, free       bool

	macs, elementwise, read, written, elements Dim

	product  Product
	products int
}

// Share returns a cost that equals c. Nobody may change it: others share it.
func (e EqualCosts) Share(c Cost) *Cost {
	k := costKey{
		c.Class, c.Row, c.Quant, c.DType, c.Known, c.Free,
		c.MACs, c.Elementwise, c.Read, c.Written, c.Elements,
		Product{},
		len(c.Products),
	}
	if len(c.Products) > 0 {
		k.product = c.Products[0]
	}
	if k.products > 1 || c.Attention != nil || c.Experts != nil || k.open() {
		return new(c)
	}
	out, ok := e[k]
	if !ok {
		out = new(c)
		e[k] = out
	}
	return out
}

// open reports whether a number is an expression.
func (k *costKey) open() bool {
	p := &k.product
	for _, d := range [...]Dim{k.macs, k.elementwise, k.read, k.written, k.elements, p.Batch, p.M, p.N, p.K} {
		if d.kind() == dimExpr {
			return true
		}
	}
	return false
}
