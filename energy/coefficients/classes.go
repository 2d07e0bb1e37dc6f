package coefficients

import (
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// Class is one row of the table of operator classes: which terms a kernel of the class takes, and which class stands
// in for it where it was never measured.
type Class struct {
	Name  string
	Noun  string // what an operator of the class is in sentences; "" where it is just an operator
	Terms []Term
	Like  string // stands in for the class; "" for the last of a chain
	// tie holds the class's joules and seconds per byte to those of elementwise kernels in the fit. Without it, data in
	// which the class never occurs alone leaves the split between its terms, or between it and others, to chance.
	Tie float64
}

// HostClass is the coefficient that all classes share: launches that no work hides.
const HostClass = "host"

// BaseClass is the class that others are tied to.
const BaseClass = "elementwise"

var (
	moves   = []Term{Bytes, Launches}
	product = []Term{FLOPs, WavesL, Bytes, Launches}
	batched = []Term{FLOPs, WavesL, WavesM, WavesS, Bytes, Launches}
)

// Classes lists the classes in the order in which the ladder of stand-ins ends: every chain leads to elementwise.
var Classes = [...]Class{
	{Name: "gemm", Noun: "product", Terms: product, Like: "bmm", Tie: 0.3},
	{Name: "bmm", Noun: "batched product", Terms: batched, Like: "gemm"},
	{Name: "conv", Noun: "convolution", Terms: product, Like: "gemm", Tie: 0.3},
	{Name: "attention", Noun: "fused attention", Terms: batched, Like: "bmm", Tie: 0.3},
	{Name: "recurrent", Noun: "recurrent layer", Terms: product, Like: "gemm", Tie: 0.3},
	{Name: "moe", Noun: "expert layer", Terms: product, Like: "gemm", Tie: 0.3},
	{Name: HostClass, Terms: []Term{Launches}},
	{Name: "softmax", Noun: "softmax operator", Terms: moves, Like: "norm"},
	{Name: "norm", Noun: "normalization", Terms: moves, Like: "softmax"},
	{Name: BaseClass, Noun: "elementwise operator", Terms: moves},
	{Name: "activation", Noun: "activation function", Terms: moves, Like: BaseClass, Tie: 0.3},
	{Name: "reduce", Noun: "reduction", Terms: moves, Like: BaseClass, Tie: 0.3},
	{Name: "move", Noun: "data move", Terms: moves, Like: BaseClass},
	{Name: "gather", Noun: "look-up", Terms: moves, Like: "move"},
}

// ClassOf returns the row of a class; classes without a row of their own behave like elementwise ones.
func ClassOf(name string) Class {
	for i := range Classes {
		if Classes[i].Name == name {
			return Classes[i]
		}
	}
	return Class{Name: name, Terms: moves, Like: BaseClass, Tie: 0.3}
}

// Multiplies reports whether the class's work is multiply-accumulates.
func (c Class) Multiplies() bool { return len(c.Terms) > len(moves) }

// ClassType is the element type under which a kernel's coefficients are kept. Classes that only move bytes cost the
// same for any type of equal width, and the bytes count true widths: integers share the coefficients of float32.
func ClassType(name string, t graph.DType) graph.DType {
	if ClassOf(name).Multiplies() || t.IsFloat() {
		return t
	}
	return graph.Float32
}

// Key names one set of coefficients.
type Key struct {
	Class string      `json:"class"` // of the energy model
	DType graph.DType `json:"dtype"` // element type
}

// HostKey is the key of what all classes share: launches that no work hides.
var HostKey = Key{Class: HostClass, DType: graph.Float32}

// CompareKeys orders keys by class, then by type.
func CompareKeys(a, b Key) int {
	if c := strings.Compare(a.Class, b.Class); c != 0 {
		return c
	}
	return int(a.DType) - int(b.DType)
}
