package predict

import "github.com/irene-onnx/irene/graph"

// class is one row of the table of operator classes: which terms a kernel of the class takes, and which class stands
// in for it where it was never measured.
type class struct {
	Name  string
	terms []Term
	like  string // stands in for the class; "" for the last of a chain
	// tie holds the class's joules and seconds per byte to those of elementwise kernels in the fit. Without it, data in
	// which the class never occurs alone leaves the split between its terms, or between it and others, to chance.
	tie float64
}

// hostClass is the coefficient that all classes share: launches that no work hides.
const hostClass = "host"

// baseClass is the class that others are tied to.
const baseClass = "elementwise"

var (
	moves   = []Term{Bytes, Launches}
	product = []Term{FLOPs, WavesL, Bytes, Launches}
	batched = []Term{FLOPs, WavesL, WavesM, WavesS, Bytes, Launches}
)

// classes lists the classes in the order in which the ladder of stand-ins ends: every chain leads to elementwise.
var classes = [...]class{
	{Name: "gemm", terms: product, like: "bmm", tie: 0.3},
	{Name: "bmm", terms: batched, like: "gemm"},
	{Name: "conv", terms: product, like: "gemm", tie: 0.3},
	{Name: "attention", terms: batched, like: "bmm", tie: 0.3},
	{Name: "recurrent", terms: product, like: "gemm", tie: 0.3},
	{Name: "moe", terms: product, like: "gemm", tie: 0.3},
	{Name: hostClass, terms: []Term{Launches}},
	{Name: "softmax", terms: moves, like: "norm"},
	{Name: "norm", terms: moves, like: "softmax"},
	{Name: baseClass, terms: moves},
	{Name: "activation", terms: moves, like: baseClass, tie: 0.3},
	{Name: "reduce", terms: moves, like: baseClass, tie: 0.3},
	{Name: "move", terms: moves, like: baseClass},
	{Name: "gather", terms: moves, like: "move"},
}

// classOf returns the row of a class; classes without a row of their own behave like elementwise ones.
func classOf(name string) class {
	for i := range classes {
		if classes[i].Name == name {
			return classes[i]
		}
	}
	return class{Name: name, terms: moves, like: baseClass, tie: 0.3}
}

// multiplies reports whether the class's work is multiply-accumulates.
func (c class) multiplies() bool { return len(c.terms) > len(moves) }

// classType is the element type under which a kernel's coefficients are kept. Classes that only move bytes cost the
// same for any type of equal width, and the bytes count true widths: integers share the coefficients of float32.
func classType(name string, t graph.DType) graph.DType {
	if classOf(name).multiplies() || t.IsFloat() {
		return t
	}
	return graph.Float32
}
