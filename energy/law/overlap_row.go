package law

import (
	"cmp"
	"fmt"
	"math"

	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/graph"
)

// RowConstants are those of operators that go over rows: memory streams, and a floor by operator.
type RowConstants struct {
	Stream float64                 // share of the bandwidth
	L2     [numMemoryKinds]float64 // bandwidth of the L2 cache, of the memory's
	Size   float64                 // of the L2 cache, that rows fit
	Steep  float64                 // how sharply rows stop fitting
	Op     map[string]*RowOpConstants
}

// RowOpConstants are those of one row operator.
type RowOpConstants struct {
	Floor float64 // s at referenceClock
	Work  float64 // clocks of a multiprocessor an element of the rows, in the kernels that were measured on stacked memory
}

// referenceClock is the clock at which floors of row operators are written, Hz.
const referenceClock = 1.8e9

// RowOps lists the row operators that have constants of their own; others take those of the class.
func RowOps() []string {
	return []string{"add", "gelu", "silu_and_mul", "rmsnorm", "ln", "add_rmsnorm", "rope", "embedding"}
}

// rowOp is the row operator whose constants a kernel takes, and why they are another class's.
func (c *RowConstants) rowOp(k *Kernel) (op, why string) {
	if _, ok := c.Op[k.Op]; ok {
		return k.Op, ""
	}
	switch k.Class {
	case "norm":
		return "ln", ""
	case "activation":
		return "gelu", ""
	case "gather":
		return "embedding", ""
	case coefficients.BaseClass:
		return "add", ""
	case "softmax":
		op = "rmsnorm"
	default:
		op = "add"
	}
	return op, fmt.Sprintf("no %s was measured in %v; %s stands for it", k.Class, k.DType, op)
}

// otherRows says that constants of rows, which are of 16 bit, stand for those of another element type; "" where they do not.
func otherRows(k *Kernel) string {
	if half(k.DType) {
		return ""
	}
	return fmt.Sprintf("no %s was measured in %v; those in 16 bit stand for it", cmp.Or(k.Op, k.Class), k.DType)
}

// half says that a type is a floating-point one of 16 bit, as most constants are of.
func half(t graph.DType) bool { return t.Bits() == 16 && t.IsFloat() }

// work is the clocks that a row operator takes an element.
func (c *RowConstants) work(m *machine, op string) float64 {
	if m.memory == stacked {
		return c.Op[op].Work
	}
	return 0
}

// rows is an operator that moves bytes, and why it is by another's constants.
func (l *Overlap) rows(k *Kernel) (waits, string) {
	m, c := &l.machine, &l.constants.Row
	op, why := c.rowOp(k)
	why = cmp.Or(why, l.borrowed[GroupRow+" "+op])
	own := c.Op[op]
	x := waits{p: 3, floor: own.Floor * referenceClock / m.clock, traffic: k.Bytes + k.Rereads, busy: 1, capped: true}
	x.overlap[waitMemory] = m.fromCache(x.traffic, c.Size*m.l2, c.Steep, c.Stream, c.L2[m.memory])
	x.overlap[waitArithmetic] = c.work(m, op) * k.Elements / (m.sms * m.clock)
	x.traffic *= 1 - 1/(1+math.Pow(x.traffic/(c.Size*m.l2), c.Steep))
	return x, why
}
