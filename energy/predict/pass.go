package predict

import (
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// At is the step's kernel at the sizes that dims evaluate to.
func (s *Step) At(eval func(graph.Dim) (int64, bool)) law.Kernel {
	if !s.IsCall() {
		return law.KernelAt(s.Cost, eval)
	}
	bytes, known := eval(s.Bytes())
	return law.Kernel{Class: law.View, Known: known, Bytes: float64(bytes)}
}

// Predict predicts the kernels of one pass, one a step, at the sizes that at gives: each alone, then what the pass adds as a
// whole.
func (p *Program) Predict(at func(i int) law.Kernel) []Kernel {
	pass, alike := newPass(p.law), newAlike(len(p.Steps))
	for i := range p.Steps {
		k := at(i)
		pass.count(&k, 1)
		alike.add(&p.Steps[i], k)
	}
	for i := range alike.distinct {
		d := &alike.distinct[i]
		d.Prediction = pass.kernel(&d.sizes, d.count)
	}
	excess := pass.excess()
	for i := range alike.distinct {
		if d := &alike.distinct[i]; d.Time > 0 && !d.call {
			d.Wait(excess)
		}
	}
	out := make([]Kernel, len(p.Steps))
	for i := range out {
		d := &alike.distinct[alike.of[i]]
		out[i] = Kernel{Step: &p.Steps[i], Sizes: &d.sizes, Prediction: &d.Prediction}
	}
	return out
}

// alike are the steps of a pass by their sizes: a model's layers repeat, and what is equal is predicted and kept once.
type alike struct {
	distinct []distinct
	of       []int32 // index of the distinct kernel by step
	at       map[alikeKey]int32
}

type alikeKey struct {
	law.Sizes
	call bool
}

// distinct is a kernel that count steps launch.
type distinct struct {
	sizes law.Kernel
	call  bool
	count int
	law.Prediction
}

func newAlike(steps int) *alike { return &alike{of: make([]int32, 0, steps), at: map[alikeKey]int32{}} }

// add adds the next step.
func (a *alike) add(s *Step, k law.Kernel) {
	sizes, few := k.Comparable()
	key := alikeKey{sizes, s.IsCall()}
	i, ok := a.at[key]
	if !ok || !few {
		i = int32(len(a.distinct))
		a.distinct = append(a.distinct, distinct{sizes: k, call: s.IsCall()})
		a.at[key] = i
	}
	a.distinct[i].count++
	a.of = append(a.of, i)
}

// pass is one run of a list of kernels under a law. Kernels of equal sizes are predicted once.
type pass struct {
	law      law.Law
	bytes    float64 // that all kernels move
	launches int
	device   energy.Seconds
	known    map[law.Sizes]law.Prediction
}

func newPass(l law.Law) *pass { return &pass{law: l, known: map[law.Sizes]law.Prediction{}} }

// count notes what n runs of a kernel move.
func (p *pass) count(k *law.Kernel, n int) {
	if k.Known {
		p.bytes += k.Bytes * float64(n)
	}
}

// kernel predicts a kernel that runs n times; all of them have been counted.
func (p *pass) kernel(k *law.Kernel, n int) law.Prediction {
	if k.Class == law.View && len(k.Products) == 0 {
		if !k.Known {
			return law.Prediction{Outcome: law.Outcome{Class: law.View}}
		}
		return p.law.Call(k.Bytes)
	}
	k.Replayed = p.bytes <= p.law.Cache()
	key, few := k.Comparable()
	out, ok := p.known[key]
	if !ok || !few {
		out = p.law.Kernel(k)
		p.known[key] = out
	}
	if out.Known && out.Time > 0 { // an expert that nobody is routed to does not run
		p.launches += n
		p.device += out.Time * energy.Seconds(n)
	}
	return out
}

// excess is what each launch adds, once all kernels are predicted.
func (p *pass) excess() law.Share { return p.law.Excess(p.launches, p.device) }

// share puts what a kernel takes on its nodes, in proportion to their FLOPs; alike where none has any.
func (k *Kernel) share(a *analysis.Analysis, eval func(graph.Dim) (int64, bool), nodes []Operator) {
	worker := &nodes[k.Node.ID]
	worker.Outcome, worker.Part = &k.Outcome, 1
	if k.IsCall() {
		return
	}
	worker.Read, _ = eval(k.Cost.Read)
	worker.Written, _ = eval(k.Cost.Written)
	if len(k.Members) < 2 {
		return
	}
	parts, read, written := k.parts(a, eval), worker.Read, worker.Written
	for i, m := range k.Members {
		n := &nodes[m.ID]
		if m == k.Node {
			n.Outcome, n.Part = k.Outcome.Part(parts[i]), parts[i]
			continue
		}
		n.Outcome, n.Part, n.Kernel = k.Outcome.Part(parts[i]), parts[i], k.Node
		n.Read, n.Written = int64(parts[i]*float64(read)), int64(parts[i]*float64(written))
		worker.Read, worker.Written = worker.Read-n.Read, worker.Written-n.Written
	}
}

// parts are the shares of the members, which add up to 1.
func (k *Kernel) parts(a *analysis.Analysis, eval func(graph.Dim) (int64, bool)) []float64 {
	out := make([]float64, len(k.Members))
	sum := 0.0
	for i, m := range k.Members {
		if n, ok := eval(a.Costs[m.ID].FLOPs(graph.TwoMACPlusElementwise)); ok && a.Costs[m.ID].Known {
			out[i] = float64(n)
			sum += out[i]
		}
	}
	for i := range out {
		if sum > 0 {
			out[i] /= sum
		} else {
			out[i] = 1 / float64(len(out))
		}
	}
	return out
}
