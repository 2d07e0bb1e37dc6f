package law

import (
	"fmt"
	"math"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/graph"
)

// FormulaKind says what the expression of a formula's term counts.
type FormulaKind int

// The kinds of terms, in the order of a formula.
const (
	KindWork   FormulaKind = iota // operations, bytes and launches
	KindWaves                     // operations rounded up to whole waves of tiles
	KindSmall                     // what products of fewer than vectorRows rows or columns, which need no tiles, save
	KindCall                      // kernels of equal sizes
	KindHidden                    // launches that a kernel's work does not hide
)

// String names a kind in JSON.
func (k FormulaKind) String() string {
	return [...]string{"work", "waves", "small-products", "call", "host"}[k]
}

// Form is what a kernel takes as a sum of expressions.
type Form struct {
	Known   bool // false: a size is unknown, and there are no terms
	Terms   []Term
	StandIn bool // as that of a Prediction
	Why     string
}

// Term is an expression, and what a unit of it takes.
type Term struct {
	scaled
	Energy, Time float64 // J, s
}

// scaled is a real multiple of an expression.
type scaled struct {
	Scale float64
	Expr  graph.Dim
	Kind  FormulaKind
}

// add adds expressions that a unit of takes that much, if anything.
func (f *Form) add(list []scaled, joules, seconds float64) {
	if joules == 0 && seconds == 0 {
		return
	}
	for _, e := range list {
		f.Terms = append(f.Terms, Term{e, joules, seconds})
	}
}

// Form implements [Law].
func (l *additive) Form(c *graph.Cost) (Form, error) {
	bytes := c.Read.Add(c.Written)
	f := Form{Known: c.Known && !c.MACs.IsUnknown() && !bytes.IsUnknown()}
	x := l.machine.expressions(c, bytes)
	for _, sum := range x {
		for _, e := range sum {
			f.Known = f.Known && !e.Expr.IsUnknown()
		}
	}
	if !f.Known {
		return f, nil
	}
	rate := l.Rate(c)
	f.StandIn, f.Why = rate.StandIn, rate.Why
	for t, sum := range x {
		f.add(sum, rate.Energy[t], rate.Time[t])
	}
	l.addHost(&f, bytes)
	return f, nil
}

// CallForm implements [Law].
func (l *additive) CallForm(bytes graph.Dim) (Form, error) {
	f := Form{Known: !bytes.IsUnknown()}
	l.addHost(&f, bytes)
	return f, nil
}

// Describe implements [Law].
func (l *additive) Describe(kinds map[FormulaKind]bool) []string {
	var out []string
	if kinds[KindWaves] {
		out = append(out, fmt.Sprintf("rounded quotients count whole waves of tiles on %v multiprocessors", l.machine.sms))
	}
	if kinds[KindSmall] {
		out = append(out, fmt.Sprintf("terms with max(0, %d - rows) and max(0, 1 - rows//%d) are zero for products of at least %d rows", VectorRows-1, VectorRows, VectorRows))
	}
	if kinds[KindHidden] {
		out = append(out, "max(0, … - bytes) is the part of a launch that a kernel does not hide, zero from "+energy.FormatBytes(l.machine.hidden)+" on")
	}
	return out
}

// addHost adds launches that moving that many bytes does not hide: max(0, hidden - bytes)/hidden, both scaled to whole
// numbers.
func (l *additive) addHost(f *Form, bytes graph.Dim) {
	hidden := l.machine.hidden
	if hidden <= 0 || bytes.IsUnknown() {
		return
	}
	scale := 1.0
	for scale < 1e6 && math.Abs(math.Round(hidden*scale)-hidden*scale) > 1e-9*hidden*scale {
		scale *= 10
	}
	whole := math.Round(hidden * scale)
	rest := graph.Const(int64(whole)).Sub(bytes.MulInt(int64(scale))).Max(graph.Const(0))
	if !rest.Is(0) && !rest.IsUnknown() {
		host := l.host(1)
		f.add([]scaled{{1 / whole, rest, KindHidden}}, float64(host.Energy), float64(host.Time))
	}
}

// expressions are the features of a kernel in open dims.
func (m Machine) expressions(c *graph.Cost, bytes graph.Dim) (x [coefficients.NumTerms][]scaled) {
	flops := []scaled{{2, c.MACs, KindWork}}
	x[coefficients.FLOPs] = flops
	x[coefficients.Bytes] = []scaled{{1, bytes, KindWork}}
	x[coefficients.Launches] = []scaled{{1, graph.Const(1), KindWork}}
	for t, size := range coefficients.Tiles {
		if len(c.Products) == 0 {
			x[t] = flops
		}
		for _, p := range c.Products {
			x[t] = append(x[t], m.waveExpressions(p, [2]int64{int64(size[0]), int64(size[1])})...)
		}
	}
	return x
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

// waveExpressions is waves in open dims: 2·K·waves·SMs times the sides of a tile. The saved parts of the sides are terms of their
// own, each with the waves that there are where it is not zero: they vanish for products that are not small, and
// products with the same rows share them.
func (m Machine) waveExpressions(p graph.Product, tile [2]int64) []scaled {
	rows, cols := newEdge(p.M, tile[0]), newEdge(p.N, tile[1])
	scale := 2.0
	if m.sms > 0 {
		scale *= m.sms
	}
	waves := func(r, c graph.Dim) graph.Dim {
		blocks := p.Batch.Mul(r).Mul(c)
		if m.sms > 0 {
			blocks = blocks.CeilDiv(graph.Const(int64(m.sms)))
		}
		return blocks.Mul(p.K)
	}
	out := []scaled{{scale, waves(rows.count, cols.count).MulInt(rows.tile * cols.tile), KindWaves}}
	less := func(sides, waves graph.Dim, sign float64) {
		if !sides.Is(0) {
			out = append(out, scaled{sign * scale, sides.Mul(waves), KindSmall})
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
