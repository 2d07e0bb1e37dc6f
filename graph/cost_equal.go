package graph

// EqualCosts keeps one of the costs and one of the expressions that are the same: the layers of a model repeat.
type EqualCosts struct {
	costs map[costKey]*Cost
	dims  *EqualDims
}

// costKey is a cost without geometry, of at most one product.
type costKey struct {
	class, row, quant string
	dtype             DType
	known, free       bool

	macs, elementwise, read, written, elements Dim

	product  Product
	products int
}

// NewEqualCosts makes an empty one.
func NewEqualCosts() *EqualCosts {
	return &EqualCosts{map[costKey]*Cost{}, NewEqualDims()}
}

// Share returns a cost that equals c, whose products it may change for equal ones. Nobody may change the result: others
// share it.
func (e *EqualCosts) Share(c Cost) *Cost {
	for _, d := range [...]*Dim{&c.MACs, &c.Elementwise, &c.Read, &c.Written, &c.Elements} {
		*d = e.dims.Share(*d)
	}
	for i := range c.Products {
		p := &c.Products[i]
		for _, d := range [...]*Dim{&p.Batch, &p.M, &p.N, &p.K} {
			*d = e.dims.Share(*d)
		}
	}
	if len(c.Products) > 1 || c.Attention != nil || c.Experts != nil {
		return new(c)
	}
	k := costKey{
		class: c.Class, row: c.Row, quant: c.Quant, dtype: c.DType, known: c.Known, free: c.Free,
		macs: c.MACs, elementwise: c.Elementwise, read: c.Read, written: c.Written, elements: c.Elements, products: len(c.Products),
	}
	if len(c.Products) > 0 {
		k.product = c.Products[0]
	}
	out, ok := e.costs[k]
	if !ok {
		out = new(c)
		e.costs[k] = out
	}
	return out
}
