package report

import (
	"math"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
)

// formulaLawJSON is a law in writing, and a pass as calls of its rules. Expressions are Python's, with the functions min, max,
// pow, ceil, sqrt, expm1 and where(condition, then, else), and with those of rules before. In order: before, calls, after,
// then the formulas of modules.
type formulaLawJSON struct {
	Waits  []string          `json:"waits"`                     // what rules of classes of kernels return: seconds at boost clock, exponent of their overlap, FLOPs and joules for one, scores, bytes, busy share of the multiprocessors
	First  []string          `json:"first"`                     // of waits, those that are the first's where a kernel has several parts; the others add up
	Rules  []formulaRuleJSON `json:"rules" lines:"before,each"` // each after those that it calls
	Before []formulaLineJSON `json:"before" lines:"before"`     // in the symbols
	Calls  []formulaCallJSON `json:"calls" lines:"before,each"` // the distinct kernels
	After  []formulaLineJSON `json:"after" lines:"before"`      // in times of calls
}

// formulaRuleJSON is a function.
type formulaRuleJSON struct {
	Name       string              `json:"name"`       // by which expressions call it
	About      string              `json:"about"`      // in words
	Parameters []string            `json:"parameters"` // x is what a kernel waits for
	When       render.Text         `json:"when"`       // condition under which the rule is what then calls, else what else does; null: the lines say
	Then       render.Text         `json:"then"`       // call of a rule
	Else       render.Text         `json:"else"`       // call of a rule
	Lines      []formulaLineJSON   `json:"lines"`      // in order, each in parameters and names before it
	Choices    []formulaChoiceJSON `json:"choices"`    // each with each, the first outermost
	Tried      []formulaLineJSON   `json:"tried"`      // lines of each choice, of which the first with the least boost counts
	Returns    []string            `json:"returns"`    // names of lines; waits that are not among them are 0
}

// formulaLineJSON is a named expression.
type formulaLineJSON struct {
	Name       string `json:"name"`       // that expressions after it use
	Expression string `json:"expression"` // in names before it
	Unit       string `json:"unit"`       // "" where it has none
}

// formulaChoiceJSON is names, and the values that are tried for them.
type formulaChoiceJSON struct {
	Names  []string    `json:"names"`  // that take the values
	Values [][]float64 `json:"values"` // in the order in which they are tried, each in the order of the names
}

// formulaCallJSON is kernels of equal sizes.
type formulaCallJSON struct {
	Time    string            `json:"time"`     // its name in formulas; s
	Energy  string            `json:"energy"`   // its name in formulas; J
	Class   string            `json:"class"`    // of operators
	DType   graph.DType       `json:"dtype"`    // element type that the law goes by
	Count   int               `json:"count"`    // kernels
	Runs    render.Text       `json:"runs"`     // name of what is 0 where the kernels do not run, and take nothing; null: they always run
	Rule    string            `json:"rule"`     // that makes time and energy of what the parts wait for
	Parts   []formulaPartJSON `json:"parts"`    // one after the other, nearly always one
	TimeS   render.Number     `json:"time_s"`   // of one kernel, seconds; null where dims are open
	EnergyJ render.Number     `json:"energy_j"` // of one kernel, joules; null where dims are open
}

// formulaPartJSON is a call of a rule.
type formulaPartJSON struct {
	Rule      string   `json:"rule"`      // its name
	Arguments []string `json:"arguments"` // expressions, in the order of its parameters
}

func (l *FormulaLaw) json() *formulaLawJSON {
	if l == nil {
		return nil
	}
	out := &formulaLawJSON{Waits: law.RuleWaits(), First: law.RuleFirst(), Before: linesJSON(l.before()), After: linesJSON(l.after())}
	for i := range l.Rules {
		r := &l.Rules[i]
		j := formulaRuleJSON{
			Name: r.Name, About: r.About, Parameters: r.Parameters, When: render.Text(r.When), Then: render.Text(r.Then), Else: render.Text(r.Else),
			Lines: linesJSON(r.Lines), Tried: linesJSON(r.Tried), Returns: r.Returns,
		}
		for _, c := range r.Choices {
			j.Choices = append(j.Choices, formulaChoiceJSON{c.Names, c.Values})
		}
		out.Rules = append(out.Rules, j)
	}
	for i := range l.Calls {
		c := &l.Calls[i]
		j := formulaCallJSON{
			Time: predict.CallTime(i), Energy: predict.CallEnergy(i), Class: c.Class, DType: c.DType, Count: c.Count, Rule: c.Run,
			TimeS: render.Number(math.NaN()), EnergyJ: render.Number(math.NaN()),
		}
		if !c.Sizes.IsUnknown() {
			j.Runs = render.Text(predict.CallRuns(i))
		}
		if l.Values != nil {
			j.TimeS, j.EnergyJ = render.Number(l.Values[i].Time), render.Number(l.Values[i].Energy)
		}
		for k := range c.Parts {
			j.Parts = append(j.Parts, formulaPartJSON{c.Parts[k].Rule, arguments(&c.Parts[k], graph.Dim.String)})
		}
		out.Calls = append(out.Calls, j)
	}
	return out
}

func linesJSON(lines []law.Line) []formulaLineJSON {
	var out []formulaLineJSON
	for _, l := range lines {
		out = append(out, formulaLineJSON(l))
	}
	return out
}
