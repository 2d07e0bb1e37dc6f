package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// FormulaMetrics lists what formulas can be asked for, in the order they are written.
func FormulaMetrics() []string {
	var names []string
	for _, x := range MetricTable((*Metric).closedForm) {
		names = append(names, x.Name)
	}
	return names
}

// Formulas is what the formats of closed forms read.
type Formulas struct {
	*Report
	Symbols     []Name
	Equalities  []Equality // dims that the graph's equalities express by others
	Assumptions []string
	Law         *FormulaLaw      // that modules' energies and times are sums of calls of; nil where they are polynomials in the dims
	Modules     []*FormulaModule // the roots of what is shown
}

// Name is a symbol, and how formulas write it: as a Python identifier.
type Name struct{ Name, Written string }

// Equality is a dim that others give.
type Equality struct {
	Name string
	Expr graph.Dim
}

// FormulaModule is one module with its closed forms.
type FormulaModule struct {
	*Module
	Unknown  int // operators that are in no formula
	Formulas []NamedFormula
	Children []*FormulaModule
}

// NamedFormula is the closed form of one metric; not Known where a size in it is not.
type NamedFormula struct {
	*Metric
	Known bool
	predict.Formula
	Value float64 // where no dim is open, else not a number
}

// FormulaOptions says which closed forms are shown.
type FormulaOptions struct {
	Metrics  []string  // by name
	Selected []*Module // their roots; nil: the whole model
	Depth    int       // levels of modules below them; negative: all

	DefaultDevice bool // nobody chose the device
}

// BuildFormulas gathers closed forms. The report is that of the symbolic analysis; the prediction may be nil.
func BuildFormulas(r *Report, a *analysis.Analysis, fs *predict.Formulas, opts FormulaOptions) *Formulas {
	out := &Formulas{Report: r}
	byPath := map[string]*predict.ModuleFormula{}
	if fs != nil {
		r.Device = &Device{Device: fs.Device, Boundary: fs.Boundary, Origin: fs.Origin, Profile: fs.Profile, Default: opts.DefaultDevice}
		r.Warnings = append(r.Warnings, fs.Warnings...)
		a.Tree.Root.Walk(func(m *graph.Module) { byPath[m.Path] = fs.Modules[m] })
		r.Tree.Walk(func(m *Module) { // bytes are those of kernels, as they are in predictions
			if f := byPath[m.Path]; f != nil {
				m.Metrics.Read, m.Metrics.Written = f.Read, f.Written
			}
		})
	}
	roots := opts.Selected
	if roots == nil {
		roots = []*Module{r.Tree}
	}
	b := &formulaBuilder{opts: opts, byPath: byPath, kinds: map[law.FormulaKind]bool{}, missing: map[string]bool{}}
	if fs != nil {
		b.missing["energy"], b.missing["time"] = fs.NoEnergy, false
	}
	for _, m := range roots {
		out.Modules = append(out.Modules, b.module(m, opts.Depth))
	}
	if fs != nil && fs.Calls != nil && (b.wants("energy") || b.wants("time")) {
		out.Law = newFormulaLaw(fs.Calls)
		b.symbols = append(b.symbols, out.Law.symbols()...)
	}
	out.name(a, b.symbols)
	if len(out.Symbols) == 0 {
		out.evaluate(a, fs)
	}
	out.assume(fs, b)
	return out
}

func (b *formulaBuilder) wants(metric string) bool { return slices.Contains(b.opts.Metrics, metric) }

type formulaBuilder struct {
	opts     FormulaOptions
	byPath   map[string]*predict.ModuleFormula
	kinds    map[law.FormulaKind]bool
	missing  map[string]bool // metrics that the coefficients do not hold
	symbols  []string
	standIns int
}

func (b *formulaBuilder) module(m *Module, depth int) *FormulaModule {
	out := &FormulaModule{Module: m, Unknown: m.Metrics.Unknown}
	mf := b.byPath[m.Path]
	if mf != nil {
		out.Unknown = max(out.Unknown, mf.Unknown)
		b.standIns = max(b.standIns, mf.StandIns)
	}
	for _, x := range MetricTable((*Metric).closedForm) {
		if !slices.Contains(b.opts.Metrics, x.Name) {
			continue
		}
		f := NamedFormula{Metric: x, Value: math.NaN()}
		switch {
		case x.Count != nil:
			f.Formula, f.Known = predict.DimFormula(x.Count(&m.Metrics))
		case mf != nil && !b.missing[x.Name]:
			f.Formula, f.Known = *x.Closed(mf), true
		}
		for _, t := range f.Terms {
			b.kinds[t.Kind] = true
			if !t.Named() {
				b.symbols = append(b.symbols, t.Expression.Symbols()...)
			}
		}
		out.Formulas = append(out.Formulas, f)
	}
	if depth != 0 {
		for _, c := range m.Children {
			out.Children = append(out.Children, b.module(c, depth-1))
		}
	}
	return out
}

// name lists the symbols, gives those that are no Python identifiers another name, and lists the equalities.
func (r *Formulas) name(a *analysis.Analysis, symbols []string) {
	slices.Sort(symbols)
	symbols = slices.Compact(symbols)
	written := map[string]graph.Dim{}
	taken := func(w string) bool { _, ok := slices.BinarySearch(symbols, w); return ok }
	for _, s := range symbols {
		w := Identifier(s)
		for w != s && taken(w) || r.Law.names(w) {
			w += "_"
		}
		r.Symbols = append(r.Symbols, Name{s, w})
		if w != s {
			written[s] = graph.Symbol(w)
		}
	}
	declared := analysis.Declared(a.Graph)
	slices.Sort(declared)
	for _, s := range slices.Sorted(maps.Keys(a.Inference.Solved)) {
		if _, ok := slices.BinarySearch(declared, s); ok {
			r.Equalities = append(r.Equalities, Equality{s, a.Inference.Solved[s]})
		}
	}
	if len(written) == 0 {
		return
	}
	rename := func(d graph.Dim) graph.Dim {
		return d.Subst(func(s string) (graph.Dim, bool) { d, ok := written[s]; return d, ok })
	}
	r.Law.rename(rename)
	r.walk(func(m *FormulaModule) {
		for i := range m.Formulas {
			for j := range m.Formulas[i].Terms {
				if t := &m.Formulas[i].Terms[j]; !t.Named() {
					t.Expression = rename(t.Expression)
				}
			}
		}
	})
}

// evaluate finds the values of formulas in which no dim is open.
func (r *Formulas) evaluate(a *analysis.Analysis, fs *predict.Formulas) {
	var at *predict.Result
	modules := map[string]*graph.Module{}
	if r.Law != nil {
		at, r.Law.Values = fs.Values(a.Eval)
		a.Tree.Root.Walk(func(m *graph.Module) { modules[m.Path] = m })
	}
	r.walk(func(m *FormulaModule) {
		for i := range m.Formulas {
			f := &m.Formulas[i]
			switch {
			case !f.Known:
			case f.Closed != nil && r.Law != nil:
				sum := at.Modules[modules[m.Path]]
				f.Value = f.Predicted(&sum)
			default:
				f.Value = 0
				for _, t := range f.Terms {
					v, _ := t.Expression.Const()
					f.Value += t.Coefficient * float64(v)
				}
			}
		}
	})
}

func (r *Formulas) walk(visit func(*FormulaModule)) {
	var down func([]*FormulaModule)
	down = func(list []*FormulaModule) {
		for _, m := range list {
			visit(m)
			down(m.Children)
		}
	}
	down(r.Modules)
}

// keywords are names that Python keeps to itself.
var keywords = strings.Fields("False None True and as assert async await break class continue def del elif else except finally for from global if import in int is lambda max min nonlocal not or pass raise return try while with yield")

// Identifier makes a name that Python takes.
func Identifier(name string) string {
	w := strings.Map(func(r rune) rune {
		if r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, name)
	if w == "" || w[0] >= '0' && w[0] <= '9' {
		w = "_" + w
	}
	if slices.Contains(keywords, w) {
		w += "_"
	}
	return w
}

// assume says where the formulas hold.
func (r *Formulas) assume(fs *predict.Formulas, b *formulaBuilder) {
	if len(r.Symbols) > 0 {
		r.Assumptions = append(r.Assumptions, "dims are whole numbers of at least 1")
	}
	for _, s := range r.Symbols {
		if s.Name != s.Written {
			r.Assumptions = append(r.Assumptions, fmt.Sprintf("%s stands for the dim %q", s.Written, s.Name))
		}
	}
	if fs == nil {
		return
	}
	r.Assumptions = append(r.Assumptions, fs.Describe(b.kinds)...)
	if b.standIns > 0 {
		for _, why := range fs.StandIns {
			r.Assumptions = append(r.Assumptions, "scaled: "+why)
		}
	}
	if r.Law != nil {
		r.Assumptions = append(r.Assumptions, "modules are sums of the calls' times t1, t2 … and energies e1, e2 …, which the rules give")
	}
	if b.wants("energy") || b.wants("time") {
		r.Assumptions = append(r.Assumptions, "without intervals, also beyond the sizes that were measured (analyze says both)")
	}
}

// FormulaFormats is the table of formats for closed forms, the default first.
func FormulaFormats() []render.Format[*Formulas] {
	return []render.Format[*Formulas]{
		{Name: "text", Help: "Python expressions with six digits", Write: writeFormulaText},
		{Name: "json", Help: "every term with all digits", Ext: []string{".json"}, Write: writeFormulaJSON},
		{Name: "latex", Help: "aligned sums for mathematics mode", Ext: []string{".tex"}, Write: writeFormulaLaTeX},
	}
}
