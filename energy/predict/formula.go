package predict

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/kernel"
)

// Formula is a sum of expressions in the dims with real coefficients. It has no intervals, and does not know where its
// operators leave the range they were measured in.
type Formula struct {
	Terms []FormulaTerm // distinct expressions, in a canonical order
}

// FormulaTerm is a coefficient times an expression: a product of symbols, rounded quotients and extremes, or 1.
type FormulaTerm struct {
	Coefficient float64
	Expression  graph.Dim
	Kind        law.FormulaKind
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
	Energy   Formula // J
	Time     Formula // s
	Unknown  int     // operators of the module that are in neither, as their sizes are not known
	StandIns int     // operators that stand-in coefficients predict
}

// Formulas are the closed forms of a graph's predictions.
type Formulas struct {
	Device   energy.Device
	Boundary energy.Boundary
	Origin   string
	Profile  string
	Modules  map[*graph.Module]*ModuleFormula
	Warnings []string
	StandIns []string // why stand-ins were taken, each reason once
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
func Symbolic(a *analysis.Analysis, c *coefficients.Coefficients, dev energy.Device, opts Options) (*Formulas, error) {
	if !a.Symbolic {
		return nil, errors.New("formulas need a symbolic analysis")
	}
	b, res, err := Prepare(a, c, dev, opts)
	if err != nil {
		return nil, err
	}
	p, plan := b.Additive, b.Plan
	s := &symbolic{p: p, ids: map[string]int{}, nodes: map[*graph.Node]nodeFormula{}}
	for i := range plan.Kernels {
		k := &plan.Kernels[i]
		s.nodes[k.Node] = s.kernel(k)
	}
	for _, n := range plan.Calls {
		bytes := a.Inference.Facts[n.Outputs[0].ID].Bytes().MulInt(2)
		f := nodeFormula{unknown: bytes.IsUnknown()}
		if e, ok := p.Machine.HostExpr(bytes); ok {
			s.host(&f, e)
		}
		s.nodes[n] = f
	}
	out := &Formulas{
		Device: dev, Boundary: res.Boundary, Origin: res.Origin, Profile: res.Profile, Warnings: res.Warnings,
		Modules: map[*graph.Module]*ModuleFormula{}, HiddenBytes: p.Machine.Hidden, VectorRows: law.VectorRows, SMs: dev.SMs,
	}
	s.rank()
	out.HasEnergy, out.HasTime = c.Holds()
	s.module(a.Tree.Root, plan, out)
	for _, ch := range p.Chosen {
		if ch.StandIn && !slices.Contains(out.StandIns, ch.Why) {
			out.StandIns = append(out.StandIns, ch.Why)
		}
	}
	slices.Sort(out.StandIns)
	return out, nil
}

// symbolic builds formulas. Expressions are numbered as they first occur.
type symbolic struct {
	p     *law.Additive
	ids   map[string]int
	exprs []FormulaTerm               // without coefficients
	order []int                       // of the expressions in a formula
	nodes map[*graph.Node]nodeFormula // by the node that the prediction stands on
}

// nodeFormula is the sum of one kernel.
type nodeFormula struct {
	terms            []weighted
	unknown, standIn bool
}

// weighted is the weight of a numbered expression in energy and time.
type weighted struct {
	id   int
	e, t float64
}

// kernel is the closed form of predictor.predict.
func (s *symbolic) kernel(k *kernel.Kernel) nodeFormula {
	f := s.p.Machine.Features(k, func(graph.Dim) (int64, bool) { return 0, false }) // for class and type
	x, host, ok := s.p.Machine.Expressions(k)
	if !ok || !k.Cost.Known {
		return nodeFormula{unknown: true}
	}
	ch := s.p.Choose(coefficients.Key{Class: f.Class, DType: f.DType})
	out := nodeFormula{standIn: ch.StandIn}
	for t, sum := range x {
		if ch.Energy[t] == 0 && ch.Time[t] == 0 {
			continue
		}
		for _, e := range sum {
			s.add(&out, e, ch.Energy[t], ch.Time[t])
		}
	}
	for _, e := range host {
		s.host(&out, e)
	}
	return out
}

// host adds launches that no work hides.
func (s *symbolic) host(to *nodeFormula, e law.ScaledExpr) {
	j, t := s.p.Host(1)
	s.add(to, e, float64(j), float64(t))
}

// add multiplies an expression out and adds its terms.
func (s *symbolic) add(to *nodeFormula, e law.ScaledExpr, joules, seconds float64) {
	for _, m := range e.Expr.Monomials() {
		kind := e.Kind
		if m.Product.IsPolynomial() {
			kind = law.KindWork
		}
		w := e.Scale * float64(m.Coef)
		to.terms = append(to.terms, weighted{s.number(m.Product, kind), w * joules, w * seconds})
	}
}

func (s *symbolic) number(d graph.Dim, kind law.FormulaKind) int {
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
		if nf.standIn {
			f.StandIns++
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
		f.StandIns += out.Modules[c].StandIns
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

// Describe says in words which sizes a formula holds for, and what its extremes stand for.
func (fs *Formulas) Describe(kinds map[law.FormulaKind]bool) []string {
	var out []string
	if kinds[law.KindWaves] {
		out = append(out, fmt.Sprintf("rounded quotients count whole waves of tiles on %d multiprocessors", fs.SMs))
	}
	if kinds[law.KindSmall] {
		out = append(out, fmt.Sprintf("terms with max(0, %d - rows) and max(0, 1 - rows//%d) are zero for products of at least %d rows", fs.VectorRows-1, fs.VectorRows, fs.VectorRows))
	}
	if kinds[law.KindHidden] {
		out = append(out, fmt.Sprintf("max(0, … - bytes) is the part of a launch that a kernel does not hide, zero from %s on", energy.FormatBytes(fs.HiddenBytes)))
	}
	return out
}
