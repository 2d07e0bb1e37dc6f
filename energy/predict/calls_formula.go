package predict

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
)

// CallFormulas is a pass in writing, under a law without polynomial forms: the law's rules, and the distinct kernels as
// calls of them in open dims. Formulas of modules are sums over time and energy of the calls: see [CallTime].
type CallFormulas struct {
	*law.Rulebook
	Calls  []CallFormula
	Shares []Share
	Bytes  graph.Dim // that the pass moves, which decides whether it fits the cache
}

// CallFormula is kernels of equal sizes.
type CallFormula struct {
	law.RuleCall
	Class string
	DType graph.DType
	Count int // kernels
	step  int // the first of them
}

// Share is a part of a kernel that some of its nodes do, where it depends on sizes: FLOPs of FLOPs.
type Share struct{ Of, Whole graph.Dim }

// CallTime is the name of a call's time in formulas of modules, s; of calls by their place in the list.
func CallTime(i int) string { return fmt.Sprintf("t%d", i+1) }

// CallEnergy is the name of a call's energy, J.
func CallEnergy(i int) string { return fmt.Sprintf("e%d", i+1) }

// CallRuns is the name of what is 1 where a call's kernels run, else 0; of calls whose Sizes are known.
func CallRuns(i int) string { return fmt.Sprintf("r%d", i+1) }

// ShareName is the name of a share.
func ShareName(i int) string { return fmt.Sprintf("part%d", i+1) }

// What every launch adds that the device's work does not hide; in no formula where launches take no time.
const (
	WaitTime   = "wait"   // s
	WaitEnergy = "wait_j" // J
)

// callFormulas writes the pass down, and fills in the formulas of the modules.
func (p *Program) callFormulas(l *law.Overlap, out *Formulas) {
	f := &CallFormulas{Rulebook: l.Rulebook(), Bytes: graph.Const(0)}
	out.Calls = f
	s := &callSums{program: p, formulas: out, of: make([]int, len(p.Steps)), standIn: make([]bool, len(p.Steps))}
	for _, c := range p.Calls() {
		bytes := c.Cost.Read.Add(c.Cost.Written)
		if c.Cost.Known && !bytes.IsUnknown() {
			f.Bytes = f.Bytes.Add(bytes.MulInt(int64(len(c.Steps))))
		}
		at, standIn := free, false
		if step := &p.Steps[c.Steps[0]]; !step.IsCall() && (c.Cost.Class != law.View || len(c.Cost.Products) > 0) {
			call, as := f.Call(c.Cost)
			switch {
			case !as.Known:
				at = unknown
			default:
				at, standIn = len(f.Calls), as.StandIn
				f.Calls = append(f.Calls, CallFormula{call, as.Class, as.DType, len(c.Steps), c.Steps[0]})
			}
			if standIn && !slices.Contains(out.StandIns, as.Why) {
				out.StandIns = append(out.StandIns, as.Why)
			}
		} else if !c.Cost.Known {
			at = unknown
		}
		for _, step := range c.Steps {
			s.of[step], s.standIn[step] = at, standIn
		}
	}
	s.module(p.Analysis.Tree.Root)
	slices.Sort(out.StandIns)
}

// What stands in the place of a call.
const (
	free    = -1 // the step takes nothing
	unknown = -2
)

// callSums finds which calls modules are sums of.
type callSums struct {
	program  *Program
	formulas *Formulas
	of       []int  // call by step
	standIn  []bool // by step
}

// callSum is what a subtree has of calls.
type callSum struct {
	whole map[int]float64   // kernels, by call
	parts map[int]graph.Dim // FLOPs of steps that nodes elsewhere have a part in, by step
}

// module sums the nodes of a module and its children.
func (s *callSums) module(m *graph.Module) callSum {
	sum := callSum{map[int]float64{}, map[int]graph.Dim{}}
	f := &ModuleFormula{}
	for _, n := range m.Nodes {
		step := s.program.Of(n)
		if step < 0 {
			continue
		}
		switch s.of[step] {
		case unknown:
			f.Unknown++
		case free:
		default:
			sum.add(step, s.flops(step, n))
		}
		if s.standIn[step] && s.program.Steps[step].Node == n {
			f.StandIns++
		}
	}
	for _, c := range m.Children {
		below := s.module(c)
		for call, n := range below.whole {
			sum.whole[call] += n
		}
		for step, flops := range below.parts {
			sum.add(step, flops)
		}
		f.Unknown += s.formulas.Modules[c].Unknown
		f.StandIns += s.formulas.Modules[c].StandIns
	}
	for step, flops := range sum.parts {
		if flops.Equal(s.total(step)) {
			sum.whole[s.of[step]]++
			delete(sum.parts, step)
		}
	}
	s.write(f, &sum)
	s.formulas.Modules[m] = f
	return sum
}

func (c *callSum) add(step int, flops graph.Dim) {
	if known, ok := c.parts[step]; ok {
		flops = flops.Add(known)
	}
	c.parts[step] = flops
}

// flops are a node's part of its step, as [Kernel.parts] takes it.
func (s *callSums) flops(step int, n *graph.Node) graph.Dim {
	members := s.program.Steps[step].Members
	if len(members) < 2 {
		return graph.Const(1)
	}
	of := func(m *graph.Node) graph.Dim {
		c := s.program.Analysis.Costs[m.ID]
		if d := c.FLOPs(graph.TwoMACPlusElementwise); c.Known && !d.IsUnknown() {
			return d
		}
		return graph.Const(0)
	}
	if !slices.ContainsFunc(members, func(m *graph.Node) bool { return !of(m).Is(0) }) {
		return graph.Const(1)
	}
	return of(n)
}

// total is the sum over the nodes of a step.
func (s *callSums) total(step int) graph.Dim {
	members := s.program.Steps[step].Members
	if len(members) == 0 {
		return graph.Const(1)
	}
	sum := graph.Const(0)
	for _, m := range members {
		sum = sum.Add(s.flops(step, m))
	}
	return sum
}

// callTerm is kernels of a call, or of a part of one that depends on sizes.
type callTerm struct{ call, share int }

func (t callTerm) compare(o callTerm) int {
	return cmp.Or(cmp.Compare(t.call, o.call), cmp.Compare(t.share, o.share))
}

// write makes formulas of a sum.
func (s *callSums) write(f *ModuleFormula, sum *callSum) {
	counts := map[callTerm]float64{}
	for call, n := range sum.whole {
		counts[callTerm{call, -1}] += n
	}
	for _, step := range slices.Sorted(maps.Keys(sum.parts)) {
		flops, total := sum.parts[step], s.total(step)
		if flops.Is(0) {
			continue
		}
		if ratio, ok := constantRatio(flops, total); ok {
			counts[callTerm{s.of[step], -1}] += ratio
		} else {
			counts[callTerm{s.of[step], s.share(Share{flops, total})}]++
		}
	}
	terms := slices.SortedFunc(maps.Keys(counts), callTerm.compare)
	for _, t := range terms {
		f.add(counts[t], law.KindCall, shareNames(t.share), CallEnergy(t.call), CallTime(t.call))
	}
	if s.formulas.Calls.Launch == 0 {
		return
	}
	launches := map[callTerm]float64{} // of calls that always run together, -1
	for _, t := range terms {
		x := callTerm{-1, t.share}
		if !s.formulas.Calls.Calls[t.call].Sizes.IsUnknown() {
			x.call = t.call
		}
		launches[x] += counts[t]
	}
	terms = slices.SortedFunc(maps.Keys(launches), callTerm.compare)
	for _, t := range terms {
		names := shareNames(t.share)
		if t.call >= 0 {
			names = append(names, CallRuns(t.call))
		}
		f.add(launches[t], law.KindHidden, names, WaitEnergy, WaitTime)
	}
}

// add adds products of factors and a name to both formulas.
func (f *ModuleFormula) add(n float64, kind law.FormulaKind, factors []string, joules, seconds string) {
	product := graph.Const(1)
	for _, name := range factors {
		product = product.Mul(graph.Symbol(name))
	}
	f.Energy.Terms = append(f.Energy.Terms, FormulaTerm{n, product.Mul(graph.Symbol(joules)), kind, true})
	f.Time.Terms = append(f.Time.Terms, FormulaTerm{n, product.Mul(graph.Symbol(seconds)), kind, true})
}

func shareNames(share int) []string {
	if share < 0 {
		return nil
	}
	return []string{ShareName(share)}
}

// share is the place of a share in the list, once for each.
func (s *callSums) share(x Share) int {
	list := &s.formulas.Calls.Shares
	i := slices.IndexFunc(*list, func(y Share) bool { return x.Of.Equal(y.Of) && x.Whole.Equal(y.Whole) })
	if i < 0 {
		i = len(*list)
		*list = append(*list, x)
	}
	return i
}

// constantRatio is a/b, where it is the same at all sizes.
func constantRatio(a, b graph.Dim) (float64, bool) {
	x, y := a.Monomials(), b.Monomials()
	if len(x) == 0 || len(x) != len(y) {
		return 0, false
	}
	n, m := x[0].Coef, y[0].Coef
	g := n
	for rest := m; rest != 0; g, rest = rest, g%rest {
	}
	n, m = n/g, m/g
	if scaled := a.MulInt(m); scaled.IsUnknown() || !scaled.Equal(b.MulInt(n)) {
		return 0, false
	}
	return float64(n) / float64(m), true
}

// Values are what the formulas give at the sizes that dims evaluate to: of modules, and of each call without what it waits
// for its host.
func (fs *Formulas) Values(eval func(graph.Dim) (int64, bool)) (*Result, []law.Share) {
	res := fs.program.At(eval)
	out := make([]law.Share, len(fs.Calls.Calls))
	for i, c := range fs.Calls.Calls {
		k := &res.Kernels[c.step]
		host := k.Causes[law.Host]
		out[i] = law.Share{Energy: k.Energy - host.Energy, Time: k.Time - host.Time}
	}
	return res, out
}
