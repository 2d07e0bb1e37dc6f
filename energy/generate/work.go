package generate

import (
	"cmp"
	"maps"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
)

// Work is what the kernels of one class do.
type Work struct {
	Class   string         `json:"class"`    // of the energy model
	DType   string         `json:"dtype"`    // element type
	Kernels int            `json:"kernels"`  // that the device runs
	FLOPs   float64        `json:"flops"`    // floating-point operations, two a multiply-accumulate
	Bytes   float64        `json:"bytes"`    // read and written
	Energy  energy.Joules  `json:"energy_j"` // joules
	Time    energy.Seconds `json:"time_s"`   // seconds
}

// Work parts one decode step, with that many tokens in the cache, by class, and a batch of prompts likewise. It leaves
// out what even routing to experts saves.
func (g *Generator) Work(past, prompt int64) (step, prefill []Work) {
	step = workOf(kernelsAt(g.stepPasses(past, prompt)), nil)
	if s := g.serving; s.Time > 0 {
		step = append(step, Work{Class: "sampling", DType: graph.Float32.String(), Energy: s.Energy, Time: s.Time})
	}
	prefill = workOf(g.prefillKernels(prompt))
	return step, prefill
}

// workOf adds kernels by class and type, each so many times, once where that is nil; in the order of energy, the largest
// first.
func workOf(kernels []predict.Kernel, times []int64) []Work {
	sums := map[coefficients.Key]*Work{}
	for i := range kernels {
		k := &kernels[i]
		if k.IsCall() || !k.Known {
			continue
		}
		key := coefficients.Key{Class: k.Class, DType: k.DType}
		sum := sums[key]
		if sum == nil {
			sum = &Work{Class: k.Class, DType: k.DType.String()}
			sums[key] = sum
		}
		n := int64(1)
		if times != nil {
			n = times[i]
		}
		sum.FLOPs += k.FLOPs() * float64(n)
		sum.Bytes += k.Sizes.Bytes * float64(n)
		sum.Kernels += int(n)
		sum.Energy += k.Energy * energy.Joules(n)
		sum.Time += k.Time * energy.Seconds(n)
	}
	var out []Work
	for _, key := range slices.SortedFunc(maps.Keys(sums), coefficients.CompareKeys) {
		out = append(out, *sums[key])
	}
	slices.SortStableFunc(out, func(a, b Work) int { return cmp.Compare(b.Energy, a.Energy) })
	return out
}
