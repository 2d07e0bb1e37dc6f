package predict

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
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

	named bool // of calls
}

// Named reports whether the expression names calls, not dims: see [CallFormulas].
func (t *FormulaTerm) Named() bool { return t.named }

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
	Energy Formula // J
	Time   Formula // s
	// Read and Written are what the module's kernels move; one that runs in several modules is that of the node that does its work.
	Read, Written graph.Dim
	Unknown       int // operators of the module that are in neither, as their sizes are not known
	StandIns      int // operators that stand-in coefficients predict
}

// Formulas are the closed forms of a graph's predictions.
type Formulas struct {
	Basis
	Modules  map[*graph.Module]*ModuleFormula
	StandIns []string      // why stand-ins were taken, each reason once
	Calls    *CallFormulas // what the formulas are sums of; nil where they are polynomials in the dims

	program *Program
}

// Formulas gives what [Program.At] predicts as formulas in the dims that the analysis left open. At sizes of at least 1
// both give the same numbers. It fails where the analysis is not symbolic.
func (p *Program) Formulas() (*Formulas, error) {
	if !p.Analysis.Symbolic {
		return nil, errors.New("formulas need a symbolic analysis")
	}
	out := &Formulas{Basis: p.Basis, Modules: map[*graph.Module]*ModuleFormula{}, program: p}
	if l, ok := p.law.(*law.Overlap); ok {
		p.callFormulas(l, out)
		p.moved(p.Analysis.Tree.Root, out)
		return out, nil
	}
	s := &symbolic{plan: p.Plan, ids: map[string]int{}}
	for i := range p.Steps {
		form, err := p.form(&p.Steps[i])
		if err != nil {
			return nil, err
		}
		s.step(&form)
		if form.StandIn && !slices.Contains(out.StandIns, form.Why) {
			out.StandIns = append(out.StandIns, form.Why)
		}
	}
	s.rank()
	s.module(p.Analysis.Tree.Root, out)
	p.moved(p.Analysis.Tree.Root, out)
	slices.Sort(out.StandIns)
	return out, nil
}

// moved sums what kernels move over a module and its children. Those of unknown size are left out.
func (p *Program) moved(m *graph.Module, out *Formulas) {
	read, written := graph.Const(0), graph.Const(0)
	for _, n := range m.Nodes {
		i := p.Of(n)
		if i < 0 || p.Steps[i].Node != n || p.Steps[i].IsCall() {
			continue
		}
		if c := p.Steps[i].Cost; c.Known && !c.Read.IsUnknown() && !c.Written.IsUnknown() {
			read, written = read.Add(c.Read), written.Add(c.Written)
		}
	}
	for _, c := range m.Children {
		p.moved(c, out)
		read, written = read.Add(out.Modules[c].Read), written.Add(out.Modules[c].Written)
	}
	out.Modules[m].Read, out.Modules[m].Written = read, written
}

func (p *Program) form(s *Step) (law.Form, error) {
	if s.IsCall() {
		return p.law.CallForm(s.Bytes())
	}
	return p.law.Form(s.Cost)
}

// symbolic builds formulas. Expressions are numbered as they first occur.
type symbolic struct {
	plan  *Plan
	ids   map[string]int
	exprs []FormulaTerm // without coefficients
	order []int         // of the expressions in a formula
	steps []stepFormula
}

// stepFormula is the sum of one step.
type stepFormula struct {
	terms            []weighted
	unknown, standIn bool
}

// weighted is the weight of a numbered expression in energy and time.
type weighted struct {
	id   int
	e, t float64
}

// step multiplies the expressions of a closed form out and keeps its terms.
func (s *symbolic) step(form *law.Form) {
	out := stepFormula{unknown: !form.Known, standIn: form.StandIn}
	for _, x := range form.Terms {
		for _, m := range x.Expr.Monomials() {
			kind := x.Kind
			if m.Product.IsPolynomial() {
				kind = law.KindWork
			}
			w := x.Scale * float64(m.Coef)
			out.terms = append(out.terms, weighted{s.number(m.Product, kind), w * x.Energy, w * x.Time})
		}
	}
	s.steps = append(s.steps, out)
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
func (s *symbolic) module(m *graph.Module, out *Formulas) []weighted {
	f := &ModuleFormula{}
	sum := make([]weighted, len(s.exprs))
	for _, n := range m.Nodes {
		i := s.plan.Of(n)
		if i < 0 {
			continue
		}
		step := &s.steps[i]
		if step.unknown {
			f.Unknown++
		}
		if s.plan.Steps[i].Node != n {
			continue
		}
		if step.standIn {
			f.StandIns++
		}
		for _, w := range step.terms {
			sum[w.id].e += w.e
			sum[w.id].t += w.t
		}
	}
	for _, c := range m.Children {
		for id, w := range s.module(c, out) {
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

// Describe says in words what expressions of some kinds stand for.
func (fs *Formulas) Describe(kinds map[law.FormulaKind]bool) []string {
	return fs.program.law.Describe(kinds)
}
