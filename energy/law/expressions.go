package law

import (
	"math"

	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/kernel"
)

// FormulaKind says what the expression of a formula's term counts.
type FormulaKind int

// The kinds of terms, in the order of a formula.
const (
	KindWork   FormulaKind = iota // operations, bytes and launches
	KindWaves                     // operations rounded up to whole waves of tiles
	KindSmall                     // what products of fewer than vectorRows rows or columns, which need no tiles, save
	KindHidden                    // launches that a kernel's work does not hide
)

// String names a kind in JSON.
func (k FormulaKind) String() string {
	return [...]string{"work", "waves", "small-products", "host"}[k]
}

// ScaledExpr is a real multiple of an expression.
type ScaledExpr struct {
	Scale float64
	Expr  graph.Dim
	Kind  FormulaKind
}

// Expressions are the features of a kernel in open dims: what machine.features evaluates at bound ones.
func (m Machine) Expressions(k *kernel.Kernel) (x [coefficients.NumTerms][]ScaledExpr, host []ScaledExpr, ok bool) {
	c := &k.Cost
	bytes := c.Read.Add(c.Written)
	ok = !c.MACs.IsUnknown() && !bytes.IsUnknown()
	if !ok {
		return x, nil, false
	}
	flops := []ScaledExpr{{2, c.MACs, KindWork}}
	x[coefficients.FLOPs] = flops
	x[coefficients.Bytes] = []ScaledExpr{{1, bytes, KindWork}}
	x[coefficients.Launches] = []ScaledExpr{{1, graph.Const(1), KindWork}}
	if h, some := m.HostExpr(bytes); some {
		host = append(host, h)
	}
	for t, size := range coefficients.Tiles {
		if len(c.Products) == 0 {
			x[t] = flops
			continue
		}
		for _, p := range c.Products {
			waves := m.WaveExprs(p, [2]int64{int64(size[0]), int64(size[1])})
			for _, w := range waves {
				ok = ok && !w.Expr.IsUnknown()
			}
			x[t] = append(x[t], waves...)
		}
	}
	return x, host, ok
}

// HostExpr is machine.host as max(0, hidden - bytes)/hidden, both scaled to whole numbers. False where it is zero.
func (m Machine) HostExpr(bytes graph.Dim) (ScaledExpr, bool) {
	if m.Hidden <= 0 || bytes.IsUnknown() {
		return ScaledExpr{}, false
	}
	scale := 1.0
	for scale < 1e6 && math.Abs(math.Round(m.Hidden*scale)-m.Hidden*scale) > 1e-9*m.Hidden*scale {
		scale *= 10
	}
	hidden := math.Round(m.Hidden * scale)
	rest := graph.Const(int64(hidden)).Sub(bytes.MulInt(int64(scale))).Max(graph.Const(0))
	return ScaledExpr{1 / hidden, rest, KindHidden}, !rest.Is(0) && !rest.IsUnknown()
}

// edge is how tiles cover one side of a product. The side of a tile is tile - saved, where saved is 0 from vectorRows on
// and tile - n below: saved = (tile - vectorRows + 1)·small + rest, with small 1 below vectorRows and else 0, and rest
// the number of elements that n lacks to vectorRows - 1.
type edge struct {
	n           graph.Dim
	tile        int64
	count       graph.Dim // tiles
	small, rest graph.Dim
	one         graph.Dim // tiles below vectorRows: 1, or 0 where n may be 0
}

func newEdge(n graph.Dim, tile int64) edge {
	zero, one := graph.Const(0), graph.Const(1)
	e := edge{n: n, tile: tile, count: n.CeilDiv(graph.Const(tile)), small: zero, rest: zero, one: one}
	if v, ok := n.Const(); ok && v < VectorRows {
		e.tile, e.count = v, one
		return e
	}
	if n.AddInt(-VectorRows).NonNegative() {
		return e
	}
	e.small = zero.Max(one.Sub(n.FloorDiv(graph.Const(VectorRows))))
	e.rest = zero.Max(graph.Const(VectorRows - 1).Sub(n))
	if !n.Positive() {
		e.one = e.count
	}
	return e
}

// saved is the part of a tile's side that products below vectorRows do without.
func (e *edge) saved() graph.Dim { return e.small.MulInt(e.tile - VectorRows + 1).Add(e.rest) }

// WaveExprs is machine.waves: 2·K·waves·SMs times the sides of a tile. The saved parts of the sides are terms of their
// own, each with the waves that there are where it is not zero: they vanish for products that are not small, and
// products with the same rows share them.
func (m Machine) WaveExprs(p graph.Product, tile [2]int64) []ScaledExpr {
	rows, cols := newEdge(p.M, tile[0]), newEdge(p.N, tile[1])
	scale := 2.0
	if m.Sms > 0 {
		scale *= m.Sms
	}
	waves := func(r, c graph.Dim) graph.Dim {
		blocks := p.Batch.Mul(r).Mul(c)
		if m.Sms > 0 {
			blocks = blocks.CeilDiv(graph.Const(int64(m.Sms)))
		}
		return blocks.Mul(p.K)
	}
	out := []ScaledExpr{{scale, waves(rows.count, cols.count).MulInt(rows.tile * cols.tile), KindWaves}}
	less := func(sides, waves graph.Dim, sign float64) {
		if !sides.Is(0) {
			out = append(out, ScaledExpr{sign * scale, sides.Mul(waves), KindSmall})
		}
	}
	if rows.n.Equal(cols.n) && !rows.small.Is(0) { // tile² - n² with n = vectorRows - 1 - rest
		const most = VectorRows - 1
		square := rows.small.MulInt(rows.tile*cols.tile - most*most).Add(rows.rest.MulInt(2 * most)).Sub(rows.rest.Mul(rows.rest))
		less(square, waves(rows.one, cols.one), -1)
		return out
	}
	less(rows.saved().MulInt(cols.tile), waves(rows.one, cols.count), -1)
	less(cols.saved().MulInt(rows.tile), waves(rows.count, cols.one), -1)
	less(rows.saved().Mul(cols.saved()), waves(rows.one, cols.one), 1)
	return out
}
