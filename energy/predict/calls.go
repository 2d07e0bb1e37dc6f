package predict

import (
	"math"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
)

// Call is kernels of equal sizes, whatever the open dims are.
type Call struct {
	Cost  *graph.Cost
	Steps []int // that call it, in graph order
}

// Calls lists the distinct kernels of a program, in the order in which the graph first calls them. Calls without a kernel
// are among them.
func (p *Program) Calls() []Call {
	var out []Call
	at := map[string]int{}
	for i := range p.Steps {
		key := keyOf(&p.Steps[i])
		k, ok := at[key]
		if !ok {
			k = len(out)
			at[key] = k
			out = append(out, Call{Cost: p.Steps[i].Cost})
		}
		out[k].Steps = append(out[k].Steps, i)
	}
	return out
}

// keyOf is what tells the kernels of steps apart.
func keyOf(s *Step) string {
	var b strings.Builder
	c := s.Cost
	b.WriteString(c.Class + "|" + c.DType.String() + "|" + c.Row + "|" + c.Quant)
	if !c.Known {
		b.WriteString("|unknown")
	}
	if s.IsCall() {
		b.WriteString("|view")
	}
	for _, d := range dimsOf(c) {
		b.WriteByte('|')
		b.WriteString(d.String())
	}
	if a := c.Attention; a != nil {
		b.WriteString("|attention " + a.Cache.String())
		if a.Causal {
			b.WriteString(" causal")
		}
	}
	if c.Experts != nil {
		b.WriteString("|experts")
		if c.Experts.Gated {
			b.WriteString(" gated")
		}
	}
	return b.String()
}

// dimsOf lists the sizes that a kernel is predicted by, in the order in which law.KernelAt asks for them.
func dimsOf(c *graph.Cost) []graph.Dim {
	var out []graph.Dim
	law.KernelAt(c, func(d graph.Dim) (int64, bool) {
		out = append(out, d)
		return 0, false
	})
	return out
}

// Symbols lists the names that the kernels' sizes depend on, sorted.
func (p *Program) Symbols() []string {
	var out []string
	for _, c := range p.Calls() {
		for _, d := range dimsOf(c.Cost) {
			out = append(out, d.Symbols()...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Compile makes a function of the values of some symbols, in their order, that gives what a whole pass takes: not a number
// where the law does not know the energy. Kernels whose sizes are not known are left out. It fails where the pass depends
// on another symbol. Several goroutines may call the function.
func (p *Program) Compile(symbols []string) (func(values []int64) law.Share, error) {
	all, err := CompileAll([]*Program{p}, symbols)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// CompileAll compiles several programs: see [Program.Compile]. Those of one plan share its sizes.
func CompileAll(programs []*Program, symbols []string) ([]func(values []int64) law.Share, error) {
	sizes := map[*Plan]*callSizes{}
	out := make([]func([]int64) law.Share, len(programs))
	for i, p := range programs {
		var err error
		if !p.overlaps() {
			out[i], err = p.compileFormulas(symbols)
		} else if sizes[p.Plan] == nil {
			sizes[p.Plan], err = p.sizes(symbols)
		}
		if err != nil {
			return nil, err
		}
		if s := sizes[p.Plan]; out[i] == nil {
			out[i] = func(values []int64) law.Share { return p.pass(s.calls, s.at(values)) }
		}
	}
	return out, nil
}

// compileFormulas compiles the closed forms of a law that has some.
func (p *Program) compileFormulas(symbols []string) (func(values []int64) law.Share, error) {
	fs, err := p.Formulas()
	if err != nil {
		return nil, err
	}
	root := fs.Modules[p.Analysis.Tree.Root]
	joules, err := root.Energy.Compile(symbols)
	if err != nil {
		return nil, err
	}
	seconds, err := root.Time.Compile(symbols)
	if err != nil {
		return nil, err
	}
	return func(values []int64) law.Share {
		out := law.Share{Energy: energy.Joules(joules(values)), Time: energy.Seconds(seconds(values))}
		if p.NoEnergy {
			out.Energy = energy.Joules(math.NaN())
		}
		return out
	}, nil
}

// callSizes are the distinct kernels of a plan, and their sizes compiled.
type callSizes struct {
	calls []Call
	dims  int // known ones, in the order of dimsOf
	sizes *graph.Program
}

func (p *Program) sizes(symbols []string) (*callSizes, error) {
	out := &callSizes{calls: p.Calls()}
	var dims []graph.Dim
	for _, c := range out.calls {
		for _, d := range dimsOf(c.Cost) {
			if !d.IsUnknown() {
				dims = append(dims, d)
			}
		}
	}
	out.dims = len(dims)
	var err error
	out.sizes, err = graph.CompileDims(symbols, dims)
	return out, err
}

// at evaluates all sizes, and gives them out in the order in which they are asked for.
func (s *callSizes) at(values []int64) func(graph.Dim) (int64, bool) {
	out := make([]float64, s.dims)
	s.sizes.Eval(values, out)
	return func(d graph.Dim) (int64, bool) {
		if d.IsUnknown() {
			return 0, false
		}
		v := out[0]
		out = out[1:]
		return int64(v), true
	}
}

// pass is what calls take together, at the sizes that dims evaluate to in the order of dimsOf.
func (p *Program) pass(calls []Call, eval func(graph.Dim) (int64, bool)) (sum law.Share) {
	kernels := make([]law.Kernel, len(calls))
	pass := newPass(p.law)
	for i, c := range calls {
		kernels[i] = p.at(c, eval)
		pass.count(&kernels[i], len(c.Steps))
	}
	for i, c := range calls {
		if out := pass.kernel(&kernels[i], len(c.Steps)); out.Known {
			n := float64(len(c.Steps))
			sum = sum.Plus(law.Share{Energy: out.Energy * energy.Joules(n), Time: out.Time * energy.Seconds(n)})
		}
	}
	each, n := pass.excess(), float64(pass.launches)
	return sum.Plus(law.Share{Energy: each.Energy * energy.Joules(n), Time: each.Time * energy.Seconds(n)})
}

// at finds the sizes of a call.
func (p *Program) at(c Call, eval func(graph.Dim) (int64, bool)) law.Kernel {
	k := law.KernelAt(c.Cost, eval)
	if s := &p.Steps[c.Steps[0]]; s.IsCall() {
		return law.Kernel{Class: law.View, Known: k.Known, Bytes: k.Bytes}
	}
	return k
}
