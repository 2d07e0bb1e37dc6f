package predict

import (
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// size finds the sizes of a step.
func (k *Kernel) size(eval func(graph.Dim) (int64, bool)) {
	if !k.IsCall() {
		k.Sizes = law.KernelAt(k.Cost, eval)
		return
	}
	bytes, known := eval(k.Step.Bytes())
	k.Sizes = law.Kernel{Class: law.View, Known: known, Bytes: float64(bytes)}
}

// Predict predicts the kernels of one pass, at their sizes: each alone, then what the pass adds as a whole.
func (p *Program) Predict(kernels []Kernel) {
	pass := newPass(p.law)
	for i := range kernels {
		pass.count(&kernels[i].Sizes, 1)
	}
	for i := range kernels {
		k := &kernels[i]
		k.Prediction = pass.kernel(&k.Sizes, 1)
	}
	excess := pass.excess()
	for i := range kernels {
		if k := &kernels[i]; k.Time > 0 && !k.IsCall() {
			k.Prediction.Wait(excess)
		}
	}
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
	worker.Outcome, worker.Part = k.Outcome, 1
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
			n.Part, n.Estimate = parts[i], k.Estimate.Times(parts[i])
			continue
		}
		n.Outcome, n.Part, n.Kernel = k.Outcome, parts[i], k.Node
		n.Estimate = k.Estimate.Times(parts[i])
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
