package report

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// Explanation is what the formats of irene explain read.
type Explanation struct {
	*Report
	Idle    energy.Watts
	Modules []*ExplainedModule
	Top     int // operators to list; negative: the format chooses
}

// ExplainedModule says what the energy and the time of a module are made of.
type ExplainedModule struct {
	*Module
	Causes    law.Causes
	Static    energy.Joules // idle power while it runs
	Kernels   int
	Calls     int              // of the framework, without a kernel
	Classes   []*ExplainedPart // the largest first
	Operators []*ExplainedPart // kernels and calls, in graph order
	Advice    []string         // the weightiest first
}

// ExplainedPart is one kernel, or the sum of several.
type ExplainedPart struct {
	Class  string
	Count  int
	Causes law.Causes
	Static energy.Joules

	// Of single kernels, and of equal ones that share a row.
	Op     *Operator
	Place  string
	Terms  *predict.Kernel
	FLOPs  float64 // of all members, in the convention of the report
	Ridge  float64 // FLOPs per byte from which on the device's arithmetic binds; 0 where no peak is known
	Advice string
}

// Bound names what takes most of the part's time: "compute", "memory", "launch", or "" where nothing takes time.
func (p *ExplainedPart) Bound() string {
	c, ok := p.Causes.Bound()
	switch {
	case !ok:
		return ""
	case c == law.Memory:
		return "memory"
	case c == law.Launch:
		return "launch"
	}
	return "compute"
}

// Intensity is the part's FLOPs per byte.
func (p *ExplainedPart) Intensity() float64 {
	if p.Terms == nil || p.Terms.Sizes.Bytes == 0 {
		return 0
	}
	return p.FLOPs / p.Terms.Sizes.Bytes
}

// BuildExplanation explains modules of a report. The open analysis is of the same graph in symbols, and names the dims
// that advice speaks of.
func BuildExplanation(r *Report, e *predict.Result, open *analysis.Analysis, modules []*Module) *Explanation {
	b := &explainer{r: r, e: e, open: open, index: map[*graph.Node]int{}}
	for i := range r.Operators {
		b.index[r.Operators[i].Node] = i
	}
	b.terms = make([]*predict.Kernel, len(r.Operators))
	for i := range e.Kernels {
		k := &e.Kernels[i]
		b.terms[b.index[k.Node]] = k
		for _, n := range k.Members {
			b.terms[b.index[n]] = k
		}
	}
	out := &Explanation{Report: r, Idle: e.Idle, Top: -1}
	if r.Tree.Metrics.NoEnergy {
		out.Idle = energy.Watts(math.NaN())
	}
	for _, m := range modules {
		out.Modules = append(out.Modules, b.module(m))
	}
	return out
}

type explainer struct {
	r     *Report
	e     *predict.Result
	open  *analysis.Analysis
	index map[*graph.Node]int
	terms []*predict.Kernel // by the index of an operator: the kernel that it runs in
}

// inside is what part of a kernel a module's operators stand for, and the first of them.
type inside struct {
	kernel *predict.Kernel
	first  int
	part   float64
}

// kernels lists the kernels that run in a module, in graph order, each as far as its operators are the module's.
func (b *explainer) kernels(m *Module) []inside {
	var out []inside
	at := map[*predict.Kernel]int{}
	for _, i := range m.allOperators() {
		k := b.terms[i]
		if k == nil || !k.Known {
			continue
		}
		j, ok := at[k]
		if !ok {
			j = len(out)
			at[k] = j
			out = append(out, inside{kernel: k, first: i})
		}
		if n := b.r.Operators[i].Node; n == k.Node {
			out[j].first = i
		}
		out[j].part += b.e.Nodes[b.r.Operators[i].Node.ID].Part
	}
	return out
}

func (b *explainer) module(m *Module) *ExplainedModule {
	out := &ExplainedModule{Module: m}
	classes := map[string]*ExplainedPart{}
	for _, x := range b.kernels(m) {
		k := x.kernel
		p := b.part(x.first, k, min(1, x.part))
		if p.Causes.Total() == (law.Share{}) {
			continue
		}
		if b.r.Tree.Metrics.NoEnergy {
			p.forgetEnergy()
		}
		if len(k.Members) > 0 {
			out.Kernels++
		} else {
			out.Calls++
		}
		out.Operators = append(out.Operators, p)
		out.Causes.Add(&p.Causes)
		out.Static += p.Static
		c := classes[p.Class]
		if c == nil {
			c = &ExplainedPart{Class: p.Class}
			classes[p.Class] = c
			out.Classes = append(out.Classes, c)
		}
		c.Count++
		c.Static += p.Static
		c.Causes.Add(&p.Causes)
	}
	slices.SortStableFunc(out.Classes, byEnergy)
	out.Advice = b.advise(out)
	return out
}

// forgetEnergy makes energies not a number, which is how what coefficients do not hold is printed as unknown.
func (p *ExplainedPart) forgetEnergy() {
	for i := range p.Causes {
		p.Causes[i].Energy = energy.Joules(math.NaN())
	}
	p.Static = energy.Joules(math.NaN())
}

// byEnergy orders parts, those first that take most; by time where energies are unknown.
func byEnergy(x, y *ExplainedPart) int {
	if a, b := x.Causes.Total(), y.Causes.Total(); math.IsNaN(float64(a.Energy)) {
		return cmp.Or(cmp.Compare(b.Time, a.Time), strings.Compare(x.Class, y.Class))
	}
	return cmp.Or(cmp.Compare(y.Causes.Total().Energy, x.Causes.Total().Energy), strings.Compare(x.Class, y.Class))
}

// part is a kernel, of which so much is a module's.
func (b *explainer) part(i int, k *predict.Kernel, of float64) *ExplainedPart {
	op := &b.r.Operators[i]
	causes := k.Causes
	if of < 1 {
		causes = causes.Times(of)
	}
	total := causes.Total()
	p := &ExplainedPart{
		Class: k.Class, Count: 1, Causes: causes, Op: op, Place: op.Path, Terms: k,
		Static: min(total.Energy, b.e.Idle.Times(total.Time)),
	}
	for _, n := range k.Members {
		if j, ok := b.index[n]; ok {
			v, _ := b.r.Operators[j].Metrics.FLOPs.Const()
			p.FLOPs += float64(v)
		}
	}
	if ridge, ok := b.e.Device.RidgePoint(k.DType.String()); ok && len(k.Members) > 0 {
		p.Ridge = ridge
	}
	p.Advice = b.remedy(p)
	return p
}

// ExplainFormats is the table of formats for explanations, the default first.
func ExplainFormats() []render.Format[*Explanation] {
	return []render.Format[*Explanation]{
		{Name: "text", Help: "tables for people", Write: writeExplainText},
		{Name: "json", Help: "every kernel", Ext: []string{".json"}, Write: writeExplainJSON},
	}
}
