package law

import (
	"cmp"
	"fmt"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

// productWaits is the products of a kernel, one after the other.
func (l *Overlap) productWaits(k *Kernel) (x waits, group, why string) {
	way := l.productOf(k)
	x = l.productBy(&way, k.Products[0], k.Replayed)
	for _, q := range k.Products[1:] {
		x.follow(l.productBy(&way, q, k.Replayed))
	}
	return x, way.group, cmp.Or(way.why, l.borrowed[way.group], way.stands)
}

// productWay is how products of a kernel are computed.
type productWay struct {
	name                     string // of the type that computes them
	group                    string // of their constants
	operand                  operand
	quantisation             *Quantisation // nil: none
	vector, weights, convert bool          // without tensor cores: see [Overlap.vector]
	why, stands              string        // why they are another type's, and why the constants are
}

// productBy is one product.
func (l *Overlap) productBy(w *productWay, q Product, warm bool) waits {
	switch {
	case w.vector:
		return l.vector(q, w.weights, w.convert)
	case w.quantisation != nil:
		return l.quantised(q, w, warm)
	}
	return l.product(q, &w.operand, warm)
}

// productOf is how products of a kernel are computed.
func (l *Overlap) productOf(k *Kernel) productWay {
	if s, ok := l.quantisationOf(k); ok {
		w := productWay{name: s.Name}
		if w.why = l.noArithmetic(&s, l.constants.Quant[s.Name].Peak[l.machine.kind] > 0); w.why != "" {
			s = s.weightsAlone()
		}
		w.group, w.quantisation = GroupProduct+" "+s.Name, &s
		w.operand, w.stands = l.quantisedOperand(&s)
		return w
	}
	if rate, ok := l.machine.dev.PeakMatrix(energy.TF32); ok && k.DType == graph.Float32 && l.runtime.rounds(k) {
		o := operand{weight: 4, active: 4, peak: float64(rate), latency: 1, fill: 1, joules: 1}
		return productWay{name: "tf32", group: GroupProduct, operand: o, why: "no TF32 product was measured; products in 16 bit stand for it"}
	}
	if k.DType != graph.Float32 && l.machine.peak(k.DType.String()) > l.machine.peak("float32") {
		w := productWay{name: k.DType.String(), group: GroupProduct}
		w.operand, w.stands = l.plainOperand(k.DType)
		return w
	}
	w := productWay{name: k.DType.String(), group: GroupVector, vector: true, weights: k.Class != "bmm", convert: k.DType.Bits() == 16}
	if k.DType != graph.Float32 {
		w.why = fmt.Sprintf("%s computes no faster in %v than in float32, whose products stand for it", l.machine.dev.ID, k.DType)
	}
	return w
}

// quantisationOf is the quantisation that a kernel names, or that of its element type where the device has no instruction
// for a floating-point type so narrow.
func (l *Overlap) quantisationOf(k *Kernel) (Quantisation, bool) {
	name := k.Quant
	if narrow := k.DType.IsFloat() && k.DType.Bits() <= 8; name == "" && narrow && !l.machine.native(k.DType.String()) {
		name = "fp8"
		if k.DType.Bits() < 8 {
			name = "nvfp4"
		}
	}
	return quantisation(name)
}

// noArithmetic says what is assumed where a device has no instruction for a quantisation, or nobody measured it; "" where
// neither is so.
func (l *Overlap) noArithmetic(s *Quantisation, measured bool) string {
	const assumed = "assumed are weights stored in it and arithmetic in 16 bit"
	switch {
	case !l.machine.native(s.peak):
		return fmt.Sprintf("%s has no arithmetic in %s: %s", l.machine.dev.ID, s.Name, assumed)
	case !measured:
		return fmt.Sprintf("%s was measured nowhere: %s", s.Name, assumed)
	}
	return ""
}
