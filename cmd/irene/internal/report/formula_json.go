package report

import (
	"io"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/graph"
)

// FormulaOutput is what irene formula --format json writes, a line per module.
type FormulaOutput struct {
	Head
	Symbols     []string                  `json:"symbols" lines:"before"` // open dims of the expressions, as Python identifiers
	Equalities  render.Members[graph.Dim] `json:"equalities"`             // dims that others give, by name
	Assumptions []string                  `json:"assumptions"`            // where the formulas hold, for people
	Law         *formulaLawJSON           `json:"law" lines:"before"`     // that energies and times are sums of calls of; null where they are expressions in the symbols
	Modules     []formulaModuleJSON       `json:"modules" lines:"before,each"`
	Warnings    []string                  `json:"warnings" lines:"before"` // what to know beside the formulas, for people
}

// formulaModuleJSON is a module with its closed forms.
type formulaModuleJSON struct {
	Name      string                       `json:"name"`     // within its parent
	Path      string                       `json:"path"`     // of the call; "" is the model
	Canonical string                       `json:"module"`   // path of the module under which its weights are stored
	Class     string                       `json:"class"`    // of the module in the source, where the exporter left it
	Unknown   int                          `json:"unknown"`  // operators that are in no formula
	Formulas  render.Members[*formulaJSON] `json:"formulas"` // by metric, with its unit; null where a size is not known
}

// formulaJSON is a sum of terms.
type formulaJSON struct {
	Python string            `json:"python"` // the sum as a Python expression, with all digits
	Terms  []formulaTermJSON `json:"terms"`
	Value  render.Number     `json:"value"` // where no dim is open, in the unit of the metric; else null
}

// formulaTermJSON is a coefficient times an expression.
type formulaTermJSON struct {
	Coefficient float64 `json:"coefficient"` // in the unit of the metric
	Expression  string  `json:"expression"`  // in the symbols, or in the names of calls
	Counts      string  `json:"counts"`      // what the term stands for
}

func writeFormulaJSON(w io.Writer, r *Formulas) error {
	out := FormulaOutput{Head: r.head(), Assumptions: r.Assumptions, Law: r.Law.json(), Warnings: r.Warnings}
	for _, s := range r.Symbols {
		out.Symbols = append(out.Symbols, s.Written)
	}
	for _, e := range r.Equalities {
		out.Equalities = append(out.Equalities, render.Member[graph.Dim]{Name: e.Name, Value: e.Expr})
	}
	r.walk(func(m *FormulaModule) {
		j := formulaModuleJSON{Name: m.Name, Path: m.Path, Canonical: m.Canonical, Class: m.Class, Unknown: m.Unknown}
		for i := range m.Formulas {
			j.Formulas = append(j.Formulas, render.Member[*formulaJSON]{Name: m.Formulas[i].Key, Value: m.Formulas[i].json()})
		}
		out.Modules = append(out.Modules, j)
	})
	return render.WriteJSON(w, &out)
}

func (f *NamedFormula) json() *formulaJSON {
	if !f.Known {
		return nil
	}
	out := &formulaJSON{Python: pythonLine(&f.Formula, fullNumber), Value: render.Number(f.Value)}
	for _, t := range f.Terms {
		out.Terms = append(out.Terms, formulaTermJSON{t.Coefficient, t.Expression.String(), t.Kind.String()})
	}
	return out
}
