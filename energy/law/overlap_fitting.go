package law

import (
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/graph"
)

// Fitting is the law while its constants change: what a fit evaluates.
func Fitting(c *Constants, dev energy.Device) (*Overlap, error) {
	m, err := newMachine(dev)
	return &Overlap{machine: m, constants: c, shift: coefficients.Same()}, err
}

// Group names the constants that a kernel goes by.
func (l *Overlap) Group(k *Kernel) string {
	_, group, _ := l.waits(k)
	return group
}

// Time is a kernel's seconds, under the power limit.
func (l *Overlap) Time(k *Kernel) float64 {
	_, r, _, _ := l.run(k)
	return r.time
}

// Energy is a kernel's joules, under the power limit.
func (l *Overlap) Energy(k *Kernel) float64 {
	_, r, _, _ := l.run(k)
	return r.power * r.time
}

// TimeAndEnergy is both.
func (l *Overlap) TimeAndEnergy(k *Kernel) (seconds, joules float64) {
	_, r, _, _ := l.run(k)
	return r.time, r.power * r.time
}

// Speaks says that a kernel on the device decides constants that hold for that kind, process, memory or operator.
func (l *Overlap) Speaks(k *Kernel, of string) bool {
	m := &l.machine
	op, _ := l.constants.Row.rowOp(k)
	return of == "" || of == m.kind.String() || of == memoryKindNames[m.memory] || of == memoryGenerationNames[m.generation] || of == m.dev.ComputeCapability || of == processNames[processOf(&m.dev)] || len(k.Products) == 0 && of == op
}

// Covers says that shared constants speak of a kernel: products, experts and fused attention, and rows of 16 bit. Rows of
// float32 were measured on boards of which the row operators' constants saw none; the additive coefficients that were
// fitted to them are nearer (1.5 % of element-wise times on P4, P100, V100, T4 and A100 against 12.5 % by these constants).
// On a board with records of its own the order turns: see [Overlap.Covers].
func Covers(k *Kernel) bool {
	return k.Attention != nil || k.Experts != nil || k.Quant != "" || k.DType.Bits() <= 16 && k.DType.IsFloat() || k.DType == graph.Float32 && len(k.Products) > 0
}
