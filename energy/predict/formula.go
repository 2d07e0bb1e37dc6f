package predict

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
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

// Formula is a sum of expressions in the dims with real coefficients. It has no intervals, and does not know where its
// operators leave the range they were measured in.
type Formula struct {
	Terms []FormulaTerm // distinct expressions, in a canonical order
}

// FormulaTerm is a coefficient times an expression: a product of symbols, rounded quotients and extremes, or 1.
type FormulaTerm struct {
	Coefficient float64
	Expression  graph.Dim
	Kind        FormulaKind
}

// DimFormula is an expression as a formula. False where it is not known.
func DimFormula(d graph.Dim) (Formula, bool) {
	var f Formula
	for _, m := range d.Monomials() {
		f.Terms = append(f.Terms, FormulaTerm{Coefficient: float64(m.Coef), Expression: m.Product})
	}
	f.sort()
	return f, !d.IsUnknown()
}

// Symbols lists the names that a formula depends on, sorted.
func (f *Formula) Symbols() []string {
	var out []string
	for _, t := range f.Terms {
		out = append(out, t.Expression.Symbols()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Compile makes a function of the values of the symbols, in their order. It fails where the formula depends on another
// symbol. The function may be called by several goroutines.
func (f *Formula) Compile(symbols []string) (func(values []int64) float64, error) {
	dims := make([]graph.Dim, len(f.Terms))
	coefficients := make([]float64, len(f.Terms))
	for i, t := range f.Terms {
		dims[i], coefficients[i] = t.Expression, t.Coefficient
	}
	program, err := graph.CompileDims(symbols, dims)
	if err != nil {
		return nil, err
	}
	return func(values []int64) float64 {
		var few [96]float64 // stays on the stack
		out := few[:]
		if len(dims) > len(few) {
			out = make([]float64, len(dims))
		}
		program.Eval(values, out)
		sum := 0.0
		for i, c := range coefficients {
			sum += c * out[i]
		}
		return sum
	}, nil
}

// sort puts terms in the order they are read in: by kind, then the highest powers first.
func (f *Formula) sort() {
	slices.SortFunc(f.Terms, func(x, y FormulaTerm) int {
		return cmp.Or(
			cmp.Compare(x.Kind, y.Kind),
			cmp.Compare(y.Expression.Degree(), x.Expression.Degree()),
			strings.Compare(x.Expression.String(), y.Expression.String()),
		)
	})
}

// ModuleFormula is the closed form of a module's prediction.
type ModuleFormula struct {
	Energy  Formula // J
	Time    Formula // s
	Unknown int     // operators of the module that are in neither, as their sizes are not known
	Scaled  int     // operators that stand-in coefficients predict
}

// Formulas are the closed forms of a graph's predictions.
type Formulas struct {
	Device   energy.Device
	Boundary energy.Boundary
	Origin   string
	Runtime  string
	Modules  map[*graph.Module]*ModuleFormula
	Warnings []string
	Scaled   []string // why stand-ins were taken, each reason once
	// HasEnergy and HasTime say which of the two the coefficients hold.
	HasEnergy, HasTime bool
	// HiddenBytes are the bytes that hide a launch, VectorRows the rows from which on products run in tiles: what the
	// extremes in the terms compare with. SMs are the multiprocessors that waves fill.
	HiddenBytes float64
	VectorRows  int
	SMs         int
}

// Symbolic gives the predictions that Run makes at bound dims as formulas in the dims that the analysis left open. At
// sizes of at least 1 both give the same numbers.
func Symbolic(a *analysis.Analysis, c *Coefficients, dev energy.Device, opts Options) (*Formulas, error) {
	if !a.Symbolic {
		return nil, errors.New("formulas need a symbolic analysis")
	}
	b, res, err := prepare(a, c, dev, opts)
	if err != nil {
		return nil, err
	}
	p, plan := b.predictor, b.plan
	s := &symbolic{p: p, ids: map[string]int{}, nodes: map[*graph.Node]nodeFormula{}}
	for i := range plan.Kernels {
		k := &plan.Kernels[i]
		s.nodes[k.Node] = s.kernel(k)
	}
	for _, n := range plan.Calls {
		bytes := a.Inference.Facts[n.Outputs[0].ID].Bytes().MulInt(2)
		f := nodeFormula{unknown: bytes.IsUnknown()}
		if e, ok := p.machine.hostExpr(bytes); ok {
			s.host(&f, e)
		}
		s.nodes[n] = f
	}
	out := &Formulas{
		Device: dev, Boundary: res.Boundary, Origin: res.Origin, Runtime: res.Runtime, Warnings: res.Warnings,
		Modules: map[*graph.Module]*ModuleFormula{}, HiddenBytes: p.machine.hidden, VectorRows: vectorRows, SMs: dev.SMs,
	}
	s.rank()
	out.HasEnergy, out.HasTime = c.holds()
	s.module(a.Tree.Root, plan, out)
	for _, ch := range p.chosen {
		if ch.scaled && !slices.Contains(out.Scaled, ch.why) {
			out.Scaled = append(out.Scaled, ch.why)
		}
	}
	slices.Sort(out.Scaled)
	return out, nil
}

// scaledExpr is a real multiple of an expression.
type scaledExpr struct {
	scale float64
	expr  graph.Dim
	kind  FormulaKind
}

// symbolic builds formulas. Expressions are numbered as they first occur.
type symbolic struct {
	p     *predictor
	ids   map[string]int
	exprs []FormulaTerm               // without coefficients
	order []int                       // of the expressions in a formula
	nodes map[*graph.Node]nodeFormula // by the node that the prediction stands on
}

// nodeFormula is the sum of one kernel.
type nodeFormula struct {
	terms           []weighted
	unknown, scaled bool
}

// weighted is the weight of a numbered expression in energy and time.
type weighted struct {
	id   int
	e, t float64
}

// kernel is the closed form of predictor.predict.
func (s *symbolic) kernel(k *kernel.Kernel) nodeFormula {
	f := s.p.machine.features(k, func(graph.Dim) (int64, bool) { return 0, false }) // for class and type
	x, host, ok := s.p.machine.expressions(k)
	if !ok || !k.Cost.Known {
		return nodeFormula{unknown: true}
	}
	ch := s.p.choose(classKey{f.Class, f.DType})
	out := nodeFormula{scaled: ch.scaled}
	for t, sum := range x {
		if ch.energy[t] == 0 && ch.time[t] == 0 {
			continue
		}
		for _, e := range sum {
			s.add(&out, e, ch.energy[t], ch.time[t])
		}
	}
	for _, e := range host {
		s.host(&out, e)
	}
	return out
}

// host adds launches that no work hides.
func (s *symbolic) host(to *nodeFormula, e scaledExpr) {
	j, t := s.p.host(1)
	s.add(to, e, float64(j), float64(t))
}

// add multiplies an expression out and adds its terms.
func (s *symbolic) add(to *nodeFormula, e scaledExpr, joules, seconds float64) {
	for _, m := range e.expr.Monomials() {
		kind := e.kind
		if m.Product.IsPolynomial() {
			kind = KindWork
		}
		w := e.scale * float64(m.Coef)
		to.terms = append(to.terms, weighted{s.number(m.Product, kind), w * joules, w * seconds})
	}
}

func (s *symbolic) number(d graph.Dim, kind FormulaKind) int {
	key := d.String()
	id, ok := s.ids[key]
	if !ok {
		id = len(s.exprs)
		s.ids[key] = id
		s.exprs = append(s.exprs, FormulaTerm{Expression: d, Kind: kind})
	}
	return id
}

// rank finds the order of the expressions once for all modules.
func (s *symbolic) rank() {
	all := Formula{Terms: slices.Clone(s.exprs)}
	for id := range all.Terms {
		all.Terms[id].Coefficient = float64(id)
	}
	all.sort()
	for _, t := range all.Terms {
		s.order = append(s.order, int(t.Coefficient))
	}
}

// module sums what stands on the nodes of a module and its children, by expression.
func (s *symbolic) module(m *graph.Module, plan *kernel.Plan, out *Formulas) []weighted {
	f := &ModuleFormula{}
	sum := make([]weighted, len(s.exprs))
	for _, n := range m.Nodes {
		nf := s.nodes[n]
		if i := plan.Of[n.ID]; nf.unknown || i >= 0 && s.nodes[plan.Kernels[i].Node].unknown {
			f.Unknown++
		}
		if nf.scaled {
			f.Scaled++
		}
		for _, w := range nf.terms {
			sum[w.id].e += w.e
			sum[w.id].t += w.t
		}
	}
	for _, c := range m.Children {
		for id, w := range s.module(c, plan, out) {
			sum[id].e += w.e
			sum[id].t += w.t
		}
		f.Unknown += out.Modules[c].Unknown
		f.Scaled += out.Modules[c].Scaled
	}
	for _, id := range s.order {
		w, t := sum[id], s.exprs[id]
		if t.Coefficient = w.e; w.e != 0 {
			f.Energy.Terms = append(f.Energy.Terms, t)
		}
		if t.Coefficient = w.t; w.t != 0 {
			f.Time.Terms = append(f.Time.Terms, t)
		}
	}
	out.Modules[m] = f
	return sum
}

// expressions are the features of a kernel in open dims: what machine.features evaluates at bound ones.
func (m machine) expressions(k *kernel.Kernel) (x [numTerms][]scaledExpr, host []scaledExpr, ok bool) {
	c := &k.Cost
	bytes := c.Read.Add(c.Written)
	ok = !c.MACs.IsUnknown() && !bytes.IsUnknown()
	if !ok {
		return x, nil, false
	}
	flops := []scaledExpr{{2, c.MACs, KindWork}}
	x[FLOPs] = flops
	x[Bytes] = []scaledExpr{{1, bytes, KindWork}}
	x[Launches] = []scaledExpr{{1, graph.Const(1), KindWork}}
	if h, some := m.hostExpr(bytes); some {
		host = append(host, h)
	}
	for t, size := range tiles {
		if len(c.Products) == 0 {
			x[t] = flops
			continue
		}
		for _, p := range c.Products {
			waves := m.waveExprs(p, [2]int64{int64(size[0]), int64(size[1])})
			for _, w := range waves {
				ok = ok && !w.expr.IsUnknown()
			}
			x[t] = append(x[t], waves...)
		}
	}
	return x, host, ok
}

// hostExpr is machine.host as max(0, hidden - bytes)/hidden, both scaled to whole numbers. False where it is zero.
func (m machine) hostExpr(bytes graph.Dim) (scaledExpr, bool) {
	if m.hidden <= 0 || bytes.IsUnknown() {
		return scaledExpr{}, false
	}
	scale := 1.0
	for scale < 1e6 && math.Abs(math.Round(m.hidden*scale)-m.hidden*scale) > 1e-9*m.hidden*scale {
		scale *= 10
	}
	hidden := math.Round(m.hidden * scale)
	rest := graph.Const(int64(hidden)).Sub(bytes.MulInt(int64(scale))).Max(graph.Const(0))
	return scaledExpr{1 / hidden, rest, KindHidden}, !rest.Is(0) && !rest.IsUnknown()
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
	if v, ok := n.Const(); ok && v < vectorRows {
		e.tile, e.count = v, one
		return e
	}
	if n.AddInt(-vectorRows).NonNegative() {
		return e
	}
	e.small = zero.Max(one.Sub(n.FloorDiv(graph.Const(vectorRows))))
	e.rest = zero.Max(graph.Const(vectorRows - 1).Sub(n))
	if !n.Positive() {
		e.one = e.count
	}
	return e
}

// saved is the part of a tile's side that products below vectorRows do without.
func (e *edge) saved() graph.Dim { return e.small.MulInt(e.tile - vectorRows + 1).Add(e.rest) }

// waveExprs is machine.waves: 2·K·waves·SMs times the sides of a tile. The saved parts of the sides are terms of their
// own, each with the waves that there are where it is not zero: they vanish for products that are not small, and
// products with the same rows share them.
func (m machine) waveExprs(p graph.Product, tile [2]int64) []scaledExpr {
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
	out := []scaledExpr{{scale, waves(rows.count, cols.count).MulInt(rows.tile * cols.tile), KindWaves}}
	less := func(sides, waves graph.Dim, sign float64) {
		if !sides.Is(0) {
			out = append(out, scaledExpr{sign * scale, sides.Mul(waves), KindSmall})
		}
	}
	if rows.n.Equal(cols.n) && !rows.small.Is(0) { // tile² - n² with n = vectorRows - 1 - rest
		const most = vectorRows - 1
		square := rows.small.MulInt(rows.tile*cols.tile - most*most).Add(rows.rest.MulInt(2 * most)).Sub(rows.rest.Mul(rows.rest))
		less(square, waves(rows.one, cols.one), -1)
		return out
	}
	less(rows.saved().MulInt(cols.tile), waves(rows.one, cols.count), -1)
	less(cols.saved().MulInt(rows.tile), waves(rows.count, cols.one), -1)
	less(rows.saved().Mul(cols.saved()), waves(rows.one, cols.one), 1)
	return out
}

// Describe says in words which sizes a formula holds for, and what its extremes stand for.
func (fs *Formulas) Describe(kinds map[FormulaKind]bool) []string {
	var out []string
	if kinds[KindWaves] {
		out = append(out, fmt.Sprintf("rounded quotients count whole waves of tiles on %d multiprocessors", fs.SMs))
	}
	if kinds[KindSmall] {
		out = append(out, fmt.Sprintf("terms with max(0, %d - rows) and max(0, 1 - rows//%d) are zero for products of at least %d rows", fs.VectorRows-1, fs.VectorRows, fs.VectorRows))
	}
	if kinds[KindHidden] {
		out = append(out, fmt.Sprintf("max(0, … - bytes) is the part of a launch that a kernel does not hide, zero from %s on", energy.FormatBytes(fs.HiddenBytes)))
	}
	return out
}
