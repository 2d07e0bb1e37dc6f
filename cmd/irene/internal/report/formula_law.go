package report

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
)

// FormulaLaw is a law in writing, and a pass as calls of its rules.
type FormulaLaw struct {
	*predict.CallFormulas
	Values []law.Share // of the calls, where no dim is open; else nil
}

// What the pass has beside its calls.
const (
	passBytes  = "pass_bytes"
	passWarm   = "warm"
	passDevice = "device"
	passLaunch = "launches"
)

func newFormulaLaw(f *predict.CallFormulas) *FormulaLaw { return &FormulaLaw{CallFormulas: f} }

// sizes visits all expressions in dims.
func (l *FormulaLaw) sizes(visit func(*graph.Dim)) {
	visit(&l.Bytes)
	for i := range l.Calls {
		c := &l.Calls[i]
		visit(&c.Sizes)
		for _, p := range c.Parts {
			for j := range p.Arguments {
				visit(&p.Arguments[j])
			}
		}
	}
	for i := range l.Shares {
		visit(&l.Shares[i].Of)
		visit(&l.Shares[i].Whole)
	}
}

// symbols lists the dims of all expressions.
func (l *FormulaLaw) symbols() (out []string) {
	l.sizes(func(d *graph.Dim) { out = append(out, d.Symbols()...) })
	return out
}

// rename writes dims by other names.
func (l *FormulaLaw) rename(as func(graph.Dim) graph.Dim) {
	if l != nil {
		l.sizes(func(d *graph.Dim) { *d = as(*d) })
	}
}

// numbered are the names of calls and shares.
var numbered = regexp.MustCompile(`^(t|e|r|part)[0-9]+$`)

// names reports whether a name is taken: dims go by others.
func (l *FormulaLaw) names(name string) bool {
	if l == nil {
		return false
	}
	taken := []string{passBytes, passWarm, passDevice, passLaunch, predict.WaitTime, predict.WaitEnergy, "where", "waits", "after", "ceil", "expm1", "sqrt", "pow"}
	for _, x := range FormulaMetrics() {
		taken = append(taken, FindMetric(x).Key)
	}
	return numbered.MatchString(name) || slices.Contains(taken, name) || l.Rule(name) != nil
}

// before lists what calls need: whether the pass fits the cache, which calls run, and the shares that modules have of calls.
func (l *FormulaLaw) before() []law.Line {
	out := []law.Line{
		{Name: passBytes, Expression: l.Bytes.String(), Unit: "B"},
		{Name: passWarm, Expression: "where(" + passBytes + " <= " + fullNumber(l.Cache) + ", 1, 0)"},
	}
	for i := range l.Calls {
		if s := l.Calls[i].Sizes; !s.IsUnknown() {
			out = append(out, law.Line{Name: predict.CallRuns(i), Expression: "where(" + s.String() + " > 0, 1, 0)"})
		}
	}
	for i, s := range l.Shares {
		out = append(out, law.Line{Name: predict.ShareName(i), Expression: "(" + s.Of.String() + ")/(" + s.Whole.String() + ")"})
	}
	return out
}

// after lists what calls lead to: what each launch waits for its host, if anything.
func (l *FormulaLaw) after() []law.Line {
	if len(l.Calls) == 0 || l.Launch == 0 {
		return nil
	}
	var device, launches []string
	always := 0
	for i := range l.Calls {
		c := &l.Calls[i]
		device = append(device, times(c.Count, predict.CallTime(i)))
		if c.Sizes.IsUnknown() {
			always += c.Count
		} else {
			launches = append(launches, times(c.Count, predict.CallRuns(i)))
		}
	}
	if always > 0 {
		launches = slices.Insert(launches, 0, strconv.Itoa(always))
	}
	return []law.Line{
		{Name: passDevice, Expression: strings.Join(device, " + "), Unit: "s"},
		{Name: passLaunch, Expression: strings.Join(launches, " + ")},
		{Name: predict.WaitTime, Expression: fmt.Sprintf("max(0, %s - %s/max(%s, 1))", fullNumber(l.Launch), passDevice, passLaunch), Unit: "s"},
		{Name: predict.WaitEnergy, Expression: fullNumber(l.Idle) + "*" + predict.WaitTime, Unit: "J"},
	}
}

func times(n int, name string) string {
	if n == 1 {
		return name
	}
	return fmt.Sprintf("%d*%s", n, name)
}

// arguments are those of a part, in writing.
func arguments(p *law.RulePart, text func(graph.Dim) string) []string {
	var out []string
	for _, d := range p.Arguments {
		out = append(out, text(d))
	}
	if p.Warm {
		out = append(out, passWarm)
	}
	return out
}

// what says what a call is: "12 × gemm in float16".
func what(c *predict.CallFormula) string {
	s := c.Class
	if c.Count > 1 {
		s = fmt.Sprintf("%d × %s", c.Count, s)
	}
	if c.DType != graph.Undefined {
		s += " in " + c.DType.String()
	}
	return s
}
